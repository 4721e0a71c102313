package saml

import (
	"errors"
	"fmt"
	"unicode"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// subject names the person: together with provider and issuer, nobody else.
type subject struct{ format, value string }

// maxSubject bounds the name, in bytes; SAML Core §8.3.7 allows a persistent one 256 characters.
const maxSubject = 1024

// readSubject takes the NameID, or the attribute that the operator chose.
func (r *reader) readSubject(el *etree.Element, attrs attributes) (subject, error) {
	nameID, err := optional(el, nsAssertion, "NameID")
	if err != nil {
		return subject{}, err // threat P18: doubled
	}
	for child := range el.ChildElementsSeq() {
		if !is(child, nsAssertion, "NameID") && !is(child, nsAssertion, "SubjectConfirmation") {
			return subject{}, fmt.Errorf("element %s in the Subject", child.Tag)
		}
	}
	if r.terms.subject != "" {
		return subjectOfAttribute(r.terms.subject, attrs)
	}
	if nameID == nil {
		return subject{}, bridge.Fail(bridge.CodeSubjectMissing, errors.New("saml: no NameID"))
	}
	value, err := text(nameID)
	if err != nil {
		return subject{}, fmt.Errorf("NameID %w", err)
	}
	format, ok := attribute(nameID, "Format")
	if !ok {
		format = formatUnspecified // SAML Core §2.2.2
	}
	// SAML Core §8.3.8: a transient name is another one tomorrow (threat P20).
	if format == formatTransient {
		return subject{}, bridge.Fail(bridge.CodeSubjectTransient, nil)
	}
	return subject{format, value}, checkSubject("NameID", value)
}

func subjectOfAttribute(name string, attrs attributes) (subject, error) {
	values := attrs.claims[name]
	if len(values) != 1 || values[0] == "" {
		return subject{}, bridge.FailWith(bridge.CodeSubjectMissing, name,
			fmt.Errorf("saml: attribute %q has %d values as text, one is needed", name, len(values)))
	}
	return subject{"attribute:" + name, values[0]}, checkSubject(name, values[0])
}

// checkSubject refuses names that people or machines could take for another (rule R5): nothing is folded or trimmed.
func checkSubject(claim, value string) error {
	if value == "" {
		return bridge.Fail(bridge.CodeSubjectMissing, fmt.Errorf("saml: %s is empty", claim))
	}
	if len(value) > maxSubject {
		return bridge.FailWith(bridge.CodeClaim, claim, fmt.Errorf("saml: %s has %d bytes", claim, len(value)))
	}
	for _, r := range value {
		if !usable(r) {
			return bridge.FailWith(bridge.CodeClaim, claim, fmt.Errorf("saml: %s holds %U", claim, r))
		}
	}
	return nil
}

// usable excludes control, format (which the marks of bidirectional text are), private, surrogate and unassigned
// characters, and line and paragraph separators.
func usable(r rune) bool {
	return r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) && r != unicode.ReplacementChar
}
