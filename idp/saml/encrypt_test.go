package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// sealedWorld is a world whose provider encrypts.
func sealedWorld(t testing.TB, how idptest.Encryption, sign idptest.Signs, change func(*saml.Config)) *world {
	t.Helper()
	return newWorld(t, setup{
		encrypt: true, config: change,
		idp: func(o *idptest.SAMLOptions) { o.Encrypt, o.Sign = how, sign },
	})
}

// TestDecrypt: what real providers send, and which settings it takes (rule R3).
func TestDecrypt(t *testing.T) {
	cbc := func(c *saml.Config) { c.Decryption.AllowCBC = true }
	sha256 := func(c *saml.Config) { c.Decryption.OAEPDigests = []string{"sha256"} }
	for _, c := range []struct {
		name   string
		how    idptest.Encryption
		change func(*saml.Config)
		hint   string // in the refusal
	}{
		{"AES-128-GCM", idptest.Encryption{Cipher: idptest.CipherGCM128}, nil, ""},
		{"AES-256-GCM", idptest.Encryption{Cipher: idptest.CipherGCM256}, nil, ""},
		{"key beside", idptest.Encryption{Cipher: idptest.CipherGCM256, KeyBeside: true}, nil, ""},
		{"AES-128-CBC", idptest.Encryption{Cipher: idptest.CipherCBC128}, nil, "decryption.allow_cbc"},
		{"AES-128-CBC allowed", idptest.Encryption{Cipher: idptest.CipherCBC128}, cbc, ""},
		{"AES-256-CBC allowed", idptest.Encryption{Cipher: idptest.CipherCBC256, KeyBeside: true}, cbc, ""},
		{"OAEP SHA-256", idptest.Encryption{Cipher: idptest.CipherGCM256, Transport: idptest.TransportOAEPSHA256}, nil, "decryption.oaep_digests"},
		{"OAEP SHA-256 allowed", idptest.Encryption{Cipher: idptest.CipherGCM256, Transport: idptest.TransportOAEPSHA256}, sha256, ""},
		{"OAEP mixed", idptest.Encryption{Cipher: idptest.CipherGCM128, Transport: idptest.TransportOAEPMixed}, nil, "decryption.oaep_digests"},
		{"OAEP mixed allowed", idptest.Encryption{Cipher: idptest.CipherGCM128, Transport: idptest.TransportOAEPMixed}, sha256, ""},
		{"OAEP SHA-1 no longer", idptest.Encryption{Cipher: idptest.CipherGCM256}, sha256, "decryption.oaep_digests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
				w := sealedWorld(t, c.how, sign, c.change)
				login := w.login()
				document := w.mint(login, idptest.Hooks{})
				if !strings.Contains(string(document), "EncryptedAssertion") || strings.Contains(string(document), "alice") {
					t.Fatal("the document is not encrypted")
				}
				if c.hint != "" {
					err := w.refuse(bridge.CodeEncryption, document, login)
					if _, _, detail := bridge.Explain(err); !strings.Contains(detail, c.hint) {
						t.Errorf("detail %q doesn't name %s", detail, c.hint)
					}
					continue
				}
				id, proof := w.accept(document, login)
				if id.Subject != "alice-0001" || !proof.Encrypted {
					t.Errorf("signed %q: subject %q, encrypted %v", sign, id.Subject, proof.Encrypted)
				}
			}
		})
	}
}

// TestDecryptionOff: without a key an encrypted answer is refused, with the way out.
func TestDecryptionOff(t *testing.T) {
	w := sealedWorld(t, idptest.Encryption{Cipher: idptest.CipherGCM256}, idptest.SignBoth,
		func(c *saml.Config) { c.Decryption = saml.Decryption{} })
	login := w.login()
	w.refuse(bridge.CodeEncryption, w.mint(login, idptest.Hooks{}), login)
}

// TestEncryptedAndWrong: encryption hides nothing from the checks (threats S10, S23). Only decryption itself shares the
// one code; what is found inside of a readable assertion has its own.
func TestEncryptedAndWrong(t *testing.T) {
	for lie, code := range map[idptest.Lie]bridge.Code{
		idptest.UnsignedAssertion: bridge.CodeAnswerRejected, idptest.TwoAssertions: bridge.CodeAnswerRejected,
		idptest.StrangerKey: bridge.CodeAnswerRejected, idptest.WrongAudience: bridge.CodeAudience,
		idptest.Expired: bridge.CodeClock, idptest.SHA1Signature: bridge.CodeStrength,
		idptest.WrongRecipient: bridge.CodeDestination, idptest.WrappedSignature4: bridge.CodeAnswerRejected,
		idptest.WrappedSignature6: bridge.CodeAnswerRejected, idptest.WrappedSignature8: bridge.CodeAnswerRejected,
	} {
		t.Run(string(lie), func(t *testing.T) {
			w := sealedWorld(t, idptest.Encryption{Cipher: idptest.CipherGCM256}, idptest.SignAssertion, nil)
			w.idp.Lie(lie)
			login := w.login()
			w.refuse(code, w.mint(login, idptest.Hooks{}), login)
		})
	}
}

// TestCiphertext: whatever is done to an encrypted assertion ends in one code with one text (threat S24).
func TestCiphertext(t *testing.T) {
	spoil := func(path string, at int) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) {
			value := find(t, doc, path+"/CipherData/CipherValue")
			raw := unbase64(t, value.Text())
			raw[(at+len(raw))%len(raw)] ^= 0x55
			value.SetText(base64Of(raw))
		}
	}
	put := func(path, text string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { find(t, doc, path).SetText(text) }
	}
	drop := func(path string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { el := find(t, doc, path); el.Parent().RemoveChild(el) }
	}
	again := func(path string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { el := find(t, doc, path); el.Parent().AddChild(el.Copy()) }
	}
	const data, key = "//EncryptedData", "//EncryptedKey"
	for name, change := range map[string]func(*testing.T, *etree.Document){
		"first byte of data": spoil(data, 0), "nonce": spoil(data, 5), "body": spoil(data, 500), "tag": spoil(data, -1),
		"last block": spoil(data, -17), "first byte of key": spoil(key, 0), "last byte of key": spoil(key, -1),
		"no data": put(data+"/CipherData/CipherValue", ""), "no key": put(key+"/CipherData/CipherValue", ""),
		"a short key": put(key+"/CipherData/CipherValue", "AAAA"), "short data": put(data+"/CipherData/CipherValue", "AAAA"),
		"not base64": put(data+"/CipherData/CipherValue", "%%%"), "url base64": put(key+"/CipherData/CipherValue", "-_-_"),
		"one block":           put(data+"/CipherData/CipherValue", base64Of(make([]byte, 16))),
		"no CipherData":       drop(data + "/CipherData"),
		"no CipherValue":      drop(data + "/CipherData/CipherValue"),
		"two CipherValue":     again(data + "/CipherData/CipherValue"),
		"no KeyInfo":          drop(data + "/KeyInfo"),
		"no EncryptedKey":     drop(key),
		"two EncryptedKey":    again(key),
		"no EncryptionMethod": drop(data + "/EncryptionMethod"),
		"no key method":       drop(key + "/EncryptionMethod"),
		"no EncryptedData":    drop(data),
		"two EncryptedData":   again(data),
		"two encrypted":       again("//EncryptedAssertion"),
		"reference": func(t *testing.T, doc *etree.Document) {
			find(t, doc, data+"/CipherData/CipherValue").Tag = "CipherReference"
		},
		"element in the value": func(t *testing.T, doc *etree.Document) {
			find(t, doc, data+"/CipherData/CipherValue").CreateElement("xenc:x")
		},
		"a key elsewhere": func(t *testing.T, doc *etree.Document) {
			find(t, doc, data+"/KeyInfo").CreateElement("ds:RetrievalMethod").CreateAttr("URI", "http://127.0.0.1:1/key")
		},
		"deeper": func(t *testing.T, doc *etree.Document) {
			el := find(t, doc, "//EncryptedAssertion")
			doc.Root().CreateElement("samlp:Extensions").AddChild(el)
		},
	} {
		for cipher, allow := range map[idptest.Cipher]bool{idptest.CipherGCM256: false, idptest.CipherCBC128: true} {
			t.Run(name+" "+string(cipher)[len(cipher)-10:], func(t *testing.T) {
				w := sealedWorldOf(t, cipher, allow)
				login := w.login()
				err := w.refuse(bridge.CodeAnswerRejected, w.mint(login, after(func(doc *etree.Document) { change(t, doc) })), login)
				if _, _, detail := bridge.Explain(err); detail != "" {
					t.Errorf("detail %q", detail)
				}
			})
		}
	}
}

var sealedIDPs = map[idptest.Cipher]*idptest.SAML{}

// sealedWorldOf is a sealed world whose provider is made once.
func sealedWorldOf(t *testing.T, cipher idptest.Cipher, allowCBC bool) *world {
	t.Helper()
	w := newWorld(t, setup{encrypt: true, config: func(c *saml.Config) { c.Decryption.AllowCBC = allowCBC }})
	path := strings.TrimPrefix(string(w.config.Decryption.Certificate), "file:")
	sp := idptest.SP{EntityID: entityID, ACS: []string{acs}, EncryptionCertificate: readCert(t, path)}
	if sealedIDPs[cipher] == nil {
		sealedIDPs[cipher] = newIDP(t, idptest.SAMLOptions{
			URL: "https://idp.example.com", People: []idptest.Person{alice}, Encrypt: idptest.Encryption{Cipher: cipher},
		})
	}
	w.idp = sealedIDPs[cipher]
	w.idp.AddSP(sp)
	w.config.Metadata = "file:" + w.file("idp.xml", w.idp.Metadata())
	w.open()
	return w
}

// TestPlaintext: what was encrypted is hostile too, and starts at the first check (rule R3).
func TestPlaintext(t *testing.T) {
	for name, inner := range map[string]func(*etree.Element) *etree.Element{
		"something else":      func(*etree.Element) *etree.Element { return etree.NewElement("x") },
		"a response":          func(a *etree.Element) *etree.Element { el := etree.NewElement("Response"); el.AddChild(a); return el },
		"a comment":           func(a *etree.Element) *etree.Element { a.CreateComment("x"); return a },
		"an instruction":      func(a *etree.Element) *etree.Element { a.CreateProcInst("x", "y"); return a },
		"another namespace":   func(a *etree.Element) *etree.Element { a.CreateAttr("xmlns:saml", "urn:x"); return a },
		"undeclared prefixes": func(a *etree.Element) *etree.Element { a.RemoveAttr("xmlns:saml"); return a },
		"an assertion inside": func(a *etree.Element) *etree.Element { a.AddChild(a.Copy()); return a },
		"encrypted inside":    func(a *etree.Element) *etree.Element { a.CreateElement("saml:EncryptedAssertion"); return a },
		"too deep": func(a *etree.Element) *etree.Element {
			at := a
			for range 40 {
				at = at.CreateElement("saml:x")
			}
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := sealedWorldOf(t, idptest.CipherGCM256, false)
			login := w.login()
			how := idptest.Hooks{BeforeEncrypting: func(doc *etree.Document) {
				sp := idptest.SP{EntityID: entityID, EncryptionCertificate: readCert(t, strings.TrimPrefix(string(w.config.Decryption.Certificate), "file:"))}
				assertion := find(t, doc, "//Assertion")
				doc.Root().RemoveChild(assertion)
				el, err := idptest.Encryption{Cipher: idptest.CipherGCM256}.Encrypt(inner(assertion), sp)
				if err != nil {
					t.Fatal(err)
				}
				doc.Root().AddChild(el)
			}}
			w.refuse(bridge.CodeAnswerRejected, w.mint(login, how), login)
		})
	}
}

// TestKeyTransport: PKCS #1 v1.5, and parameters that nobody sends, are refused by name.
func TestKeyTransport(t *testing.T) {
	set := func(algorithm string) func(*etree.Element) {
		return func(method *etree.Element) { method.CreateAttr("Algorithm", algorithm) }
	}
	for name, change := range map[string]func(*etree.Element){
		"PKCS #1 v1.5": set("http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
		"key wrap":     set("http://www.w3.org/2001/04/xmlenc#kw-aes128"),
		"nothing":      set(""),
		"MD5":          func(m *etree.Element) { m.SelectElement("DigestMethod").CreateAttr("Algorithm", more+"md5") },
		"parameters":   func(m *etree.Element) { m.CreateElement("xenc:OAEPparams").SetText("AAAA") },
		"mask for the old one": func(m *etree.Element) {
			mask := m.CreateElement("x:MGF")
			mask.CreateAttr("xmlns:x", "http://www.w3.org/2009/xmlenc11#")
			mask.CreateAttr("Algorithm", "http://www.w3.org/2009/xmlenc11#mgf1sha512")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := sealedWorldOf(t, idptest.CipherGCM256, false)
			login := w.login()
			document := w.mint(login, after(func(doc *etree.Document) { change(find(t, doc, "//EncryptedKey/EncryptionMethod")) }))
			w.refuse(bridge.CodeEncryption, document, login)
		})
	}
	t.Run("3DES", func(t *testing.T) {
		w := sealedWorldOf(t, idptest.CipherGCM256, true)
		login := w.login()
		w.refuse(bridge.CodeEncryption, w.mint(login, after(func(doc *etree.Document) {
			find(t, doc, "//EncryptedData/EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")
		})), login)
	})
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := decode64(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
