package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
)

// refused expects a page with a code and its remedy, and nobody signed in.
func (w *realWorld) refused(b *browser, code bridge.Code, what string) {
	b.t.Helper()
	notice, _ := bridge.NoticeOf(code)
	if page := b.text("main"); !strings.Contains(page, string(code)) || !strings.Contains(page, notice.Remedy) {
		b.t.Errorf("%s: want %s:\n%s", what, code, page)
	}
	w.nobody(b)
}

// testForeignAssertion: the IdP's genuine answer to another sign-in than the one it is delivered for. Without script the
// IdP's page waits for a press, so its form can be given another answer.
func testForeignAssertion(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	b.scriptOff()
	waiting := func(provider string) (answer, state string) {
		b.open(w.url + "/login/" + provider)
		if b.has("#username") {
			b.fill("#username", "ada-1815")
			b.fill("#password", realPassword)
			b.follow("#submit_button")
		}
		return b.value("SAMLResponse"), b.value("RelayState")
	}
	deliver := func(action, answer, state string) {
		eval[bool](b, fmt.Sprintf(`((f) => (f.action = %q, f.SAMLResponse.value = %q, f.RelayState.value = %q, true))(document.forms[0])`,
			w.url+action, answer, state))
		b.pressOn("Submit")
	}
	foreign, _ := waiting("corp")
	_, state := waiting("response")
	deliver("/saml/response/acs", foreign, state)
	w.refused(b, bridge.CodeDestination, "an answer of one provider at another")

	_, state = waiting("response")
	deliver("/saml/corp/acs", foreign, state)
	w.refused(b, bridge.CodeAnswerRejected, "an answer where it belongs, for a sign-in begun at another provider")

	_, state = waiting("corp")
	deliver("/saml/corp/acs", foreign, state)
	w.refused(b, bridge.CodeLoginStale, "an answer to an earlier sign-in at the same provider")

	altered, state := waiting("corp")
	raw := strings.Replace(decodeSAML(t, altered), "ada-1815", "eve-1815", 1)
	deliver("/saml/corp/acs", base64.StdEncoding.EncodeToString([]byte(raw)), state)
	w.refused(b, bridge.CodeAnswerRejected, "an answer in which somebody else's name was written")
}

// testForeignCode: a genuine code, delivered for a sign-in at another client of the same provider, and at another provider.
func testForeignCode(t *testing.T, w *realWorld) {
	b := newBrowser(t)
	begin := func(provider string) (state string) {
		b.open(w.url + "/login/" + provider)
		b.waitVisible("input[name=login], button.login-submit")
		return query(t, b.asked("/auth?").URL).Get("state")
	}
	code := func() url.Values { // of a sign-in that this browser began and that never arrived
		begin("web")
		if b.has("input[name=login]") {
			b.fill("input[name=login]", "ada-1815")
			b.fill("input[name=password]", realPassword)
			b.follow("button.login-submit")
		}
		address, _ := b.hold("/oidc/web/callback", func() { b.press("Continue") })
		return query(t, address)
	}
	arrive := func(provider string, answer url.Values) {
		b.open(w.url + "/oidc/" + provider + "/callback?" + answer.Encode())
	}

	atOther, here, there := begin("web-info"), begin("web-es"), begin("web-es")
	answer := code()

	answer.Set("state", atOther)
	arrive("web-info", answer)
	w.refused(b, bridge.CodeAnswerRejected, "an answer of one provider at another")

	answer.Set("state", here)
	arrive("web", answer)
	w.refused(b, bridge.CodeAnswerRejected, "an answer where it belongs, for a sign-in begun at another provider")

	answer.Set("state", there)
	arrive("web-es", answer)
	w.refused(b, bridge.CodeAnswerRejected, "a code of one client for another")
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func decodeSAML(t testing.TB, encoded string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw) == 0 {
		t.Fatalf("an answer of %d bytes: %v", len(raw), err)
	}
	return string(raw)
}
