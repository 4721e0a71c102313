package ststest

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// iamAPI is IAM, as far as it reads roles and identity providers (IAM API Reference, version 2010-05-08).
var iamAPI = &api{
	service: "iam", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", version: "2010-05-08",
	faults: func(a *AWS) *Faults { return a.IAMFaults }, global: true,
}

func init() { // not a literal: the operations call back into what reads this table
	iamAPI.operations = map[string]action{
		"GetRole":                  {true, parameters("RoleName"), getRole},
		"GetSAMLProvider":          {true, parameters("SAMLProviderArn"), getSAMLProvider},
		"GetOpenIDConnectProvider": {true, parameters("OpenIDConnectProviderArn"), getOIDCProvider},
	}
}

var (
	roleNameRule    = newRule(1, 64, `[A-Za-z0-9_+=,.@-]`, `[\w+=,.@-]+`)
	providerARNRule = newRule(20, 2048, "[\t\n\r\\x{20}-\\x{7E}\\x{85}\\x{A0}-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}]",
		`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`)
)

type getRoleResult struct {
	XMLName xml.Name
	Role    iamRole
}

type iamRole struct {
	Path                     string
	RoleName                 string
	RoleID                   string `xml:"RoleId"`
	Arn                      string
	CreateDate               string
	AssumeRolePolicyDocument string
	MaxSessionDuration       int
	Tags                     []iamTag `xml:"Tags>member,omitempty"`
}

type iamTag struct{ Key, Value string }

// getRole is GetRole: a role of the caller's own account, by its name without the path. The document comes URL-encoded
// (RFC 3986), as the API says.
func getRole(c *call, who *caller) (any, error) {
	var v violations
	name := v.required(c, "RoleName", roleNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := who.mayRead(c.action, "role "+name); err != nil {
		return nil, err
	}
	r := c.aws.roleNamed(who.account(), name)
	if r == nil {
		return nil, errNoSuchEntity("The role with name " + name + " cannot be found.")
	}
	out := iamRole{
		Path: r.arn.Path, RoleName: r.arn.Name, RoleID: r.id, Arn: r.ARN, CreateDate: iamTime(r.created),
		AssumeRolePolicyDocument: escape(r.TrustPolicy), MaxSessionDuration: int(r.MaxSessionDuration / time.Second),
	}
	for key, value := range r.Tags {
		out.Tags = append(out.Tags, iamTag{key, value})
	}
	slices.SortFunc(out.Tags, func(a, b iamTag) int { return strings.Compare(a.Key, b.Key) })
	return getRoleResult{named(c.action), out}, nil
}

type getOIDCProviderResult struct {
	XMLName        xml.Name
	URL            string   `xml:"Url"` // without its scheme, as IAM keeps it
	CreateDate     string   `xml:"CreateDate"`
	ClientIDList   []string `xml:"ClientIDList>member"`
	ThumbprintList []string `xml:"ThumbprintList>member"`
}

func getOIDCProvider(c *call, who *caller) (any, error) {
	arn, err := providerARN(c, who, "OpenIDConnectProviderArn")
	if err != nil {
		return nil, err
	}
	c.aws.mu.RLock()
	defer c.aws.mu.RUnlock()
	for _, p := range c.aws.oidc {
		if p.arn == arn {
			return getOIDCProviderResult{
				XMLName: named(c.action), URL: bareIssuer(p.Issuer), CreateDate: iamTime(p.created), ClientIDList: p.ClientIDs,
			}, nil
		}
	}
	return nil, errNoSuchEntity("OpenIDConnect Provider not found for arn " + arn)
}

// providerARN reads the ARN of a provider. One of another account is none of the caller's.
func providerARN(c *call, who *caller, parameter string) (string, error) {
	var v violations
	arn := v.required(c, parameter, providerARNRule)
	if err := v.err(); err != nil {
		return "", err
	}
	if !strings.HasPrefix(arn, "arn:"+who.partition()+":iam::"+who.account()+":") {
		return "", errIAMDenied(who.arn(), c.action, arn)
	}
	return arn, who.mayRead(c.action, arn)
}

// roleNamed finds a role by account and name, whatever its path.
func (a *AWS) roleNamed(account, name string) *role {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, r := range a.roles {
		if r.arn.Account == account && r.arn.Name == name {
			return r
		}
	}
	return nil
}

// mayRead tells what the caller's identity policies, and the session's own, say about an IAM action.
func (w *caller) mayRead(operation, resource string) error {
	var p Permissions
	if w.user != nil {
		p = w.user.Permissions
	} else if r := w.aws.role(w.session.role.String()); r != nil && w.session.leaves("iam:"+operation) {
		p = r.Permissions
	}
	if slices.ContainsFunc(p.AllowIAM, func(glob string) bool { return trust.Match(glob, "iam:"+operation) }) {
		return nil
	}
	return errIAMDenied(w.arn(), operation, resource)
}

func errNoSuchEntity(message string) *apiError {
	return &apiError{http.StatusNotFound, "NoSuchEntity", message}
}

func errIAMDenied(caller, operation, resource string) *apiError {
	return &apiError{http.StatusForbidden, "AccessDenied", "User: " + caller + " is not authorized to perform: iam:" + operation +
		" on resource: " + resource + " because no identity-based policy allows the iam:" + operation + " action"}
}

func iamTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
