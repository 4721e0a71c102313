package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

const (
	xmldsig   = "http://www.w3.org/2000/09/xmldsig#"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	c14n10    = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	c14n11    = "http://www.w3.org/2006/12/xml-c14n11"
)

// resigning says how an element is signed anew, with the provider's own key: with every algorithm and in every odd form.
type resigning struct {
	element        string // Assertion (the default) or Response
	c14n           string // default exclusive
	prefixes       string
	declareOutside bool // the prefix xs is declared on the Response only
	method, digest string
	hash           crypto.Hash // default SHA-256, of both
	digestHash     crypto.Hash
	key            crypto.Signer            // default the provider's
	shape          func(sig *etree.Element) // changes SignedInfo before it is signed
	value          func(raw []byte) []byte  // changes the signature value
	after          func(sig *etree.Element) // changes the signature once it is made
}

func resign(t *testing.T, w *world, document []byte, how resigning) []byte {
	t.Helper()
	how = how.filled(w.idp)
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	el := doc.Root()
	if how.element == "Assertion" {
		el = find(t, doc, "//Assertion")
	}
	if old := el.SelectElement("Signature"); old != nil {
		el.RemoveChild(old)
	}
	if how.declareOutside {
		doc.Root().CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
		for _, value := range doc.FindElements("//AttributeValue") {
			value.RemoveAttr("xmlns:xs")
		}
	}
	sig := how.signature(t, el)
	el.InsertChildAt(el.SelectElement("Issuer").Index()+1, sig)
	info := sig.SelectElement("SignedInfo")
	raw := how.sign(t, how.canonical(t, info, ""))
	if how.value != nil {
		raw = how.value(raw)
	}
	value := etree.NewElement("ds:SignatureValue")
	value.SetText(base64.StdEncoding.EncodeToString(raw))
	sig.AddChild(value)
	if how.after != nil {
		how.after(sig)
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (how resigning) filled(provider *idptest.SAML) resigning {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&how.element, "Assertion")
	set(&how.c14n, exclusive)
	set(&how.method, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	set(&how.digest, "http://www.w3.org/2001/04/xmlenc#sha256")
	if how.hash == 0 {
		how.hash = crypto.SHA256
	}
	if how.digestHash == 0 {
		how.digestHash = how.hash
	}
	if how.key == nil {
		pair, _ := provider.Keys()
		how.key = pair.Key
	}
	return how
}

func (how resigning) signature(t *testing.T, el *etree.Element) *etree.Element {
	sum := how.digestHash.New()
	sum.Write(how.canonical(t, el, how.prefixes))
	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", xmldsig)
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", how.c14n)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", how.method)
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+el.SelectAttrValue("ID", ""))
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", enveloped)
	transform := transforms.CreateElement("ds:Transform")
	transform.CreateAttr("Algorithm", how.c14n)
	if how.prefixes != "" {
		list := transform.CreateElement("ec:InclusiveNamespaces")
		list.CreateAttr("xmlns:ec", exclusive)
		list.CreateAttr("PrefixList", how.prefixes)
	}
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", how.digest)
	ref.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	if how.shape != nil {
		how.shape(sig)
	}
	return sig
}

// canonical writes an element where it stands, in the form that the signature names.
func (how resigning) canonical(t *testing.T, el *etree.Element, prefixes string) []byte {
	t.Helper()
	context, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := etreeutils.NSDetatch(context, el)
	if err != nil {
		t.Fatal(err)
	}
	form := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes)
	switch {
	case strings.HasPrefix(how.c14n, c14n10):
		form = dsig.MakeC14N10RecCanonicalizer()
	case strings.HasPrefix(how.c14n, c14n11):
		form = dsig.MakeC14N11Canonicalizer()
	}
	out, err := form.Canonicalize(alone)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (how resigning) sign(t *testing.T, text []byte) []byte {
	t.Helper()
	sum := how.hash.New()
	sum.Write(text)
	switch key := how.key.(type) {
	case *rsa.PrivateKey:
		raw, err := rsa.SignPKCS1v15(rand.Reader, key, how.hash, sum.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, sum.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		size := (key.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	t.Fatalf("no signature by %T", how.key)
	return nil
}
