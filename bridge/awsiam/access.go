package awsiam

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/fedbridge/fedbridge/bridge"
)

// own is the caller: whose credentials they are, in each partition.
type own struct {
	load func(context.Context) (aws.CredentialsProvider, error)

	mu       sync.Mutex
	provider aws.CredentialsProvider
	who      map[string]string // by partition
	failed   map[string]error
	until    map[string]time.Time
}

func newOwn(c Config) *own {
	o := &own{who: map[string]string{}, failed: map[string]error{}, until: map[string]time.Time{}}
	if c.Credentials == nil {
		region := c.Region
		o.load = func(ctx context.Context) (aws.CredentialsProvider, error) { return chain(ctx, region, "") }
		return o
	}
	static := credentials.StaticCredentialsProvider{Value: aws.Credentials{
		AccessKeyID: c.Credentials.AccessKeyID, SecretAccessKey: c.Credentials.SecretAccessKey.Reveal(),
		SessionToken: c.Credentials.SessionToken.Reveal(), Source: "fedbridge configuration",
	}}
	o.load = func(context.Context) (aws.CredentialsProvider, error) { return static, nil }
	return o
}

// caller gives the caller's own credentials and the ARN behind them. They belong to one partition: in another one, STS
// doesn't know them.
func (r *Reader) caller(ctx context.Context, p bridge.Partition) (aws.CredentialsProvider, string, error) {
	o := r.own
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failed[p.ID]; err != nil && r.config.Now().Before(o.until[p.ID]) {
		return nil, "", err
	}
	provider, who, err := r.askCaller(ctx, p)
	if err != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		o.failed[p.ID], o.until[p.ID] = err, r.config.Now().Add(believeFailure)
	}
	return provider, who, err
}

func (r *Reader) askCaller(ctx context.Context, p bridge.Partition) (aws.CredentialsProvider, string, error) {
	o := r.own
	if o.provider == nil {
		provider, err := o.load(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("no AWS credentials: %s", clean(err.Error()))
		}
		o.provider = provider
	}
	if who := o.who[p.ID]; who != "" {
		return o.provider, who, nil
	}
	patient, cancel := context.WithTimeout(ctx, r.config.Limits.Attempt)
	defer cancel()
	// Facts trap 11: a client without credentials doesn't fail but calls unsigned.
	found, err := o.provider.Retrieve(patient)
	if err == nil && (found.AccessKeyID == "" || found.SecretAccessKey == "") {
		err = errors.New("they are empty")
	}
	if err != nil {
		return nil, "", fmt.Errorf("no AWS credentials: %s", clean(err.Error()))
	}
	out, err := r.sts(p, o.provider).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, "", explain(ctx, "STS, asked whose the AWS credentials are,", err)
	}
	who := aws.ToString(out.Arn)
	if !bridge.ValidAccountID(accountOf(who)) {
		return nil, "", explain(ctx, "STS, asked whose the AWS credentials are,", unusable(fmt.Sprintf("names no caller: %q", clean(who))))
	}
	o.who[p.ID] = who
	return o.provider, who, nil
}

func profile(ctx context.Context, name string, p bridge.Partition) (aws.CredentialsProvider, error) {
	return chain(ctx, p.DefaultRegion, name)
}

// chain is the SDK's default: environment, IRSA, profile, container, instance; or a profile alone.
func chain(ctx context.Context, region, profile string) (aws.CredentialsProvider, error) {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // what fails comes back as an error
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if cfg.Credentials == nil {
		return nil, errors.New("the default chain found none")
	}
	return cfg.Credentials, nil
}

// readOnly is all that a session of the role to read with may do, whatever the role allows.
const readOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:GetSAMLProvider",` +
	`"iam:GetOpenIDConnectProvider"],"Resource":"*"}]}`

// readRole assumes the role to read with.
type readRole struct {
	client *sts.Client
	role   bridge.RoleARN
}

// sessionName is what CloudTrail shows.
const sessionName = "fedbridge-trust-check"

// Retrieve gives credentials of a session of fifteen minutes.
func (p *readRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	out, err := p.client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(p.role.String()), RoleSessionName: aws.String(sessionName),
		DurationSeconds: aws.Int32(int32(sessionLength / time.Second)), Policy: aws.String(readOnly),
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	// Threat A17: the answer must be about the role that was asked for.
	if out.AssumedRoleUser == nil || aws.ToString(out.AssumedRoleUser.Arn) != p.role.AssumedRole(sessionName) {
		return aws.Credentials{}, unusable("is for another role")
	}
	c := out.Credentials
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || aws.ToString(c.SessionToken) == "" || c.Expiration == nil {
		return aws.Credentials{}, unusable("holds no credentials")
	}
	return aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
		CanExpire: true, Expires: *c.Expiration,
	}, nil
}
