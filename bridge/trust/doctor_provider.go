package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// provider looks at the IAM identity provider that vouches for us.
func (e *exam) provider() {
	if e.need.ProviderARN() == "" {
		return // fedbridge signs itself, or the issuer is built in
	}
	if e.need.saml() {
		e.samlProvider()
		return
	}
	e.oidcProvider()
}

// present deals with a provider that there is nothing to say about but whether it is there.
func (e *exam) present(reading Reading, why, create string) bool {
	arn := e.need.ProviderARN()
	switch reading {
	case Read:
		return true
	case NotRead:
		e.report(Finding{Code: CodeProviderUnread, Severity: SeverityNote, Summary: "The identity provider was not looked at: " + arn + "."}, nil)
	case Missing:
		e.report(Finding{Code: CodeProviderMissing, Summary: "The account has no identity provider " + arn + ".", Commands: []string{create}}, nil)
	default:
		e.report(Finding{Code: CodeProviderUnread, Summary: "The identity provider could not be read: " + arn + ".", Detail: why}, nil)
	}
	return false
}

func (e *exam) oidcProvider() {
	f, n := e.found.OIDC, e.need
	arn := n.ProviderARN()
	if !e.present(f.Reading, f.Why, createOIDCCommand(n.Issuer, e.whole.audiences)) {
		return
	}
	// IAM answers without the scheme, which is always https. STS compares the rest as text (aws-facts 3.4).
	if bareIssuer(f.URL) != bareIssuer(n.Issuer) {
		e.report(Finding{
			Code: CodeProviderURL, Summary: "The identity provider's URL is " + printable(f.URL) + "; the tokens' issuer is " + n.Issuer + ".",
			Detail:   "They are compared character by character, a slash at the end and the case of letters, too. A provider's URL can't be changed: make another.",
			Commands: []string{createOIDCCommand(n.Issuer, e.whole.audiences)},
		}, nil)
	}
	missing := Finding{Code: CodeClientID}
	for _, id := range n.audiences() {
		if !slices.Contains(f.ClientIDs, id) {
			missing.Summary = "The identity provider doesn't list the client id " + printable(id) + "."
			missing.Detail = "It is the audience of our tokens: STS answers \"Incorrect token audience\"."
			missing.Commands = append(missing.Commands, addClientIDCommand(arn, id))
		}
	}
	if len(missing.Commands) > 0 {
		e.report(missing, nil)
	}
	if n.Via != bridge.ViaIssuer {
		return // others may use this provider, too
	}
	extra := Finding{Code: CodeClientIDExtra}
	for _, id := range f.ClientIDs {
		if !slices.Contains(e.whole.audiences, id) && !e.otherRoleUses(id) {
			extra.Summary = "The identity provider also lists the client id " + printable(id) + ", which no role of ours has for an audience here."
			extra.Commands = append(extra.Commands, removeClientIDCommand(arn, id))
		}
	}
	if len(extra.Commands) > 0 {
		e.report(extra, nil)
	}
}

// otherRoleUses tells whether a client id is the audience of another role of this account.
func (e *exam) otherRoleUses(id string) bool { return slices.Contains(e.need.AccountAudiences, id) }

// soon is how long before a SAML provider ends that is said.
const soonDays = 30

func (e *exam) samlProvider() {
	f, n := e.found.SAML, e.need
	arn := n.ProviderARN()
	if !e.present(f.Reading, f.Why, createSAMLCommand(n.Role.SAMLProvider.Name)) {
		return
	}
	update := []string{updateSAMLCommand(arn)}
	end := f.ValidUntil
	if m, err := readMetadata(f.Metadata); err != nil {
		e.report(Finding{Code: CodeMetadata, Summary: "The SAML provider's metadata can't be read.", Detail: err.Error(), Commands: update}, nil)
	} else {
		e.metadata(m, update)
		if !m.validUntil.IsZero() && (end.IsZero() || m.validUntil.Before(end)) {
			end = m.validUntil
		}
	}
	switch left := end.Sub(e.now); {
	case end.IsZero():
	case left <= 0:
		e.report(Finding{Code: CodeProviderExpired, Summary: "The SAML provider's metadata was valid until " + end.UTC().Format("2006-01-02 15:04 MST") + ".", Commands: update}, nil)
	case left < soonDays*24*60*60*1e9:
		e.report(Finding{Code: CodeProviderExpires, Summary: fmt.Sprintf("The SAML provider's metadata is valid until %s: %d days.", end.UTC().Format("2006-01-02 15:04 MST"), int(left.Hours()/24)), Commands: update}, nil)
	}
	e.encryption(arn)
}

// metadata compares what the provider holds with what signs.
func (e *exam) metadata(m metadata, update []string) {
	n := e.need
	if n.EntityID != "" && m.entityID != n.EntityID {
		e.report(Finding{
			Code: CodeEntityID, Summary: "The SAML provider's metadata is that of " + printable(m.entityID) + "; our responses come from " + printable(n.EntityID) + ".",
			Detail: "STS answers \"Issuer not present in specified provider\".", Commands: update,
		}, nil)
	}
	var lacking []int
	for i, der := range n.Certificates {
		if !slices.ContainsFunc(m.certificates, func(have []byte) bool { return string(have) == string(der) }) {
			lacking = append(lacking, i)
		}
	}
	switch {
	case len(lacking) == 0:
	case lacking[0] == 0 && n.Via == bridge.ViaIssuer || len(lacking) == len(n.Certificates):
		e.report(Finding{
			Code: CodeCertificate, Summary: "The certificate of the key that signs now isn't in the SAML provider's metadata.",
			Detail: "STS answers \"Response signature invalid\".", Commands: update,
		}, nil)
	default:
		e.report(Finding{
			Code: CodeCertificateNext, Summary: fmt.Sprintf("%d of %d certificates that may sign aren't in the SAML provider's metadata.", len(lacking), len(n.Certificates)),
			Detail: "As soon as such a key signs, STS answers \"Response signature invalid\".", Commands: update,
		}, nil)
	}
}

// encryption: what we send must be what the provider takes (aws-facts 2.6).
func (e *exam) encryption(arn string) {
	f, n := e.found.SAML, e.need
	encrypts := n.encrypts()
	switch {
	case f.MetadataOnly:
	case f.EncryptionMode == "Required" && !encrypts:
		e.report(Finding{
			Code: CodeEncryptionRequired, Summary: "The SAML provider takes encrypted assertions alone, and ours are not encrypted.",
			Detail:   "Set saml_encryption for this account, or let the provider take both.",
			Commands: []string{decryptCommand(arn)},
		}, nil)
	case encrypts && f.PrivateKeys == 0:
		e.report(Finding{
			Code: CodeEncryptionKey, Summary: "Our assertions are encrypted, and the SAML provider has no private key to decrypt them.",
			Commands: []string{encryptCommand(arn)},
		}, nil)
	}
	if id := n.Role.Encryption.ProviderID; encrypts && id != "" && f.UUID != "" && !strings.EqualFold(id, f.UUID) {
		e.report(Finding{
			Code: CodeEncryptionID, Summary: "The SAML provider's id is " + f.UUID + "; the configuration says " + printable(id) + ".",
			Detail: "Correct saml_encryption.provider_id: it is part of the sign-in URL.",
		}, nil)
	}
}
