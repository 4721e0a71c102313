package awsconsole_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
)

const issuer = "https://bridge.example.com"

func role(partition string) bridge.Role {
	return bridge.Role{ARN: bridge.RoleARN{Partition: partition, Account: "111122223333", Path: "/", Name: "Dev"}}
}

func credentials() bridge.Credentials {
	return bridge.Credentials{
		AccessKeyID: "ASIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("CANARY/secret+"),
		SessionToken: bridge.NewSecret("CANARY//token=="), Expires: time.Now().Add(time.Hour), Role: role("aws"),
	}
}

func linker(t *testing.T, c awsconsole.Config) *awsconsole.Linker {
	t.Helper()
	c.Issuer = issuer
	l, err := awsconsole.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func wantCode(t *testing.T, err error, want bridge.Code) {
	t.Helper()
	if got := bridge.CodeOf(err); got != want {
		t.Fatalf("code is %q, want %q (%v)", got, want, err)
	}
}

func TestLink(t *testing.T) {
	var calls atomic.Int64
	var asked *http.Request
	signIn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_ = r.ParseForm()
		asked = r
		fmt.Fprint(w, `{"SigninToken":"tok+en/with=odd&chars"}`)
	}))
	defer signIn.Close()
	l := linker(t, awsconsole.Config{Region: "eu-west-1", SignIn: signIn.URL + "/"})
	to := bridge.Destination{URL: "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1&a=b%20c#/x?y=z"}
	link, err := l.Link(context.Background(), credentials(), to)
	if err != nil {
		t.Fatal(err)
	}
	if asked.Method != http.MethodPost || asked.URL.RawQuery != "" || asked.URL.Path != "/federation" {
		t.Errorf("asked by %s %s: credentials belong into the body of a POST", asked.Method, asked.URL)
	}
	// No SessionDuration: the console session ends with the credentials.
	want := url.Values{
		"Action":  {"getSigninToken"},
		"Session": {`{"sessionId":"ASIAEXAMPLEEXAMPLE00","sessionKey":"CANARY/secret+","sessionToken":"CANARY//token=="}`},
	}
	if diff := cmp.Diff(want, asked.PostForm); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if fmt.Sprintf("%v %+v %#v %s", link, link, link, link) == "" || strings.Contains(fmt.Sprint(link), "tok") {
		t.Errorf("the link prints: %v", link)
	}
	u, err := url.Parse(link.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != signIn.URL+"/federation" {
		t.Errorf("link leads to %s, want the host that was asked", got)
	}
	wantQuery := url.Values{
		"Action": {"login"}, "Issuer": {issuer}, "Destination": {to.URL}, "SigninToken": {"tok+en/with=odd&chars"},
	}
	if diff := cmp.Diff(wantQuery, u.Query()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	if u.Fragment != "" || calls.Load() != 1 {
		t.Errorf("fragment %q, %d calls", u.Fragment, calls.Load())
	}
}

// TestLinkRefusals: no answer but a token makes a link; the cause tells what happened, and nothing of what was sent.
func TestLinkRefusals(t *testing.T) {
	release := make(chan struct{})
	echo := func(w http.ResponseWriter, r *http.Request, status int) {
		_ = r.ParseForm()
		w.WriteHeader(status)
		fmt.Fprint(w, r.PostForm)
	}
	cases := map[string]struct {
		answer http.HandlerFunc
		want   bridge.Code
	}{
		"400":          {func(w http.ResponseWriter, r *http.Request) { echo(w, r, 400) }, bridge.CodeConsoleRefused},
		"403":          {func(w http.ResponseWriter, r *http.Request) { echo(w, r, 403) }, bridge.CodeConsoleRefused},
		"429":          {func(w http.ResponseWriter, r *http.Request) { echo(w, r, 429) }, bridge.CodeConsoleDown},
		"500":          {func(w http.ResponseWriter, r *http.Request) { echo(w, r, 500) }, bridge.CodeConsoleDown},
		"200, echo":    {func(w http.ResponseWriter, r *http.Request) { echo(w, r, 200) }, bridge.CodeConsoleDown},
		"200, nothing": {func(http.ResponseWriter, *http.Request) {}, bridge.CodeConsoleDown},
		"no token":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"SigninToken":""}`) }, bridge.CodeConsoleDown},
		"a list":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"SigninToken":["a"]}`) }, bridge.CodeConsoleDown},
		"line end":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"SigninToken":"a\nb"}`) }, bridge.CodeConsoleDown},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"SigninToken":"%s"}`, strings.Repeat("a", 70_000))
		}, bridge.CodeConsoleDown},
		"302": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "/x"); w.WriteHeader(302) }, bridge.CodeConsoleDown},
		"307": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "/x"); w.WriteHeader(307) }, bridge.CodeConsoleDown},
		"cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, bridge.CodeConsoleDown},
		"not HTTP": {func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			conn, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprintf(conn, "%v\r\n\r\n", r.PostForm)
			conn.Close()
		}, bridge.CodeConsoleDown},
		"slow": {func(_ http.ResponseWriter, r *http.Request) { _ = r.ParseForm(); <-release }, bridge.CodeConsoleDown},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			signIn := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				c.answer(w, r)
			}))
			signIn.Config.ErrorLog = log.New(io.Discard, "", 0)
			signIn.Start()
			defer signIn.Close()
			config := awsconsole.Config{SignIn: signIn.URL}
			if name == "slow" {
				config.Timeout = 30 * time.Millisecond
				defer close(release)
			}
			link, err := linker(t, config).Link(context.Background(), credentials(), bridge.Destination{})
			wantCode(t, err, c.want)
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "CANARY") {
				t.Errorf("the cause holds credentials: %s", text)
			}
			if !link.IsZero() || calls.Load() > 1 {
				t.Errorf("link %v after %d calls", link, calls.Load())
			}
		})
	}
}

func TestLinkGivenUp(t *testing.T) {
	ctx, giveUp := context.WithCancel(context.Background())
	release := make(chan struct{})
	signIn := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { giveUp(); <-release }))
	defer signIn.Close()
	defer close(release)
	_, err := linker(t, awsconsole.Config{SignIn: signIn.URL}).Link(ctx, credentials(), bridge.Destination{})
	wantCode(t, err, bridge.CodeClientGone)
}

// TestBadDestinationAsksNobody: a destination that is no console page never gets as far as the sign-in host.
func TestBadDestinationAsksNobody(t *testing.T) {
	signIn := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	defer signIn.Close()
	_, err := linker(t, awsconsole.Config{SignIn: signIn.URL}).
		Link(context.Background(), credentials(), bridge.Destination{URL: "https://evil.example.com/"})
	wantCode(t, err, bridge.CodeConsoleTarget)
}

func TestConfigCheck(t *testing.T) {
	cn := func(p awsconsole.Partition) map[string]awsconsole.Partition {
		return map[string]awsconsole.Partition{"aws-cn": p}
	}
	for name, c := range map[string]struct {
		config awsconsole.Config
		want   []string
	}{
		"fine":              {awsconsole.Config{Issuer: issuer, SignIn: "http://localhost:9000", Console: "https://console.example.com"}, nil},
		"no issuer":         {awsconsole.Config{}, []string{""}},
		"http":              {awsconsole.Config{Issuer: issuer, SignIn: "http://signin.example.com"}, []string{"endpoints.signin"}},
		"user":              {awsconsole.Config{Issuer: issuer, Console: "https://a@b"}, []string{"endpoints.console"}},
		"unknown partition": {awsconsole.Config{Issuer: issuer, Partitions: map[string]awsconsole.Partition{"mars": {}}}, []string{"partitions.mars"}},
		"foreign region":    {awsconsole.Config{Issuer: issuer, Partitions: cn(awsconsole.Partition{Region: "eu-west-1"})}, []string{"partitions.aws-cn.region"}},
		"its endpoint":      {awsconsole.Config{Issuer: issuer, Partitions: cn(awsconsole.Partition{SignIn: "x", Console: "y"})}, []string{"partitions.aws-cn.endpoints.signin", "partitions.aws-cn.endpoints.console"}},
	} {
		var got []string
		for _, p := range c.config.Check() {
			got = append(got, p.Path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if _, err := awsconsole.New(c.config); (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: New: %v", name, err)
		}
	}
}

func TestFormHosts(t *testing.T) {
	l := linker(t, awsconsole.Config{Partitions: map[string]awsconsole.Partition{
		"aws-cn": {SignIn: "http://127.0.0.1:9000/x", Console: "http://127.0.0.1:9001/console"},
	}})
	aws := []string{
		"https://*.console.aws.amazon.com", "https://*.signin.aws.amazon.com",
		"https://console.aws.amazon.com", "https://signin.aws.amazon.com",
	}
	if diff := cmp.Diff(aws, l.FormHosts("aws", "aws")); diff != "" {
		t.Errorf("aws (-want +got):\n%s", diff)
	}
	china := []string{
		"http://127.0.0.1:9000", "http://127.0.0.1:9001",
		"https://*.console.amazonaws.cn", "https://*.signin.amazonaws.cn",
		"https://console.amazonaws.cn", "https://signin.amazonaws.cn",
	}
	if diff := cmp.Diff(china, l.FormHosts("aws-cn")); diff != "" {
		t.Errorf("aws-cn (-want +got):\n%s", diff)
	}
	if got := l.FormHosts("mars"); len(got) != 0 {
		t.Errorf("mars: %q", got)
	}
}
