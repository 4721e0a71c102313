package idp

import (
	"context"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// TokenVerifier is a provider whose tokens apps may bring to the app door (handlers/apps). Nobody began a sign-in for
// such a token: it has no nonce, and whoever holds it may bring it.
type TokenVerifier interface {
	// Info never blocks.
	Info() Info
	// TokenIssuers are the exact iss values that lead here. It never blocks, and answers the same for as long as the
	// provider lives. A provider whose tokens name no issuer (oauth2) has none, and is found by ProviderID.
	TokenIssuers() []string
	// VerifyToken proves whom the token speaks of. It MUST refuse a token whose audience isn't configured for apps
	// (threat X2), one whose authorised party isn't admitted (O16), and everything that it isn't sure of; it does the
	// cheap checks before the costly ones (X9). Errors carry a code of the catalogue. It doesn't use the token up: a
	// door that takes a token once asks a ReplayGuard with ID and Expires (X1).
	VerifyToken(ctx context.Context, token string) (AppToken, error)
}

// OpaqueVerifier is a TokenVerifier whose tokens only the provider itself can read. A caller names it by the ProviderId of
// AssumeRoleWithWebIdentity, or by the Logins key of Cognito.
type OpaqueVerifier interface {
	TokenVerifier
	// ProviderID is the host by which AWS knows the provider: www.amazon.com, graph.facebook.com.
	ProviderID() string
}

// AppToken is what a verified token proved.
type AppToken struct {
	Identity bridge.Identity
	Proof    bridge.Proof // the token itself where a role relays it; otherwise its zero value
	// ID is what makes the token one (threat X1): its jti, or the hash of its signed bytes.
	ID              string
	Issued, Expires time.Time
	Audience, Party string // the audience that admitted it; azp, where there is one
	// Bound is the thumbprint of the key that the token is bound to (cnf.jkt, RFC 9449 §6.1); "" where it is a bearer token.
	Bound string
}
