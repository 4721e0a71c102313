package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestAttackForeignAttributes: an attribute under a prefix, or a namespace declaration of the same name, stands in the
// place of the real one, and the provider itself signed it so. It is another attribute, and the real one is missing
// (threats S2, S3).
func TestAttackForeignAttributes(t *testing.T) {
	for _, c := range []struct {
		path, name string
		code       bridge.Code
	}{
		{"/Response", "Destination", bridge.CodeDestination}, {"/Response", "Version", bridge.CodeAnswerMalformed},
		{"/Response", "IssueInstant", bridge.CodeAnswerRejected},
		{"//StatusCode", "Value", bridge.CodeProviderRefused},
		{"//Assertion", "Version", bridge.CodeAnswerRejected}, {"//Assertion", "IssueInstant", bridge.CodeAnswerRejected},
		{"//SubjectConfirmation", "Method", bridge.CodeAnswerRejected},
		{"//SubjectConfirmationData", "Recipient", bridge.CodeDestination},
		{"//SubjectConfirmationData", "InResponseTo", bridge.CodeLoginStale},
		{"//SubjectConfirmationData", "NotOnOrAfter", bridge.CodeAnswerRejected},
		{"//Conditions", "NotOnOrAfter", bridge.CodeAnswerRejected},
		{"//AuthnStatement", "AuthnInstant", bridge.CodeAnswerRejected},
		{"//Attribute", "Name", bridge.CodeAnswerRejected},
	} {
		for kind, prefix := range map[string]string{"prefixed": "saml:", "declared": "xmlns:"} {
			t.Run(kind+" "+c.path+" "+c.name, func(t *testing.T) {
				w := signedWorld(t, idptest.SignAssertion)
				login := w.login()
				err := w.refuse(c.code, w.mint(login, before(func(doc *etree.Document) {
					doc.Root().CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
					el := find(t, doc, c.path)
					value := el.SelectAttrValue(c.name, "")
					el.RemoveAttr(c.name)
					el.CreateAttr(prefix+c.name, value)
				})), login)
				if strings.Contains(err.Error(), "no certificate verifies") {
					t.Errorf("only the signature was wrong: %v", err)
				}
			})
		}
	}
}

// TestAttackForeignElements: each element that is read, under another namespace, by a redeclared prefix or by a default
// one: it is another element, signed or not (threat S3).
func TestAttackForeignElements(t *testing.T) {
	for path, code := range map[string]bridge.Code{
		"/Response/Issuer": "", // optional, and then not looked at
		"/Response/Status": bridge.CodeAnswerMalformed, "//StatusCode": bridge.CodeAnswerMalformed,
		"//Assertion/Issuer": bridge.CodeAnswerRejected, "//Subject": bridge.CodeAnswerRejected, "//NameID": bridge.CodeAnswerRejected,
		"//SubjectConfirmation": bridge.CodeAnswerRejected, "//SubjectConfirmationData": bridge.CodeAnswerRejected,
		"//Conditions": bridge.CodeAnswerRejected, "//AudienceRestriction": bridge.CodeAnswerRejected, "//Audience": bridge.CodeAnswerRejected,
		"//AuthnStatement": bridge.CodeAnswerRejected, "//AuthnContext": bridge.CodeAnswerRejected, "//AuthnContextClassRef": "",
		"//AttributeStatement": bridge.CodeAnswerRejected, "//Attribute": bridge.CodeAnswerRejected, "//AttributeValue": bridge.CodeAnswerRejected,
	} {
		for how, change := range map[string]func(*etree.Element){
			"prefix":  func(el *etree.Element) { el.CreateAttr("xmlns:"+el.Space, "urn:oasis:names:tc:SAML:1.0:assertion") },
			"default": func(el *etree.Element) { el.Space = ""; el.CreateAttr("xmlns", "urn:x") },
			"none":    func(el *etree.Element) { el.Space = "" },
		} {
			t.Run(how+" "+path, func(t *testing.T) {
				w := signedWorld(t, idptest.SignAssertion)
				login := w.login()
				document := w.mint(login, before(func(doc *etree.Document) {
					el := find(t, doc, path)
					if strings.HasPrefix(path, "/Response/Issuer") {
						el.SetText("https://elsewhere.example")
					}
					change(el)
				}))
				if code == "" {
					id, _ := w.accept(document, login)
					if id.Issuer != w.idp.EntityID() || path == "//AuthnContextClassRef" && id.ACR != "" {
						t.Errorf("identity %+v", id)
					}
					return
				}
				if err := w.refuse(code, document, login); strings.Contains(err.Error(), "no certificate verifies") {
					t.Errorf("only the signature was wrong: %v", err)
				}
			})
		}
	}
}

// TestAttackPrefixes: prefixes are names for namespaces and nothing more. Other prefixes, or the default namespace, are as
// good; swapped ones are as bad as what they mean.
func TestAttackPrefixes(t *testing.T) {
	rename := func(to map[string]string) func(*etree.Document) {
		return func(doc *etree.Document) {
			for _, el := range doc.FindElements("//*") {
				if new, ok := to[el.Space]; ok {
					el.Space = new
				}
				for i, a := range el.Attr {
					if a.Space == "xmlns" {
						if new, ok := to[a.Key]; ok && new == "" {
							el.Attr[i].Space, el.Attr[i].Key = "", "xmlns"
						} else if ok {
							el.Attr[i].Key = new
						}
					}
				}
			}
		}
	}
	for name, c := range map[string]struct {
		to   map[string]string
		good bool
	}{
		"others":   {map[string]string{"saml": "a", "samlp": "p"}, true},
		"default":  {map[string]string{"saml": ""}, true},
		"swapped":  {map[string]string{"saml": "samlp", "samlp": "saml"}, true}, // declarations and uses alike
		"ds taken": {map[string]string{"saml": "ds", "samlp": "xs1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := signedWorld(t, idptest.SignAssertion)
			login := w.login()
			document := w.mint(login, before(rename(c.to)))
			if id, _ := w.accept(document, login); id.Subject != "alice-0001" || len(id.Groups) != 2 {
				t.Errorf("identity %+v", id)
			}
		})
	}
	// Declarations change places, uses don't: what was protocol is assertion.
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	w.refuse(bridge.CodeAnswerMalformed, w.mint(login, before(func(doc *etree.Document) {
		doc.Root().CreateAttr("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:assertion")
	})), login)
}

// TestAttackIDs: what looks like an ID where none belongs, in the last element of a document, signed by the provider: which
// of two a library would take is nothing to rely on (threat S9).
func TestAttackIDs(t *testing.T) {
	last := func(set func(doc *etree.Document, el *etree.Element)) idptest.Hooks {
		return before(func(doc *etree.Document) {
			values := doc.FindElements("//AttributeValue")
			set(doc, values[len(values)-1])
		})
	}
	idOf := func(doc *etree.Document) string { return find(t, doc, "//Assertion").SelectAttrValue("ID", "") }
	for name, hooks := range map[string]idptest.Hooks{
		"the assertion's, again":    last(func(doc *etree.Document, el *etree.Element) { el.CreateAttr("ID", idOf(doc)) }),
		"the assertion's, as Id":    last(func(doc *etree.Document, el *etree.Element) { el.CreateAttr("Id", idOf(doc)) }),
		"the assertion's, prefixed": last(func(doc *etree.Document, el *etree.Element) { el.CreateAttr("saml:ID", idOf(doc)) }),
		"another, prefixed":         last(func(_ *etree.Document, el *etree.Element) { el.CreateAttr("saml:Id", "_x") }),
		"a declaration":             last(func(_ *etree.Document, el *etree.Element) { el.CreateAttr("xmlns:ID", "urn:x") }),
		"the response's, again": last(func(doc *etree.Document, el *etree.Element) {
			el.CreateAttr("ID", doc.Root().SelectAttrValue("ID", ""))
		}),
	} {
		for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
			w := signedWorld(t, sign)
			login := w.login()
			err := w.refuse(bridge.CodeAnswerRejected, w.mint(login, hooks), login)
			if strings.Contains(err.Error(), "no certificate verifies") {
				t.Errorf("%s, %s: only the signature was wrong: %v", sign, name, err)
			}
		}
	}
}
