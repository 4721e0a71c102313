package ststest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

var errSAMLSignature = errors.New("no valid signature of the provider")

var (
	sigMethods = []string{
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	}
	ecdsaMethods = []string{
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
	}
	digestMethods = []string{
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512",
	}
	sha1Method, sha1Digest = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"
	transforms             = []string{"http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#"}
)

// verifySigned verifies the signature that is a child of e and gives the element that was signed, read anew from the
// bytes that were hashed. Nothing else of the document may be believed.
func (a *AWS) verifySigned(e *etree.Element, certificates []*x509.Certificate, now time.Time) (verified *etree.Element, err error) {
	defer func() { // hostile input must not stop the server
		if recover() != nil {
			verified, err = nil, errSAMLSignature
		}
	}()
	signature, err := child(e, dsigs, "Signature")
	if err != nil || signature == nil || !a.shapely(signature, attribute(e, "ID")) {
		return nil, errSAMLSignature
	}
	// Namespaces that are declared further up belong to the element that is signed.
	context, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, errSAMLSignature
	}
	detached, err := etreeutils.NSDetatch(context, e)
	if err != nil {
		return nil, errSAMLSignature
	}
	// KeyInfo is a hint of the sender: the registered certificates are tried one after the other instead.
	for _, s := range children(detached, dsigs, "Signature") {
		for _, info := range children(s, dsigs, "KeyInfo") {
			s.RemoveChild(info)
		}
		if !encodeECDSA(s) {
			return nil, errSAMLSignature
		}
	}
	for _, certificate := range certificates {
		validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
		validation.Clock = dsig.NewFakeClockAt(now)
		if verified, err := validation.Validate(detached); err == nil {
			return verified, nil
		}
	}
	return nil, errSAMLSignature
}

// shapely tells whether a signature has the one shape that SAML prescribes (SAML Core 5.4): one reference to the ID of
// its parent, enveloped, exclusive canonicalisation, known algorithms, and nothing else.
func (a *AWS) shapely(signature *etree.Element, id string) bool {
	info, err := child(signature, dsigs, "SignedInfo")
	if err != nil || info == nil || id == "" {
		return false
	}
	for _, c := range signature.ChildElements() {
		if c.NamespaceURI() != dsigs || !slices.Contains([]string{"SignedInfo", "SignatureValue", "KeyInfo"}, c.Tag) {
			return false
		}
	}
	references := children(info, dsigs, "Reference")
	if len(references) != 1 || len(info.ChildElements()) != 3 || attribute(references[0], "URI") != "#"+id {
		return false
	}
	if algorithm(info, "CanonicalizationMethod") != transforms[1] {
		return false
	}
	method, digest := algorithm(info, "SignatureMethod"), algorithm(references[0], "DigestMethod")
	sha1 := a.options.AcceptSHA1
	ecdsa := a.options.AcceptECDSA && slices.Contains(ecdsaMethods, method)
	if !slices.Contains(sigMethods, method) && !ecdsa && !(sha1 && method == sha1Method) {
		return false
	}
	if !slices.Contains(digestMethods, digest) && !(sha1 && digest == sha1Digest) {
		return false
	}
	list, err := child(references[0], dsigs, "Transforms")
	if err != nil || list == nil || len(list.ChildElements()) != len(transforms) {
		return false
	}
	for i, t := range children(list, dsigs, "Transform") {
		if attribute(t, "Algorithm") != transforms[i] {
			return false
		}
	}
	return len(children(list, dsigs, "Transform")) == len(transforms)
}

// encodeECDSA turns a signature's value from r and s side by side, as XML Signature has it (XMLDSig 1.1, 6.4.3), into the
// ASN.1 that crypto/x509 reads. The value is not part of what is signed. RSA values stay as they are.
func encodeECDSA(signature *etree.Element) bool {
	info, err := child(signature, dsigs, "SignedInfo")
	if err != nil || info == nil {
		return false
	}
	if !slices.Contains(ecdsaMethods, algorithm(info, "SignatureMethod")) {
		return true
	}
	value, err := child(signature, dsigs, "SignatureValue")
	if err != nil || value == nil {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
	if err != nil || len(raw) == 0 || len(raw)%2 != 0 {
		return false
	}
	half := len(raw) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
	if err != nil {
		return false
	}
	value.SetText(base64.StdEncoding.EncodeToString(der))
	return true
}

func algorithm(e *etree.Element, tag string) string {
	c, err := child(e, dsigs, tag)
	if err != nil || c == nil {
		return ""
	}
	return attribute(c, "Algorithm")
}
