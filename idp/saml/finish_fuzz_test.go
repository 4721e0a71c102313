package saml_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// FuzzFinishSAML: what was read is what was verified. Good answers in every form and hostile ones are cut up and put
// together again (see mutate); what Finish then makes of them is an error, or exactly what somebody else reads who knows
// nothing of this package: etree parses, goxmldsig verifies, encoding/xml reads the element that it returned.
//
// The fuzzer's other processes have keys of their own, so it is given edits of documents and not the documents.
func FuzzFinishSAML(f *testing.F) {
	specimens := mintSpecimens(f)
	for i := range specimens {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte{opCopy | opElement | opTag, 0, 9, 0, 0, 0, 1})
		f.Add(byte(i), []byte{opInsert | opTag, 0, 12, 0, 0, 0, 0, opInsert, 3, 0, 0, 4, 0, 0})
	}
	f.Fuzz(func(t *testing.T, which byte, program []byte) {
		s := specimens[int(which)%len(specimens)]
		document := mutate(s.document, program)
		clear(s.replay.used)
		got, proof, err := s.p.Finish(t.Context(), s.login, posted(document, s.login))
		if strings.Contains(s.log.String(), "panic") {
			t.Fatalf("a panic: %s\n%s", s.log, document)
		}
		if err != nil {
			if got.Subject != "" || got.Claims != nil || !proof.Raw.IsZero() || bridge.CodeOf(err) == bridge.CodeInternal {
				t.Errorf("refused, and yet %+v: %v", got, err)
			}
			return
		}
		if got.KeyFingerprint != s.truth.KeyFingerprint || proof.Raw.Reveal() != base64Of(document) {
			t.Errorf("key %q, or the proof isn't what was posted", got.KeyFingerprint)
		}
		// Whatever this provider signed, it signed for one person: that is who may be let in.
		if diff := cmp.Diff(s.truth, sessionless(got)); diff != "" {
			t.Errorf("%s\n%s", diff, document)
		}
		if s.sealed {
			return
		}
		got.KeyFingerprint = ""
		if diff := cmp.Diff(s.otherReading(t, document), got); diff != "" {
			t.Errorf("somebody else reads otherwise: %s\n%s", diff, document)
		}
	})
}

// specimen is a document with the provider that it is for.
type specimen struct {
	*world
	login    idp.Login
	document []byte
	truth    bridge.Identity // what the true answer to this login says, but for the session, which each answer has of its own
	digests  [][]byte        // of what the identity provider signed for this login
	sealed   bool            // encrypted
	cert     *x509.Certificate
}

func mintSpecimens(f *testing.F) []specimen {
	var out []specimen
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
		out = append(out, mintAll(f, signedWorld(f, sign), false)...)
		cipher := idptest.Encryption{Cipher: idptest.CipherGCM256}
		out = append(out, mintAll(f, sealedWorld(f, cipher, sign, nil), true)...)
	}
	return out
}

// mintAll mints the true answer to a login, and lies about the same. No lie is among them in which the provider itself signs
// that somebody else is there, as TwoAssertions does.
func mintAll(f *testing.F, w *world, sealed bool) []specimen {
	w.clock.stop()
	login := w.login()
	good := specimen{world: w, login: login, sealed: sealed, cert: w.idp.Certificate()}
	good.document = w.mint(login, idptest.Hooks{})
	id, _ := w.accept(good.document, login)
	good.truth = sessionless(id)
	if !sealed {
		good.digests = digestsOf(f, good.document)
	}
	out := []specimen{good}
	lies := append([]idptest.Lie{
		idptest.CommentInNameID, idptest.TwoReferences, idptest.KeyInfoOfStranger, idptest.HMACSignature,
		idptest.UnsignedAssertion, idptest.DoctypeEntity, idptest.StrangerKey, idptest.NestedStatus,
	}, idptest.WrappedSignatures...)
	for _, lie := range lies {
		w.idp.Lie(lie)
		hostile := good
		hostile.document = w.mint(login, idptest.Hooks{})
		if !sealed {
			hostile.digests = digestsOf(f, hostile.document)
		}
		out = append(out, hostile)
	}
	w.idp.Lie()
	return out
}

func sessionless(id bridge.Identity) bridge.Identity {
	id.AuthTime, id.SessionEnd, id.SessionIndex = time.Time{}, time.Time{}, ""
	return id
}

// digestsOf are all digests that stand in signatures of a document.
func digestsOf(f *testing.F, document []byte) [][]byte {
	f.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		f.Fatal(err)
	}
	var out [][]byte
	for _, el := range doc.FindElements("//DigestValue") {
		raw, err := decode64(strings.TrimSpace(el.Text()))
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}

// otherReading reads an answer that was accepted by other means than this package's own.
func (s specimen) otherReading(t *testing.T, document []byte) bridge.Identity {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		t.Fatalf("etree: %v", err)
	}
	var assertion *etree.Element
	if signed := s.verified(t, doc.Root()); signed != nil {
		assertion = signed.SelectElement("Assertion")
	}
	for _, el := range doc.Root().SelectElements("Assertion") {
		if signed := s.verified(t, el); signed != nil {
			assertion = signed
		}
	}
	if assertion == nil {
		t.Fatalf("nothing in it is signed")
	}
	text, err := etree.NewDocumentWithRoot(detached(t, assertion)).WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	var said signedAssertion
	if err := xml.Unmarshal(text, &said); err != nil {
		t.Fatalf("encoding/xml: %v", err)
	}
	return said.identity()
}

// detached is an element with the namespaces that were declared around it.
func detached(t *testing.T, el *etree.Element) *etree.Element {
	t.Helper()
	around, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := etreeutils.NSDetatch(around, el)
	if err != nil {
		t.Fatal(err)
	}
	return alone
}

// verified is what goxmldsig returns for an element that carries a signature, nil for one that carries none. What it
// returns has a digest that the identity provider signed.
func (s specimen) verified(t *testing.T, el *etree.Element) *etree.Element {
	t.Helper()
	if el.SelectElement("Signature") == nil {
		return nil
	}
	el = detached(t, el)
	signature := el.SelectElement("Signature")
	if info := signature.SelectElement("KeyInfo"); info != nil {
		signature.RemoveChild(info) // nobody signed it, and goxmldsig would believe it
	}
	if value := signature.SelectElement("SignatureValue"); value != nil { // base64 may be wrapped in any way
		value.SetText(strings.Join(strings.Fields(value.Text()), ""))
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{s.cert}})
	found, err := context.Validate(el)
	if err != nil {
		t.Fatalf("goxmldsig: %v", err)
	}
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(found.Copy())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(canonical)
	for _, digest := range s.digests {
		if bytes.Equal(digest, sum[:]) {
			return found
		}
	}
	t.Fatalf("nobody signed the digest of what goxmldsig returned: %s", canonical)
	return nil
}

// signedAssertion is an assertion as encoding/xml reads it.
type signedAssertion struct {
	XMLName xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
	Issuer  string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	NameID  struct {
		Format string `xml:"Format,attr"`
		Value  string `xml:",chardata"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject>NameID"`
	Statement struct {
		Instant time.Time `xml:"AuthnInstant,attr"`
		End     time.Time `xml:"SessionNotOnOrAfter,attr"`
		Index   string    `xml:"SessionIndex,attr"`
		Class   string    `xml:"AuthnContext>AuthnContextClassRef"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnStatement"`
	Attributes []struct {
		Name   string   `xml:"Name,attr"`
		Values []string `xml:"AttributeValue"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeStatement>Attribute"`
}

func (a signedAssertion) identity() bridge.Identity {
	claims := bridge.Claims{}
	for _, attribute := range a.Attributes {
		claims[attribute.Name] = append(claims[attribute.Name], attribute.Values...)
	}
	return bridge.Identity{
		Provider: "corp", Issuer: a.Issuer, Subject: a.NameID.Value, Format: a.NameID.Format, Claims: claims,
		Email: claims["mail"][0], Name: claims["displayName"][0], Groups: claims["memberOf"],
		AuthTime: a.Statement.Instant, SessionEnd: a.Statement.End, SessionIndex: a.Statement.Index, ACR: a.Statement.Class,
	}
}
