package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// begin goes to a path of the portal that leads to a provider's login page.
func (r *rig) begin(b *browser, path string) {
	b.t.Helper()
	b.open(r.url + path)
	b.waitVisible("#login")
}

// password gives the password at a provider's login page, and waits until the browser is back at fedbridge.
func (r *rig) password(b *browser, username string) {
	b.t.Helper()
	person := personNamed(b.t, username)
	b.fill("#username", person.Username)
	b.fill("#password", person.Password)
	b.click("#sign-in")
	b.waitURL(r.url + "/")
}

// signIn signs a person in at a provider.
func (r *rig) signIn(b *browser, provider, username string) {
	b.t.Helper()
	r.begin(b, "/login/"+provider)
	r.password(b, username)
	b.waitVisible("nav")
}

// refused holds the page that the browser shows against the catalogue: what it says, that it offers a way on, and that the
// id on it is the one under which the log has the cause.
func (r *rig) refused(b *browser, code bridge.Code) {
	b.t.Helper()
	b.waitVisible(".failure h1")
	notice, ok := bridge.NoticeOf(code)
	if !ok {
		b.t.Fatalf("%s is not in the catalogue", code)
	}
	plain := func(s string) string { return strings.ReplaceAll(s, "`", "") }
	if head, lead := b.text(".failure h1"), b.text(".failure .lead"); head != plain(notice.Message) || lead != plain(notice.Remedy) {
		b.t.Errorf("want %s, and the page says: %s\n%s\n%s", code, b.text(".failure .over"), head, lead)
	}
	if got := b.text(".failure .over code"); got != string(code) {
		b.t.Errorf("the page names %s, want %s", got, code)
	}
	id := b.text(".failure .help code")
	if line := r.logged(id); !strings.Contains(line, "code="+string(code)+" ") {
		b.t.Errorf("the log says under the id of the page: %s", line)
	}
	if !b.has(".failure .actions a") {
		b.t.Error("the page offers no way on")
	}
	b.t.Logf("%s: %s %s [%s]", code, b.text(".failure h1"), b.text(".failure .lead"), strings.ReplaceAll(b.text(".failure .actions a"), "\n", ", "))
}

// nothingIssued runs a story in which no credentials may be given. It begins without cookies.
func (r *rig) nothingIssued(t *testing.T, b *browser, name string, story func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		before, outer := r.issued(), b.t
		b.t = t
		defer func() { b.t = outer }()
		b.clearCookies()
		story(t)
		if n := r.issued() - before; n != 0 {
			t.Errorf("STS gave credentials %d times", n)
		}
		if strings.Contains(b.html(), "ASIA") {
			t.Error("the page shows an access key")
		}
	})
}

// stranger is a page of another site with a form that is sent by a button.
func stranger(t testing.TB, action string, form url.Values) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Win a prize</title><form method="post" action="%s">`, html.EscapeString(action))
		for name, values := range form {
			for _, value := range values {
				fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(value))
			}
		}
		io.WriteString(w, `<button id="go">Go</button></form>`)
	}))
	t.Cleanup(site.Close)
	return site.URL
}

// state is the state of the sign-in that a provider's login page belongs to.
func state(t testing.TB, b *browser) string {
	t.Helper()
	for _, name := range []string{"state", "RelayState"} {
		u, err := url.Parse(b.url())
		if err != nil {
			t.Fatal(err)
		}
		if value := u.Query().Get(name); value != "" {
			return value
		}
	}
	t.Fatalf("no state in %s", b.url())
	return ""
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	b, thief := newBrowser(t), newBrowser(t)
	r := newRig(t, nil)
	acs, callback := r.url+"/saml/corp/acs", r.url+"/oidc/web/callback"

	for _, provider := range []string{"corp", "web"} {
		r.nothingIssued(t, b, "no role at "+provider, func(t *testing.T) {
			r.signIn(b, provider, "nora")
			b.waitText("You are signed in, but you have no role.")
			b.waitText("None of the 2 rules that could give you this role matches.")
			if line := r.logged(b.text(".foot code")); !strings.Contains(line, "code=no-role ") || !strings.Contains(line, "status=403") {
				t.Errorf("the log says %s", line)
			}
			b.open(r.url + "/roles/shop-prod/admin")
			r.refused(b, bridge.CodeNotEntitled)
			b.pressOn("See the reasons")
			b.waitText("Why you have each role, or not")
		})
		r.nothingIssued(t, b, "expired at "+provider, func(t *testing.T) {
			r.begin(b, "/login/"+provider)
			r.database(`UPDATE pending SET expires = 1`) // the ten minutes are over
			r.password(b, "ada")
			r.refused(b, bridge.CodeLoginStale)
			b.pressOn("Sign in again")
			b.waitText("or choose")
		})
	}
	r.nothingIssued(t, b, "denied by a rule", func(t *testing.T) {
		r.signIn(b, "corp", "leo")
		b.waitText("What other rules would give you is taken away by leavers.")
		b.open(r.url + "/roles/shop-prod/admin")
		r.refused(b, bridge.CodeDenied)
		if b.text(".detail") != "leavers" {
			t.Errorf("the page names the rule %q", b.text(".detail"))
		}
	})
	r.nothingIssued(t, b, "a SAML response posted again", func(t *testing.T) {
		r.signIn(b, "corp", "ada")
		answer := b.posted("/saml/corp/acs")
		again := stranger(t, acs, answer)
		b.open(again)
		b.follow("#go")
		r.refused(b, bridge.CodeLoginStale)

		thief.clearCookies() // who never began a sign-in here
		thief.open(again)
		thief.follow("#go")
		r.refused(thief, bridge.CodeCookies)
		r.begin(thief, "/login/corp") // and who now has
		answer.Set("RelayState", state(t, thief))
		thief.open(stranger(t, acs, answer))
		thief.follow("#go")
		r.refused(thief, bridge.CodeLoginStale) // the response answers another request than the thief's
		thief.open(r.url)
		thief.waitText("Sign in")
		if thief.has("nav") {
			t.Error("the thief is signed in")
		}
	})
	r.nothingIssued(t, b, "a code used again", func(t *testing.T) {
		r.signIn(b, "web", "ada")
		answer := b.asked("/oidc/web/callback").URL
		b.open(answer)
		r.refused(b, bridge.CodeLoginStale)

		thief.clearCookies()
		thief.open(answer)
		r.refused(thief, bridge.CodeCookies)
		r.begin(thief, "/login/web")
		u, err := url.Parse(answer)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("state", state(t, thief))
		thief.open(callback + "?" + q.Encode())
		r.refused(thief, bridge.CodeAnswerRejected)
		thief.open(r.url)
		if thief.has("nav") {
			t.Error("the thief is signed in")
		}
	})
	r.nothingIssued(t, b, "another provider's answer", func(t *testing.T) {
		r.begin(b, "/login/corp")
		b.open(callback + "?code=genuine-elsewhere&state=" + state(t, b))
		r.refused(b, bridge.CodeAnswerRejected)
		r.begin(b, "/login/web")
		b.open(stranger(t, acs, url.Values{"SAMLResponse": {"PHNhbWw+"}, "RelayState": {state(t, b)}}))
		b.follow("#go")
		r.refused(b, bridge.CodeCookies) // what a code flow left in the browser doesn't come along with another site's form
	})
	for _, lie := range []idptest.Lie{idptest.WrongIssuer, idptest.StrangerKey, idptest.ReplayedAnswer} {
		r.nothingIssued(t, b, string(lie), func(t *testing.T) {
			t.Cleanup(func() { r.world.saml.Lie(); r.world.oidc.Lie() })
			for _, provider := range []string{"corp", "web"} {
				newVisit(t, r.url).signIn("/login/"+provider, personNamed(t, "grace")) // an answer to replay
				r.world.saml.Lie(lie)
				r.world.oidc.Lie(lie)
				r.begin(b, "/login/"+provider)
				r.password(b, "grace")
				want := bridge.CodeAnswerRejected
				if lie == idptest.ReplayedAnswer && provider == "corp" {
					want = bridge.CodeLoginStale
				}
				r.refused(b, want)
				r.world.saml.Lie()
				r.world.oidc.Lie()
			}
		})
	}
	r.nothingIssued(t, b, "the provider says no", func(t *testing.T) {
		t.Cleanup(func() { r.world.saml.Lie(); r.world.oidc.Lie() })
		r.world.saml.Lie(idptest.FailureStatus)
		r.world.oidc.Lie(idptest.FailureStatus)
		for _, provider := range []string{"corp", "web"} {
			r.begin(b, "/login/"+provider)
			r.password(b, "ada")
			r.refused(b, bridge.CodeProviderRefused)
			if strings.Contains(b.html(), idptest.Canary) {
				t.Error("the page shows what the provider wrote")
			}
		}
	})
}

func TestRefusedGrants(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	r := newRig(t, nil)
	r.nothingIssued(t, b, "another site's form", func(t *testing.T) {
		r.signIn(b, "corp", "ada")
		for _, kind := range []string{"credentials", "console"} {
			b.open(stranger(t, r.url+"/roles/shop-prod/admin/"+kind, url.Values{"duration": {"1h"}}))
			b.follow("#go")
			r.refused(b, bridge.CodeCrossOrigin)
		}
		b.open(r.url)
		b.waitVisible("nav") // the session is none the worse
	})
	r.nothingIssued(t, b, "session ended", func(t *testing.T) {
		r.signIn(b, "corp", "ada")
		r.database(`DELETE FROM session`)
		b.follow(`button[formaction="/roles/shop-prod/admin/credentials"]`)
		r.refused(b, bridge.CodeSessionEnded)
		b.pressOn("Sign in again")
		b.waitText("or choose")
		b.open(r.url)
		b.waitText("Your session has ended.")
		b.pressOn("Example Corp")
		r.password(b, "ada")
		b.waitVisible("nav")
	})
	r.nothingIssued(t, b, "idle for too long", func(t *testing.T) {
		r.signIn(b, "web", "ada")
		r.database(`UPDATE session SET idle = 1`)
		b.open(r.url + "/roles/data-lab/analyst")
		b.waitText("Your session has ended.")
		b.pressOn("Example Web")
		r.password(b, "ada")
		b.waitText("Query the warehouse.") // back where the person wanted to be
	})
}

// TestTwoTabs: two sign-ins that one browser begins at once both come through.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	one := newBrowser(t)
	two := one.tab()
	r := newRig(t, nil)
	for _, ways := range [][2]string{{"corp", "corp"}, {"web", "web"}, {"corp", "web"}} {
		t.Run(ways[0]+" and "+ways[1], func(t *testing.T) {
			one.clearCookies()
			r.begin(one, "/login/"+ways[0]+"?return_to=/whoami")
			r.begin(two, "/login/"+ways[1])
			r.password(two, "ada")
			two.waitText("Your roles")
			r.password(one, "ada")
			one.waitText("Why you have each role, or not")
			two.reload()
			two.waitText("Your roles")
			before := r.issued()
			two.follow(`button[formaction="/roles/shop-prod/readonly/credentials"]`)
			two.waitText("Credentials for Read only")
			if r.issued() != before+1 {
				t.Error("no credentials, or too many")
			}
		})
	}
}
