package ststest

import (
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"
)

const recorded = 64 // requests that are remembered

// Request is what came in, for tests to look at. Form holds everything that was sent, the secret parts too: Captured is
// for tests and for nothing else.
type Request struct {
	Time   time.Time
	Method string
	Action string
	Form   url.Values
	Signed bool   // an Authorization header came with it
	Code   string // of the error it was answered with; "" where it succeeded
}

type recorder struct {
	mu   sync.Mutex
	last []Request
}

func (r *recorder) add(v Request) {
	v.Form = maps.Clone(v.Form)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last) == recorded {
		r.last = slices.Delete(r.last, 0, 1)
	}
	r.last = append(r.last, v)
}

// Captured gives the last requests to STS and to the federation endpoint, the oldest first. It is for tests alone: the
// forms hold assertions, tokens and secrets as they came.
func (a *AWS) Captured() []Request {
	a.record.mu.Lock()
	defer a.record.mu.Unlock()
	return slices.Clone(a.record.last)
}
