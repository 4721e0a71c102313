package trust

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Need is what fedbridge asks of one role in one way: the input of the doctor and of the generator.
type Need struct {
	Role      bridge.Role
	Via       bridge.Via // one of the role's
	Issuer    string     // issuer: the issuer URL; web_identity: the provider's issuer
	EntityID  string     // issuer with SAML: ours; saml: the IdP's
	ClientIDs []string   // web_identity: the audiences that a token may name
	Recipient []string   // saml: our ACS URLs; minted SAML: the sign-in URLs
	Caller    string     // assume_role: ARN of the principal that fedbridge runs as; "" where it isn't known
	// Certificates are DER: of ours, the key that signs now comes first, then those that will sign next; of an IdP's, any
	// may sign. Each must be among the SAML provider's.
	Certificates [][]byte
	// Metadata is the document that the IAM SAML provider must hold; nil where it isn't at hand.
	Metadata []byte
	// AccountAudiences are the audiences of all roles of this account that ID tokens are minted for; Together fills them
	// in.
	AccountAudiences []string
	// Besides are the other ways in which this same IAM role is asked for; Together fills them in. Whom they name is no
	// stranger, and what they send must be let through, too.
	Besides []Need
}

// Together tells needs about each other: those of the same IAM role, and what else is asked of the same account. The
// order stays.
func Together(needs []Need) []Need {
	audiences := map[string][]string{}
	byRole := map[bridge.RoleARN][]int{}
	for i, n := range needs {
		byRole[n.Role.ARN] = append(byRole[n.Role.ARN], i)
		if n.Via == bridge.ViaIssuer && n.oidc() {
			audiences[n.Role.ARN.Account] = union(audiences[n.Role.ARN.Account], n.audiences())
		}
	}
	out := slices.Clone(needs)
	for i := range out {
		out[i].Besides, out[i].AccountAudiences = nil, audiences[out[i].Role.ARN.Account]
		for _, j := range byRole[out[i].Role.ARN] {
			if i != j {
				other := needs[j]
				other.Besides = nil
				out[i].Besides = append(out[i].Besides, other)
			}
		}
	}
	return out
}

// NeedsOf lists one Need for each way of a role, with nothing but the role and the way filled in.
func NeedsOf(role bridge.Role) []Need {
	out := make([]Need, 0, len(role.Via))
	for _, via := range role.Via {
		out = append(out, Need{Role: role, Via: via})
	}
	return out
}

// saml tells whether the proof is a SAML response, minted or relayed.
func (n Need) saml() bool {
	return n.Via == bridge.ViaSAML || n.Via == bridge.ViaIssuer && n.Role.Mint == bridge.ProofSAML
}

// builtin are the issuers that every account trusts without a provider of its own (aws-facts 3.1).
var builtin = map[string]string{
	"https://accounts.google.com":            "accounts.google.com",
	"https://cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}

// bareIssuer is the issuer without its scheme, as in ARNs and condition keys (aws-facts 3.7).
func bareIssuer(issuer string) string {
	if _, rest, ok := strings.Cut(issuer, "://"); ok {
		return rest
	}
	return issuer
}

// provider is the principal that vouches for us: the ARN of an IAM provider, or a built-in provider's host. It is ""
// for assume_role.
func (n Need) provider() string {
	switch {
	case n.Via == bridge.ViaAssumeRole:
		return ""
	case n.saml():
		return n.Role.SAMLProvider.String()
	case builtin[n.Issuer] != "":
		return builtin[n.Issuer]
	}
	return OIDCProviderARN(n.Role.ARN.Partition, n.Role.ARN.Account, n.Issuer)
}

// OIDCProviderARN is the ARN of the IAM OIDC provider of an issuer in an account.
func OIDCProviderARN(partition, account, issuer string) string {
	return "arn:" + partition + ":iam::" + account + ":oidc-provider/" + bareIssuer(issuer)
}

// ProviderARN is the ARN of the IAM provider that must be registered for this need; "" where none is needed: for
// assume_role, and for issuers that AWS knows by itself.
func (n Need) ProviderARN() string {
	if p := n.provider(); strings.HasPrefix(p, "arn:") {
		return p
	}
	return ""
}
