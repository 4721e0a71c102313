package oidc

import (
	"context"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// VerifyIDToken is what Finish does with an ID token between the code exchange and the replay guard.
func VerifyIDToken(ctx context.Context, p idp.IdentityProvider, login idp.Login, raw string) (bridge.Identity, error) {
	provider := p.(*provider)
	v, err := provider.verify(ctx, expected{raw: raw, login: login})
	if err != nil {
		return bridge.Identity{}, err
	}
	return provider.identity(v)
}
