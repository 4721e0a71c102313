package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp"
)

// each runs a test with each way in which an answer comes back.
func each(t *testing.T, test func(t *testing.T, w *world, p *fakeIDP)) {
	for _, name := range []string{"corp", "web", "apple"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test(t, w, map[string]*fakeIDP{"corp": w.corp, "web": w.web, "apple": w.apple}[name])
		})
	}
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser()
		state := b.begin(p, "?login_hint=alice@example.com&iss=https://idp.example&return_to=/roles/shop-prod/admin%3Fduration%3D2h")
		if login := p.lastLogin(); login.Hint != "alice@example.com" || login.Provider != p.info.Name {
			t.Errorf("login is %+v", login)
		}
		wantRedirect(t, b.answer(p, state, "alice"), "/roles/shop-prod/admin?duration=2h")
		page := b.get("/")
		if page.Code != 200 || !strings.Contains(page.Body.String(), "/roles/shop-prod/admin/console") {
			t.Errorf("picker: %d %s", page.Code, page.Body)
		}
		event := w.audit.last()
		if event.Kind != bridge.AuditSignIn || !event.Allowed || event.Subject != "alice" || event.Provider != p.info.Name ||
			event.Door != "portal" || event.Source != "192.0.2.1" || event.RequestID == "" || event.KeyFingerprint == "" {
			t.Errorf("audit: %+v", event)
		}
	})
}

// TestCookies parses every Set-Cookie of a sign-in (threat W4).
func TestCookies(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser()
		begin := b.get("/login/" + p.info.Name)
		answer := b.answer(p, p.lastLogin().State, "alice")
		set := append(begin.Result().Cookies(), answer.Result().Cookies()...)
		if len(set) < 3 {
			t.Fatalf("only %d cookies were set", len(set))
		}
		for _, c := range set {
			if !strings.HasPrefix(c.Name, "__Host-fedbridge") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.MaxAge == 0 {
				t.Errorf("cookie %s", c)
			}
			want := http.SameSiteLaxMode
			if p.info.CrossSite && c.Name != portal.SessionCookie {
				want = http.SameSiteNoneMode
			}
			if c.SameSite != want {
				t.Errorf("SameSite of %s", c)
			}
		}
		if n := len(decodeID(t, b.cookies[portal.SessionCookie].Value)); n != 32 {
			t.Errorf("the session id has %d bytes", n)
		}
	})
}

// TestLaxWouldNotCome proves why the cross-site POST needs a cookie of its own: a Lax one stays away.
func TestLaxWouldNotCome(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	state := b.begin(w.corp, "")
	for _, c := range b.cookies {
		c.SameSite = http.SameSiteLaxMode
	}
	wantCode(t, b.answer(w.corp, state, "alice"), bridge.CodeCookies)
}

func TestAnswerRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		other := w.web
		if p == w.web {
			other = w.apple
		}
		foreign := strings.Repeat("A", 43)
		cases := []struct {
			name string
			code bridge.Code
			do   func(b *browser, state string) *browser
			with func(b *browser, state string) (string, *fakeIDP)
		}{
			{"another browser", bridge.CodeCookies, func(*browser, string) *browser { return w.browser() }, nil},
			{"too late", bridge.CodeLoginStale, func(b *browser, _ string) *browser { w.pass(idp.LoginLifetime); return b }, nil},
			{"replayed", bridge.CodeLoginStale, func(b *browser, s string) *browser { b.answer(p, s, "alice"); return b }, nil},
			{"replayed after a failure", bridge.CodeLoginStale, func(b *browser, s string) *browser { b.answer(p, s, "fail:claim-unusable"); return b }, nil},
			{"state of another attempt", bridge.CodeLoginStale, nil, func(*browser, string) (string, *fakeIDP) { return foreign, p }},
			{"another provider's answer", bridge.CodeAnswerRejected, nil, func(b *browser, _ string) (string, *fakeIDP) { return b.begin(other, ""), p }},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := w.browser()
				state, to := b.begin(p, ""), p
				if c.do != nil {
					b = c.do(b, state)
				}
				if c.with != nil {
					state, to = c.with(b, state)
					if to == p && other.info.CrossSite != p.info.CrossSite {
						for _, cookie := range b.cookies { // let the cookie come, so that the provider is what is compared
							cookie.SameSite = http.SameSiteNoneMode
						}
					}
				}
				delete(b.cookies, portal.SessionCookie)
				before := w.store.sessions()
				wantCode(t, b.answer(to, state, "bob"), c.code)
				if w.store.sessions() != before || b.cookies[portal.SessionCookie] != nil {
					t.Error("a session was made")
				}
			})
		}
	})
}

// TestRefusalsAreRecorded: who wasn't believed is in the audit log, with the code.
func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	wantCode(t, b.answer(w.corp, b.begin(w.corp, ""), "fail:audience-mismatch"), bridge.CodeAudience)
	if e := w.audit.last(); e.Kind != bridge.AuditSignIn || e.Allowed || e.Code != bridge.CodeAudience || e.Provider != "corp" {
		t.Errorf("audit: %+v", e)
	}
	// The answer to another sign-in, by what it says of itself: it was looked at.
	wantCode(t, b.answer(w.corp, b.begin(w.corp, ""), "fail:login-stale"), bridge.CodeLoginStale)
	if e := w.audit.last(); e.Allowed || e.Code != bridge.CodeLoginStale {
		t.Errorf("audit: %+v", e)
	}
	for _, who := range []string{"empty", "over"} {
		answer := b.answer(w.corp, b.begin(w.corp, ""), who)
		if answer.Code < 400 || b.cookies[portal.SessionCookie] != nil {
			t.Errorf("%s was signed in: %d", who, answer.Code)
		}
		if e := w.audit.last(); e.Allowed {
			t.Errorf("%s: audit says allowed", who)
		}
	}
}

func TestMalformedAnswers(t *testing.T) {
	w := newWorld(t)
	state := strings.Repeat("A", 43)
	cases := []struct {
		name, method, target string
		form                 url.Values
		header               []string
		code                 bridge.Code
	}{
		{"no state", "GET", "/oidc/web/callback?code=alice", nil, nil, bridge.CodeAnswerMalformed},
		{"doubled state", "GET", "/oidc/web/callback?code=alice&state=" + state + "&state=" + state, nil, nil, bridge.CodeAnswerMalformed},
		{"state not ours", "GET", "/oidc/web/callback?code=alice&state=../x", nil, nil, bridge.CodeAnswerMalformed},
		{"semicolon", "GET", "/oidc/web/callback?code=alice;state=" + state, nil, nil, bridge.CodeBadRequest},
		{"broken escape", "GET", "/oidc/web/callback?code=%zz&state=" + state, nil, nil, bridge.CodeBadRequest},
		{"doubled RelayState", "POST", "/saml/corp/acs", formOf("RelayState", state, "RelayState", state), nil, bridge.CodeAnswerMalformed},
		{"POST where a redirect is expected", "POST", "/oidc/web/callback", formOf("code", "alice", "state", state), nil, bridge.CodeMethod},
		{"GET at the ACS", "GET", "/saml/corp/acs?SAMLResponse=alice&RelayState=" + state, nil, nil, bridge.CodeMethod},
		{"HEAD at the callback", "HEAD", "/oidc/web/callback?code=alice&state=" + state, nil, nil, bridge.CodeMethod},
		{"SAML at the OIDC path", "GET", "/oidc/corp/callback?code=alice&state=" + state, nil, nil, bridge.CodeProviderUnknown},
		{"OIDC at the SAML path", "POST", "/saml/web/acs", formOf("SAMLResponse", "alice"), nil, bridge.CodeProviderUnknown},
		{"unknown provider", "POST", "/saml/none/acs", formOf("SAMLResponse", "alice"), nil, bridge.CodeProviderUnknown},
		{"json body", "POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), []string{"Content-Type", "application/json"}, bridge.CodeBadRequest},
		{"multipart", "POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), []string{"Content-Type", "multipart/form-data; boundary=x"}, bridge.CodeBadRequest},
		{"no content type", "POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), []string{"Content-Type", ""}, bridge.CodeBadRequest},
		{"too large", "POST", "/saml/corp/acs", formOf("SAMLResponse", strings.Repeat("A", 513<<10)), nil, bridge.CodeAnswerTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := w.browser()
			for i := 0; i+1 < len(c.header); i += 2 {
				b.header[c.header[i]] = []string{c.header[i+1]}
			}
			answer := b.send(c.method, c.target, c.form, true)
			if c.method == "HEAD" {
				if answer.Code != http.StatusMethodNotAllowed {
					t.Errorf("status %d", answer.Code)
				}
				return
			}
			wantCode(t, answer, c.code)
		})
	}
	if w.store.sessions() != 0 {
		t.Error("a session was made")
	}
}

// TestParallelAnswers: a hundred posts of one answer make one session (threats P10, O12).
func TestParallelAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		first := w.browser()
		state := first.begin(p, "")
		var won, limited atomic.Int64
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				b := w.browser()
				for name, c := range first.cookies {
					b.cookies[name] = c
				}
				switch answer := b.answer(p, state, "alice"); answer.Code {
				case http.StatusSeeOther:
					won.Add(1)
				case http.StatusTooManyRequests:
					limited.Add(1)
				case http.StatusBadRequest:
				default:
					t.Errorf("answer is %d", answer.Code)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 || w.store.sessions() != 1 {
			t.Errorf("%d signed in, %d sessions, %d over the limit", won.Load(), w.store.sessions(), limited.Load())
		}
	})
}

// TestLateStore: an expired sign-in is refused by what it says itself, whatever the store's clock thinks.
func TestLateStore(t *testing.T) {
	w := newWorld(t)
	w.store.late = true
	b := w.browser()
	state := b.begin(w.corp, "")
	w.pass(idp.LoginLifetime)
	wantCode(t, b.answer(w.corp, state, "alice"), bridge.CodeLoginStale)
	w.corp.unsolicited = true
	b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), true)
	w.pass(5 * time.Minute)
	wantCode(t, b.post("/login/corp"), bridge.CodeLoginStale)
}

// TestParallelOnSQLite: the same over the embedded store, whose transactions decide.
func TestParallelOnSQLite(t *testing.T) {
	rows, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	w := newWorld(t, func(_ *world, o *portalOptions) { o.Store = rows })
	first := w.browser()
	state := first.begin(w.corp, "")
	var won atomic.Int64
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			b := w.browser()
			for name, c := range first.cookies {
				b.cookies[name] = c
			}
			if b.answer(w.corp, state, "alice").Code == http.StatusSeeOther {
				won.Add(1)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d signed in", won.Load())
	}
}

// TestFixation: what was in the browser before the sign-in is worth nothing after it (threat W3), also where the
// provider's cross-site POST doesn't bring the old cookie along.
func TestFixation(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser().signIn(w.web, "bob")
		old := *b.cookies[portal.SessionCookie]
		b.signIn(p, "alice")
		if b.cookies[portal.SessionCookie].Value == old.Value {
			t.Error("the session id is the same as before the sign-in")
		}
		thief := w.browser()
		thief.cookies[portal.SessionCookie] = &old
		if page := thief.get("/").Body.String(); strings.Contains(page, "/roles/") {
			t.Error("the old session still opens")
		}
		if w.store.sessions() != 1 {
			t.Errorf("%d sessions", w.store.sessions())
		}
	})
	t.Run("planted", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser()
		planted := strings.Repeat("A", 43)
		b.cookies[portal.SessionCookie] = &http.Cookie{Name: portal.SessionCookie, Value: planted, SameSite: http.SameSiteLaxMode}
		b.signIn(w.web, "alice")
		if b.cookies[portal.SessionCookie].Value == planted {
			t.Error("a planted id became a session")
		}
	})
}

func TestTabs(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	one, two := b.begin(w.corp, "?return_to=/whoami"), b.begin(w.corp, "")
	wantRedirect(t, b.answer(w.corp, two, "alice"), "/")
	wantRedirect(t, b.answer(w.corp, one, "bob"), "/whoami")
	for range 30 {
		b.begin(w.web, "")
	}
	if len(b.cookies) > 12 {
		t.Errorf("a browser keeps %d cookies", len(b.cookies))
	}
}

func TestNoSessionWithoutRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser()
		state := b.begin(p, "")
		w.audit.setDown(true)
		wantCode(t, b.answer(p, state, "alice"), bridge.CodeAuditDown)
		if w.store.sessions() != 0 || b.cookies[portal.SessionCookie] != nil {
			t.Error("there is a session without a record")
		}
	})
}

func TestNoSessionWithoutStore(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser()
		state := b.begin(p, "")
		w.store.setDown(true)
		wantCode(t, b.answer(p, state, "alice"), bridge.CodeStoreDown)
		wantCode(t, b.get("/login/"+p.info.Name), bridge.CodeStoreDown)
		w.store.setDown(false)
		if b.cookies[portal.SessionCookie] != nil || w.store.sessions() != 0 {
			t.Error("there is a session")
		}
	})
}

func TestBegin(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	t.Run("unknown provider", func(t *testing.T) { wantCode(t, b.get("/login/none"), bridge.CodeProviderUnknown) })
	t.Run("provider down", func(t *testing.T) {
		w.web.beginErr = bridge.Fail(bridge.CodeProviderDown, fmt.Errorf("dial: %s", canary))
		wantCode(t, b.get("/login/web"), bridge.CodeProviderDown)
		w.web.beginErr = nil
	})
	t.Run("a preview begins nothing", func(t *testing.T) {
		if a := b.send("HEAD", "/login/web", nil, false); a.Code != 200 || len(w.store.pending) != 0 {
			t.Errorf("%d, %d pending", a.Code, len(w.store.pending))
		}
	})
	t.Run("nor does what nobody visits", func(t *testing.T) {
		for name, values := range map[string][]string{"Sec-Fetch-Dest": {"image", "iframe", "script", "empty"}, "Sec-Purpose": {"prefetch", "prefetch;prerender"}} {
			for _, value := range values {
				b.header.Set(name, value)
				if a := b.get("/login/web"); a.Code < 400 || len(w.store.pending) != 0 || len(a.Result().Cookies()) != 0 {
					t.Errorf("%s: %s: %d", name, value, a.Code)
				}
			}
		}
	})
	t.Run("full", func(t *testing.T) {
		free := w.portal.FillSlots("web")
		defer free()
		wantCode(t, b.get("/login/web"), bridge.CodeRateLimited)
		b.begin(w.corp, "") // another provider's people are served
	})
	t.Run("bad hints", func(t *testing.T) {
		for _, query := range []string{"login_hint=a&login_hint=b", "login_hint=" + strings.Repeat("a", 400), "login_hint=a%00b", "return_to=/&return_to=/x"} {
			wantCode(t, b.get("/login/web?"+query), bridge.CodeBadRequest)
		}
	})
	t.Run("form", func(t *testing.T) {
		w.corp.form = true
		a := b.get("/login/corp")
		body, csp := a.Body.String(), a.Header().Get("Content-Security-Policy")
		if a.Code != 200 || !strings.Contains(body, `action="https://idp.example/sso"`) || !strings.Contains(body, `name="SAMLRequest" value="request"`) {
			t.Errorf("%d %s", a.Code, body)
		}
		if strings.Contains(csp, "form-action") {
			t.Errorf("the provider's redirects would be blocked: %s", csp)
		}
	})
}

func TestHint(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	known := b.get("/login?hint=Alice@Example.COM&return_to=/whoami")
	if want := "0; url=/login/corp?login_hint=Alice%40Example.COM&return_to=%2Fwhoami"; known.Header().Get("Refresh") != want {
		t.Errorf("Refresh is %q", known.Header().Get("Refresh"))
	}
	if known.Code != 200 || strings.Contains(known.Body.String(), "/login/web") {
		t.Errorf("%d %s", known.Code, known.Body)
	}
	for _, hint := range []string{"alice@elsewhere.example", "alice", "@", "alice@example.com.evil.example", "alice@sub.example.com"} {
		a := b.get("/login?hint=" + url.QueryEscape(hint))
		if a.Header().Get("Refresh") != "" || !strings.Contains(a.Body.String(), "/login/web") {
			t.Errorf("%s chose a provider", hint)
		}
		if !strings.Contains(a.Body.String(), "No sign-in is set up for that e-mail address.") {
			t.Errorf("%s: nothing says that it is unknown", hint)
		}
	}
}

func TestUnsolicited(t *testing.T) {
	w := newWorld(t)
	post := func(b *browser, pairs ...string) (int, string) {
		a := b.send("POST", "/saml/corp/acs", formOf(pairs...), true)
		return a.Code, a.Header().Get("Location")
	}
	b := w.browser()
	// Discarded unread: the answer names nobody known, and nothing is recorded.
	if code, to := post(b, "SAMLResponse", "fail:internal", "RelayState", "https://evil.example/"); code != 303 || to != "/login/corp?again=1" {
		t.Fatalf("%d %q", code, to)
	}
	if len(w.audit.lines()) != 0 {
		t.Errorf("audit: %q", w.audit.lines())
	}
	state := b.begin(w.corp, "?again=1")
	wantRedirect(t, b.answer(w.corp, state, "alice"), "/")
	if code, _ := post(b, "SAMLResponse", "alice"); code != 303 {
		t.Error("a tile can't be used twice")
	}
	// A provider that answers our sign-in without our state would make a loop.
	a := b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), true)
	wantCode(t, a, bridge.CodeLoginStale)
	// So would a browser that keeps no cookies.
	wantCode(t, w.browser().get("/login/corp?again=1"), bridge.CodeCookies)
}

func TestUnsolicitedAllowed(t *testing.T) {
	w := newWorld(t)
	w.corp.unsolicited = true
	b := w.browser().signIn(w.web, "bob")
	ask := func() string {
		a := b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "alice", "RelayState", "https://evil.example/"), true)
		if a.Code != 200 {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
		return a.Body.String()
	}
	page := ask()
	if !strings.Contains(page, "alice@example.com") || !strings.Contains(page, `action="/login/corp"`) {
		t.Errorf("the page doesn't name the account: %s", page)
	}
	if w.store.sessions() != 1 || !slices.Equal(w.audit.lines(), []string{"sign-in true  bob"}) {
		t.Fatal("somebody was signed in before the person's word")
	}
	t.Run("another site can't say yes", func(t *testing.T) {
		a := b.send("POST", "/login/corp", formOf(), true)
		wantCode(t, a, bridge.CodeCrossOrigin)
	})
	t.Run("another browser can't", func(t *testing.T) { wantCode(t, w.browser().post("/login/corp"), bridge.CodeLoginStale) })
	wantRedirect(t, b.post("/login/corp"), "/")
	if !strings.Contains(b.get("/").Body.String(), "shop-prod/admin") || w.store.sessions() != 1 {
		t.Error("alice is not signed in alone")
	}
	wantCode(t, b.post("/login/corp"), bridge.CodeLoginStale)
	t.Run("another provider", func(t *testing.T) { ask(); wantCode(t, b.post("/login/web"), bridge.CodeLoginStale) })
	t.Run("too late", func(t *testing.T) {
		ask()
		w.pass(5 * time.Minute)
		wantCode(t, b.post("/login/corp"), bridge.CodeLoginStale)
	})
	t.Run("refused", func(t *testing.T) {
		a := b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "fail:answer-rejected"), true)
		wantCode(t, a, bridge.CodeAnswerRejected)
	})
}
