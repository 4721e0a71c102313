package portal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp"
)

const loginCookies = "__Host-fedbridge-login-"

// pending are the names of a browser's pending sign-ins.
func (b *browser) pending() []string {
	var names []string
	for _, name := range sortedKeys(b.cookies) {
		if strings.HasPrefix(name, loginCookies) {
			names = append(names, name)
		}
	}
	return names
}

func (b *browser) plant(name, value string) {
	b.cookies[name] = &http.Cookie{Name: name, Value: value, SameSite: http.SameSiteNoneMode}
}

// TestAttackSwappedSignIns: two sign-ins, in two browsers or in two tabs of one, change cookies. The state of the one and the
// handle of the other are neither (threats W2, P3, O12).
func TestAttackSwappedSignIns(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		one, two := w.browser(), w.browser()
		stateOne, stateTwo := one.begin(p, ""), two.begin(p, "")
		nameOne, nameTwo := one.pending()[0], two.pending()[0]
		valueOne, valueTwo := one.cookies[nameOne].Value, two.cookies[nameTwo].Value
		for name, c := range map[string]struct {
			state, cookie, value string
			want                 bridge.Code
		}{
			"the other's state, own cookie":            {stateTwo, nameOne, valueOne, bridge.CodeLoginStale},
			"own state, the other's cookie":            {stateOne, nameTwo, valueTwo, bridge.CodeLoginStale},
			"the other's handle under own name":        {stateOne, nameOne, valueTwo, bridge.CodeAnswerRejected},
			"own handle under the other's name":        {stateTwo, nameTwo, valueOne, bridge.CodeAnswerRejected},
			"a handle that nobody has":                 {stateOne, nameOne, strings.Repeat("A", 43), bridge.CodeLoginStale},
			"no handle":                                {stateOne, nameOne, "", bridge.CodeCookies},
			"the mark of one that was used":            {stateOne, nameOne, "used", bridge.CodeLoginStale},
			"the state as handle":                      {stateOne, nameOne, stateOne, bridge.CodeLoginStale},
			"a handle with another spelling":           {stateOne, nameOne, valueOne + "=", bridge.CodeLoginStale},
			"another prefix of the cookie's name":      {stateOne, strings.Replace(nameOne, "__Host-", "__Secure-", 1), valueOne, bridge.CodeCookies},
			"the cookie's name in another case":        {stateOne, strings.ToUpper(nameOne), valueOne, bridge.CodeCookies},
			"the session's cookie in place of its own": {stateOne, portal.SessionCookie, valueOne, bridge.CodeLoginStale},
		} {
			// The handles are put back after each case: whoever shows one takes it out of the store, rightly or not.
			w.store.mu.Lock()
			kept := map[store.Hash]store.Pending{}
			for hash, row := range w.store.pending {
				kept[hash] = row
			}
			w.store.mu.Unlock()
			b := w.browser()
			if c.value != "" {
				b.plant(c.cookie, c.value)
			}
			t.Log(name)
			wantCode(t, b.answer(p, c.state, "alice"), c.want)
			if w.store.sessions() != 0 || b.cookies[portal.SessionCookie] != nil && b.cookies[portal.SessionCookie].Value != c.value {
				t.Errorf("%s: a session was made", name)
			}
			w.store.mu.Lock()
			w.store.pending = kept
			w.store.mu.Unlock()
		}
		wantRedirect(t, one.answer(p, stateOne, "alice"), "/")
		wantRedirect(t, two.answer(p, stateTwo, "bob"), "/")
	})
}

// TestAttackTwoCookies: a cookie of ours that is there twice was planted by somebody, and none of both is believed.
func TestAttackTwoCookies(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	state := b.begin(w.corp, "")
	name := b.pending()[0]
	for _, order := range [][]string{{b.cookies[name].Value, strings.Repeat("A", 43)}, {strings.Repeat("A", 43), b.cookies[name].Value}, {b.cookies[name].Value, b.cookies[name].Value}} {
		r := httptest.NewRequest("POST", "/saml/corp/acs", strings.NewReader(formOf("SAMLResponse", "alice", "RelayState", state).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, value := range order {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		wantCode(t, a, bridge.CodeLoginStale)
	}
	wantRedirect(t, b.answer(w.corp, state, "alice"), "/")
}

// TestAttackCookiePurposes: the handle of a sign-in, the handle of an account to confirm and the id of a session open
// nothing but what they are for (threat W5).
func TestAttackCookiePurposes(t *testing.T) {
	const confirm = "__Host-fedbridge-confirm"
	w := newWorld(t)
	w.corp.unsolicited = true
	b := w.browser().signIn(w.web, "bob")
	session := b.cookies[portal.SessionCookie].Value
	b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "alice"), true)
	state := b.begin(w.corp, "")
	login := b.pending()[len(b.pending())-1]
	for _, name := range b.pending() { // the one of this state
		if b.cookies[name].Value != "used" {
			login = name
		}
	}
	handles := map[string]string{"session": session, "confirm": b.cookies[confirm].Value, "login": b.cookies[login].Value}
	for what, value := range handles {
		thief := w.browser()
		if what != "login" {
			thief.plant(login, value)
			a := thief.answer(w.corp, state, "alice")
			if !isCode(a, bridge.CodeLoginStale) {
				t.Errorf("%s as login: %d %.200s", what, a.Code, a.Body)
			}
		}
		if what != "session" {
			thief = w.browser()
			thief.cookies[portal.SessionCookie] = &http.Cookie{Name: portal.SessionCookie, Value: value, SameSite: http.SameSiteLaxMode}
			if thief.signedIn() {
				t.Errorf("%s as session opens", what)
			}
		}
	}
	// Last, since a handle is taken out of the store by whoever shows it, rightly or not.
	for _, what := range []string{"session", "login"} {
		thief := w.browser()
		thief.plant(confirm, handles[what])
		if a := thief.post("/login/corp"); !isCode(a, bridge.CodeLoginStale) {
			t.Errorf("%s as confirmation: %d %.200s", what, a.Code, a.Body)
		}
	}
	if !b.signedIn() || w.store.sessions() != 1 {
		t.Error("the session of the person who was attacked is gone")
	}
}

// TestAttackLoginCSRF: the attacker's own genuine answer, posted by the victim's browser: without the attacker's cookie it
// signs nobody in, the victim stays who they are, and nothing of theirs is used up (threats P3, W2).
func TestAttackLoginCSRF(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		attacker := w.browser()
		state := attacker.begin(p, "")
		victim := w.browser().signIn(w.web, "bob")
		own := victim.begin(p, "")
		session := victim.cookies[portal.SessionCookie].Value
		wantCode(t, victim.answer(p, state, "alice"), bridge.CodeLoginStale)
		if victim.cookies[portal.SessionCookie].Value != session || !strings.Contains(victim.get("/whoami").Body.String(), "bob@example.com") {
			t.Error("the victim is somebody else now")
		}
		wantCode(t, w.browser().answer(p, state, "alice"), bridge.CodeCookies)
		wantRedirect(t, victim.answer(p, own, "bob"), "/")
		wantRedirect(t, attacker.answer(p, state, "alice"), "/")
	})
}

// liar is a provider that says what it is told.
type liar struct {
	*fakeIDP
	challenge string
	change    func(*bridge.Identity, *bridge.Proof)
}

func (l *liar) Begin(ctx context.Context, login idp.Login) (idp.Challenge, error) {
	c, err := l.fakeIDP.Begin(ctx, login)
	if l.challenge != "" {
		c.URL = l.challenge
	}
	return c, err
}

func (l *liar) Finish(ctx context.Context, login idp.Login, a idp.Answer) (bridge.Identity, bridge.Proof, error) {
	id, proof, err := l.fakeIDP.Finish(ctx, login, a)
	if l.change != nil {
		l.change(&id, &proof)
	}
	return id, proof, err
}

func newLiar(t *testing.T) (*world, *liar) {
	l := &liar{}
	return newWorld(t, func(w *world, o *portalOptions) {
		l.fakeIDP = w.corp
		o.Providers[0] = l
	}), l
}

// TestAttackLiars: what a provider's package could get wrong, the portal doesn't make worse.
func TestAttackLiars(t *testing.T) {
	w, l := newLiar(t)
	for name, c := range map[string]func(*bridge.Identity, *bridge.Proof){
		"another provider's person": func(id *bridge.Identity, _ *bridge.Proof) { id.Provider = "web" },
		"nobody's person":           func(id *bridge.Identity, _ *bridge.Proof) { id.Provider = "" },
		"nobody":                    func(id *bridge.Identity, _ *bridge.Proof) { id.Subject = "" },
	} {
		l.change = c
		b := w.browser()
		wantCode(t, b.answer(w.corp, b.begin(w.corp, ""), "alice"), bridge.CodeInternal)
		if e := w.audit.last(); e.Allowed || w.store.sessions() != 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	l.change = nil
	for _, challenge := range []string{"javascript:alert(1)", "data:text/html,x", "//evil.example/", "/login", "file:///etc/passwd", "https:evil.example", "https://", "\x00", "mailto:a@b"} {
		l.challenge = challenge
		b := w.browser()
		a := b.get("/login/corp")
		wantCode(t, a, bridge.CodeProviderConfig)
		if strings.Contains(a.Header().Get("Location"), challenge) {
			t.Errorf("%q was followed", challenge)
		}
	}
}

// TestAttackKeptProof: a proof that STS would no longer take, or that isn't there, isn't kept; and people whose sessions the
// provider didn't name share none (DESIGN §7).
func TestAttackKeptProof(t *testing.T) {
	w, l := newLiar(t)
	for name, change := range map[string]func(*bridge.Identity, *bridge.Proof){
		"too old":     func(_ *bridge.Identity, p *bridge.Proof) { p.RelayUntil = w.now() },
		"without end": func(_ *bridge.Identity, p *bridge.Proof) { p.RelayUntil = time.Time{} },
		"none":        func(_ *bridge.Identity, p *bridge.Proof) { p.Raw = bridge.Secret{} },
	} {
		l.change = change
		b := w.browser().signIn(w.corp, "rita")
		if w.store.rows[rowOf(t, b)].Proof != nil {
			t.Errorf("%s: a proof is kept", name)
		}
	}
	l.change = nil
	b := w.browser().signIn(w.corp, "rita")
	if w.store.rows[rowOf(t, b)].Proof == nil {
		t.Error("a good proof isn't kept")
	}
	if a := w.browser().signIn(w.corp, "alice"); w.store.rows[rowOf(t, a)].IdPSession != (store.Hash{}) {
		t.Error("a session that the provider didn't name has a hash that others share")
	}
}

// TestAttackFullHouse: who comes back while there is no room is told so, and can bring the same answer again.
func TestAttackFullHouse(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		b := w.browser()
		state := b.begin(p, "?return_to=/whoami")
		free := w.portal.FillSlots(p.info.Name)
		wantCode(t, b.answer(p, state, "alice"), bridge.CodeRateLimited)
		free()
		wantRedirect(t, b.answer(p, state, "alice"), "/whoami")
	})
	w := newWorld(t)
	w.corp.unsolicited = true
	free := w.portal.FillSlots("corp")
	b := w.browser()
	post := func() *httptest.ResponseRecorder {
		return b.send("POST", "/saml/corp/acs", url.Values{"SAMLResponse": {"alice"}}, true)
	}
	wantCode(t, post(), bridge.CodeRateLimited)
	free()
	w.store.setDown(true)
	wantCode(t, post(), bridge.CodeStoreDown)
	if b.cookies["__Host-fedbridge-confirm"] != nil {
		t.Error("something waits to be confirmed that isn't stored")
	}
	w.store.setDown(false)
	if a := post(); a.Code != 200 {
		t.Errorf("%d", a.Code)
	}
}

// TestAttackHalfMade: a portal without what keeps strangers out isn't made at all (rule R10).
func TestAttackHalfMade(t *testing.T) {
	for name, spoil := range map[string]func(*portalOptions){
		"no site": func(o *portalOptions) { o.Site = nil }, "no bridge": func(o *portalOptions) { o.Bridge = nil }, "no store": func(o *portalOptions) { o.Store = nil },
		"no person key": func(o *portalOptions) { o.PersonKey = nil }, "a short person key": func(o *portalOptions) { o.PersonKey = o.PersonKey[:31] },
		"endless sessions": func(o *portalOptions) { o.Session.Length = 0 }, "ended sessions": func(o *portalOptions) { o.Session.Length = -1 }, "an odd idle time": func(o *portalOptions) { o.Session.Idle = -1 },
		"one name for two": func(o *portalOptions) { o.Providers = append(o.Providers, o.Providers[0]) },
	} {
		var options portalOptions
		w := newWorld(t, func(_ *world, o *portalOptions) { options = *o })
		var err error
		if options.Site, err = handlers.New(handlers.Options{BaseURL: base}); err != nil {
			t.Fatal(err)
		}
		if options.Bridge, err = bridge.New(bridge.Options{Authorizer: w.policy, Roles: w.policy, STS: w.sts, Console: w.console, Audit: w.audit}); err != nil {
			t.Fatal(err)
		}
		if _, err := portal.New(options); err != nil {
			t.Fatalf("the whole: %v", err)
		}
		spoil(&options)
		if _, err := portal.New(options); err == nil {
			t.Errorf("%s: made all the same", name)
		}
	}
}
