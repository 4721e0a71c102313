package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// least is all that must be written.
const least = `
server: {url: "https://bridge.example.com", listen: "127.0.0.1:8080"}
store: sqlite:state.db
audit: [stdout]
providers:
  - {name: corp, kind: saml, metadata: "https://sso.example.com/idp/metadata"}
  - {name: staff, kind: oidc, issuer: "https://sso.example.org", client_id: fedbridge}
accounts:
  - {id: "111122223333", name: shop}
roles:
  - {name: readonly, accounts: [shop], arn: "arn:aws:iam::{account}:role/ReadOnly", via: assume_role}
rules:
  - {name: all, groups: [all], roles: [readonly]}
`

// What is left out takes the careful value: nothing is trusted, and nothing lasts longer than is said in the manual.
func TestDefaults(t *testing.T) {
	f, problems := config.Parse("f.yaml", []byte(least))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if f.Session.LengthOrDefault() != 12*time.Hour || f.Session.IdleOrDefault() != time.Hour {
		t.Error("session", f.Session.LengthOrDefault(), f.Session.IdleOrDefault())
	}
	if len(f.Server.TrustedProxies) != 0 || f.Server.OpsListen != "" {
		t.Error("server", f.Server)
	}
	if f.AWS.RegionOrDefault() != "us-east-1" || f.AWS.SessionName == "exact" {
		t.Error("aws", f.AWS)
	}
	if a := f.BridgeAccounts()[0]; a.Partition != "aws" || a.Label != "shop" {
		t.Error("account", a)
	}
	s := f.Providers[0].Opener.(*saml.Config)
	if s.IdPInitiated || s.AllowSHA1Until != "" || s.AllowInclusiveC14N || s.Decryption.Key != "" || len(s.Audiences) != 0 || s.Claims.Groups.Claim != "" {
		t.Error("saml", s)
	}
	o := f.Providers[1].Opener.(*oidc.Config)
	if o.EmailTrusted || o.UserInfo || len(o.Audiences)+len(o.AuthorizedParties)+len(o.Algorithms) != 0 || o.ResponseMode != "" {
		t.Error("oidc", o)
	}
	if f.Issuer != nil || len(f.Operators) != 0 {
		t.Error("issuer", f.Issuer, "operators", f.Operators)
	}
	p, _ := f.Policy()
	role := p.Roles()[0]
	if role.MaxSession != bridge.DefaultSession || !slices.Equal(role.Via, []bridge.Via{bridge.ViaAssumeRole}) {
		t.Error("role", role)
	}
	if e := p.Entitlements(bridge.Identity{Provider: "staff"}); len(e) != 0 {
		t.Error("rights without a rule", e)
	}
}

// A session that is short altogether is not idle for longer.
func TestIdleFollowsLength(t *testing.T) {
	f, problems := config.Parse("f.yaml", []byte(least+"session: {length: 10m}\n"))
	if len(problems) > 0 || f.Session.IdleOrDefault() != 10*time.Minute {
		t.Error(problems)
	}
}

// An issuer of whom only the needed is written: keys of ES256 for a quarter of a year, one audience for each account, and
// SAML where keys are in a directory, but not where they are in KMS.
func TestIssuerDefaults(t *testing.T) {
	parse := func(issuer, role string) *config.File {
		t.Helper()
		text := strings.Replace(least, ", via: assume_role}", role+"}", 1) + issuer
		f, problems := config.Parse("f.yaml", []byte(text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return f
	}
	f := parse("issuer: {url: https://bridge.example.com, keys: file:/keys}\n", "")
	i := f.Issuer
	if i.AlgorithmOrDefault() != "ES256" || i.AudienceOrDefault() != "fedbridge:{account}" || i.SAMLProviderOrDefault() != "fedbridge" {
		t.Error(i.AlgorithmOrDefault(), i.AudienceOrDefault(), i.SAMLProviderOrDefault())
	}
	if i.RotateOrNever() != 2160*time.Hour || i.PublishAheadOrDefault() != time.Hour || i.EntityID() != "https://bridge.example.com/saml/metadata" {
		t.Error(i.RotateOrNever(), i.PublishAheadOrDefault(), i.EntityID())
	}
	if i.KeyDir() != "/keys" || i.SAMLKeyDir() != "/keys" || len(i.KMSKeys())+len(i.SAMLKMSKeys()) != 0 || !i.MintsSAML() {
		t.Error(i.KeyDir(), i.SAMLKeyDir(), i.KMSKeys(), i.SAMLKMSKeys())
	}
	p, _ := f.Policy()
	role := p.Roles()[0]
	if !slices.Equal(role.Via, []bridge.Via{bridge.ViaIssuer}) || role.Mint != bridge.ProofIDToken || role.Audience != "fedbridge:111122223333" ||
		role.ConsolePost || role.HasTags || role.HasSourceIdentity || role.MaxSession != bridge.DefaultSession {
		t.Error("role", role)
	}
	const first, second = "arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10", "arn:aws:kms:eu-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef"
	i = parse("issuer: {url: https://bridge.example.com, keys: ['kms:"+first+"', 'kms:"+second+"'], rotate: never, publish_ahead: 0s}\n", "").Issuer
	if i.KeyDir()+i.SAMLKeyDir() != "" || !slices.Equal(i.KMSKeys(), []string{first, second}) || i.MintsSAML() || i.RotateOrNever() != 0 || i.PublishAheadOrDefault() != 0 {
		t.Error(i.KeyDir(), i.SAMLKeyDir(), i.KMSKeys(), i.RotateOrNever(), i.PublishAheadOrDefault())
	}
	i = parse("issuer: {url: https://bridge.example.com, keys: 'kms:"+first+"', saml_keys: file:/saml}\n", ", mint: saml").Issuer
	if i.KeyDir() != "" || i.SAMLKeyDir() != "/saml" || !i.MintsSAML() {
		t.Error(i.KeyDir(), i.SAMLKeyDir())
	}
}

// TestOperatorGroups: who operates is in a group that is named for his provider, and nobody is it by being in such a group elsewhere.
func TestOperatorGroups(t *testing.T) {
	f, problems := config.Parse("f.yaml", []byte(least+"operators: [{provider: corp, groups: [ops, aws]}, {provider: staff, groups: [admins]}]\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, c := range []struct {
		provider string
		groups   []string
		want     bool
	}{
		{"corp", []string{"dev", "aws"}, true}, {"staff", []string{"admins"}, true},
		{"staff", []string{"ops"}, false}, {"corp", []string{"admins"}, false}, {"corp", []string{"OPS", "ops ", "op"}, false},
		{"corp", nil, false}, {"", []string{"ops"}, false}, {"Corp", []string{"ops"}, false},
	} {
		if have := f.Operator(bridge.Identity{Provider: c.provider, Groups: c.groups}); have != c.want {
			t.Errorf("%s %q: %v", c.provider, c.groups, have)
		}
	}
	if (&config.File{}).Operator(bridge.Identity{}) {
		t.Error("everybody operates by default")
	}
}
