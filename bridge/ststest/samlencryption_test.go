package ststest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"github.com/beevik/etree"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// The key pairs that an account's owner made: one is in IAM and stays, one will take over.
var decryptionKey = sync.OnceValue(newIdP)
var nextKey = sync.OnceValue(newIdP)

func (p *samlIdP) privateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

const corpUUID = "ABCDEFGHIJKLMNOPQRSTUV"

// encrypting turns the provider into one with private keys.
func (w *world) encrypting(mode string, keys ...*samlIdP) {
	w.t.Helper()
	p := ststest.SAMLProvider{ARN: corpARN, Metadata: w.idp.metadata(), UUID: corpUUID, Encryption: mode}
	for _, key := range keys {
		p.PrivateKeys = append(p.PrivateKeys, key.privateKey())
	}
	if err := w.aws.AddSAMLProvider(p); err != nil {
		w.t.Fatal(err)
	}
}

// sealed replaces the signed assertion by an encrypted one.
func (w *world) sealed(e idptest.Encryption, to *samlIdP) func(*etree.Element) {
	return func(response *etree.Element) {
		assertion := response.SelectElement("Assertion")
		response.AddChild(w.seal(e, to, w.standing(assertion)))
		response.RemoveChild(assertion)
	}
}

func (w *world) seal(e idptest.Encryption, to *samlIdP, el *etree.Element) *etree.Element {
	w.t.Helper()
	certificate, err := x509.ParseCertificate(to.certificate)
	if err != nil {
		w.t.Fatal(err)
	}
	encrypted, err := e.Encrypt(el, idptest.SP{EncryptionCertificate: certificate})
	if err != nil {
		w.t.Fatal(err)
	}
	return encrypted
}

// standing gives an element the namespaces that it was given from above, so that it can stand alone.
func (w *world) standing(e *etree.Element) *etree.Element {
	w.t.Helper()
	context, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		w.t.Fatal(err)
	}
	alone, err := etreeutils.NSDetatch(context, e)
	if err != nil {
		w.t.Fatal(err)
	}
	return alone
}

var gcm = idptest.Encryption{Cipher: idptest.CipherGCM256}

func TestEncryptedAssertion(t *testing.T) {
	w := newWorld(t)
	w.encrypting("Required", nextKey(), decryptionKey())
	for _, cipher := range []idptest.Cipher{idptest.CipherCBC128, idptest.CipherCBC256, idptest.CipherGCM128, idptest.CipherGCM256} {
		for _, transport := range []idptest.Transport{idptest.TransportOAEPSHA1, idptest.TransportOAEPSHA256, idptest.TransportOAEPMixed} {
			e := idptest.Encryption{Cipher: cipher, Transport: transport, KeyBeside: cipher == idptest.CipherGCM128}
			a := w.post(w.samlForm(w.response(samlSpec{after: w.sealed(e, decryptionKey())})))
			if a.status != 200 || !strings.Contains(a.body, "assumed-role/Dev/ada@example.com") {
				t.Errorf("%s %s: %d %s", cipher, transport, a.status, a.message)
			}
		}
	}
}

// TestAssertionEncryptionMode: Allowed takes both, Required encrypted ones alone, and without a key nothing is decrypted.
func TestAssertionEncryptionMode(t *testing.T) {
	unreadable := refusal{400, "InvalidIdentityToken", "Invalid SAMLResponse"}
	w := newWorld(t)
	encrypted := func() string { return w.response(samlSpec{after: w.sealed(gcm, decryptionKey())}) }
	w.refused(t, w.post(w.samlForm(encrypted())), unreadable)
	w.encrypting("Allowed", decryptionKey())
	for _, response := range []string{encrypted(), w.response(samlSpec{})} {
		if a := w.post(w.samlForm(response)); a.status != 200 {
			t.Errorf("Allowed: %d %s", a.status, a.message)
		}
	}
	w.encrypting("Required", decryptionKey())
	if a := w.post(w.samlForm(encrypted())); a.status != 200 {
		t.Errorf("Required: %d %s", a.status, a.message)
	}
	w.refused(t, w.post(w.samlForm(w.response(samlSpec{}))), unreadable)
	w.encrypting("Required", nextKey())
	w.refused(t, w.post(w.samlForm(encrypted())), unreadable)
}

// TestEncryptedHostile: what is inside is held to all that a plain one is held to, and to standing alone.
func TestEncryptedHostile(t *testing.T) {
	w := newWorld(t)
	w.encrypting("Allowed", decryptionKey())
	inside := func(change func(*etree.Element)) func(*etree.Element) {
		return func(response *etree.Element) {
			assertion := response.SelectElement("Assertion")
			alone := w.standing(assertion)
			change(alone)
			response.AddChild(w.seal(gcm, decryptionKey(), alone))
			response.RemoveChild(assertion)
		}
	}
	outside := func(change func(response, encrypted *etree.Element)) func(*etree.Element) {
		return func(response *etree.Element) {
			w.sealed(gcm, decryptionKey())(response)
			change(response, response.SelectElement("EncryptedAssertion"))
		}
	}
	method := func(path, algorithm string) func(*etree.Element) {
		return outside(func(_, e *etree.Element) { e.FindElement(path).CreateAttr("Algorithm", algorithm) })
	}
	const unreadable, unsigned = "Invalid SAMLResponse", "Response signature invalid"
	cases := map[string]struct {
		spec samlSpec
		says string
	}{
		"not signed":              {samlSpec{unsigned: true, after: w.sealed(gcm, decryptionKey())}, unsigned},
		"by another key":          {samlSpec{idp: otherIdP(), after: w.sealed(gcm, decryptionKey())}, unsigned},
		"changed before":          {samlSpec{after: inside(func(a *etree.Element) { a.SelectElement("Issuer").SetText("https://evil.example") })}, unsigned},
		"for another":             {samlSpec{after: w.sealed(gcm, otherIdP())}, unreadable},
		"one inside of it":        {samlSpec{after: inside(func(a *etree.Element) { a.CreateElement("saml:Advice").AddChild(a.Copy()) })}, unreadable},
		"sealed twice":            {samlSpec{after: inside(func(a *etree.Element) { a.AddChild(w.seal(gcm, decryptionKey(), a)) })}, unreadable},
		"something else":          {samlSpec{after: inside(func(a *etree.Element) { a.Tag = "Response" })}, unreadable},
		"comment inside":          {samlSpec{after: inside(func(a *etree.Element) { a.CreateComment("x") })}, unreadable},
		"two of them":             {samlSpec{after: outside(func(r, e *etree.Element) { r.AddChild(e.Copy()) })}, unreadable},
		"a plain one beside":      {samlSpec{after: outside(func(r, e *etree.Element) { r.CreateElement("saml:Assertion") })}, unreadable},
		"no data":                 {samlSpec{after: outside(func(_, e *etree.Element) { e.RemoveChild(e.SelectElement("EncryptedData")) })}, unreadable},
		"two keys":                {samlSpec{after: outside(func(_, e *etree.Element) { e.AddChild(e.FindElement(".//EncryptedKey").Copy()) })}, unreadable},
		"PKCS #1 v1.5":            {samlSpec{after: method(".//EncryptedKey/EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#rsa-1_5")}, unreadable},
		"Triple DES":              {samlSpec{after: method("./EncryptedData/EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")}, unreadable},
		"read as CBC":             {samlSpec{after: method("./EncryptedData/EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#aes256-cbc")}, unreadable},
		"read with a shorter key": {samlSpec{after: method("./EncryptedData/EncryptionMethod", "http://www.w3.org/2009/xmlenc11#aes128-gcm")}, unreadable},
		"one bit":                 {samlSpec{after: outside(func(_, e *etree.Element) { flip(e.FindElement("./EncryptedData/CipherData/CipherValue")) })}, unreadable},
		"one bit of the key":      {samlSpec{after: outside(func(_, e *etree.Element) { flip(e.FindElement(".//EncryptedKey/CipherData/CipherValue")) })}, unreadable},
		"nothing in it":           {samlSpec{after: outside(func(_, e *etree.Element) { e.FindElement("./EncryptedData/CipherData/CipherValue").SetText("") })}, unreadable},
		"namespaces of the rest": {samlSpec{after: func(r *etree.Element) {
			a := r.SelectElement("Assertion")
			r.AddChild(w.seal(gcm, decryptionKey(), a))
			r.RemoveChild(a)
		}}, unreadable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.refused(t, w.post(w.samlForm(w.response(c.spec))), refusal{400, "InvalidIdentityToken", c.says})
		})
	}
}

func flip(value *etree.Element) {
	raw, err := base64.StdEncoding.DecodeString(value.Text())
	if err != nil {
		panic(err)
	}
	raw[len(raw)/2] ^= 1
	value.SetText(base64.StdEncoding.EncodeToString(raw))
}

// TestEncryptionKeys: what IAM would not take as a private key, or as a mode.
func TestEncryptionKeys(t *testing.T) {
	w := newWorld(t)
	good := decryptionKey().privateKey()
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(mustRSA())}))
	for name, c := range map[string]struct {
		mode string
		keys []string
		ok   bool
	}{
		"none": {"", nil, true}, "one": {"Allowed", []string{good}, true}, "two": {"Required", []string{good, pkcs1}, true},
		"three": {"Required", []string{good, good, good}, false}, "mode without key": {"Required", nil, false},
		"key without mode": {"", []string{good}, false}, "no such mode": {"required", []string{good}, false}, "not PEM": {"Allowed", []string{"x"}, false},
	} {
		err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: w.idp.metadata(), Encryption: c.mode, PrivateKeys: c.keys})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}
