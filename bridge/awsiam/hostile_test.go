package awsiam_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsiam"
)

// roleAnswer is what IAM says about a role.
func roleAnswer(arn, document string) string {
	return `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path><RoleName>Own</RoleName>` +
		`<RoleId>AROAEXAMPLEEXAMPLE00</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate><Arn>` + arn + `</Arn>` +
		`<AssumeRolePolicyDocument>` + document + `</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`
}

// TestHostile: whatever an endpoint answers, the reader says in one short line what is wrong, and believes nothing of it.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	own := "arn:aws:iam::" + home + ":role/Own"
	token := strings.Repeat("CANARY", 20)
	failure := func(status int, code, text string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(status)
			fmt.Fprintf(rw, `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>%s</Code>`+
				`<Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code, text)
		}
	}
	body := func(text string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) { fmt.Fprint(rw, text) }
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		"rubbish":            {body("\x00\x01 no XML " + token), "IAM gave an answer that can't be read"},
		"nothing":            {body(""), "IAM"},
		"HTML":               {body("<html><body>Sign in to the proxy</body></html>"), "IAM"},
		"half an answer":     {body(roleAnswer(own, "x")[:200]), "IAM gave an answer that can't be read"},
		"no role":            {body(`<GetRoleResponse><GetRoleResult></GetRoleResult></GetRoleResponse>`), "IAM"},
		"no document":        {body(roleAnswer(own, "")), "holds no trust policy"},
		"a broken document":  {body(roleAnswer(own, "%7B%zz")), "holds no trust policy"},
		"another account":    {body(roleAnswer("arn:aws:iam::"+shop+":role/Own", url.PathEscape(policy))), `is about "arn:aws:iam::` + shop + `:role/Own"`},
		"another role":       {body(roleAnswer("arn:aws:iam::"+home+":role/Admin", url.PathEscape(policy))), `is about "arn:aws:iam::` + home + `:role/Admin"`},
		"another partition":  {body(roleAnswer("arn:aws-cn:iam::"+home+":role/Own", url.PathEscape(policy))), `is about`},
		"no ARN":             {body(roleAnswer("\x1b[31mown", url.PathEscape(policy))), "IAM gave an answer that can't be read"},
		"ten megabytes":      {body(roleAnswer(own, strings.Repeat("a", 10<<20))), "longer than four megabytes"},
		"an unknown refusal": {failure(418, "Teapot", "short &#10; and "+token), "IAM refused: Teapot: short and […]"},
		"a long refusal":     {failure(400, "ValidationError", strings.Repeat("no ", 10000)), "IAM refused: ValidationError: no no"},
		"a proxy's error": {func(rw http.ResponseWriter) {
			rw.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(rw, "<html>"+token)
		}, "IAM answered 502, and nothing of AWS's"},
		"a redirect": {func(rw http.ResponseWriter) {
			rw.Header().Set("Location", "https://evil.example/")
			rw.WriteHeader(http.StatusFound)
		}, "IAM answered 302"},
	} {
		t.Run(name, func(t *testing.T) {
			front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "text/xml")
				c.answer(rw)
			}))
			t.Cleanup(front.Close)
			r := w.reader(t, func(c *awsiam.Config) { c.Endpoint, c.Limits.Attempts = front.URL, 1 })
			got, err := r.Role(background, role(t, own))
			refused(t, err, c.want)
			if got.TrustPolicy != nil || len(err.Error()) > 600 || strings.Contains(err.Error(), "CANARYCANARY") || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%+v, %q", got, err)
			}
		})
	}
}

// TestHostileProviders: a provider without what makes it one is no provider.
func TestHostileProviders(t *testing.T) {
	w := newWorld(t)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		action := r.Form.Get("Action")
		fmt.Fprintf(rw, `<%[1]sResponse><%[1]sResult><CreateDate>2026-01-01T00:00:00Z</CreateDate></%[1]sResult></%[1]sResponse>`, action)
	}))
	t.Cleanup(front.Close)
	r := w.reader(t, func(c *awsiam.Config) { c.Endpoint = front.URL })
	_, err := r.OIDCProvider(background, "arn:aws:iam::"+home+":oidc-provider/bridge.example.com")
	refused(t, err, "names no URL")
	_, err = r.SAMLProvider(background, bridge.SAMLProviderARN{Partition: "aws", Account: home, Name: "corp"})
	refused(t, err, "holds no metadata")
}

// TestHostileSTS: credentials to read with that come from the wrong place aren't used.
func TestHostileSTS(t *testing.T) {
	w := newWorld(t)
	w.aws.WrongAccount(1)
	r := w.reader(t)
	_, err := r.Role(background, role(t, "arn:aws:iam::"+shop+":role/team/Dev"))
	refused(t, err, "to read with, can't be believed: the answer is for another role")
	if n := w.aws.IAMFaults.Calls(""); n != 0 {
		t.Errorf("IAM was asked %d times with them", n)
	}

	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>who</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	t.Cleanup(front.Close)
	r = w.reader(t, func(c *awsiam.Config) { c.STSEndpoint = front.URL })
	_, err = r.Role(background, role(t, "arn:aws:iam::"+shop+":role/team/Dev"))
	refused(t, err, `can't be believed: the answer names no caller: "who"`)
}
