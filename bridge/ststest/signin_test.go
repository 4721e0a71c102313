package ststest_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// page is what the sign-in host answered.
type page struct {
	status int
	header http.Header
	body   string
	url    *url.URL
}

func (w *world) browser() *http.Client {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func read(t testing.TB, response *http.Response, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{response.StatusCode, response.Header, string(body), response.Request.URL}
}

func sessionJSON(c *types.Credentials) string {
	raw, err := json.Marshal(map[string]string{"sessionId": *c.AccessKeyId, "sessionKey": *c.SecretAccessKey, "sessionToken": *c.SessionToken})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// signinToken asks for a token by POST.
func (w *world) signinToken(session string, pairs ...string) page {
	w.t.Helper()
	f := url.Values{"Action": {"getSigninToken"}, "Session": {session}}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	response, err := http.PostForm(w.signin.URL+"/federation", f)
	return read(w.t, response, err)
}

func tokenOf(t *testing.T, p page) string {
	t.Helper()
	var v struct{ SigninToken string }
	if err := json.Unmarshal([]byte(p.body), &v); p.status != 200 || err != nil || v.SigninToken == "" {
		t.Fatalf("%d %s", p.status, p.body)
	}
	return v.SigninToken
}

const consoleURL = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1#bucket=<a>"

func (w *world) loginURL(token string, pairs ...string) string {
	q := url.Values{"Action": {"login"}, "SigninToken": {token}, "Destination": {consoleURL}, "Issuer": {"https://bridge.example.com"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return w.signin.URL + "/federation?" + q.Encode()
}

// credentials of each kind of session.
func (w *world) unchained() *types.Credentials {
	w.t.Helper()
	out, err := w.bridge().AssumeRole(background, role(crossRole, tagged("Team", "Shop"), source("ada"),
		func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"Team"} }))
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Credentials
}

func (w *world) federated() *types.Credentials {
	w.t.Helper()
	out, err := w.unsigned().AssumeRoleWithWebIdentity(background, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(webRole), RoleSessionName: aws.String("ada@example.com"), WebIdentityToken: aws.String(w.token()),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Credentials
}

func TestConsole(t *testing.T) {
	w := newWorld(t)
	browser := w.browser()
	token := tokenOf(t, w.signinToken(sessionJSON(w.unchained())))
	response, err := browser.Get(w.loginURL(token))
	p := read(t, response, err)
	if p.status != 200 || p.url.Path != "/console" {
		t.Fatalf("%d at %s\n%s", p.status, p.url, p.body)
	}
	for id, want := range map[string]string{
		"account": target, "role": "Cross", "session-name": "ada@example.com", "source-identity": "ada", "via": "AssumeRole",
		"arn": "arn:aws:sts::" + target + ":assumed-role/Cross/ada@example.com", "destination": html.EscapeString(consoleURL),
		"issuer": "https://bridge.example.com", "account-name": "shop",
	} {
		if want = `id="` + id + `">` + want + `<`; !strings.Contains(p.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, part := range []string{`<th scope="row">Team</th><td>Shop</td>`, "transitive", `id="expires" datetime="20`, `id="seconds-left">3`, `href="/console.css"`} {
		contains(t, []byte(p.body), part)
	}
	for _, part := range []string{"<script", "style=", "bucket=<a>"} {
		if strings.Contains(p.body, part) {
			t.Errorf("the page holds %q", part)
		}
	}
	csp := p.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || p.header.Get("Cache-Control") != "no-store" || p.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", p.header)
	}
	response, err = browser.Get(w.signin.URL + "/console.css")
	if css := read(t, response, err); css.status != 200 || !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %d %v", css.status, css.header)
	}
	// The cookie is the session: another browser has none, and it ends with the credentials.
	if response, err = w.browser().Get(p.url.String()); read(t, response, err).status != http.StatusForbidden {
		t.Error("a browser without a session sees the page")
	}
	w.pass(61 * time.Minute)
	response, err = browser.Get(p.url.String())
	if p := read(t, response, err); p.status != http.StatusForbidden || !strings.Contains(p.body, "has ended") {
		t.Errorf("after the end: %d", p.status)
	}
}

func TestSigninTokenByGET(t *testing.T) {
	w := newWorld(t)
	q := url.Values{"Action": {"getSigninToken"}, "Session": {sessionJSON(w.unchained())}, "SessionType": {"json"}}
	response, err := http.Get(w.signin.URL + "/federation?" + q.Encode())
	tokenOf(t, read(t, response, err))
}

func TestLoginByPOST(t *testing.T) {
	w := newWorld(t)
	token := tokenOf(t, w.signinToken(sessionJSON(w.federated())))
	response, err := w.browser().PostForm(w.signin.URL+"/federation", url.Values{
		"Action": {"login"}, "SigninToken": {token}, "Destination": {"https://console.aws.amazon.com/"},
	})
	p := read(t, response, err)
	contains(t, []byte(p.body), `id="via">AssumeRoleWithWebIdentity<`)
	contains(t, []byte(p.body), `id="provider">`+w.webPlain+`<`)
	contains(t, []byte(p.body), `id="destination">https://console.aws.amazon.com/<`)
}

func TestSigninTokenRefused(t *testing.T) {
	w := newWorld(t)
	c := w.unchained()
	good := sessionJSON(c)
	change := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	chained, err := w.chain(c, role(nextRole))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := w.aws.Instance(crossRole, "i-0123456789", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	onInstance := sessionJSON(&types.Credentials{AccessKeyId: &instance.AccessKeyID, SecretAccessKey: &instance.SecretAccessKey, SessionToken: &instance.SessionToken})
	const syntax, invalid = "The request sent by the client was syntactically incorrect", "Invalid credentials parameter"
	for name, c := range map[string]struct {
		session string
		pairs   []string
		body    string
	}{
		"no session":       {"", nil, syntax},
		"no JSON":          {"sessionId=x", nil, syntax},
		"upper-case names": {change("sessionId", "SessionId"), nil, invalid},
		"doubled":          {change(`{`, `{"sessionId":"x",`), nil, syntax},
		"one more":         {change(`{`, `{"region":"x",`), nil, syntax},
		"two sent":         {good, []string{"Session", good}, syntax},
		"long-term key":    {`{"sessionId":"` + w.key.AccessKeyID + `","sessionKey":"` + w.key.SecretAccessKey + `","sessionToken":""}`, nil, invalid},
		"wrong secret":     {change(*c.SecretAccessKey, "guess"), nil, invalid},
		"other key":        {change(*c.AccessKeyId, "ASIANOBODYSKEY234567"), nil, invalid},
		"no token":         {change(*c.SessionToken, ""), nil, invalid},
		"899 seconds":      {good, []string{"SessionDuration", "899"}, syntax},
		"43201 seconds":    {good, []string{"SessionDuration", "43201"}, syntax},
		"seconds in words": {good, []string{"SessionDuration", "1h"}, syntax},
		"empty duration":   {good, []string{"SessionDuration", ""}, syntax},
		"two durations":    {good, []string{"SessionDuration", "900", "SessionDuration", "1800"}, syntax},
		"chained":          {sessionJSON(chained.Credentials), []string{"SessionDuration", "3600"}, syntax},
		"federated":        {sessionJSON(w.federated()), []string{"SessionDuration", "3600"}, syntax},
		"instance":         {onInstance, []string{"SessionDuration", "3600"}, syntax},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.signinToken(c.session, c.pairs...)
			if p.status != 400 || strings.TrimSpace(p.body) != c.body || strings.Contains(p.body, "ASIA") {
				t.Errorf("%d %q, want 400 %q", p.status, p.body, c.body)
			}
		})
	}
	for name, c := range map[string][]string{"chained, without": {sessionJSON(chained.Credentials)}, "12 hours": {good, "SessionDuration", "43200"}} {
		if p := w.signinToken(c[0], c[1:]...); p.status != 200 {
			t.Errorf("%s: %d %s", name, p.status, p.body)
		}
	}
	w.pass(61 * time.Minute)
	if p := w.signinToken(good); p.status != 400 || strings.TrimSpace(p.body) != invalid {
		t.Errorf("expired credentials: %d %s", p.status, p.body)
	}
	for name, q := range map[string]string{"no action": "", "other action": "?Action=logout", "case": "?Action=Login"} {
		response, err := http.Get(w.signin.URL + "/federation" + q)
		if p := read(t, response, err); p.status != 400 {
			t.Errorf("%s: %d", name, p.status)
		}
	}
}

// TestSessionDuration: the console session may outlast the credentials (aws-facts 5.4).
func TestSessionDuration(t *testing.T) {
	w := newWorld(t, func(o *ststest.Options) { o.SessionDurationForFederated = true })
	for _, c := range []*types.Credentials{w.unchained(), w.federated()} {
		browser := w.browser()
		response, err := browser.Get(w.loginURL(tokenOf(t, w.signinToken(sessionJSON(c), "SessionDuration", "28800"))))
		contains(t, []byte(read(t, response, err).body), `id="seconds-left">28`)
	}
}

func TestLoginRefused(t *testing.T) {
	w := newWorld(t)
	fresh := func() string { return tokenOf(t, w.signinToken(sessionJSON(w.unchained()))) }
	used := fresh()
	response, err := w.browser().Get(w.loginURL(used))
	if p := read(t, response, err); p.status != 200 {
		t.Fatal(p.body)
	}
	for name, c := range map[string]struct{ url, says string }{
		"used":            {w.loginURL(used), "expired or was used"},
		"unknown":         {w.loginURL("nothing"), "expired or was used"},
		"no token":        {w.loginURL(""), "expired or was used"},
		"two tokens":      {w.loginURL(fresh()) + "&SigninToken=x", "syntactically"},
		"http":            {w.loginURL(fresh(), "Destination", "http://console.aws.amazon.com/"), "destination"},
		"other host":      {w.loginURL(fresh(), "Destination", "https://console.aws.amazon.com.example.com/"), "destination"},
		"suffix":          {w.loginURL(fresh(), "Destination", "https://evilconsole.aws.amazon.com/"), "destination"},
		"user":            {w.loginURL(fresh(), "Destination", "https://console.aws.amazon.com@example.com/"), "destination"},
		"other partition": {w.loginURL(fresh(), "Destination", "https://console.amazonaws.cn/"), "destination"},
		"script":          {w.loginURL(fresh(), "Destination", "javascript:alert(1)"), "destination"},
		"no destination":  {w.loginURL(fresh(), "Destination", ""), "destination"},
		"with a port":     {w.loginURL(fresh(), "Destination", "https://console.aws.amazon.com:8443/"), "destination"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := w.browser().Get(c.url)
			p := read(t, response, err)
			if p.status != 400 || !strings.Contains(p.body, c.says) || len(response.Cookies()) > 0 {
				t.Errorf("%d, cookies %v\n%s", p.status, response.Cookies(), p.body)
			}
		})
	}
	for name, to := range map[string]string{
		"home": "https://console.aws.amazon.com/", "region": "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1",
		"multi-session": "https://123456789012-abc.eu-west-1.console.aws.amazon.com/s3", "itself": w.signin.URL + "/console",
	} {
		response, err := w.browser().Get(w.loginURL(fresh(), "Destination", to))
		if p := read(t, response, err); p.status != 200 || !strings.Contains(p.body, html.EscapeString(to)) {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	late := fresh()
	w.pass(15 * time.Minute)
	response, err = w.browser().Get(w.loginURL(late))
	if p := read(t, response, err); p.status != 400 {
		t.Errorf("after 15 minutes: %d", p.status)
	}
}

// TestForgedDestination: the page doesn't show a destination that nobody could have signed in to.
func TestForgedDestination(t *testing.T) {
	w := newWorld(t)
	browser := w.browser()
	response, err := browser.Get(w.loginURL(tokenOf(t, w.signinToken(sessionJSON(w.unchained())))))
	read(t, response, err)
	response, err = browser.Get(w.signin.URL + "/console?destination=" + url.QueryEscape("https://phish.example.com/"))
	if p := read(t, response, err); p.status != 200 || strings.Contains(p.body, "phish") {
		t.Errorf("%d\n%s", p.status, p.body)
	}
}

func TestReusableSigninTokens(t *testing.T) {
	w := newWorld(t, func(o *ststest.Options) { o.ReusableSigninTokens, o.AcceptAnyDestination = true, true })
	token := tokenOf(t, w.signinToken(sessionJSON(w.unchained())))
	for range 2 {
		response, err := w.browser().Get(w.loginURL(token, "Destination", "http://localhost:1/anywhere"))
		if p := read(t, response, err); p.status != 200 {
			t.Errorf("%d", p.status)
		}
	}
}
