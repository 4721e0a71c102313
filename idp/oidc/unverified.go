package oidc

import (
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

var _ idp.UnverifiedReader = Config{}

// InsecureReadUnverified implements idp.UnverifiedReader: it reads an ID token in compact form, or its claims as JSON, and
// maps them as Finish would. Signature, issuer, audience, nonce and times are NOT checked, and UserInfo isn't asked: only
// an operator who wants to see what the policy would say may call it, and nothing may be granted on the result.
func (c Config) InsecureReadUnverified(answer []byte) (bridge.Identity, error) {
	payload := strings.TrimSpace(string(answer))
	if !strings.HasPrefix(payload, "{") {
		parts := strings.Split(payload, ".")
		if len(parts) != 3 {
			return bridge.Identity{}, malformed("neither an ID token in compact form nor its claims as JSON")
		}
		var err error
		if payload, err = decodePart(parts[1]); err != nil {
			return bridge.Identity{}, malformed("ID token payload: %w", err)
		}
	}
	p := &provider{config: c, names: c.readNames()}
	claims, err := decodeClaims(payload, p.names)
	if err != nil {
		return bridge.Identity{}, err
	}
	v := &verified{claims: claims, key: &key{}}
	v.issuer, _, _ = claims.text("iss")
	v.authTime, _, _ = claims.time("auth_time")
	if err := p.checkSubject(v); err != nil {
		return bridge.Identity{}, err
	}
	if acr, ok := claims.get("acr"); ok && acr.kind == kindText {
		v.acr = acr.text
	}
	if err := overage(claims, c.Claims.Groups.path()[0]); err != nil {
		return bridge.Identity{}, err
	}
	return p.identity(v)
}
