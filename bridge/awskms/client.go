package awskms

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/fedbridge/fedbridge/bridge"
)

// Config says how KMS is asked. The zero Config asks AWS's own regional endpoints with the SDK's default credentials.
type Config struct {
	// Credentials sign the calls. Nil means the default chain of the SDK (environment, IRSA, profile, container,
	// instance). With a value here, the machine's AWS environment is never looked at.
	Credentials *Credentials
	// Endpoint is asked instead of AWS's own, for every region.
	Endpoint  string
	FIPS      bool // FIPS endpoints; not together with an endpoint
	DualStack bool // dual-stack endpoints; not together with an endpoint
	Limits    Limits
	RootCAs   *x509.CertPool // nil: the system's
}

// Credentials are fedbridge's own, given in code.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey bridge.Secret
	SessionToken    bridge.Secret
}

// Limits bound what a slow or refusing KMS can cost. A zero field means the default.
type Limits struct {
	InFlight int           // calls at once; default 32
	Waiting  int           // calls that wait for a place; the next fails at once; default 256
	Attempt  time.Duration // until the answer of one attempt begins; default 2 s
	Total    time.Duration // for a call with its retry and its waiting; default 5 s
}

func (l Limits) withDefaults() Limits {
	if l.InFlight <= 0 {
		l.InFlight = 32
	}
	if l.Waiting <= 0 {
		l.Waiting = 256
	}
	if l.Attempt <= 0 {
		l.Attempt = 2 * time.Second
	}
	if l.Total <= 0 {
		l.Total = 5 * time.Second
	}
	return l
}

// Client is bridge/mint's KMS. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	gate   gate

	mu       sync.Mutex
	provider aws.CredentialsProvider // once loaded
	regions  map[string]*kms.Client
}

// New makes a Client. It touches neither network nor environment.
func New(c Config) *Client {
	c.Limits = c.Limits.withDefaults()
	return &Client{
		config: c, http: newHTTPClient(c), regions: map[string]*kms.Client{},
		gate: gate{places: make(chan struct{}, c.Limits.InFlight), room: int64(c.Limits.Waiting)},
	}
}

// PublicKey gives the public half of a key that signs.
func (c *Client) PublicKey(ctx context.Context, arn string) (crypto.PublicKey, error) {
	var public crypto.PublicKey
	err := c.ask(ctx, "GetPublicKey", arn, func(ctx context.Context, client *kms.Client) error {
		out, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(arn)})
		if err != nil {
			return err
		}
		// Whoever answers for another key is no KMS of ours; an encryption key can't sign.
		if aws.ToString(out.KeyId) != arn {
			return errOtherKey
		}
		if out.KeyUsage != types.KeyUsageTypeSignVerify {
			return fmt.Errorf("the key is for %.40q: make one with key usage SIGN_VERIFY", out.KeyUsage)
		}
		public, err = x509.ParsePKIXPublicKey(out.PublicKey)
		return err
	})
	return public, err
}

var signing = map[string]types.SigningAlgorithmSpec{
	"RS256": types.SigningAlgorithmSpecRsassaPkcs1V15Sha256,
	"ES256": types.SigningAlgorithmSpecEcdsaSha256,
}

// Sign signs a SHA-256 digest by RS256 (PKCS #1 v1.5) or ES256 (ASN.1 DER). Whether the signature is the key's is the
// caller's to verify.
func (c *Client) Sign(ctx context.Context, arn, algorithm string, digest []byte) ([]byte, error) {
	var signature []byte
	err := c.ask(ctx, "Sign", arn, func(ctx context.Context, client *kms.Client) error {
		by, ok := signing[algorithm]
		if !ok {
			return fmt.Errorf("no algorithm %q", algorithm)
		}
		out, err := client.Sign(ctx, &kms.SignInput{
			KeyId: aws.String(arn), Message: digest, MessageType: types.MessageTypeDigest, SigningAlgorithm: by,
		})
		if err != nil {
			return err
		}
		if aws.ToString(out.KeyId) != arn {
			return errOtherKey
		}
		signature = out.Signature
		return nil
	})
	return signature, err
}

// ask makes one call within its bounds.
func (c *Client) ask(ctx context.Context, action, arn string, call func(context.Context, *kms.Client) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.config.Limits.Total)
	defer cancel()
	err := c.gate.enter(bounded)
	if err == nil {
		defer c.gate.leave()
		var client *kms.Client
		if client, err = c.region(bounded, arn); err == nil {
			err = call(bounded, client)
		}
	}
	return translate(ctx, action, arn, c.config.Limits.Total, err)
}

// region gives the client of the region that a key is in.
func (c *Client) region(ctx context.Context, arn string) (*kms.Client, error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[2] != "kms" || !strings.HasPrefix(part[5], "key/") {
		return nil, fmt.Errorf("%.100q is not the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID", arn)
	}
	region := part[3]
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.regions[region]; ok {
		return client, nil
	}
	if c.provider == nil {
		// Reading the environment and two small files: no network, so the lock may be held.
		provider, err := c.config.credentials(ctx, region)
		if err != nil {
			return nil, err
		}
		c.provider = provider
	}
	client := kms.New(c.options(region, c.provider))
	c.regions[region] = client
	return client, nil
}

func (c *Client) options(region string, provider aws.CredentialsProvider) kms.Options {
	options := kms.Options{
		Region: region, HTTPClient: c.http, Credentials: provider, AppID: "fedbridge",
		// One more attempt, soon: the SDK would try three times with up to twenty seconds in between.
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, 200*time.Millisecond }),
	}
	if c.config.Endpoint != "" {
		options.BaseEndpoint = aws.String(c.config.Endpoint)
	}
	if c.config.FIPS {
		options.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
	}
	if c.config.DualStack {
		options.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	return options
}
