package ststest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// oidcIssuer publishes a discovery document and keys, and can be told to publish bad ones.
type oidcIssuer struct {
	server    *httptest.Server
	key       *rsa.PrivateKey
	mu        sync.Mutex
	discovery map[string]any // replaces members; nil leaves one out
	keys      []jose.JSONWebKey
	rawKeys   string
	status    int // of every answer; zero: 200
	fetches   int
}

var issuerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newIssuer(t testing.TB) *oidcIssuer {
	t.Helper()
	i := &oidcIssuer{key: issuerKey(), discovery: map[string]any{}}
	i.keys = []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *oidcIssuer) url() string { return i.server.URL }

func (i *oidcIssuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.status != 0 {
		w.WriteHeader(i.status)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": i.url(), "jwks_uri": i.url() + "/jwks", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		}
		for name, v := range i.discovery {
			document[name] = v
			if v == nil {
				delete(document, name)
			}
		}
		_ = json.NewEncoder(w).Encode(document)
	case "/jwks":
		if i.rawKeys != "" {
			_, _ = io.WriteString(w, i.rawKeys)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
	default:
		http.NotFound(w, r)
	}
}

// claims are those of a good token; the pairs replace them, nil leaves one out.
func (w *world) claims(pairs ...any) map[string]any {
	now := w.now().Unix()
	c := map[string]any{"iss": w.issuer.url(), "sub": "u-7f3c", "aud": "client-1", "iat": now, "exp": now + 300}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

func (w *world) token(pairs ...any) string {
	w.t.Helper()
	return signToken(w.t, w.claims(pairs...), jose.RS256, jose.JSONWebKey{Key: w.issuer.key, KeyID: "k1"})
}

func signToken(t testing.TB, claims any, alg jose.SignatureAlgorithm, key any) string {
	t.Helper()
	payload, ok := claims.([]byte)
	if !ok {
		var err error
		if payload, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
