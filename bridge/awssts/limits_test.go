package awssts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// TestLimits: what STS would refuse never reaches it.
func TestLimits(t *testing.T) {
	type request = bridge.ExchangeRequest
	tags := func(n int) []bridge.Tag {
		out := make([]bridge.Tag, n)
		for i := range out {
			out[i].Key = "k" + strings.Repeat("x", i)
		}
		return out
	}
	tag := func(key, value string) func(*request) {
		return func(q *request) { q.Tags = []bridge.Tag{{Key: key, Value: value}} }
	}
	cases := []struct {
		name string
		via  bridge.Via
		edit func(*request)
		want bridge.Code // "" for one that passes
	}{
		{"no duration", bridge.ViaSAML, func(q *request) { q.Duration = 0 }, bridge.CodeDuration},
		{"negative", bridge.ViaSAML, func(q *request) { q.Duration = -1 }, bridge.CodeDuration},
		{"899 s", bridge.ViaAssumeRole, func(q *request) { q.Duration = 899 * time.Second }, bridge.CodeDuration},
		{"900 s", bridge.ViaAssumeRole, func(q *request) { q.Duration = 900 * time.Second }, ""},
		{"43200 s", bridge.ViaSAML, func(q *request) { q.Duration = 43200 * time.Second }, ""},
		{"43201 s", bridge.ViaSAML, func(q *request) { q.Duration = 43201 * time.Second }, bridge.CodeDuration},
		{"half a second", bridge.ViaSAML, func(q *request) { q.Duration = time.Hour + 500*time.Millisecond }, bridge.CodeDuration},
		{"name of one character", bridge.ViaAssumeRole, func(q *request) { q.SessionName = "a" }, bridge.CodeSTSInvalidRequest},
		{"name with a blank", bridge.ViaWebIdentity, func(q *request) { q.SessionName = "a b" }, bridge.CodeSTSInvalidRequest},
		{"no such via", "pigeon", func(*request) {}, bridge.CodeInternal},

		{"no proof", bridge.ViaSAML, func(q *request) { q.Proof = bridge.Proof{} }, bridge.CodeProofMissing},
		{"a token for a response", bridge.ViaSAML, func(q *request) { q.Proof.Kind = bridge.ProofIDToken }, bridge.CodeProofMissing},
		{"a response for a token", bridge.ViaWebIdentity, func(q *request) { q.Proof.Kind = bridge.ProofSAML }, bridge.CodeProofMissing},
		{"response of 3", bridge.ViaSAML, func(q *request) { q.Proof.Raw = bridge.NewSecret("abc") }, bridge.CodeProofMissing},
		{"response of 100000", bridge.ViaSAML, func(q *request) { q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 100_000)) }, ""},
		{"response of 100001", bridge.ViaSAML, func(q *request) { q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 100_001)) }, bridge.CodeProofTooLarge},
		{"token of 20001", bridge.ViaWebIdentity, func(q *request) { q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 20_001)) }, bridge.CodeProofTooLarge},
		{"relay without SAML provider", bridge.ViaSAML, func(q *request) { q.Role.SAMLProvider = bridge.SAMLProviderARN{} }, bridge.CodeInternal},
		{"relay with session policy", bridge.ViaSAML, func(q *request) { q.Role.SessionPolicy = "{}" }, bridge.CodeInternal},
		{"relay with managed policy", bridge.ViaWebIdentity, func(q *request) { q.Role.SessionPolicyARNs = []string{"arn:aws:iam::aws:policy/X"} }, bridge.CodeInternal},
		{"relay with tags", bridge.ViaSAML, tag("Team", "a"), bridge.CodeInternal},
		{"relay with source identity", bridge.ViaWebIdentity, func(q *request) { q.SourceIdentity = "ada" }, bridge.CodeInternal},

		{"nothing minted", bridge.ViaIssuer, func(q *request) { q.Proof = bridge.Proof{} }, bridge.CodeIssuerMint},
		{"minted, of no kind", bridge.ViaIssuer, func(q *request) { q.Proof.Kind = "" }, bridge.CodeIssuerMint},
		{"minted token of 20000", bridge.ViaIssuer, func(q *request) { q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 20_000)) }, ""},
		{"minted token of 20001", bridge.ViaIssuer, func(q *request) { q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 20_001)) }, bridge.CodeSessionTooLarge},
		{"minted response of 100000", bridge.ViaIssuer, func(q *request) { asSAML(q); q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 100_000)) }, ""},
		{"minted response of 100001", bridge.ViaIssuer, func(q *request) { asSAML(q); q.Proof.Raw = bridge.NewSecret(strings.Repeat("a", 100_001)) }, bridge.CodeSessionTooLarge},
		{"minted response without SAML provider", bridge.ViaIssuer, func(q *request) { asSAML(q); q.Role.SAMLProvider = bridge.SAMLProviderARN{} }, bridge.CodeInternal},
		{"minted, session policy", bridge.ViaIssuer, func(q *request) { q.Role.SessionPolicy = "{}" }, ""},
		{"minted, policy of 2049", bridge.ViaIssuer, func(q *request) { q.Role.SessionPolicy = strings.Repeat("a", 2049) }, bridge.CodeSessionTooLarge},
		{"minted, policy beyond U+00FF", bridge.ViaIssuer, func(q *request) { q.Role.SessionPolicy = `{"x":"€"}` }, bridge.CodeSTSPolicy},
		{"minted, 11 managed policies", bridge.ViaIssuer, func(q *request) { q.Role.SessionPolicyARNs = make([]string, 11) }, bridge.CodeSessionTooLarge},
		{"minted, 51 tags", bridge.ViaIssuer, func(q *request) { q.Tags = tags(51) }, bridge.CodeSessionTooLarge},
		{"minted, tag with a star", bridge.ViaIssuer, tag("Team", "*"), bridge.CodeTagValue},
		{"minted, source identity aws:", bridge.ViaIssuer, func(q *request) { q.SourceIdentity = "AWS:ada" }, bridge.CodeSourceIdentity},
		{"minted, 43201 s", bridge.ViaIssuer, func(q *request) { q.Duration = 43201 * time.Second }, bridge.CodeDuration},

		{"external id of one", bridge.ViaAssumeRole, func(q *request) { q.Role.ExternalID = "x" }, bridge.CodeSTSInvalidRequest},
		{"external id with a blank", bridge.ViaAssumeRole, func(q *request) { q.Role.ExternalID = "x y" }, bridge.CodeSTSInvalidRequest},
		{"external id of 1224", bridge.ViaAssumeRole, func(q *request) { q.Role.ExternalID = strings.Repeat("x", 1224) }, ""},
		{"external id of 1225", bridge.ViaAssumeRole, func(q *request) { q.Role.ExternalID = strings.Repeat("x", 1225) }, bridge.CodeSTSInvalidRequest},
		{"source identity aws:", bridge.ViaAssumeRole, func(q *request) { q.SourceIdentity = "AWS:ada" }, bridge.CodeSourceIdentity},
		{"source identity with a blank", bridge.ViaAssumeRole, func(q *request) { q.SourceIdentity = "a da" }, bridge.CodeSourceIdentity},
		{"policy of 2048", bridge.ViaAssumeRole, func(q *request) { q.Role.SessionPolicy = strings.Repeat("é", 2048) }, ""},
		{"policy of 2049", bridge.ViaAssumeRole, func(q *request) { q.Role.SessionPolicy = strings.Repeat("a", 2049) }, bridge.CodeSessionTooLarge},
		{"policy beyond U+00FF", bridge.ViaAssumeRole, func(q *request) { q.Role.SessionPolicy = `{"x":"€"}` }, bridge.CodeSTSPolicy},
		{"11 managed policies", bridge.ViaAssumeRole, func(q *request) { q.Role.SessionPolicyARNs = make([]string, 11) }, bridge.CodeSessionTooLarge},
		{"short policy ARN", bridge.ViaAssumeRole, func(q *request) { q.Role.SessionPolicyARNs = []string{"arn:aws"} }, bridge.CodeSTSPolicy},
		{"50 tags", bridge.ViaAssumeRole, func(q *request) { q.Tags = tags(50) }, ""},
		{"51 tags", bridge.ViaAssumeRole, func(q *request) { q.Tags = tags(51) }, bridge.CodeSessionTooLarge},
		{"empty key", bridge.ViaAssumeRole, tag("", "a"), bridge.CodeTagValue},
		{"key of 129", bridge.ViaAssumeRole, tag(strings.Repeat("k", 129), "a"), bridge.CodeTagValue},
		{"key of 128 umlauts", bridge.ViaAssumeRole, tag(strings.Repeat("ü", 128), "a"), ""},
		{"key aws:", bridge.ViaAssumeRole, tag("aws:Team", "a"), bridge.CodeTagValue},
		{"empty value", bridge.ViaAssumeRole, tag("Team", ""), ""},
		{"value of 257", bridge.ViaAssumeRole, tag("Team", strings.Repeat("v", 257)), bridge.CodeTagValue},
		{"value with a line end", bridge.ViaAssumeRole, tag("Team", "a\nb"), bridge.CodeTagValue},
		{"value with a star", bridge.ViaAssumeRole, tag("Team", "*"), bridge.CodeTagValue},
		{"value not UTF-8", bridge.ViaAssumeRole, tag("Team", "\xff"), bridge.CodeTagValue},
		{"keys alike but for case", bridge.ViaAssumeRole, func(q *request) { q.Tags = []bridge.Tag{{Key: "Team"}, {Key: "team"}} }, bridge.CodeTagValue},
		{"transitive, but no tag", bridge.ViaAssumeRole, func(q *request) { q.Role.TransitiveTags = []string{"Team"} }, bridge.CodeTagValue},
		{"region of another partition", bridge.ViaSAML, func(q *request) { q.Role.Region = "cn-north-1" }, bridge.CodeRegion},
		{"unknown partition", bridge.ViaSAML, func(q *request) { q.Role.ARN.Partition = "aws-iso" }, bridge.CodeRegion},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sts := newStub(t, succeed)
			_, err := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}).Exchange(context.Background(), question(c.via, c.edit))
			wantCode(t, err, c.want)
			if calls := len(sts.questions()); (calls > 0) != (c.want == "") {
				t.Errorf("%d calls", calls)
			}
		})
	}
}
