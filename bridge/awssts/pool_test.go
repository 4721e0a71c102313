package awssts_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// fan asks n times at once and waits for all.
func fan(t *testing.T, c *awssts.Client, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := c.Exchange(context.Background(), question(bridge.ViaWebIdentity)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestFanOutReusesConnections: sixty roles at once, over TLS, open no new connection once sixty are there (speed E2).
func TestFanOutReusesConnections(t *testing.T) {
	const roles = 60
	var opened atomic.Int64
	var arrived atomic.Int64
	var meet atomic.Pointer[chan struct{}]
	sts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		// Every call waits for all the others, so that sixty connections are in use at the same time.
		gather := *meet.Load()
		if arrived.Add(1)%roles == 0 {
			close(gather)
		}
		<-gather
		succeed(0, w, r.Form)
	}))
	sts.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	sts.StartTLS()
	defer sts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(sts.Certificate())
	long := awssts.Limits{Header: time.Minute, Attempt: time.Minute, Total: time.Minute}
	c := client(t, awssts.Config{Endpoint: sts.URL, RootCAs: roots, Limits: long})
	for round := range 4 {
		gather := make(chan struct{})
		meet.Store(&gather)
		before := opened.Load()
		fan(t, c, roles)
		if fresh := opened.Load() - before; round > 0 && fresh != 0 {
			t.Errorf("round %d opened %d connections, want 0", round, fresh)
		}
	}
	if n := opened.Load(); n != roles {
		t.Errorf("%d connections, want %d", n, roles)
	}
}

// TestTLS: whoever can't show a trusted certificate gets no proof.
func TestTLS(t *testing.T) {
	var calls atomic.Int64
	sts := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	sts.Config.ErrorLog = log.New(io.Discard, "", 0)
	sts.StartTLS()
	defer sts.Close()
	_, err := client(t, awssts.Config{Endpoint: sts.URL, RootCAs: x509.NewCertPool()}).
		Exchange(context.Background(), question(bridge.ViaSAML))
	wantCode(t, err, bridge.CodeSTSDown)
	if calls.Load() != 0 {
		t.Error("the proof was sent to an endpoint that isn't trusted")
	}
}

// TestFull: a slow STS holds as many callers as it has places; the next are sent away at once, and those who wait get
// their turn. Another endpoint isn't touched.
func TestFull(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	slow := newStub(t, func(n int, w http.ResponseWriter, form url.Values) {
		entered <- struct{}{}
		<-release
		succeed(n, w, form)
	})
	quick := newStub(t, succeed)
	c := client(t, awssts.Config{
		Endpoint: slow.URL, Partitions: map[string]awssts.Partition{"aws-cn": {Endpoint: quick.URL}},
		Limits: awssts.Limits{InFlight: 2, Waiting: 1, Header: time.Minute, Attempt: time.Minute, Total: time.Minute},
	})
	var all sync.WaitGroup
	ask := func() {
		all.Go(func() {
			if _, err := c.Exchange(context.Background(), question(bridge.ViaSAML)); err != nil {
				t.Error(err)
			}
		})
	}
	ask()
	ask()
	<-entered
	<-entered // both places are taken
	waiting, giveUp := context.WithCancel(context.Background())
	gone := make(chan error)
	go func() {
		err := error(bridge.Fail(bridge.CodeSTSThrottled, nil))
		for bridge.CodeOf(err) == bridge.CodeSTSThrottled { // the one below was there first
			_, err = c.Exchange(waiting, question(bridge.ViaSAML))
		}
		gone <- err
	}()
	// One more waits: from then on there is no room. Asking until that is so, because nobody can see somebody wait.
	for {
		short, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		_, err := c.Exchange(short, question(bridge.ViaSAML))
		cancel()
		if code := bridge.CodeOf(err); code == bridge.CodeSTSThrottled {
			break
		} else if code != bridge.CodeSTSDown {
			t.Fatalf("code is %q (%v)", code, err)
		}
	}
	chinese := question(bridge.ViaSAML, func(q *bridge.ExchangeRequest) {
		q.Role.ARN.Partition, q.Role.SAMLProvider.Partition = "aws-cn", "aws-cn"
	})
	if _, err := c.Exchange(context.Background(), chinese); bridge.CodeOf(err) != bridge.CodeSTSWrongRole {
		t.Errorf("another partition's STS: %v", err) // it answered: the stub's role is of another partition
	}
	giveUp()
	wantCode(t, <-gone, bridge.CodeClientGone)
	close(release)
	all.Wait()
	if n := len(slow.questions()); n != 2 {
		t.Errorf("%d calls reached STS, want 2", n)
	}
}

// TestNoRetryStorm: where every call fails, second attempts soon stop (threat A23).
func TestNoRetryStorm(t *testing.T) {
	sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, 400, "Throttling", "Rate exceeded") })
	c := client(t, awssts.Config{Endpoint: sts.URL})
	const calls = 100
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if _, err := c.Exchange(context.Background(), question(bridge.ViaSAML)); bridge.CodeOf(err) != bridge.CodeSTSThrottled {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if n := len(sts.questions()); n < calls || n > calls+20 {
		t.Errorf("%d attempts for %d calls, want at most 20 more", n, calls)
	}
	if e := c.Status().Endpoints[0]; e.Code != bridge.CodeSTSThrottled {
		t.Errorf("status is %+v", e)
	}
}
