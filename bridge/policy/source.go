package policy

import (
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Source is the policy as it was written: what Compile reads.
type Source struct {
	Accounts []bridge.Account
	Roles    []Role
	Rules    []Rule
	// Providers are the names of the configured providers and what the policy must know of them.
	Providers []Provider
	// Issuer is fedbridge as its own issuer; nil where it is none.
	Issuer *Issuer
	// Encryption says, by account id, how minted assertions are encrypted.
	Encryption map[string]bridge.SAMLEncryption
	// Unread tells of what was written but could not be read. What refers to it isn't blamed for that.
	Unread Unread
}

// Unread marks lists of which some entry could not be read; Sessions are tags and source identities of roles.
type Unread struct{ Accounts, Roles, Providers, Issuer, Sessions bool }

// Provider is what the policy must know of a configured identity provider.
type Provider struct {
	Name string
	Kind string // "saml", "oidc"
	// Shared tells that anybody can get an account at the issuer (Google, a multi-tenant Entra), and Public that the client
	// has no secret: web_identity then needs `subjects`.
	Shared bool
	Public bool
	// STSAlgorithms is false when none of the provider's configured algorithms is one that STS takes.
	STSAlgorithms bool
}

// Issuer is what the policy must know of fedbridge as its own issuer.
type Issuer struct {
	Audience     string // of ID tokens; {account} is filled in
	SAMLProvider string // name of the IAM SAML provider in every account
	SAML         bool   // there are keys that sign SAML
}

// Role is one entry of `roles`: an IAM role, in one account or many.
type Role struct {
	Name              string            `yaml:"name" doc:"Short name: 1 to 64 of A-Z a-z 0-9 _ . -." example:"readonly"`
	Label             string            `yaml:"label,omitempty" doc:"What people read. Default: the name." example:"Read only"`
	Description       string            `yaml:"description,omitempty" doc:"One sentence for people who choose between roles."`
	Accounts          []string          `yaml:"accounts,omitempty" doc:"Account names, globs of them, or ids. Default: the account in the ARN." example:"[shop-*]"`
	ARN               string            `yaml:"arn" doc:"ARN of the IAM role; {account} is filled in at load." example:"arn:aws:iam::{account}:role/ReadOnly"`
	Via               ViaList           `yaml:"via,omitempty" doc:"How STS is asked: issuer, assume_role, saml, web_identity, or a list of them; the first that the person's proof serves is used. Default: issuer." example:"issuer"`
	Mint              bridge.ProofKind  `yaml:"mint,omitempty" doc:"What fedbridge mints for via issuer: id_token or saml. Default: id_token." example:"saml" words:"id_token,saml"`
	Console           Console           `yaml:"console,omitempty" doc:"How the console is opened: federation, with a link of AWS's federation endpoint, or saml_post, where the browser posts the minted assertion to AWS; needs via issuer alone, mint: saml and no session policy. Default: federation." example:"saml_post" words:"federation,saml_post"`
	MaxSession        time.Duration     `yaml:"max_session,omitempty" doc:"Longest session, 15m to 12h; not more than the IAM role's MaxSessionDuration. Default: 1h." example:"8h"`
	Region            string            `yaml:"region,omitempty" doc:"Region of STS and console for this role. Default: aws.region." example:"eu-west-1"`
	ExternalID        string            `yaml:"external_id,omitempty" doc:"Sent with assume_role, always; 2 to 1224 characters." example:"6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"`
	SAMLProvider      string            `yaml:"saml_provider,omitempty" doc:"ARN of the IAM SAML provider, for via saml, and for mint: saml where it is another than issuer.saml_provider." example:"arn:aws:iam::{account}:saml-provider/Corp"`
	Provider          string            `yaml:"provider,omitempty" doc:"Whose proof saml and web_identity relay. Needed where several providers of the kind are configured."`
	Subjects          []string          `yaml:"subjects,omitempty" doc:"For web_identity: the exact subjects that the trust policy's sub condition admits. Needed for shared issuers and public clients."`
	Tags              map[string]string `yaml:"tags,omitempty" doc:"Session tags, for issuer and assume_role: key and a CEL expression that gives exactly one text. One that doesn't fit is refused; tagValue(x) instead makes what AWS refuses _, cuts x after 256 characters, and drops white space at its ends." example:"{Team: 'claims.department[0]'}"`
	OptionalTags      []string          `yaml:"optional_tags,omitempty" doc:"Keys of tags that may be left out where AWS says that the session is too large, in this order." example:"[CostCentre]"`
	TransitiveTags    []string          `yaml:"transitive_tags,omitempty" doc:"Keys of tags that go on into chained sessions."`
	SourceIdentity    string            `yaml:"source_identity,omitempty" doc:"CEL expression for the source identity, for issuer and assume_role; gives exactly one text. One that doesn't fit is refused; sourceIdentity(x) instead makes what AWS refuses -, cuts x, and adds a hash where it changed anything, so that two texts never become one." example:"identity.email"`
	SessionPolicy     string            `yaml:"session_policy,omitempty" doc:"Inline session policy (JSON, at most 2048 characters), for issuer and assume_role."`
	SessionPolicyARNs []string          `yaml:"session_policy_arns,omitempty" doc:"ARNs of managed session policies, ten at most, for issuer and assume_role; {account} is filled in at load."`
}

// Console is how the console is opened for a role.
type Console string

// The ways to open the console.
const (
	ConsoleFederation Console = "federation" // a link of the federation endpoint; the default
	ConsoleSAMLPost   Console = "saml_post"  // the browser posts the minted assertion
)

// ViaList is `via`: one word, or a list of words.
type ViaList []bridge.Via

// UnmarshalYAML takes a word or a list of words.
func (v *ViaList) UnmarshalYAML(unmarshal func(any) error) error {
	var one bridge.Via
	if unmarshal(&one) == nil {
		*v = ViaList{one}
		return nil
	}
	var many []bridge.Via
	if err := unmarshal(&many); err != nil {
		return err
	}
	*v = many
	return nil
}

// OrDefault is the list, or issuer where it is left out.
func (v ViaList) OrDefault() []bridge.Via {
	if len(v) == 0 {
		return []bridge.Via{bridge.ViaIssuer}
	}
	return slices.Clone(v)
}

// JSONSchema describes both forms.
func (ViaList) JSONSchema() map[string]any {
	word := map[string]any{"enum": viaNames()}
	return map[string]any{"oneOf": []any{word, map[string]any{"type": "array", "items": word, "minItems": 1}}}
}

// Rule is one entry of `rules`. All clauses of a rule must hold. It gives the roles it names (`roles`), or those that a
// pattern or the IdP selects (`group_pattern`, `asserted_roles`), or takes roles away (`deny`).
type Rule struct {
	Name          string              `yaml:"name" doc:"What explanations call it; unique." example:"platform team"`
	Provider      string              `yaml:"provider,omitempty" doc:"Only for people of this provider."`
	Groups        []string            `yaml:"groups,omitempty" doc:"The person is in at least one of these groups, exactly." example:"[aws-platform]"`
	Claims        map[string][]string `yaml:"claims,omitempty" doc:"For each claim named, the person has at least one of the values, exactly." example:"{department: [engineering]}"`
	Emails        []string            `yaml:"emails,omitempty" doc:"The verified e-mail is one of these, exactly."`
	When          string              `yaml:"when,omitempty" doc:"CEL expression over identity and claims; must be true." example:"'\"FTE\" in claims.employmentType'"`
	Anyone        bool                `yaml:"anyone,omitempty" doc:"Says in words that everybody who can sign in is meant; needed where a rule has no other clause."`
	Roles         []string            `yaml:"roles,omitempty" doc:"Roles to give: account/role, or role for every account; each part a glob." example:"[shop-prod/admin, 'shop-*/readonly']"`
	GroupPattern  string              `yaml:"group_pattern,omitempty" doc:"A group name with {role} in it, and {account} (the account's name) or {account_id}; being in that group gives that role." example:"aws-{account}-{role}"`
	AssertedRoles bool                `yaml:"asserted_roles,omitempty" doc:"Give the configured roles whose pair the IdP asserts in the AWS Role attribute."`
	Deny          []string            `yaml:"deny,omitempty" doc:"Roles to take away; like roles, and \"*\" for all. Deny wins." example:"['*']"`
}
