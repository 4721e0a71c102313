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
	switch {
	case q.Via == bridge.ViaSAML, q.Via == bridge.ViaIssuer && q.Proof.Kind == bridge.ProofSAML:
		return q.assumeRoleWithSAML(ctx, client)
	case q.Via == bridge.ViaWebIdentity, q.Via == bridge.ViaIssuer:
		return q.assumeRoleWithWebIdentity(ctx, client)
	}
	return q.assumeRole(ctx, client)
}

func (q question) assumeRole(ctx context.Context, client *sts.Client) (answer, error) {
	in := &sts.AssumeRoleInput{
		RoleArn: aws.String(q.Role.ARN.String()), RoleSessionName: aws.String(q.SessionName), DurationSeconds: q.seconds(),
		ExternalId: optional(q.Role.ExternalID), SourceIdentity: optional(q.SourceIdentity),
		Policy: q.policy(), PolicyArns: q.policies(),
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

// assumeRoleWithSAML sends the response as it was verified or minted, byte for byte. It has no session name: STS reads the
// attribute. Session policies go along with what was minted only (checkRelay): they are safe on an unsigned call as long
// as TLS is, and an endpoint without TLS is refused (facts trap 13).
func (q question) assumeRoleWithSAML(ctx context.Context, client *sts.Client) (answer, error) {
	out, err := client.AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
		RoleArn: aws.String(q.Role.ARN.String()), PrincipalArn: aws.String(q.Role.SAMLProvider.String()),
		SAMLAssertion: aws.String(q.Proof.Raw.Reveal()), DurationSeconds: q.seconds(),
		Policy: q.policy(), PolicyArns: q.policies(),
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
		Policy: q.policy(), PolicyArns: q.policies(),
	})
	if err != nil {
		return answer{}, err
	}
	return answer{out.Credentials, out.AssumedRoleUser, out.SessionTokenUtilization}, nil
}

func (q question) policy() *string { return optional(q.Role.SessionPolicy) }

// policies is nil where there are none: an empty list is sent as "PolicyArns=", which STS refuses (facts trap 10).
func (q question) policies() []types.PolicyDescriptorType {
	var list []types.PolicyDescriptorType
	for _, arn := range q.Role.SessionPolicyARNs {
		list = append(list, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	return list
}

// seconds is always sent: what STS takes for its absence (one hour) may be more than was allowed.
func (q question) seconds() *int32 { return aws.Int32(int32(q.Duration / time.Second)) }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
