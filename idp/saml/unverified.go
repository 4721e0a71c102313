package saml

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// InsecureReadUnverified implements idp.UnverifiedReader: it reads a Response as Finish would read it, and maps it alike.
// Signature, issuer, audience, destination, request, times and replay are NOT checked: only an operator who wants to see
// what the policy would say may call it, and nothing may be granted on the result. Nothing else in this package does.
//
// The answer is XML, its base64 (in lines, URL-safe or percent-encoded as well), or a text that holds the field
// SAMLResponse: a form's body, a saved page, what a browser's network tab copies.
func (c *Config) InsecureReadUnverified(answer []byte) (bridge.Identity, error) {
	document, err := unverifiedDocument(string(answer))
	if err != nil {
		return bridge.Identity{}, refuse(bridge.CodeAnswerMalformed, err)
	}
	said, issuer, err := c.unverifiedReading(document)
	if err != nil {
		return bridge.Identity{}, refuse(bridge.CodeAnswerMalformed, err)
	}
	if err := c.overage(said.attributes); err != nil {
		return bridge.Identity{}, err
	}
	return c.identity(issuer, &said), nil
}

// unverifiedReading uses the scanner, the limits and the readers of the way that is verified.
func (c *Config) unverifiedReading(document string) (said reading, issuer string, err error) {
	root, err := scan(document, messageLimits)
	if err != nil {
		return said, "", err
	}
	if err := checkRoot(root); err != nil {
		return said, "", err
	}
	if err := checkStatus(root); err != nil {
		return said, "", err
	}
	assertion, err := c.unverifiedAssertion(root)
	if err != nil {
		return said, "", err
	}
	issuerEl, err := required(assertion, nsAssertion, "Issuer")
	if err != nil {
		return said, "", err
	}
	if issuer, err = text(issuerEl); err != nil {
		return said, "", fmt.Errorf("element Issuer: %w", err)
	}
	if said.statement, err = parseStatement(assertion); err != nil {
		return said, "", err
	}
	if said.attributes, err = readAttributes(assertion); err != nil {
		return said, "", err
	}
	subject, err := required(assertion, nsAssertion, "Subject")
	if err != nil {
		return said, "", bridge.Fail(bridge.CodeSubjectMissing, fmt.Errorf("saml: %w", err))
	}
	r := &reader{terms: terms{subject: c.Subject.Attribute}}
	said.subject, err = r.readSubject(subject, said.attributes)
	return said, issuer, err
}

// unverifiedAssertion finds the one assertion, and decrypts it where the configured key can.
func (c *Config) unverifiedAssertion(root *etree.Element) (*etree.Element, error) {
	counted, err := count(root)
	if err != nil {
		return nil, err
	}
	if counted.assertions+counted.encrypted != 1 {
		return nil, fmt.Errorf("%d assertions and %d encrypted ones", counted.assertions, counted.encrypted)
	}
	if counted.encrypted == 0 {
		return required(root, nsAssertion, "Assertion")
	}
	container, err := required(root, nsAssertion, "EncryptedAssertion")
	if err != nil {
		return nil, err
	}
	opener, _, err := c.openDecrypter()
	switch {
	case err != nil:
		return nil, bridge.FailWith(bridge.CodeEncryption, "the assertion is encrypted, and the key to it can't be read here: "+
			"run this where fedbridge runs, with the same environment and files", err)
	case opener == nil:
		return nil, bridge.FailWith(bridge.CodeEncryption, "the assertion is encrypted, and this provider has no key for that: "+
			"configure decryption, or let the provider make one answer without encryption", nil)
	}
	plain, err := opener.decrypt(container)
	if errors.Is(err, errDecrypt) {
		return nil, bridge.FailWith(bridge.CodeEncryption, "the assertion doesn't open with this provider's key: was it "+
			"encrypted for another certificate (compare decryption.certificate with the one at the provider), or cut on its way?", nil)
	} else if err != nil {
		return nil, err
	}
	assertion, err := scan(plain, messageLimits)
	if err == nil && !is(assertion, nsAssertion, "Assertion") {
		err = fmt.Errorf("a %s instead of an Assertion inside of the encrypted one", assertion.Tag)
	}
	return assertion, err
}

var (
	// An input of a page; attributes stand in any order.
	pageField  = regexp.MustCompile(`(?i)<input\b[^>]*\bname\s*=\s*["']?SAMLResponse\b[^>]*>`)
	pageValue  = regexp.MustCompile(`(?i)\bvalue\s*=\s*["']([^"']+)["']`)
	namedField = regexp.MustCompile(`\bSAMLResponse["']?(?:\s*[=:]\s*|\s*,\s*"value"\s*:\s*|\s+)["']?([A-Za-z0-9+/=%_-]+)`)
)

// unverifiedDocument finds the document in whatever an operator has at hand.
func unverifiedDocument(answer string) (string, error) {
	answer = strings.TrimSpace(strings.TrimPrefix(answer, "\ufeff"))
	encoded := answer
	if tag := pageField.FindString(answer); tag != "" {
		value := pageValue.FindStringSubmatch(tag)
		if value == nil {
			return "", errors.New("the field SAMLResponse of this page is empty")
		}
		encoded = html.UnescapeString(value[1])
	} else if strings.HasPrefix(answer, "<") {
		return answer, nil
	} else if field := namedField.FindStringSubmatch(answer); field != nil {
		encoded = field[1]
	}
	if strings.Contains(encoded, "%") {
		var err error
		if encoded, err = url.QueryUnescape(encoded); err != nil {
			return "", errors.New("neither XML, nor base64 of it, nor a form with a field SAMLResponse")
		}
	}
	encoded = strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(strings.Join(strings.Fields(encoded), ""))
	document, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || encoded == "" {
		return "", errors.New("neither XML, nor base64 of it, nor a form with a field SAMLResponse")
	}
	return string(document), nil
}
