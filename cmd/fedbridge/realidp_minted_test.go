package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
)

const realOwnProvider = "arn:aws:iam::" + realProd + ":saml-provider/fedbridge"

// trustIssuer is what the owner of shop-prod does for the roles via issuer: what `fedbridge trust` prints.
func (w *realWorld) trustIssuer(t *testing.T, path string) {
	t.Helper()
	file, problems := config.Load(path)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	compiled, _ := file.Policy()
	roles := slices.DeleteFunc(compiled.Roles(), func(r bridge.Role) bool { return !slices.Contains(r.Via, bridge.ViaIssuer) })
	needs, err := file.Needs(roles, config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := trust.Generate(needs, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range plan.Accounts {
		for _, p := range account.OIDC {
			if _, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account.Account.ID, Issuer: p.URL, ClientIDs: p.ClientIDs}); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range account.Roles {
			if err := w.aws.AddRole(ststest.Role{ARN: r.ARN.String(), MaxSessionDuration: r.MaxSession, TrustPolicy: r.Policy}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func testMintedAfterSAML(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/response")
	w.atSAML(b, "ann-1900")
	w.mintedRoles(t, b)
}

func testMintedAfterOIDC(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/web")
	w.atOIDC(b, "ann-1900")
	w.mintedRoles(t, b)
}

// mintedRoles: whatever somebody signed in with, what fedbridge mints gives twelve hours, with tags and a source identity,
// on the console and in the shell.
func (w *realWorld) mintedRoles(t *testing.T, b *browser) {
	if got, want := visibleRoles(b), []string{"/roles/shop-prod/auditor", "/roles/shop-prod/billing"}; !slices.Equal(got, want) {
		t.Fatalf("roles %q, want %q", got, want)
	}
	for _, role := range []struct{ name, iam, via, tags string }{
		{"auditor", "Auditor", "AssumeRoleWithWebIdentity", "CostCentre 4711 transitive Shift night shift"},
		{"billing", "Billing", "a SAML response at the sign-in page", "Shift night shift"},
	} {
		b.open(w.url + "/roles/shop-prod/" + role.name)
		if facts := b.text(".facts"); !strings.Contains(facts, "night shift") || !strings.Contains(facts, "ann@example.com") {
			t.Errorf("%s: the page doesn't say what goes along:\n%s", role.name, facts)
		}
		b.press("12 hours")
		b.pressOn("Open the console")
		b.waitVisible("#arn")
		arn := b.text("#arn")
		if !assumedRole(realProd, role.iam, "ann@example.com").MatchString(arn) || b.text("#via") != role.via {
			t.Errorf("%s: the console says %s by %s", role.name, arn, b.text("#via"))
		}
		if got := strings.Join(strings.Fields(b.text("#tags")), " "); !strings.HasSuffix(got, role.tags) || b.text("#source-identity") != "ann@example.com" {
			t.Errorf("%s: tags %q, source identity %q", role.name, got, b.text("#source-identity"))
		}
		ends, err := time.Parse(time.RFC3339, eval[string](b, `document.querySelector("#expires").dateTime`))
		if left := time.Until(ends); err != nil || left < 11*time.Hour || left > 12*time.Hour {
			t.Errorf("%s: the console's session ends in %s, %v", role.name, left, err)
		}

		b.open(w.url + "/roles/shop-prod/" + role.name)
		b.press("12 hours")
		b.pressOn("Get credentials")
		b.waitText("Valid until")
		b.press("JSON")
		_, content := b.download(func() { b.press("Download") })
		creds := readCredentials(t, content)
		w.secret(creds.SecretAccessKey, creds.SessionToken)
		if left := time.Until(creds.Expiration); left < 11*time.Hour || left > 12*time.Hour {
			t.Errorf("%s: credentials end in %s", role.name, left)
		}
		if got := callerIdentity(t, w.sts, creds); got != arn {
			t.Errorf("%s: credentials of %s, a console of %s", role.name, got, arn)
		}
		b.open(w.url)
	}
}
