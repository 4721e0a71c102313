package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// BenchmarkVerify compares, in one run, our verification with crewjam's and with the RSA operation alone. Documents are
// those of two sizes that people have: 2 roles and 3 groups, 60 roles and 25 groups.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []struct {
		name          string
		roles, groups int
		pad           int
	}{{"6KB", 2, 3, 0}, {"23KB", 60, 25, 0}} {
		w, login, document := benchDocument(b, size.roles, size.groups)
		b.Run(size.name+"/fedbridge", func(b *testing.B) {
			answer := posted(document, login)
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				clear(w.replay.used)
				if _, _, err := w.p.Finish(b.Context(), login, answer); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(size.name+"/crewjam", func(b *testing.B) {
			sp := crewjamSP(b, w)
			at, _ := url.Parse(acs)
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := sp.ParseXMLResponse(document, []string{login.RequestID}, *at); err != nil {
					b.Fatal(err.(*crewjam.InvalidResponseError).PrivateErr)
				}
			}
		})
		b.Run(size.name+"/rsa", func(b *testing.B) {
			pair, _ := w.idp.Keys()
			key := pair.Key.(*rsa.PrivateKey)
			sum := sha256.Sum256(document)
			signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				sum := sha256.Sum256(document)
				if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
					b.Fatal("no")
				}
			}
		})
	}
}

func benchDocument(b *testing.B, roles, groups int) (*world, idp.Login, []byte) {
	b.Helper()
	person := alice
	person.Groups, person.RolePairs = nil, nil
	for i := range groups {
		person.Groups = append(person.Groups, fmt.Sprintf("cn=aws-group-%02d,ou=groups,dc=example,dc=com", i))
	}
	for i := range roles {
		account := fmt.Sprintf("1111222233%02d", i)
		person.RolePairs = append(person.RolePairs, "arn:aws:iam::"+account+":role/Engineering-ReadOnly,arn:aws:iam::"+account+":saml-provider/Corp")
	}
	w := newWorld(b, setup{})
	login := w.login()
	document, err := w.idp.Respond(person, request(login), idptest.Hooks{})
	if err != nil {
		b.Fatal(err)
	}
	return w, login, document
}

func crewjamSP(b *testing.B, w *world) *crewjam.ServiceProvider {
	b.Helper()
	metadata := &crewjam.EntityDescriptor{}
	if err := xml.Unmarshal(w.idp.Metadata(), metadata); err != nil {
		b.Fatal(err)
	}
	at, _ := url.Parse(acs)
	self, _ := url.Parse(entityID)
	return &crewjam.ServiceProvider{EntityID: entityID, AcsURL: *at, MetadataURL: *self, IDPMetadata: metadata}
}

// BenchmarkRefuse shows what hostile input costs, beside the largest good answer.
func BenchmarkRefuse(b *testing.B) {
	w, login, good := benchDocument(b, 60, 25)
	largest, err := w.idp.Respond(alice, request(login), before(func(doc *etree.Document) { addLong(b, doc, 2200) }))
	if err != nil {
		b.Fatal(err)
	}
	attributes := strings.Repeat(`<saml:AttributeValue>x</saml:AttributeValue>`, 12_000)
	inputs := []struct {
		name     string
		document []byte
		code     bridge.Code
	}{
		{"largest good", largest, ""},
		{"value changed", replacedB(good, "Alice Liddell", "Mallory Liddell"), bridge.CodeAnswerRejected},
		{"signature changed", badSignature(good), bridge.CodeAnswerRejected},
		{"1MB wide", []byte(strings.Replace(string(good), "<saml:AttributeStatement>", "<saml:AttributeStatement>"+strings.Repeat(attributes, 2), 1)), bridge.CodeAnswerTooLarge},
		{"10001 elements", []byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` + strings.Repeat("<a/>", 10_001) + `</samlp:Response>`), bridge.CodeAnswerTooLarge},
		{"50000 deep", []byte(strings.Repeat("<a>", 50_000) + strings.Repeat("</a>", 50_000)), bridge.CodeAnswerTooLarge},
		{"many attributes", []byte(`<a ` + manyAttributes(20_000) + `/>`), bridge.CodeAnswerTooLarge},
		{"not xml", []byte(strings.Repeat("A", 256<<10)), bridge.CodeAnswerMalformed},
	}
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			answer := posted(in.document, login)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.replay.used)
				if _, _, err := w.p.Finish(b.Context(), login, answer); bridge.CodeOf(err) != in.code {
					b.Fatalf("want %q: %v", in.code, err)
				}
			}
		})
	}
}

func addLong(tb testing.TB, doc *etree.Document, n int) {
	groups := find(tb, doc, "//Attribute[@Name='memberOf']")
	for i := range n {
		groups.CreateElement("saml:AttributeValue").SetText(fmt.Sprintf("cn=group-%05d,ou=groups,dc=example,dc=com%20s", i, "x"))
	}
}

func manyAttributes(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `a%d="" `, i)
	}
	return out.String()
}

func replacedB(document []byte, from, to string) []byte {
	return []byte(strings.ReplaceAll(string(document), from, to))
}

func badSignature(document []byte) []byte {
	text := string(document)
	at := strings.Index(text, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
	end := strings.Index(text, "</ds:SignatureValue>")
	raw, _ := base64.StdEncoding.DecodeString(text[at:end])
	raw[100] ^= 1
	return []byte(text[:at] + base64.StdEncoding.EncodeToString(raw) + text[end:])
}
