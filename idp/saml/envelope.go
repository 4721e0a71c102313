package saml

import (
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// checkEnvelope checks what the Response says about itself. Where it isn't signed, this can only make the answer fail.
func (r *reader) checkEnvelope(parts signedParts) (issued time.Time, err error) {
	response := parts.envelope
	if err := checkRoot(response); err != nil {
		return time.Time{}, err
	}
	if err := checkStatus(response); err != nil {
		return time.Time{}, err
	}
	// SAML Profiles §4.1.4.2: Issuer may be missing; if it is there, it is the provider.
	issuer, err := optional(response, nsAssertion, "Issuer")
	if err != nil {
		return time.Time{}, err
	}
	if issuer != nil {
		if err := checkIssuer(issuer, r.issuer); err != nil {
			return time.Time{}, err
		}
	}
	if err := r.checkDestination(response); err != nil {
		return time.Time{}, err
	}
	if err := r.checkAnswers(response, true); err != nil {
		return time.Time{}, err
	}
	issued, err = requiredTime(response, "IssueInstant")
	if err != nil {
		return time.Time{}, err
	}
	return issued, checkIssued("the response", issued, r.expect.earliest, r.now)
}

// checkIssuer compares exactly, format included (threat P14, SAML Profiles §4.1.4.2).
func checkIssuer(issuer *etree.Element, want string) error {
	if format, ok := attribute(issuer, "Format"); ok && format != formatEntity {
		return errors.New("an Issuer of another format")
	}
	got, err := text(issuer)
	if err != nil {
		return fmt.Errorf("element Issuer: %w", err)
	}
	if got != want {
		return fmt.Errorf("issuer %q instead of %q", got, want)
	}
	return nil
}

// checkDestination: the answer names where it was to go, and that is our configured ACS, whatever address the request came
// in by (threat P1). SAML Bindings §3.5.5.2 demands the name of signed messages only; every provider that we know of sends
// it always, so one without it is somebody's own making.
func (r *reader) checkDestination(response *etree.Element) error {
	destination, ok := attribute(response, "Destination")
	switch {
	case !ok || destination == "":
		return bridge.FailWith(bridge.CodeDestination, "expected "+r.terms.acs+", got none", nil)
	case destination != r.terms.acs:
		return mismatch(bridge.CodeDestination, r.terms.acs, destination)
	}
	return nil
}

// checkAnswers compares InResponseTo with our request. Where the schema lets it be missing, a missing one passes: the
// signed assertion repeats it. Nobody's answer must not claim to be somebody's (threats P3, P4).
func (r *reader) checkAnswers(el *etree.Element, mayMiss bool) error {
	got, ok := attribute(el, "InResponseTo")
	switch {
	case r.expect.requestID == "" && ok:
		return bridge.Fail(bridge.CodeLoginStale, errors.New("saml: an unsolicited answer that names a request"))
	case r.expect.requestID == "" || !ok && mayMiss:
		return nil
	case !ok || got != r.expect.requestID:
		return bridge.Fail(bridge.CodeLoginStale, fmt.Errorf("saml: %s answers another request", el.Tag))
	}
	return nil
}

// mismatch shows people both values, shortened.
func mismatch(code bridge.Code, want, got string) error {
	return bridge.FailWith(code, fmt.Sprintf("expected %s, got %.300q", want, got), nil)
}
