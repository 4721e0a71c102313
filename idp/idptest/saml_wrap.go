package idptest

import (
	"encoding/base64"

	"github.com/beevik/etree"
)

// Signature wrapping: what was signed stays in the document, unharmed, where nobody reads, and what is read is forged.
// The variants are those of "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), numbered as SAML
// Raider does.

// forge copies a signed element without its signature, and makes it speak of the intruder under another ID.
func forge(el *etree.Element) *etree.Element {
	forged := el.Copy()
	if signature := forged.SelectElement("Signature"); signature != nil {
		forged.RemoveChild(signature)
	}
	for _, id := range append(forged.FindElements(".//Assertion"), forged) {
		id.CreateAttr("ID", newID())
	}
	for _, name := range forged.FindElements(".//NameID") {
		name.SetText(Intruder)
	}
	for _, value := range forged.FindElements(".//AttributeValue") {
		value.SetText(Intruder)
	}
	return forged
}

// detach takes the signature out of an element.
func detach(el *etree.Element) *etree.Element {
	signature := el.SelectElement("Signature")
	if signature != nil {
		el.RemoveChild(signature)
	}
	return signature
}

// adopt puts a signature into an element, after its Issuer.
func adopt(el, signature *etree.Element) {
	el.InsertChildAt(el.SelectElement("Issuer").Index()+1, signature)
}

// wrapAssertion is variants 3 to 8, on a signed assertion.
func wrapAssertion(doc *etree.Document, lies told) {
	root := doc.Root()
	signed := root.SelectElement("Assertion")
	if signed == nil || signed.SelectElement("Signature") == nil {
		return
	}
	at := signed.Index()
	switch {
	case lies[WrappedSignature3]:
		root.InsertChildAt(at, forge(signed))
	case lies[WrappedSignature4]:
		forged := forge(signed)
		root.RemoveChild(signed)
		forged.AddChild(signed)
		root.InsertChildAt(at, forged)
	case lies[WrappedSignature5]:
		forged := forge(signed)
		adopt(forged, detach(signed))
		root.InsertChildAt(at, forged)
	case lies[WrappedSignature6]:
		wrapIn(root, signed, func(signature *etree.Element) *etree.Element { return signature })
	case lies[WrappedSignature7]:
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(forge(signed))
		root.InsertChildAt(root.SelectElement("Issuer").Index()+1, extensions)
	case lies[WrappedSignature8]:
		wrapIn(root, signed, func(signature *etree.Element) *etree.Element { return signature.CreateElement("ds:Object") })
	}
}

// wrapIn replaces the signed assertion by a forged one, whose signature holds the signed one somewhere.
func wrapIn(root, signed *etree.Element, where func(signature *etree.Element) *etree.Element) {
	at := signed.Index()
	forged := forge(signed)
	signature := detach(signed)
	root.RemoveChild(signed)
	where(signature).AddChild(signed)
	adopt(forged, signature)
	root.InsertChildAt(at, forged)
}

// wrapResponse is variants 1 and 2, on a signed response.
func wrapResponse(doc *etree.Document, lies told) {
	signed := doc.Root()
	if (!lies[WrappedSignature1] && !lies[WrappedSignature2]) || signed.SelectElement("Signature") == nil {
		return
	}
	forged := forge(signed)
	signature := detach(signed)
	doc.SetRoot(forged)
	adopt(forged, signature)
	if lies[WrappedSignature1] {
		signature.AddChild(signed)
	} else {
		forged.InsertChildAt(signature.Index(), signed)
	}
}

// lieAfterSigning tells the lies that are changes of a signed document.
func (d *draft) lieAfterSigning(doc *etree.Document) {
	if d.lies[CommentInNameID] {
		for _, name := range doc.FindElements("//NameID") {
			text := name.Text()
			half := len(text) / 2
			name.SetText("")
			name.CreateText(text[:half])
			name.CreateComment(" ")
			name.CreateText(text[half:])
		}
	}
	if d.lies[BadSignature] {
		for _, value := range doc.FindElements("//SignatureValue") {
			raw, err := base64.StdEncoding.DecodeString(value.Text())
			if err != nil || len(raw) == 0 {
				continue
			}
			raw[len(raw)/2] ^= 1
			value.SetText(base64.StdEncoding.EncodeToString(raw))
		}
	}
}
