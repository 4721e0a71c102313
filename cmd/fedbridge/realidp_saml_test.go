package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// atSAML signs somebody in at SimpleSAMLphp, whose page is before the browser. Its answer posts itself.
func (w *realWorld) atSAML(b *browser, login string) {
	b.t.Helper()
	b.fill("#username", login)
	b.fill("#password", realPassword)
	b.click("#submit_button")
	b.waitURL(w.url)
}

// bySSO begins a sign-in at SimpleSAMLphp and gives the answer that it sent: at once where somebody is signed in there and
// it is told so. Its own cookie may not come along with a request by POST, so it may ask again.
func (w *realWorld) bySSO(b *browser, provider string) (answer string) {
	b.t.Helper()
	b.open(w.url + "/login/" + provider)
	b.waitFor("the IdP or its answer", fmt.Sprintf(`%s || location.href === %q`, visible("#username"), w.url+"/"))
	if b.has("#username") {
		w.atSAML(b, "ada-1815")
	}
	b.waitText("Your roles")
	form := b.posted("/saml/" + provider + "/acs")
	w.secret(form.Get("SAMLResponse"), form.Get("RelayState"))
	return decodeSAML(b.t, form.Get("SAMLResponse"))
}

// testRelayedAssertion: the IdP's own assertion goes on to STS, and fedbridge's own credentials serve the other roles.
func testRelayedAssertion(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url)
	b.fill("#hint", "ada@example.com")
	b.follow("form.hint button")
	w.atSAML(b, "ada-1815")
	want := []string{
		"/roles/shop-dev/analyst", "/roles/shop-dev/analyst-es", "/roles/shop-dev/developer", "/roles/shop-dev/reader", "/roles/shop-prod/reader",
	}
	if got := visibleRoles(b); !slices.Equal(got, want) {
		t.Errorf("roles %q, want %q", got, want)
	}
	// The session's name is the IdP's here: AWS takes it from the assertion.
	const developer = "arn:aws:sts::" + realDev + ":assumed-role/Developer/ada@example.com"
	if arn := w.console(b, "shop-dev/developer"); arn != developer {
		t.Errorf("console of a relayed role: %s", arn)
	}
	if arn := w.downloaded(b, "shop-dev/developer", "JSON"); arn != developer {
		t.Errorf("credentials of a relayed role: %s", arn)
	}
	if arn := w.console(b, "shop-prod/reader"); !assumedRole(realProd, "Reader", "ada@example.com").MatchString(arn) {
		t.Errorf("console of a role by AssumeRole: %s", arn)
	}
}

// testSAMLVariants: what is signed, and how it is encrypted.
func testSAMLVariants(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	for provider, sees := range map[string]struct{ has, lacks string }{
		"response": {"<samlp:Status>", "EncryptedAssertion"},
		"signed":   {"<samlp:Status>", "EncryptedAssertion"},
		"post":     {"<samlp:Status>", "EncryptedAssertion"},
		"cbc":      {"xmlenc#aes128-cbc", "<saml:Assertion"},
		"gcm128":   {"xmlenc11#aes128-gcm", "<saml:Assertion"},
		"gcm256":   {"xmlenc11#aes256-gcm", "<saml:Assertion"},
	} {
		t.Run(provider, func(t *testing.T) {
			answer := w.bySSO(b, provider)
			want := []string{"/roles/shop-dev/analyst", "/roles/shop-dev/analyst-es", "/roles/shop-dev/reader", "/roles/shop-prod/reader"}
			if got := visibleRoles(b); !slices.Equal(got, want) {
				t.Errorf("roles %q, want %q", got, want)
			}
			if !strings.Contains(answer, sees.has) || strings.Contains(answer, sees.lacks) {
				t.Errorf("the answer isn't what this is about:\n%s", answer)
			}
			if arn := w.console(b, "shop-dev/reader"); !assumedRole(realDev, "Reader", "ada@example.com").MatchString(arn) {
				t.Errorf("console: %s", arn)
			}
		})
	}
}

// testForcedLogin: signed in at the IdP or not, one proves it anew.
func testForcedLogin(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	for range 2 {
		b.open(w.url + "/login/both")
		w.atSAML(b, "ada-1815")
		visibleRoles(b)
	}
	b.open(w.url + "/login/response") // which doesn't force it
	b.waitURL(w.url)
	visibleRoles(b)
}

// testPersistent: the IdP names somebody differently to each service, and the same at every visit.
func testPersistent(t *testing.T, w *realWorld) {
	var subjects []string
	for range 2 {
		b := newBrowser(t)
		b.open(w.url + "/login/persistent")
		w.atSAML(b, "ada-1815")
		b.open(w.url + "/whoami")
		facts := b.text(".facts")
		if !strings.Contains(facts, "nameid-format:persistent") {
			t.Errorf("no persistent NameID:\n%s", facts)
		}
		_, rest, _ := strings.Cut(facts, "Subject")
		subjects = append(subjects, strings.Fields(rest)[0])
	}
	if subjects[0] != subjects[1] || subjects[0] == "ada-1815" || len(subjects[0]) < 20 {
		t.Errorf("subjects %q", subjects)
	}
}

// testCrossSite: the answer is a POST from another site, from which browsers withhold SameSite=Lax cookies.
func testCrossSite(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/response")
	b.waitVisible("#username")
	for name, c := range b.cookies(w.url) {
		if strings.HasPrefix(name, "__Host-fedbridge-login-") && c.SameSite != "None" || !c.Secure || !c.HTTPOnly {
			t.Errorf("%s: %+v", name, c)
		}
	}
	w.atSAML(b, "ada-1815")
	visibleRoles(b)
	sent := b.headers("/saml/response/acs")
	if sent["Sec-Fetch-Site"] != "cross-site" || sent["Origin"] == w.url || !strings.Contains(fmt.Sprint(sent["Cookie"]), "__Host-fedbridge-login-") {
		t.Errorf("the answer came with %v", sent)
	}
	if c := b.cookies(w.url)["__Host-fedbridge"]; c == nil || c.SameSite != "Lax" || !c.Secure || !c.HTTPOnly {
		t.Errorf("the session: %+v", c)
	}
}

// testFromTheIdP: somebody starts at the IdP, whose answer nobody asked for. It is put away, and a sign-in of our own begun,
// which the IdP answers without a further question.
func testFromTheIdP(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	entity := url.QueryEscape(w.url + "/saml/corp/metadata")
	b.open(strings.TrimSuffix(w.idp, "metadata.php") + "SSOService.php?spentityid=" + entity)
	w.atSAML(b, "ada-1815")
	visibleRoles(b)
	if own := b.asked("/login/corp?again=1"); own == nil {
		t.Error("no sign-in of our own was begun")
	}
	if answer := decodeSAML(t, b.posted("/saml/corp/acs").Get("SAMLResponse")); !strings.Contains(answer, "InResponseTo=") {
		t.Errorf("an answer that nobody asked for was taken:\n%s", answer)
	}
}

// testCBCRefused: AES-CBC protects nothing from change. Who wants it must say so, and everybody else reads why not.
func testCBCRefused(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/cbc-refused")
	w.atSAML(b, "ada-1815")
	page := b.text("main")
	for _, said := range []string{"encryption-not-accepted", "allow_cbc", "Sign in again"} {
		if !strings.Contains(page, said) {
			t.Errorf("the page doesn't say %q:\n%s", said, page)
		}
	}
	w.nobody(b)
}

// nobody expects that nobody is signed in.
func (w *realWorld) nobody(b *browser) {
	b.t.Helper()
	b.open(w.url + "/whoami")
	if b.has(".person") || b.cookies(w.url)["__Host-fedbridge"] != nil {
		b.t.Errorf("somebody is signed in:\n%s", b.text("body"))
	}
}
