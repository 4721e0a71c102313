package ststest

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Faults make an endpoint misbehave on request, by name. Each is used up by as many calls as it was asked for; several
// that wait are used in the order of the methods below. The zero value behaves.
type Faults struct {
	mu           sync.Mutex
	throttled    int
	failing      int
	failure      *apiError
	refusing     int
	refusal      *apiError
	slow         time.Duration
	cut          int
	wrongAccount int
	calls        map[string]int
}

// Throttled answers the next n calls with Throttling: Rate exceeded.
func (f *Faults) Throttled(n int) { f.set(func() { f.throttled = n }) }

// Failing answers the next n calls with this 5xx status.
func (f *Faults) Failing(status, n int) {
	f.set(func() { f.failing, f.failure = n, serverError(status) })
}

// Refusing answers the next n calls with this error: any that AWS has, also those that this AWS can't come to by itself.
func (f *Faults) Refusing(code, message string, status, n int) {
	f.set(func() { f.refusing, f.refusal = n, &apiError{status, code, message} })
}

// Slow makes every call wait for d before it is answered, until Slow(0). A client that goes away ends the wait.
func (f *Faults) Slow(d time.Duration) { f.set(func() { f.slow = d }) }

// Cut carries out the next n calls and breaks the connection in the middle of the answer.
func (f *Faults) Cut(n int) { f.set(func() { f.cut = n }) }

// WrongAccount answers the next n AssumeRole* calls that succeed with the ARN of a role session in another account.
func (f *Faults) WrongAccount(n int) { f.set(func() { f.wrongAccount = n }) }

// Behave takes all faults back; the counters stay.
func (f *Faults) Behave() {
	f.set(func() { f.throttled, f.failing, f.refusing, f.slow, f.cut, f.wrongAccount = 0, 0, 0, 0, 0, 0 })
}

// Calls tells how many calls of this action came in, answered or not: "AssumeRole", "getSigninToken". "" counts all.
func (f *Faults) Calls(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if action != "" {
		return f.calls[action]
	}
	total := 0
	for _, n := range f.calls {
		total += n
	}
	return total
}

func (f *Faults) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// begin counts a call and gives the error that it must fail with, if any. It returns when a slow call's time has come.
func (f *Faults) begin(ctx context.Context, action string) *apiError {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[action]++
	wait := f.slow
	var fault *apiError
	switch {
	case take(&f.throttled):
		fault = errThrottling()
	case take(&f.failing):
		fault = f.failure
	case take(&f.refusing):
		fault = f.refusal
	}
	f.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return fault
}

func (f *Faults) takeWrongAccount() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return take(&f.wrongAccount)
}

// write sends an answer, or half of it and then nothing: the connection is dropped, as http.ErrAbortHandler promises.
func (f *Faults) write(w http.ResponseWriter, status int, body []byte) {
	f.mu.Lock()
	cut := take(&f.cut)
	f.mu.Unlock()
	if !cut {
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return
	}
	w.Header().Set("Content-Length", itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func take(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}
