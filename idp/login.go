package idp

import (
	"crypto/rand"
	"encoding/base64"
	"time"
)

// LoginLifetime is how long a person has to come back from the provider.
const LoginLifetime = 10 * time.Minute

// Login is one pending sign-in: everything that ties the answer to the browser that began. It is stored once, sealed
// under a handle that only this browser holds, and taken once.
type Login struct {
	Provider string `json:"provider"` // the answer must come from it (threats P5, O10)
	// State comes back with the answer: OIDC state (RFC 6749 §10.12) and SAML RelayState (at most 80 bytes).
	State     string `json:"state"`
	Nonce     string `json:"nonce"`      // OIDC Core §3.1.2.1
	Verifier  string `json:"verifier"`   // PKCE, RFC 7636 §4.1: 43 characters
	RequestID string `json:"request_id"` // SAML AuthnRequest ID; begins with "_" as xs:ID demands

	ReturnTo string    `json:"return_to"` // a path of ours
	Began    time.Time `json:"began"`
	Expires  time.Time `json:"expires"`

	// Hint is passed on as login_hint where the protocol has one; it is never believed.
	Hint string `json:"hint,omitempty"`
	// Fresh asks the provider to make the person prove presence again (prompt=login, ForceAuthn).
	Fresh bool `json:"fresh,omitempty"`
	// Silent asks the provider to answer without talking to the person (prompt=none, IsPassive).
	Silent bool `json:"silent,omitempty"`
}

// NewLogin begins a sign-in with fresh random values of 256 bits each.
func NewLogin(provider, returnTo string, now time.Time) Login {
	return Login{
		Provider:  provider,
		State:     random(),
		Nonce:     random(),
		Verifier:  random(),
		RequestID: "_" + random(),
		ReturnTo:  returnTo,
		Began:     now,
		Expires:   now.Add(LoginLifetime),
	}
}

// random returns 256 random bits as 43 characters of base64url.
func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
