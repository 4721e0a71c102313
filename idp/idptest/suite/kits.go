package suite

import (
	"net/http"
	"testing"

	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// OIDCClient is the client id under which the suite's OIDC provider knows fedbridge.
const OIDCClient = "fedbridge"

// OpenOIDC serves an OIDC provider that knows Person and, as OIDCClient with this secret, the provider of this name. It
// signs by ES256, whose keys are made at once. change may change the options.
func OpenOIDC(t testing.TB, name, secret string, deps idp.Deps, change func(*idptest.OIDCOptions)) *idptest.OIDC {
	t.Helper()
	var o *idptest.OIDC
	server, err := idptest.Serve(func(url string) (http.Handler, error) {
		options := idptest.OIDCOptions{
			Issuer: url, People: []idptest.Person{Person}, Algorithm: "ES256", Now: deps.Now, ResponseIss: true,
			Clients: []idptest.Client{{ID: OIDCClient, Secret: secret, RedirectURIs: []string{BaseURL + "/oidc/" + name + "/callback"}}},
		}
		if change != nil {
			change(&options)
		}
		var err error
		o, err = idptest.NewOIDC(options)
		return o, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return o
}

// ForOIDC is a kit of a provider and the OIDC provider that it trusts.
func ForOIDC(provider idp.IdentityProvider, o *idptest.OIDC) Kit {
	return Kit{
		Provider: provider, Issuer: o.Issuer(), StateField: "state",
		Lie: o.Lie, SetFault: o.SetFault, Fetches: o.Fetches, Rotate: o.RotateKey,
		Documents: []string{"/.well-known/openid-configuration", "/jwks"},
		SignIn: func(t testing.TB, c idp.Challenge) idp.Answer {
			t.Helper()
			answer, err := o.Answer(c.URL, Person.Username)
			if err != nil {
				t.Fatal(err)
			}
			if provider.Info().CrossSite { // response_mode=form_post
				return idp.Answer{Method: http.MethodPost, Form: answer}
			}
			return idp.Answer{Method: http.MethodGet, Query: answer}
		},
	}
}

// OpenSAML serves a SAML identity provider that knows Person and the provider of this name. change may change the
// options.
func OpenSAML(t testing.TB, name string, deps idp.Deps, change func(*idptest.SAMLOptions)) *idptest.SAML {
	t.Helper()
	var s *idptest.SAML
	server, err := idptest.Serve(func(url string) (http.Handler, error) {
		at := BaseURL + "/saml/" + name
		options := idptest.SAMLOptions{
			URL: url, People: []idptest.Person{Person}, Now: deps.Now,
			SPs: []idptest.SP{{EntityID: at + "/metadata", ACS: []string{at + "/acs"}}},
		}
		if change != nil {
			change(&options)
		}
		var err error
		s, err = idptest.NewSAML(options)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return s
}

// ForSAML is a kit of a provider and the SAML identity provider that it trusts.
func ForSAML(provider idp.IdentityProvider, s *idptest.SAML) Kit {
	return Kit{
		Provider: provider, Issuer: s.EntityID(), StateField: "RelayState",
		Lie: s.Lie, SetFault: s.SetFault, Fetches: s.Fetches, Rotate: s.RotateKey,
		Documents: []string{"/metadata"},
		SignIn: func(t testing.TB, c idp.Challenge) idp.Answer {
			t.Helper()
			answer, err := s.Answer(c.URL, c.Form, Person.Username)
			if err != nil {
				t.Fatal(err)
			}
			return idp.Answer{Method: http.MethodPost, Form: answer}
		},
	}
}
