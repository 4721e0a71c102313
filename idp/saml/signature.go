package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/beevik/etree"
)

// What the shape of a signature must be (threats S12 to S16), before any library looks at it:
//
//	Signature: SignedInfo, SignatureValue, and perhaps KeyInfo, in this order; right after the Issuer of its parent
//	  SignedInfo: CanonicalizationMethod, SignatureMethod, one Reference
//	    Reference URI="#ID of the parent": Transforms, DigestMethod, DigestValue
//	      Transforms: enveloped-signature, then one canonicalisation
//
// and nothing else: no second of anything, no Object, no parameters but the PrefixList of exclusive canonicalisation.

// weakError is an algorithm that was good once.
type weakError struct{ algorithm string }

func (e *weakError) Error() string { return "weak algorithm " + e.algorithm }

// signatureRules are what an operator may loosen.
type signatureRules struct {
	sha1      bool // allow_sha1_until, and that day hasn't passed
	inclusive bool // allow_inclusive_c14n
}

// shape is a signature that looks as it should.
type shape struct {
	method signatureMethod
	value  []byte
	weak   bool // it needs the SHA-1 exception
}

// ncName is xs:ID in the alphabet that everybody uses.
var ncName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,255}$`)

// findSignature returns the signature that an element carries, or nil. Its place is fixed by the schema: right after the
// Issuer (SAML Core §5.4.2 and the sequences of §2.3.3 and §3.2.2).
func findSignature(signed *etree.Element) (*etree.Element, error) {
	signature, err := optional(signed, nsSignature, "Signature")
	if signature == nil || err != nil {
		return nil, err
	}
	before := 0
	for child := range signed.ChildElementsSeq() {
		if child == signature {
			break
		}
		if before++; before > 1 || !is(child, nsAssertion, "Issuer") {
			return nil, errors.New("the signature doesn't follow the Issuer")
		}
	}
	if before == 0 && len(children(signed, nsAssertion, "Issuer")) > 0 {
		return nil, errors.New("the signature stands before the Issuer")
	}
	return signature, nil
}

// checkShape holds the signature of an element to the shape above.
func (rules signatureRules) checkShape(signed, signature *etree.Element) (shape, error) {
	id, _ := attribute(signed, "ID")
	if !ncName.MatchString(id) {
		return shape{}, errors.New("the signed element has no usable ID")
	}
	parts, err := sequence(signature, nsSignature, []string{"SignedInfo", "SignatureValue"}, "KeyInfo")
	if err != nil {
		return shape{}, err
	}
	if err := onlyAttributes(signature, "Id"); err != nil {
		return shape{}, err
	}
	out, err := rules.checkSignedInfo(parts[0], id)
	if err != nil {
		return shape{}, err
	}
	if err := onlyAttributes(parts[1]); err != nil {
		return shape{}, err
	}
	out.value, err = decodeText(parts[1])
	return out, err
}

func (rules signatureRules) checkSignedInfo(info *etree.Element, id string) (shape, error) {
	parts, err := sequence(info, nsSignature, []string{"CanonicalizationMethod", "SignatureMethod", "Reference"}, "")
	if err != nil {
		return shape{}, err
	}
	if err := onlyAttributes(info); err != nil {
		return shape{}, err
	}
	if err := rules.checkCanonicalisation(parts[0]); err != nil {
		return shape{}, err
	}
	algorithm, err := bareAlgorithm(parts[1])
	if err != nil {
		return shape{}, err
	}
	method, known := signatureMethods[algorithm]
	switch {
	case weakMethods[algorithm], method.weak && !rules.sha1:
		return shape{}, &weakError{algorithm}
	case !known:
		return shape{}, fmt.Errorf("signature algorithm %q", algorithm)
	}
	weakDigest, err := rules.checkReference(parts[2], id)
	return shape{method: method, weak: method.weak || weakDigest}, err
}

func (rules signatureRules) checkReference(reference *etree.Element, id string) (weak bool, err error) {
	parts, err := sequence(reference, nsSignature, []string{"Transforms", "DigestMethod", "DigestValue"}, "")
	if err != nil {
		return false, err
	}
	if err := onlyAttributes(reference, "URI"); err != nil {
		return false, err
	}
	if uri, _ := attribute(reference, "URI"); uri != "#"+id {
		return false, errors.New("the reference is not to the element that holds it")
	}
	if err := rules.checkTransforms(parts[0]); err != nil {
		return false, err
	}
	return rules.checkDigest(parts[1], parts[2])
}

func (rules signatureRules) checkTransforms(transforms *etree.Element) error {
	parts, err := sequence(transforms, nsSignature, []string{"Transform", "Transform"}, "")
	if err != nil {
		return err
	}
	if err := onlyAttributes(transforms); err != nil {
		return err
	}
	if first, err := bareAlgorithm(parts[0]); err != nil || first != transformEnveloped {
		return errors.New("the first transform is not enveloped-signature")
	}
	return rules.checkCanonicalisation(parts[1])
}

func (rules signatureRules) checkDigest(method, value *etree.Element) (weak bool, err error) {
	algorithm, err := bareAlgorithm(method)
	if err != nil {
		return false, err
	}
	digest, known := digestMethods[algorithm]
	switch {
	case weakMethods[algorithm], digest.weak && !rules.sha1:
		return false, &weakError{algorithm}
	case !known:
		return false, fmt.Errorf("digest algorithm %q", algorithm)
	}
	if err := onlyAttributes(value); err != nil {
		return false, err
	}
	sum, err := decodeText(value)
	switch {
	case err != nil:
		return false, err
	case len(sum) != digest.hash.Size():
		return false, errors.New("the digest has another length than its algorithm's")
	case bytes.Equal(sum, digest.hash.New().Sum(nil)): // threat S15
		return false, errors.New("the digest of nothing")
	}
	return digest.weak, nil
}

// checkCanonicalisation admits exclusive canonicalisation, and inclusive on request; neither with comments, since there
// are none.
func (rules signatureRules) checkCanonicalisation(el *etree.Element) error {
	if err := onlyAttributes(el, "Algorithm"); err != nil {
		return err
	}
	algorithm, _ := attribute(el, "Algorithm")
	switch {
	case algorithm == c14nExclusive:
		if len(el.ChildElements()) == 0 {
			return onlySpace(el)
		}
		parts, err := sequence(el, nsExclusive, []string{"InclusiveNamespaces"}, "")
		if err != nil {
			return err
		}
		if err := onlyAttributes(parts[0], "PrefixList"); err != nil {
			return err
		}
		return empty(parts[0])
	case rules.inclusive && (algorithm == c14n10 || algorithm == c14n11):
		return empty(el)
	case algorithm == c14n10 || algorithm == c14n11:
		return fmt.Errorf("inclusive canonicalisation %q, which allow_inclusive_c14n would admit", algorithm)
	}
	return fmt.Errorf("canonicalisation or transform %q", algorithm)
}

// sequence returns the child elements if they are exactly the wanted ones, in order, with nothing but white space
// between, and perhaps one more at the end.
func sequence(el *etree.Element, ns string, wanted []string, last string) ([]*etree.Element, error) {
	if err := onlySpace(el); err != nil {
		return nil, err
	}
	found := el.ChildElements()
	if last != "" && len(found) == len(wanted)+1 && is(found[len(wanted)], ns, last) {
		found = found[:len(wanted)]
	}
	if len(found) != len(wanted) {
		return nil, fmt.Errorf("%s doesn't hold exactly %s", el.Tag, strings.Join(wanted, ", "))
	}
	for i, child := range found {
		if !is(child, ns, wanted[i]) {
			return nil, fmt.Errorf("%s doesn't hold exactly %s", el.Tag, strings.Join(wanted, ", "))
		}
	}
	return found, nil
}

// onlySpace refuses text between elements.
func onlySpace(el *etree.Element) error {
	for _, token := range el.Child {
		switch t := token.(type) {
		case *etree.Element:
		case *etree.CharData:
			if strings.Trim(t.Data, " \t\r\n") != "" {
				return fmt.Errorf("text in %s", el.Tag)
			}
		default:
			return fmt.Errorf("something odd in %s", el.Tag)
		}
	}
	return nil
}

func empty(el *etree.Element) error {
	if len(el.ChildElements()) > 0 {
		return fmt.Errorf("%s holds elements", el.Tag)
	}
	return onlySpace(el)
}

// onlyAttributes refuses all attributes but these and namespace declarations.
func onlyAttributes(el *etree.Element, names ...string) error {
next:
	for _, a := range el.Attr {
		if isDeclaration(a) {
			continue
		}
		for _, name := range names {
			if a.Space == "" && a.Key == name {
				continue next
			}
		}
		return fmt.Errorf("attribute %s of %s", a.Key, el.Tag)
	}
	return nil
}

// bareAlgorithm is the Algorithm of an element that has no parameters.
func bareAlgorithm(el *etree.Element) (string, error) {
	if err := onlyAttributes(el, "Algorithm"); err != nil {
		return "", err
	}
	algorithm, _ := attribute(el, "Algorithm")
	return algorithm, empty(el)
}

func decodeText(el *etree.Element) ([]byte, error) {
	encoded, err := compactText(el)
	if err != nil {
		return nil, fmt.Errorf("%s %w", el.Tag, err)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%s is not base64", el.Tag)
	}
	return raw, nil
}
