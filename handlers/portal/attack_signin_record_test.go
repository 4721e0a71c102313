package portal_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// requestLines are the lines of the log about requests, from here on.
func requestLines(t *testing.T, w *world, from int) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(w.log.String()[from:]) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == "request" {
			lines = append(lines, fields)
		}
	}
	return lines
}

// undecided are the codes of answers about which nothing was decided: they are in the log alone.
var undecided = map[bridge.Code]bool{bridge.CodeStoreDown: true, bridge.CodeRateLimited: true, bridge.CodeClientGone: true}

// TestAttackEveryRefusalIsWritten: whatever a provider's package refuses an answer for, there is one line in the log with
// code and request id, one in the audit log with both, a page without the cause, and no session.
func TestAttackEveryRefusalIsWritten(t *testing.T) {
	each(t, func(t *testing.T, w *world, p *fakeIDP) {
		for _, code := range []bridge.Code{
			bridge.CodeAnswerRejected, bridge.CodeAnswerMalformed, bridge.CodeAnswerTooLarge, bridge.CodeAudience, bridge.CodeDestination, bridge.CodeClock, bridge.CodeStrength,
			bridge.CodeEncryption, bridge.CodeSubjectMissing, bridge.CodeSubjectTransient, bridge.CodeClaim, bridge.CodeGroupOverage, bridge.CodeTenant, bridge.CodeUserInfo,
			bridge.CodeProviderRefused, bridge.CodeProviderConfig, bridge.CodeProviderDown, bridge.CodeLoginStale, bridge.CodeInternal, bridge.CodeAuditDown,
			bridge.CodeStoreDown, bridge.CodeRateLimited, bridge.CodeClientGone,
		} {
			b := w.browser()
			state := b.begin(p, "")
			from, audited := len(w.log.String()), len(w.audit.lines())
			a := b.answer(p, state, "fail:"+string(code))
			wantCode(t, a, code)
			if strings.Contains(a.Body.String(), canary) || b.cookies[portal.SessionCookie] != nil || w.store.sessions() != 0 {
				t.Errorf("%s: the page shows the cause, or somebody was signed in", code)
			}
			lines := requestLines(t, w, from)
			if len(lines) != 1 || lines[0]["code"] != string(code) || lines[0]["request_id"] != a.Header().Get("X-Request-Id") || !strings.Contains(lines[0]["cause"].(string), canary) {
				t.Errorf("%s: the log has %v", code, lines)
			}
			want := 1
			if undecided[code] {
				want = 0
			}
			if got := len(w.audit.lines()) - audited; got != want {
				t.Errorf("%s: %d lines in the audit log, want %d", code, got, want)
			} else if e := w.audit.events; want == 1 && (e[len(e)-1].Code != code || e[len(e)-1].Allowed || e[len(e)-1].RequestID != a.Header().Get("X-Request-Id") || e[len(e)-1].Provider != p.info.Name) {
				t.Errorf("%s: audit %+v", code, e[len(e)-1])
			}
		}
		// A mix-up is a decision; a sign-in that isn't there is none.
		other := map[*fakeIDP]*fakeIDP{w.corp: w.web, w.web: w.corp, w.apple: w.corp}[p]
		b := w.browser()
		state := b.begin(other, "")
		for _, c := range b.cookies {
			c.SameSite = http.SameSiteNoneMode // let it come, so that the provider is what is compared
		}
		audited := len(w.audit.lines())
		wantCode(t, b.answer(p, state, "alice"), bridge.CodeAnswerRejected)
		wantCode(t, w.browser().answer(p, state, "alice"), bridge.CodeCookies)
		if got := w.audit.lines()[audited:]; len(got) != 1 || got[0] != "sign-in false answer-rejected" {
			t.Errorf("audit: %q", got)
		}
	})
}

// TestAttackSharedPage: through the whole portal, forged, foreign, unsigned, unreadable and used answers of real providers
// end on one and the same page but for the id, in the same headers; what went wrong is in the log (threat W20).
func TestAttackSharedPage(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "state.db"), nil, func(c *saml.Config) { c.IdPInitiated = true })
	defer theirs().saml.Lie()
	defer theirs().oidc.Lie()
	pages, causes := map[string]string{}, map[string]string{}
	note := func(name string, from int, a *httptest.ResponseRecorder) {
		t.Helper()
		if !isCode(a, bridge.CodeAnswerRejected) {
			t.Errorf("%s: %d %.300s", name, a.Code, a.Body)
			return
		}
		id := a.Header().Get("X-Request-Id")
		header := a.Header().Clone()
		header.Del("X-Request-Id")
		header.Del("Set-Cookie")
		text, _ := json.Marshal(header)
		pages[name] = string(text) + strings.ReplaceAll(a.Body.String(), id, "ID")
		causes[name] = requestLines(t, n.world, from)[0]["cause"].(string)
		if e := n.audit.last(); e.Allowed || e.Code != bridge.CodeAnswerRejected || e.Detail != "" || e.RequestID != id {
			t.Errorf("%s: audit %+v", name, e)
		}
	}
	for _, lie := range []idptest.Lie{
		idptest.BadSignature, idptest.StrangerKey, idptest.KeyInfoOfStranger, idptest.UnsignedAssertion, idptest.WrongIssuer, idptest.HMACSignature,
		idptest.TwoReferences, idptest.WrappedSignature3, idptest.TwoAssertions, idptest.NotBearer,
	} {
		theirs().saml.Lie(lie)
		b := n.browser()
		answer := b.ask("corp", "alice")
		from := len(n.log.String())
		note("SAML "+string(lie), from, b.bring("corp", answer))
	}
	theirs().saml.Lie()
	for _, lie := range []idptest.Lie{
		idptest.BadSignature, idptest.StrangerKey, idptest.WrongIssuer, idptest.AlgNone, idptest.HMACWithPublicKey, idptest.UnknownKid, idptest.WrongNonce, idptest.BadAtHash, idptest.IssuerMixUp,
	} {
		theirs().oidc.Lie(lie)
		b := n.browser()
		answer := b.ask("web", "alice")
		from := len(n.log.String())
		note("OIDC "+string(lie), from, b.bring("web", answer))
	}
	theirs().oidc.Lie()
	answer := unasked(t, "alice")
	if got := n.browser().bring("corp", answer); got.Code != 200 {
		t.Fatalf("%d %.300s", got.Code, got.Body)
	}
	from := len(n.log.String())
	note("SAML replay", from, n.browser().bring("corp", answer))

	first := map[string]string{}
	for name, page := range pages {
		kind := name[:4]
		if first[kind] == "" {
			first[kind] = page
		}
		if page != first[kind] {
			t.Errorf("%s has a page of its own: %s", name, page)
		}
		if causes[name] == "" || strings.Contains(page, "saml:") || strings.Contains(page, "oidc:") {
			t.Errorf("%s: the cause is on the page, or not in the log", name)
		}
	}
	if len(pages) < 20 {
		t.Errorf("%d pages were compared", len(pages))
	}
}

// TestAttackFlood: forged and malformed answers by the hundred, with people signing in among them: one line each in the log,
// nothing in the store, no goroutine left behind (threats S25, Z5).
func TestAttackFlood(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "state.db"), nil)
	warm := n.browser()
	warm.bring("web", warm.ask("web", "bob"))
	before := runtime.NumGoroutine()
	type shot struct {
		b        *browser
		provider string
		answer   url.Values
	}
	var shots []shot
	for i := range 60 {
		b := n.browser()
		provider := []string{"corp", "web"}[i%2]
		answer := b.ask(provider, "alice")
		if provider == "corp" {
			raw, _ := base64.StdEncoding.DecodeString(answer.Get("SAMLResponse"))
			spoilt := []string{
				strings.Replace(string(raw), ">alice<", ">root<", 1), string(raw[:len(raw)/2]), "<!DOCTYPE x>" + string(raw), strings.Repeat("<a>", 50_000), "\x00",
			}[i/2%5]
			answer.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(spoilt)))
		} else {
			answer.Set("code", answer.Get("code")+"x")
		}
		shots = append(shots, shot{b, provider, answer})
	}
	from := len(n.log.String()) // beginnings have their own lines
	var wait sync.WaitGroup
	for _, s := range shots {
		wait.Go(func() {
			if got := s.b.bring(s.provider, s.answer); got.Code < 400 || s.b.cookies[portal.SessionCookie] != nil {
				t.Errorf("%d %.200s", got.Code, got.Body)
			}
		})
	}
	wait.Wait()
	if lines := requestLines(t, n.world, from); len(lines) != len(shots) {
		t.Errorf("%d lines about %d requests", len(lines), len(shots))
	}
	if strings.Contains(n.log.String(), "panic") {
		t.Error("a panic")
	}
	b := n.browser()
	if got := b.bring("corp", b.ask("corp", "alice")); got.Code != 303 {
		t.Errorf("a person afterwards: %d", got.Code)
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
