package main

import (
	"strings"
	"testing"
)

// testOIDCWithoutScript: everything works in a browser that runs no script.
func testOIDCWithoutScript(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.scriptOff()
	b.open(w.url)
	b.fill("#hint", "ada@partner.example")
	b.follow("form.hint button")
	b.waitURL(w.issuers[0])
	w.atOIDC(b, "ada-1815")
	visibleRoles(b)
	w.withoutScript(b, "shop-dev/analyst")
}

// testSAMLWithoutScript: the request goes out by a form, whose button must be pressed; so does the IdP's answer.
func testSAMLWithoutScript(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.scriptOff()
	b.open(w.url + "/login/post")
	if !b.has("form[data-autopost] button") {
		t.Fatalf("no button:\n%s", b.text("body"))
	}
	b.follow("form[data-autopost] button")
	b.fill("#username", "ada-1815")
	b.fill("#password", realPassword)
	b.follow("#submit_button")
	b.pressOn("Submit")
	visibleRoles(b)
	w.withoutScript(b, "shop-dev/reader")
}

func (w *realWorld) withoutScript(b *browser, role string) {
	b.t.Helper()
	b.fill("#q", "shop-dev")
	b.follow(".search button")
	if roles := visibleRoles(b); len(roles) == 0 || strings.Contains(strings.Join(roles, " "), "shop-prod") {
		b.t.Errorf("found %q", roles)
	}
	arn := w.console(b, role)
	if !strings.HasPrefix(arn, "arn:aws:sts::"+realDev+":assumed-role/") {
		b.t.Errorf("console: %s", arn)
	}
	b.follow(`a[href="/roles/` + role + `"]`)
	b.pressOn("Get credentials")
	shown := b.text("pre[data-secret]")
	if !strings.Contains(shown, "AWS_SECRET_ACCESS_KEY=") || strings.Contains(shown, "•") || !strings.Contains(b.text(".facts"), arn) {
		b.t.Errorf("the credentials' page:\n%s", b.text("main"))
	}
	name, content := b.download(func() { b.press("Download") })
	if !strings.HasPrefix(name, "aws-shop-dev-") || !strings.Contains(string(content), "AWS_SESSION_TOKEN=") {
		b.t.Errorf("%s: %d bytes", name, len(content))
	}
	b.pressOn("Sign out")
	b.waitText("You are signed out")
}
