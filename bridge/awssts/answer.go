package awssts

import (
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fedbridge/fedbridge/bridge"
)

// accessKeyID is the shape that the STS model gives, and the prefix of temporary keys (IAM identifiers).
var accessKeyID = regexp.MustCompile(`^ASIA[A-Za-z0-9_]{12,124}$`)

// slack is how much sooner than asked a session may end before it counts as shortened: the call takes time, and STS
// counts from its own clock.
const slack = time.Minute

// accept compares the answer with the question, and makes credentials of it. A session of another account, role or name
// than the one asked for is thrown away (threat A17).
func (c *Client) accept(q question, a answer, began time.Time) (bridge.Credentials, error) {
	if a.user == nil || aws.ToString(a.user.Arn) == "" {
		return bridge.Credentials{}, unusable("names no role session")
	}
	// The ARN of a session has no path, so that it can be compared with what we expect but not turned back into the
	// ARN of a role (facts trap 12).
	if want := q.Role.ARN.AssumedRole(q.SessionName); *a.user.Arn != want {
		return bridge.Credentials{}, bridge.Fail(bridge.CodeSTSWrongRole,
			fmt.Errorf("sts: asked for %s, answered %q", want, clean(*a.user.Arn, &q.Proof.Raw)))
	}
	got := a.credentials
	switch {
	case got == nil:
		return bridge.Credentials{}, unusable("holds no credentials")
	case !accessKeyID.MatchString(aws.ToString(got.AccessKeyId)):
		return bridge.Credentials{}, unusable("has no access key id of temporary credentials")
	case aws.ToString(got.SecretAccessKey) == "" || aws.ToString(got.SessionToken) == "":
		return bridge.Credentials{}, unusable("lacks the secret key or the session token")
	case got.Expiration == nil:
		return bridge.Credentials{}, unusable("doesn't say when it expires")
	case !got.Expiration.After(c.now()):
		return bridge.Credentials{}, unusable("expired at " + got.Expiration.UTC().Format(time.RFC3339) + " already")
	}
	return bridge.Credentials{
		AccessKeyID:     *got.AccessKeyId,
		SecretAccessKey: bridge.NewSecret(*got.SecretAccessKey), SessionToken: bridge.NewSecret(*got.SessionToken),
		Expires: *got.Expiration, AssumedRoleARN: *a.user.Arn, Role: q.Role, SessionName: q.SessionName,
		CapReason: q.capReason(*got.Expiration, began), Chained: q.Via == bridge.ViaAssumeRole && c.own.chained(),
		Utilization: int(aws.ToInt32(a.utilization)),
	}, nil
}

func (q question) capReason(expires, began time.Time) bridge.CapReason {
	if expires.Before(began.Add(q.Duration - slack)) {
		return bridge.CapSTS
	}
	return q.capped
}

func unusable(what string) error {
	return bridge.Fail(bridge.CodeSTSAnswer, fmt.Errorf("sts: the answer %s", what))
}
