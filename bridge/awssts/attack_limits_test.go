package awssts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/fedbridge/fedbridge/bridge"
)

// texts are values at and beyond the limits of every field, and what could be smuggled in one.
func texts() []string {
	all := []string{
		"", "a", "ab", "a b", " ab", "ab ", "ab\n", "\nab", "ab\x00", "ab\t", "ab\u00a0", "ab\u2028", "ab\u202e", "äö", "Ünï", "ﬀﬀ", "٣٤", "ab\xff",
		"aws:ab", "AWS:ab", "aWs:ab", "awsab", "ab'", `ab"`, "ab\\", "ab;", "ab&Action=GetCallerIdentity", "ab%00", "*", "ab*", "${aws:userid}", "<ab>",
		"ab+=,.@-_", "ab:/", "ab#", "ſab", "K-ab", "😀😀", "{}", "[ab]",
	}
	for _, n := range []int{63, 64, 65, 128, 129, 256, 257, 1224, 1225} {
		all = append(all, strings.Repeat("x", n), strings.Repeat("é", n), strings.Repeat("🜀", n))
	}
	return all
}

// TestAttackLimitsAgree holds our limits against those of an STS that was written from the same facts by itself: what we
// send, it doesn't call invalid; what we refuse before the call, it would have refused.
func TestAttackLimitsAgree(t *testing.T) {
	w := newWorld(t)
	direct := sts.New(sts.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.sts.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(w.key.AccessKeyID, w.key.SecretAccessKey, ""),
	})
	fields := map[string]func(q *bridge.ExchangeRequest, s string){
		"session name":    func(q *bridge.ExchangeRequest, s string) { q.SessionName = s },
		"external id":     func(q *bridge.ExchangeRequest, s string) { q.Role.ExternalID = s },
		"source identity": func(q *bridge.ExchangeRequest, s string) { q.SourceIdentity = s },
		"tag key":         func(q *bridge.ExchangeRequest, s string) { q.Tags = append(q.Tags, bridge.Tag{Key: s, Value: "v"}) },
		"tag value":       func(q *bridge.ExchangeRequest, s string) { q.Tags = append(q.Tags, bridge.Tag{Key: "k", Value: s}) },
		"twin of a tag": func(q *bridge.ExchangeRequest, s string) {
			q.Tags = append(q.Tags, bridge.Tag{Key: s}, bridge.Tag{Key: strings.ToUpper(s)})
		},
		"transitive": func(q *bridge.ExchangeRequest, s string) { q.Role.TransitiveTags = []string{s} },
	}
	for name, set := range fields {
		for _, s := range texts() {
			if s == "" && (name == "external id" || name == "source identity") {
				continue // means that there is none
			}
			if !slices.Contains([]string{"tag key", "tag value"}, name) && len(s) > 200 && name != "external id" {
				continue
			}
			agree(t, w, direct, fmt.Sprintf("%s %.40q of %d", name, s, len(s)), assume(func(q *bridge.ExchangeRequest) { set(q, s) }))
		}
	}
	for _, d := range []time.Duration{-1, 0, 1, 899, 900, 901, 3600, 43199, 43200, 43201, 1e9, 1<<31 - 1} {
		agree(t, w, direct, fmt.Sprint("seconds ", int64(d)), assume(func(q *bridge.ExchangeRequest) { q.Duration = d * time.Second }))
	}
	for _, n := range []int{2048, 2049} {
		for _, character := range []string{"a", "é", "€"} {
			const frame = `{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
			policy := strings.Replace(frame, `"Sid":"`, `"Sid":"`+strings.Repeat(character, n-len(frame)), 1)
			agree(t, w, direct, fmt.Sprintf("policy of %d %s", n, character), assume(func(q *bridge.ExchangeRequest) {
				q.Role.SessionPolicy, q.Tags, q.Role.TransitiveTags = policy, nil, nil
			}))
		}
	}
}

func agree(t *testing.T, w *world, direct *sts.Client, what string, q bridge.ExchangeRequest) {
	t.Helper()
	before := w.aws.Calls("AssumeRole")
	_, err := w.client(t).Exchange(context.Background(), q)
	if w.aws.Calls("AssumeRole") > before { // sent: what comes back may be a refusal, but not of the form
		if bridge.CodeOf(err) == bridge.CodeSTSInvalidRequest {
			t.Errorf("%s was sent, and STS calls it invalid: %v", what, err)
		}
		return
	}
	in := &sts.AssumeRoleInput{
		RoleArn: aws.String(q.Role.ARN.String()), RoleSessionName: &q.SessionName, ExternalId: &q.Role.ExternalID,
		SourceIdentity: &q.SourceIdentity, DurationSeconds: aws.Int32(int32(q.Duration / time.Second)), Policy: &q.Role.SessionPolicy,
		TransitiveTagKeys: q.Role.TransitiveTags,
	}
	for _, tag := range q.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: &tag.Key, Value: &tag.Value})
	}
	for range 5 { // the SDK's own way of sending sometimes closes the connection under the answer: see whole in transport.go
		_, err = direct.AssumeRole(context.Background(), in)
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ValidationError" {
			return
		}
	}
	t.Errorf("%s is refused before the call, and STS would have said %v", what, err)
}
