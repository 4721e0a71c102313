package bridge

import "time"

// Account is an AWS account as the operator listed it.
type Account struct {
	ID          string // twelve digits
	Name        string // short, unique; what rules and links say
	Partition   string // default "aws"
	Label       string // for people; default Name
	Environment string // "production", "development", …: shown, and coloured
	Owner       string // whom to ask
	Colour      string // optional CSS colour name or #rrggbb for the picker
}

// RoleKey names a role that may be granted: the account's id and the role entry's name in the configuration. No cache
// and no table may use less than both.
type RoleKey struct {
	Account string // twelve digits
	Name    string
}

// String writes ACCOUNT/NAME.
func (k RoleKey) String() string { return k.Account + "/" + k.Name }

// Via is how STS is asked for a role.
type Via string

// The ways to ask STS.
const (
	ViaIssuer      Via = "issuer"       // AssumeRoleWithWebIdentity or AssumeRoleWithSAML, with what fedbridge itself mints
	ViaAssumeRole  Via = "assume_role"  // AssumeRole, signed with fedbridge's own credentials
	ViaSAML        Via = "saml"         // AssumeRoleWithSAML, relaying the IdP's own response
	ViaWebIdentity Via = "web_identity" // AssumeRoleWithWebIdentity, relaying the IdP's own ID token
)

// Role is an IAM role that may be granted, in one account. It is made when the configuration is loaded and never
// changes.
type Role struct {
	Key         RoleKey
	Account     Account
	ARN         RoleARN
	Label       string // for people; default the role entry's name
	Description string
	Via         []Via         // in the order to try; the first that the proof serves is used
	MaxSession  time.Duration // 15 min to 12 h; never more than the IAM role's MaxSessionDuration
	Region      string        // region of the STS endpoint and of the console; "" means the configured default

	Mint     ProofKind // issuer: what is minted; "" means ProofIDToken
	Audience string    // issuer: aud of the ID token, registered as client id at the account's OIDC provider
	// Encryption, for minted assertions, is set where the account's IAM SAML provider demands that they come encrypted.
	Encryption SAMLEncryption
	// ConsolePost opens the console by a POST of the minted assertion instead of a link of the federation endpoint.
	ConsolePost bool

	ExternalID   string          // assume_role: sent always when set
	SAMLProvider SAMLProviderARN // saml, and issuer where it mints SAML: the IAM provider that vouches (PrincipalArn)
	// RelayProvider is the provider (its name in the configuration) whose proof saml and web_identity relay.
	RelayProvider string
	// RelaySubjects, for web_identity, are the exact subjects that the trust policy's sub condition admits; empty means
	// the provider is private to one organisation and confidential, so that every subject may come.
	RelaySubjects []string

	SessionPolicy     string   // inline session policy, compact JSON; "" for none
	SessionPolicyARNs []string // managed session policies, ten at most
	TagKeys           []string // keys of the session tags that the role asks for, sorted
	TransitiveTags    []string // those of them that go on into chained sessions
	OptionalTags      []string // those of them that may be left out where the session gets too large, in this order
	// Reuse lets credentials be handed out again until five minutes before they end.
	Reuse             bool
	HasTags           bool // the role asks for session tags
	HasSourceIdentity bool // the role asks for a source identity
}

// SAMLEncryption says how an assertion is encrypted for an IAM SAML provider whose AssertionEncryptionMode is Required.
type SAMLEncryption struct {
	Certificate string // file:PATH of the certificate whose private key IAM holds; "" for no encryption
	ProviderID  string // SAMLProviderUUID, part of the provider's own sign-in URL
}

// Tag is one session tag.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Grant is the policy's answer for one entitled role at the moment of use: the role, how long, and what of the identity
// goes into the session.
type Grant struct {
	Entitlement
	Role           Role
	Tags           []Tag  // sorted by key
	SourceIdentity string // "" when the role doesn't ask for one
}

// Entitlement is one role that an identity may assume now, and why.
type Entitlement struct {
	Role       RoleKey
	MaxSession time.Duration // the longest session the role gives; the exchange may cap it further
	CapReason  CapReason
	Rules      []string // names of the rules that gave it, sorted: every grant can be explained
}

// CapReason says why a session is no longer than it is.
type CapReason string

// Why a session ends when it does.
const (
	CapNone       CapReason = ""            // as long as was asked for
	CapRole       CapReason = "role-max"    // the role's max_session
	CapChained    CapReason = "chained"     // fedbridge's own credentials are temporary: STS gives one hour at most
	CapIdPSession CapReason = "idp-session" // the session at the identity provider ends
	CapSTS        CapReason = "sts"         // STS gave less than was asked for
)

// Sentence says the reason in words for a person; "" for CapNone.
func (c CapReason) Sentence() string {
	switch c {
	case CapRole:
		return "This role's sessions are limited by the configuration."
	case CapChained:
		return "AWS limits sessions to one hour where fedbridge itself runs on temporary credentials (role chaining)."
	case CapIdPSession:
		return "Your session at the identity provider ends then."
	case CapSTS:
		return "AWS gave a shorter session than was asked for."
	}
	return ""
}

// Authorizer decides which roles an identity may assume. Implementations are immutable and safe for concurrent use; the
// same identity gets the same answer until the configuration changes.
type Authorizer interface {
	// Entitlements lists the roles that the identity may assume, sorted by account name, then role name.
	Entitlements(id Identity) []Entitlement
	// Explain tells for one configured role which rules gave it, which refused it, and which clause of the rest failed.
	Explain(id Identity, role RoleKey) Explanation
	// Grant resolves one role for use. It MUST fail with CodeNotEntitled (or CodeDenied, where a deny rule took the role
	// away) unless Entitlements lists it, and with CodeTagValue or CodeSourceIdentity where a claim doesn't fit.
	Grant(id Identity, role RoleKey) (Grant, error)
}

// RoleBook lists the configured roles, entitled or not. The compiled policy is both a RoleBook and an Authorizer.
type RoleBook interface {
	Role(key RoleKey) (Role, bool)
	// Roles lists all, sorted by account name, then role name.
	Roles() []Role
}

// Explanation is the reason for one role, given or not.
type Explanation struct {
	Role    RoleKey         `json:"role"`
	Allowed bool            `json:"allowed"`
	Reason  string          `json:"reason"` // one sentence
	Rules   []RuleReasoning `json:"rules"`  // every rule that could give or refuse the role, in the order written
}

// RuleReasoning is what one rule said about one role.
type RuleReasoning struct {
	Rule    string            `json:"rule"`
	Deny    bool              `json:"deny,omitempty"`
	Matched bool              `json:"matched"`
	Clauses []ClauseReasoning `json:"clauses"`
}

// ClauseReasoning is what one clause of a rule said.
type ClauseReasoning struct {
	Clause string `json:"clause"` // as written: groups: [aws-platform]
	Held   bool   `json:"held"`
	Detail string `json:"detail,omitempty"` // why, in words: the identity has no group aws-platform
}
