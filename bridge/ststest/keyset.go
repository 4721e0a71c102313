package ststest

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const maxDocument = 1 << 20 // of a discovery document and of a JWKS

// keySet is an issuer's keys, found by OIDC discovery and kept for a while. The zero value is empty.
type keySet struct {
	mu      sync.Mutex
	keys    map[string]jose.JSONWebKey // by kid
	fetched time.Time
}

func errNoKey() *apiError {
	// Two blanks: as AWS writes it.
	return errIdentityToken("Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
}

// key finds the key that a token names. A kid that isn't known makes it look again.
func (s *keySet) key(ctx context.Context, a *AWS, issuer, kid string) (jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := a.options.Now()
	if key, ok := s.keys[kid]; ok && now.Sub(s.fetched) < a.options.KeyCache {
		return key, nil
	}
	keys, err := a.discover(ctx, issuer)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	s.keys, s.fetched = keys, now
	key, ok := keys[kid]
	if !ok {
		return jose.JSONWebKey{}, errNoKey()
	}
	return key, nil
}

// discover fetches an issuer's discovery document and its keys (aws-facts 3.3).
func (a *AWS) discover(ctx context.Context, issuer string) (map[string]jose.JSONWebKey, error) {
	raw, err := a.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	document, err := strictObject(raw)
	if err != nil || document["issuer"] != issuer {
		return nil, errNoKey()
	}
	for _, name := range []string{"response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
		if list, ok := document[name].([]any); !ok || len(list) == 0 {
			return nil, errNoKey()
		}
	}
	at, _ := document["jwks_uri"].(string)
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "https" && !a.insecureLoopback(u) {
		return nil, errNoKey()
	}
	if raw, err = a.fetch(ctx, at); err != nil {
		return nil, err
	}
	return a.readKeys(raw)
}

// readKeys reads a JWKS: 1 to 100 RSA and EC keys each, with kid, use and alg (aws-facts 3.3). Others are left aside.
func (a *AWS) readKeys(raw []byte) (map[string]jose.JSONWebKey, error) {
	if _, err := strictObject(raw); err != nil {
		return nil, errNoKey()
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, errNoKey()
	}
	keys := map[string]jose.JSONWebKey{}
	count := map[string]int{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(text); err != nil || !key.Valid() || key.KeyID == "" {
			continue
		}
		switch key.Key.(type) {
		case *rsa.PublicKey:
			count["RSA"]++
		case *ecdsa.PublicKey:
			count["EC"]++
		default:
			continue
		}
		bare := key.Use == "" || key.Algorithm == ""
		if bare && !a.options.AcceptBareKeys || key.Use != "" && key.Use != "sig" {
			continue
		}
		if _, doubled := keys[key.KeyID]; doubled {
			return nil, errNoKey()
		}
		keys[key.KeyID] = key
	}
	if count["RSA"] > 100 || count["EC"] > 100 {
		return nil, errIdentityToken("The identity provider's JWKS has too many keys.")
	}
	return keys, nil
}

// fetch gets a document, within bounds. An IdP that can't be reached is told apart from one that answers nonsense.
func (a *AWS) fetch(ctx context.Context, at string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, errNoKey()
	}
	r.Header.Set("Accept", "application/json")
	response, err := a.options.HTTPClient.Do(r)
	if err != nil {
		if _, untrusted := errors.AsType[x509.UnknownAuthorityError](err); untrusted {
			return nil, errIdentityToken("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")
		}
		return nil, errIDPCommunication("no answer")
	}
	defer response.Body.Close()
	if response.StatusCode >= 500 {
		return nil, errIDPCommunication(fmt.Sprintf("status %d", response.StatusCode))
	}
	if response.StatusCode != http.StatusOK {
		return nil, errNoKey()
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, errIDPCommunication("the answer broke off")
	}
	if len(raw) > maxDocument {
		return nil, errNoKey()
	}
	return raw, nil
}
