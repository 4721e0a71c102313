package mint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// attributes that AWS reads, beside those that bridge names (IAM User Guide, "Configure SAML assertions").
const (
	awsAttribute        = "https://aws.amazon.com/SAML/Attributes/"
	attrDuration        = awsAttribute + "SessionDuration"
	attrTag             = awsAttribute + "PrincipalTag:"
	attrTransitive      = awsAttribute + "TransitiveTagKeys"
	attrSourceIdentity  = awsAttribute + "SourceIdentity"
	nsProtocol          = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion         = "urn:oasis:names:tc:SAML:2.0:assertion"
	formatPersistent    = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	confirmationBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	statusSuccess       = "urn:oasis:names:tc:SAML:2.0:status:Success"
	contextUnspecified  = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	samlTime            = "2006-01-02T15:04:05Z"
	roomOfSAML          = 6 << 10 // what a response has beside its tags
	roomOfSAMLAttribute = 128     // what a tag needs beside its key and value
)

// statement is what a response says.
type statement struct {
	bridge.MintRequest
	responseID, id      string
	entityID, subject   string
	recipient, audience string
	now                 time.Time // whole seconds
	sessionEnd          time.Time
}

// response mints a SAML response (SAML Core §3.3.3) that is for one role and signed once, in its assertion.
func (m *Minter) response(ctx context.Context, req bridge.MintRequest, now time.Time) (bridge.Proof, error) {
	s, err := m.statement(req, now)
	if err != nil {
		return bridge.Proof{}, err
	}
	seal, err := m.sealFor(req.Role)
	if err != nil {
		return bridge.Proof{}, err
	}
	key, err := m.config.Keys.Current(UseSAML)
	if err != nil {
		return bridge.Proof{}, err
	}
	info, err := m.infoOf(key)
	if err != nil {
		return bridge.Proof{}, err
	}
	if err := notBehindKey(now, key); err != nil {
		return bridge.Proof{}, err
	}
	assertion, err := signAssertion(ctx, key, info, s)
	if err != nil {
		return bridge.Proof{}, err
	}
	if seal != nil {
		if assertion, err = seal(assertion); err != nil {
			return bridge.Proof{}, err
		}
	}
	document := s.appendResponse(make([]byte, 0, len(assertion)+1024), assertion)
	text := base64.StdEncoding.EncodeToString(document)
	if len(text) > bridge.MaxSAMLAssertion {
		return bridge.Proof{}, tooLarge("characters of the SAML response", len(text), bridge.MaxSAMLAssertion)
	}
	return bridge.Proof{
		Kind: bridge.ProofSAML, Raw: bridge.NewSecret(text), ID: s.id, RelayUntil: s.now.Add(bridge.RelayWindow),
		Algorithm: key.Algorithm, Audiences: []string{s.audience}, Recipient: s.recipient,
	}, nil
}

// statement gathers what is to be said, and refuses what AWS would.
func (m *Minter) statement(req bridge.MintRequest, now time.Time) (statement, error) {
	role := req.Role
	partition, ok := bridge.PartitionByID(role.ARN.Partition)
	if !ok || partition.SAMLAudience == "" {
		return statement{}, unfit(role, fmt.Sprintf("what AWS calls itself in SAML is not public in partition %s: use an ID token", role.ARN.Partition))
	}
	provider := role.SAMLProvider
	if _, err := bridge.ParseSAMLProviderARN(provider.String()); err != nil ||
		provider.Account != role.ARN.Account || provider.Partition != role.ARN.Partition {
		return statement{}, unfit(role, "its IAM SAML provider is not one of the role's account")
	}
	s := statement{
		MintRequest: req, responseID: "_" + rand.Text(), id: "_" + rand.Text(), // 130 random bits; an ID begins with a letter or _
		entityID: m.config.EntityID, subject: m.subject(req.Identity),
		recipient: req.Recipient, audience: partition.SAMLAudience,
		// The end of the session is rounded up: it is as long as was granted, not a fraction of a second less.
		now: now.Truncate(time.Second), sessionEnd: now.Add(req.Duration + time.Second - 1).Truncate(time.Second),
	}
	if s.recipient == "" {
		s.recipient = "https://" + partition.SignInHost + "/saml"
	}
	if !xmlText(s.recipient) {
		return statement{}, unfit(role, "the sign-in URL is no text")
	}
	return s, nil
}

// appendResponse puts the response around its assertion. AWS asks nothing, so there is no InResponseTo (SAML Profiles
// §4.1.5).
func (s statement) appendResponse(out, assertion []byte) []byte {
	out = appendAttr(append(out, `<samlp:Response xmlns:samlp="`+nsProtocol+`" Destination="`...), s.recipient)
	out = append(out, `" ID="`+s.responseID+`" IssueInstant="`...)
	out = s.now.AppendFormat(out, samlTime)
	out = appendText(append(out, `" Version="2.0"><saml:Issuer xmlns:saml="`+nsAssertion+`">`...), s.entityID)
	out = append(out, `</saml:Issuer><samlp:Status><samlp:StatusCode Value="`+statusSuccess+`"></samlp:StatusCode></samlp:Status>`...)
	return append(append(out, assertion...), `</samlp:Response>`...)
}

// appendAssertion writes the assertion without its signature, in the form that exclusive canonicalisation gives it
// (saml_sign.go), and tells where the signature goes: behind Issuer (SAML Core §2.3.3).
func (s statement) appendAssertion(out []byte) (assertion []byte, signatureAt int) {
	end := s.now.Add(bridge.MintedLife)
	out = append(out, `<saml:Assertion xmlns:saml="`+nsAssertion+`" ID="`...)
	out = append(out, s.id+`" IssueInstant="`...)
	out = s.now.AppendFormat(out, samlTime)
	out = appendText(append(out, `" Version="2.0"><saml:Issuer>`...), s.entityID)
	out = append(out, `</saml:Issuer>`...)
	signatureAt = len(out)
	out = appendText(append(out, `<saml:Subject><saml:NameID Format="`+formatPersistent+`">`...), s.subject)
	// AWS demands exactly one bearer confirmation with NotOnOrAfter and Recipient.
	out = append(out, `</saml:NameID><saml:SubjectConfirmation Method="`+confirmationBearer+`"><saml:SubjectConfirmationData NotOnOrAfter="`...)
	out = end.AppendFormat(out, samlTime)
	out = appendAttr(append(out, `" Recipient="`...), s.recipient)
	out = append(out, `"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="`...)
	out = s.now.Add(-earlier).AppendFormat(out, samlTime)
	out = end.AppendFormat(append(out, `" NotOnOrAfter="`...), samlTime)
	out = appendText(append(out, `"><saml:AudienceRestriction><saml:Audience>`...), s.audience)
	out = s.now.AppendFormat(append(out, `</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="`...), samlTime)
	out = append(out, `" SessionIndex="`+s.id+`" SessionNotOnOrAfter="`...)
	out = s.sessionEnd.AppendFormat(out, samlTime)
	out = append(out, `"><saml:AuthnContext><saml:AuthnContextClassRef>`+contextUnspecified+
		`</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>`...)
	out = s.appendAttributes(out)
	return append(out, `</saml:AttributeStatement></saml:Assertion>`...), signatureAt
}

func (s statement) appendAttributes(out []byte) []byte {
	out = appendAttribute(out, bridge.AttributeRole, s.Role.ARN.String()+","+s.Role.SAMLProvider.String())
	out = appendAttribute(out, bridge.AttributeSessionName, s.SessionName)
	out = appendAttribute(out, attrDuration, strconv.Itoa(int(s.Duration/time.Second)))
	if s.SourceIdentity != "" {
		out = appendAttribute(out, attrSourceIdentity, s.SourceIdentity)
	}
	for _, t := range s.Tags {
		out = appendAttribute(out, attrTag+t.Key, t.Value)
	}
	if len(s.Role.TransitiveTags) > 0 {
		out = appendAttribute(out, attrTransitive, s.Role.TransitiveTags...)
	}
	return out
}

func appendAttribute(out []byte, name string, values ...string) []byte {
	out = appendAttr(append(out, `<saml:Attribute Name="`...), name)
	out = append(out, `">`...)
	for _, v := range values {
		out = appendText(append(out, `<saml:AttributeValue>`...), v)
		out = append(out, `</saml:AttributeValue>`...)
	}
	return append(out, `</saml:Attribute>`...)
}

// size is about how many bytes the signed assertion takes.
func (s statement) size() int {
	n := roomOfSAML
	for _, t := range s.Tags {
		n += len(t.Key) + len(t.Value) + roomOfSAMLAttribute
	}
	return n
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}
