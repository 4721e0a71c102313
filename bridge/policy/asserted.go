package policy

import (
	"github.com/fedbridge/fedbridge/bridge"
)

// maxRolePair is longer than any pair of ARNs that IAM could have made (path 512, role 64, provider 128 characters).
const maxRolePair = 1024

// asserted lists the configured roles that the identity's AWS Role attribute selects. A value selects a role when it is
// exactly its ARN beside the ARN of its SAML provider, where the role has one; what isn't configured is ignored, and
// nothing of the value goes further (threat A1, R6).
func (p *Policy) asserted(id *bridge.Identity) []int32 {
	var roles []int32
	for _, value := range id.Claims[bridge.AttributeRole] {
		if len(value) > maxRolePair {
			continue
		}
		pair, err := bridge.ParseRolePair(value)
		if err != nil {
			continue
		}
		for _, role := range p.byARN[pair.Role] {
			if want := assertedProvider(&p.roles[role]); want == (bridge.SAMLProviderARN{}) || want == pair.Provider {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// assertedProvider is the IAM provider of the IdP that asserts a role. Where fedbridge mints SAML for the role, the role's
// provider is fedbridge's own, which no IdP asserts.
func assertedProvider(role *bridge.Role) bridge.SAMLProviderARN {
	if role.Mint == bridge.ProofSAML {
		return bridge.SAMLProviderARN{}
	}
	return role.SAMLProvider
}
