package mint_test

import (
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// TestTokenClaims: what a token says, to the letter, and nothing beside it.
func TestTokenClaims(t *testing.T) {
	m := newMinter(t)
	before := time.Now().Unix()
	proof := minted(t, m, forRole(bridge.ProofIDToken))
	claims := claimsOf(t, proof)
	issued := int64(claims["iat"].(float64))
	if issued < before || issued > time.Now().Unix() {
		t.Errorf("iat is %d, minted at %d", issued, before)
	}
	if !regexp.MustCompile(`^Dev/[a-z2-7]{52}$`).MatchString(claims["sub"].(string)) {
		t.Errorf("sub is %q", claims["sub"])
	}
	if got := claims["jti"].(string); got != proof.ID || len(got) < 22 {
		t.Errorf("jti is %q, the proof's id %q", got, proof.ID)
	}
	want := map[string]any{
		"iss": issuerURL, "sub": claims["sub"], "aud": "fedbridge:" + shop, "jti": proof.ID,
		"iat": float64(issued), "nbf": float64(issued - 60), "exp": float64(issued + 300),
		"https://aws.amazon.com/roles":           []any{"arn:aws:iam::" + shop + ":role/team/Dev"},
		"https://aws.amazon.com/source_identity": "ada@example.com",
		"https://aws.amazon.com/tags": map[string]any{
			"principal_tags":      map[string]any{"Cost Centre": []any{"4711"}, "Team": []any{"Größe/β @ 1"}},
			"transitive_tag_keys": []any{"Team"},
		},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if proof.Kind != bridge.ProofIDToken || proof.Algorithm != "ES256" || proof.RelayUntil.Unix() != issued+300 ||
		len(proof.Audiences) != 1 || proof.Audiences[0] != "fedbridge:"+shop || proof.Encrypted || proof.Recipient != "" {
		t.Errorf("the proof says %+v", proof)
	}
}

// TestTokenOfLittle: what a role doesn't ask for isn't in the token, and numbers are written without a fraction.
func TestTokenOfLittle(t *testing.T) {
	proof := minted(t, newMinter(t), forRole("", func(r *bridge.MintRequest) {
		r.Tags, r.SourceIdentity, r.Role.TransitiveTags, r.Role.HasSourceIdentity = nil, "", nil, false
	}))
	claims := claimsOf(t, proof)
	for name := range claims {
		if strings.HasSuffix(name, "/tags") || strings.HasSuffix(name, "/source_identity") {
			t.Errorf("%s is there", name)
		}
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(proof.Raw.Reveal(), ".")[1])
	if !regexp.MustCompile(`"iat":[0-9]+,"nbf":[0-9]+,"exp":[0-9]+,`).Match(payload) {
		t.Errorf("times: %s", payload)
	}
	tags := claimsOf(t, minted(t, newMinter(t), forRole("", func(r *bridge.MintRequest) { r.Role.TransitiveTags = nil })))["https://aws.amazon.com/tags"].(map[string]any)
	if _, there := tags["transitive_tag_keys"]; there {
		t.Error("transitive_tag_keys without transitive tags")
	}
}

// TestTokenWithGoOIDC: a verifier that is not ours, and knows the public key alone.
func TestTokenWithGoOIDC(t *testing.T) {
	for _, key := range []heldKey{esKey(), rsKey()} {
		t.Run(key.Algorithm, func(t *testing.T) {
			proof := minted(t, newMinter(t, signWith(key)), forRole(bridge.ProofIDToken))
			verifier := oidc.NewVerifier(issuerURL, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public}},
				&oidc.Config{ClientID: "fedbridge:" + shop, SupportedSigningAlgs: []string{key.Algorithm}})
			token, err := verifier.Verify(t.Context(), proof.Raw.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(token.Subject, "Dev/") || !token.Expiry.Equal(proof.RelayUntil) {
				t.Errorf("subject %q, expiry %s", token.Subject, token.Expiry)
			}
			header, _ := base64.RawURLEncoding.DecodeString(strings.Split(proof.Raw.Reveal(), ".")[0])
			var got map[string]string
			if err := json.Unmarshal(header, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTokenKeyChanges: the header that is kept ready is the key's, also after the key changed.
func TestTokenKeyChanges(t *testing.T) {
	keys := usualKeys()
	m := newMinter(t, func(c *mint.Config) { c.Keys = keys })
	for _, key := range []heldKey{esKey(), rsKey(), holdKey("es-2", "ES256", esKey().private, nil), holdKey("es-2", "RS256", rsKey().private, nil), esKey()} {
		keys[mint.UseToken] = key
		header, _ := base64.RawURLEncoding.DecodeString(strings.Split(minted(t, m, forRole("")).Raw.Reveal(), ".")[0])
		if !strings.Contains(string(header), `"kid":"`+key.ID+`"`) || !strings.Contains(string(header), `"alg":"`+key.Algorithm+`"`) {
			t.Errorf("key %s: header %s", key.ID, header)
		}
	}
}

// TestTokensDiffer: nothing is minted twice.
func TestTokensDiffer(t *testing.T) {
	m := newMinter(t)
	seen := map[string]bool{}
	for range 200 {
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			if kind == bridge.ProofSAML && len(seen) > 50 {
				continue // RSA is slow
			}
			proof := minted(t, m, forRole(kind))
			if seen[proof.ID] || seen[proof.Raw.Reveal()] {
				t.Fatal("minted twice")
			}
			seen[proof.ID], seen[proof.Raw.Reveal()] = true, true
		}
	}
}

// TestRawECDSA: r and s side by side; whatever isn't DER of two numbers above zero is no signature.
func TestRawECDSA(t *testing.T) {
	full := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, pair := range [][2]*big.Int{{big.NewInt(1), big.NewInt(127)}, {big.NewInt(128), full}, {full, big.NewInt(65_535)}} {
		der, _ := asn1.Marshal(struct{ R, S *big.Int }{pair[0], pair[1]})
		raw, err := mint.RawECDSA(der)
		if err != nil || new(big.Int).SetBytes(raw[:32]).Cmp(pair[0]) != 0 || new(big.Int).SetBytes(raw[32:]).Cmp(pair[1]) != 0 {
			t.Errorf("%v: %x, %v", pair, raw, err)
		}
	}
	for name, der := range map[string][]byte{
		"empty": nil, "cut": {0x30, 6, 2, 1, 1, 2, 1}, "more behind": {0x30, 6, 2, 1, 1, 2, 1, 1, 0}, "negative": {0x30, 6, 2, 1, 0x80, 2, 1, 1},
		"zero": {0x30, 6, 2, 1, 0, 2, 1, 1}, "padded": {0x30, 7, 2, 2, 0, 1, 2, 1, 1}, "three": {0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1},
		"one": {0x30, 3, 2, 1, 1}, "no sequence": {0x31, 6, 2, 1, 1, 2, 1, 1}, "no number": {0x30, 6, 4, 1, 1, 2, 1, 1}, "long form": {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1},
	} {
		if _, err := mint.RawECDSA(der); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
