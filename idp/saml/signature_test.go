package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

const (
	rsaSHA1   = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	more      = "http://www.w3.org/2001/04/xmldsig-more#"
	sha1URI   = "http://www.w3.org/2000/09/xmldsig#sha1"
	sha384URI = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	sha512URI = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// TestAlgorithms: what is on the list verifies; what isn't doesn't, although the key is the right one (threats S17, S18).
func TestAlgorithms(t *testing.T) {
	for _, c := range []struct {
		name string
		how  resigning
		code bridge.Code
	}{
		{"rsa-sha256", resigning{}, ""},
		{"rsa-sha384", resigning{method: more + "rsa-sha384", digest: sha384URI, hash: crypto.SHA384}, ""},
		{"rsa-sha512", resigning{method: more + "rsa-sha512", digest: sha512URI, hash: crypto.SHA512}, ""},
		{"rsa-sha256 over sha512", resigning{digest: sha512URI, digestHash: crypto.SHA512}, ""},
		{"whole response", resigning{element: "Response"}, ""},
		{"rsa-sha1", resigning{method: rsaSHA1, digest: sha1URI, hash: crypto.SHA1}, bridge.CodeStrength},
		{"rsa-sha256 over sha1", resigning{digest: sha1URI, digestHash: crypto.SHA1}, bridge.CodeStrength},
		{"rsa-sha1 over sha256", resigning{method: rsaSHA1, hash: crypto.SHA1, digestHash: crypto.SHA256}, bridge.CodeStrength},
		{"rsa-md5", resigning{method: more + "rsa-md5"}, bridge.CodeStrength},
		{"md5", resigning{digest: more + "md5"}, bridge.CodeStrength},
		{"another method's name", resigning{method: more + "rsa-sha512"}, bridge.CodeAnswerRejected},
		{"ecdsa by name", resigning{method: more + "ecdsa-sha256"}, bridge.CodeAnswerRejected},
		{"hmac", resigning{method: more + "hmac-sha256"}, bridge.CodeAnswerRejected},
		{"dsa", resigning{method: "http://www.w3.org/2000/09/xmldsig#dsa-sha1"}, bridge.CodeAnswerRejected},
		{"none", resigning{method: "none"}, bridge.CodeAnswerRejected},
		{"sha224", resigning{digest: more + "sha224"}, bridge.CodeAnswerRejected},
		{"inclusive c14n", resigning{c14n: c14n10}, bridge.CodeAnswerRejected},
		{"c14n 1.1", resigning{c14n: c14n11}, bridge.CodeAnswerRejected},
		{"exclusive with comments", resigning{c14n: exclusive + "WithComments"}, bridge.CodeAnswerRejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			document := resign(t, w, w.mint(login, idptest.Hooks{}), c.how)
			if c.code == "" {
				w.accept(document, login)
				return
			}
			w.refuse(c.code, document, login)
		})
	}
}

// TestInclusiveOnRequest: the older canonicalisation works once the operator asks for it.
func TestInclusiveOnRequest(t *testing.T) {
	for _, form := range []string{c14n10, c14n11} {
		w := newWorld(t, setup{config: func(c *saml.Config) { c.AllowInclusiveC14N = true }})
		login := w.login()
		w.accept(resign(t, w, w.mint(login, idptest.Hooks{}), resigning{c14n: form}), login)
	}
}

// TestSHA1Exception: until the end of a day, and with a line in the audit log each time.
func TestSHA1Exception(t *testing.T) {
	today := time.Now().UTC().Format(time.DateOnly)
	w := newWorld(t, setup{config: func(c *saml.Config) { c.AllowSHA1Until = today }})
	how := resigning{method: rsaSHA1, digest: sha1URI, hash: crypto.SHA1}
	login := w.login()
	w.accept(resign(t, w, w.mint(login, idptest.Hooks{}), how), login)
	if !strings.Contains(w.audit.details(), "SHA-1 accepted, allow_sha1_until "+today) {
		t.Errorf("audit: %s", w.audit.details())
	}
	login = w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
	if n := strings.Count(w.audit.details(), "SHA-1"); n != 1 {
		t.Errorf("%d lines about SHA-1, want 1", n)
	}

	w.audit.fail = true
	login = w.login()
	w.refuse(bridge.CodeAuditDown, resign(t, w, w.mint(login, idptest.Hooks{}), how), login)
	w.audit.fail = false

	w.clock.advance(24 * time.Hour)
	login = w.login()
	w.refuse(bridge.CodeStrength, resign(t, w, w.mint(login, idptest.Hooks{}), how), login)

	w.config.AllowSHA1Until = time.Now().AddDate(3, 0, 0).Format(time.DateOnly)
	if _, err := w.config.Open(w.deps); err == nil {
		t.Error("an exception of three years was accepted")
	}
}

// TestECDSA: r and s side by side, of the key's own size, and nothing else (XML Signature 1.1 §6.4.3).
func TestECDSA(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, setup{})
		w.config.Certificates = []string{"file:" + w.file("pin.pem", pemOf(selfSigned(t, key, time.Now())))}
		w.open()
		how := resigning{method: more + "ecdsa-sha512", digest: sha512URI, hash: crypto.SHA512, key: key}
		login := w.login()
		w.accept(resign(t, w, w.mint(login, idptest.Hooks{}), how), login)

		for name, change := range map[string]func([]byte) []byte{
			"longer":  func(raw []byte) []byte { return append([]byte{0}, raw...) },
			"shorter": func(raw []byte) []byte { return raw[1:] },
			"zero":    func(raw []byte) []byte { return make([]byte, len(raw)) },
			"asn1":    func([]byte) []byte { sig, _ := ecdsa.SignASN1(rand.Reader, key, make([]byte, 64)); return sig },
			"swapped": func(raw []byte) []byte { return append(raw[len(raw)/2:], raw[:len(raw)/2]...) },
		} {
			how.value = change
			login := w.login()
			t.Log(curve.Params().Name, name)
			w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), how), login)
		}
		// An RSA signature doesn't become one of this key by saying so, nor the other way round.
		pair, _ := w.idp.Keys()
		login = w.login()
		w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{key: pair.Key}), login)
	}
}

// TestWeakKeys: short RSA keys and odd curves verify nothing, wherever they come from.
func TestWeakKeys(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, setup{})
	for name, pin := range map[string][]byte{
		"RSA 1024": pemOf(selfSigned(t, short, time.Now())), "P-224": pemOf(selfSigned(t, p224, time.Now())),
	} {
		w.config.Certificates = []string{"file:" + w.file("pin.pem", pin)}
		if _, err := w.config.Open(w.deps); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestShape: the provider's own key signed all of these, and each is more or less than one signature of one element
// (threats S12 to S16).
func TestShape(t *testing.T) {
	change := func(path string, do func(*etree.Element)) func(*etree.Element) {
		return func(sig *etree.Element) {
			if el := sig.FindElement(path); el != nil {
				do(el)
			} else {
				t.Errorf("no %s", path)
			}
		}
	}
	attr := func(path, name, value string) func(*etree.Element) {
		return change(path, func(el *etree.Element) { el.CreateAttr(name, value) })
	}
	add := func(path, tag string) func(*etree.Element) {
		return change(path, func(el *etree.Element) { el.CreateElement(tag) })
	}
	twice := func(path string) func(*etree.Element) {
		return change(path, func(el *etree.Element) { el.Parent().AddChild(el.Copy()) })
	}
	drop := func(path string) func(*etree.Element) {
		return change(path, func(el *etree.Element) { el.Parent().RemoveChild(el) })
	}
	reference := func(uri string) func(*etree.Element) { return attr(".//Reference", "URI", uri) }
	for name, shape := range map[string]func(*etree.Element){
		"empty reference": reference(""), "reference to all": reference("#"), "foreign reference": reference("#_other"),
		"external reference": reference("http://127.0.0.1:1/x"), "xpointer": reference("#xpointer(/)"),
		"xpointer id": func(sig *etree.Element) {
			u := sig.FindElement(".//Reference").SelectAttr("URI")
			u.Value = "#xpointer(id('" + u.Value[1:] + "'))"
		},
		"no reference URI":     change(".//Reference", func(el *etree.Element) { el.RemoveAttr("URI") }),
		"typed reference":      attr(".//Reference", "Type", "http://www.w3.org/2000/09/xmldsig#Object"),
		"prefixed URI":         attr(".//Reference", "ds:URI", "#_other"),
		"two references":       twice(".//Reference"),
		"no reference":         drop(".//Reference"),
		"two digest values":    twice(".//DigestValue"),
		"two digest methods":   twice(".//DigestMethod"),
		"no digest":            drop(".//DigestValue"),
		"digest of nothing":    change(".//DigestValue", func(el *etree.Element) { el.SetText("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=") }),
		"short digest":         change(".//DigestValue", func(el *etree.Element) { el.SetText("AAAA") }),
		"element in a digest":  add(".//DigestValue", "ds:x"),
		"digest parameters":    add(".//DigestMethod", "ds:x"),
		"mac length":           change(".//SignatureMethod", func(el *etree.Element) { el.CreateElement("ds:HMACOutputLength").SetText("8") }),
		"prefixed algorithm":   attr(".//SignatureMethod", "ds:Algorithm", more+"hmac-sha256"),
		"SignedInfo with id":   attr(".//SignedInfo", "Id", "x"),
		"text in SignedInfo":   change(".//SignedInfo", func(el *etree.Element) { el.CreateText("x") }),
		"object in SignedInfo": add(".//SignedInfo", "ds:Object"),
		"third transform":      change(".//Transforms", func(el *etree.Element) { el.AddChild(el.ChildElements()[1].Copy()) }),
		"no transforms":        drop(".//Transforms"),
		"enveloped only":       change(".//Transforms", func(el *etree.Element) { el.RemoveChild(el.ChildElements()[1]) }),
		"canonical only":       change(".//Transforms", func(el *etree.Element) { el.RemoveChild(el.ChildElements()[0]) }),
		"other order":          change(".//Transforms", func(el *etree.Element) { el.AddChild(el.ChildElements()[0]) }),
		"xslt": change(".//Transforms", func(el *etree.Element) {
			el.ChildElements()[1].CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
		}),
		"xpath": change(".//Transforms", func(el *etree.Element) {
			el.ChildElements()[0].CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
		}),
		"base64":               change(".//Transforms", func(el *etree.Element) { el.ChildElements()[1].CreateAttr("Algorithm", xmldsig+"base64") }),
		"transform parameters": change(".//Transforms", func(el *etree.Element) { el.ChildElements()[0].CreateElement("ds:XPath").SetText("1") }),
		"foreign namespaces":   change(".//Transforms", func(el *etree.Element) { el.ChildElements()[1].CreateElement("ds:InclusiveNamespaces") }),
		"second InclusiveNamespaces": change(".//Transforms", func(el *etree.Element) {
			for range 2 {
				list := el.ChildElements()[1].CreateElement("ec:InclusiveNamespaces")
				list.CreateAttr("xmlns:ec", exclusive)
				list.CreateAttr("PrefixList", "xs")
			}
		}),
		"void canonicalisation":  attr(".//CanonicalizationMethod", "Algorithm", "http://www.w3.org/2002/06/xmldsig-filter2"),
		"two canonicalisations":  twice(".//CanonicalizationMethod"),
		"no canonicalisation":    drop(".//CanonicalizationMethod"),
		"two signature methods":  twice(".//SignatureMethod"),
		"SignedInfo of another":  change(".//SignedInfo", func(el *etree.Element) { el.CreateAttr("xmlns:ds", "urn:x") }),
		"algorithm with a blank": attr(".//SignatureMethod", "Algorithm", more+"rsa-sha256 "),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			err := w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{shape: shape}), login)
			if strings.Contains(err.Error(), "no certificate verifies") {
				t.Errorf("only the signature was wrong, not the shape: %v", err)
			}
		})
	}
}

// TestAroundSignedInfo are changes that the signature doesn't cover.
func TestAroundSignedInfo(t *testing.T) {
	copyOf := func(tag string) func(*etree.Element) {
		return func(sig *etree.Element) { sig.AddChild(sig.SelectElement(tag).Copy()) }
	}
	for name, change := range map[string]func(*etree.Element){
		"two SignedInfo":        copyOf("SignedInfo"),
		"two values":            copyOf("SignatureValue"),
		"object":                func(sig *etree.Element) { sig.CreateElement("ds:Object") },
		"forged SignedInfo":     func(sig *etree.Element) { sig.InsertChildAt(0, sig.SelectElement("SignedInfo").Copy()) },
		"two KeyInfo":           func(sig *etree.Element) { sig.CreateElement("ds:KeyInfo"); sig.CreateElement("ds:KeyInfo") },
		"KeyInfo first":         func(sig *etree.Element) { sig.InsertChildAt(0, etree.NewElement("ds:KeyInfo")) },
		"element in the value":  func(sig *etree.Element) { sig.SelectElement("SignatureValue").CreateElement("ds:x") },
		"value with parameters": func(sig *etree.Element) { sig.SelectElement("SignatureValue").CreateAttr("Id", "x") },
		"no value":              func(sig *etree.Element) { sig.RemoveChild(sig.SelectElement("SignatureValue")) },
		"empty value":           func(sig *etree.Element) { sig.SelectElement("SignatureValue").SetText("") },
		"value in url alphabet": func(sig *etree.Element) { sig.SelectElement("SignatureValue").SetText("-_-_") },
		"text":                  func(sig *etree.Element) { sig.CreateText("x") },
		"attribute":             func(sig *etree.Element) { sig.CreateAttr("URI", "x") },
		"not after the Issuer":  func(sig *etree.Element) { p := sig.Parent(); p.RemoveChild(sig); p.AddChild(sig) },
		"before the Issuer":     func(sig *etree.Element) { sig.Parent().InsertChildAt(0, sig) },
		"doubled":               func(sig *etree.Element) { sig.Parent().AddChild(sig.Copy()) },
		"of another namespace":  func(sig *etree.Element) { sig.CreateAttr("xmlns:ds", "urn:x") },
		"one more in the Response": func(sig *etree.Element) {
			sig.Parent().Parent().AddChild(sig.Copy())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{after: change}), login)
		})
	}
}

// TestKeyInfoIsIgnored: whatever stands there, or nothing, the answer is as good as its signature (threat S19, rule R1).
func TestKeyInfoIsIgnored(t *testing.T) {
	w := newWorld(t, setup{})
	stranger := w.idp.Stranger()
	for name, info := range map[string]string{
		"empty": "", "name": "<ds:KeyName>corp</ds:KeyName>", "no certificate": "<ds:X509Data/>",
		"broken certificate": "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
		"a stranger's":       "<ds:X509Data><ds:X509Certificate>" + base64Of(stranger.Certificate.Raw) + "</ds:X509Certificate></ds:X509Data>",
		"a place elsewhere":  `<ds:RetrievalMethod URI="http://127.0.0.1:1/key"/>`,
		"a bare key":         "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
	} {
		t.Run(name, func(t *testing.T) {
			add := func(sig *etree.Element) {
				sig.AddChild(fragment(t, `<f xmlns:ds="`+xmldsig+`"><ds:KeyInfo>`+info+`</ds:KeyInfo></f>`).ChildElements()[0].Copy())
			}
			login := w.login()
			w.accept(resign(t, w, w.mint(login, idptest.Hooks{}), resigning{after: add}), login)
			login = w.login()
			w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{after: add, key: stranger.Key}), login)
		})
	}
}
