package saml

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// reader reads one answer, with all that it is held to.
type reader struct {
	verifier
	decrypter *decrypter // nil: encrypted assertions are refused
	issuer    string     // the provider's entity id
	terms     terms
	expect    expectation
}

// terms are what every answer to this provider's configuration must fulfil.
type terms struct {
	acs         string // our assertion consumer service, as configured and never as requested
	audiences   []string
	contexts    []string // authentication context classes, of which one is demanded; empty: any
	maxValidity time.Duration
	subject     string // attribute that names the person; "": the NameID
}

// expectation is what this very answer must be the answer to.
type expectation struct {
	requestID string    // "": nobody asked, and the answer must not say that somebody did
	earliest  time.Time // nothing in the answer was issued before
	fresh     bool      // presence was to be proved anew, after earliest
}

// reading is what an answer says, once it is believed.
type reading struct {
	assertionID string
	subject     subject
	statement   statement
	attributes  attributes
	audiences   []string
	issued      time.Time // the earlier of both IssueInstants
	end         time.Time // the last moment at which the assertion is valid, without skew
	cert        *x509.Certificate
	encrypted   bool
	weak        bool
}

// signedParts are the two halves of an answer after signatures: the envelope, which is believed only if it is signed,
// and the assertion, which is.
type signedParts struct {
	envelope  *etree.Element
	assertion *etree.Element
	cert      *x509.Certificate
	sealed    bool // the envelope is signed
	encrypted bool
	weak      bool
}

// read takes an answer from text to meaning, or refuses it.
func (r *reader) read(document string) (reading, error) {
	root, err := scan(document, messageLimits)
	if err != nil {
		return reading{}, refuse(bridge.CodeAnswerMalformed, err)
	}
	if err := checkRoot(root); err != nil {
		return reading{}, refuse(bridge.CodeAnswerMalformed, err)
	}
	// A failure is told as such, signed or not: it lets nobody in.
	if err := checkStatus(root); err != nil {
		return reading{}, err
	}
	parts, err := r.verify(root)
	if err != nil {
		return reading{}, refuse(bridge.CodeAnswerRejected, err)
	}
	issued, err := r.checkEnvelope(parts)
	if err != nil {
		return reading{}, refuse(bridge.CodeAnswerRejected, err)
	}
	out, err := r.readAssertion(parts.assertion)
	if err != nil {
		return reading{}, refuse(bridge.CodeAnswerRejected, err)
	}
	out.cert, out.encrypted, out.weak = parts.cert, parts.encrypted, parts.weak
	if issued.Before(out.issued) {
		out.issued = issued
	}
	return out, nil
}

// refuse gives an error its code: its own where it has one, and else that of the step at which it arose.
func refuse(code bridge.Code, err error) error {
	if _, coded := errors.AsType[*bridge.Error](err); coded {
		return err
	}
	if limit, ok := errors.AsType[*capError](err); ok {
		return bridge.FailWith(bridge.CodeAnswerTooLarge, limit.Error(), nil)
	}
	if weak, ok := errors.AsType[*weakError](err); ok {
		return bridge.FailWith(bridge.CodeStrength, weak.algorithm, nil)
	}
	return bridge.Fail(code, fmt.Errorf("saml: %w", err))
}

// checkRoot holds the message to its type (threat P13).
func checkRoot(root *etree.Element) error {
	if !is(root, nsProtocol, "Response") {
		return fmt.Errorf("a %s instead of a Response", root.Tag)
	}
	if version, _ := attribute(root, "Version"); version != "2.0" {
		return errors.New("a Response of another version")
	}
	return nil
}

// checkStatus reads the top status code alone (threat P12, SAML Core §3.2.2.2). The provider's words go to the log.
func checkStatus(response *etree.Element) error {
	status, err := required(response, nsProtocol, "Status")
	if err != nil {
		return refuse(bridge.CodeAnswerMalformed, err)
	}
	code, err := required(status, nsProtocol, "StatusCode")
	if err != nil {
		return refuse(bridge.CodeAnswerMalformed, err)
	}
	if value, _ := attribute(code, "Value"); value != statusSuccess {
		return bridge.Fail(bridge.CodeProviderRefused, fmt.Errorf("saml: status %q, %s", value, statusDetail(status, code)))
	}
	return nil
}

func statusDetail(status, code *etree.Element) string {
	second, message := "", ""
	if inner := children(code, nsProtocol, "StatusCode"); len(inner) > 0 {
		second, _ = attribute(inner[0], "Value")
	}
	if words := children(status, nsProtocol, "StatusMessage"); len(words) > 0 {
		message, _ = text(words[0])
	}
	return fmt.Sprintf("%.200q, %.500q", second, message)
}

// verify counts, and verifies what there is to verify. All signatures in the message must be one of the two that it
// looks at, and all must hold.
func (r *reader) verify(root *etree.Element) (signedParts, error) {
	counted, err := count(root)
	if err != nil {
		return signedParts{}, err
	}
	if counted.assertions+counted.encrypted != 1 { // threat S10
		return signedParts{}, fmt.Errorf("%d assertions and %d encrypted ones", counted.assertions, counted.encrypted)
	}
	out := signedParts{envelope: root}
	signature, err := findSignature(root)
	if err != nil {
		return signedParts{}, err
	}
	if signature != nil {
		counted.signatures--
		found, err := r.element(root, signature)
		if err != nil {
			return signedParts{}, fmt.Errorf("signature of the Response: %w", err)
		}
		out.envelope, out.cert, out.weak, out.sealed = found.el, found.cert, found.weak, true
	}
	if counted.encrypted == 1 {
		return r.verifyEncrypted(out, counted)
	}
	assertion, err := required(root, nsAssertion, "Assertion")
	if err != nil {
		return signedParts{}, err
	}
	return r.verifyAssertion(out, assertion, counted)
}

// verifyAssertion verifies the assertion's own signature where it has one, in its own document (canonicalisation of the
// Response around it may have dropped namespace declarations that it counts on). Without one it is read from the
// verified Response. Without that either, it is refused (threats S11, S23).
func (r *reader) verifyAssertion(out signedParts, assertion *etree.Element, counted census) (signedParts, error) {
	signature, err := findSignature(assertion)
	if err != nil {
		return signedParts{}, err
	}
	if signature != nil {
		counted.signatures--
	}
	if counted.signatures != 0 {
		return signedParts{}, errors.New("a signature where none belongs")
	}
	switch {
	case signature != nil:
		found, err := r.element(assertion, signature)
		if err != nil {
			return signedParts{}, fmt.Errorf("signature of the Assertion: %w", err)
		}
		out.assertion, out.cert, out.weak = found.el, found.cert, out.weak || found.weak
	case out.sealed && out.encrypted:
		out.assertion = assertion // decrypted from what the Response's signature covers
	case out.sealed:
		if out.assertion, err = required(out.envelope, nsAssertion, "Assertion"); err != nil {
			return signedParts{}, err
		}
	default:
		return signedParts{}, errors.New("neither Response nor Assertion is signed")
	}
	return out, nil
}

// verifyEncrypted decrypts the one assertion and lets its plaintext go the whole way again (rule R3).
func (r *reader) verifyEncrypted(out signedParts, counted census) (signedParts, error) {
	container, err := required(out.envelope, nsAssertion, "EncryptedAssertion")
	if err != nil {
		return signedParts{}, err
	}
	plain, err := r.decrypter.decrypt(container)
	if err != nil {
		return signedParts{}, err
	}
	assertion, err := scan(plain, messageLimits)
	if err != nil {
		return signedParts{}, errDecrypt // what is wrong with a plaintext is nobody's business (threat S24)
	}
	inside, err := count(assertion)
	if err != nil || !is(assertion, nsAssertion, "Assertion") || inside.assertions != 1 || inside.encrypted != 0 {
		return signedParts{}, errDecrypt
	}
	out.encrypted = true
	inside.signatures += counted.signatures
	sealed := out.sealed
	out, err = r.verifyAssertion(out, assertion, inside)
	if err != nil && !sealed && malleable(container) {
		// A weak algorithm has its own code elsewhere. Here it would tell who changes ciphertext that the plaintext is
		// still XML, which is all it takes to read the rest of it (threat S24).
		return signedParts{}, fmt.Errorf("%w: %w", errDecrypt, errors.New(err.Error()))
	}
	return out, err
}
