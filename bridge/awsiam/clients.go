package awsiam

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedbridge/fedbridge/bridge"
)

// appID is what AWS's logs call us.
const appID = "fedbridge"

// iam makes a client for one partition. IAM has no regions: a partition's first one is what signatures are scoped to,
// and what leads to its endpoint.
func (r *Reader) iam(p bridge.Partition, signer aws.CredentialsProvider) *iam.Client {
	o := iam.Options{
		Region: p.DefaultRegion, HTTPClient: r.http, Credentials: signer, Retryer: r.retryer(), AppID: appID,
	}
	endpoint := r.config.Partitions[p.ID].Endpoint
	if endpoint == "" {
		endpoint = r.config.Endpoint
	}
	switch {
	case endpoint != "":
		o.BaseEndpoint = aws.String(endpoint)
	default:
		if r.config.FIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if r.config.DualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	}
	return iam.New(o)
}

// sts makes a client for one partition.
func (r *Reader) sts(p bridge.Partition, signer aws.CredentialsProvider) *sts.Client {
	own := r.config.Partitions[p.ID]
	o := sts.Options{Region: own.Region, HTTPClient: r.http, Credentials: signer, Retryer: r.retryer(), AppID: appID}
	if o.Region == "" {
		o.Region = p.DefaultRegion
		if p.HasRegion(r.config.Region) {
			o.Region = r.config.Region
		}
	}
	endpoint := own.STSEndpoint
	if endpoint == "" {
		endpoint = r.config.STSEndpoint
	}
	switch {
	case endpoint != "":
		o.BaseEndpoint = aws.String(endpoint)
	default:
		if r.config.FIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if r.config.DualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	}
	return sts.New(o)
}

// retryer tries again where IAM throttles, which it does early, or fails. A call that timed out is not made again: the
// reader would only wait twice as long.
func (r *Reader) retryer() aws.Retryer {
	limits := r.config.Limits
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = limits.Attempts, limits.Backoff
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if isTimeout(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

func partitionOf(id string) (bridge.Partition, error) {
	p, ok := bridge.PartitionByID(id)
	if !ok {
		return bridge.Partition{}, fmt.Errorf("%q is not a partition that fedbridge knows", id)
	}
	return p, nil
}

// sessionLength is the shortest that STS gives.
const sessionLength = 15 * time.Minute
