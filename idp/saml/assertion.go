package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// readAssertion checks and reads an assertion that is signed (SAML Profiles §4.1.4.2 and §4.1.4.3).
func (r *reader) readAssertion(a *etree.Element) (reading, error) {
	out := reading{}
	var err error
	if version, _ := attribute(a, "Version"); version != "2.0" {
		return out, errors.New("an Assertion of another version")
	}
	if out.assertionID, _ = attribute(a, "ID"); !ncName.MatchString(out.assertionID) {
		return out, errors.New("an Assertion without a usable ID")
	}
	issuer, err := required(a, nsAssertion, "Issuer")
	if err != nil {
		return out, err
	}
	if err := checkIssuer(issuer, r.issuer); err != nil {
		return out, err
	}
	if out.issued, err = requiredTime(a, "IssueInstant"); err != nil {
		return out, err
	}
	if err := checkIssued("the assertion", out.issued, r.expect.earliest, r.now); err != nil {
		return out, err
	}
	if err := onlyKnown(a); err != nil {
		return out, err
	}
	if out.end, out.audiences, err = r.checkConditions(a, out.issued); err != nil {
		return out, err
	}
	if out.statement, err = r.readStatement(a); err != nil {
		return out, err
	}
	if out.attributes, err = readAttributes(a); err != nil {
		return out, err
	}
	subjectEl, err := required(a, nsAssertion, "Subject")
	if err != nil {
		return out, bridge.Fail(bridge.CodeSubjectMissing, fmt.Errorf("saml: %w", err))
	}
	confirmed, err := r.checkConfirmation(subjectEl, out.issued)
	if err != nil {
		return out, err
	}
	out.end = earlier(out.end, confirmed)
	out.subject, err = r.readSubject(subjectEl, out.attributes)
	return out, err
}

// onlyKnown refuses statements that nothing here reads: an authorisation decision might say no.
func onlyKnown(a *etree.Element) error {
	for child := range a.ChildElementsSeq() {
		switch child.NamespaceURI() + " " + child.Tag {
		case nsAssertion + " Issuer", nsAssertion + " Subject", nsAssertion + " Conditions", nsAssertion + " Advice",
			nsAssertion + " AuthnStatement", nsAssertion + " AttributeStatement", nsSignature + " Signature":
		default:
			return fmt.Errorf("element %s in the Assertion", child.Tag)
		}
	}
	return nil
}

// checkConditions: times, and every audience restriction (SAML Core §2.5.1). A condition that isn't known can't be
// fulfilled (§2.5.1.1).
func (r *reader) checkConditions(a *etree.Element, issued time.Time) (end time.Time, audiences []string, err error) {
	conditions, err := required(a, nsAssertion, "Conditions")
	if err != nil {
		return end, nil, err
	}
	start, ok, err := timeAttribute(conditions, "NotBefore")
	if err != nil {
		return end, nil, err
	}
	if !ok {
		start = issued
	}
	if end, err = requiredTime(conditions, "NotOnOrAfter"); err != nil {
		return end, nil, err
	}
	if err := (window{"the assertion", start, end}).check(r.now, r.terms.maxValidity); err != nil {
		return end, nil, err
	}
	restrictions := 0
	for child := range conditions.ChildElementsSeq() {
		switch {
		case is(child, nsAssertion, "AudienceRestriction"):
			restrictions++
			named, err := r.checkAudience(child)
			if err != nil {
				return end, nil, err
			}
			audiences = append(audiences, named...)
		case is(child, nsAssertion, "OneTimeUse"), is(child, nsAssertion, "ProxyRestriction"):
			// We use every assertion once, and make none from it.
		default:
			return end, nil, fmt.Errorf("condition %s is not known", child.Tag)
		}
	}
	if restrictions == 0 {
		return end, nil, bridge.FailWith(bridge.CodeAudience, "expected "+r.terms.audiences[0]+", got none", nil)
	}
	return end, audiences, nil
}

// checkAudience: one audience of each restriction must be ours, exactly (threat P7, SAML Core §2.5.1.4).
func (r *reader) checkAudience(restriction *etree.Element) ([]string, error) {
	var named []string
	ours := false
	for child := range restriction.ChildElementsSeq() {
		if !is(child, nsAssertion, "Audience") {
			return nil, fmt.Errorf("element %s in AudienceRestriction", child.Tag)
		}
		audience, err := text(child)
		if err != nil {
			return nil, fmt.Errorf("element Audience: %w", err)
		}
		named = append(named, audience)
		ours = ours || slices.Contains(r.terms.audiences, audience)
	}
	if !ours {
		return nil, mismatch(bridge.CodeAudience, strings.Join(r.terms.audiences, " or "), strings.Join(named, " "))
	}
	return named, nil
}

// checkConfirmation: exactly one subject confirmation, by bearer, with all that makes it ours (threats P2, P3, P8). The
// Address is not compared: it is the person's as the provider saw it, which proxies and mobile networks change.
func (r *reader) checkConfirmation(subject *etree.Element, issued time.Time) (end time.Time, err error) {
	confirmation, err := required(subject, nsAssertion, "SubjectConfirmation")
	if err != nil {
		return end, err
	}
	if method, _ := attribute(confirmation, "Method"); method != methodBearer {
		return end, fmt.Errorf("subject confirmation by %q", method)
	}
	if len(confirmation.ChildElements()) != 1 {
		return end, errors.New("a subject confirmation that holds more than its data")
	}
	data, err := required(confirmation, nsAssertion, "SubjectConfirmationData")
	if err != nil {
		return end, err
	}
	recipient, ok := attribute(data, "Recipient")
	if !ok || recipient != r.terms.acs {
		return end, mismatch(bridge.CodeDestination, r.terms.acs, recipient)
	}
	if err := r.checkAnswers(data, false); err != nil {
		return end, err
	}
	start, ok, err := timeAttribute(data, "NotBefore") // has no place here, and is obeyed all the same
	if err != nil {
		return end, err
	}
	if !ok {
		start = issued
	}
	if end, err = requiredTime(data, "NotOnOrAfter"); err != nil {
		return end, err
	}
	return end, (window{"the subject's confirmation", start, end}).check(r.now, r.terms.maxValidity)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
