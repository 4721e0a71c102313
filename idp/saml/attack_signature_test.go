package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestAttackStraySignature: one more signature, at every place where the message has room for it. All that stand in a
// message must be ones that were verified (threats S11, S16).
func TestAttackStraySignature(t *testing.T) {
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
		w := signedWorld(t, sign)
		login := w.login()
		good := w.mint(login, idptest.Hooks{})
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(good); err != nil {
			t.Fatal(err)
		}
		for _, path := range places(doc.Root()) {
			for name, stray := range map[string]func(*etree.Element) *etree.Element{
				"a copy":       func(sig *etree.Element) *etree.Element { return sig.Copy() },
				"an empty one": func(*etree.Element) *etree.Element { return fragment(t, `<ds:Signature xmlns:ds="`+xmldsig+`"/>`) },
				"a look-alike": func(*etree.Element) *etree.Element { return fragment(t, `<Signature xmlns="urn:x"/>`) },
				"a copy as object": func(sig *etree.Element) *etree.Element {
					el := etree.NewElement("x")
					el.AddChild(sig.Copy())
					return el
				},
			} {
				changed := edited(t, good, func(doc *etree.Document) {
					follow(doc.Root(), path).AddChild(stray(find(t, doc, "//Signature")))
				})
				id, proof, err := w.finish(changed, login)
				w.checkRefused(bridge.CodeOf(err), id, proof, err)
				if code := bridge.CodeOf(err); code != bridge.CodeAnswerRejected && code != bridge.CodeAnswerMalformed {
					t.Errorf("%s signed, %s in %v: %v", sign, name, path, err)
				}
			}
		}
		// And where the provider itself signed it along.
		for name, where := range map[string]string{
			"a value": "//AttributeValue", "the status": "/Response/Status", "the subject": "//SubjectConfirmationData", "the response": "/Response",
		} {
			err := w.refuse(bridge.CodeAnswerRejected, w.mint(login, before(func(doc *etree.Document) {
				find(t, doc, where).AddChild(fragment(t, `<ds:Signature xmlns:ds="`+xmldsig+`"/>`))
			})), login)
			t.Log(name, err)
		}
		w.accept(good, login)
	}
}

// TestAttackLookAlikeCertificate: a stranger's certificate that says of itself all that the pinned one says, beside a
// signature by its key. It isn't the key (threat S19).
func TestAttackLookAlikeCertificate(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	real, stranger := w.idp.Certificate(), w.idp.Stranger().Key
	template := &x509.Certificate{
		SerialNumber: real.SerialNumber, Subject: real.Subject, Issuer: real.Issuer, NotBefore: real.NotBefore, NotAfter: real.NotAfter,
		SubjectKeyId: real.SubjectKeyId, AuthorityKeyId: real.AuthorityKeyId, KeyUsage: real.KeyUsage,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, stranger.Public(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(der []byte) string { return "<ds:X509Certificate>" + base64Of(der) + "</ds:X509Certificate>" }
	for name, data := range map[string]string{
		"look-alike": certificate(der), "before the real one": certificate(der) + certificate(real.Raw),
		"behind the real one": certificate(real.Raw) + certificate(der), "the real one": certificate(real.Raw),
		"issuer and serial": fmt.Sprintf("<ds:X509IssuerSerial><ds:X509IssuerName>%s</ds:X509IssuerName><ds:X509SerialNumber>%s</ds:X509SerialNumber></ds:X509IssuerSerial>",
			real.Issuer, real.SerialNumber) + certificate(der),
		"name": "<ds:X509SubjectName>" + real.Subject.String() + "</ds:X509SubjectName>" + certificate(der),
	} {
		t.Run(name, func(t *testing.T) {
			add := func(sig *etree.Element) {
				sig.AddChild(fragment(t, `<f xmlns:ds="`+xmldsig+`"><ds:KeyInfo><ds:X509Data>`+data+`</ds:X509Data></ds:KeyInfo></f>`).ChildElements()[0].Copy())
			}
			for _, element := range []string{"Assertion", "Response"} {
				login := w.login()
				document := w.mint(login, idptest.Hooks{})
				if element == "Response" { // or its good one would stand beside
					document = edited(t, document, func(doc *etree.Document) {
						a := find(t, doc, "//Assertion")
						a.RemoveChild(a.SelectElement("Signature"))
					})
				}
				w.refuse(bridge.CodeAnswerRejected, resign(t, w, document, resigning{element: element, after: add, key: stranger}), login)
			}
		})
	}
}

// TestAttackOtherSpelling: whoever rewrites a signature, which ECDSA allows without the key, or wraps the same assertion
// anew, has the same answer in hands, and that was used (threat P10).
func TestAttackOtherSpelling(t *testing.T) {
	key := newECKey(t)
	w := newWorld(t, setup{})
	w.config.Certificates = []string{"file:" + w.file("pin.pem", pemOf(selfSigned(t, key, time.Now())))}
	w.open()
	login := w.login()
	plain := w.mint(login, idptest.Hooks{})
	how := resigning{method: more + "ecdsa-sha256", hash: crypto.SHA256, key: key}
	signed := resign(t, w, plain, how)
	w.accept(signed, login)

	negated := edited(t, signed, func(doc *etree.Document) {
		value := find(t, doc, "//SignatureValue")
		raw := unbase64(t, value.Text())
		half := len(raw) / 2
		s := new(big.Int).SetBytes(raw[half:])
		s.Sub(key.Params().N, s).FillBytes(raw[half:])
		value.SetText(base64Of(raw))
	})
	for name, document := range map[string][]byte{
		"the same": signed, "s negated": negated, "signed anew": resign(t, w, plain, how),
		"a signed response around": resign(t, w, signed, resigning{element: "Response", method: how.method, hash: how.hash, key: key}),
		"another content under its ID": resign(t, w, edited(t, plain, func(doc *etree.Document) {
			find(t, doc, "//NameID").SetText("bob-0002")
		}), how),
	} {
		err := w.refuse(bridge.CodeAnswerRejected, document, login)
		if err == nil || err.Error() != "answer-rejected: used before" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
