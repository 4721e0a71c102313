package oidc_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestAttackKid: a kid is a text and names a key by every byte of it (threats O2, O3).
func TestAttackKid(t *testing.T) {
	for _, c := range []struct {
		published, header string
		want              bridge.Code
	}{
		{"1", `1`, rejected}, {"1", `"1"`, ""}, {"null", `null`, rejected}, {"true", `true`, rejected}, {"k1", `["k1"]`, rejected}, {"k1", `{"k1":1}`, rejected},
		{"k1", `"K1"`, rejected}, {"k1", `"k1 "`, rejected}, {"k1", `"\u006b1"`, ""}, {"k1", `"к1"`, rejected}, {"k1", `"k1\u200b"`, rejected}, {"k1", `"k1\u007f"`, rejected},
		{"../k1", `"../k1"`, ""}, {"k1", `"./k1"`, rejected}, {"k1", `"k1/../k1"`, rejected}, {"k1", `"*"`, rejected}, {"k1", `"k%31"`, rejected}, {"k1", `"https://evil.example/k1"`, rejected},
		{strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`, ""},
	} {
		s := newScene(t, nil)
		s.idp.keys = []*signer{newSigner(c.published, rsaKey())}
		id, proof, err := s.finish(sign("RS256", rsaKey(), `{"alg":"RS256","kid":`+c.header+`}`, string(must(json.Marshal(s.claims())))))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s for %s: %v", c.header, c.published, err)
			}
			continue
		}
		t.Log(c.published, c.header)
		wantCode(t, c.want, id, proof, err)
	}
}

// TestAttackKeySets: sets that must not be used as a whole, and keys in them that must not (threats O4, O6).
func TestAttackKeySets(t *testing.T) {
	with := func(name string, value any) []any {
		k := newSigner("k1", rsaKey()).jwk()
		k[name] = value
		return []any{k}
	}
	many := make([]any, 101)
	for i := range many {
		many[i] = newSigner(fmt.Sprint("k", i), rsaKey()).jwk()
	}
	for name, keys := range map[string][]any{
		"symmetric as well": with("k", "AAAA"), "p": with("p", "AQ"), "q": with("q", "AQ"), "dp": with("dp", "AQ"), "dq": with("dq", "AQ"), "qi": with("qi", "AQ"), "d": with("d", "AQ"),
		"oth of nothing": with("d", ""), "use enc": with("use", "enc"), "use SIG": with("use", "SIG"), "sign alone": with("key_ops", []string{"sign"}), "wrapKey": with("key_ops", []string{"wrapKey"}),
		"alg none": with("alg", "none"), "alg in lower case": with("alg", "rs256"), "an even modulus": with("n", evenModulus()), "e 3 million bits": with("e", strings.Repeat("A", 100_000)),
		"e 0": with("e", "AA"), "e 2": with("e", "Ag"), "e padded": with("e", "AQAB=="), "n empty": with("n", ""), "n a number": with("n", 1), "kty of another": with("kty", "EC"),
		"101 keys": many,
	} {
		s := newScene(t, nil)
		s.idp.keys, s.idp.extraKeys = nil, keys
		if err := s.signIn(newSigner("k1", rsaKey())); bridge.CodeOf(err) != bridge.CodeProviderDown {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, keys := range map[string][]any{
		"verify": with("key_ops", []string{"verify"}), "verify among others": with("key_ops", []string{"sign", "verify"}), "100 keys": many[:100],
		"x5u of a stranger": with("x5u", "https://evil.example/cert"), "x5c of a stranger": with("x5c", []string{"AAAA"}), "unknown members": with("ext", true),
	} {
		s := newScene(t, nil)
		s.idp.keys, s.idp.extraKeys = nil, keys
		if err := s.signIn(newSigner("k1", rsaKey())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Good keys under a bad status are an error page that happens to look good.
	for _, status := range []int{201, 203, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 418, 500} {
		s := newScene(t, nil)
		body := string(must(json.Marshal(map[string]any{"keys": []any{newSigner("k1", rsaKey()).jwk()}})))
		s.idp.fault["/jwks"] = func() answer {
			return answer{status: status, body: body, header: http.Header{"Location": {"https://idp.example/elsewhere"}}}
		}
		if err := s.signIn(newSigner("k1", rsaKey())); bridge.CodeOf(err) != bridge.CodeProviderDown || s.idp.count("/elsewhere") != 0 {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// evenModulus is a public modulus that no pair of primes has.
func evenModulus() string {
	n := new(big.Int).Set(rsaKey().N)
	return b64(string(n.SetBit(n, 0, 0).Bytes()))
}

// TestAttackSignatures: signatures of other lengths, forms and keys (threats O1, O22).
func TestAttackSignatures(t *testing.T) {
	algorithms := func(names ...string) func(*oidc.Config) { return func(c *oidc.Config) { c.Algorithms = names } }
	for _, c := range []struct {
		name   string
		key    *signer
		alg    string
		change func(raw []byte) []byte
	}{
		{"ES256 halved", newSigner("k1", p256()), "ES256", func(raw []byte) []byte { return raw[:32] }},
		{"ES256 longer", newSigner("k1", p256()), "ES256", func(raw []byte) []byte { return append(raw, 0) }},
		{"ES256 with zeros before", newSigner("k1", p256()), "ES256", func(raw []byte) []byte { return append([]byte{0}, raw...) }},
		{"ES256 zero", newSigner("k1", p256()), "ES256", func([]byte) []byte { return make([]byte, 64) }},
		{"ES256 of one byte", newSigner("k1", p256()), "ES256", func([]byte) []byte { return []byte{1} }},
		{"ES256 r alone zero", newSigner("k1", p256()), "ES256", func(raw []byte) []byte { return append(make([]byte, 32), raw[32:]...) }},
		{"ES256 s too large", newSigner("k1", p256()), "ES256", func(raw []byte) []byte {
			n := p256().Params().N
			return append(raw[:32:32], new(big.Int).Add(n, new(big.Int).SetBytes(raw[32:])).FillBytes(make([]byte, 33))...)
		}},
		{"ES384 by P-256", newSigner("k1", p256()), "ES384", func(raw []byte) []byte { return raw }},
		{"ES512 short", newSigner("k1", p521()), "ES512", func(raw []byte) []byte { return raw[1:] }},
		{"RS256 longer", newSigner("k1", rsaKey()), "RS256", func(raw []byte) []byte { return append([]byte{0}, raw...) }},
		{"RS256 plus n", newSigner("k1", rsaKey()), "RS256", func(raw []byte) []byte {
			return new(big.Int).Add(rsaKey().N, new(big.Int).SetBytes(raw)).Bytes()
		}},
		{"RS256 zero", newSigner("k1", rsaKey()), "RS256", func(raw []byte) []byte { return make([]byte, len(raw)) }},
		{"RS256 one", newSigner("k1", rsaKey()), "RS256", func(raw []byte) []byte { return new(big.Int).SetInt64(1).FillBytes(raw) }},
		{"PS256 changed", newSigner("k1", rsaKey()), "PS256", func(raw []byte) []byte { raw[9] ^= 1; return raw }},
		{"PS256 zero", newSigner("k1", rsaKey()), "PS256", func(raw []byte) []byte { return make([]byte, len(raw)) }},
		{"PS256 longer", newSigner("k1", rsaKey()), "PS256", func(raw []byte) []byte { return append([]byte{0}, raw...) }},
		{"PS256 of another", newSigner("k1", rsaKey()), "PS256", func([]byte) []byte { return rawSign("PS256", rsaKey2(), "x") }},
		{"PS512 changed", newSigner("k1", rsaKey()), "PS512", func(raw []byte) []byte { raw[9] ^= 1; return raw }},
		{"EdDSA changed", newSigner("k1", ed25519Key()), "EdDSA", func(raw []byte) []byte { raw[40] ^= 1; return raw }},
		{"ES256 changed", newSigner("k1", p256()), "ES256", func(raw []byte) []byte { raw[40] ^= 1; return raw }},
		{"ES384 changed", newSigner("k1", p384()), "ES384", func(raw []byte) []byte { raw[40] ^= 1; return raw }},
		{"RS512 changed", newSigner("k1", rsaKey()), "RS512", func(raw []byte) []byte { raw[40] ^= 1; return raw }},
		{"EdDSA halved", newSigner("k1", ed25519Key()), "EdDSA", func(raw []byte) []byte { return raw[:32] }},
		{"EdDSA zero", newSigner("k1", ed25519Key()), "EdDSA", func(raw []byte) []byte { return make([]byte, len(raw)) }},
		{"EdDSA longer", newSigner("k1", ed25519Key()), "EdDSA", func(raw []byte) []byte { return append(raw, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, algorithms("RS256", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"))
			s.idp.keys = []*signer{c.key}
			message := b64(`{"alg":"`+c.alg+`","kid":"k1"}`) + "." + b64(string(must(json.Marshal(s.claims()))))
			id, proof, err := s.finish(message + "." + b64(string(c.change(rawSign(c.alg, c.key.private, message)))))
			wantCode(t, rejected, id, proof, err)
		})
	}
}

// TestAttackOtherPadding: of the two paddings that an RSA key can sign with, a token names one, and PSS has one length of
// salt (RFC 7518 §3.5).
func TestAttackOtherPadding(t *testing.T) {
	for name, signature := range map[string]func(message string) []byte{
		"PKCS #1 under PS256": func(message string) []byte { return rawSign("RS256", rsaKey(), message) },
		"SHA-512 under PS256": func(message string) []byte { return rawSign("PS512", rsaKey(), message) },
		"a shorter salt":      func(message string) []byte { return pss(message, 1) },
		"a longer salt":       func(message string) []byte { return pss(message, 64) },
		"the right one":       func(message string) []byte { return pss(message, 32) },
	} {
		s := newScene(t, func(c *oidc.Config) { c.Algorithms = []string{"PS256", "RS256"} })
		message := b64(`{"alg":"PS256","kid":"k1"}`) + "." + b64(string(must(json.Marshal(s.claims()))))
		id, proof, err := s.finish(message + "." + b64(string(signature(message))))
		if name == "the right one" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		t.Log(name)
		wantCode(t, rejected, id, proof, err)
	}
}

func pss(message string, salt int) []byte {
	sum := sha256.Sum256([]byte(message))
	return must(rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt}))
}

// TestAttackRotation: keys are replaced while people sign in, and forgeries under both names go on all the while: nobody
// genuine is refused, nobody else let in, and the provider is asked as seldom as ever (threats O5, O7).
func TestAttackRotation(t *testing.T) {
	s := newScene(t, nil)
	old, fresh := s.idp.keys[0], newSigner("k2", rsaKey2())
	forge := func(kid string) {
		t.Helper()
		for i := range 200 {
			s.newLogin()
			key := rsaKey2() // the other's key under each name
			if kid == "k2" {
				key = rsaKey()
			}
			if kid == "" {
				kid = fmt.Sprint("k-", i)
			}
			id, proof, err := s.finish(sign("RS256", key, `{"alg":"RS256","kid":"`+kid+`"}`, string(must(json.Marshal(s.claims())))))
			wantCode(t, rejected, id, proof, err)
		}
	}
	if err := s.signIn(old); err != nil {
		t.Fatal(err)
	}
	forge("k1")
	s.clock.advance(time.Minute)
	s.idp.set(func() { s.idp.keys = []*signer{old, fresh} })
	if err := s.signIn(fresh); err != nil {
		t.Errorf("the new key, published beside the old: %v", err)
	}
	forge("k2")
	forge("")
	if err := s.signIn(old); err != nil {
		t.Errorf("the old key, still published: %v", err)
	}
	s.idp.set(func() { s.idp.keys = []*signer{fresh} })
	s.clock.advance(15 * time.Minute)
	if err := s.signIn(fresh); err != nil {
		t.Errorf("the new key, alone: %v", err)
	}
	if err := s.signIn(old); bridge.CodeOf(err) != rejected {
		t.Errorf("the old key, removed: %v", err)
	}
	if n := s.idp.count("/jwks"); n > 6 {
		t.Errorf("%d fetches", n)
	}
}

// TestAttackWaiting: every endpoint in turn never answers. Who has a deadline reads that the provider is down; who leaves
// isn't told that; nobody is let in (threat O6).
func TestAttackWaiting(t *testing.T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"} {
		for _, code := range []bridge.Code{bridge.CodeProviderDown, bridge.CodeClientGone} {
			t.Run(string(code)+" "+path, func(t *testing.T) {
				s := newScene(t, func(c *oidc.Config) { c.UserInfo = true })
				s.idp.userInfo, s.idp.idToken = `{"sub":"u-7f3c"}`, s.mint(s.claims())
				ctx, leave := context.WithCancel(t.Context())
				if code == bridge.CodeProviderDown {
					ctx, leave = context.WithTimeout(t.Context(), 20*time.Millisecond)
				}
				defer leave()
				s.idp.set(func() {
					s.idp.fault[path] = func() answer {
						if code == bridge.CodeClientGone {
							leave()
						}
						<-ctx.Done()
						return answer{err: ctx.Err()}
					}
				})
				id, proof, err := s.provider.Finish(ctx, s.login, s.good())
				wantCode(t, code, id, proof, err)
			})
		}
	}
}
