package oidc_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// kit is a provider of ours at idptest's provider, over real sockets.
type kit struct {
	theirs   *idptest.OIDC
	provider idp.IdentityProvider
}

func newKit(t *testing.T, options idptest.OIDCOptions, change func(*oidc.Config)) *kit {
	t.Helper()
	t.Setenv("OIDC_TEST_SECRET", "s3cret")
	server := httptest.NewUnstartedServer(nil)
	options.Issuer = "http://" + server.Listener.Addr().String()
	options.Clients = []idptest.Client{{
		ID: clientID, Secret: "s3cret", RedirectURIs: []string{"https://bridge.example.com/oidc/corp/callback"},
	}}
	options.People = []idptest.Person{{
		Username: "ada", Subject: "u-7f3c", Email: "ada@example.com", Name: "Ada Lovelace", Groups: []string{"dev", "ops"},
	}}
	theirs, err := idptest.NewOIDC(options)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = theirs
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	config := oidc.Config{
		Common: idp.Common{Name: "corp", Kind: idp.KindOIDC}, Issuer: options.Issuer, ClientID: clientID,
		ClientSecret: "env:OIDC_TEST_SECRET",
	}
	if options.Algorithm != "" {
		config.Algorithms = []string{options.Algorithm}
	}
	if change != nil {
		change(&config)
	}
	provider, err := config.Open(idp.Deps{
		BaseURL: "https://bridge.example.com", Replay: &memory{used: map[string]time.Time{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &kit{theirs, provider}
}

// signIn goes the whole way: authorization URL, the provider's answer, Finish.
func (k *kit) signIn(t *testing.T) (bridge.Identity, bridge.Proof, error) {
	t.Helper()
	login := idp.NewLogin("corp", "/", time.Now())
	challenge, err := k.provider.Begin(t.Context(), login)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	values, err := k.theirs.Answer(challenge.URL, "ada")
	if err != nil {
		t.Fatal(err)
	}
	answer := idp.Answer{Method: "GET", Query: values}
	if k.provider.Info().CrossSite {
		answer = idp.Answer{Method: "POST", Form: values}
	}
	return k.provider.Finish(t.Context(), login, answer)
}

// TestKitVariants: the ways in which real providers differ.
func TestKitVariants(t *testing.T) {
	nested := func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm_access", "roles"}} }
	separated := func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "groups", Separator: ","} }
	tests := map[string]struct {
		options idptest.OIDCOptions
		config  func(*oidc.Config)
	}{
		"plain":              {},
		"iss in the answer":  {options: idptest.OIDCOptions{ResponseIss: true}},
		"form_post":          {config: func(c *oidc.Config) { c.ResponseMode = oidc.ModeFormPost }},
		"RS512":              {options: idptest.OIDCOptions{Algorithm: "RS512"}},
		"PS256":              {options: idptest.OIDCOptions{Algorithm: "PS256"}},
		"ES256":              {options: idptest.OIDCOptions{Algorithm: "ES256"}},
		"EdDSA":              {options: idptest.OIDCOptions{Algorithm: "EdDSA"}},
		"bare keys":          {options: idptest.OIDCOptions{BareKeys: true}},
		"secret in the form": {options: idptest.OIDCOptions{ClientAuth: []string{"client_secret_post"}}},
		"nested groups":      {options: idptest.OIDCOptions{GroupsShape: idptest.GroupsNested}, config: nested},
		"separated groups":   {options: idptest.OIDCOptions{GroupsShape: idptest.GroupsSeparated}, config: separated},
		"UserInfo":           {options: idptest.OIDCOptions{GroupsShape: idptest.GroupsUserInfo}, config: func(c *oidc.Config) { c.UserInfo = true }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, test.options, test.config)
			id, proof, err := k.signIn(t)
			if err != nil {
				t.Fatal(err)
			}
			wantGroups("dev", "ops")(t, id)
			wantEmail("ada@example.com")(t, id)
			if id.Subject != "u-7f3c" || id.Name != "Ada Lovelace" || proof.Kind != bridge.ProofIDToken {
				t.Errorf("%+v", id)
			}
			if _, _, err := k.signIn(t); err != nil {
				t.Errorf("the second time: %v", err)
			}
			if err := k.theirs.RotateKey(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := k.signIn(t); err != nil {
				t.Errorf("after a rotation: %v", err)
			}
		})
	}
}

// quick options: an elliptic key is made at once.
var quick = idptest.OIDCOptions{Algorithm: "ES256"}

// TestKitLies: each sabotage by name ends in its code.
func TestKitLies(t *testing.T) {
	userInfo := func(c *oidc.Config) { c.UserInfo = true }
	tenants := func(c *oidc.Config) { c.Tenants = []string{"11111111-2222-3333-4444-555555555555"} }
	tests := map[idptest.Lie]struct {
		config func(*oidc.Config)
		want   bridge.Code
	}{
		idptest.WrongAudience: {want: bridge.CodeAudience}, idptest.ExtraAudience: {want: bridge.CodeAudience},
		idptest.OtherParty: {want: bridge.CodeAudience}, idptest.MissingAud: {want: bridge.CodeAudience},
		idptest.WrongIssuer: {want: rejected}, idptest.BadSignature: {want: rejected}, idptest.StrangerKey: {want: rejected},
		idptest.UnknownKid: {want: rejected}, idptest.AlgNone: {want: rejected}, idptest.HMACWithPublicKey: {want: rejected},
		idptest.JWKHeader: {want: rejected}, idptest.JKUHeader: {want: rejected}, idptest.X5CHeader: {want: rejected},
		idptest.WrongNonce: {want: rejected}, idptest.NoNonce: {want: rejected}, idptest.BadAtHash: {want: rejected},
		idptest.LogoutToken: {want: rejected}, idptest.AccessTokenTyp: {want: rejected}, idptest.IssuerMixUp: {want: rejected},
		idptest.Expired: {want: bridge.CodeClock}, idptest.FutureDated: {want: bridge.CodeClock}, idptest.EndlessToken: {want: bridge.CodeClock},
		idptest.MissingExp: {want: bridge.CodeClaim}, idptest.MissingIat: {want: bridge.CodeClaim},
		idptest.MissingSub: {want: bridge.CodeSubjectMissing}, idptest.NullSub: {want: bridge.CodeSubjectMissing},
		idptest.EmptySub: {want: bridge.CodeSubjectMissing}, idptest.NumericSub: {want: bridge.CodeClaim},
		idptest.FoldedClaim: {want: bridge.CodeClaim}, idptest.CaseVariantClaim: {want: bridge.CodeClaim},
		idptest.DuplicateClaim: {want: bridge.CodeClaim}, idptest.GroupsAsObject: {want: bridge.CodeClaim},
		idptest.GroupsAsNumbers: {want: bridge.CodeClaim}, idptest.GroupOverage: {want: bridge.CodeGroupOverage},
		idptest.TrailingData: {want: malformed}, idptest.InvalidUTF8: {want: malformed}, idptest.NoIDToken: {want: malformed},
		idptest.CodeAndError: {want: malformed}, idptest.HugeToken: {want: bridge.CodeAnswerTooLarge},
		idptest.ErrorAnswer: {want: bridge.CodeProviderRefused}, idptest.WrongState: {want: bridge.CodeLoginStale},
		idptest.DiscoveryIssuer:        {want: bridge.CodeProviderConfig},
		idptest.TenantMismatch:         {config: tenants, want: bridge.CodeTenant},
		idptest.OtherSubjectAtUserInfo: {config: userInfo, want: bridge.CodeUserInfo},
	}
	for lie, test := range tests {
		t.Run(string(lie), func(t *testing.T) {
			k := newKit(t, quick, test.config)
			k.theirs.Lie(lie)
			id, proof, err := k.signIn(t)
			wantCode(t, test.want, id, proof, err)
			if n := k.theirs.Fetches("/stranger-jwks") + k.theirs.Fetches("/graph/getMemberObjects"); n != 0 {
				t.Error("an address out of the token was asked")
			}
		})
	}
	// Discovery never adds to the configured algorithms: what it announces beside them is nothing to us, and doesn't let
	// the provider use it.
	t.Run("DiscoveryAlgorithms", func(t *testing.T) {
		k := newKit(t, quick, nil)
		k.theirs.Lie(idptest.DiscoveryAlgorithms)
		if _, _, err := k.signIn(t); err != nil {
			t.Fatal(err)
		}
		for _, lie := range []idptest.Lie{idptest.AlgNone, idptest.HMACWithPublicKey} {
			k.theirs.Lie(idptest.DiscoveryAlgorithms, lie)
			id, proof, err := k.signIn(t)
			wantCode(t, rejected, id, proof, err)
		}
	})
	t.Run("MissingIss", func(t *testing.T) {
		k := newKit(t, idptest.OIDCOptions{Algorithm: "ES256", ResponseIss: true}, nil)
		k.theirs.Lie(idptest.MissingIss)
		id, proof, err := k.signIn(t)
		wantCode(t, rejected, id, proof, err)
	})
	t.Run("ReplayedAnswer", func(t *testing.T) {
		k := newKit(t, quick, nil)
		if _, _, err := k.signIn(t); err != nil {
			t.Fatal(err)
		}
		k.theirs.Lie(idptest.ReplayedAnswer)
		id, proof, err := k.signIn(t)
		wantCode(t, rejected, id, proof, err)
	})
	t.Run("EmailUnverified", func(t *testing.T) {
		k := newKit(t, quick, nil)
		k.theirs.Lie(idptest.EmailUnverified)
		id, _, err := k.signIn(t)
		if err != nil {
			t.Fatal(err)
		}
		wantEmail("")(t, id)
	})
}

// TestKitFaults: outages over real sockets, by quick faults alone; hanging ones are bounded by the client's time-outs
// (TestClient).
func TestKitFaults(t *testing.T) {
	for _, fault := range []idptest.Fault{
		idptest.FaultError, idptest.FaultRedirect, idptest.FaultHuge, idptest.FaultEmpty, idptest.FaultGarbage, idptest.FaultCut,
	} {
		t.Run(string(fault), func(t *testing.T) {
			for _, path := range []string{"/.well-known/openid-configuration", "/jwks"} {
				k := newKit(t, quick, nil)
				k.theirs.SetFault(path, fault)
				id, proof, err := k.signIn(t)
				wantCode(t, bridge.CodeProviderDown, id, proof, err)
			}
			// With keys at hand, only the token endpoint is needed.
			k := newKit(t, quick, nil)
			if _, _, err := k.signIn(t); err != nil {
				t.Fatal(err)
			}
			k.theirs.SetFault("/jwks", fault)
			k.theirs.SetFault("/.well-known/openid-configuration", fault)
			if _, _, err := k.signIn(t); err != nil {
				t.Errorf("with cached keys: %v", err)
			}
		})
	}
}
