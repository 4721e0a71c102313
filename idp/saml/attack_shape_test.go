package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestAttackSignaturePlace moves a good signature to every other place among its siblings. The enveloped transform takes it
// out again, so the digest doesn't notice; the schema has one place for it.
func TestAttackSignaturePlace(t *testing.T) {
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse} {
		w := signedWorld(t, sign)
		login := w.login()
		good := w.mint(login, idptest.Hooks{})
		path := map[idptest.Signs]string{idptest.SignAssertion: "//Assertion", idptest.SignResponse: "/Response"}[sign]
		for to := range 7 {
			for issuer := range 3 { // and the Issuer with it, so that it may still follow that
				changed := edited(t, good, func(doc *etree.Document) {
					el := find(t, doc, path)
					sig, iss := el.SelectElement("Signature"), el.SelectElement("Issuer")
					el.RemoveChild(sig)
					if issuer > 0 {
						el.RemoveChild(iss)
						el.InsertChildAt(min(issuer, len(el.Child)), iss)
					}
					el.InsertChildAt(min(to, len(el.Child)), sig)
				})
				if string(changed) == string(good) {
					continue
				}
				id, proof, err := w.finish(changed, login)
				w.checkRefused(bridge.CodeAnswerRejected, id, proof, err)
			}
		}
		w.accept(good, login)
	}
}

// TestAttackMoreShapes are signatures by the provider's own key with more in them than a signature needs, beyond TestShape
// (threats S14, S16).
func TestAttackMoreShapes(t *testing.T) {
	at := func(path string, do func(*etree.Element)) func(*etree.Element) {
		return func(sig *etree.Element) {
			el := sig.FindElement(path)
			if el == nil {
				t.Fatalf("no %s", path)
			}
			do(el)
		}
	}
	text := func(el *etree.Element) { el.CreateText("x") }
	inclusive := func(change func(*etree.Element)) func(*etree.Element) {
		return func(el *etree.Element) {
			list := el.CreateElement("ec:InclusiveNamespaces")
			list.CreateAttr("xmlns:ec", exclusive)
			list.CreateAttr("PrefixList", "xs")
			change(list)
		}
	}
	attr := func(name string) func(*etree.Element) {
		return func(el *etree.Element) { el.CreateAttr(name, "x") }
	}
	const transform, canonical = ".//Transforms/Transform[2]", ".//CanonicalizationMethod"
	shapes := map[string]func(*etree.Element){
		"text in a transform": at(transform, text), "text in the canonicalisation": at(canonical, text), "text in transforms": at(".//Transforms", text),
		"text in the method": at(".//SignatureMethod", text), "text in the digest method": at(".//DigestMethod", text), "text in the reference": at(".//Reference", text),
		"text in the list": at(transform, inclusive(text)), "an element in the list": at(transform, inclusive(func(el *etree.Element) { el.CreateElement("ds:x") })),
		"an attribute of the list": at(transform, inclusive(attr("x"))), "an attribute of transforms": at(".//Transforms", attr("Id")),
		"an attribute of a transform": at(transform, attr("Id")), "an attribute of the digest": at(".//DigestValue", attr("Id")), "an attribute of the canonicalisation": at(canonical, attr("Id")),
		"an attribute of the method": at(".//SignatureMethod", attr("Id")), "a prefixed attribute": at(".//SignedInfo", attr("ds:Id")), "an Id of the reference": at(".//Reference", attr("Id")),
		"a list of a foreign namespace": at(transform, func(el *etree.Element) { el.CreateElement("ds:InclusiveNamespaces").CreateAttr("PrefixList", "xs") }),
		"a list in the first transform": at(".//Transforms/Transform[1]", inclusive(func(*etree.Element) {})),
		"enveloped twice":               at(transform, func(el *etree.Element) { el.CreateAttr("Algorithm", enveloped) }),
		"signature as digest":           at(".//DigestMethod", func(el *etree.Element) { el.CreateAttr("Algorithm", more+"rsa-sha256") }),
		"digest as signature":           at(".//SignatureMethod", func(el *etree.Element) { el.CreateAttr("Algorithm", sha512URI) }),
		"digest not canonical base64":   at(".//DigestValue", func(el *etree.Element) { el.SetText(strings.TrimRight(el.Text(), "=")) }),
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			w := signedWorld(t, idptest.SignAssertion)
			login := w.login()
			err := w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{shape: shape}), login)
			if strings.Contains(err.Error(), "no certificate verifies") {
				t.Errorf("only the signature was wrong, not the shape: %v", err)
			}
		})
	}
	// What inclusive canonicalisation is allowed with has no parameters either.
	w := newWorld(t, setup{config: func(c *saml.Config) { c.AllowInclusiveC14N = true }})
	for name, shape := range map[string]func(*etree.Element){
		"text": at(transform, text), "a list": at(transform, inclusive(func(*etree.Element) {})), "in SignedInfo": at(canonical, inclusive(func(*etree.Element) {})),
		"with comments": at(transform, func(el *etree.Element) { el.CreateAttr("Algorithm", c14n10+"#WithComments") }),
	} {
		login := w.login()
		err := w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{c14n: c14n10, shape: shape}), login)
		if strings.Contains(err.Error(), "no certificate verifies") {
			t.Errorf("%s: only the signature was wrong, not the shape: %v", name, err)
		}
	}
}

// TestAttackPlaintext: what stands inside of an encrypted assertion is held to all that stands outside, although a good
// signature of the Response is around it (rule R3).
func TestAttackPlaintext(t *testing.T) {
	w := sealedWorld(t, idptest.Encryption{Cipher: idptest.CipherGCM256}, idptest.SignResponse, nil)
	sp := idptest.SP{EntityID: entityID, EncryptionCertificate: readCert(t, strings.TrimPrefix(string(w.config.Decryption.Certificate), "file:"))}
	for name, inner := range map[string]func(*etree.Element) *etree.Element{
		"as it is":          func(a *etree.Element) *etree.Element { return a },
		"another element":   func(a *etree.Element) *etree.Element { a.Tag = "Evidence"; return a },
		"lower case":        func(a *etree.Element) *etree.Element { a.Tag = "assertion"; return a },
		"another namespace": func(a *etree.Element) *etree.Element { a.Space = ""; a.CreateAttr("xmlns", "urn:x"); return a },
		"an ID twice": func(a *etree.Element) *etree.Element {
			a.FindElement(".//AttributeValue").CreateAttr("ID", a.SelectAttrValue("ID", ""))
			return a
		},
		"a prefixed ID": func(a *etree.Element) *etree.Element { a.CreateAttr("saml:ID", "_x"); return a },
		"no ID":         func(a *etree.Element) *etree.Element { a.RemoveAttr("ID"); return a },
		"an odd ID":     func(a *etree.Element) *etree.Element { a.CreateAttr("ID", "1 2"); return a },
		"an assertion inside": func(a *etree.Element) *etree.Element {
			other := a.Copy()
			other.CreateAttr("ID", "_other")
			a.CreateElement("saml:Advice").AddChild(other)
			return a
		},
		"encrypted inside": func(a *etree.Element) *etree.Element {
			a.CreateElement("saml:Advice").CreateElement("saml:EncryptedAssertion")
			return a
		},
		"a stray signature": func(a *etree.Element) *etree.Element {
			a.CreateElement("saml:Advice").CreateElement("saml:Signature")
			return a
		},
		"a broken signature": func(a *etree.Element) *etree.Element {
			a.InsertChildAt(1, fragment(t, `<ds:Signature xmlns:ds="`+xmldsig+`"/>`))
			return a
		},
		"a comment": func(a *etree.Element) *etree.Element { a.CreateComment("x"); return a },
		"a doctype": func(a *etree.Element) *etree.Element { a.AddChild(etree.NewDirective("DOCTYPE x")); return a },
	} {
		login := w.login()
		document := w.mint(login, idptest.Hooks{BeforeEncrypting: func(doc *etree.Document) {
			assertion := find(t, doc, "//Assertion")
			doc.Root().RemoveChild(assertion)
			el, err := idptest.Encryption{Cipher: idptest.CipherGCM256}.Encrypt(inner(assertion), sp)
			if err != nil {
				t.Fatal(err)
			}
			doc.Root().AddChild(el)
		}})
		if name == "as it is" {
			w.accept(document, login)
			continue
		}
		t.Log(name)
		err := w.refuse(bridge.CodeAnswerRejected, document, login)
		if strings.Contains(err.Error(), "no certificate verifies") {
			t.Errorf("only the signature was wrong: %v", err)
		}
	}
}
