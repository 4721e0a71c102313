package ststest

import (
	"encoding/base64"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

const unsignedTooLong = "Requested DurationSeconds exceeds MaxSessionDuration set for this role."

type assumeRoleWithSAMLResult struct {
	XMLName xml.Name
	assumed
	Audience      string
	Subject       string
	SubjectType   string
	Issuer        string
	NameQualifier string
}

// assumeRoleWithSAML is AssumeRoleWithSAML (aws-facts 1.5, 2.2, 2.3). Anybody may call it: the assertion is the proof.
func assumeRoleWithSAML(c *call, _ *caller) (any, error) {
	var v violations
	a, err := c.common(&v)
	if err != nil {
		return nil, err
	}
	providerARN := v.required(c, "PrincipalArn", arnRule)
	encoded := v.required(c, "SAMLAssertion", assertionRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := a.resolve(); err != nil {
		return nil, err
	}
	provider, err := c.aws.samlProvider(providerARN)
	if err != nil {
		return nil, err
	}
	proof, err := c.aws.verifyResponse(encoded, provider)
	if err != nil {
		return nil, err
	}
	if err := a.fromAssertion(proof, provider); err != nil {
		return nil, err
	}
	if err := a.authorizeUnsigned(); err != nil {
		return nil, err
	}
	out, err := a.grant(unsignedTooLong)
	if err != nil {
		return nil, err
	}
	return assumeRoleWithSAMLResult{
		XMLName: named(c.action), assumed: out, Audience: proof.recipient, Subject: proof.subject,
		SubjectType: subjectType(proof.format), Issuer: proof.issuer, NameQualifier: nameQualifier(proof.issuer, provider.arn),
	}, nil
}

func (a *AWS) samlProvider(arn string) (*samlProvider, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	p := a.saml[arn]
	if p == nil || !p.validUntil.IsZero() && !a.options.Now().Before(p.validUntil) {
		return nil, errIdentityToken("Specified provider doesn't exist.")
	}
	return p, nil
}

// verifyResponse reads a response, verifies its signature and gives the assertion that was signed, once its issuer,
// audience and times are right.
func (a *AWS) verifyResponse(encoded string, provider *samlProvider) (*assertion, error) {
	if a.options.AcceptWrappedBase64 {
		encoded = strings.Join(strings.Fields(encoded), "")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // Go's decoder skips line ends
		return nil, errIdentityToken("Invalid base64 SAMLResponse")
	}
	document, err := parseSAML(raw)
	if err != nil || !successful(document.Root()) {
		return nil, errIdentityToken("Invalid SAMLResponse")
	}
	now := a.options.Now().UTC()
	element, err := provider.assertionOf(document.Root())
	if err != nil {
		return nil, errIdentityToken("Invalid SAMLResponse")
	}
	element, err = a.signedAssertion(document.Root(), element, provider, now)
	if err != nil {
		return nil, errIdentityToken("Response signature invalid")
	}
	proof, err := readAssertion(element)
	if err != nil {
		return nil, errIdentityToken("Invalid SAMLResponse")
	}
	return proof, a.checkAssertion(proof, provider, now)
}

// successful tells whether this is a Response that says Success.
func successful(root *etree.Element) bool {
	if root.Tag != "Response" || root.NamespaceURI() != samlp || attribute(root, "Version") != "2.0" {
		return false
	}
	status, err := child(root, samlp, "Status")
	if err != nil || status == nil {
		return false
	}
	code, err := child(status, samlp, "StatusCode")
	return err == nil && code != nil && attribute(code, "Value") == "urn:oasis:names:tc:SAML:2.0:status:Success"
}

// signedAssertion demands that the assertion itself is signed, and that a signature of the response is right where there
// is one.
func (a *AWS) signedAssertion(root, element *etree.Element, provider *samlProvider, now time.Time) (*etree.Element, error) {
	response := root
	if len(children(root, dsigs, "Signature")) > 0 {
		verified, err := a.verifySigned(root, provider.certificates, now)
		if err != nil {
			return nil, err
		}
		response = verified
	}
	if len(children(element, dsigs, "Signature")) == 0 && a.options.AcceptSignedResponse && response != root {
		return provider.assertionOf(response)
	}
	return a.verifySigned(element, provider.certificates, now)
}

// checkAssertion compares issuer, audience and times.
func (a *AWS) checkAssertion(proof *assertion, provider *samlProvider, now time.Time) error {
	skew := a.options.SAMLSkew
	if proof.issuer != provider.entityID {
		return errIdentityToken("Issuer not present in specified provider")
	}
	accepted := a.samlAudiences(provider.arn.Partition)
	if len(proof.audiences) == 0 {
		return errIdentityToken("Response does not contain the required audience.")
	}
	for _, restriction := range proof.audiences { // SAML Core 2.5.1.4: every restriction must be met
		if !slices.ContainsFunc(restriction, func(s string) bool { return slices.Contains(accepted, s) }) {
			return errIdentityToken("Response does not contain the required audience.")
		}
	}
	if now.Sub(proof.issued) > 5*time.Minute {
		return errExpiredProof("Token must be redeemed within 5 minutes of issuance")
	}
	if proof.issued.After(now.Add(skew)) || proof.notBefore.After(now.Add(skew)) {
		return errIdentityToken("Response is not yet valid")
	}
	for _, end := range proof.ends {
		if !now.Before(end.Add(skew)) {
			return errExpiredProof("Token is expired")
		}
	}
	if !proof.sessionEnd.IsZero() && !now.Before(proof.sessionEnd) {
		return errExpiredProof("Token is expired")
	}
	return nil
}

// samlAudiences are what AWS calls itself in a partition (aws-facts 0.2); none where that is not public.
func (a *AWS) samlAudiences(partition string) []string {
	p, _ := bridge.PartitionByID(partition)
	var out []string
	if p.SAMLAudience != "" {
		out = append(out, p.SAMLAudience)
	}
	if a.options.AcceptACSAsAudience {
		out = append(out, "https://"+p.SignInHost+"/saml")
	}
	return out
}

// fromAssertion takes over what the assertion says about the session (aws-facts 2.3).
func (a *assumption) fromAssertion(proof *assertion, provider *samlProvider) error {
	name, present, single := proof.only("RoleSessionName")
	switch {
	case !present:
		return errIdentityToken("RoleSessionName is required in AuthnResponse")
	case !single || !bridge.ValidSessionName(name):
		return errIdentityToken("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
	}
	source, present, single := proof.only("SourceIdentity")
	if present && (!single || !bridge.ValidSessionName(source) || reserved(source)) {
		return errIdentityToken(`Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)
	}
	var problem string
	if a.tags, problem = proof.tags(); problem != "" {
		return errIdentityToken(problem)
	}
	var ok bool
	if a.longest, ok = proof.sessionDuration(); !ok {
		return errIdentityToken("SessionDuration in AuthnResponse must be an integer of 900 to 43200")
	}
	a.name, a.sourceIdentity, a.notAfter, a.via = name, source, proof.sessionEnd, viaSAML
	a.provider = provider.arn.String()
	a.principal = trust.Principal{Kind: trust.Federated, ID: a.provider}
	a.context = proof.conditionKeys(provider.arn)
	// Without a NameID, with a pair that the assertion doesn't name, of another account, or of IAM Identity Center, the
	// answer is the same as for a role that doesn't exist.
	if !proof.hasNameID || !a.hasPair(proof, provider) || strings.HasPrefix(a.arn.Name, "AWSReservedSSO_") {
		return errUnsignedDenied(a.call.action)
	}
	return nil
}

func (a *assumption) hasPair(proof *assertion, provider *samlProvider) bool {
	want := bridge.RolePair{Role: a.arn, Provider: provider.arn}
	return slices.ContainsFunc(proof.attributes[attributePrefix+"Role"], func(v string) bool {
		pair, err := bridge.ParseRolePair(v)
		return err == nil && pair == want
	})
}
