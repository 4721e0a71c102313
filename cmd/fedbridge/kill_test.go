package main

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestKilledInMidSignIn: what a sign-in needs outlives the process, and what it used up stays used.
func TestKilledInMidSignIn(t *testing.T) {
	r := newRig(t, nil)
	ada := personNamed(t, "ada")
	for _, provider := range []string{"corp", "web"} {
		t.Run(provider, func(t *testing.T) {
			v := newVisit(t, r.url)
			page := v.open("/login/" + provider)
			for page.Find("#login") == nil {
				page = v.page(v.AutoSubmit())
			}
			r.fedbridge.kill() // while the person types the password
			r.start()
			page = v.page(v.SignIn(ada.Username, ada.Password))
			answer, form := r.answerOf(page, provider)
			if form != nil {
				page = v.page(v.Post(answer, form))
			}
			if page.Status != http.StatusOK || page.URL.Path != "/" || len(roles(page)) != 7 {
				t.Fatalf("after the restart: %d %s", page.Status, page.Text())
			}
			r.fedbridge.kill()
			r.start()
			if page := v.open("/"); len(roles(page)) != 7 {
				t.Errorf("the session is lost: %s", page.Text())
			}
			sessions := r.rows("session")
			again := v.page(v.Get(answer))
			if form != nil {
				again = v.page(v.Post(answer, form))
			}
			if again.Status != http.StatusBadRequest || !strings.Contains(again.Text(), "login-stale") {
				t.Errorf("the same answer after the restart: %d %s", again.Status, again.Text())
			}
			if now := r.rows("session"); now != sessions {
				t.Errorf("%d sessions have become %d", sessions, now)
			}
		})
	}
}

// answerOf gives the address, and for SAML the form, that an identity provider's answer came to.
func (r *rig) answerOf(page *idptest.Page, provider string) (string, map[string][]string) {
	r.t.Helper()
	if provider == "corp" {
		form, err := page.Form("#answer")
		if err != nil {
			r.t.Fatal(err)
		}
		return form.Action.String(), form.Fields
	}
	for _, hop := range page.Hops {
		if strings.HasPrefix(hop.URL.Path, "/oidc/web/callback") {
			return hop.URL.String(), nil
		}
	}
	r.t.Fatal("no answer came")
	return "", nil
}

// TestKilledWhileTakingAnswers kills fedbridge at any moment of taking an answer: a sign-in gives one session at most, and
// what came back is either a session that works or nothing.
func TestKilledWhileTakingAnswers(t *testing.T) {
	r := newRig(t, nil)
	ada := personNamed(t, "ada")
	for round := range 6 {
		v := newVisit(t, r.url)
		page := v.open("/login/corp")
		for page.Find("#login") == nil {
			page = v.page(v.AutoSubmit())
		}
		page = v.page(v.SignIn(ada.Username, ada.Password))
		answer, form := r.answerOf(page, "corp")
		before := r.rows("session")
		signIns := r.signIns()

		gone := make(chan struct{})
		go func() {
			defer close(gone)
			// Not a wait for anything: the moment is what differs from round to round.
			time.Sleep(time.Duration(round) * 1500 * time.Microsecond)
			r.fedbridge.kill()
		}()
		landed, err := v.Post(answer, form)
		<-gone
		r.start()
		if err == nil && landed.Status == http.StatusOK {
			if page := v.open("/"); len(roles(page)) != 7 {
				t.Errorf("round %d: the browser was let in, and now reads: %s", round, page.Text())
			}
		}
		for range 3 {
			v.Post(answer, form) // once may succeed, where the first didn't arrive
		}
		t.Logf("round %d: the browser saw %v; %d sessions, %d sign-ins", round, err, r.rows("session")-before, r.signIns()-signIns)
		if n := r.rows("session") - before; n > 1 {
			t.Errorf("round %d: one answer gave %d sessions", round, n)
		}
		if n := r.signIns() - signIns; n > 1 {
			t.Errorf("round %d: one answer was believed %d times", round, n)
		}
	}
}

// signIns counts the sign-ins that were allowed.
func (r *rig) signIns() (n int) {
	for _, e := range r.entries() {
		if e.Kind == bridge.AuditSignIn && e.Allowed {
			n++
		}
	}
	return n
}

// TestKilledBetweenDecisionAndOutcome: the decision reads unknown, because credentials may have been given, and nothing
// is given twice.
func TestKilledBetweenDecisionAndOutcome(t *testing.T) {
	r := newRig(t, nil)
	v := newVisit(t, r.url)
	v.signIn("/login/corp", personNamed(t, "ada"))
	calls := r.world.aws.Calls("AssumeRoleWithSAML")
	r.world.aws.Slow(hangs)
	lost := make(chan error, 1)
	go func() {
		_, err := v.Press("button[formaction=/roles/shop-prod/admin/credentials]", nil)
		lost <- err
	}()
	r.until("STS is asked", func() bool { return r.world.aws.Calls("AssumeRoleWithSAML") > calls })
	r.fedbridge.kill()
	if err := <-lost; err == nil {
		t.Fatal("an answer came from a process that was killed")
	}
	r.world.aws.Behave()
	asked := r.world.aws.Calls("AssumeRoleWithSAML")

	r.start()
	if got := r.results("shop-prod/admin"); !slices.Equal(got, []audit.Result{audit.Unknown}) {
		t.Errorf("the audit log reads %q, want one unknown", got)
	}
	code, out, errs := runCommand("audit", r.audit)
	if code != exitOK || !strings.Contains(out, "unknown") {
		t.Errorf("fedbridge audit: %d\n%s%s", code, out, errs)
	}
	page := v.open("/")
	if len(roles(page)) != 7 {
		t.Fatalf("the session is lost: %s", page.Text())
	}
	if now := r.world.aws.Calls("AssumeRoleWithSAML"); now != asked {
		t.Errorf("STS was asked %d times by itself", now-asked)
	}
	useRole(t, v, r.ready(), "ada", "shop-prod/admin")
	if got := r.results("shop-prod/admin"); !slices.Equal(got, []audit.Result{audit.Unknown, audit.Granted, audit.Granted}) {
		t.Errorf("after asking again the audit log reads %q", got)
	}
}

// TestKilledInMidLine: half an audit line is what a crash leaves, and no more than that is lost.
func TestKilledInMidLine(t *testing.T) {
	r := newRig(t, nil)
	v := newVisit(t, r.url)
	v.signIn("/login/corp", personNamed(t, "ada"))
	first := v.take("shop-prod/admin")
	r.fedbridge.kill()
	f, err := os.OpenFile(r.audit, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-01-01T00:00:00Z","kind":"dec`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r.start()
	v.open("/")
	second := v.take("shop-dev/developer")
	code, out, errs := runCommand("audit", "--json", r.audit)
	if code != exitOK || !strings.Contains(out, first.AccessKeyId) || !strings.Contains(out, second.AccessKeyId) {
		t.Errorf("fedbridge audit: %d\n%s%s", code, out, errs)
	}
	for line := range strings.Lines(out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// results are what became of the decisions about a role.
func (r *rig) results(role string) (all []audit.Result) {
	r.t.Helper()
	account, name, _ := strings.Cut(role, "/")
	for _, e := range r.entries() {
		if e.Kind == bridge.AuditDecide && e.Account == demoAccounts[account] && e.Role == name {
			all = append(all, e.Result)
		}
	}
	return all
}

// until waits for a condition.
func (r *rig) until(what string, done func() bool) {
	r.t.Helper()
	for end := time.Now().Add(hangs); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain until %s; the log:\n%s", what, r.fedbridge.log())
		}
	}
}

// ready is what `demo --json` would print of this world.
func (r *rig) ready() demoReady {
	return demoReady{Portal: r.url, STS: r.world.stsServer.URL, SignIn: r.world.signInServer.URL, Audit: r.audit, Config: r.config}
}
