package ststest

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// Load adds everything that a State holds, and reports every fault.
func (a *AWS) Load(s State) error {
	var faults []error
	for _, v := range s.Accounts {
		faults = append(faults, a.AddAccount(v))
	}
	for _, v := range s.Users {
		_, err := a.AddUser(v)
		faults = append(faults, err)
	}
	for _, v := range s.SAMLProviders {
		faults = append(faults, a.AddSAMLProvider(v))
	}
	for _, v := range s.OIDCProviders {
		_, err := a.AddOIDCProvider(v)
		faults = append(faults, err)
	}
	for _, v := range s.Roles {
		faults = append(faults, a.AddRole(v))
	}
	return errors.Join(faults...)
}

// AddAccount adds an account, or replaces it.
func (a *AWS) AddAccount(v Account) error {
	if !bridge.ValidAccountID(v.ID) {
		return fmt.Errorf("ststest: account %q: twelve digits", v.ID)
	}
	if v.Partition == "" {
		v.Partition = "aws"
	}
	if _, ok := bridge.PartitionByID(v.Partition); !ok {
		return fmt.Errorf("ststest: account %s: no partition %q", v.ID, v.Partition)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accounts[v.ID] = v
	return nil
}

var (
	userName  = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	userPath  = regexp.MustCompile(`^/([\x21-\x2e\x30-\x7e]+/)*$`)
	longKeyID = regexp.MustCompile(`^AKIA[A-Z0-9]{12,124}$`)
)

// AddUser adds a user and returns its access key.
func (a *AWS) AddUser(v User) (Key, error) {
	if v.Path == "" {
		v.Path = "/"
	}
	if v.AccessKeyID == "" {
		v.AccessKeyID, v.SecretAccessKey = randomID("AKIA"), randomSecret()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.accounts[v.Account]
	switch {
	case !ok:
		return Key{}, fmt.Errorf("ststest: user %s: no account %q", v.Name, v.Account)
	case !userName.MatchString(v.Name) || !userPath.MatchString(v.Path):
		return Key{}, fmt.Errorf("ststest: %q %q is not a user's path and name", v.Path, v.Name)
	case !longKeyID.MatchString(v.AccessKeyID) || v.SecretAccessKey == "":
		return Key{}, fmt.Errorf("ststest: user %s: an access key is AKIA and 12 or more of A-Z 0-9, with a secret", v.Name)
	}
	a.users[v.AccessKeyID] = &user{
		User: v, id: randomID("AIDA"),
		arn: "arn:" + account.Partition + ":iam::" + v.Account + ":user" + v.Path + v.Name,
	}
	return Key{v.AccessKeyID, v.SecretAccessKey}, nil
}

// AddSAMLProvider adds a SAML provider, or replaces its metadata.
func (a *AWS) AddSAMLProvider(v SAMLProvider) error {
	arn, err := bridge.ParseSAMLProviderARN(v.ARN)
	if err != nil {
		return fmt.Errorf("ststest: %w", err)
	}
	p, err := parseMetadata(v.Metadata)
	if err != nil {
		return fmt.Errorf("ststest: %s: %w", v.ARN, err)
	}
	if err := p.describe(v, arn, a.options.Now()); err != nil {
		return fmt.Errorf("ststest: %s: %w", v.ARN, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.hasAccount(arn.Account, arn.Partition); err != nil {
		return err
	}
	if a.saml[v.ARN] == nil {
		n := 0
		for _, other := range a.saml {
			if other.arn.Account == arn.Account {
				n++
			}
		}
		if n >= maxProviders {
			return fmt.Errorf("ststest: %s: LimitExceeded: Cannot exceed quota for SAMLProvidersPerAccount: %d", v.ARN, maxProviders)
		}
	}
	a.saml[v.ARN] = p
	return nil
}

// maxProviders is how many SAML providers, and how many OIDC providers, an account may have (aws-facts 2.6, 3.2).
const maxProviders = 100

// builtin are the issuers that every account trusts without a provider (aws-facts 3.1).
var builtin = map[string]string{
	"https://accounts.google.com":            "accounts.google.com",
	"https://cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}

// AddOIDCProvider adds an OIDC provider, or replaces it, and returns its ARN (aws-facts 3.2).
func (a *AWS) AddOIDCProvider(v OIDCProvider) (string, error) {
	if err := a.checkIssuer(v.Issuer); err != nil {
		return "", fmt.Errorf("ststest: issuer %q: %w", v.Issuer, err)
	}
	if len(v.ClientIDs) > 100 {
		return "", fmt.Errorf("ststest: issuer %q: %d client ids; 100 at most", v.Issuer, len(v.ClientIDs))
	}
	for _, id := range v.ClientIDs {
		if id == "" || len(id) > 255 {
			return "", fmt.Errorf("ststest: issuer %q: a client id has 1 to 255 characters", v.Issuer)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.accounts[v.Account]
	if !ok {
		return "", fmt.Errorf("ststest: issuer %q: no account %q", v.Issuer, v.Account)
	}
	p := &oidcProvider{OIDCProvider: v, created: a.options.Now(), arn: "arn:" + account.Partition + ":iam::" + v.Account + ":oidc-provider/" + bareIssuer(v.Issuer)}
	if a.oidc[v.Account+" "+v.Issuer] == nil {
		n := 0
		for _, other := range a.oidc {
			if other.Account == v.Account {
				n++
			}
		}
		if n >= maxProviders {
			return "", fmt.Errorf("ststest: issuer %q: LimitExceeded: Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", v.Issuer, maxProviders)
		}
	}
	a.oidc[v.Account+" "+v.Issuer] = p
	return p.arn, nil
}

func (a *AWS) checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || len(issuer) > 255:
		return errors.New("a URL of 1 to 255 characters")
	case builtin[issuer] != "":
		return errors.New("this one is built in; a role names it as its principal")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("no query, no fragment")
	case a.insecureLoopback(u):
		return nil
	case u.Scheme != "https" || u.Port() != "":
		return errors.New("https, without a port")
	}
	return nil
}

// insecureLoopback tells whether the option lets this URL in although AWS wouldn't.
func (a *AWS) insecureLoopback(u *url.URL) bool {
	if !a.options.InsecureLoopbackIssuers || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return bridge.IsLoopback(u.Hostname())
}

// bareIssuer is the issuer without its scheme, as in ARNs and condition keys (aws-facts 3.7).
func bareIssuer(issuer string) string {
	_, rest, _ := strings.Cut(issuer, "://")
	return rest
}

// AddRole adds a role, or replaces it. The trust policy is parsed here, once.
func (a *AWS) AddRole(v Role) error {
	arn, err := bridge.ParseRoleARN(v.ARN)
	if err != nil {
		return fmt.Errorf("ststest: %w", err)
	}
	policy, err := trust.Parse([]byte(v.TrustPolicy))
	if err != nil {
		return fmt.Errorf("ststest: %s: MalformedPolicyDocument: %w", v.ARN, err)
	}
	if n := policy.Characters(); n > trust.DefaultCharacters && !a.options.ExtendedTrustPolicies {
		return fmt.Errorf("ststest: %s: LimitExceeded: Cannot exceed quota for ACLSizePerRole: %d (the trust policy has %d characters)",
			v.ARN, trust.DefaultCharacters, n)
	}
	if v.MaxSessionDuration == 0 {
		v.MaxSessionDuration = time.Hour
	}
	if v.MaxSessionDuration < time.Hour || v.MaxSessionDuration > 12*time.Hour {
		return fmt.Errorf("ststest: %s: MaxSessionDuration is 1 to 12 hours", v.ARN)
	}
	v.Tags = maps.Clone(v.Tags)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.hasAccount(arn.Account, arn.Partition); err != nil {
		return err
	}
	// Names are unique per account, whatever the path and case (aws-facts 0.3).
	for other, r := range a.roles {
		if other != v.ARN && r.arn.Account == arn.Account && strings.EqualFold(r.arn.Name, arn.Name) {
			return fmt.Errorf("ststest: %s: EntityAlreadyExists: the account has %s", v.ARN, other)
		}
	}
	id, created := randomID("AROA"), a.options.Now()
	if old := a.roles[v.ARN]; old != nil {
		id, created = old.id, old.created
	}
	a.roles[v.ARN] = &role{Role: v, arn: arn, id: id, created: created, trust: policy}
	return nil
}

func (a *AWS) hasAccount(id, partition string) error {
	if account, ok := a.accounts[id]; !ok || account.Partition != partition {
		return fmt.Errorf("ststest: no account %s in partition %s", id, partition)
	}
	return nil
}

func (a *AWS) role(arn string) *role {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.roles[arn]
}

func (a *AWS) account(id string) Account {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.accounts[id]
}
