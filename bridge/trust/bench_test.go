package trust_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// BenchmarkTrust: a policy of 2 KB, the last statement of which decides. speed.md wants evaluation under 20 µs.
func BenchmarkTrust(b *testing.B) {
	var s []string
	for i := range 6 {
		s = append(s, fmt.Sprintf(`{"Effect":"Allow","Principal":{"Federated":["%s%d","%s"]},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
			"Condition":{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"},"StringLike":{"saml:sub":"%d*"},
			"NotIpAddress":{"aws:SourceIp":"10.%d.0.0/16"}}}`, samlARN, i, samlARN, i, i))
	}
	raw := []byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(s, ",") + `]}`)
	p, err := trust.Parse(raw)
	if err != nil {
		b.Fatal(err)
	}
	r := trust.Request{
		Principal: saml, Action: "sts:AssumeRoleWithSAML", Resource: "arn:aws:iam::123456789012:role/team/Dev",
		Opaque: []string{"aws:PrincipalOrg*", "aws:SourceVpc*"},
		Context: map[string][]string{
			"saml:aud": {"https://signin.aws.amazon.com/saml"}, "saml:sub": {"5-ada"}, "saml:iss": {"https://idp.example.com"},
			"sts:RoleSessionName": {"ada@example.com"}, "saml:namequalifier": {"1uAJanUnBc2XeUkHURMht+xam2c="}, "aws:SourceIp": {"203.0.113.7"},
			"aws:RequestTag/Team": {"shop"}, "aws:TagKeys": {"Team"}, "sts:SourceIdentity": {"ada@example.com"},
		},
	}
	b.Run("evaluate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p.Evaluate(r).Effect != trust.Allow {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(p.Characters()), "characters")
	})
	b.Run("refuse", func(b *testing.B) { // with the reason
		other := r
		other.Action = "sts:SetSourceIdentity"
		b.ReportAllocs()
		for b.Loop() {
			if p.Evaluate(other).Effect != trust.Deny {
				b.Fatal("allowed")
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := trust.Parse(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}
