package oidc_test

import (
	"encoding/json"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestAttackMixUp: sign-ins at two providers, whose answers change places. Neither takes the other's state, login, iss or
// token, and no code goes to the provider that it isn't of (threat O10).
func TestAttackMixUp(t *testing.T) {
	const evil = "https://evil.example"
	honest := newScene(t, nil)
	other := newScene(t, func(c *oidc.Config) { c.Name, c.Issuer = "evil", evil })
	other.idp.keys = []*signer{newSigner("k1", rsaKey2())}
	theirs := idp.NewLogin("evil", "/", other.clock.now())
	for name, c := range map[string]struct {
		at    *scene
		login idp.Login
		query url.Values
		want  bridge.Code
	}{
		"the other's login":              {honest, theirs, url.Values{"state": {theirs.State}}, rejected},
		"the other's login, renamed":     {honest, renamed(theirs, "corp"), url.Values{"state": {honest.login.State}}, bridge.CodeLoginStale},
		"the other's state":              {honest, honest.login, url.Values{"state": {theirs.State}}, bridge.CodeLoginStale},
		"the other's iss":                {honest, honest.login, url.Values{"state": {honest.login.State}, "iss": {evil}}, rejected},
		"ours at the other":              {other, honest.login, url.Values{"state": {honest.login.State}}, rejected},
		"our iss at the other":           {other, theirs, url.Values{"state": {theirs.State}, "iss": {issuer}}, rejected},
		"iss by another spelling":        {honest, honest.login, url.Values{"state": {honest.login.State}, "iss": {"https://IDP.example"}}, rejected},
		"iss percent-encoded":            {honest, honest.login, url.Values{"state": {honest.login.State}, "iss": {"https%3A%2F%2Fidp.example"}}, rejected},
		"iss with a port":                {honest, honest.login, url.Values{"state": {honest.login.State}, "iss": {issuer + ":443"}}, rejected},
		"iss twice, alike":               {honest, honest.login, url.Values{"state": {honest.login.State}, "iss": {issuer, issuer}}, malformed},
		"another name for the parameter": {honest, honest.login, url.Values{"State": {honest.login.State}}, bridge.CodeLoginStale},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Set("code", "code-1")
			id, proof, err := c.at.provider.Finish(t.Context(), c.login, idp.Answer{Method: "GET", Query: c.query})
			wantCode(t, c.want, id, proof, err)
			if n := honest.idp.count("/token") + other.idp.count("/token"); n != 0 {
				t.Error("a code was sent somewhere")
			}
		})
	}
	// A token of one, by whatever way it reached the token endpoint of the other.
	id, proof, err := other.finish(honest.mint(honest.claims()))
	wantCode(t, rejected, id, proof, err)
	stolen := other.claims()
	stolen["iss"] = evil
	id, proof, err = other.finish(honest.mint(stolen)) // the honest key under the other's name
	wantCode(t, rejected, id, proof, err)
}

func renamed(login idp.Login, provider string) idp.Login {
	login.Provider = provider
	return login
}

// TestAttackInjection: a code that was stolen from somebody else's sign-in is redeemed in the thief's own. The provider
// looks at the verifier, or, where it doesn't, the token names another nonce (threats O13, O14).
func TestAttackInjection(t *testing.T) {
	s := newScene(t, nil)
	victim := s.login
	victims := s.mint(s.claims())
	s.newLogin()
	s.idp.set(func() { s.idp.tokens[victim.Verifier] = victims })
	s.idp.idToken = victims // a provider that ignores PKCE gives the victim's token to anybody
	id, proof, err := s.provider.Finish(t.Context(), s.login, s.good())
	wantCode(t, rejected, id, proof, err)
	if got := s.idp.exchanged[0].Get("code_verifier"); got != s.login.Verifier || got == victim.Verifier {
		t.Error("the verifier isn't the one of this login")
	}
	// A token without the nonce, or with both.
	for _, nonce := range []any{nil, []string{victim.Nonce, s.login.Nonce}, s.login.Nonce + " ", strings.ToLower(s.login.Nonce), s.login.State, s.login.Verifier, s.login.Nonce[:42]} {
		s.newLogin()
		claims := s.claims()
		claims["nonce"] = nonce
		id, proof, err := s.finish(s.mint(claims))
		wantCode(t, rejected, id, proof, err)
	}
	// PKCE is never left out, nor plain, whatever the provider announces.
	for _, announced := range []any{nil, []string{}, []string{"plain"}, []string{"S256", "plain"}} {
		s := newScene(t, nil)
		s.idp.discovery = func(d map[string]any) { d["code_challenge_methods_supported"] = announced }
		challenge, err := s.provider.Begin(t.Context(), s.login)
		if err != nil {
			t.Fatal(err)
		}
		query := must(url.Parse(challenge.URL)).Query()
		if query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43 || strings.Contains(challenge.URL, s.login.Verifier) {
			t.Errorf("announced %v: %s", announced, challenge.URL)
		}
	}
}

// TestAttackParameters: the answer says one thing twice, in two places, or more than it should (threat O15).
func TestAttackParameters(t *testing.T) {
	formPost := func(c *oidc.Config) { c.ResponseMode = oidc.ModeFormPost }
	for _, name := range []string{"code", "state", "iss", "error", "error_description", "session_state", "scope", "x"} {
		for _, config := range []func(*oidc.Config){nil, formPost} {
			s := newScene(t, config)
			a := s.good()
			values := a.Query
			if a.Form != nil {
				values = a.Form
			}
			values[name] = append(slices.Clone(values[name]), "a", values.Get(name))
			id, proof, err := s.provider.Finish(t.Context(), s.login, a)
			t.Log(name)
			wantCode(t, malformed, id, proof, err)
		}
	}
	for _, name := range []string{"code", "state", "iss", "error", "id_token", "access_token", "response"} {
		for _, config := range []func(*oidc.Config){nil, formPost} {
			s := newScene(t, config)
			a := s.good()
			if a.Form != nil {
				a.Query = url.Values{name: {"x"}}
			} else {
				a.Form = url.Values{name: {"x"}}
			}
			id, proof, err := s.provider.Finish(t.Context(), s.login, a)
			t.Log(name)
			wantCode(t, malformed, id, proof, err)
			if s.idp.count("/token") != 0 {
				t.Error("the code was sent")
			}
		}
	}
}

// TestAttackParallel: a hundred at once with one answer, and with the same token in a hundred sign-ins: one is let in
// (threats O12, X1).
func TestAttackParallel(t *testing.T) {
	s := newScene(t, nil)
	s.idp.idToken = s.mint(s.claims())
	if _, err := s.provider.Begin(t.Context(), s.login); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	var won atomic.Int32
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if _, _, err := s.provider.Finish(t.Context(), s.login, s.good()); err == nil {
				won.Add(1)
			} else if bridge.CodeOf(err) != rejected {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d were let in", won.Load())
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// TestAttackClaimEdges: claims at the edges that TestHostileClaims leaves out (threats O16, O18, O19, O24, O25).
func TestAttackClaimEdges(t *testing.T) {
	at := func(d time.Duration) func(*scene) any {
		return func(s *scene) any { return s.clock.now().Add(d).Unix() }
	}
	just := func(v any) func(*scene) any { return func(*scene) any { return v } }
	fresh := func(s *scene) { s.login.Fresh = true }
	for name, c := range map[string]struct {
		config func(*oidc.Config)
		login  func(*scene)
		claims map[string]func(*scene) any
		want   bridge.Code
	}{
		"exp 2 minutes ago":            {claims: map[string]func(*scene) any{"exp": at(-2 * time.Minute), "iat": at(-5 * time.Minute)}},
		"exp 3 minutes ago":            {claims: map[string]func(*scene) any{"exp": at(-3 * time.Minute), "iat": at(-5 * time.Minute)}, want: bridge.CodeClock},
		"iat in 2 minutes":             {claims: map[string]func(*scene) any{"iat": at(2 * time.Minute)}},
		"iat in 3 minutes":             {claims: map[string]func(*scene) any{"iat": at(3 * time.Minute)}, want: bridge.CodeClock},
		"nbf in 2 minutes":             {claims: map[string]func(*scene) any{"nbf": at(2 * time.Minute)}},
		"nbf in 3 minutes":             {claims: map[string]func(*scene) any{"nbf": at(3 * time.Minute)}, want: bridge.CodeClock},
		"nbf at exp":                   {claims: map[string]func(*scene) any{"nbf": at(time.Minute), "exp": at(time.Minute)}, want: bridge.CodeClock},
		"exp at iat":                   {claims: map[string]func(*scene) any{"iat": at(0), "exp": at(0)}, want: bridge.CodeClock},
		"a life of 24 hours":           {claims: map[string]func(*scene) any{"exp": at(24 * time.Hour)}},
		"a second more":                {claims: map[string]func(*scene) any{"exp": at(24*time.Hour + time.Second)}, want: bridge.CodeClock},
		"exp beyond the calendar":      {claims: map[string]func(*scene) any{"exp": just(json.RawMessage("253402300800"))}, want: bridge.CodeClaim},
		"exp of 400 digits":            {claims: map[string]func(*scene) any{"exp": just(json.RawMessage("1" + strings.Repeat("0", 400)))}, want: bridge.CodeClaim},
		"exp with a fraction":          {claims: map[string]func(*scene) any{"exp": func(s *scene) any { return float64(s.clock.now().Unix()) + 60.5 }}},
		"auth_time in 3 minutes":       {claims: map[string]func(*scene) any{"auth_time": at(3 * time.Minute)}, want: bridge.CodeClock},
		"fresh, and shown so":          {login: fresh, claims: map[string]func(*scene) any{"auth_time": at(0)}},
		"fresh, and not shown":         {login: fresh},
		"fresh, by a minute":           {login: fresh, claims: map[string]func(*scene) any{"auth_time": at(-time.Minute)}},
		"fresh, 3 minutes ago":         {login: fresh, claims: map[string]func(*scene) any{"auth_time": at(-3 * time.Minute)}, want: bridge.CodeClaim},
		"fresh and max_age":            {config: func(c *oidc.Config) { c.MaxAge = time.Minute }, login: fresh, claims: map[string]func(*scene) any{"auth_time": at(0)}},
		"acr a list":                   {config: func(c *oidc.Config) { c.ACRValues = []string{"urn:mfa"} }, claims: map[string]func(*scene) any{"acr": just([]string{"urn:mfa"})}, want: bridge.CodeClaim},
		"acr in capitals":              {config: func(c *oidc.Config) { c.ACRValues = []string{"urn:mfa"} }, claims: map[string]func(*scene) any{"acr": just("URN:MFA")}, want: bridge.CodeClaim},
		"aud ours twice":               {claims: map[string]func(*scene) any{"aud": just([]string{clientID, clientID})}},
		"aud ours in a list of lists":  {claims: map[string]func(*scene) any{"aud": just([]any{[]string{clientID}})}, want: bridge.CodeClaim},
		"aud two in one text":          {claims: map[string]func(*scene) any{"aud": just(clientID + " other")}, want: bridge.CodeAudience},
		"aud padded":                   {claims: map[string]func(*scene) any{"aud": just(" " + clientID)}, want: bridge.CodeAudience},
		"aud a star":                   {claims: map[string]func(*scene) any{"aud": just("*")}, want: bridge.CodeAudience},
		"azp null":                     {claims: map[string]func(*scene) any{"azp": just(nil)}},
		"azp in capitals":              {claims: map[string]func(*scene) any{"azp": just("FEDBRIDGE")}, want: bridge.CodeAudience},
		"azp configured, aud isn't":    {config: func(c *oidc.Config) { c.AuthorizedParties = []string{"app"} }, claims: map[string]func(*scene) any{"azp": just("app"), "aud": just("app")}, want: bridge.CodeAudience},
		"at_hash ours":                 {claims: map[string]func(*scene) any{"at_hash": just(halfHash("access"))}},
		"at_hash whole":                {claims: map[string]func(*scene) any{"at_hash": just(halfHash("access") + halfHash("access"))}, want: rejected},
		"at_hash empty":                {claims: map[string]func(*scene) any{"at_hash": just("")}, want: rejected},
		"at_hash padded":               {claims: map[string]func(*scene) any{"at_hash": just(halfHash("access") + "==")}, want: rejected},
		"at_hash a list":               {claims: map[string]func(*scene) any{"at_hash": just([]string{halfHash("access")})}, want: rejected},
		"c_hash of the access token":   {claims: map[string]func(*scene) any{"c_hash": just(halfHash("access"))}, want: rejected},
		"sub of 255":                   {claims: map[string]func(*scene) any{"sub": just(strings.Repeat("s", 255))}},
		"sub with a delete":            {claims: map[string]func(*scene) any{"sub": just("a\u007fb")}, want: bridge.CodeClaim},
		"sub with C1":                  {claims: map[string]func(*scene) any{"sub": just("a\u0085b")}, want: bridge.CodeClaim},
		"sub a line separator":         {claims: map[string]func(*scene) any{"sub": just("a\u2028b")}, want: bridge.CodeClaim},
		"sub of private use":           {claims: map[string]func(*scene) any{"sub": just("a\ue000b")}, want: bridge.CodeClaim},
		"email of 321 bytes":           {claims: map[string]func(*scene) any{"email": just(strings.Repeat("a", 309) + "@example.com")}, want: bridge.CodeClaim},
		"email from right to left":     {claims: map[string]func(*scene) any{"email": just("ada\u202e@example.com")}, want: bridge.CodeClaim},
		"the signature's own typ, odd": {claims: map[string]func(*scene) any{"typ": just("Logout")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, c.config)
			if c.login != nil {
				c.login(s)
			}
			claims := s.claims()
			for claim, value := range c.claims {
				claims[claim] = value(s)
			}
			id, proof, err := s.finish(s.mint(claims))
			if c.want == "" && err != nil {
				t.Fatal(err)
			} else if c.want != "" {
				wantCode(t, c.want, id, proof, err)
			}
			if c.login != nil && claims["auth_time"] == nil && !id.AuthTime.IsZero() {
				t.Errorf("presence proved at %s, which nobody said", id.AuthTime)
			}
		})
	}
}

// TestAttackEmails: an address counts when its provider verified it, and a flag that only looks so verifies nothing
// (threat O25).
func TestAttackEmails(t *testing.T) {
	for _, c := range []struct {
		flag    any
		trusted bool
		counts  bool
	}{
		{true, false, true}, {"true", false, true}, {false, false, false}, {"false", false, false}, {"True", false, false}, {1, false, false}, {"1", false, false},
		{"yes", false, false}, {[]bool{true}, false, false}, {map[string]any{"true": true}, false, false}, {nil, false, false}, {"", false, false},
		{false, true, false}, {"false", true, false}, {0, true, false}, {nil, true, true}, {true, true, true},
	} {
		s := newScene(t, func(cfg *oidc.Config) { cfg.EmailTrusted = c.trusted })
		claims := s.claims()
		claims["email_verified"] = c.flag
		id, _, err := s.finish(s.mint(claims))
		if err != nil || (id.Email != "") != c.counts {
			t.Errorf("email_verified %v, trusted %v: %v, email %q", c.flag, c.trusted, err, id.Email)
		}
		if id.Subject != "u-7f3c" || strings.Contains(id.PersonKey(), "@") {
			t.Errorf("who it is depends on the address: %q", id.PersonKey())
		}
	}
}
