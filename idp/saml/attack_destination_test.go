package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestAttackDestination: an answer for another place, or for none, whichever of its halves is signed, asked for or not
// (threat P1). The comparison is with the configured address, byte for byte.
func TestAttackDestination(t *testing.T) {
	wrong := map[string]*string{"missing": nil}
	for name, value := range map[string]string{
		"empty": "", "blank": " ", "another ACS": "https://bridge.example.com/saml/other/acs", "another host": "https://evil.example/saml/corp/acs",
		"a slash more": acs + "/", "a query": acs + "?", "a fragment": acs + "#", "padded": acs + " ", "padded before": " " + acs,
		"in capitals": strings.ToUpper(acs), "http": strings.Replace(acs, "https:", "http:", 1), "a port": strings.Replace(acs, ".com", ".com:443", 1),
		"percent": strings.Replace(acs, "/acs", "/%61cs", 1), "dots": strings.Replace(acs, "/acs", "/x/../acs", 1),
		"a user": strings.Replace(acs, "//", "//x@", 1), "a dot behind the host": strings.Replace(acs, ".com", ".com.", 1),
		"an IDN look-alike": strings.Replace(acs, "e.com", "е.com", 1), "two": acs + " " + acs,
	} {
		wrong[name] = &value
	}
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
		w := newWorld(t, setup{
			idp:    func(o *idptest.SAMLOptions) { o.Sign = sign },
			config: func(c *saml.Config) { c.IdPInitiated = true },
		})
		for name, value := range wrong {
			set := func(path, attribute string) idptest.Hooks {
				return before(func(doc *etree.Document) {
					if el := find(t, doc, path); value == nil {
						el.RemoveAttr(attribute)
					} else {
						el.CreateAttr(attribute, *value)
					}
				})
			}
			t.Run(string(sign)+" "+name, func(t *testing.T) {
				for _, place := range [][2]string{{"/Response", "Destination"}, {"//SubjectConfirmationData", "Recipient"}} {
					login := w.login()
					w.refuse(bridge.CodeDestination, w.mint(login, set(place[0], place[1])), login)

					document, err := w.idp.Respond(alice, idptest.AuthnRequest{Issuer: entityID, ACS: acs}, set(place[0], place[1]))
					if err != nil {
						t.Fatal(err)
					}
					id, proof, err := w.p.(idp.UnsolicitedFinisher).FinishUnsolicited(t.Context(), posted(document, idp.Login{}))
					w.checkRefused(bridge.CodeDestination, id, proof, err)
				}
			})
		}
	}
}
