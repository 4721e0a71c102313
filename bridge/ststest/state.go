package ststest

import (
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// State is what an AWS holds, as plain data.
type State struct {
	Accounts      []Account
	Users         []User
	SAMLProviders []SAMLProvider
	OIDCProviders []OIDCProvider
	Roles         []Role
}

// Account is an AWS account.
type Account struct {
	ID        string // twelve digits
	Partition string // default "aws"
	Name      string // shown on the console page
	// STSDisabled makes this account's STS inactive in the region: RegionDisabledException for its roles.
	STSDisabled bool
}

// User is an IAM user with one long-term access key.
type User struct {
	Account         string
	Path            string // default "/"
	Name            string
	AccessKeyID     string // AKIA…; "" makes one
	SecretAccessKey string // "" makes one
	Permissions
}

// Permissions is what the identity policies of a user or role allow.
type Permissions struct {
	// AllowAssume are globs of the role ARNs that may be assumed, with tags and source identity; {"*"} allows all.
	AllowAssume []string
	// WithoutTagSession and WithoutSetSourceIdentity take those two actions out of what AllowAssume allows.
	WithoutTagSession, WithoutSetSourceIdentity bool
	// AllowIAM are globs of the IAM actions that are allowed, on everything in the account: {"iam:Get*"}.
	AllowIAM []string
}

func (p Permissions) allows(action, roleARN string) bool {
	if action == tagSession && p.WithoutTagSession || action == setSourceIdentity && p.WithoutSetSourceIdentity {
		return false
	}
	return slices.ContainsFunc(p.AllowAssume, func(glob string) bool { return trust.Match(glob, roleARN) })
}

// Key is a long-term access key.
type Key struct{ AccessKeyID, SecretAccessKey string }

// SAMLProvider is an IAM SAML provider: its ARN and the IdP's metadata.
type SAMLProvider struct {
	ARN      string
	Metadata []byte
	// UUID is SAMLProviderUUID, 22 to 64 of A-Z 0-9; "" makes one.
	UUID string
	// Encryption is AssertionEncryptionMode: Allowed or Required; "" where the provider has no private key.
	Encryption string
	// PrivateKeys are RSA keys (PEM, PKCS #8 or PKCS #1) that decrypt assertions; two at most.
	PrivateKeys []string
}

// OIDCProvider is an IAM OIDC provider. Its ARN follows from the issuer.
type OIDCProvider struct {
	Account   string
	Issuer    string // exactly as in the tokens' iss
	ClientIDs []string
}

// Role is an IAM role.
type Role struct {
	ARN                string
	TrustPolicy        string        // JSON
	MaxSessionDuration time.Duration // 1 to 12 h; zero means 1 h
	Tags               map[string]string
	// Permissions are the role's own: what its sessions may assume further.
	Permissions
}

type user struct {
	User
	arn, id string
}

type role struct {
	Role
	arn     bridge.RoleARN
	id      string // AROA…
	created time.Time
	trust   *trust.Policy
}

type oidcProvider struct {
	OIDCProvider
	arn     string // or a built-in provider's host
	created time.Time
	keys    keySet
}
