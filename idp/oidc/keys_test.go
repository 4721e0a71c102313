package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// signIn makes a fresh login and ends it with a token that the given key signed.
func (s *scene) signIn(k *signer) error {
	s.newLogin()
	header := `{"alg":"RS256","kid":"` + k.kid + `"}`
	if k.kid == "" {
		header = `{"alg":"RS256"}`
	}
	_, _, err := s.finish(sign("RS256", k.private, header, string(must(json.Marshal(s.claims())))))
	return err
}

// TestKeyFlood: threat O5. Ten thousand forged tokens in ten seconds make us ask for the keys twice at most, and people
// sign in all the same.
func TestKeyFlood(t *testing.T) {
	forge := map[string]func(i int) *signer{
		"unknown kids":  func(i int) *signer { return newSigner(fmt.Sprintf("k-%d", i), nil) },
		"one kid":       func(int) *signer { return newSigner("evil", nil) },
		"bad signature": func(int) *signer { return newSigner("k1", nil) },
		"no kid":        func(int) *signer { return newSigner("", nil) },
	}
	for name, signerOf := range forge {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			// One forged signature serves for all: what counts is that no key verifies it.
			signature := strings.Split(s.mint(s.claims()), ".")[2]
			const n = 10_000
			for i := range n {
				s.newLogin()
				header := `{"alg":"RS256","kid":"` + signerOf(i).kid + `"}`
				if signerOf(i).kid == "" {
					header = `{"alg":"RS256"}`
				}
				id, proof, err := s.finish(b64(header) + "." + b64(`{"sub":"root"}`) + "." + signature)
				wantCode(t, rejected, id, proof, err)
				s.clock.advance(10 * time.Second / n)
				if i%1000 == 0 {
					if err := s.signIn(s.idp.keys[0]); err != nil {
						t.Fatalf("a genuine sign-in was refused: %v", err)
					}
				}
			}
			if got := s.idp.count("/jwks"); got > 2 {
				t.Errorf("%d fetches", got)
			}
		})
	}
}

// TestKeyRotation: threat O7. A new key is let in at once, a removed one is dead within fifteen minutes.
func TestKeyRotation(t *testing.T) {
	s := newScene(t, nil)
	old := s.idp.keys[0]
	if err := s.signIn(old); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(5 * time.Second)
	fresh := newSigner("k2", rsaKey2())
	s.idp.set(func() { s.idp.keys = []*signer{fresh} })
	// Twenty people at once, whose tokens are all signed by the new key: none is refused.
	var group sync.WaitGroup
	for range 20 {
		s.newLogin()
		login, response := s.login, s.good()
		s.idp.set(func() { s.idp.tokens[login.Verifier] = s.mintWith(fresh) })
		group.Go(func() {
			if _, _, err := s.provider.Finish(t.Context(), login, response); err != nil {
				t.Errorf("refused during a rotation: %v", err)
			}
		})
	}
	group.Wait()
	s.newLogin()
	if err := s.signIn(fresh); err != nil {
		t.Fatalf("the new key is refused: %v", err)
	}
	if got := s.idp.count("/jwks"); got != 2 {
		t.Errorf("%d fetches; want one at first, one for the new key", got)
	}
	if err := s.signIn(old); bridge.CodeOf(err) != rejected {
		t.Errorf("the removed key still works: %v", err)
	}
}

func (s *scene) mintWith(k *signer) string {
	return sign("RS256", k.private, `{"alg":"RS256","kid":"`+k.kid+`"}`, string(must(json.Marshal(s.claims()))))
}

// TestRemovedKeyDies: also when nothing asks for an unknown kid.
func TestRemovedKeyDies(t *testing.T) {
	s := newScene(t, nil)
	stolen := s.idp.keys[0]
	other := newSigner("k2", rsaKey2())
	s.idp.set(func() { s.idp.keys = []*signer{stolen, other} })
	if err := s.signIn(stolen); err != nil {
		t.Fatal(err)
	}
	s.idp.set(func() { s.idp.keys = []*signer{other} })
	s.clock.advance(15 * time.Minute)
	if err := s.signIn(stolen); bridge.CodeOf(err) != rejected {
		t.Errorf("the removed key still works after 15 minutes: %v", err)
	}
	if err := s.signIn(other); err != nil {
		t.Errorf("the remaining key is refused: %v", err)
	}
}

// TestKeyReplacedUnderItsKid: some providers call every key by the same name, or by none.
func TestKeyReplacedUnderItsKid(t *testing.T) {
	for _, kid := range []string{"k1", ""} {
		t.Run("kid "+kid, func(t *testing.T) {
			s := newScene(t, nil)
			s.idp.keys = []*signer{newSigner(kid, rsaKey())}
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Fatal(err)
			}
			fresh := newSigner(kid, rsaKey2())
			s.idp.set(func() { s.idp.keys = []*signer{fresh} })
			if err := s.signIn(fresh); err != nil {
				t.Fatalf("the new key is refused: %v", err)
			}
		})
	}
}

// TestKeysWhileTheProviderIsDown: threat O6. Cached keys serve, for 24 hours and no longer.
func TestKeysWhileTheProviderIsDown(t *testing.T) {
	faults := map[string]answer{
		"500":       {status: 500, body: canary},
		"429":       {status: 429},
		"404":       {status: 404, body: canary},
		"redirect":  {status: 302, header: http.Header{"Location": {"https://idp.example/elsewhere"}}},
		"garbage":   {status: 200, body: "<html>" + canary},
		"empty":     {status: 200, body: ""},
		"no keys":   {status: 200, body: `{"keys":[]}`},
		"huge":      {status: 200, body: `{"keys":[` + strings.Repeat(" ", 300<<10) + `]}`},
		"101 keys":  {status: 200, body: `{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`},
		"cut":       {err: errors.New("unexpected EOF")},
		"weak only": {status: 200, body: `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"k1","alg":"HS256"}]}`},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			fail := func() { s.idp.set(func() { s.idp.fault["/jwks"] = func() answer { return fault } }) }
			mend := func() { s.idp.set(func() { delete(s.idp.fault, "/jwks") }) }
			fail()
			if err := s.signIn(s.idp.keys[0]); bridge.CodeOf(err) != bridge.CodeProviderDown {
				t.Fatalf("without any keys: %v", err)
			}
			s.clock.advance(time.Minute)
			mend()
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Fatalf("mended: %v", err)
			}
			fail()
			for range 23 {
				s.clock.advance(time.Hour)
				if err := s.signIn(s.idp.keys[0]); err != nil {
					t.Fatalf("with cached keys: %v", err)
				}
			}
			s.clock.advance(time.Hour)
			if err := s.signIn(s.idp.keys[0]); bridge.CodeOf(err) != bridge.CodeProviderDown {
				t.Fatalf("with keys of yesterday: %v", err)
			}
			if s.idp.count("/elsewhere") != 0 {
				t.Error("a redirect was followed")
			}
			status := s.provider.(idp.Refresher).Status()
			if status.Ready || status.Problem == "" {
				t.Errorf("status %+v", status)
			}
		})
	}
}

// TestUnknownKidWhileDown: a key that can't be looked up is an outage, not a forgery.
func TestUnknownKidWhileDown(t *testing.T) {
	s := newScene(t, nil)
	if err := s.signIn(s.idp.keys[0]); err != nil {
		t.Fatal(err)
	}
	s.idp.set(func() { s.idp.fault["/jwks"] = func() answer { return answer{status: 503} } })
	if err := s.signIn(newSigner("k2", rsaKey2())); bridge.CodeOf(err) != bridge.CodeProviderDown {
		t.Errorf("%v", err)
	}
}

// TestKeySetsFullOfBadKeys: threat O4. Each is passed over; the good key beside them works.
func TestKeySetsFullOfBadKeys(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	edit := func(s *signer, change func(map[string]any)) any {
		k := s.jwk()
		change(k)
		return k
	}
	bad := map[string]any{
		"RSA of 1024 bits": map[string]any{"kty": "RSA", "kid": "bad", "e": "AQAB", "n": jwkField(weak.Public(), "n")},
		"RSA of 16384 bits": map[string]any{"kty": "RSA", "kid": "bad", "e": "AQAB",
			"n": b64("\xff" + strings.Repeat("\xff", 2047))},
		"even exponent": edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["e"] = "BA" }),
		"exponent 1":    edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["e"] = "AQ" }),
		"symmetric":     map[string]any{"kty": "oct", "kid": "bad", "k": b64("secret")},
		"for encryption": edit(newSigner("bad", rsaKey()), func(k map[string]any) {
			k["use"] = "enc"
		}),
		"key_ops encrypt":      edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["key_ops"] = []string{"encrypt"} }),
		"alg RSA-OAEP":         edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["alg"] = "RSA-OAEP" }),
		"alg HS256":            edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["alg"] = "HS256" }),
		"alg of another":       edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["alg"] = "ES256" }),
		"alg of another curve": edit(newSigner("bad", p256()), func(k map[string]any) { k["alg"] = "ES384" }),
		"private":              edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["d"] = "AQAB" }),
		"kid too long":         edit(newSigner(strings.Repeat("k", 300), rsaKey()), func(map[string]any) {}),
		"kid a number":         edit(newSigner("bad", rsaKey()), func(k map[string]any) { k["kid"] = 1 }),
		"no kty":               edit(newSigner("bad", rsaKey()), func(k map[string]any) { delete(k, "kty") }),
		"unknown kty":          map[string]any{"kty": "AKP", "kid": "bad", "alg": "ML-DSA-44", "pub": "AAAA"},
		"unknown curve":        edit(newSigner("bad", p256()), func(k map[string]any) { k["crv"] = "secp256k1" }),
		"point off curve":      edit(newSigner("bad", p256()), func(k map[string]any) { k["x"] = k["y"] }),
		"X25519":               map[string]any{"kty": "OKP", "crv": "X25519", "kid": "bad", "x": b64(strings.Repeat("x", 32))},
		"short Ed25519":        map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "bad", "x": "AAAA"},
		"not an object":        "bad",
		"null":                 nil,
		"an X.509 URL alone":   map[string]any{"kid": "bad", "x5u": "https://evil.example/cert"},
	}
	for name, key := range bad {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.Algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"} })
			s.idp.extraKeys = []any{key}
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Fatalf("the good key: %v", err)
			}
			if err := s.signIn(newSigner("bad", rsaKey())); bridge.CodeOf(err) != rejected {
				t.Errorf("the bad key: %v", err)
			}
			alone := newScene(t, nil)
			alone.idp.extraKeys, alone.idp.keys = []any{key}, nil
			if err := alone.signIn(newSigner("bad", rsaKey())); bridge.CodeOf(err) != bridge.CodeProviderDown {
				t.Errorf("nothing but the bad key: %v", err)
			}
			for path := range s.idp.fetches {
				if strings.Contains(path, "cert") {
					t.Errorf("%s was asked for", path)
				}
			}
		})
	}
}

func jwkField(public any, name string) any {
	var k map[string]any
	json.Unmarshal(must(json.Marshal(jose.JSONWebKey{Key: public})), &k)
	return k[name]
}

// TestManyKeysWithoutKid: at most eight keys are tried for one token, and a second key without a kid works.
func TestManyKeysWithoutKid(t *testing.T) {
	s := newScene(t, nil)
	s.idp.keys = []*signer{newSigner("", rsaKey2()), newSigner("", rsaKey())}
	if err := s.signIn(s.idp.keys[1]); err != nil {
		t.Fatal(err)
	}
	many := newScene(t, nil)
	many.idp.keys = nil
	for range 8 {
		many.idp.keys = append(many.idp.keys, newSigner("", rsaKey2()))
	}
	many.idp.keys = append(many.idp.keys, newSigner("", rsaKey()))
	if err := many.signIn(many.idp.keys[8]); bridge.CodeOf(err) != rejected {
		t.Errorf("the ninth key was tried: %v", err)
	}
}

// TestKeysAreAudited: new keys and vanished ones are written down before the new ones are used.
func TestKeysAreAudited(t *testing.T) {
	s := newScene(t, nil)
	if err := s.signIn(s.idp.keys[0]); err != nil {
		t.Fatal(err)
	}
	s.idp.set(func() { s.idp.keys = []*signer{newSigner("k2", rsaKey2())} })
	if err := s.signIn(s.idp.keys[0]); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.memory.events {
		if e.Kind != bridge.AuditTrust || e.Provider != "corp" || e.Issuer != issuer || len(e.KeyFingerprint) != 64 || e.ID == "" {
			t.Errorf("event %+v", e)
		}
		got = append(got, e.Detail)
	}
	want := `signing key "k1" fetched at start|signing key "k2" seen for the first time|signing key "k1" no longer published`
	if strings.Join(got, "|") != want {
		t.Errorf("audited %q", got)
	}
}

// TestKeysNeedTheAuditLog: what can't be written down isn't trusted.
func TestKeysNeedTheAuditLog(t *testing.T) {
	s := newScene(t, nil)
	s.memory.noLog = errors.New("disk full")
	if err := s.signIn(s.idp.keys[0]); bridge.CodeOf(err) != bridge.CodeAuditDown {
		t.Errorf("%v", err)
	}
}

// TestRefresh: Refresh asks for what is due and nothing else; Status tells the rest.
func TestRefresh(t *testing.T) {
	s := newScene(t, nil)
	r := s.provider.(idp.Refresher)
	if st := r.Status(); st.Ready || !st.Fetched.IsZero() || st.Problem == "" {
		t.Errorf("before the first fetch: %+v", st)
	}
	counts := func(discovery, jwks int) {
		t.Helper()
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d, j := s.idp.count("/.well-known/openid-configuration"), s.idp.count("/jwks"); d != discovery || j != jwks {
			t.Errorf("%d and %d fetches; want %d and %d", d, j, discovery, jwks)
		}
	}
	counts(1, 1)
	if st := r.Status(); !st.Ready || !st.Fetched.Equal(s.clock.now()) || st.Problem != "" {
		t.Errorf("after it: %+v", st)
	}
	s.clock.advance(9 * time.Minute)
	counts(1, 1)
	s.clock.advance(time.Minute)
	counts(1, 2)
	s.clock.advance(time.Hour)
	counts(2, 3)
	s.idp.set(func() { s.idp.fault["/jwks"] = func() answer { return answer{status: 500} } })
	s.clock.advance(time.Hour)
	if err := r.Refresh(t.Context()); bridge.CodeOf(err) != bridge.CodeProviderDown {
		t.Errorf("down: %v", err)
	}
	if st := r.Status(); !st.Ready || st.Problem == "" {
		t.Errorf("down, with good keys at hand: %+v", st)
	}
}
