package awssts

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"

	"github.com/fedbridge/fedbridge/bridge"
)

// own holds fedbridge's own credentials: what signs AssumeRole.
type own struct {
	load     func(context.Context) (aws.CredentialsProvider, error)
	now      func() time.Time
	patience time.Duration // how long one request waits for them

	mu       sync.Mutex
	provider aws.CredentialsProvider // once loaded
	failed   error                   // the last failure
	until    time.Time               // and how long it is believed
	known    bool                    // the last attempt gave credentials

	temporary atomic.Bool // they have a session token: AssumeRole is chained
	learned   atomic.Bool // STS said that it is chained
}

// believeFailure is how long a failure to get credentials is believed: a missing instance role costs seconds to find
// out, and must not cost them for each request.
const believeFailure = 10 * time.Second

func newOwn(c Config) *own {
	o := &own{now: c.Now, patience: c.Limits.Attempt}
	if c.Credentials == nil {
		region := c.Region
		o.load = func(ctx context.Context) (aws.CredentialsProvider, error) { return defaultChain(ctx, region) }
		return o
	}
	static := credentials.StaticCredentialsProvider{Value: aws.Credentials{
		AccessKeyID: c.Credentials.AccessKeyID, SecretAccessKey: c.Credentials.SecretAccessKey.Reveal(),
		SessionToken: c.Credentials.SessionToken.Reveal(), Source: "fedbridge configuration",
	}}
	o.temporary.Store(!c.Credentials.SessionToken.IsZero())
	o.load = func(context.Context) (aws.CredentialsProvider, error) { return static, nil }
	return o
}

// defaultChain is the SDK's: environment, IRSA, profile, container, instance. Our region wins over the environment's,
// so that a call which the chain itself makes goes where the operator said.
func defaultChain(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // what fails comes back as an error
		config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute
			o.ExpiryWindowJitterFrac = 0.5
		}),
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if cfg.Credentials == nil {
		return nil, errors.New("the default chain found no credentials")
	}
	return cfg.Credentials, nil
}

// get gives credentials to sign with, from the chain's cache when they are still good.
func (o *own) get(ctx context.Context) (aws.Credentials, error) {
	provider, err := o.chain(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	patient, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	found, err := provider.Retrieve(patient)
	// Facts trap 11: a client without credentials sends AssumeRole unsigned instead of failing. Half a pair is none.
	if err == nil && (found.AccessKeyID == "" || found.SecretAccessKey == "") {
		err = errors.New("the credentials are empty")
	}
	if err != nil {
		return aws.Credentials{}, o.fail(ctx, err)
	}
	o.mu.Lock()
	o.failed, o.known = nil, true
	o.mu.Unlock()
	o.temporary.Store(found.SessionToken != "")
	return found, nil
}

// chain loads the chain once, and gives the last failure while it is believed.
func (o *own) chain(ctx context.Context) (aws.CredentialsProvider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil && o.now().Before(o.until) {
		return nil, bridge.Fail(bridge.CodeSTSNoCredentials, o.failed)
	}
	if o.provider != nil {
		return o.provider, nil
	}
	// Reading the environment and two small files: no network, so the lock may be held.
	provider, err := o.load(ctx)
	if err != nil {
		return nil, o.remember(err)
	}
	o.provider = provider
	return provider, nil
}

func (o *own) fail(ctx context.Context, err error) error {
	// Somebody's lost patience says nothing about the credentials.
	if ctx.Err() != nil {
		return contextFailure(ctx, "sts: waiting for credentials to sign with")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.remember(err)
}

// remember must be called with the lock held.
func (o *own) remember(err error) error {
	o.failed, o.until, o.known = scrubbed("sts: credentials to sign with", err, nil), o.now().Add(believeFailure), false
	return bridge.Fail(bridge.CodeSTSNoCredentials, o.failed)
}

// chained tells whether AssumeRole gives one hour at most, as far as is known.
func (o *own) chained() bool { return o.temporary.Load() || o.learned.Load() }

func (o *own) state() (known bool, failed error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.known, o.failed
}
