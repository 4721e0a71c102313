package config_test

import (
	"slices"
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
