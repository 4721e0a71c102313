package awssts_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

const chainedText = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."

// bareMachine is one without any AWS set-up.
func bareMachine(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("HOME", nowhere)
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// TestNeverUnsigned: without credentials AssumeRole isn't sent at all (facts trap 11), while the unsigned calls work.
func TestNeverUnsigned(t *testing.T) {
	bareMachine(t)
	sts := newStub(t, succeed)
	for name, own := range map[string]*awssts.Credentials{
		"none": nil, "empty": {}, "half a pair": {AccessKeyID: "AKIAEXAMPLEEXAMPLE00"},
		"the other half": {SecretAccessKey: bridge.NewSecret("x")},
	} {
		c := client(t, awssts.Config{Endpoint: sts.URL, Credentials: own})
		_, err := c.Exchange(context.Background(), question(bridge.ViaAssumeRole))
		if bridge.CodeOf(err) != bridge.CodeSTSNoCredentials {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(sts.questions()); n != 0 {
			t.Fatalf("%s: %d calls", name, n)
		}
		if s := c.Status(); s.CredentialsKnown || s.Credentials == nil {
			t.Errorf("%s: status is %+v", name, s)
		}
	}
	c := client(t, awssts.Config{Endpoint: sts.URL})
	exchange(t, c, question(bridge.ViaSAML))
	exchange(t, c, question(bridge.ViaWebIdentity))
	if s := c.Status(); s.Credentials != nil {
		t.Errorf("somebody looked for credentials that nobody needs: %v", s.Credentials)
	}
}

// TestFailureIsBelievedForAWhile: looking for credentials that aren't there costs once, not for each request.
func TestFailureIsBelievedForAWhile(t *testing.T) {
	bareMachine(t)
	var asked atomic.Int64
	var there atomic.Bool
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if !there.Load() {
			http.Error(w, `{"code":"no","message":"no role"}`, http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"AccessKeyId":"ASIAOWNOWNOWNOWNOWN0","SecretAccessKey":"s","Token":"t","Expiration":"` +
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`))
	}))
	defer source.Close()
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", source.URL)
	sts := newStub(t, succeed)
	now := time.Now()
	c := client(t, awssts.Config{Endpoint: sts.URL, Now: func() time.Time { return now }})
	ask := func() error {
		_, err := c.Exchange(context.Background(), question(bridge.ViaAssumeRole))
		return err
	}
	wantCode(t, ask(), bridge.CodeSTSNoCredentials)
	first := asked.Load()
	there.Store(true)
	wantCode(t, ask(), bridge.CodeSTSNoCredentials)
	if asked.Load() != first {
		t.Error("the source was asked again at once")
	}
	now = now.Add(11 * time.Second)
	wantCode(t, ask(), "")
	after := asked.Load()
	wantCode(t, ask(), "")
	if asked.Load() != after {
		t.Error("good credentials were fetched twice")
	}
	// They have a session token: what they assume is chained, and everybody knows it now.
	if longest, why := c.Longest(context.Background(), role("Dev"), bridge.ViaAssumeRole); longest != time.Hour || why != bridge.CapChained {
		t.Errorf("longest is %s because of %q", longest, why)
	}
	if got := sts.questions()[0].header.Get("X-Amz-Security-Token"); got != "t" {
		t.Errorf("signed with token %q", got)
	}
}

// TestSlowSource: a credential source that doesn't answer is waited for once, and holds none of STS's places meanwhile.
func TestSlowSource(t *testing.T) {
	bareMachine(t)
	release := make(chan struct{})
	var asked atomic.Int64
	source := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-release }))
	defer source.Close()
	defer close(release)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", source.URL)
	sts := newStub(t, succeed)
	c := client(t, awssts.Config{Endpoint: sts.URL, Limits: awssts.Limits{
		InFlight: 1, Attempt: 50 * time.Millisecond, Header: time.Minute, Total: time.Minute,
	}})
	for range 2 {
		_, err := c.Exchange(context.Background(), question(bridge.ViaAssumeRole))
		wantCode(t, err, bridge.CodeSTSNoCredentials)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the source was asked %d times, want 1", n)
	}
	wantCode(t, c.Warm(context.Background()), bridge.CodeSTSNoCredentials)
	gone, leave := context.WithCancel(context.Background())
	leave()
	fresh := client(t, awssts.Config{Endpoint: sts.URL})
	_, err := fresh.Exchange(gone, question(bridge.ViaAssumeRole))
	wantCode(t, err, bridge.CodeClientGone)
	if s := fresh.Status(); s.Credentials != nil {
		t.Errorf("a person who left counts against the credentials: %v", s.Credentials)
	}
}

// TestEnvironmentCredentials: the default chain is read when it is needed, and no endpoint comes with it.
func TestEnvironmentCredentials(t *testing.T) {
	bareMachine(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFROMENVIRONMENT0")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "from-environment")
	trap := newStub(t, succeed)
	t.Setenv("AWS_ENDPOINT_URL_STS", trap.URL)
	sts := newStub(t, succeed)
	exchange(t, client(t, awssts.Config{Endpoint: sts.URL}), question(bridge.ViaAssumeRole))
	if got := sts.questions()[0].header.Get("Authorization"); !strings.Contains(got, "Credential=AKIAFROMENVIRONMENT0/") {
		t.Errorf("signed as %q", got)
	}
	if len(trap.questions()) != 0 {
		t.Error("the environment's endpoint was asked")
	}
}

// TestChained: an hour at most is asked for with temporary credentials, and the person reads why.
func TestChained(t *testing.T) {
	cases := []struct {
		name    string
		own     *awssts.Credentials
		asked   time.Duration
		sent    string
		reason  bridge.CapReason
		chained bool
	}{
		{"long-term, 8 h", keys(), 8 * time.Hour, "28800", bridge.CapNone, false},
		{"temporary, 8 h", temporaryKeys(), 8 * time.Hour, "3600", bridge.CapChained, true},
		{"temporary, 1 h", temporaryKeys(), time.Hour, "3600", bridge.CapNone, true},
		{"temporary, 15 m", temporaryKeys(), 15 * time.Minute, "900", bridge.CapNone, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sts := newStub(t, succeed)
			made := client(t, awssts.Config{Endpoint: sts.URL, Credentials: c.own})
			longest, why := made.Longest(context.Background(), role("Dev"), bridge.ViaAssumeRole)
			if c.chained != (longest == time.Hour && why == bridge.CapChained) {
				t.Errorf("before: longest is %s because of %q", longest, why)
			}
			if longest, _ := made.Longest(context.Background(), role("Dev"), bridge.ViaSAML); longest != 0 {
				t.Errorf("saml is no second hop, but capped at %s", longest)
			}
			got := exchange(t, made, question(bridge.ViaAssumeRole, func(q *bridge.ExchangeRequest) { q.Duration = c.asked }))
			if sent := sts.questions()[0].form.Get("DurationSeconds"); sent != c.sent {
				t.Errorf("asked for %s s, want %s", sent, c.sent)
			}
			if got.CapReason != c.reason || got.Chained != c.chained {
				t.Errorf("cap %q, chained %v", got.CapReason, got.Chained)
			}
		})
	}
}

// TestChainedIsLearned: STS alone knows for sure. It is asked once more, for one hour, and then never again for longer.
func TestChainedIsLearned(t *testing.T) {
	sts := newStub(t, func(n int, w http.ResponseWriter, form url.Values) {
		if seconds(form) > time.Hour {
			refuse(w, 400, "ValidationError", chainedText)
			return
		}
		succeed(n, w, form)
	})
	c := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()})
	long := question(bridge.ViaAssumeRole, func(q *bridge.ExchangeRequest) { q.Duration = 8 * time.Hour })
	for range 2 {
		got := exchange(t, c, long)
		if got.CapReason != bridge.CapChained || !got.Chained {
			t.Errorf("cap %q, chained %v", got.CapReason, got.Chained)
		}
	}
	var sent []string
	for _, q := range sts.questions() {
		sent = append(sent, q.form.Get("DurationSeconds"))
	}
	if got := strings.Join(sent, " "); got != "28800 3600 3600" {
		t.Errorf("asked for %s", got)
	}
	if longest, why := c.Longest(context.Background(), role("Dev"), bridge.ViaAssumeRole); longest != time.Hour || why != bridge.CapChained {
		t.Errorf("longest is %s because of %q", longest, why)
	}
}

// TestChainedOnlyOnce: an STS that insists is believed; nothing loops. Nor is a relayed proof ever taken for chained.
func TestChainedOnlyOnce(t *testing.T) {
	sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, 400, "ValidationError", chainedText) })
	c := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()})
	long := func(q *bridge.ExchangeRequest) { q.Duration = 2 * time.Hour }
	_, err := c.Exchange(context.Background(), question(bridge.ViaSAML, long))
	wantCode(t, err, bridge.CodeSTSChained)
	if n := len(sts.questions()); n != 1 {
		t.Errorf("%d calls for a relayed proof, want 1", n)
	}
	_, err = c.Exchange(context.Background(), question(bridge.ViaAssumeRole, long))
	wantCode(t, err, bridge.CodeSTSChained)
	if n := len(sts.questions()); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
}
