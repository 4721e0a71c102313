package trust

import (
	"cmp"
	"errors"
	"slices"
	"strings"
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

// Plan is what owners of accounts must create, account by account. It is the same for the same needs, in any order.
type Plan struct {
	Accounts []AccountPlan
	options  Options
}

// AccountPlan is what one account needs. Everything in it is sorted.
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
	// Relayed tells that the provider is not fedbridge's own: others in the account may use it, too.
	Relayed bool
}

// SAMLPlan is an IAM SAML provider to register.
type SAMLPlan struct {
	ARN      string
	Name     string
	EntityID string
	Metadata []byte // nil: the owner must supply it
	// Encrypted tells that fedbridge encrypts what it sends to this provider.
	Encrypted bool
	Relayed   bool // as above
}

// sharing is what the owner should know before a provider that others use is changed.
const sharing = "This identity provider isn't fedbridge's own. If the account has it already, others may use it: leave it to who keeps it, and see that it has what stands here besides the rest."

// RolePlan is an IAM role to create.
type RolePlan struct {
	ARN        bridge.RoleARN
	Names      []string // of the role entries in the configuration
	MaxSession time.Duration
	Policy     string // the trust policy, as Pretty prints it
	Characters int    // of it, as IAM counts: white space is free
	// Notes are for the owner to read: why the policy is as it is, and what to do where it doesn't fit IAM's quota.
	Notes []string
	// Parts are trust policies for several roles to take this one's place, where it doesn't fit the default quota.
	Parts []Part

	asks   []ask
	policy node
}

// Part is one of several trust policies that together let through what one would.
type Part struct {
	Title      string // what it lets through
	Policy     string
	Characters int
}

// Generate works out what must be created for these needs. It fails, naming every fault, where a need can't be written
// as a policy.
func Generate(needs []Need, o Options) (*Plan, error) {
	var faults []error
	for _, n := range needs {
		faults = append(faults, n.faults()...)
	}
	p := &Plan{options: o}
	for _, group := range byRole(needs) {
		role, more := planRole(group, o)
		faults = append(faults, more...)
		account := p.account(group[0].Role)
		account.Roles = append(account.Roles, role)
		for _, n := range group {
			faults = append(faults, account.register(n)...)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	p.sort()
	return p, nil
}

// byRole groups needs by IAM role. In a group the order is that of the ways, so that it doesn't hang on the caller's.
func byRole(needs []Need) [][]Need {
	var out [][]Need
	for _, n := range needs {
		i := slices.IndexFunc(out, func(g []Need) bool { return g[0].Role.ARN == n.Role.ARN })
		if i < 0 {
			out = append(out, []Need{n})
			continue
		}
		out[i] = append(out[i], n)
	}
	for _, group := range out {
		slices.SortStableFunc(group, func(a, b Need) int {
			return cmp.Or(cmp.Compare(viaOrder[a.Via], viaOrder[b.Via]), cmp.Compare(a.Role.Key.Name, b.Role.Key.Name))
		})
	}
	return out
}

var viaOrder = map[bridge.Via]int{bridge.ViaIssuer: 1, bridge.ViaAssumeRole: 2, bridge.ViaSAML: 3, bridge.ViaWebIdentity: 4}

func (p *Plan) account(role bridge.Role) *AccountPlan {
	i := slices.IndexFunc(p.Accounts, func(a AccountPlan) bool { return a.Account.ID == role.ARN.Account })
	if i < 0 {
		account := role.Account
		account.ID = role.ARN.Account
		p.Accounts = append(p.Accounts, AccountPlan{Account: account, Partition: role.ARN.Partition})
		i = len(p.Accounts) - 1
	}
	return &p.Accounts[i]
}

// register adds the provider that a need calls for.
func (a *AccountPlan) register(n Need) []error {
	arn := n.ProviderARN()
	if arn == "" {
		return nil
	}
	if !n.saml() {
		i := slices.IndexFunc(a.OIDC, func(p OIDCPlan) bool { return p.ARN == arn })
		if i < 0 {
			a.OIDC = append(a.OIDC, OIDCPlan{ARN: arn, URL: n.Issuer, Relayed: n.relays()})
			i = len(a.OIDC) - 1
		}
		a.OIDC[i].ClientIDs = union(a.OIDC[i].ClientIDs, n.audiences())
		return nil
	}
	i := slices.IndexFunc(a.SAML, func(p SAMLPlan) bool { return p.ARN == arn })
	if i < 0 {
		a.SAML = append(a.SAML, SAMLPlan{ARN: arn, Name: n.Role.SAMLProvider.Name, EntityID: n.EntityID, Relayed: n.relays()})
		i = len(a.SAML) - 1
	}
	p := &a.SAML[i]
	if p.EntityID != n.EntityID {
		return []error{n.fault("the IAM SAML provider %s can't be both %q and %q: give one of them another name", arn, p.EntityID, n.EntityID)}
	}
	if len(p.Metadata) == 0 {
		p.Metadata = n.Metadata
	}
	p.Encrypted = p.Encrypted || n.encrypts()
	return nil
}

func (p *Plan) sort() {
	slices.SortFunc(p.Accounts, func(a, b AccountPlan) int { return strings.Compare(a.Account.ID, b.Account.ID) })
	for i := range p.Accounts {
		a := &p.Accounts[i]
		slices.SortFunc(a.OIDC, func(a, b OIDCPlan) int { return strings.Compare(a.ARN, b.ARN) })
		slices.SortFunc(a.SAML, func(a, b SAMLPlan) int { return strings.Compare(a.ARN, b.ARN) })
		slices.SortFunc(a.Roles, func(a, b RolePlan) int { return strings.Compare(a.ARN.String(), b.ARN.String()) })
		for j := range a.OIDC {
			slices.Sort(a.OIDC[j].ClientIDs)
		}
	}
}

// Policies prints the trust policies alone: one document for one role, so that it can be handed to the AWS CLI as it is;
// for several, each under a line that begins with #.
func (p *Plan) Policies() string {
	var roles []RolePlan
	for _, a := range p.Accounts {
		roles = append(roles, a.Roles...)
	}
	if len(roles) == 1 && len(roles[0].Parts) == 0 {
		return roles[0].Policy
	}
	var b strings.Builder
	for i, r := range roles {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(comment("# ", append([]string{r.ARN.String()}, r.Notes...)...) + r.Policy)
		for _, part := range r.Parts {
			b.WriteString("\n" + comment("# ", part.Title) + part.Policy)
		}
	}
	return b.String()
}
