package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// What stands in the way of a role of the other provider.
const (
	needsCorp = "This role can only be used by people who sign in with another identity provider. Sign in with Example Corp"
	needsWeb  = "This role can only be used by people who sign in with another identity provider. Sign in with Example Web"
)

// demoRoles is what each person may see after signing in at each provider.
var demoRoles = map[string]map[string]string{
	"ada corp": {
		"shop-prod/admin": "", "shop-prod/billing": "", "shop-prod/readonly": "", "shop-dev/developer": "", "shop-dev/readonly": "",
		"data-lab/readonly": "", "data-lab/analyst": needsWeb,
	},
	"ada web": {
		"shop-prod/admin": needsCorp, "shop-prod/billing": "", "shop-prod/readonly": "", "shop-dev/developer": needsCorp, "shop-dev/readonly": "",
		"data-lab/readonly": "", "data-lab/analyst": "",
	},
	"grace corp": {"shop-dev/developer": "", "shop-dev/readonly": ""},
	"grace web":  {"shop-dev/developer": needsCorp, "shop-dev/readonly": ""},
	"carl corp":  {"shop-dev/invoices": ""},
	"carl web":   {"shop-dev/invoices": ""},
	"nora corp":  {}, "nora web": {}, "leo corp": {}, "leo web": {},
}

// TestDemoPeople is the demo as newcomers see it: every person at both providers, with every role that there is to use.
func TestDemoPeople(t *testing.T) {
	_, demo := startDemo(t)
	used := map[string]bool{}
	for who, want := range demoRoles {
		t.Run(strings.ReplaceAll(who, " ", "@"), func(t *testing.T) {
			username, provider, _ := strings.Cut(who, " ")
			person := personNamed(t, username)
			v := newVisit(t, demo.Portal)
			page := v.signIn("/login/"+provider, person)
			if diff := cmp.Diff(want, roles(page)); diff != "" && len(want) > 0 {
				t.Errorf("roles, -want +got:\n%s", diff)
			}
			if len(want) == 0 {
				checkNoRole(t, v, page, username)
			}
			for role, obstacle := range want {
				if obstacle == "" {
					used[useRole(t, v, demo, username, role)] = true
				}
			}
		})
	}
	if diff := cmp.Diff(map[string]bool{"AssumeRoleWithSAML": true, "AssumeRoleWithWebIdentity": true, "AssumeRole": true}, used); diff != "" {
		t.Errorf("ways to STS, -want +got:\n%s", diff)
	}
}

// checkNoRole: the page that comes instead of the roles says why, and a role that is asked for nevertheless is refused.
func checkNoRole(t *testing.T, v *visit, page *idptest.Page, username string) {
	t.Helper()
	reason := `None of the 2 rules that could give you this role matches.`
	if username == "leo" {
		reason = `Rule "leavers" takes this role away from you, although rule "platform team" gives it.`
	}
	for _, text := range []string{"You are signed in, but you have no role.", "platform@example.com for shop-prod, shop-dev", reason} {
		if !strings.Contains(page.Text(), text) {
			t.Errorf("the page doesn't say %q: %s", text, page.Text())
		}
	}
	if says := strings.Contains(page.Text(), "What other rules would give you is taken away by leavers."); says != (username == "leo") {
		t.Errorf("says that a rule takes roles away: %v", says)
	}
	if n := len(page.FindAll("bdi.why")); n != 8 {
		t.Errorf("the page gives %d reasons for 8 roles", n)
	}
	for _, kind := range []string{"console", "credentials"} {
		refused := v.page(v.Post("/roles/shop-prod/readonly/"+kind, nil))
		if refused.Status != 403 || strings.Contains(refused.Body, "ASIA") {
			t.Errorf("%s of a role that %s lacks: %d", kind, username, refused.Status)
		}
	}
}

// stsRoles are the names that STS knows the roles by, and how it is asked.
var stsRoles = map[string][2]string{
	"readonly": {"ReadOnly", "AssumeRoleWithWebIdentity"}, "billing": {"Billing", "AssumeRoleWithSAML"}, "developer": {"Developer", "AssumeRoleWithSAML"}, "admin": {"Admin", "AssumeRoleWithSAML"},
	"analyst": {"Analyst", "AssumeRoleWithWebIdentity"}, "invoices": {"Invoices", "AssumeRole"},
}

var demoAccounts = map[string]string{"shop-prod": shopProd, "shop-dev": shopDev, "data-lab": dataLab}

// useRole takes credentials and opens the console, and looks at STS for who one became. It gives the action that STS was
// asked with.
func useRole(t *testing.T, v *visit, demo demoReady, username, role string) string {
	t.Helper()
	account, name, _ := strings.Cut(role, "/")
	iamRole, action := stsRoles[name][0], stsRoles[name][1]
	email := regexp.QuoteMeta(username + "@" + map[bool]string{true: "partner.example", false: "example.com"}[username == "carl"])
	session := email + `-[a-z2-7]{10}` // ours: readable, and nobody else's
	if name == "developer" || name == "admin" {
		session = email // the IdP's own
	}
	want := regexp.MustCompile(fmt.Sprintf(`^arn:aws:sts::%s:assumed-role/%s/%s$`, demoAccounts[account], iamRole, session))

	v.open("/")
	if arn := callerIdentity(t, demo.STS, v.take(role)); !want.MatchString(arn) {
		t.Errorf("%s: STS says %s, want %s", role, arn, want)
	}
	page := v.console(role)
	if !strings.HasPrefix(page.URL.String(), demo.SignIn) || !want.MatchString(page.TextOf("#arn")) {
		t.Fatalf("%s: the console at %s says %q, want %s", role, page.URL, page.TextOf("#arn"), want)
	}
	opened := action
	if name == "billing" {
		opened = "a SAML response at the sign-in page" // posted by the browser itself
	}
	if got := page.TextOf("#via"); got != opened {
		t.Errorf("%s: STS was asked by %s, want %s", role, got, action)
	}
	if got := page.TextOf("#source-identity"); slices.Contains([]string{"readonly", "billing", "invoices"}, name) && !regexp.MustCompile("^"+email+"$").MatchString(got) {
		t.Errorf("%s: the source identity is %q", role, got)
	}
	if name == "readonly" && !strings.Contains(page.TextOf("#tags"), "CostCentre 4711") {
		t.Errorf("%s: the tags are %q", role, page.TextOf("#tags"))
	}
	v.open("/")
	return action
}
