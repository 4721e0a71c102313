package idptest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// maxRequest bounds an AuthnRequest, inflated.
const maxRequest = 256 << 10

// read takes an AuthnRequest apart: by HTTP-Redirect from the URL, or by HTTP-POST from the form, where there is one.
// It is for a registered SP and one of its ACS, and its signature is right where there must be one.
func (s *SAML) read(ssoURL string, form url.Values) (AuthnRequest, error) {
	raw, relayState, signedQuery, err := unpack(ssoURL, form)
	if err != nil {
		return AuthnRequest{}, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		return AuthnRequest{}, fmt.Errorf("idptest: AuthnRequest: %w", err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "AuthnRequest" || root.NamespaceURI() != nsProtocol {
		return AuthnRequest{}, errors.New("idptest: the document is not an AuthnRequest")
	}
	r := readRequest(root)
	r.RelayState = relayState
	sp, err := s.admit(&r, root)
	if err != nil {
		return AuthnRequest{}, err
	}
	if form != nil {
		err = s.verifyEnveloped(root, sp)
	} else {
		err = s.verifyQuery(signedQuery, sp)
	}
	return r, err
}

// unpack undoes the binding: HTTP-POST (SAML Bindings §3.5.4) or HTTP-Redirect with DEFLATE (§3.4.4.1).
func unpack(ssoURL string, form url.Values) (raw []byte, relayState, query string, err error) {
	if form != nil {
		if len(form["SAMLRequest"]) != 1 || len(form["RelayState"]) > 1 {
			return nil, "", "", errors.New("idptest: one SAMLRequest is needed, and at most one RelayState")
		}
		raw, err = base64.StdEncoding.DecodeString(form.Get("SAMLRequest"))
		return raw, form.Get("RelayState"), "", err
	}
	_, query, _ = strings.Cut(ssoURL, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, "", "", fmt.Errorf("idptest: query: %w", err)
	}
	if len(values["SAMLRequest"]) != 1 || len(values["RelayState"]) > 1 {
		return nil, "", "", errors.New("idptest: one SAMLRequest is needed, and at most one RelayState")
	}
	if e := values.Get("SAMLEncoding"); e != "" && e != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE" {
		return nil, "", "", errors.New("idptest: only DEFLATE is understood")
	}
	deflated, err := base64.StdEncoding.DecodeString(values.Get("SAMLRequest"))
	if err != nil {
		return nil, "", "", fmt.Errorf("idptest: SAMLRequest: %w", err)
	}
	raw, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxRequest+1))
	if err != nil || len(raw) > maxRequest {
		return nil, "", "", fmt.Errorf("idptest: SAMLRequest can't be inflated, or is too large: %v", err)
	}
	return raw, values.Get("RelayState"), query, nil
}

func readRequest(root *etree.Element) AuthnRequest {
	r := AuthnRequest{
		ID:         root.SelectAttrValue("ID", ""),
		ACS:        root.SelectAttrValue("AssertionConsumerServiceURL", ""),
		ForceAuthn: slices.Contains([]string{"true", "1"}, root.SelectAttrValue("ForceAuthn", "")),
		IsPassive:  slices.Contains([]string{"true", "1"}, root.SelectAttrValue("IsPassive", "")),
	}
	if issuer := root.SelectElement("Issuer"); issuer != nil {
		r.Issuer = strings.TrimSpace(issuer.Text())
	}
	if policy := root.SelectElement("NameIDPolicy"); policy != nil {
		r.NameIDFormat = policy.SelectAttrValue("Format", "")
	}
	if context := root.SelectElement("RequestedAuthnContext"); context != nil {
		for _, class := range context.SelectElements("AuthnContextClassRef") {
			r.AuthnContext = append(r.AuthnContext, strings.TrimSpace(class.Text()))
		}
	}
	return r
}

// admit holds the request to what is registered (SAML Profiles §4.1.4.1, Core §3.4.1).
func (s *SAML) admit(r *AuthnRequest, root *etree.Element) (SP, error) {
	sp, ok := s.sp(r.Issuer)
	switch {
	case !ok:
		return SP{}, fmt.Errorf("idptest: %q is not a service provider of ours", r.Issuer)
	case r.ID == "" || strings.ContainsAny(r.ID[:1], "0123456789"):
		return SP{}, errors.New("idptest: the request has no ID, or one that is no xs:ID")
	case root.SelectAttrValue("Version", "") != "2.0":
		return SP{}, errors.New("idptest: the request is not of version 2.0")
	case len(r.RelayState) > 80: // SAML Bindings §3.4.3, §3.5.3
		return SP{}, errors.New("idptest: RelayState is longer than 80 bytes")
	}
	if to := root.SelectAttrValue("Destination", s.SSOURL()); to != s.SSOURL() {
		return SP{}, fmt.Errorf("idptest: the request is for %q", to)
	}
	if binding := root.SelectAttrValue("ProtocolBinding", bindingPost); binding != bindingPost {
		return SP{}, fmt.Errorf("idptest: answers by %q are not supported", binding)
	}
	if r.ACS == "" && len(sp.ACS) > 0 {
		r.ACS = sp.ACS[0]
	}
	if !slices.Contains(sp.ACS, r.ACS) {
		return SP{}, fmt.Errorf("idptest: %q is not an ACS of %s", r.ACS, sp.EntityID)
	}
	return sp, nil
}

// verifyEnveloped checks the signature in the request (SAML Core §5).
func (s *SAML) verifyEnveloped(root *etree.Element, sp SP) error {
	if root.SelectElement("Signature") == nil {
		return s.unsigned()
	}
	store := &dsig.MemoryX509CertificateStore{Roots: sp.SigningCertificates}
	if _, err := dsig.NewDefaultValidationContext(store).Validate(root); err != nil {
		return fmt.Errorf("idptest: signature of the request: %w", err)
	}
	return nil
}

func (s *SAML) unsigned() error {
	if s.options.WantSignedRequests {
		return errors.New("idptest: the request must be signed")
	}
	return nil
}

// verifyQuery checks the signature over the query string, exactly as it was sent (SAML Bindings §3.4.4.1).
func (s *SAML) verifyQuery(query string, sp SP) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("idptest: query: %w", err)
	}
	if !values.Has("Signature") {
		return s.unsigned()
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		return fmt.Errorf("idptest: signature of the request: %w", err)
	}
	var signed []string
	for _, name := range []string{"SAMLRequest", "RelayState", "SigAlg"} {
		for part := range strings.SplitSeq(query, "&") {
			if strings.HasPrefix(part, name+"=") {
				signed = append(signed, part)
			}
		}
	}
	for _, cert := range sp.SigningCertificates {
		if verifyRaw(cert, values.Get("SigAlg"), []byte(strings.Join(signed, "&")), signature) == nil {
			return nil
		}
	}
	return errors.New("idptest: signature of the request: no certificate of the service provider fits")
}

// verifyRaw checks a signature over bytes, by RSA or ECDSA with SHA-2.
func verifyRaw(cert *x509.Certificate, algorithm string, text, signature []byte) error {
	for hash, uri := range signatureURI {
		ec := strings.Replace(uri, "#rsa-", "#ecdsa-", 1)
		if hash == crypto.SHA1 || (algorithm != uri && algorithm != ec) {
			continue
		}
		digest := hash.New()
		digest.Write(text)
		switch key := cert.PublicKey.(type) {
		case *rsa.PublicKey:
			return rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signature)
		case *ecdsa.PublicKey:
			return verifyECDSA(key, digest.Sum(nil), signature)
		}
	}
	return fmt.Errorf("%q is not accepted", algorithm)
}

// verifyECDSA takes r and s side by side (RFC 4050), and the ASN.1 form that some send.
func verifyECDSA(key *ecdsa.PublicKey, sum, signature []byte) error {
	if size := (key.Curve.Params().BitSize + 7) / 8; len(signature) == 2*size {
		der, err := asn1.Marshal(struct{ R, S *big.Int }{
			new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]),
		})
		if err == nil && ecdsa.VerifyASN1(key, sum, der) {
			return nil
		}
	}
	if !ecdsa.VerifyASN1(key, sum, signature) {
		return errors.New("wrong signature")
	}
	return nil
}
