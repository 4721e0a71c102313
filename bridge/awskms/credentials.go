package awskms

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// credentials gives what signs the calls: what was given in code, or the SDK's default chain.
func (c Config) credentials(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	if own := c.Credentials; own != nil {
		return credentials.StaticCredentialsProvider{Value: aws.Credentials{
			AccessKeyID: own.AccessKeyID, SecretAccessKey: own.SecretAccessKey.Reveal(),
			SessionToken: own.SessionToken.Reveal(), Source: "fedbridge configuration",
		}}, nil
	}
	found, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(region),
		config.WithLogger(logging.Nop{}), // what fails comes back as an error
		config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute
			o.ExpiryWindowJitterFrac = 0.5
		}))
	if err != nil {
		return nil, err
	}
	if found.Credentials == nil {
		return nil, errNoCredentials
	}
	return found.Credentials, nil
}

var errNoCredentials = errors.New("the default chain found no credentials: give fedbridge an instance role, a task role or a profile that may use the key")
