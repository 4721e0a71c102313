package trust_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestVerdictsAgreeWithAWS spoils policies and really asks for the role: what the doctor says of our call is what a strict
// AWS does.
func TestVerdictsAgreeWithAWS(t *testing.T) {
	for _, c := range loopCases() {
		everything := strings.HasSuffix(c.name, "-everything") && !strings.Contains(c.name, "authorized")
		plain := c.name == "aws-saml" || strings.HasPrefix(c.name, "aws-web_identity") && c.need.Role.MaxSession == time.Hour
		if c.need.Role.ARN.Partition != "aws" || !everything && !plain {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			found := asPlanned(plan.Accounts[0])
			w := newStage(t, c.need, plan.Accounts[0], string(found.Role.TrustPolicy))
			said := map[trust.Effect]int{}
			for _, m := range mutations {
				var p spoiled
				if err := json.Unmarshal(found.Role.TrustPolicy, &p); err != nil {
					t.Fatal(err)
				}
				if !m.change(c.need, p) || strings.Contains(fmt.Sprint(p), "aws:SecureTransport") {
					continue // the doctor takes TLS for granted, and this AWS is reached without
				}
				raw, _ := json.Marshal(p)
				spoilt := found
				spoilt.Role.TrustPolicy = raw
				v := trust.Judge(c.need, spoilt, time.Now())
				said[v.Answer]++
				w.role(c.need.Role.ARN, string(raw), found.Role.MaxSession)
				err := w.try(w.usual())
				switch {
				case v.Answer == trust.Allow && err != nil:
					t.Errorf("%s: said to be allowed (%s), and %v", m.name, v.Reason, err)
				case v.Answer == trust.Deny && bridge.CodeOf(err) != bridge.CodeSTSRefused:
					t.Errorf("%s: said to be denied (%s), and %v", m.name, v.Reason, err)
				}
			}
			if said[trust.Allow] < 5 || said[trust.Deny] < 5 {
				t.Errorf("this says little: %v", said)
			}
		})
	}
}
