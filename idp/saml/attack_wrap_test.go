package saml_test

import (
	"fmt"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// forgeryOf copies a signed element and makes it speak of the intruder.
func forgeryOf(signed *etree.Element, keepID, keepSignature bool) *etree.Element {
	forged := signed.Copy()
	if signature := forged.SelectElement("Signature"); signature != nil && !keepSignature {
		forged.RemoveChild(signature)
	}
	for _, el := range append(forged.FindElements(".//Assertion"), forged) {
		if !keepID {
			el.CreateAttr("ID", "_forged-"+el.SelectAttrValue("ID", "")[:16])
		}
	}
	for _, path := range []string{".//NameID", ".//AttributeValue"} {
		for _, el := range forged.FindElements(path) {
			el.SetText(idptest.Intruder)
		}
	}
	return forged
}

// places are all elements of a document, by their paths from the root.
func places(el *etree.Element) [][]int {
	all := [][]int{{}}
	for i, child := range el.ChildElements() {
		for _, below := range places(child) {
			all = append(all, append([]int{i}, below...))
		}
	}
	return all
}

func follow(el *etree.Element, path []int) *etree.Element {
	for _, i := range path {
		el = el.ChildElements()[i]
	}
	return el
}

// TestAttackWrapping goes beyond the eight known ways of signature wrapping: a forged element at every place of a document
// whose signed one is unharmed, and the signed one at every place of a forged one that took its own; with the signed
// one's ID or another, with a copy of its signature or without (threats S1, S9, S10, S11).
func TestAttackWrapping(t *testing.T) {
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignBoth, idptest.SignResponse} {
		w := signedWorld(t, sign)
		login := w.login()
		good := w.mint(login, idptest.Hooks{})
		tried := 0
		try := func(name string, change func(root *etree.Element) *etree.Element) {
			doc := etree.NewDocument()
			if err := doc.ReadFromBytes(good); err != nil {
				t.Fatal(err)
			}
			root := doc.Root()
			doc.SetRoot(change(root))
			out, err := doc.WriteToBytes()
			if err != nil {
				t.Fatal(err)
			}
			id, proof, err := w.finish(out, login)
			if code := bridge.CodeOf(err); code != bridge.CodeAnswerRejected && code != bridge.CodeAnswerMalformed {
				t.Errorf("%s signed, %s: %v", sign, name, err)
			}
			w.checkRefused(bridge.CodeOf(err), id, proof, err)
			tried++
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(good); err != nil {
			t.Fatal(err)
		}
		forgeries := [][2]bool{{false, false}, {true, true}}
		if sign == idptest.SignAssertion {
			forgeries = append(forgeries, [2]bool{true, false}, [2]bool{false, true})
		}
		for _, how := range forgeries {
			forge := func(el *etree.Element) *etree.Element { return forgeryOf(el, how[0], how[1]) }
			for _, path := range places(doc.Root()) {
				at := fmt.Sprint(how, path)
				try("forged assertion first in "+at, func(root *etree.Element) *etree.Element {
					follow(root, path).InsertChildAt(0, forge(root.SelectElement("Assertion")))
					return root
				})
				try("forged assertion last in "+at, func(root *etree.Element) *etree.Element {
					follow(root, path).AddChild(forge(root.SelectElement("Assertion")))
					return root
				})
				try("signed response in "+at, func(root *etree.Element) *etree.Element {
					forged := forge(root)
					if el := followIn(forged, path); el != nil {
						el.AddChild(root)
					}
					return forged
				})
			}
			for _, path := range places(doc.Root().SelectElement("Assertion")) {
				try("signed assertion in "+fmt.Sprint(how, path), func(root *etree.Element) *etree.Element {
					signed := root.SelectElement("Assertion")
					forged := forge(signed)
					root.InsertChildAt(signed.Index(), forged)
					if el := followIn(forged, path); el != nil {
						el.AddChild(signed)
					}
					return root
				})
			}
		}
		if tried < 200 {
			t.Errorf("only %d documents were tried", tried)
		}
		w.accept(good, login)
	}
}

// followIn is follow for a copy that may lack the signature.
func followIn(el *etree.Element, path []int) *etree.Element {
	for _, i := range path {
		children := el.ChildElements()
		if i >= len(children) {
			return nil
		}
		el = children[i]
	}
	return el
}

// TestAttackLiesUnderEverySignature: the lies that TestLies tells of signed assertions, where the Response is signed, or
// both. A good signature on one half lends nothing to the other.
func TestAttackLiesUnderEverySignature(t *testing.T) {
	lies := map[idptest.Lie]bridge.Code{
		idptest.BadSignature: bridge.CodeAnswerRejected, idptest.StrangerKey: bridge.CodeAnswerRejected,
		idptest.KeyInfoOfStranger: bridge.CodeAnswerRejected, idptest.HMACSignature: bridge.CodeAnswerRejected,
		idptest.TwoReferences: bridge.CodeAnswerRejected, idptest.UnsignedAssertion: bridge.CodeAnswerRejected,
		idptest.SHA1Signature: bridge.CodeStrength, idptest.NestedStatus: bridge.CodeProviderRefused,
		idptest.WrongAudience: bridge.CodeAudience, idptest.MissingAudience: bridge.CodeAudience,
		idptest.WrongIssuer: bridge.CodeAnswerRejected, idptest.Expired: bridge.CodeClock, idptest.FutureDated: bridge.CodeClock,
		idptest.WrongInResponseTo: bridge.CodeLoginStale, idptest.MissingInResponseTo: bridge.CodeLoginStale,
		idptest.WrongDestination: bridge.CodeDestination, idptest.MissingDestination: bridge.CodeDestination,
		idptest.WrongRecipient: bridge.CodeDestination, idptest.NotBearer: bridge.CodeAnswerRejected,
		idptest.TwoAssertions: bridge.CodeAnswerRejected, idptest.NoNameID: bridge.CodeSubjectMissing,
		idptest.CommentInNameID: bridge.CodeAnswerMalformed, idptest.DoctypeEntity: bridge.CodeAnswerMalformed,
	}
	for _, lie := range idptest.WrappedSignatures {
		lies[lie] = bridge.CodeAnswerRejected
	}
	for _, sign := range []idptest.Signs{idptest.SignResponse, idptest.SignBoth} {
		for lie, code := range lies {
			t.Run(string(sign)+" "+string(lie), func(t *testing.T) {
				w := signedWorld(t, sign)
				defer w.idp.Lie()
				w.idp.Lie(lie)
				login := w.login()
				w.refuse(code, w.mint(login, idptest.Hooks{}), login)
			})
		}
	}
}

// TestAttackHalfSigned spoils one of two signatures: both must hold, although either alone would do.
func TestAttackHalfSigned(t *testing.T) {
	stranger := plainIDP(t).Stranger().Key
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	w.accept(resign(t, w, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{}), resigning{element: "Response"}), login)
	for _, element := range []string{"Response", "Assertion"} {
		for name, how := range map[string]resigning{
			"by a stranger": {key: stranger}, "a bit": {value: func(raw []byte) []byte { raw[7] ^= 1; return raw }},
			"nothing": {value: func([]byte) []byte { return nil }}, "other shape": {after: func(sig *etree.Element) { sig.CreateElement("ds:Object") }},
			"other digest": {shape: func(sig *etree.Element) { sig.FindElement(".//DigestValue").SetText(base64Of(make([]byte, 32))) }},
		} {
			t.Run(element+" "+name, func(t *testing.T) {
				w := signedWorld(t, idptest.SignAssertion)
				login := w.login()
				how.element = element
				document := w.mint(login, idptest.Hooks{})
				if element == "Assertion" {
					document = resign(t, w, resign(t, w, document, how), resigning{element: "Response"})
				} else {
					document = resign(t, w, document, how)
				}
				w.refuse(bridge.CodeAnswerRejected, document, login)
			})
		}
	}
}
