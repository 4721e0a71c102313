package awssts_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// TestAttackFlood: a thousand people ask an STS that says nothing, with the default places and a patience that only this
// test has. What fits is held, the rest is sent away at once, another region's STS answers all the while, and when they
// give up everything is free again (threats A23, Z5).
func TestAttackFlood(t *testing.T) {
	const people, held = 1000, 128 + 256
	release := make(chan struct{})
	silent := newStub(t, func(n int, w http.ResponseWriter, form url.Values) {
		<-release
		succeed(n, w, form)
	})
	quick := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
		s := good(form)
		s.arn = strings.Replace(s.arn, "arn:aws:", "arn:aws-cn:", 1)
		s.write(w, form.Get("Action"))
	})
	long := 5 * time.Minute
	c := client(t, awssts.Config{
		Endpoint: silent.URL, Partitions: map[string]awssts.Partition{"aws-cn": {Endpoint: quick.URL}},
		Limits: awssts.Limits{Header: long, Attempt: long, Total: long},
	})
	chinese := question(bridge.ViaSAML, func(q *bridge.ExchangeRequest) {
		q.Role.ARN.Partition, q.Role.SAMLProvider.Partition = "aws-cn", "aws-cn"
	})
	exchange(t, c, chinese)
	before := runtime.NumGoroutine()

	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	answers := make(chan bridge.Code, people)
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			_, err := c.Exchange(ctx, question(bridge.ViaSAML))
			answers <- bridge.CodeOf(err)
		})
	}
	for range people - held {
		if code := <-answers; code != bridge.CodeSTSThrottled {
			t.Fatalf("sent away with %q", code)
		}
	}
	exchange(t, c, chinese) // who needs another STS doesn't notice
	if n := len(silent.questions()); n > 128 {
		t.Errorf("%d calls under way, more than there are places", n)
	}
	giveUp()
	all.Wait()
	close(answers)
	for code := range answers {
		if code != bridge.CodeClientGone {
			t.Errorf("who gave up reads %q", code)
		}
	}
	close(release)
	for range 200 { // every place is free again, one after the other
		exchange(t, c, question(bridge.ViaSAML))
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before+50; time.Sleep(10 * time.Millisecond) {
		silent.CloseClientConnections()
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// TestAttackDrip: an answer that begins and then never ends holds a place no longer than one attempt takes, and what had
// come of it is thrown away.
func TestAttackDrip(t *testing.T) {
	sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
		var whole strings.Builder
		good(form).write(&whole, form.Get("Action"))
		// All of the credentials, and not the end of the result, where the SDK stops reading.
		_, _ = io.WriteString(w, whole.String()[:strings.Index(whole.String(), "</AssumeRoleWithSAMLResult>")])
		_ = http.NewResponseController(w).Flush()
		for {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			if http.NewResponseController(w).Flush() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	c := client(t, awssts.Config{Endpoint: sts.URL, Limits: awssts.Limits{InFlight: 1, Attempt: 300 * time.Millisecond}})
	for range 2 { // the place is free for the second
		got, err := c.Exchange(context.Background(), question(bridge.ViaSAML))
		wantCode(t, err, bridge.CodeSTSDown)
		if got.AccessKeyID != "" || !got.SessionToken.IsZero() {
			t.Error("credentials of half an answer")
		}
	}
}

// TestAttackEndlessAnswer: of an answer without end no more than a megabyte is read, wherever the flood stands.
func TestAttackEndlessAnswer(t *testing.T) {
	const flood, tolerable = 64 << 20, 16 << 20 // what buffers on the way hold is written, and never read
	for _, where := range []string{"", "<AssumeRoleWithSAMLResponse><AssumeRoleWithSAMLResult><Credentials><SessionToken>", "<ErrorResponse><Error><Message>"} {
		written := make(chan int, 2)
		sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) {
			n, _ := io.WriteString(w, where)
			filler := []byte(strings.Repeat("a", 64<<10))
			for n < flood {
				m, err := w.Write(filler)
				if n += m; err != nil {
					break
				}
			}
			written <- n
		})
		_, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), question(bridge.ViaSAML))
		wantCode(t, err, bridge.CodeSTSAnswer)
		if n := <-written; n > tolerable {
			t.Errorf("after %q: %d megabytes were taken", where, n>>20)
		}
	}
}
