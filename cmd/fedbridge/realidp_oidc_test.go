package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// atOIDC signs somebody in at the oidc-provider, whose pages are before the browser, and agrees to what it asks.
func (w *realWorld) atOIDC(b *browser, login string) {
	b.t.Helper()
	b.fill("input[name=login]", login)
	b.fill("input[name=password]", realPassword)
	b.follow("button.login-submit") // and asks whether the application may know what it asked for
	b.pressOn("Continue")
	b.waitURL(w.url)
}

// visibleRoles are the roles that the picker shows, by their paths.
func visibleRoles(b *browser) []string {
	b.t.Helper()
	b.waitText("Your roles")
	paths := eval[[]string](b, `[...document.querySelectorAll("#roles .role a[href^='/roles/']")].map((e) => e.getAttribute("href"))`)
	slices.Sort(paths)
	return paths
}

// assumedRole is what an ARN must look like: the session's name is a readable part, and a hash that no two people share.
func assumedRole(account, role, readable string) *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws:sts::` + account + `:assumed-role/` + role + `/` + regexp.QuoteMeta(readable) + `-[a-z2-7]{10}$`)
}

// console opens the console of a role from the picker, gives the ARN that the console page shows, and comes back.
func (w *realWorld) console(b *browser, role string) string {
	b.t.Helper()
	b.follow(`button[formaction="/roles/` + role + `/console"]`)
	b.waitVisible("#arn")
	arn := b.text("#arn")
	b.open(w.url)
	return arn
}

// testWholeVisit is what somebody does in a day: from the start page to signing out.
func testWholeVisit(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url)
	b.fill("#hint", "ada@partner.example")
	b.follow("form.hint button")
	b.waitURL(w.issuers[0]) // the domain chose the provider
	if hint := eval[string](b, `document.querySelector("input[name=login]").value`); hint != "ada@partner.example" {
		t.Errorf("the provider was told %q", hint)
	}
	w.atOIDC(b, "ada-1815")
	want := []string{
		"/roles/shop-dev/analyst", "/roles/shop-dev/analyst-es", "/roles/shop-dev/reader", "/roles/shop-prod/reader",
	}
	if got := visibleRoles(b); !slices.Equal(got, want) {
		t.Errorf("roles %q, want %q", got, want)
	}
	if text := b.text("#roles"); !strings.Contains(text, "another identity provider") {
		t.Errorf("nothing says that a role needs the other provider:\n%s", text)
	}

	relayed := w.console(b, "shop-dev/analyst")
	if !assumedRole(realDev, "Analyst", "ada@example.com").MatchString(relayed) {
		t.Errorf("console of a relayed role: %s", relayed)
	}
	own := w.console(b, "shop-prod/reader")
	if !assumedRole(realProd, "Reader", "ada@example.com").MatchString(own) {
		t.Errorf("console of a role by AssumeRole: %s", own)
	}
	if arn := w.downloaded(b, "shop-dev/analyst", "JSON"); arn != relayed {
		t.Errorf("JSON of %s made somebody %s", relayed, arn)
	}
	if arn := w.downloaded(b, "shop-prod/reader", "~/.aws/credentials"); arn != own {
		t.Errorf("the profile of %s made somebody %s", own, arn)
	}

	b.open(w.url + "/whoami")
	text := b.text("main")
	for _, said := range []string{"ada@example.com", "ada-1815", w.issuers[0], "analysts", "email_verified", "You have 4 of 7 roles"} {
		if !strings.Contains(text, said) {
			t.Errorf("the page about me doesn't say %q:\n%s", said, text)
		}
	}
	b.press("Analyst in")
	if reason := b.text("details[open]"); !strings.Contains(reason, "groups: [analysts]") || !strings.Contains(reason, "analysts") {
		t.Errorf("why: %s", reason)
	}

	session := b.cookies(w.url)["__Host-fedbridge"]
	callback := query(t, b.asked("/oidc/web/callback").URL)
	w.secret(session.Value, callback.Get("code"), callback.Get("state"))
	b.pressOn("Sign out")
	b.waitText("You are signed out")
	b.setCookie(w.url, session) // somebody had kept it
	b.open(w.url + "/whoami")
	if !strings.Contains(b.text("main"), "Sign in") || b.has(".person") {
		t.Errorf("the old session still opens something:\n%s", b.text("body"))
	}
}

// downloaded takes credentials as a file, and gives who its bearer is.
func (w *realWorld) downloaded(b *browser, role, format string) string {
	b.t.Helper()
	b.open(w.url + "/roles/" + role)
	b.fill("#region", "us-east-1")
	b.pressOn("Get credentials")
	b.press(format)
	name, content := b.download(func() { b.press("Download") })
	var c processCredentials
	if strings.HasSuffix(name, ".json") {
		c = readCredentials(b.t, content)
	} else {
		c = readProfile(b.t, content)
	}
	w.secret(c.SecretAccessKey, c.SessionToken)
	b.open(w.url)
	return callerIdentity(b.t, w.sts, c)
}

// readProfile reads what is added to ~/.aws/credentials.
func readProfile(t testing.TB, text []byte) processCredentials {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			values[key] = value
		}
	}
	want := []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region"}
	if got := slices.Sorted(maps.Keys(values)); !slices.Equal(got, want) {
		t.Fatalf("a profile with %q", got)
	}
	return processCredentials{AccessKeyId: values[want[0]], SecretAccessKey: values[want[1]], SessionToken: values[want[2]]}
}

// testES256: tokens that are signed on another curve than RSA's.
func testES256(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/web-es")
	w.atOIDC(b, "ada-1815")
	if arn := w.console(b, "shop-dev/analyst-es"); !assumedRole(realDev, "Analyst", "ada@example.com").MatchString(arn) {
		t.Errorf("console: %s", arn)
	}
}

// testUserInfo: the groups are not in the ID token.
func testUserInfo(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.open(w.url + "/login/web-info")
	w.atOIDC(b, "ada-1815")
	if arn := w.console(b, "shop-dev/reader"); !assumedRole(realDev, "Reader", "ada@example.com").MatchString(arn) {
		t.Errorf("console: %s", arn)
	}
}

// testWithoutGroups: where nobody asks at UserInfo there are no groups and so no roles; Nora has none in any case. They
// read why, and whom to ask.
func testWithoutGroups(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	for provider, login := range map[string]string{"web-bare": "ada-1815", "web": "nora-1999"} {
		b.clearCookies()
		b.open(w.url + "/login/" + provider)
		w.atOIDC(b, login)
		page := b.text("main")
		for _, said := range []string{"Whom to ask", "platform@example.com", "You have 0 of 7 roles"} {
			if !strings.Contains(page, said) {
				t.Errorf("%s at %s doesn't read %q:\n%s", login, provider, said, page)
			}
		}
	}
}
