package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// issued is withRole in a world where fedbridge is an issuer, and the role via it unless it says otherwise.
func issued(r policy.Role) policy.Source {
	if r.Via == nil {
		r.Via = policy.ViaList{bridge.ViaIssuer}
	}
	src := withRole(r)
	src.Issuer = &policy.Issuer{Audience: "fedbridge:{account}", SAMLProvider: "fedbridge", SAML: true}
	return src
}

func ownRole(t *testing.T, src policy.Source, account string) bridge.Role {
	t.Helper()
	role, ok := compile(t, src).policy.Role(bridge.RoleKey{Account: account, Name: "own"})
	if !ok {
		t.Fatal("no such role")
	}
	return role
}

func TestIssuedRoles(t *testing.T) {
	src := issued(policy.Role{
		MaxSession: 12 * time.Hour, Tags: map[string]string{"Team": "claims.team", "Centre": `"1"`, "App": `"x"`},
		OptionalTags: []string{"Team", "App"}, TransitiveTags: []string{"Team"}, SourceIdentity: "identity.email",
	})
	role := ownRole(t, src, prod)
	if !slices.Equal(role.Via, []bridge.Via{bridge.ViaIssuer}) || role.Mint != bridge.ProofIDToken || role.MaxSession != 12*time.Hour {
		t.Errorf("%+v", role)
	}
	if role.Audience != "fedbridge:"+prod || ownRole(t, src, dev).Audience != "fedbridge:"+dev {
		t.Errorf("audience %q", role.Audience)
	}
	if !slices.Equal(role.TagKeys, []string{"App", "Centre", "Team"}) || !slices.Equal(role.OptionalTags, []string{"Team", "App"}) ||
		!slices.Equal(role.TransitiveTags, []string{"Team"}) || !role.HasTags || !role.HasSourceIdentity {
		t.Errorf("tags %+v", role)
	}
	if role.ConsolePost || role.SAMLProvider != (bridge.SAMLProviderARN{}) || role.Encryption != (bridge.SAMLEncryption{}) {
		t.Errorf("SAML for an ID token: %+v", role)
	}
}

func TestIssuerIsTheDefault(t *testing.T) {
	src := issued(policy.Role{Via: policy.ViaList{}})
	if role := ownRole(t, src, prod); !slices.Equal(role.Via, []bridge.Via{bridge.ViaIssuer}) || role.Mint != bridge.ProofIDToken {
		t.Errorf("%+v", role)
	}
}

func TestMintedSAMLRoles(t *testing.T) {
	src := issued(policy.Role{Mint: bridge.ProofSAML, Console: policy.ConsoleSAMLPost})
	encryption := bridge.SAMLEncryption{Certificate: "file:/x.pem", ProviderID: "SAMLP1"}
	src.Encryption = map[string]bridge.SAMLEncryption{dev: encryption}
	role := ownRole(t, src, dev)
	if role.Mint != bridge.ProofSAML || !role.ConsolePost || role.Encryption != encryption || role.Audience != "" {
		t.Errorf("%+v", role)
	}
	if role.SAMLProvider.String() != "arn:aws:iam::"+dev+":saml-provider/fedbridge" {
		t.Errorf("provider %s", role.SAMLProvider)
	}
	if other := ownRole(t, src, prod); other.Encryption != (bridge.SAMLEncryption{}) {
		t.Errorf("another account's encryption: %+v", other)
	}
	src = issued(policy.Role{Mint: bridge.ProofSAML, SAMLProvider: "arn:aws:iam::{account}:saml-provider/Other", Via: policy.ViaList{"issuer", "assume_role"}, ExternalID: "6b0f3f2a"})
	if role := ownRole(t, src, dev); role.SAMLProvider.Name != "Other" || role.ExternalID == "" || len(role.Via) != 2 {
		t.Errorf("%+v", role)
	}
}

// GovCloud calls itself by another name in SAML; minted assertions are for the partition of their account.
func TestMintedInOtherPartitions(t *testing.T) {
	src := issued(policy.Role{Accounts: []string{"gov"}, ARN: "arn:aws-us-gov:iam::{account}:role/Own", Mint: bridge.ProofSAML})
	if role := ownRole(t, src, gov); role.SAMLProvider.String() != "arn:aws-us-gov:iam::"+gov+":saml-provider/fedbridge" {
		t.Errorf("%+v", role)
	}
}

func TestIssuerFaults(t *testing.T) {
	saml := bridge.ProofSAML
	document := `{"Version": "2012-10-17", "Statement": []}`
	for name, c := range map[string]struct {
		role       policy.Role
		path, text string
	}{
		"mint":             {policy.Role{Mint: "samll"}, "mint", `did you mean "saml"?`},
		"mint by others":   {policy.Role{Mint: bridge.ProofIDToken, Via: policy.ViaList{"assume_role"}}, "mint", "via issuer only"},
		"two providers":    {policy.Role{Mint: saml, Via: policy.ViaList{"issuer", "saml"}, SAMLProvider: "arn:aws:iam::{account}:saml-provider/Corp"}, "mint", "two entries"},
		"console":          {policy.Role{Mint: saml, Console: "post"}, "console", "write federation or saml_post"},
		"console token":    {policy.Role{Console: policy.ConsoleSAMLPost}, "console", "mint: saml"},
		"console others":   {policy.Role{Mint: saml, Console: policy.ConsoleSAMLPost, Via: policy.ViaList{"issuer", "assume_role"}}, "console", "issuer alone"},
		"console policy":   {policy.Role{Mint: saml, Console: policy.ConsoleSAMLPost, SessionPolicy: document}, "console", "session policy"},
		"console policies": {policy.Role{Mint: saml, Console: policy.ConsoleSAMLPost, SessionPolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}}, "console", "session policy"},
		"external id":      {policy.Role{ExternalID: "6b0f3f2a"}, "external_id", "assume_role only"},
		"tags and relay":   {policy.Role{Via: policy.ViaList{"issuer", "web_identity"}, Tags: map[string]string{"Team": `"x"`}}, "tags", "can't be combined with via web_identity"},
		"optional, relay":  {policy.Role{Via: policy.ViaList{"web_identity"}, OptionalTags: []string{"x"}}, "optional_tags", "can't be combined"},
		"source and relay": {policy.Role{Via: policy.ViaList{"web_identity", "issuer"}, SourceIdentity: "identity.email"}, "source_identity", "can't be combined"},
		"optional":         {policy.Role{Tags: map[string]string{"Team": `"x"`}, OptionalTags: []string{"team"}}, "optional_tags[0]", `did you mean "Team"?`},
		"optional twice":   {policy.Role{Tags: map[string]string{"Team": `"x"`}, OptionalTags: []string{"Team", "Team"}}, "optional_tags[1]", "twice"},
		"white space":      {policy.Role{Mint: saml, Tags: map[string]string{"Team": `"web "`}}, "tags.Team", "white space"},
		"13 hours":         {policy.Role{MaxSession: 13 * time.Hour}, "max_session", "from 15m to 12h"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, issued(c.role), "roles[3]."+c.path, c.text) })
	}
	t.Run("no key", func(t *testing.T) {
		src := issued(policy.Role{Mint: saml})
		src.Issuer.SAML = false
		wantProblem(t, src, "roles[3].mint", "issuer.saml_keys")
	})
	t.Run("no partition", func(t *testing.T) {
		src := issued(policy.Role{Accounts: []string{"eu"}, ARN: "arn:aws-eusc:iam::{account}:role/Own", Mint: saml})
		src.Accounts = append(src.Accounts, bridge.Account{ID: "123456789012", Name: "eu", Partition: "aws-eusc"})
		wantProblem(t, src, "roles[3].mint", "aws-eusc")
	})
	t.Run("encryption of nothing", func(t *testing.T) {
		src := issued(policy.Role{})
		src.Encryption = map[string]bridge.SAMLEncryption{dev: {Certificate: "file:x", ProviderID: "X"}}
		wantProblem(t, src, "accounts[1].saml_encryption", "encrypts nothing")
	})
}

// Our own provider is not the one that an IdP asserts: its pair selects the role by the role's ARN alone.
func TestAssertedRolesThatAreMinted(t *testing.T) {
	src := issued(policy.Role{Mint: bridge.ProofSAML})
	src.Rules = []policy.Rule{{Name: "asserted", Provider: "corp", AssertedRoles: true}}
	id := claim(bridge.AttributeRole, "arn:aws:iam::"+prod+":role/Own,arn:aws:iam::"+prod+":saml-provider/Corp")
	c := compile(t, src)
	if roles := c.roles(id); !slices.Equal(roles, []string{"shop-prod/own"}) {
		t.Errorf("%v", roles)
	}
	e := c.policy.Explain(id, bridge.RoleKey{Account: prod, Name: "own"})
	if text := e.Rules[0].Clauses[len(e.Rules[0].Clauses)-1].Detail; !e.Allowed || strings.Contains(text, "saml-provider/fedbridge") {
		t.Errorf("%v, %q", e.Allowed, text)
	}
}
