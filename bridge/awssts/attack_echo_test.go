package awssts_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// TestAttackEcho: what stands where STS should be, and sends back what it got, in places that XML readers quote: no cause
// holds the proof or a part of it, nor whole credentials that came in a broken answer (threats A22, Z1).
func TestAttackEcho(t *testing.T) {
	token := "eyJhbGciOiJSUzI1NiJ9.CANARY" + strings.Repeat("x", 10) + ".c2lnQANARYCANARY"
	bodies := map[string]string{
		"plain": "%[1]s", "element": "<%[1]s></x>", "inside": "<AssumeRoleWithWebIdentityResponse><%[1]s></x>",
		"attribute": `<a b="%[1]s`, "entity": "<a>&%[1]s;</a>", "text": "<ErrorResponse><Error><Code>%[1]s</Code><Message>%[1]s</Message></Error></ErrorResponse>",
		"code": "<ErrorResponse><Error><Code>AccessDenied</Code><Message>%[1]s", "id": "<ErrorResponse><RequestId>%[1]s</RequestId></ErrorResponse>",
		"credentials": "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SecretAccessKey>%[1]s</SecretAccessKey><Expiration>%[1]s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
		"number":      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><PackedPolicySize>%[1]s</PackedPolicySize></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
		"ARN":         "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>%[1]s</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
	}
	for name, body := range bodies {
		for _, status := range []int{200, 302, 400, 403, 500} {
			sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
				w.Header().Set("Location", "/"+form.Get("WebIdentityToken"))
				w.Header().Set("X-Amzn-Requestid", form.Get("WebIdentityToken"))
				w.WriteHeader(status)
				fmt.Fprintf(w, body, form.Get("WebIdentityToken"))
			})
			q := question(bridge.ViaWebIdentity, func(q *bridge.ExchangeRequest) { q.Proof.Raw = bridge.NewSecret(token) })
			got, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), q)
			if err == nil || got.AccessKeyID != "" {
				t.Errorf("%s %d: taken", name, status)
				continue
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "CANARY") || strings.Contains(text, token[:20]) {
				t.Errorf("%s %d: the cause holds the proof: %s", name, status, text)
			}
			_, _, detail := bridge.Explain(err)
			if strings.Contains(detail, "CANARY") {
				t.Errorf("%s %d: the page holds the proof: %s", name, status, detail)
			}
		}
	}
}
