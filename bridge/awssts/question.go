package awssts

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/fedbridge/fedbridge/bridge"
)

// question is an exchange on its way to STS.
type question struct {
	bridge.ExchangeRequest
	signer aws.Credentials // for assume_role
	capped bridge.CapReason
}

// answer is what the three calls have in common.
type answer struct {
	credentials *types.Credentials
	user        *types.AssumedRoleUser
	utilization *int32
}

// limit shortens a wish that a chained caller can't have.
func (q *question) limit(o *own) {
	if o.chained() && q.Duration > chainedMax {
		q.Duration, q.capped = chainedMax, bridge.CapChained
	}
}

func (q question) send(ctx context.Context, client *sts.Client) (answer, error) {
	switch q.Via {
	case bridge.ViaSAML:
		return q.assumeRoleWithSAML(ctx, client)
	case bridge.ViaWebIdentity:
		return q.assumeRoleWithWebIdentity(ctx, client)
	}
	return q.assumeRole(ctx, client)
}

func (q question) assumeRole(ctx context.Context, client *sts.Client) (answer, error) {
	in := &sts.AssumeRoleInput{
		RoleArn: aws.String(q.Role.ARN.String()), RoleSessionName: aws.String(q.SessionName), DurationSeconds: q.seconds(),
		ExternalId: optional(q.Role.ExternalID), SourceIdentity: optional(q.SourceIdentity),
		Policy: optional(q.Role.SessionPolicy),
	}
	// Facts trap 10: an empty list is sent as "PolicyArns=", which STS refuses; nil is not sent.
	for _, arn := range q.Role.SessionPolicyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	for _, tag := range q.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(tag.Key), Value: aws.String(tag.Value)})
	}
	if len(q.Role.TransitiveTags) > 0 {
		in.TransitiveTagKeys = q.Role.TransitiveTags
	}
	out, err := client.AssumeRole(ctx, in, q.sign)
	if err != nil {
		return answer{}, err
	}
	return answer{out.Credentials, out.AssumedRoleUser, out.SessionTokenUtilization}, nil
}

// sign makes one call a signed one, with exactly the credentials that were looked at to tell whether it is chained.
func (q question) sign(o *sts.Options) {
	o.Credentials = credentials.StaticCredentialsProvider{Value: q.signer}
}

// assumeRoleWithSAML sends the response as it was verified, byte for byte. It has no session name: STS reads the
// attribute. No session policy either: on an unsigned call it could be stripped on the way (facts trap 13).
func (q question) assumeRoleWithSAML(ctx context.Context, client *sts.Client) (answer, error) {
	out, err := client.AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
		RoleArn: aws.String(q.Role.ARN.String()), PrincipalArn: aws.String(q.Role.SAMLProvider.String()),
		SAMLAssertion: aws.String(q.Proof.Raw.Reveal()), DurationSeconds: q.seconds(),
	})
	if err != nil {
		return answer{}, err
	}
	return answer{out.Credentials, out.AssumedRoleUser, out.SessionTokenUtilization}, nil
}

func (q question) assumeRoleWithWebIdentity(ctx context.Context, client *sts.Client) (answer, error) {
	out, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(q.Role.ARN.String()), RoleSessionName: aws.String(q.SessionName),
		WebIdentityToken: aws.String(q.Proof.Raw.Reveal()), DurationSeconds: q.seconds(),
	})
	if err != nil {
		return answer{}, err
	}
	return answer{out.Credentials, out.AssumedRoleUser, out.SessionTokenUtilization}, nil
}

// seconds is always sent: what STS takes for its absence (one hour) may be more than was allowed.
func (q question) seconds() *int32 { return aws.Int32(int32(q.Duration / time.Second)) }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
