package ststest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	// maxSignIn bounds a posted response: 100000 characters, percent-encoded, and a RelayState.
	maxSignIn = 512 << 10
	// invalidResponse is what the sign-in page says of nearly everything (aws-facts 2.4).
	invalidResponse = "Your request included an invalid SAML response. To logout, click here."
)

// samlSignIn is the sign-in page's SAML endpoint, where a browser posts a response (aws-facts 2.1, 2.2): /saml, and
// /saml/acs/ID for a provider that has private keys.
func (c *console) samlSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxSignIn)
	if err := r.ParseForm(); err != nil {
		render(w, http.StatusBadRequest, view{Problem: invalidResponse})
		return
	}
	seen := Request{Time: c.aws.options.Now(), Method: r.Method, Action: "saml", Form: maps.Clone(r.PostForm)}
	if fault := c.aws.SignInFaults.begin(r.Context(), seen.Action); fault != nil {
		seen.Code = fault.code
		c.aws.record.add(seen)
		render(w, fault.status, view{Problem: fault.message})
		return
	}
	s, destination, err := c.fromResponse(r)
	if err != nil {
		failure := asAPIError(err)
		seen.Code = failure.code
		c.aws.record.add(seen)
		render(w, failure.status, view{Problem: failure.message})
		return
	}
	c.aws.record.add(seen)
	c.enter(w, r, s, destination)
}

// fromResponse verifies a posted response and makes the console session that it asks for.
func (c *console) fromResponse(r *http.Request) (signin, string, error) {
	form := r.PostForm
	encoded := form.Get("SAMLResponse")
	if len(form["SAMLResponse"]) != 1 || len(form["RelayState"]) > 1 || len(encoded) > assertionRule.max {
		return signin{}, "", errIdentityToken(invalidResponse)
	}
	provider, err := c.providerOf(r.PathValue("provider"), encoded)
	if err != nil {
		return signin{}, "", err
	}
	proof, err := c.aws.verifyResponse(encoded, provider)
	if err != nil {
		return signin{}, "", asPage(err)
	}
	// The assertion must have been made for the very address that it was posted to.
	pair, ok := onlyPair(proof.attributes[attributePrefix+"Role"])
	if !ok || pair.Provider != provider.arn || proof.recipient != addressOf(r) {
		return signin{}, "", errIdentityToken(invalidResponse)
	}
	a := &assumption{
		call: &call{action: "AssumeRoleWithSAML", aws: c.aws}, roleARN: pair.Role.String(), minSize: -1,
	}
	if err := a.resolve(); err != nil {
		return signin{}, "", asPage(err)
	}
	if err := a.fromAssertion(proof, provider); err != nil {
		return signin{}, "", err
	}
	a.via = viaSAMLSignIn
	if err := a.authorizeUnsigned(); err != nil {
		return signin{}, "", err
	}
	s, err := c.openSession(a)
	if err != nil {
		return signin{}, "", err
	}
	destination, err := c.relayed(form, s, r.Host)
	return signin{session: s, ends: s.expires, saml: true}, destination, err
}

// openSession: a console session is as long as SessionDuration says, an hour by default, and no longer than
// SessionNotOnOrAfter (aws-facts 2.3).
func (c *console) openSession(a *assumption) (*session, error) {
	a.seconds = 3600
	if a.longest > 0 {
		a.seconds = a.longest
	}
	if c.aws.options.LongSAMLConsole {
		role := *a.role
		role.MaxSessionDuration = bridge.MaxSession
		a.role = &role
	}
	s, _, _, err := a.open(unsignedTooLong)
	return s, err
}

// relayed is the console page that RelayState names; the console's home without one.
func (c *console) relayed(form url.Values, s *session, host string) (string, error) {
	destination := form.Get("RelayState")
	if destination == "" {
		p, _ := bridge.PartitionByID(s.role.Partition)
		destination = "https://" + p.ConsoleHost + "/"
	}
	if !c.goodDestination(destination, s.role.Partition, host) {
		return "", errIdentityToken("The destination is not a page of the console.")
	}
	return destination, nil
}

// providerOf finds the provider whose keys verify: the one that the address names, or else the one that the response
// itself names, which its signature must then confirm.
func (c *console) providerOf(id, encoded string) (*samlProvider, error) {
	if id != "" {
		return c.aws.samlProvider(c.aws.providerWithKeys(id))
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errIdentityToken(invalidResponse)
	}
	document, err := parseSAML(raw)
	if err != nil || len(children(document.Root(), saml2, "Assertion")) != 1 {
		return nil, errIdentityToken(invalidResponse)
	}
	claimed, err := readAssertion(children(document.Root(), saml2, "Assertion")[0])
	if err != nil {
		return nil, errIdentityToken(invalidResponse)
	}
	pair, ok := onlyPair(claimed.attributes[attributePrefix+"Role"])
	if !ok {
		return nil, errIdentityToken(invalidResponse)
	}
	return c.aws.samlProvider(pair.Provider.String())
}

// providerWithKeys is the ARN of the provider with this id; "" if there is none that can decrypt.
func (a *AWS) providerWithKeys(id string) string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for arn, p := range a.saml {
		if p.UUID == id && len(p.keys) > 0 {
			return arn
		}
	}
	return ""
}

// onlyPair reads the role and provider of a response. AWS lets a person choose among several; this page has no picker.
func onlyPair(values []string) (bridge.RolePair, bool) {
	if len(values) != 1 {
		return bridge.RolePair{}, false
	}
	pair, err := bridge.ParseRolePair(values[0])
	return pair, err == nil
}

// asPage says what the page says where the API has another text.
func asPage(err error) error {
	switch failure := asAPIError(err); failure.message {
	case "Invalid SAMLResponse", "Invalid base64 SAMLResponse":
		return errIdentityToken(invalidResponse)
	case "Issuer not present in specified provider":
		return &apiError{failure.status, "AuthSamlInvalidSamlResponseException", failure.message}
	}
	return err
}

func addressOf(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + r.URL.EscapedPath()
}
