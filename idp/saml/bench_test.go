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
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// benchSizes are documents that people have.
var benchSizes = []struct {
	name          string
	roles, groups int
}{{"6KB", 2, 3}, {"23KB", 60, 25}}

// BenchmarkVerify compares, in one run, our verification with crewjam's and with the RSA operation alone.
func BenchmarkVerify(b *testing.B) {
	for _, size := range benchSizes {
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

// BenchmarkPaired is the ratio that the goal is about: one of ours and one of crewjam's in turn, on the same document, so that
// whatever else the machine does falls on both; the shortest of each counts. Goal: 0.5 at most.
func BenchmarkPaired(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			w, login, document := benchDocument(b, size.roles, size.groups)
			answer, sp := posted(document, login), crewjamSP(b, w)
			at, _ := url.Parse(acs)
			ours, theirs := time.Hour, time.Hour
			for b.Loop() {
				clear(w.replay.used)
				begin := time.Now()
				_, _, err := w.p.Finish(b.Context(), login, answer)
				between := time.Now()
				_, theirErr := sp.ParseXMLResponse(document, []string{login.RequestID}, *at)
				end := time.Now()
				if err != nil || theirErr != nil {
					b.Fatal(err, theirErr)
				}
				ours, theirs = min(ours, between.Sub(begin)), min(theirs, end.Sub(between))
			}
			b.ReportMetric(float64(ours.Microseconds()), "µs-ours")
			b.ReportMetric(float64(theirs.Microseconds()), "µs-crewjam")
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
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

// BenchmarkRefuse shows what hostile input costs as a share of what the largest good answer costs, the shortest time of each.
// Goal: never more than 1.
func BenchmarkRefuse(b *testing.B) {
	w, login, good := benchDocument(b, 60, 25)
	largest, err := w.idp.Respond(alice, request(login), before(func(doc *etree.Document) { addLong(b, doc, 2200) }))
	if err != nil {
		b.Fatal(err)
	}
	fullest, err := w.idp.Respond(alice, request(login), before(func(doc *etree.Document) { addGroups(b, doc, 4_700) }))
	if err != nil {
		b.Fatal(err)
	}
	// Whoever has one answer of the provider has a SignedInfo that verifies, and can put anything into the assertion.
	stuffed := func(content string) []byte {
		return []byte(strings.Replace(string(good), "<saml:AttributeStatement>", "<saml:AttributeStatement>"+content, 1))
	}
	inputs := []struct {
		name     string
		document []byte
		code     bridge.Code
	}{
		{"largest good", largest, ""},
		{"largest good, short values", fullest, ""},
		{"value changed", replacedB(good, "Alice Liddell", "Mallory Liddell"), bridge.CodeAnswerRejected},
		{"value of the largest changed", replacedB(largest, "Alice Liddell", "Mallory Liddell"), bridge.CodeAnswerRejected},
		{"signature changed", badSignature(good), bridge.CodeAnswerRejected},
		{"stuffed wide", stuffed(strings.Repeat("<a/>", 9_700)), bridge.CodeAnswerRejected},
		{"stuffed deep", stuffed(strings.Repeat(strings.Repeat("<a>", 27)+strings.Repeat("</a>", 27), 355)), bridge.CodeAnswerRejected},
		{"stuffed namespaces", stuffed(namespaces(50) + strings.Repeat(`<n1:a n2:a="" n49:b=""/>`, 950) + strings.Repeat("</a>", 10)), bridge.CodeAnswerRejected},
		{"stuffed namespaces, more", stuffed(namespaces(50) + strings.Repeat(`<n1:a n2:a="" n49:b=""/>`, 6_500) + strings.Repeat("</a>", 10)), bridge.CodeAnswerTooLarge},
		{"stuffed declarations", stuffed(strings.Repeat(`<a xmlns="u" xmlns:p="v" p:b=""/>`, 5_000)), bridge.CodeAnswerRejected},
		{"stuffed attributes", stuffed(strings.Repeat("<a "+manyAttributes(31)+"/>", 800)), bridge.CodeAnswerRejected},
		{"stuffed references", stuffed(strings.Repeat("&#38;", 45_000)), bridge.CodeAnswerRejected},
		{"1MB", stuffed(strings.Repeat("<a/>", 250_000)), bridge.CodeAnswerTooLarge},
		{"10001 elements", []byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` + strings.Repeat("<a/>", 10_001) + `</samlp:Response>`), bridge.CodeAnswerTooLarge},
		{"50000 deep", []byte(strings.Repeat("<a>", 50_000) + strings.Repeat("</a>", 50_000)), bridge.CodeAnswerTooLarge},
		{"many attributes", []byte(`<a ` + manyAttributes(20_000) + `/>`), bridge.CodeAnswerTooLarge},
		{"not xml", []byte(strings.Repeat("A", 256<<10)), bridge.CodeAnswerMalformed},
	}
	var most time.Duration
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			answer := posted(in.document, login)
			b.ReportAllocs()
			shortest := time.Hour
			for b.Loop() {
				clear(w.replay.used)
				begin := time.Now()
				if _, _, err := w.p.Finish(b.Context(), login, answer); bridge.CodeOf(err) != in.code {
					b.Fatalf("want %q: %v", in.code, err)
				}
				shortest = min(shortest, time.Since(begin))
			}
			if in.code == "" {
				most = max(most, shortest)
			}
			b.ReportMetric(float64(shortest)/float64(max(most, 1)), "of-largest")
		})
	}
}

// namespaces opens ten elements with so many declarations.
func namespaces(n int) string {
	var out strings.Builder
	for i := range n {
		if i%(n/10) == 0 {
			out.WriteString(map[bool]string{true: "<a", false: "><a"}[i == 0])
		}
		fmt.Fprintf(&out, ` xmlns:n%d="urn:%d"`, i, i)
	}
	return out.String() + ">"
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
