package awssts_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

const (
	account = "111122223333"
	person  = "ada@example.com-abcdefghij"
)

// stub is an STS that answers what the test says, and keeps what it was asked.
type stub struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
}

type asked struct {
	header http.Header
	form   url.Values
}

// newStub starts a stub. answer writes the answer to the nth question, counted from zero.
func newStub(t *testing.T, answer func(n int, w http.ResponseWriter, form url.Values)) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, asked{r.Header.Clone(), r.Form})
		s.mu.Unlock()
		answer(n, w, r.Form)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

func (s *stub) questions() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.asked...)
}

// session is what a success says; empty fields are left out of the answer.
type session struct {
	arn, key, secret, token string
	expires                 time.Time
	extra                   string
}

func good(form url.Values) session {
	name := form.Get("RoleSessionName")
	if name == "" {
		name = person
	}
	role := form.Get("RoleArn")
	return session{
		arn: "arn:aws:sts::" + account + ":assumed-role/" + role[strings.LastIndexByte(role, '/')+1:] + "/" + name,
		key: "ASIAEXAMPLEEXAMPLE00", secret: "c2VjcmV0", token: "dG9rZW4=",
		expires: time.Now().Add(seconds(form)),
	}
}

func seconds(form url.Values) time.Duration {
	var n int
	_, _ = fmt.Sscan(form.Get("DurationSeconds"), &n)
	return time.Duration(n) * time.Second
}

func (s session) write(w io.Writer, action string) {
	element := func(name, value string) string {
		if value == "" {
			return ""
		}
		return "<" + name + ">" + value + "</" + name + ">"
	}
	expires := ""
	if !s.expires.IsZero() {
		expires = s.expires.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s%[3]s%[4]s`+
		`</%[1]sResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></%[1]sResponse>`, action,
		element("AssumedRoleUser", element("AssumedRoleId", "AROAEXAMPLE:x")+element("Arn", s.arn)),
		element("Credentials", element("AccessKeyId", s.key)+element("SecretAccessKey", s.secret)+
			element("SessionToken", s.token)+element("Expiration", expires)), s.extra)
}

func succeed(_ int, w http.ResponseWriter, form url.Values) { good(form).write(w, form.Get("Action")) }

func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>`+
		`<Code>%s</Code><Message>%s</Message></Error><RequestId>r-2</RequestId></ErrorResponse>`, code, text)
}

func keys() *awssts.Credentials {
	return &awssts.Credentials{AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("own-secret-key")}
}

func temporaryKeys() *awssts.Credentials {
	k := keys()
	k.SessionToken = bridge.NewSecret("own-session-token")
	return k
}

func client(t *testing.T, c awssts.Config) *awssts.Client {
	t.Helper()
	made, err := awssts.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func role(name string) bridge.Role {
	return bridge.Role{
		Key:          bridge.RoleKey{Account: account, Name: name},
		ARN:          bridge.RoleARN{Partition: "aws", Account: account, Path: "/team/", Name: name},
		MaxSession:   12 * time.Hour,
		SAMLProvider: bridge.SAMLProviderARN{Partition: "aws", Account: account, Name: "Corp"},
	}
}

// question is a good one by this way; edit makes it a bad one.
func question(via bridge.Via, edit ...func(*bridge.ExchangeRequest)) bridge.ExchangeRequest {
	q := bridge.ExchangeRequest{Role: role("Dev"), Via: via, SessionName: person, Duration: time.Hour}
	switch via {
	case bridge.ViaSAML:
		q.Proof = bridge.Proof{Kind: bridge.ProofSAML, Raw: bridge.NewSecret("PHNhbWxwOlJlc3BvbnNlPkNBTkFSWQ==")}
	case bridge.ViaWebIdentity, bridge.ViaIssuer:
		q.Proof = bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret("eyJhbGciOiJSUzI1NiJ9.CANARY.c2ln")}
	}
	for _, e := range edit {
		e(&q)
	}
	return q
}

// asSAML turns a question about a minted token into one about a minted response.
func asSAML(q *bridge.ExchangeRequest) { q.Proof = question(bridge.ViaSAML).Proof }

var everyVia = []bridge.Via{bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaWebIdentity, bridge.ViaIssuer}

func wantCode(t *testing.T, err error, want bridge.Code) {
	t.Helper()
	if got := bridge.CodeOf(err); got != want {
		t.Fatalf("code is %q, want %q (%v)", got, want, err)
	}
}

func exchange(t *testing.T, c *awssts.Client, q bridge.ExchangeRequest) bridge.Credentials {
	t.Helper()
	got, err := c.Exchange(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
