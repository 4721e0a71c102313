package oidc_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// FuzzFinish: whatever comes back through the browser and from the token endpoint ends in an error, or in an identity that
// was signed for this very login.
func FuzzFinish(f *testing.F) {
	f.Setenv("OIDC_TEST_SECRET", "s3cret")
	s := &scene{
		idp: &stub{
			keys:    []*signer{newSigner("k1", rsaKey()), newSigner("k2", p256()), newSigner("", ed25519Key())},
			fetches: map[string]int{}, fault: map[string]func() answer{}, tokens: map[string]string{},
		},
		// The same in all the fuzzer's processes: one makes the seeds, others hold them against what they signed themselves.
		clock: &clock{at: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}, memory: &memory{used: map[string]time.Time{}},
		config: oidc.Config{
			Common: idp.Common{Name: "corp", Kind: idp.KindOIDC}, Issuer: issuer, ClientID: clientID,
			ClientSecret: "env:OIDC_TEST_SECRET", Algorithms: []string{"RS256", "ES256", "EdDSA"},
		},
	}
	p, err := s.config.Open(idp.Deps{BaseURL: "https://bridge.example.com", Replay: s.memory, Now: s.clock.now, Transport: s.idp})
	if err != nil {
		f.Fatal(err)
	}
	s.provider = p
	s.login = idp.NewLogin("corp", "/", s.clock.now())
	// The fuzzer keeps its inputs, so the login's secrets are the same in every run.
	s.login.State, s.login.Nonce = strings.Repeat("s", 43), strings.Repeat("n", 43)

	// Signed for this login, for another login, for another audience, and expired: only the first may come in.
	good := s.claims()
	payload := string(must(json.Marshal(good)))
	ours := map[string]bool{}
	for _, k := range []struct {
		alg    string
		signer *signer
	}{{"RS256", s.idp.keys[0]}, {"ES256", s.idp.keys[1]}, {"EdDSA", s.idp.keys[2]}} {
		header := `{"alg":"` + k.alg + `","kid":"` + k.signer.kid + `"}`
		if k.signer.kid == "" {
			header = `{"alg":"` + k.alg + `"}`
		}
		token := sign(k.alg, k.signer.private, header, payload)
		ours[token[:strings.LastIndexByte(token, '.')]] = true
		f.Add("GET", "code=code-1&state="+s.login.State, token)
	}
	for _, change := range []func(map[string]any){
		func(c map[string]any) { c["nonce"] = "other" }, func(c map[string]any) { c["aud"] = "other" },
		func(c map[string]any) { c["exp"] = 1 }, func(c map[string]any) { c["sub"] = nil },
		func(c map[string]any) { c["iss"] = "https://evil.example" }, func(c map[string]any) { c["events"] = true },
	} {
		c := s.claims()
		change(c)
		f.Add("GET", "code=code-1&state="+s.login.State+"&iss="+url.QueryEscape(issuer), s.mint(c))
	}
	f.Add("POST", "code=a&code=b&state=x", "a.b.c")
	f.Add("GET", "error=access_denied&state="+s.login.State, "")
	f.Fuzz(func(t *testing.T, method, query, token string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s.idp.set(func() { s.idp.idToken = token })
		clear(s.memory.used)
		s.clock.advance(time.Millisecond) // lets no cache hide anything for ever, and ages nothing
		if s.clock.now().Sub(s.login.Began) > time.Minute {
			s.clock.advance(-time.Minute)
		}
		id, proof, err := s.provider.Finish(t.Context(), s.login, idp.Answer{Method: method, Query: values})
		if err != nil {
			if id.Subject != "" || !proof.Raw.IsZero() {
				t.Fatal("an error, and yet an identity")
			}
			return
		}
		raw := proof.Raw.Reveal()
		if raw != token || !ours[raw[:strings.LastIndexByte(raw, '.')]] {
			t.Fatalf("accepted what nobody signed for this login: %q", token)
		}
		if method != "GET" || values.Get("state") != s.login.State || len(values["code"]) != 1 || values.Has("error") {
			t.Fatalf("accepted by %s %q", method, query)
		}
		if id.Subject != good["sub"] || id.Email != good["email"] || id.Issuer != issuer {
			t.Fatalf("read %+v", id)
		}
	})
}
