package bridge

import (
	"context"
	"time"
)

// Credentials are temporary AWS credentials of one role.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret
	Expires         time.Time

	AssumedRoleARN string // as STS answered
	Role           Role
	SessionName    string
	CapReason      CapReason // why they end when they do
	// Chained tells that they came from AssumeRole called with temporary credentials: the console's SessionDuration may
	// not be sent with them.
	Chained bool
	// DroppedTags are keys of optional tags that were left out because the session would have been too large.
	DroppedTags []string
	// Utilization is how much of the session token's size STS says is used, in percent; 0 when it didn't say.
	Utilization int
}

// STSExchanger asks AWS STS for credentials of one role.
type STSExchanger interface {
	// Exchange makes one call (and a bounded number of retries). It MUST return errors with a code of the catalogue, MUST
	// compare account and role of the answer with the request, and MUST NOT log or keep the proof.
	Exchange(ctx context.Context, req ExchangeRequest) (Credentials, error)
	// Longest tells how long a session STS gives at most when asked in this way, as far as is known without asking it,
	// and why; zero means the role's own maximum.
	Longest(ctx context.Context, role Role, via Via) (time.Duration, CapReason)
}

// ExchangeRequest is one question to STS. Bridge makes it; nobody else does.
type ExchangeRequest struct {
	Role           Role
	Via            Via
	Proof          Proof // for saml and web_identity; for issuer what was minted, which carries tags and source identity
	SessionName    string
	Duration       time.Duration
	Tags           []Tag
	SourceIdentity string
}

// ConsoleLinker turns credentials into a link that signs a browser in to the AWS console.
type ConsoleLinker interface {
	// Check tells, before anything is asked of STS, whether the destination is a console page of the role's partition. It
	// fails with CodeConsoleTarget or CodeRegion.
	Check(role Role, to Destination) error
	// Link asks the federation endpoint for a sign-in URL. The URL is as good as a password for 15 minutes.
	Link(ctx context.Context, creds Credentials, to Destination) (Secret, error)
	// SignIn is where the browser posts a minted SAML response itself: the URL of the partition's SAML endpoint, and the
	// RelayState that leads on to the destination. It fails as Check does.
	SignIn(role Role, to Destination) (url, relayState string, err error)
}

// Destination is where in the console a person wants to land.
type Destination struct {
	URL    string // an https URL of the partition's console; "" for its home page
	Region string // for the home page; "" for the role's own region
}
