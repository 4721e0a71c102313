package oidc

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// addUserInfo asks the UserInfo endpoint (OpenID Connect Core §5.3) and adds what the ID token doesn't say. The answer
// isn't signed: it is believed because it came over TLS from a host that discovery named, and only about the subject that
// the ID token proved. Threat O28.
func (p *provider) addUserInfo(ctx context.Context, doc *document, tokens tokenSet, v *verified) error {
	if !tokens.bearer {
		return misconfigured("UserInfo: the access token is not a bearer token")
	}
	resp, body, err := get(ctx, p.client, doc.userInfo, "application/json", tokens.access)
	if err != nil {
		return unreachable(ctx, "UserInfo", err)
	}
	if resp.StatusCode != http.StatusOK {
		return misconfigured("UserInfo: the endpoint answered %d", resp.StatusCode)
	}
	if media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); media == "application/jwt" {
		return misconfigured("UserInfo: the answer is a JWT; ask the provider for plain JSON")
	}
	info, err := decodeClaims(string(body), p.names)
	if err != nil {
		return err
	}
	// §5.3.2: sub MUST be there and exactly match the ID token's; otherwise nothing of the answer may be used.
	if sub, ok := info.get("sub"); !ok || sub.kind != kindText || sub.text != v.subject {
		return bridge.Fail(bridge.CodeUserInfo, fmt.Errorf("oidc: UserInfo speaks of another subject"))
	}
	if err := overage(info, p.config.Claims.Groups.path()[0]); err != nil {
		return err
	}
	v.claims = p.merge(v.claims, info)
	return nil
}

// merge adds to the ID token's claims those of UserInfo that it lacks. What the protocol itself reads comes from the ID
// token alone. An address and whether it is verified belong together, so they come from one of the two.
func (p *provider) merge(token, info claimSet) claimSet {
	email := p.config.Claims.email()
	addressInToken := token.has(email) || token.has("email_verified")
	merged := slices.Clone(token)
	for _, m := range info {
		ofAddress := m.name == email || m.name == "email_verified"
		switch {
		case token.has(m.name), ofAddress && addressInToken:
		case !ofAddress && slices.Contains(protocolClaims, m.name):
		default:
			merged = append(merged, m)
		}
	}
	return merged
}
