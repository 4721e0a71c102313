package mint

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"unicode/utf8"
)

// The assertion is written in the very form that exclusive canonicalisation (XML-EXC-C14N 1.0 §3) gives it, so that what is
// hashed is what is sent:
//
//   - a namespace is declared on the first element that uses it, and not again below;
//   - attributes stand in the order of their names, behind the declaration;
//   - no element is empty, there is no white space that isn't text, no comment and no CDATA section;
//   - text and attributes are escaped as canonical XML has it (C14N 1.0 §2.3).
//
// Tests compare it with what goxmldsig makes of it.
const (
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped = nsSignature + "enveloped-signature"
	algRSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algSHA256    = "http://www.w3.org/2001/04/xmlenc#sha256"
)

const (
	signedInfoHead = `<ds:SignedInfo xmlns:ds="` + nsSignature + `">` +
		`<ds:CanonicalizationMethod Algorithm="` + algExclusive + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + algRSASHA256 + `"></ds:SignatureMethod><ds:Reference URI="#`
	signedInfoMiddle = `"><ds:Transforms><ds:Transform Algorithm="` + algEnveloped + `"></ds:Transform>` +
		`<ds:Transform Algorithm="` + algExclusive + `"></ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + algSHA256 + `"></ds:DigestMethod><ds:DigestValue>`
	signedInfoTail = `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
)

// keyInfo is the KeyInfo of a certificate, ready to be used.
type keyInfo struct {
	certificate *x509.Certificate
	text        []byte
}

// infoOf checks a SAML key and writes its certificate for those who want to see it. AWS takes the one in the metadata.
func (m *Minter) infoOf(key Key) ([]byte, error) {
	if key.Certificate == nil {
		return nil, badKey(key, "it has no certificate")
	}
	if i := m.info.Load(); i != nil && i.certificate == key.Certificate {
		return i.text, nil
	}
	public, ok := key.Public.(*rsa.PublicKey)
	if !ok || key.Algorithm != "RS256" || public.N.BitLen() < 2048 || !public.Equal(key.Certificate.PublicKey) {
		return nil, badKey(key, "SAML is signed by an RSA key of 2048 bits or more, the one of its certificate")
	}
	text := []byte(`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>`)
	text = base64.StdEncoding.AppendEncode(text, key.Certificate.Raw)
	text = append(text, `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`...)
	m.info.Store(&keyInfo{key.Certificate, text})
	return text, nil
}

// signAssertion writes an assertion with its enveloped signature (SAML Core §5.4).
func signAssertion(ctx context.Context, key Key, info []byte, s statement) ([]byte, error) {
	plain, at := s.appendAssertion(make([]byte, 0, s.size()))
	// The enveloped-signature transform takes the signature out again, so the digest is that of the assertion without it.
	signed := signedInfoHead + s.id + signedInfoMiddle + digestOf(plain) + signedInfoTail
	digest := sha256.Sum256([]byte(signed))
	value, err := sign(ctx, key, digest[:])
	if err != nil {
		return nil, err
	}
	if value, err = rsaSignature(key, value); err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(plain)+len(signed)+len(info)+1024)
	out = append(out, plain[:at]...)
	out = append(append(out, `<ds:Signature xmlns:ds="`+nsSignature+`">`...), signed...)
	out = base64.StdEncoding.AppendEncode(append(out, `<ds:SignatureValue>`...), value)
	out = append(append(out, `</ds:SignatureValue>`...), info...)
	return append(append(out, `</ds:Signature>`...), plain[at:]...), nil
}

// appendText writes character data (C14N 1.0 §2.3, Text Nodes).
func appendText(out []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '>':
			escaped = "&gt;"
		case '\r':
			escaped = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), escaped...)
		from = i + 1
	}
	return append(out, s[from:]...)
}

// appendAttr writes an attribute's value (C14N 1.0 §2.3, Attribute Nodes).
func appendAttr(out []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '"':
			escaped = "&quot;"
		case '\t':
			escaped = "&#x9;"
		case '\n':
			escaped = "&#xA;"
		case '\r':
			escaped = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), escaped...)
		from = i + 1
	}
	return append(out, s[from:]...)
}

// xmlText tells whether XML can hold a text at all (XML 1.0 §2.2).
func xmlText(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}
