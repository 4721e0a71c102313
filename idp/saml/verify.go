package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// verified is an element that a pinned key signed, and nothing besides.
type verified struct {
	el   *etree.Element // as goxmldsig returned it: parsed from the bytes whose digest was signed
	cert *x509.Certificate
	weak bool // under the SHA-1 exception
}

// verifier verifies signatures with one set of certificates at one moment.
type verifier struct {
	certs []*x509.Certificate
	rules signatureRules
	now   time.Time
}

// element verifies the signature that an element carries. The certificates are tried one at a time, each in a validation
// context of its own, and KeyInfo is taken away before: what a message says about its key plays no part (threat S19).
func (v verifier) element(el, signature *etree.Element) (verified, error) {
	form, err := v.rules.checkShape(el, signature)
	if err != nil {
		return verified{}, err
	}
	prepared, value, err := prepare(el, signature)
	if err != nil {
		return verified{}, err
	}
	failures := []error{errors.New("no certificate verifies the signature")}
	for _, cert := range v.certs {
		encoded, ok := valueFor(cert, form)
		if !ok {
			continue // the algorithm isn't one for this key
		}
		value.SetText(encoded)
		found, err := v.validate(prepared, cert)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", fingerprint(cert)[:16], err))
			continue
		}
		return verified{el: found, cert: cert, weak: form.weak}, checkReturned(el, found)
	}
	return verified{}, errors.Join(failures...)
}

// validate is the decision.
func (v verifier) validate(prepared *etree.Element, cert *x509.Certificate) (*etree.Element, error) {
	context := dsig.ValidationContext{
		CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}},
		IdAttribute:      "ID",
		Clock:            dsig.NewFakeClockAt(v.now), // a certificate outside of its time verifies nothing (threat S20)
	}
	return context.Validate(prepared)
}

// prepare makes the copy that goxmldsig sees: on its own, without KeyInfo. Neither touches what is signed: the signature
// covers SignedInfo, and through its digest the element without the Signature.
func prepare(el, signature *etree.Element) (prepared, value *etree.Element, err error) {
	prepared = detach(el)
	copied, err := required(prepared, nsSignature, "Signature")
	if err != nil {
		return nil, nil, err
	}
	if info, _ := optional(copied, nsSignature, "KeyInfo"); info != nil {
		copied.RemoveChild(info)
	}
	value, err = required(copied, nsSignature, "SignatureValue")
	return prepared, value, err
}

// valueFor writes the signature value as goxmldsig wants it for this key: RSA as it is; ECDSA as ASN.1, where XML
// Signature has the two numbers side by side (XML Signature 1.1 §6.4.3).
func valueFor(cert *x509.Certificate, form shape) (encoded string, ok bool) {
	kind, err := kindOfKey(cert.PublicKey)
	if err != nil || kind != form.method.key {
		return "", false
	}
	value := form.value
	if key, isECDSA := cert.PublicKey.(*ecdsa.PublicKey); isECDSA {
		size := (key.Curve.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return "", false
		}
		pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])}
		if value, err = asn1.Marshal(pair); err != nil {
			return "", false
		}
	}
	return base64.StdEncoding.EncodeToString(value), true
}

// checkReturned makes sure that what came back is what was asked about.
func checkReturned(asked, found *etree.Element) error {
	if found == nil {
		return errors.New("verification returned nothing")
	}
	if !is(found, asked.NamespaceURI(), asked.Tag) {
		return errors.New("verification returned another element")
	}
	wanted, _ := attribute(asked, "ID")
	if id, ok := attribute(found, "ID"); !ok || id != wanted {
		return errors.New("verification returned another ID")
	}
	return nil
}
