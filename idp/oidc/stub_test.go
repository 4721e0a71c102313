package oidc_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

const (
	issuer   = "https://idp.example"
	clientID = "fedbridge"
	canary   = "CANARY"
)

// signer is a key pair under a kid.
type signer struct {
	kid     string
	alg     string // in the JWKS; "" leaves it out
	use     string
	private crypto.Signer
}

func newSigner(kid string, private crypto.Signer) *signer {
	return &signer{kid: kid, use: "sig", private: private}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Keys are made once: RSA takes its time.
var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaKey2    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	p256       = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	p384       = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	p521       = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
	ed25519Key = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)) })
)

func (s *signer) jwk() map[string]any {
	raw := must(json.Marshal(jose.JSONWebKey{Key: s.private.Public()}))
	var k map[string]any
	json.Unmarshal(raw, &k)
	maps.Copy(k, map[string]any{"kid": s.kid, "use": s.use, "alg": s.alg})
	maps.DeleteFunc(k, func(_ string, v any) bool { return v == "" })
	return k
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign signs header and payload exactly as they are written.
func sign(alg string, private crypto.Signer, header, payload string) string {
	message := b64(header) + "." + b64(payload)
	return message + "." + b64(string(rawSign(alg, private, message)))
}

func rawSign(alg string, private crypto.Signer, message string) []byte {
	if key, ok := private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(key, []byte(message))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	h := hash.New()
	io.WriteString(h, message)
	digest := h.Sum(nil)
	switch key := private.(type) {
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			return must(rsa.SignPSS(rand.Reader, key, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, key, hash, digest))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			panic(err)
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	panic("no such key")
}

// stub is a provider behind a RoundTripper: no sockets, every answer under the test's control.
type stub struct {
	mu        sync.Mutex
	keys      []*signer
	extraKeys []any                    // into the JWKS as they are
	discovery func(map[string]any)     // changes the document
	idToken   string                   // what the token endpoint gives
	tokens    map[string]string        // or this, by code_verifier
	userInfo  string                   // what UserInfo gives
	fault     map[string]func() answer // by path; takes the place of the answer
	fetches   map[string]int
	exchanged []url.Values
	auth      []string // Authorization headers at the token endpoint
}

type answer struct {
	status int
	body   string
	err    error
	header http.Header
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches[r.URL.Path]++
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	a := s.answer(r)
	if f := s.fault[r.URL.Path]; f != nil {
		a = f()
	}
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	maps.Copy(header, a.header)
	return &http.Response{
		StatusCode: a.status, Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

func (s *stub) answer(r *http.Request) answer {
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/.well-known/openid-configuration"):
		base := "https://" + r.URL.Host
		doc := map[string]any{
			"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
			"jwks_uri": base + "/jwks", "userinfo_endpoint": base + "/userinfo",
			"code_challenge_methods_supported": []string{"S256"},
		}
		if s.discovery != nil {
			s.discovery(doc)
		}
		return answer{status: 200, body: string(must(json.Marshal(doc)))}
	case path == "/jwks":
		keys := slices.Clone(s.extraKeys)
		for _, k := range s.keys {
			keys = append(keys, k.jwk())
		}
		return answer{status: 200, body: string(must(json.Marshal(map[string]any{"keys": keys})))}
	case path == "/token":
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		s.exchanged, s.auth = append(s.exchanged, form), append(s.auth, r.Header.Get("Authorization"))
		idToken, ok := s.tokens[form.Get("code_verifier")]
		if !ok {
			idToken = s.idToken
		}
		return answer{status: 200, body: string(must(json.Marshal(map[string]any{
			"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": idToken,
		})))}
	case path == "/userinfo":
		return answer{status: 200, body: s.userInfo}
	}
	return answer{status: 404, body: canary}
}

// count tells how often a path was asked for.
func (s *stub) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches[path]
}

func (s *stub) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// memory is a replay guard and an audit log.
type memory struct {
	mu     sync.Mutex
	used   map[string]time.Time
	events []bridge.AuditEvent
	err    error // of UseOnce
	noLog  error // of Record
}

func (m *memory) UseOnce(_ context.Context, issuer, id string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if _, twice := m.used[issuer+"\x00"+id]; twice {
		return bridge.Fail(bridge.CodeAnswerRejected, nil)
	}
	m.used[issuer+"\x00"+id] = until
	return nil
}

func (m *memory) Record(_ context.Context, e bridge.AuditEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noLog == nil {
		m.events = append(m.events, e)
	}
	return m.noLog
}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// scene is a provider of ours with everything around it.
type scene struct {
	t        testing.TB
	idp      *stub
	clock    *clock
	memory   *memory
	config   oidc.Config
	provider idp.IdentityProvider
	login    idp.Login
}

// newScene opens a provider; change may alter its configuration.
func newScene(t testing.TB, change func(*oidc.Config)) *scene {
	t.Helper()
	t.Setenv("OIDC_TEST_SECRET", "s3cret")
	s := &scene{
		t: t,
		idp: &stub{
			keys: []*signer{newSigner("k1", rsaKey())}, fetches: map[string]int{}, fault: map[string]func() answer{}, tokens: map[string]string{},
		},
		clock:  &clock{at: time.Now().Truncate(time.Second)},
		memory: &memory{used: map[string]time.Time{}},
		config: oidc.Config{
			Common: idp.Common{Name: "corp", Kind: idp.KindOIDC}, Issuer: issuer, ClientID: clientID,
			ClientSecret: "env:OIDC_TEST_SECRET",
		},
	}
	if change != nil {
		change(&s.config)
	}
	s.open()
	s.newLogin()
	return s
}

func (s *scene) open() {
	s.t.Helper()
	p, err := s.config.Open(idp.Deps{
		BaseURL: "https://bridge.example.com", Replay: s.memory, Audit: s.memory, Now: s.clock.now, Transport: s.idp,
	})
	if err != nil {
		s.t.Fatalf("Open: %v", err)
	}
	s.provider = p
}

func (s *scene) newLogin() { s.login = idp.NewLogin("corp", "/", s.clock.now()) }

// claims are those of a good ID token for the current login.
func (s *scene) claims() map[string]any {
	now := s.clock.now()
	return map[string]any{
		"iss": issuer, "sub": "u-7f3c", "aud": clientID, "nonce": s.login.Nonce,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace", "groups": []string{"dev", "ops"},
	}
}

// mint signs claims with a key of the provider by RS256.
func (s *scene) mint(claims map[string]any) string {
	return s.mintPayload(string(must(json.Marshal(claims))))
}

func (s *scene) mintPayload(payload string) string {
	k := s.idp.keys[0]
	return sign("RS256", k.private, `{"alg":"RS256","typ":"JWT","kid":"`+k.kid+`"}`, payload)
}

// good is the authorization response that belongs to the current login.
func (s *scene) good() idp.Answer {
	values := url.Values{"code": {"code-1"}, "state": {s.login.State}}
	if s.config.ResponseMode == oidc.ModeFormPost {
		return idp.Answer{Method: "POST", Query: url.Values{}, Form: values}
	}
	return idp.Answer{Method: "GET", Query: values}
}

// finish ends the current login with this ID token.
func (s *scene) finish(token string) (bridge.Identity, bridge.Proof, error) {
	s.idp.set(func() { s.idp.idToken = token })
	return s.provider.Finish(s.t.Context(), s.login, s.good())
}

// wantCode asserts a refusal: the code, nothing granted, and nothing for people that the provider wrote.
func wantCode(t *testing.T, want bridge.Code, id bridge.Identity, proof bridge.Proof, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted; want %s", want)
	}
	code, _, detail := bridge.Explain(err)
	if code != want {
		t.Fatalf("code %s (%v); want %s", code, err, want)
	}
	if strings.Contains(detail, canary) {
		t.Fatalf("people would read %q", detail)
	}
	if id.Subject != "" || !proof.Raw.IsZero() {
		t.Fatalf("refused, and yet an identity or a proof came back")
	}
}
