package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// TestAttackRulesChange: what the picker showed is no promise. The rules at the moment of the grant decide (threat A15).
func TestAttackRulesChange(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	if page := b.get("/").Body.String(); !strings.Contains(page, "/roles/shop-prod/admin") {
		t.Fatal("the picker lacks the role")
	}
	w.policy.gives["alice"] = []string{dev.ID + "/readonly"}
	wantCode(t, b.post(consolePath), bridge.CodeNotEntitled)
	wantCode(t, b.post(credentialsPath), bridge.CodeNotEntitled)
	if a := b.post("/roles/shop-dev/readonly/credentials"); a.Code != 200 {
		t.Errorf("the role that is left: %d", a.Code)
	}
	w.policy.denies["alice"] = "leavers"
	wantCode(t, b.post("/roles/shop-dev/readonly/credentials"), bridge.CodeDenied)
	if n := w.sts.count(); n != 1 {
		t.Errorf("STS was asked %d times", n)
	}
}

// TestAttackEveryOtherRole asks for every role of everybody, spelt by id and by name: each person gets what the rules give
// them, and nothing else (threat X6).
func TestAttackEveryOtherRole(t *testing.T) {
	for _, who := range []string{"alice", "bob", "nobody", "eve"} {
		w := newWorld(t)
		b := w.browser().signIn(w.web, who)
		for _, role := range w.policy.roles {
			given := false
			for _, key := range w.policy.gives[who] {
				given = given || key == role.Key.String()
			}
			for _, account := range []string{role.Account.ID, role.Account.Name} {
				for _, door := range []string{"console", "credentials"} {
					before := w.sts.count()
					a := b.post("/roles/" + account + "/" + role.Key.Name + "/" + door)
					if asked := w.sts.count() > before; asked != given || asked == (a.Code >= 400) {
						t.Errorf("%s %s/%s %s: %d, STS asked: %t", who, account, role.Key.Name, door, a.Code, asked)
					}
				}
			}
		}
	}
}

// TestAttackLinkIsRecorded: the console said no after credentials were issued. Both are in the audit log, nothing of either
// on the page.
func TestAttackLinkIsRecorded(t *testing.T) {
	for _, failure := range []error{bridge.Fail(bridge.CodeConsoleDown, errDown), bridge.Fail(bridge.CodeConsoleRefused, errDown), errDown} {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		w.console.err = failure
		a := b.post(consolePath)
		wantCode(t, a, bridge.CodeOf(failure))
		last := w.audit.last()
		if last.Kind != bridge.AuditOutcome || last.Allowed || last.Code != bridge.CodeOf(failure) || last.AccessKeyID == "" ||
			last.RequestID != a.Header().Get("X-Request-Id") {
			t.Errorf("audited %+v", last)
		}
		if text := a.Body.String() + a.Header().Get("Location"); strings.Contains(text, "ASIA") || strings.Contains(text, "SIGNIN") {
			t.Errorf("what was issued is in the answer: %s", text)
		}
	}
}

// TestAttackLinkStaysSecret: the console link is in one Location and nowhere else: in no page, log, audit line or later
// answer (threats W9, W10).
func TestAttackLinkStaysSecret(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	var pages strings.Builder
	for _, accept := range []string{"text/html", "application/json"} {
		b.header.Set("Accept", accept)
		a := b.post(consolePath)
		wantRedirect(t, a, "https://signin.aws.amazon.com/federation?SigninToken=SIGNINTOKEN")
		for name, values := range a.Header() {
			if name != "Location" {
				pages.WriteString(strings.Join(values, " "))
			}
		}
		pages.WriteString(a.Body.String())
		for _, route := range w.portal.Map() {
			if route.Method == "GET" {
				answer := b.get(realPath(route.Path))
				pages.WriteString(answer.Body.String() + answer.Header().Get("Location"))
			}
		}
	}
	events, err := json.Marshal(w.audit.events)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"pages": pages.String(), "log": w.log.String(), "audit": string(events)} {
		if strings.Contains(text, "SIGNINTOKEN") || strings.Contains(text, "sessionToken/of") || strings.Contains(text, "secretKey/of") {
			t.Errorf("%s have it", where)
		}
	}
}

// TestAttackMethodOverride: nothing but the method of the request line is the method, and nothing but the body of a POST is
// its form (threat W17).
func TestAttackMethodOverride(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	overrides := []func(r *http.Request){
		func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "POST") },
		func(r *http.Request) { r.Header.Set("X-HTTP-Method", "POST") },
		func(r *http.Request) { r.Header.Set("X-Method-Override", "POST") },
		func(r *http.Request) { r.URL.RawQuery = "_method=POST" },
		func(r *http.Request) { r.URL.RawQuery = "_HttpMethod=POST&method=POST" },
	}
	for _, path := range []string{consolePath, credentialsPath, "/logout"} {
		for i, override := range overrides {
			// A GET with the body of a POST, and everything that a POST of ours would have.
			r := httptest.NewRequest("GET", path, strings.NewReader("_method=POST&duration=1h"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Origin", base)
			c := b.cookies[portal.SessionCookie]
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			override(r)
			a := httptest.NewRecorder()
			w.handler.ServeHTTP(a, r)
			if a.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s, override %d: %d", path, i, a.Code)
			}
		}
	}
	if w.sts.count() != 0 || w.store.sessions() != 1 {
		t.Fatal("a GET did something")
	}
	// The query of a POST is not its form: a shared link can't set what the person didn't choose.
	if a := b.post(credentialsPath + "?duration=8h&region=cn-north-1&format=bash&download=1"); a.Code != 200 || a.Header().Get("Content-Disposition") != "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if ask := w.sts.asks[0]; ask.Duration.Hours() != 1 {
		t.Errorf("the query chose %s", ask.Duration)
	}
}

// TestAttackWishes: nothing typed as a length, region or destination becomes part of anything, and a long one doesn't fill
// the log.
func TestAttackWishes(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	long := strings.Repeat("9", 60_000)
	for _, wish := range []url.Values{
		{"duration": {long + "h"}}, {"duration": {"1h" + strings.Repeat("1h", 20_000)}}, {"duration": {"NaN"}}, {"duration": {"+Inf"}},
		{"duration": {"1e9s"}}, {"duration": {"9223372036854775807ns"}}, {"duration": {"-9223372036854775808ns"}}, {"duration": {"١h"}},
		{"duration": {"1h\x00"}}, {"duration": {" 1h"}}, {"duration": {"43201s"}}, {"duration": {"899s"}}, {"duration": {"1h1ns"}}, {"duration": {"P1H"}},
		{"region": {long}}, {"region": {"eu-west-1\n"}}, {"region": {"eu-west-1 "}}, {"region": {"EU-WEST-1"}}, {"region": {"eu-west-1.evil.example/#"}},
		{"region": {"us-gov-west-1"}}, {"region": {"eu-west-1;id"}}, {"region": {"éu-west-1"}}, {"region": {"eu--1"}}, {"region": {"-"}},
		{"to": {long}}, {"to": {"//console.aws.amazon.com"}}, {"to": {"https://console.aws.amazon.com@evil.example/"}},
	} {
		lines := strings.Count(w.log.String(), "\n")
		size := len(w.log.String())
		if a := b.send("POST", consolePath, wish, false); a.Code != http.StatusBadRequest || len(a.Body.String()) > 20_000 {
			t.Errorf("%.60v: %d, %d bytes", wish, a.Code, a.Body.Len())
		}
		if log := w.log.String(); strings.Count(log, "\n") != lines+1 || len(log)-size > 1000 {
			t.Errorf("%.60v: %d lines and %d bytes in the log", wish, strings.Count(log, "\n")-lines, len(log)-size)
		}
	}
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}

// TestAttackCompression: pages with secrets in them are never compressed, so that their length says nothing about a guess
// that stands on the same page.
func TestAttackCompression(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	ask := func(method, path string) *httptest.ResponseRecorder {
		b.header.Set("Accept-Encoding", "gzip, deflate, br, zstd, identity;q=0")
		return b.send(method, path, formFor(method), false)
	}
	for _, route := range w.portal.Map() {
		if a := ask(route.Method, realPath(route.Path)); a.Header().Get("Content-Encoding") != "" || a.Header().Get("Transfer-Encoding") != "" {
			t.Errorf("%s %s: %v", route.Method, route.Path, a.Header())
		}
	}
	c := w.browser().signIn(w.corp, "alice") // the sweep above signed out
	c.header.Set("Accept-Encoding", "gzip")
	if a := c.post(credentialsPath); a.Code != 200 || a.Header().Get("Content-Encoding") != "" || !strings.Contains(a.Body.String(), "secretKey/of") {
		t.Errorf("credentials: %d %v", a.Code, a.Header())
	}
}

// leaving is an STS whose client hangs up while it works.
type leaving struct {
	fakeSTS
	leave context.CancelFunc
}

func (f *leaving) Exchange(ctx context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	creds, err := f.fakeSTS.Exchange(ctx, req)
	f.leave()
	return creds, errors.Join(err, ctx.Err())
}

// TestAttackHangUp: who hangs up while STS works leaves a decision and its outcome behind, and no answer with credentials.
func TestAttackHangUp(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	w := newWorldOf(t, &leaving{leave: leave})
	b := w.browser().signIn(w.corp, "alice")
	r := httptest.NewRequest("POST", credentialsPath, nil).WithContext(ctx)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	c := b.cookies[portal.SessionCookie]
	r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, r)
	if a.Code < 400 || strings.Contains(a.Body.String(), "secretKey/of") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	lines := w.audit.lines()
	want := []string{"decide true  alice", "outcome false client-gone alice"}
	if got := lines[len(lines)-2:]; got[0] != want[0] || got[1] != want[1] {
		t.Errorf("audited %q, want %q", got, want)
	}
}
