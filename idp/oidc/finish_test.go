package oidc_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

func TestSignIn(t *testing.T) {
	s := newScene(t, nil)
	claims := s.claims()
	maps.Copy(claims, map[string]any{
		"auth_time": s.clock.now().Add(-time.Hour).Unix(), "acr": "2", "amr": []string{"pwd", "otp"}, "sid": "sess-1", "azp": clientID,
		"address": map[string]any{"country": "GB"}, "nothing": nil, "level": 3, "devices": []any{map[string]any{"id": 1}},
	})
	token := s.mint(claims)
	id, proof, err := s.finish(token)
	if err != nil {
		t.Fatal(err)
	}
	if len(id.KeyFingerprint) != 64 {
		t.Errorf("fingerprint %q", id.KeyFingerprint)
	}
	now := s.clock.now()
	want := bridge.Identity{
		Provider: "corp", Issuer: issuer, Subject: "u-7f3c", Email: "ada@example.com", Name: "Ada Lovelace",
		Groups: []string{"dev", "ops"}, AuthTime: now.Add(-time.Hour), ACR: "2", AMR: []string{"pwd", "otp"}, SessionIndex: "sess-1",
		KeyFingerprint: id.KeyFingerprint, Skipped: []string{"devices"},
		Claims: bridge.Claims{
			"iss": {issuer}, "sub": {"u-7f3c"}, "aud": {clientID}, "azp": {clientID}, "email": {"ada@example.com"},
			"email_verified": {"true"}, "name": {"Ada Lovelace"}, "groups": {"dev", "ops"}, "acr": {"2"}, "amr": {"pwd", "otp"},
			"sid": {"sess-1"}, "auth_time": id.Claims["auth_time"], "address.country": {"GB"}, "level": {"3"},
		},
	}
	if diff := cmp.Diff(want, id); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if proof.Kind != bridge.ProofIDToken || proof.Raw.Reveal() != token || !proof.RelayUntil.Equal(now.Add(5*time.Minute)) ||
		proof.Algorithm != "RS256" || !cmp.Equal(proof.Audiences, []string{clientID, clientID}) {
		t.Errorf("proof %+v", proof)
	}
	form := s.idp.exchanged[0]
	if form.Get("code") != "code-1" || form.Get("code_verifier") != s.login.Verifier ||
		form.Get("redirect_uri") != "https://bridge.example.com/oidc/corp/callback" || form.Get("grant_type") != "authorization_code" {
		t.Errorf("exchange sent %v", form)
	}
	if form.Has("client_secret") || !strings.HasPrefix(s.idp.auth[0], "Basic ") {
		t.Errorf("client authentication: form %v, header %q", form, s.idp.auth[0])
	}
	for _, until := range s.memory.used {
		if !until.After(now.Add(5*time.Minute + 150*time.Second)) {
			t.Errorf("replay guard forgets the token at %s, before it ends", until)
		}
	}
	if len(s.memory.used) != 1 {
		t.Errorf("%d ids remembered", len(s.memory.used))
	}
}

// TestAlgorithms: every configured family signs in, and a key of another family or curve doesn't.
func TestAlgorithms(t *testing.T) {
	for alg, private := range map[string]crypto.Signer{
		"RS256": rsaKey(), "RS384": rsaKey(), "RS512": rsaKey(), "PS256": rsaKey(), "PS384": rsaKey(), "PS512": rsaKey(),
		"ES256": p256(), "ES384": p384(), "ES512": p521(), "EdDSA": ed25519Key(),
	} {
		t.Run(alg, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.Algorithms = []string{alg} })
			s.idp.keys = []*signer{newSigner("k1", private)}
			payload := string(must(json.Marshal(s.claims())))
			_, proof, err := s.finish(sign(alg, private, `{"alg":"`+alg+`","kid":"k1"}`, payload))
			if err != nil || proof.Algorithm != alg {
				t.Fatalf("%v, %q", err, proof.Algorithm)
			}
			other := newScene(t, nil) // RS256 alone
			if alg != "RS256" {
				other.idp.keys = s.idp.keys
				payload = string(must(json.Marshal(other.claims())))
				id, proof, err := other.finish(sign(alg, private, `{"alg":"`+alg+`","kid":"k1"}`, payload))
				wantCode(t, bridge.CodeAnswerRejected, id, proof, err)
			}
		})
	}
}

// TestAccepts: what real providers send and must work.
func TestAccepts(t *testing.T) {
	tests := map[string]struct {
		config func(*oidc.Config)
		keys   func(*scene)
		change func(*scene, map[string]any)
		check  func(*testing.T, bridge.Identity)
	}{
		"audience as a list": {change: func(_ *scene, c map[string]any) { c["aud"] = []string{clientID} }},
		"configured second audience": {
			config: func(c *oidc.Config) { c.Audiences = []string{"account"} },
			change: func(_ *scene, c map[string]any) { c["aud"] = []string{"account", clientID} },
		},
		"configured authorised party": {
			config: func(c *oidc.Config) { c.AuthorizedParties = []string{"android"} },
			change: func(_ *scene, c map[string]any) { c["azp"] = "android" },
		},
		"payload typ of Keycloak": {change: func(_ *scene, c map[string]any) { c["typ"] = "ID" }},
		"key without kid and alg": {keys: func(s *scene) { s.idp.keys[0].kid = "" }},
		"times with fractions":    {change: func(s *scene, c map[string]any) { c["iat"] = float64(s.clock.now().Unix()) - 0.5 }},
		"clock two minutes slow": {change: func(s *scene, c map[string]any) {
			c["iat"], c["exp"] = s.clock.now().Add(-7*time.Minute).Unix(), s.clock.now().Add(-2*time.Minute).Unix()
		}},
		"clock two minutes fast": {change: func(s *scene, c map[string]any) {
			at := s.clock.now().Add(2 * time.Minute).Unix()
			c["iat"], c["nbf"] = at, at
		}},
		"at_hash and c_hash": {change: func(_ *scene, c map[string]any) { c["at_hash"], c["c_hash"] = halfHash("access"), halfHash("code-1") }},
		"Apple's email_verified": {
			change: func(_ *scene, c map[string]any) { c["email_verified"] = "true" },
			check:  wantEmail("ada@example.com"),
		},
		"email without a flag": {
			change: func(_ *scene, c map[string]any) { delete(c, "email_verified") },
			check:  wantEmail(""),
		},
		"email unverified": {
			change: func(_ *scene, c map[string]any) { c["email_verified"] = false },
			check:  wantEmail(""),
		},
		"email flag of 1": {
			change: func(_ *scene, c map[string]any) { c["email_verified"] = 1 },
			check:  wantEmail(""),
		},
		"email trusted": {
			config: func(c *oidc.Config) { c.EmailTrusted = true },
			change: func(_ *scene, c map[string]any) { delete(c, "email_verified") },
			check:  wantEmail("ada@example.com"),
		},
		"email trusted, but said to be unverified": {
			config: func(c *oidc.Config) { c.EmailTrusted = true },
			change: func(_ *scene, c map[string]any) { c["email_verified"] = false },
			check:  wantEmail(""),
		},
		"name falls back": {
			change: func(_ *scene, c map[string]any) { delete(c, "name"); c["upn"] = "ada@corp" },
			check: func(t *testing.T, id bridge.Identity) {
				if id.Name != "ada@corp" {
					t.Errorf("name %q", id.Name)
				}
			},
		},
		"name that can't be shown falls back": {
			change: func(_ *scene, c map[string]any) { c["name"], c["preferred_username"] = "a\u202eda", "ada" },
			check: func(t *testing.T, id bridge.Identity) {
				if id.Name != "ada" {
					t.Errorf("name %q", id.Name)
				}
			},
		},
		"one group as a text":      {change: setGroups("dev, ops"), check: wantGroups("dev, ops")},
		"no groups":                {change: func(_ *scene, c map[string]any) { delete(c, "groups") }, check: wantGroups()},
		"null groups":              {change: setGroups(nil), check: wantGroups()},
		"empty list":               {change: setGroups([]string{}), check: wantGroups()},
		"groups with an empty one": {change: setGroups([]string{"", "dev"}), check: wantGroups("dev")},
		"group names are not trimmed or folded": {
			change: setGroups([]string{" Dev", "dev", "DEV"}), check: wantGroups(" Dev", "dev", "DEV"),
		},
		"separated groups": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "roles", Separator: ","} },
			change: func(_ *scene, c map[string]any) { c["roles"] = "dev,,ops " },
			check:  wantGroups("dev", "ops "),
		},
		"a list stays a list beside a separator": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "groups", Separator: ","} },
			change: setGroups([]string{"a,b", "c"}), check: wantGroups("a,b", "c"),
		},
		"nested groups": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm_access", "roles"}} },
			change: func(_ *scene, c map[string]any) { c["realm_access"] = map[string]any{"roles": []string{"admin"}} },
			check:  wantGroups("admin"),
		},
		"nested groups missing": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm_access", "roles"}} },
			check:  wantGroups(),
		},
		"a dotted name is no path": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm_access", "roles"}} },
			change: func(_ *scene, c map[string]any) { c["realm_access.roles"] = []string{"admin"} },
			check:  wantGroups(),
		},
		"hundreds of groups": {
			change: setGroups(strings.Split(strings.Repeat("group-aaaaaaaaaaaaaaaaaaaaaaaaaaa;", 300)+"last", ";")),
			check: func(t *testing.T, id bridge.Identity) {
				if len(id.Groups) != 301 || id.Groups[300] != "last" {
					t.Errorf("%d groups", len(id.Groups))
				}
			},
		},
		"distributed claim that nobody maps": {
			change: func(_ *scene, c map[string]any) {
				c["_claim_names"] = map[string]any{"payment": "src1"}
				c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://evil.example/claims"}}
			},
		},
		"hosted domain": {
			config: func(c *oidc.Config) { c.HostedDomains = []string{"example.com"} },
			change: func(_ *scene, c map[string]any) { c["hd"] = "example.com" },
		},
		"tenant": {
			config: func(c *oidc.Config) { c.Tenants = []string{"t-1"} },
			change: func(_ *scene, c map[string]any) { c["tid"] = "t-1" },
		},
		"acr asked for": {
			config: func(c *oidc.Config) { c.ACRValues = []string{"urn:mfa"} },
			change: func(_ *scene, c map[string]any) { c["acr"] = "urn:mfa" },
		},
		"presence proved lately": {
			config: func(c *oidc.Config) { c.MaxAge = time.Hour },
			change: func(s *scene, c map[string]any) { c["auth_time"] = s.clock.now().Add(-59 * time.Minute).Unix() },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			if test.keys != nil {
				test.keys(s)
			}
			claims := s.claims()
			if test.change != nil {
				test.change(s, claims)
			}
			token := s.mint(claims)
			if s.idp.keys[0].kid == "" {
				token = sign("RS256", rsaKey(), `{"alg":"RS256"}`, string(must(json.Marshal(claims))))
			}
			id, _, err := s.finish(token)
			if err != nil {
				t.Fatal(err)
			}
			if test.check != nil {
				test.check(t, id)
			}
			if n := s.idp.count("/claims"); n != 0 {
				t.Errorf("a distributed claim was fetched")
			}
		})
	}
}

func halfHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return b64(string(sum[:16]))
}

func wantEmail(want string) func(*testing.T, bridge.Identity) {
	return func(t *testing.T, id bridge.Identity) {
		if id.Email != want {
			t.Errorf("email %q; want %q", id.Email, want)
		}
	}
}

func setGroups(v any) func(*scene, map[string]any) {
	return func(_ *scene, c map[string]any) { c["groups"] = v }
}

func wantGroups(want ...string) func(*testing.T, bridge.Identity) {
	return func(t *testing.T, id bridge.Identity) {
		if len(id.Groups) != len(want) || len(want) > 0 && !cmp.Equal(id.Groups, want) {
			t.Errorf("groups %q; want %q", id.Groups, want)
		}
	}
}

// TestReplay: an answer is used once, also when its signature was rewritten or it comes to another login.
func TestReplay(t *testing.T) {
	s := newScene(t, func(c *oidc.Config) { c.Algorithms = []string{"ES256"} })
	s.idp.keys = []*signer{newSigner("k1", p256())}
	payload := string(must(json.Marshal(s.claims())))
	if _, _, err := s.finish(sign("ES256", p256(), `{"alg":"ES256","kid":"k1"}`, payload)); err != nil {
		t.Fatal(err)
	}
	// The same content under a fresh ECDSA signature is the same answer.
	id, proof, err := s.finish(sign("ES256", p256(), `{"alg":"ES256","kid":"k1"}`, payload))
	wantCode(t, bridge.CodeAnswerRejected, id, proof, err)
}

// TestReplayStoreDown: when the store can't tell, nobody is signed in (threat P11), and its own code stays.
func TestReplayStoreDown(t *testing.T) {
	s := newScene(t, nil)
	s.memory.err = bridge.Fail(bridge.CodeStoreDown, errors.New("disk full"))
	id, proof, err := s.finish(s.mint(s.claims()))
	wantCode(t, bridge.CodeStoreDown, id, proof, err)
}

// TestRefusedAnswerIsNotUsedUp: what can be mended at the provider can be tried again.
func TestRefusedAnswerIsNotUsedUp(t *testing.T) {
	s := newScene(t, nil)
	claims := s.claims()
	claims["aud"] = "other"
	id, proof, err := s.finish(s.mint(claims))
	wantCode(t, bridge.CodeAudience, id, proof, err)
	if len(s.memory.used) != 0 {
		t.Error("a refused token was remembered")
	}
}

// TestPanic: R2, a panic is a refused login.
func TestPanic(t *testing.T) {
	s := newScene(t, nil)
	s.memory.used = nil // a write to a nil map panics inside UseOnce
	id, proof, err := s.finish(s.mint(s.claims()))
	wantCode(t, bridge.CodeAnswerRejected, id, proof, err)
}

// TestAnswers: the authorization response. Threats O10, O12, O15.
func TestAnswers(t *testing.T) {
	query := func(change func(url.Values)) func(*scene) idp.Answer {
		return func(s *scene) idp.Answer {
			a := s.good()
			if a.Form != nil {
				change(a.Form)
			} else {
				change(a.Query)
			}
			return a
		}
	}
	formPost := func(c *oidc.Config) { c.ResponseMode = oidc.ModeFormPost }
	announced := func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
	tests := map[string]struct {
		config    func(*oidc.Config)
		discovery func(map[string]any)
		login     func(*idp.Login)
		answer    func(*scene) idp.Answer
		want      bridge.Code // "" accepts
	}{
		"good":                   {answer: query(func(url.Values) {})},
		"good form_post":         {config: formPost, answer: query(func(url.Values) {})},
		"good iss":               {discovery: announced, answer: query(func(v url.Values) { v.Set("iss", issuer) })},
		"iss without being told": {answer: query(func(v url.Values) { v.Set("iss", issuer) })},
		"unknown parameters":     {answer: query(func(v url.Values) { v.Set("session_state", "x") })},

		"state missing":       {answer: query(func(v url.Values) { v.Del("state") }), want: bridge.CodeLoginStale},
		"state empty":         {answer: query(func(v url.Values) { v.Set("state", "") }), want: bridge.CodeLoginStale},
		"state foreign":       {answer: query(func(v url.Values) { v.Set("state", idp.NewLogin("corp", "/", time.Now()).State) }), want: bridge.CodeLoginStale},
		"state cut":           {answer: query(func(v url.Values) { v.Set("state", v.Get("state")[:20]) }), want: bridge.CodeLoginStale},
		"state twice":         {answer: query(func(v url.Values) { v.Add("state", v.Get("state")) }), want: bridge.CodeAnswerMalformed},
		"code missing":        {answer: query(func(v url.Values) { v.Del("code") }), want: bridge.CodeAnswerMalformed},
		"code empty":          {answer: query(func(v url.Values) { v.Set("code", "") }), want: bridge.CodeAnswerMalformed},
		"code twice":          {answer: query(func(v url.Values) { v.Add("code", "code-2") }), want: bridge.CodeAnswerMalformed},
		"code huge":           {answer: query(func(v url.Values) { v.Set("code", strings.Repeat("x", 9000)) }), want: bridge.CodeAnswerMalformed},
		"code and error":      {answer: query(func(v url.Values) { v.Set("error", "access_denied") }), want: bridge.CodeAnswerMalformed},
		"ID token in URL":     {answer: query(func(v url.Values) { v.Set("id_token", "a.b.c") }), want: bridge.CodeAnswerMalformed},
		"access token in URL": {answer: query(func(v url.Values) { v.Set("access_token", "x") }), want: bridge.CodeAnswerMalformed},
		"JARM":                {answer: query(func(v url.Values) { v.Set("response", "a.b.c") }), want: bridge.CodeAnswerMalformed},
		"any other twice":     {answer: query(func(v url.Values) { v["scope"] = []string{"a", "b"} }), want: bridge.CodeAnswerMalformed},

		"iss of another":       {answer: query(func(v url.Values) { v.Set("iss", "https://evil.example") }), want: bridge.CodeAnswerRejected},
		"iss with a slash":     {answer: query(func(v url.Values) { v.Set("iss", issuer+"/") }), want: bridge.CodeAnswerRejected},
		"iss empty":            {answer: query(func(v url.Values) { v.Set("iss", "") }), want: bridge.CodeAnswerRejected},
		"iss twice":            {answer: query(func(v url.Values) { v["iss"] = []string{issuer, issuer} }), want: bridge.CodeAnswerMalformed},
		"iss announced, gone":  {discovery: announced, answer: query(func(url.Values) {}), want: bridge.CodeAnswerRejected},
		"iss announced, error": {discovery: announced, answer: query(func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }), want: bridge.CodeAnswerRejected},

		"access_denied": {answer: providerSays("access_denied"), want: bridge.CodeProviderRefused},
		"login_required": {
			login: func(l *idp.Login) { l.Silent = true }, answer: providerSays("login_required"), want: bridge.CodeProviderRefused,
		},
		"unknown error":           {answer: providerSays("<script>"), want: bridge.CodeProviderRefused},
		"empty error":             {answer: providerSays(""), want: bridge.CodeProviderRefused},
		"server_error":            {answer: providerSays("server_error"), want: bridge.CodeProviderDown},
		"temporarily_unavailable": {answer: providerSays("temporarily_unavailable"), want: bridge.CodeProviderDown},
		"unauthorized_client":     {answer: providerSays("unauthorized_client"), want: bridge.CodeProviderConfig},
		"invalid_scope":           {answer: providerSays("invalid_scope"), want: bridge.CodeProviderConfig},
		"error with foreign state": {answer: query(func(v url.Values) {
			v.Del("code")
			v.Set("error", "access_denied")
			v.Set("state", "x")
		}), want: bridge.CodeLoginStale},

		"POST in query mode": {answer: func(s *scene) idp.Answer {
			return idp.Answer{Method: "POST", Query: url.Values{}, Form: s.good().Query}
		}, want: bridge.CodeAnswerMalformed},
		"HEAD": {answer: func(s *scene) idp.Answer { a := s.good(); a.Method = "HEAD"; return a }, want: bridge.CodeAnswerMalformed},
		"GET in form_post mode": {config: formPost, answer: func(s *scene) idp.Answer {
			return idp.Answer{Method: "GET", Query: s.good().Form}
		}, want: bridge.CodeAnswerMalformed},
		"form_post with code in the URL too": {config: formPost, answer: func(s *scene) idp.Answer {
			a := s.good()
			a.Query = url.Values{"code": {"other"}}
			return a
		}, want: bridge.CodeAnswerMalformed},

		"login of another provider": {login: func(l *idp.Login) { l.Provider = "other" }, answer: query(func(url.Values) {}), want: bridge.CodeAnswerRejected},
		"login too old":             {login: func(l *idp.Login) { l.Expires = l.Began }, answer: query(func(url.Values) {}), want: bridge.CodeLoginStale},
		"empty login": {login: func(l *idp.Login) { *l = idp.Login{Provider: "corp", Expires: l.Expires} },
			answer: query(func(v url.Values) { v.Del("state") }), want: bridge.CodeAnswerRejected},
		"login without nonce": {login: func(l *idp.Login) { l.Nonce = "" }, answer: query(func(url.Values) {}), want: bridge.CodeAnswerRejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			s.idp.discovery = test.discovery
			if test.login != nil {
				test.login(&s.login)
			}
			s.idp.idToken = s.mint(s.claims())
			id, proof, err := s.provider.Finish(t.Context(), s.login, test.answer(s))
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCode(t, test.want, id, proof, err)
			if n := s.idp.count("/token"); n != 0 {
				t.Error("the code was sent to the provider all the same")
			}
		})
	}
}

func providerSays(code string) func(*scene) idp.Answer {
	return func(s *scene) idp.Answer {
		return idp.Answer{Method: "GET", Query: url.Values{
			"error": {code}, "error_description": {canary}, "state": {s.login.State},
		}}
	}
}
