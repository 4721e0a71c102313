package awsiam

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/fedbridge/fedbridge/bridge"
)

// Reader reads accounts. It is safe for concurrent use.
type Reader struct {
	config Config
	http   *http.Client
	own    *own

	mu       sync.Mutex
	accounts map[string]*account // by partition and id
}

// New makes a Reader. It touches neither network nor environment.
func New(c Config) (*Reader, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.Limits = c.Limits.withDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Reader{config: c, http: newHTTPClient(c.Limits, c.RootCAs), own: newOwn(c), accounts: map[string]*account{}}, nil
}

// Role is an IAM role as it is.
type Role struct {
	ARN         string
	TrustPolicy []byte        // JSON
	MaxSession  time.Duration // zero where IAM didn't say
}

// OIDCProvider is an IAM OIDC provider as it is.
type OIDCProvider struct {
	URL       string // IAM gives it without https://
	ClientIDs []string
}

// SAMLProvider is an IAM SAML provider as it is.
type SAMLProvider struct {
	Metadata       []byte
	ValidUntil     time.Time // zero where IAM didn't say
	EncryptionMode string    // Required, Allowed or ""
	UUID           string
	PrivateKeys    int
}

// Role reads a role. IAM finds it by its name alone; where the answer has another ARN, the error says which.
func (r *Reader) Role(ctx context.Context, arn bridge.RoleARN) (Role, error) {
	var found Role
	err := r.read(ctx, arn.Partition, arn.Account, func(ctx context.Context, client *iam.Client) error {
		out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(arn.Name)})
		if err != nil {
			return err
		}
		if out.Role == nil || aws.ToString(out.Role.Arn) == "" {
			return unusable("names no role")
		}
		// Threat A17: an endpoint can be configured, and a configuration can be wrong.
		if got := *out.Role.Arn; got != arn.String() {
			return otherRole(arn, got)
		}
		// The document is percent-encoded as RFC 3986 has it (IAM API, GetRole): + is a plus.
		policy, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
		if err != nil || policy == "" {
			return unusable("holds no trust policy")
		}
		found = Role{*out.Role.Arn, []byte(policy), time.Duration(aws.ToInt32(out.Role.MaxSessionDuration)) * time.Second}
		return nil
	})
	return found, err
}

// otherRole: a name is unique in an account, so a role of this name elsewhere below is the one that was meant, and STS
// would not know it by the ARN that we have. Anything else is no answer to the question.
func otherRole(want bridge.RoleARN, got string) error {
	if other, err := bridge.ParseRoleARN(got); err == nil && other.Partition == want.Partition && other.Account == want.Account &&
		strings.EqualFold(other.Name, want.Name) {
		return &OtherARN{other}
	}
	return unusable(fmt.Sprintf("is about %q", clean(got)))
}

// OIDCProvider reads an OIDC provider by its ARN.
func (r *Reader) OIDCProvider(ctx context.Context, arn string) (OIDCProvider, error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || !strings.HasPrefix(part[5], "oidc-provider/") || !bridge.ValidAccountID(part[4]) {
		return OIDCProvider{}, fmt.Errorf("%q is not the ARN of an IAM OIDC provider", arn)
	}
	var found OIDCProvider
	err := r.read(ctx, part[1], part[4], func(ctx context.Context, client *iam.Client) error {
		out, err := client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(arn)})
		if err != nil {
			return err
		}
		if aws.ToString(out.Url) == "" {
			return unusable("names no URL")
		}
		found = OIDCProvider{*out.Url, out.ClientIDList}
		return nil
	})
	return found, err
}

// SAMLProvider reads a SAML provider.
func (r *Reader) SAMLProvider(ctx context.Context, arn bridge.SAMLProviderARN) (SAMLProvider, error) {
	var found SAMLProvider
	err := r.read(ctx, arn.Partition, arn.Account, func(ctx context.Context, client *iam.Client) error {
		out, err := client.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(arn.String())})
		if err != nil {
			return err
		}
		if aws.ToString(out.SAMLMetadataDocument) == "" {
			return unusable("holds no metadata")
		}
		found = SAMLProvider{
			[]byte(*out.SAMLMetadataDocument), aws.ToTime(out.ValidUntil), string(out.AssertionEncryptionMode),
			aws.ToString(out.SAMLProviderUUID), len(out.PrivateKeyList),
		}
		return nil
	})
	return found, err
}

// Caller tells whose credentials the caller's own are in a partition: the ARN as GetCallerIdentity gives it.
func (r *Reader) Caller(ctx context.Context, partition string) (string, error) {
	p, err := partitionOf(partition)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Limits.Total)
	defer cancel()
	_, who, err := r.caller(ctx, p)
	return who, err
}

// read gets credentials for an account, waits for a place, and asks.
func (r *Reader) read(ctx context.Context, partition, id string, ask func(context.Context, *iam.Client) error) error {
	p, err := partitionOf(partition)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Limits.Total)
	defer cancel()
	a := r.account(p, id)
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	signer, err := a.signer(ctx, r)
	if err != nil {
		return err
	}
	return a.judge(explain(ctx, "IAM", ask(ctx, r.iam(p, signer))))
}

func (r *Reader) account(p bridge.Partition, id string) *account {
	key := p.ID + ":" + id
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.accounts[key]
	if a == nil {
		a = &account{partition: p, id: id, places: make(chan struct{}, r.config.Limits.InFlight), now: r.config.Now}
		r.accounts[key] = a
	}
	return a
}
