package bridge

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Claims is what a provider asserted: byte-exact names, many values each (OIDC Core §5.1, SAML Core §2.7.3.1). A scalar
// is a list of one; a claim that is not there is an empty list; the parts of an object are named by their path, joined
// with dots. No value is ever folded, trimmed or normalised.
type Claims map[string][]string

// Identity is what was proved about a person, in neither protocol's dialect (OIDC Core §2, SAML Core §2.3.3).
// Provider, Issuer, Format and Subject together name the person; e-mail and names are for people to read.
type Identity struct {
	Provider string `json:"provider"`         // name of the provider in the configuration
	Issuer   string `json:"issuer"`           // OIDC iss, SAML Issuer
	Subject  string `json:"subject"`          // OIDC sub, SAML NameID (or the configured attribute)
	Format   string `json:"format,omitempty"` // NameID format; "attribute:NAME" for a configured one; empty for OIDC

	Email  string   `json:"email,omitempty"` // only when verified, or trusted by configuration
	Name   string   `json:"name,omitempty"`
	Groups []string `json:"groups,omitempty"` // from the mapped groups claim, exact
	Claims Claims   `json:"claims,omitempty"`

	AuthTime time.Time `json:"auth_time,omitzero"` // OIDC auth_time, SAML AuthnInstant: when presence was last proved
	// Issued is a moment by fedbridge's clock before which the answer can't have been made: when the sign-in began that it
	// answers; for a token that somebody brings, its iat less the skew that is tolerated. See ProvedAt.
	Issued time.Time `json:"issued,omitzero"`
	ACR    string    `json:"acr,omitempty"` // OIDC acr, SAML AuthnContextClassRef
	AMR    []string  `json:"amr,omitempty"` // OIDC amr

	SessionIndex string    `json:"session_index,omitempty"` // OIDC sid, SAML SessionIndex: the session at the IdP
	SessionEnd   time.Time `json:"session_end,omitzero"`    // SAML SessionNotOnOrAfter: no session of ours outlives it

	// KeyFingerprint is the lower-case hex SHA-256 of the certificate (DER) or public key (SPKI) that verified the
	// proof; it goes into the audit log.
	KeyFingerprint string `json:"key_fingerprint,omitempty"`
	// Skipped names claims that were there but could not be read as text (a value that holds elements, say).
	Skipped []string `json:"skipped,omitempty"`
}

// PersonKey is one unambiguous string of the four parts that name a person: equal for two identities exactly when
// provider, issuer, format and subject are equal. It is the input of hashes, never shown.
func (id Identity) PersonKey() string {
	var out []byte
	for _, part := range []string{id.Provider, id.Issuer, id.Format, id.Subject} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return string(out)
}

// ProvedAt is what a revocation is compared with: Issued, or AuthTime, which is earlier, where that isn't known.
func (id Identity) ProvedAt() time.Time {
	if id.Issued.IsZero() {
		return id.AuthTime
	}
	return id.Issued
}

// personHash is SHA-256 over PersonKey.
func (id Identity) personHash() [sha256.Size]byte { return sha256.Sum256([]byte(id.PersonKey())) }

// ProofKind says what a Proof is.
type ProofKind string

// The kinds of signed answer that STS takes.
const (
	ProofSAML    ProofKind = "saml"     // a SAML Response document, base64 as it was posted
	ProofIDToken ProofKind = "id_token" // an ID token in compact form
)

// Proof is the signed answer itself, for STS to verify again when a role relays it. It is never logged or shown, and
// kept no longer than STS would take it. The zero Proof relays nothing.
type Proof struct {
	Kind ProofKind
	Raw  Secret // exactly the bytes that were verified
	// ID names a minted proof: its jti, or the assertion's ID. Empty for what came from an identity provider.
	ID string
	// RelayUntil is when STS stops taking it: five minutes after a SAML response was issued, the exp of an ID token.
	RelayUntil time.Time
	// Encrypted tells that the assertion came encrypted: IAM can't read it unless it holds our key, so it isn't relayed.
	Encrypted bool
	// Algorithm is the JWS alg of an ID token; STS takes RS* and ES* only.
	Algorithm string
	// Audiences are the audiences that the answer names (all of them; azp first where an ID token has one).
	Audiences []string
	// Recipient is SubjectConfirmationData/@Recipient of a SAML response, which IAM calls saml:aud.
	Recipient string
}
