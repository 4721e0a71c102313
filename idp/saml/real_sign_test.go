package saml_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"text/template"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// render fills a template in testdata/real.
func render(t *testing.T, name string, values any) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/real/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := template.Must(template.New(name).Option("missingkey=error").Parse(string(raw))).Execute(&out, values); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func parsed(t *testing.T, document string) *etree.Document {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(document); err != nil {
		t.Fatal(err)
	}
	return doc
}

// signSkeleton fills the empty digest and value of the signature that an element carries, as its algorithms and prefix list
// say. lines is what stands between lines of base64; "" for none.
func signSkeleton(t *testing.T, el *etree.Element, key *rsa.PrivateKey, lines string) {
	t.Helper()
	signature := child(t, el, "Signature")
	info := child(t, signature, "SignedInfo")
	reference := child(t, info, "Reference")
	hashes := map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha512": crypto.SHA512}
	after := func(el *etree.Element, sep string) string {
		algorithm := el.SelectAttrValue("Algorithm", "")
		return algorithm[strings.LastIndex(algorithm, sep)+len(sep):]
	}
	prefixes := ""
	if list := info.FindElement(".//InclusiveNamespaces"); list != nil {
		prefixes = list.SelectAttrValue("PrefixList", "")
	}
	at := signature.Index()
	el.RemoveChild(signature)
	sum := hashes[after(child(t, reference, "DigestMethod"), "#")].New()
	sum.Write(exclusively(t, el, prefixes))
	el.InsertChildAt(at, signature)
	child(t, reference, "DigestValue").SetText(broken(sum.Sum(nil), lines))

	method := hashes[after(child(t, info, "SignatureMethod"), "rsa-")]
	sum = method.New()
	sum.Write(exclusively(t, info, ""))
	value, err := rsa.SignPKCS1v15(rand.Reader, key, method, sum.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	child(t, signature, "SignatureValue").SetText(broken(value, lines))
}

// child is the one child element of this name, whatever its prefix.
func child(t *testing.T, el *etree.Element, name string) *etree.Element {
	t.Helper()
	found := el.SelectElements(name)
	if len(found) != 1 {
		t.Fatalf("%d elements %s in %s", len(found), name, el.Tag)
	}
	return found[0]
}

// exclusively is an element where it stands, in exclusive canonical form.
func exclusively(t *testing.T, el *etree.Element, prefixes string) []byte {
	t.Helper()
	context, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := etreeutils.NSDetatch(context, el)
	if err != nil {
		t.Fatal(err)
	}
	out, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(alone)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// broken is base64 in lines of 76.
func broken(raw []byte, end string) string {
	text := base64.StdEncoding.EncodeToString(raw)
	if end == "" {
		return text
	}
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + end)
		text = text[76:]
	}
	return out.String() + text
}

// sealing is how a provider encrypts.
type sealing struct {
	keySize       int
	cbc           bool
	oaep, oaepMGF crypto.Hash
}

var (
	gcm128    = sealing{keySize: 16, oaep: crypto.SHA1, oaepMGF: crypto.SHA1}
	gcm256    = sealing{keySize: 32, oaep: crypto.SHA1, oaepMGF: crypto.SHA1}
	cbc128    = sealing{keySize: 16, cbc: true, oaep: crypto.SHA1, oaepMGF: crypto.SHA1}
	cbc256    = sealing{keySize: 32, cbc: true, oaep: crypto.SHA1, oaepMGF: crypto.SHA1}
	gcmSHA256 = sealing{keySize: 32, oaep: crypto.SHA256, oaepMGF: crypto.SHA256}
)

// seal encrypts for a key and returns the wrapped content key and the ciphertext, in base64.
func (s sealing) seal(t *testing.T, public *rsa.PublicKey, plain []byte) (key, data string) {
	t.Helper()
	content := make([]byte, s.keySize)
	rand.Read(content)
	block, err := aes.NewCipher(content)
	if err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	if s.cbc {
		padding := 16 - len(plain)%16
		padded := append(bytes.Clone(plain), make([]byte, padding)...)
		padded[len(padded)-1] = byte(padding)
		sealed = make([]byte, 16+len(padded))
		rand.Read(sealed[:16])
		cipher.NewCBCEncrypter(block, sealed[:16]).CryptBlocks(sealed[16:], padded)
	} else {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := make([]byte, gcm.NonceSize())
		rand.Read(nonce)
		sealed = gcm.Seal(nonce, nonce, plain, nil)
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, public, content, &rsa.OAEPOptions{Hash: s.oaep, MGFHash: s.oaepMGF})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(wrapped), base64.StdEncoding.EncodeToString(sealed)
}
