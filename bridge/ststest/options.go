package ststest

import (
	"net/http"
	"time"
)

// Options are how an AWS behaves. The zero value is the strictest reading.
type Options struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Region is the one that signatures must be scoped to; "" means us-east-1.
	Region string
	// HTTPClient fetches discovery documents and keys; nil means a client of its own that follows no redirect and
	// gives up after five seconds.
	HTTPClient *http.Client
	// KeyCache is how long an issuer's keys are kept (AWS's own time is not published); zero means a minute, less than
	// zero means not at all. A token with an unknown kid makes it fetch again in any case.
	KeyCache time.Duration

	// InsecureLoopbackIssuers lets OIDC issuers in that AWS can't have: http, and a port, on a loopback address. Only
	// the demo and tests may set it.
	InsecureLoopbackIssuers bool

	// ExtendedTrustPolicies takes trust policies of up to 4,096 characters, the quota that AWS grants on request; without
	// it 2,048, the default (aws-facts 4). White space isn't counted.
	ExtendedTrustPolicies bool

	// The rest is what AWS may do; each field turns one doubt to the lenient side.

	// AcceptSignedResponse takes a SAML response whose Response is signed and whose Assertion isn't (aws-facts 2.2).
	AcceptSignedResponse bool
	// AcceptSHA1 takes SAML signatures and digests with SHA-1.
	AcceptSHA1 bool
	// AcceptECDSA takes SAML signatures by ECDSA keys; AWS documents RSA alone (aws-facts 2.2).
	AcceptECDSA bool
	// AcceptWrappedBase64 takes a SAMLAssertion with line ends in it.
	AcceptWrappedBase64 bool
	// AcceptACSAsAudience takes the partition's sign-in URL as Audience, beside its URN (aws-facts 12, 5).
	AcceptACSAsAudience bool
	// SAMLSkew is how far the IdP's clock may be ahead or behind in Conditions and IssueInstant.
	SAMLSkew time.Duration
	// AcceptShortSubjects takes an OIDC sub of fewer than six characters (aws-facts 12, 8).
	AcceptShortSubjects bool
	// AcceptBareKeys uses keys of a JWKS that lack use or alg (aws-facts 3.3).
	AcceptBareKeys bool
	// AcceptRoleList takes a roles claim that is one string with several ARNs, divided by ";" (aws-facts 12, 6).
	AcceptRoleList bool
	// RoleAuthorizedByIdpWithTags shows sts:RoleAuthorizedByIdp to TagSession and SetSourceIdentity, too.
	RoleAuthorizedByIdpWithTags bool
	// ProviderAsARN answers AssumeRoleWithWebIdentity's Provider as the ARN of the IAM provider (aws-facts 12, 3).
	ProviderAsARN bool
	// InstanceRolesNotChained treats the credentials of Instance as the first hop (aws-facts 12, 1).
	InstanceRolesNotChained bool
	// AcceptUnknownParameters ignores form parameters that the action doesn't have.
	AcceptUnknownParameters bool
	// SessionDurationForFederated takes the console's SessionDuration with credentials from AssumeRoleWithSAML and
	// AssumeRoleWithWebIdentity (aws-facts 12, 2).
	SessionDurationForFederated bool
	// LongSAMLConsole lets the SessionDuration of a response that is posted to the sign-in page be more than the role's
	// maximum (aws-facts 2.3); otherwise it is refused.
	LongSAMLConsole bool
	// ReusableSigninTokens lets a SigninToken sign in more than once (aws-facts 5.3).
	ReusableSigninTokens bool
	// AcceptAnyDestination takes a Destination that is no console page of the role's partition.
	AcceptAnyDestination bool
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.KeyCache == 0 {
		o.KeyCache = time.Minute
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{
			Timeout:       5 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return o
}
