package oidc

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxToken is the longest ID token that is read, in bytes (R4). AWS STS takes 20,000 characters; nobody needs them.
const maxToken = 16 << 10

// token is an ID token in compact form, taken apart, not yet believed.
type token struct {
	raw       string
	signed    string // header.payload as they came: what the signature covers
	payload   string
	signature []byte
	algName   string
	alg       algorithm
	kid       string
}

// strict refuses unused bits and padding: one token has one spelling (threat O22). The decoder skips line breaks, so
// parseToken refuses those itself.
var strict = base64.RawURLEncoding.Strict()

// parseToken takes a compact JWS apart (RFC 7515 §7.1) and checks its header. accepted are the configured algorithms.
func parseToken(raw string, accepted map[string]algorithm) (*token, error) {
	if len(raw) > maxToken {
		return nil, bridge.FailWith(bridge.CodeAnswerTooLarge, fmt.Sprintf("ID token: at most %d bytes", maxToken),
			fmt.Errorf("oidc: ID token of %d bytes", len(raw)))
	}
	header, rest, ok := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || header == "" || payload == "" || strings.ContainsAny(raw, "\r\n") {
		return nil, rejected("ID token is not a signed JWT in compact form")
	}
	t := &token{raw: raw, signed: raw[:len(header)+1+len(payload)]}
	head, err := decodePart(header)
	if err != nil {
		return nil, rejected("ID token header: %w", err)
	}
	if t.payload, err = decodePart(payload); err != nil {
		return nil, rejected("ID token payload: %w", err)
	}
	// The signature may be empty (alg none) or hold a fourth part's dot: neither is base64 of a signature.
	if t.signature, err = strict.DecodeString(signature); err != nil || len(t.signature) == 0 {
		return nil, rejected("ID token signature is not base64url")
	}
	return t, t.readHeader(head, accepted)
}

func decodePart(part string) (string, error) {
	b, err := strict.DecodeString(part)
	return string(b), err
}

// readHeader checks the JOSE header (RFC 7515 §4, RFC 8725 §3). Keys and URLs of keys in it are not looked at: x5c, x5t
// and x5u pass unread, because providers send them; jwk and jku refuse the token, because no provider does. Threats O1,
// O2, O3, O17.
func (t *token) readHeader(head string, accepted map[string]algorithm) error {
	members, err := decodeObject(head)
	if err != nil {
		return rejected("ID token header: %w", err)
	}
	for i := range members {
		if headerNames.twin(members[i].name) {
			return rejected("ID token header has a look-alike of a parameter: %s", quote(members[i].name))
		}
		switch members[i].name {
		case "jwk", "jku", "crit", "b64", "zip", "enc", "cty":
			return rejected("ID token header has %s", members[i].name)
		}
	}
	h := claimSet(members)
	// RFC 8725 §3.11: an access or logout token says so in typ.
	if typ, ok := h.get("typ"); h.has("typ") && (!ok || typ.kind != kindText || !strings.EqualFold(typ.text, "JWT")) {
		return rejected("ID token header has typ %s", quote(typ.text))
	}
	// OpenID Connect Core §3.1.3.7, 6 and 7: the algorithm is one that we chose.
	alg, _ := h.get("alg")
	var listed bool
	if t.alg, listed = accepted[alg.text]; !listed || alg.kind != kindText {
		return rejected("ID token header has alg %s, which the configuration doesn't list", quote(alg.text))
	}
	t.algName = alg.text
	// A kid is opaque and only looked up in a map.
	if kid, ok := h.get("kid"); h.has("kid") {
		if !ok || kid.kind != kindText || len(kid.text) > maxKid || !cleanText(kid.text) {
			return rejected("ID token header has an odd kid")
		}
		t.kid = kid.text
	}
	return nil
}
