package portal_test

import (
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestAttackLogoutMessages: no logout of SAML or OIDC is spoken, so nobody's message ends a session or becomes a sign-in,
// whatever it is signed with and wherever it is brought (threats S28, P13, P15, O17, O29).
func TestAttackLogoutMessages(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "state.db"), nil)
	b := n.browser()
	if got := b.bring("corp", b.ask("corp", "alice")); got.Code != http.StatusSeeOther {
		t.Fatalf("%d %.300s", got.Code, got.Body)
	}
	session := b.cookies[portal.SessionCookie].Value
	for _, path := range []string{"/saml/corp/slo", "/saml/corp/logout", "/oidc/web/backchannel", "/oidc/web/frontchannel", "/saml/corp/artifact", "/saml/corp/soap"} {
		for _, method := range []string{"GET", "POST"} {
			if got := b.send(method, path, formOf("SAMLRequest", "x", "logout_token", "x", "SAMLart", "x"), true); got.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, got.Code)
			}
		}
	}
	for _, root := range []string{"LogoutRequest", "LogoutResponse", "AuthnRequest", "ArtifactResponse", "ManageNameIDRequest", "Assertion"} {
		thief := n.browser()
		answer := thief.ask("corp", "bob")
		raw, err := base64.StdEncoding.DecodeString(answer.Get("SAMLResponse"))
		if err != nil {
			t.Fatal(err)
		}
		other := strings.NewReplacer("<samlp:Response ", "<samlp:"+root+" ", "</samlp:Response>", "</samlp:"+root+">").Replace(string(raw))
		answer.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(other)))
		if got := thief.bring("corp", answer); !isCode(got, bridge.CodeAnswerMalformed, bridge.CodeAnswerRejected) {
			t.Errorf("%s: %d %.200s", root, got.Code, got.Body)
		}
	}
	theirs().oidc.Lie(idptest.LogoutToken)
	defer theirs().oidc.Lie()
	thief := n.browser()
	if got := thief.bring("web", thief.ask("web", "bob")); !isCode(got, bridge.CodeAnswerRejected) {
		t.Errorf("a logout token: %d %.200s", got.Code, got.Body)
	}
	// An artifact alone is nothing that was asked for, and nobody is called about it.
	if got := n.browser().send("POST", "/saml/corp/acs", formOf("SAMLart", "AAQAAMFbLinlXaCM"), true); got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/login/corp") {
		t.Errorf("an artifact: %d %q", got.Code, got.Header().Get("Location"))
	}
	thief = n.browser()
	state := thief.ask("corp", "bob").Get("RelayState")
	if got := thief.send("POST", "/saml/corp/acs", formOf("SAMLart", "AAQAAMFbLinlXaCM", "RelayState", state), true); !isCode(got, bridge.CodeAnswerMalformed) {
		t.Errorf("an artifact with a state: %d", got.Code)
	}
	if b.cookies[portal.SessionCookie].Value != session || !strings.Contains(b.get("/whoami").Body.String(), "alice") {
		t.Error("the session of somebody else ended")
	}
}
