package bridge

import (
	"slices"
	"time"
)

// The attributes that AWS reads from a SAML response (IAM User Guide, "Configure SAML assertions").
const (
	AttributeRole        = "https://aws.amazon.com/SAML/Attributes/Role"
	AttributeSessionName = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
)

// RelayWindow is how long after a SAML response was issued STS still takes it, whatever its NotOnOrAfter says.
const RelayWindow = 5 * time.Minute

// Limits of STS on what is relayed, in characters as sent.
const (
	MaxSAMLAssertion    = 100_000
	MaxWebIdentityToken = 20_000
)

// relayMargin keeps a proof that is about to expire from being sent on a race that it would lose.
const relayMargin = 5 * time.Second

// chooseVia picks the first way to ask STS that the identity's proof serves. When none does, the error says why the
// last one didn't: that is the one with a remedy for the person.
func chooseVia(role Role, id Identity, proof Proof, now time.Time) (Via, error) {
	var last error
	for _, via := range role.Via {
		err := serves(role, via, id, proof, now)
		if err == nil {
			return via, nil
		}
		last = err
	}
	if last == nil {
		last = Fail(CodeInternal, nil)
	}
	return "", last
}

// serves tells whether STS could take this proof for this role in this way, as far as we can see ourselves.
func serves(role Role, via Via, id Identity, proof Proof, now time.Time) error {
	switch via {
	case ViaIssuer, ViaAssumeRole:
		return nil // any sign-in serves
	case ViaSAML:
		return servesSAML(role, id, proof, now)
	case ViaWebIdentity:
		return servesWebIdentity(role, id, proof, now)
	}
	return Fail(CodeInternal, nil)
}

func servesSAML(role Role, id Identity, proof Proof, now time.Time) error {
	partition, _ := PartitionByID(role.ARN.Partition)
	pair := RolePair{role.ARN, role.SAMLProvider}
	switch {
	case id.Provider != role.RelayProvider:
		return FailWith(CodeProofKind, role.RelayProvider, nil)
	case proof.Kind != ProofSAML || proof.Raw.IsZero():
		return Fail(CodeProofMissing, nil)
	case proof.Encrypted:
		return Fail(CodeProofEncrypted, nil)
	case !now.Add(relayMargin).Before(proof.RelayUntil):
		return Fail(CodeProofStale, nil)
	case len(proof.Raw.Reveal()) > MaxSAMLAssertion:
		return Fail(CodeProofTooLarge, nil)
	case partition.SAMLAudience != "" && !slices.Contains(proof.Audiences, partition.SAMLAudience):
		return FailWith(CodeProofAudience, partition.SAMLAudience, nil)
	case !hasPair(id.Claims[AttributeRole], pair):
		return FailWith(CodeProofRolePair, role.ARN.String()+","+role.SAMLProvider.String(), nil)
	}
	// AWS demands exactly one value, in its own alphabet.
	if names := id.Claims[AttributeSessionName]; len(names) != 1 || !ValidSessionName(names[0]) {
		return Fail(CodeProofSessionName, nil)
	}
	return nil
}

func servesWebIdentity(role Role, id Identity, proof Proof, now time.Time) error {
	switch {
	case id.Provider != role.RelayProvider:
		return FailWith(CodeProofKind, role.RelayProvider, nil)
	case proof.Kind != ProofIDToken || proof.Raw.IsZero():
		return Fail(CodeProofMissing, nil)
	case !stsAlgorithm(proof.Algorithm):
		return FailWith(CodeProofAlgorithm, proof.Algorithm, nil)
	case !now.Add(relayMargin).Before(proof.RelayUntil):
		return Fail(CodeProofStale, nil)
	case len(proof.Raw.Reveal()) > MaxWebIdentityToken:
		return Fail(CodeProofTooLarge, nil)
	case len(role.RelaySubjects) > 0 && !slices.Contains(role.RelaySubjects, id.Subject):
		return Fail(CodeProofSubject, nil)
	}
	return nil
}

// stsAlgorithm tells whether STS takes an ID token signed so: RSA PKCS #1 v1.5 and ECDSA, no PS*, no EdDSA.
func stsAlgorithm(alg string) bool {
	switch alg {
	case "RS256", "RS384", "RS512", "ES256", "ES384", "ES512":
		return true
	}
	return false
}

func hasPair(values []string, want RolePair) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		pair, err := ParseRolePair(v)
		return err == nil && pair == want
	})
}

// relaySessionName is the session name that STS will use: a relayed response brings its own.
func relaySessionName(via Via, id Identity, exact bool) string {
	if via == ViaSAML {
		if names := id.Claims[AttributeSessionName]; len(names) == 1 {
			return names[0]
		}
	}
	return SessionName(id, exact)
}
