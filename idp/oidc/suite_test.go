package oidc_test

import (
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/idptest/suite"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestSuite: what every kind of provider must pass, with the settings that change the way most.
func TestSuite(t *testing.T) {
	for name, change := range map[string]func(*oidc.Config){
		"query":                  func(*oidc.Config) {},
		"form_post and UserInfo": func(c *oidc.Config) { c.ResponseMode, c.UserInfo = oidc.ModeFormPost, true },
	} {
		t.Run(name, func(t *testing.T) {
			suite.Run(t, suite.Kind{
				Proof: bridge.ProofIDToken,
				Open: func(t *testing.T, name string, deps idp.Deps) suite.Kit {
					t.Setenv("OIDC_TEST_SECRET", "s3cret&more")
					theirs := suite.OpenOIDC(t, name, "s3cret&more", deps, nil)
					config := oidc.Config{
						Common: idp.Common{Name: name, Kind: idp.KindOIDC}, Issuer: theirs.Issuer(), ClientID: suite.OIDCClient,
						ClientSecret: "env:OIDC_TEST_SECRET", Algorithms: []string{"ES256"},
					}
					change(&config)
					ours, err := config.Open(deps)
					if err != nil {
						t.Fatal(err)
					}
					return suite.ForOIDC(ours, theirs)
				},
				Lies: map[idptest.Lie][]bridge.Code{
					idptest.AlgNone: {rejected}, idptest.FoldedClaim: {bridge.CodeClaim}, idptest.IssuerMixUp: {rejected},
				},
			})
		})
	}
}
