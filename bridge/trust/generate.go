package trust

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Options are choices of the generator.
type Options struct {
	// RoleAuthorizedByIDP demands in addition that the ID token names the role (sts:RoleAuthorizedByIdp). It is never
	// the only limit.
	RoleAuthorizedByIDP bool
	// Command is the line that made the output, for its header: "fedbridge trust terraform".
	Command string
}

// Plan is what owners of accounts must create, account by account.
type Plan struct {
	Accounts []AccountPlan
}

// AccountPlan is what one account needs.
type AccountPlan struct {
	Account   bridge.Account
	Partition string
	OIDC      []OIDCPlan
	SAML      []SAMLPlan
	Roles     []RolePlan
}

// OIDCPlan is an IAM OIDC provider to register.
type OIDCPlan struct {
	ARN       string
	URL       string
	ClientIDs []string
}

// SAMLPlan is an IAM SAML provider to register.
type SAMLPlan struct {
	ARN      string
	Name     string
	EntityID string
	Metadata []byte // nil: the owner must supply it
	// Encrypted tells that fedbridge encrypts what it sends to this provider.
	Encrypted bool
}

// RolePlan is an IAM role to create.
type RolePlan struct {
	ARN        bridge.RoleARN
	Names      []string // of the role entries in the configuration
	MaxSession time.Duration
	Policy     string // the trust policy, as Pretty prints it
	Characters int    // of it, as IAM counts: white space is free
	// Notes are for the owner to read: why the policy is as it is, and what to do where it doesn't fit IAM's quota.
	Notes []string
}

// Generate works out what must be created for these needs. It fails, naming every fault, where a need can't be written
// as a policy.
func Generate(needs []Need, o Options) (*Plan, error) { return nil, nil }

// Policies prints the trust policies alone.
func (p *Plan) Policies() string { return "" }

// Terraform prints HCL for the aws provider: one file for all accounts, with one provider alias each.
func (p *Plan) Terraform() string { return "" }

// CloudFormation prints one template for one account.
func (p *Plan) CloudFormation(account string) (string, error) { return "", nil }

// StackSet prints one template for all accounts of an organisation.
func (p *Plan) StackSet() (string, error) { return "", nil }
