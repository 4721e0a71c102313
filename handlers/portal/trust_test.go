package portal_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// fakeDesk shows what the test says, and keeps what was asked for.
type fakeDesk struct {
	mu     sync.Mutex
	view   portal.TrustView
	err    error
	checks []portal.TrustCheck
}

func (d *fakeDesk) View() portal.TrustView {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.view
}

func (d *fakeDesk) Check(_ context.Context, c portal.TrustCheck) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checks = append(d.checks, c)
	return d.err
}

func (w *world) showTrust() {
	admin, _ := w.policy.Role(bridge.RoleKey{Account: prod.ID, Name: "admin"})
	readonly, _ := w.policy.Role(bridge.RoleKey{Account: dev.ID, Name: "readonly"})
	relayed, _ := w.policy.Role(bridge.RoleKey{Account: prod.ID, Name: "relayed"})
	checked := w.now().Add(-5 * time.Minute)
	w.desk.view = portal.TrustView{Reads: true, Ways: []portal.TrustWay{
		{Role: readonly, Via: bridge.ViaAssumeRole, Checked: checked, Read: true, Live: &portal.TrustLive{As: "arn:aws:sts::444455556666:assumed-role/readonly/x"}},
		{Role: relayed, Via: bridge.ViaSAML},
		{Role: admin, Via: bridge.ViaAssumeRole, Checked: checked, Read: true, Findings: []trust.Finding{{
			Code: "too-wide", Severity: trust.SeverityError, Summary: "Anybody <b>may</b> come.", Fix: "-  \"*\"\n+  \"us\"\n", Commands: []string{"aws iam x"},
		}, {
			Code: "too-wide-also", Severity: trust.SeverityError, Summary: "More.", Fix: "-  \"*\"\n+  \"us\"\n", Commands: []string{"aws iam x"},
		}}, Live: &portal.TrustLive{Code: bridge.CodeSTSRefused, Answered: true, Bare: true}},
	}}
}

// TestTrustPage: an operator sees every role, the worst first, and how old that is.
func TestTrustPage(t *testing.T) {
	w := newWorld(t)
	w.showTrust()
	b := w.browser().signIn(w.corp, "alice")
	if home := b.get("/").Body.String(); !strings.Contains(home, `<a href="/trust">Trust</a>`) {
		t.Error("no link to the page")
	}
	a := b.get("/trust")
	page := a.Body.String()
	if a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "no-store" || strings.Contains(page, "<b>may</b>") {
		t.Fatalf("%d %v %s", a.Code, a.Header(), page)
	}
	for _, part := range []string{
		"too-wide", "Anybody &lt;b&gt;may&lt;/b&gt; come.", `class="removed">-  &#34;*&#34;</span>`, "aws iam x", "The same change as above mends it", "AWS refuses it", "sts:SetSourceIdentity",
		"5 minutes ago", "never checked", "nothing to mend", "assumed-role/readonly/x", `value="111122223333/admin"`, "3 roles",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q in the page", part)
		}
	}
	if strings.Count(page, "aws iam x") != 1 {
		t.Error("one change stands there twice")
	}
	if first, last := strings.Index(page, "too-wide"), strings.Index(page, "assumed-role/readonly/x"); first > last {
		t.Error("what is to be mended doesn't come first")
	}
	if page := b.get("/trust?q=shop+admin").Body.String(); strings.Contains(page, "assumed-role/readonly/x") || !strings.Contains(page, "1 role of 3") {
		t.Error("the search finds too much")
	}
}

// TestTrustPageOthers: who doesn't operate finds what stands at any address without a page; nobody is looked at for them.
func TestTrustPageOthers(t *testing.T) {
	w := newWorld(t)
	w.showTrust()
	b := w.browser().signIn(w.corp, "bob")
	if strings.Contains(b.get("/").Body.String(), "/trust") {
		t.Error("the page is named to others")
	}
	blank := func(a *httptest.ResponseRecorder) string { // the id of the request differs
		return strings.ReplaceAll(a.Body.String(), a.Header().Get("X-Request-Id"), "")
	}
	unknown, hidden := b.get("/no-such-page"), b.get("/trust")
	if hidden.Code != http.StatusNotFound || blank(hidden) != blank(unknown) {
		t.Errorf("%d\n%s\n%s", hidden.Code, hidden.Body, unknown.Body)
	}
	if a := b.send("POST", "/trust/check", url.Values{"role": {""}}, false); a.Code != http.StatusNotFound {
		t.Errorf("POST: %d", a.Code)
	}
	if len(w.desk.checks) != 0 {
		t.Error("something was checked")
	}

	without := newWorld(t, func(_ *world, o *portal.Options) { o.Trust = nil })
	if a := without.browser().signIn(without.corp, "alice").get("/trust"); a.Code != http.StatusNotFound {
		t.Errorf("without a desk: %d", a.Code)
	}
	if a := without.browser().get("/trust"); a.Code != http.StatusNotFound {
		t.Errorf("without a desk, signed out: %d", a.Code)
	}
}

// TestTrustCheck: a press of the button asks for one role or all, in the operator's name.
func TestTrustCheck(t *testing.T) {
	w := newWorld(t)
	w.showTrust()
	b := w.browser().signIn(w.corp, "alice")
	press := func(role string) int {
		a := b.send("POST", "/trust/check", url.Values{"role": {role}}, false)
		if a.Code == http.StatusSeeOther && a.Header().Get("Location") != "/trust" {
			t.Errorf("leads to %s", a.Header().Get("Location"))
		}
		return a.Code
	}
	if press("") != http.StatusSeeOther || press(prod.ID+"/admin") != http.StatusSeeOther {
		t.Error("not begun")
	}
	if n := len(w.desk.checks); n != 2 {
		t.Fatalf("%d checks", n)
	}
	all, one := w.desk.checks[0], w.desk.checks[1]
	if len(all.Roles) != 0 || all.By.Subject != "alice" || all.RequestID == "" || len(one.Roles) != 1 || one.Roles[0].Name != "admin" {
		t.Errorf("%+v\n%+v", all, one)
	}
	if press("111122223333/none") != http.StatusBadRequest {
		t.Error("a role that isn't there is checked")
	}
	if a := b.send("POST", "/trust/check", url.Values{"role": {"", ""}}, false); a.Code != http.StatusBadRequest {
		t.Errorf("two roles: %d", a.Code)
	}
	if a := b.get("/trust/check"); a.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.Code)
	}
	w.desk.err = bridge.Fail(bridge.CodeRateLimited, errors.New(canary))
	if a := b.send("POST", "/trust/check", url.Values{}, false); a.Code != http.StatusTooManyRequests || strings.Contains(a.Body.String(), canary) {
		t.Errorf("too often: %d", a.Code)
	}
	if len(w.desk.checks) != 3 {
		t.Errorf("%d checks", len(w.desk.checks))
	}
}

// TestTrustVerdicts: what a role comes to, from what was read and what STS said.
func TestTrustVerdicts(t *testing.T) {
	w := newWorld(t)
	role, _ := w.policy.Role(bridge.RoleKey{Account: prod.ID, Name: "admin"})
	b := w.browser().signIn(w.corp, "alice")
	now := w.now()
	finding := func(s trust.Severity) []trust.Finding { return []trust.Finding{{Code: "x", Severity: s}} }
	for name, c := range map[string]struct {
		way          portal.TrustWay
		verdict, why string
	}{
		"never":               {portal.TrustWay{}, "off", "never checked"},
		"read and good":       {portal.TrustWay{Checked: now, Read: true}, "yes", "nothing to mend"},
		"a note":              {portal.TrustWay{Checked: now, Read: true, Findings: finding(trust.SeverityNote)}, "yes", "nothing to mend"},
		"a warning":           {portal.TrustWay{Checked: now, Read: true, Findings: finding(trust.SeverityWarning)}, "care", "1 warning"},
		"an error":            {portal.TrustWay{Checked: now, Read: true, Findings: finding(trust.SeverityError), Live: &portal.TrustLive{As: "x"}}, "no", "1 error"},
		"unread":              {portal.TrustWay{Checked: now, Read: true, Unread: true}, "off", "could not be read"},
		"unread, but taken":   {portal.TrustWay{Checked: now, Unread: true, Live: &portal.TrustLive{As: "x"}}, "off", "could not be read"},
		"taken":               {portal.TrustWay{Checked: now, Live: &portal.TrustLive{As: "x"}}, "yes", "nothing to mend"},
		"refused":             {portal.TrustWay{Checked: now, Read: true, Live: &portal.TrustLive{Code: bridge.CodeSTSRefused, Answered: true}}, "no", "AWS refuses it"},
		"nobody answered":     {portal.TrustWay{Checked: now, Read: true, Live: &portal.TrustLive{Code: bridge.CodeSTSDown}}, "off", "STS could not be asked"},
		"a relay, only asked": {portal.TrustWay{Checked: now}, "off", "can’t be tried"},
	} {
		c.way.Role, c.way.Via = role, bridge.ViaAssumeRole
		w.desk.view = portal.TrustView{Ways: []portal.TrustWay{c.way}}
		page := b.get("/trust").Body.String()
		_, summary, _ := strings.Cut(page, "<summary>")
		summary, _, _ = strings.Cut(summary, "</summary>")
		if !strings.Contains(summary, `class="verdict `+c.verdict+`"`) || !strings.Contains(summary, c.why) {
			t.Errorf("%s: %s", name, summary)
		}
	}
}
