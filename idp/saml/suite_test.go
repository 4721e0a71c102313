package saml_test

import (
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/idptest/suite"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestSuite: what every kind of provider must pass, with the settings that change the way most.
func TestSuite(t *testing.T) {
	key, cert := keyFiles(t)
	pair := saml.KeyPair{Key: "file:" + bridge.SecretRef(key), Certificate: "file:" + bridge.SecretRef(cert)}
	for name, variant := range map[string]struct {
		config func(*saml.Config)
		theirs func(*idptest.SAMLOptions)
	}{
		"redirect": {},
		"post, signed request, signed response": {
			config: func(c *saml.Config) { c.Binding, c.Signing = "post", pair },
			theirs: func(o *idptest.SAMLOptions) { o.Sign, o.WantSignedRequests = idptest.SignResponse, true },
		},
		"signed redirect, encrypted assertion": {
			config: func(c *saml.Config) {
				c.Signing, c.Decryption = pair, saml.Decryption{Key: pair.Key, Certificate: pair.Certificate}
			},
			theirs: func(o *idptest.SAMLOptions) {
				// Signed twice: the kit spoils signatures that stand in clear.
				o.Sign, o.WantSignedRequests = idptest.SignBoth, true
				o.Encrypt = idptest.Encryption{Cipher: idptest.CipherGCM256}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits for time-outs
			suite.Run(t, suite.Kind{
				Proof: bridge.ProofSAML,
				Open: func(t *testing.T, name string, deps idp.Deps) suite.Kit {
					config := saml.Config{
						Common: idp.Common{Name: name, Kind: idp.KindSAML},
						Claims: saml.Claims{Email: "mail", Name: "displayName", Groups: saml.GroupsClaim{Claim: "memberOf"}},
					}
					if variant.config != nil {
						variant.config(&config)
					}
					theirs := suite.OpenSAML(t, name, deps, func(o *idptest.SAMLOptions) {
						o.Key = idptest.KeyECDSA // made at once, and the suite makes many
						if variant.theirs != nil {
							variant.theirs(o)
						}
					})
					config.Metadata = theirs.MetadataURL()
					ours, err := config.Open(deps)
					if err != nil {
						t.Fatal(err)
					}
					// They learn of us as real ones do: from our metadata.
					document, _, err := ours.(idp.MetadataPublisher).Metadata()
					if err != nil {
						t.Fatal(err)
					}
					sp, err := idptest.SPFromMetadata(document)
					if err != nil {
						t.Fatal(err)
					}
					theirs.AddSP(sp)
					return suite.ForSAML(ours, theirs)
				},
				Lies: map[idptest.Lie][]bridge.Code{
					idptest.WrongDestination: {bridge.CodeDestination}, idptest.WrongRecipient: {bridge.CodeDestination},
					idptest.WrappedSignature: {bridge.CodeAnswerRejected}, idptest.UnsignedAssertion: {bridge.CodeAnswerRejected},
					idptest.TransientNameID: {bridge.CodeSubjectTransient}, idptest.NotBearer: {bridge.CodeAnswerRejected},
				},
			})
		})
	}
}
