package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestGroupOverage: Entra leaves the groups out for people in many, and sends a link. Who is let in without them would
// escape the rules that deny by group.
func TestGroupOverage(t *testing.T) {
	const link = "http://schemas.microsoft.com/claims/groups.link"
	for name, c := range map[string]struct {
		groups []string
		want   bridge.Code
	}{
		"left out": {nil, bridge.CodeGroupOverage},
		"there":    {[]string{"dev"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			person := alice
			person.Groups, person.Claims = c.groups, map[string][]string{link: {"https://graph.windows.net/x/users/y/getMemberObjects"}}
			login := w.login()
			document, err := w.idp.Respond(person, request(login), idptest.Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = w.p.Finish(t.Context(), login, idp.Answer{Method: http.MethodPost, Form: url.Values{
				"SAMLResponse": {base64.StdEncoding.EncodeToString(document)}, "RelayState": {login.State},
			}})
			if got := bridge.CodeOf(err); got != c.want {
				t.Errorf("code %q, want %q: %v", got, c.want, err)
			}
		})
	}
}
