package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// withRole is shop with one entry of its own at roles[3].
func withRole(r policy.Role) policy.Source {
	src := shop()
	if r.Name == "" {
		r.Name = "own"
	}
	if r.ARN == "" {
		r.ARN = "arn:aws:iam::{account}:role/Own"
		if r.Accounts == nil {
			r.Accounts = []string{"shop-*"}
		}
	}
	if r.Via == nil {
		r.Via = policy.ViaList{bridge.ViaAssumeRole}
	}
	src.Roles = append(src.Roles, r)
	return src
}

func TestRolesAreResolved(t *testing.T) {
	src := withRole(policy.Role{
		Name: "own", Description: "For tests.", Accounts: []string{"shop-*", prod}, ARN: "arn:aws:iam::{account}:role/a/b/Own", MaxSession: 8 * time.Hour, Region: "eu-west-1",
		ExternalID: "6b0f3f2a", Tags: map[string]string{"Team": "claims.team"}, TransitiveTags: []string{"Team"}, SourceIdentity: "identity.email",
		SessionPolicy:     "{ \"Version\": \"2012-10-17\",\n \"Statement\": [ ] }",
		SessionPolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::{account}:policy/x/Own"},
	})
	src.Roles = append(src.Roles, policy.Role{Name: "single", Label: "Just one", ARN: "arn:aws-us-gov:iam::" + gov + ":role/One", Via: policy.ViaList{bridge.ViaAssumeRole}})
	c := compile(t, src)
	var names []string
	for _, r := range c.policy.Roles() {
		names = append(names, r.Account.Name+"/"+r.Key.Name)
	}
	want := []string{"gov/single", "shop-dev/deploy", "shop-dev/own", "shop-dev/readonly", "shop-prod/admin", "shop-prod/own", "shop-prod/readonly"}
	if !slices.Equal(names, want) {
		t.Errorf("have %v", names)
	}
	own, _ := c.policy.Role(bridge.RoleKey{Account: dev, Name: "own"})
	if own.ARN.String() != "arn:aws:iam::444455556666:role/a/b/Own" || own.Account.Name != "shop-dev" || own.Label != "own" ||
		own.MaxSession != 8*time.Hour || own.Region != "eu-west-1" || own.ExternalID != "6b0f3f2a" || !own.HasTags || !own.HasSourceIdentity ||
		own.SessionPolicy != `{"Version":"2012-10-17","Statement":[]}` || own.SessionPolicyARNs[1] != "arn:aws:iam::444455556666:policy/x/Own" {
		t.Errorf("have %+v", own)
	}
	single, _ := c.policy.Role(bridge.RoleKey{Account: gov, Name: "single"})
	if single.Label != "Just one" || single.MaxSession != time.Hour || single.Account.Partition != "aws-us-gov" {
		t.Errorf("have %+v", single)
	}
}

func TestRoleFaults(t *testing.T) {
	long := strings.Repeat("x", 1225)
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprintf("arn:aws:iam::aws:policy/P%d", i))
	}
	for name, c := range map[string]struct {
		role       policy.Role
		path, text string
	}{
		"name":               {policy.Role{Name: "a/b"}, "name", "A-Z"},
		"dots":               {policy.Role{Name: ".."}, "name", "A-Z"},
		"same name":          {policy.Role{Name: "readonly"}, "name", "is roles[0] already"},
		"no account":         {policy.Role{Accounts: []string{"shop-x*"}}, "accounts[0]", "no account"},
		"unknown account":    {policy.Role{Accounts: []string{"shop-prod", "shop-deb"}}, "accounts[1]", `did you mean "shop-dev"?`},
		"unknown id":         {policy.Role{Accounts: []string{"111122223334"}}, "accounts[0]", "no account"},
		"empty account":      {policy.Role{Accounts: []string{""}}, "accounts[0]", "no account"},
		"empty accounts":     {policy.Role{Accounts: []string{}, ARN: "arn:aws:iam::" + prod + ":role/X"}, "accounts", "names no account"},
		"accounts missing":   {policy.Role{ARN: "arn:aws:iam::{account}:role/X"}, "accounts", "missing"},
		"account not listed": {policy.Role{ARN: "arn:aws:iam::999999999999:role/X"}, "arn", "not among accounts"},
		"other account":      {policy.Role{Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::" + prod + ":role/X"}, "arn", "write {account}"},
		"other partition":    {policy.Role{Accounts: []string{"gov"}, ARN: "arn:aws:iam::{account}:role/X"}, "arn", "partition"},
		"not an ARN":         {policy.Role{Accounts: []string{"shop-*"}, ARN: "ReadOnly"}, "arn", "not an IAM ARN"},
		"no ARN":             {policy.Role{Accounts: []string{"shop-*"}, ARN: " "}, "arn", "not an IAM ARN"},
		"a user":             {policy.Role{Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::{account}:user/X"}, "arn", "role/"},
		"other place":        {policy.Role{Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::{account}:role/{name}"}, "arn", "only thing"},
		"claim in ARN":       {policy.Role{Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::{account}:role/{claims.team}/X"}, "arn", "only thing"},
		"wildcard ARN":       {policy.Role{Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::{account}:role/*/X"}, "arn", "wildcards"},
		"too short":          {policy.Role{MaxSession: 14 * time.Minute}, "max_session", "from 15m to 12h"},
		"too long":           {policy.Role{MaxSession: 13 * time.Hour}, "max_session", "from 15m to 12h"},
		"negative":           {policy.Role{MaxSession: -time.Hour}, "max_session", "from 15m to 12h"},
		"broken second":      {policy.Role{MaxSession: time.Hour + 1}, "max_session", "from 15m to 12h"},
		"region":             {policy.Role{Region: "cn-north-1"}, "region", "not a region of partition aws"},
		"no region":          {policy.Role{Region: "eu-west"}, "region", "not a region"},
		"no via":             {policy.Role{Via: policy.ViaList{}}, "via", "which means issuer"},
		"no issuer":          {policy.Role{Via: policy.ViaList{"issuer"}}, "via", "write the section issuer"},
		"via typo":           {policy.Role{Via: policy.ViaList{"assume-role"}}, "via", `did you mean "assume_role"?`},
		"via twice":          {policy.Role{Via: policy.ViaList{"assume_role", "assume_role"}}, "via", "twice"},
		"external id short":  {policy.Role{ExternalID: "x"}, "external_id", "2 to 1224"},
		"external id long":   {policy.Role{ExternalID: long}, "external_id", "2 to 1224"},
		"external id blank":  {policy.Role{ExternalID: "a b"}, "external_id", "2 to 1224"},
		"provider unneeded":  {policy.Role{Provider: "corp"}, "provider", "for via saml"},
		"subjects unneeded":  {policy.Role{Subjects: []string{"x"}}, "subjects", "web_identity only"},
		"policy not JSON":    {policy.Role{SessionPolicy: "{"}, "session_policy", "not JSON"},
		"policy and more":    {policy.Role{SessionPolicy: `{"Statement":[]} {}`}, "session_policy", "not JSON"},
		"policy a list":      {policy.Role{SessionPolicy: `[1]`}, "session_policy", "not an IAM policy"},
		"policy empty":       {policy.Role{SessionPolicy: `{"statement":[]}`}, "session_policy", "not an IAM policy"},
		"policy characters":  {policy.Role{SessionPolicy: `{"Statement":[{"Sid":"€"}]}`}, "session_policy", `\u20AC`},
		"policy long":        {policy.Role{SessionPolicy: `{"Statement":["` + strings.Repeat("x", 2031) + `"]}`}, "session_policy", "2048"},
		"policies together": {policy.Role{SessionPolicy: `{"Statement":["` + strings.Repeat("x", 2010) + `"]}`,
			SessionPolicyARNs: many[:1]}, "session_policy", "2048"},
		"many policies":      {policy.Role{SessionPolicyARNs: many}, "session_policy_arns", "10 at most"},
		"policy elsewhere":   {policy.Role{SessionPolicyARNs: []string{"arn:aws:iam::" + prod + ":policy/X"}}, "session_policy_arns[0]", "write {account}"},
		"policy partition":   {policy.Role{SessionPolicyARNs: []string{"arn:aws-cn:iam::aws:policy/X"}}, "session_policy_arns[0]", "partition"},
		"policy a role":      {policy.Role{SessionPolicyARNs: []string{"arn:aws:iam::aws:role/X"}}, "session_policy_arns[0]", "not the ARN of an IAM policy"},
		"policy twice":       {policy.Role{SessionPolicyARNs: []string{many[0], many[0]}}, "session_policy_arns[1]", "twice"},
		"policy wildcard":    {policy.Role{SessionPolicyARNs: []string{"arn:aws:iam::aws:policy/*/X"}}, "session_policy_arns[0]", "not the ARN"},
		"provider ARN":       {policy.Role{SAMLProvider: "Corp"}, "saml_provider", "not an IAM ARN"},
		"provider place":     {policy.Role{SAMLProvider: "arn:aws:iam::" + prod + ":saml-provider/Corp"}, "saml_provider", "write {account}"},
		"provider elsewhere": {policy.Role{SAMLProvider: "arn:aws-cn:iam::{account}:saml-provider/Corp"}, "saml_provider", "partition"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, withRole(c.role), "roles[3]."+c.path, c.text) })
	}
}

// What a relayed answer can't carry, and nobody but us would enforce, is refused (DESIGN §5).
func TestRelayFaults(t *testing.T) {
	saml := policy.Role{Via: policy.ViaList{bridge.ViaSAML}, SAMLProvider: "arn:aws:iam::{account}:saml-provider/Corp"}
	web := policy.Role{Via: policy.ViaList{bridge.ViaWebIdentity}}
	both := policy.Role{Via: policy.ViaList{bridge.ViaAssumeRole, bridge.ViaSAML}, SAMLProvider: saml.SAMLProvider}
	compile(t, withRole(saml))
	compile(t, withRole(web))
	compile(t, withRole(both))
	for name, base := range map[string]policy.Role{"saml": saml, "web_identity": web, "either": both} {
		for key, add := range map[string]func(*policy.Role){
			"tags":                func(r *policy.Role) { r.Tags = map[string]string{"Team": `"x"`} },
			"source_identity":     func(r *policy.Role) { r.SourceIdentity = "identity.email" },
			"session_policy":      func(r *policy.Role) { r.SessionPolicy = `{"Statement":[]}` },
			"session_policy_arns": func(r *policy.Role) { r.SessionPolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"} },
			"external_id":         func(r *policy.Role) { r.ExternalID = "abc" },
			"transitive_tags":     func(r *policy.Role) { r.TransitiveTags = []string{"Team"} },
		} {
			t.Run(name+" with "+key, func(t *testing.T) {
				r := base
				add(&r)
				wantProblem(t, withRole(r), "roles[3]."+key, "can't be combined with via")
			})
		}
	}
	withoutARN := saml
	withoutARN.SAMLProvider = ""
	wantProblem(t, withRole(withoutARN), "roles[3].saml_provider", "missing")
	reserved := saml
	reserved.Accounts, reserved.ARN = []string{"shop-*"}, "arn:aws:iam::{account}:role/AWSReservedSSO_Admin_0123456789abcdef"
	wantProblem(t, withRole(reserved), "roles[3].arn", "Identity Center")
	wantProblem(t, withRole(policy.Role{Via: policy.ViaList{"saml", "web_identity"}, SAMLProvider: saml.SAMLProvider}), "roles[3].via", "two entries")
	for _, c := range []struct {
		base       policy.Role
		provider   string
		path, text string
	}{
		{saml, "staff", "provider", "is of kind oidc"}, {saml, "crop", "provider", `did you mean "corp"?`},
		{web, "corp", "provider", "is of kind saml"},
	} {
		c.base.Provider = c.provider
		wantProblem(t, withRole(c.base), "roles[3]."+c.path, c.text)
	}
	none := withRole(saml)
	none.Providers = none.Providers[1:]
	wantProblem(t, none, "roles[3].via", "none is configured")
	several := withRole(web)
	several.Providers = append(several.Providers, policy.Provider{Name: "extra", Kind: "oidc", STSAlgorithms: true})
	wantProblem(t, several, "roles[3].provider", "several providers")
}

func TestWebIdentityNeedsSubjects(t *testing.T) {
	for name, c := range map[string]struct {
		provider policy.Provider
		subjects []string
		path     string
		text     string
	}{
		"private":         {policy.Provider{STSAlgorithms: true}, nil, "", ""},
		"shared":          {policy.Provider{STSAlgorithms: true, Shared: true}, nil, "subjects", "anybody can get an account"},
		"public":          {policy.Provider{STSAlgorithms: true, Public: true}, nil, "subjects", "public client"},
		"shared, subject": {policy.Provider{STSAlgorithms: true, Shared: true}, []string{"u-1"}, "", ""},
		"empty list":      {policy.Provider{STSAlgorithms: true}, []string{}, "subjects", "names nobody"},
		"empty subject":   {policy.Provider{STSAlgorithms: true, Shared: true}, []string{" "}, "subjects[0]", "is empty"},
		"glob":            {policy.Provider{STSAlgorithms: true, Shared: true}, []string{"u-1", "*"}, "subjects[1]", "without wildcards"},
		"algorithm":       {policy.Provider{}, nil, "via", "no algorithm that STS takes"},
	} {
		t.Run(name, func(t *testing.T) {
			src := withRole(policy.Role{Via: policy.ViaList{bridge.ViaWebIdentity}, Subjects: c.subjects})
			c.provider.Name, c.provider.Kind = "staff", "oidc"
			src.Providers[1] = c.provider
			if c.path != "" {
				wantProblem(t, src, "roles[3]."+c.path, c.text)
				return
			}
			role, _ := compile(t, src).policy.Role(bridge.RoleKey{Account: prod, Name: "own"})
			if role.RelayProvider != "staff" || !slices.Equal(role.RelaySubjects, c.subjects) {
				t.Errorf("have %+v", role)
			}
		})
	}
}
