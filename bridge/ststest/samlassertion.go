package ststest

import (
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// assertion is what a verified SAML assertion says, as far as STS reads it.
type assertion struct {
	issuer, subject, format string
	hasNameID               bool
	recipient               string
	issued                  time.Time
	notBefore               time.Time // zero: not said
	ends                    []time.Time
	audiences               [][]string // one list a restriction: each must hold one of ours
	sessionEnd              time.Time  // SessionNotOnOrAfter; zero: not said
	attributes              map[string][]string
}

// readAssertion reads a verified element. What doesn't look as it should is an error, whatever it would mean.
func readAssertion(e *etree.Element) (*assertion, error) {
	if e.Tag != "Assertion" || e.NamespaceURI() != saml2 || attribute(e, "Version") != "2.0" {
		return nil, errXML
	}
	a := &assertion{attributes: map[string][]string{}}
	for _, read := range []func(*etree.Element) bool{a.readIssuer, a.readSubject, a.readConditions, a.readStatements} {
		if !read(e) {
			return nil, errXML
		}
	}
	return a, nil
}

func (a *assertion) readIssuer(e *etree.Element) bool {
	issuer, err := child(e, saml2, "Issuer")
	if err != nil || issuer == nil {
		return false
	}
	var ok1, ok2 bool
	a.issuer, ok1 = textOf(issuer)
	a.issued, ok2 = instant(attribute(e, "IssueInstant"))
	return ok1 && ok2
}

// readSubject: exactly one bearer confirmation, with both NotOnOrAfter and Recipient (aws-facts 2.2).
func (a *assertion) readSubject(e *etree.Element) bool {
	subject, err := child(e, saml2, "Subject")
	if err != nil {
		return false
	}
	if subject == nil {
		return true // no NameID: AccessDenied, later
	}
	id, err := child(subject, saml2, "NameID")
	if err != nil {
		return false
	}
	if id != nil {
		text, ok := textOf(id)
		a.subject, a.format, a.hasNameID = text, attribute(id, "Format"), ok && text != ""
		if !ok {
			return false
		}
	}
	confirmation, err := child(subject, saml2, "SubjectConfirmation")
	if err != nil || confirmation == nil || attribute(confirmation, "Method") != "urn:oasis:names:tc:SAML:2.0:cm:bearer" {
		return false
	}
	data, err := child(confirmation, saml2, "SubjectConfirmationData")
	if err != nil || data == nil {
		return false
	}
	end, ok := instant(attribute(data, "NotOnOrAfter"))
	a.recipient = attribute(data, "Recipient")
	a.ends = append(a.ends, end)
	return ok && a.recipient != ""
}

func (a *assertion) readConditions(e *etree.Element) bool {
	conditions, err := child(e, saml2, "Conditions")
	if err != nil || conditions == nil {
		return err == nil // without an audience: refused, later
	}
	if v := attribute(conditions, "NotBefore"); v != "" {
		t, ok := instant(v)
		if !ok {
			return false
		}
		a.notBefore = t
	}
	if v := attribute(conditions, "NotOnOrAfter"); v != "" {
		t, ok := instant(v)
		if !ok {
			return false
		}
		a.ends = append(a.ends, t)
	}
	for _, restriction := range children(conditions, saml2, "AudienceRestriction") {
		list := []string{}
		for _, audience := range children(restriction, saml2, "Audience") {
			text, ok := textOf(audience)
			if !ok {
				return false
			}
			list = append(list, text)
		}
		a.audiences = append(a.audiences, list)
	}
	return true
}

func (a *assertion) readStatements(e *etree.Element) bool {
	for _, statement := range children(e, saml2, "AuthnStatement") {
		v := attribute(statement, "SessionNotOnOrAfter")
		if v == "" {
			continue
		}
		end, ok := instant(v)
		if !ok {
			return false
		}
		if a.sessionEnd.IsZero() || end.Before(a.sessionEnd) {
			a.sessionEnd = end
		}
	}
	for _, statement := range children(e, saml2, "AttributeStatement") {
		for _, attr := range children(statement, saml2, "Attribute") {
			name := attribute(attr, "Name")
			for _, value := range children(attr, saml2, "AttributeValue") {
				if text, ok := textOf(value); ok {
					a.attributes[name] = append(a.attributes[name], strings.TrimSpace(text))
				} else if strings.HasPrefix(name, "https://aws.amazon.com/SAML/Attributes/") {
					return false
				}
			}
		}
	}
	return true
}

func instant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err == nil
}

const attributePrefix = "https://aws.amazon.com/SAML/Attributes/"

// only gives the single value of an AWS attribute; ok is false if there are several.
func (a *assertion) only(name string) (value string, present, ok bool) {
	values := a.attributes[attributePrefix+name]
	if len(values) == 0 {
		return "", false, true
	}
	return values[0], true, len(values) == 1
}

// sessionDuration is the attribute SessionDuration in seconds; zero if it isn't there.
func (a *assertion) sessionDuration() (int, bool) {
	value, present, ok := a.only("SessionDuration")
	if !present {
		return 0, true
	}
	n, err := strconv.Atoi(value)
	return n, ok && err == nil && n >= 900 && n <= 43200
}

// tags reads PrincipalTag:* and TransitiveTagKeys; the text says what is wrong.
func (a *assertion) tags() (tagSet, string) {
	var out tagSet
	for name, values := range a.attributes {
		key, ok := strings.CutPrefix(name, attributePrefix+"PrincipalTag:")
		if !ok {
			continue
		}
		if len(values) != 1 {
			return nil, "The PrincipalTag " + key + " must have exactly one value."
		}
		var t tag
		t.Key, t.Value = key, values[0]
		out = append(out, t)
	}
	sortTags(out)
	if problem := out.problem(); problem != "" {
		return nil, problem
	}
	return out, out.mark(a.attributes[attributePrefix+"TransitiveTagKeys"])
}
