package mint_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// memoryState is a State in memory.
type memoryState struct {
	mu      sync.Mutex
	values  map[string][]byte
	version map[string]int64
	down    error
}

func newMemoryState() *memoryState {
	return &memoryState{values: map[string][]byte{}, version: map[string]int64{}}
}

func (s *memoryState) Load(_ context.Context, name string) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.values[name]), s.version[name], s.down
}

func (s *memoryState) Swap(_ context.Context, name string, from int64, value []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil || s.version[name] != from {
		return false, s.down
	}
	s.values[name], s.version[name] = slices.Clone(value), from+1
	return true, nil
}

func (s *memoryState) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

// wallClock is a clock that a test moves.
type wallClock struct{ nanos atomic.Int64 }

func newWallClock() *wallClock {
	c := &wallClock{}
	c.nanos.Store(time.Now().Truncate(time.Second).UnixNano())
	return c
}

func (c *wallClock) now() time.Time                  { return time.Unix(0, c.nanos.Load()) }
func (c *wallClock) pass(d time.Duration)            { c.nanos.Add(int64(d)) }
func (c *wallClock) since(t time.Time) time.Duration { return c.now().Sub(t) }

// auditLines is an audit log that keeps what it was told, or fails.
type auditLines struct {
	mu    sync.Mutex
	lines []bridge.AuditEvent
	down  error
}

func (a *auditLines) Record(_ context.Context, e bridge.AuditEvent) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down == nil {
		a.lines = append(a.lines, e)
	}
	return a.down
}

// told counts events whose detail has all the words.
func (a *auditLines) told(words ...string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.lines {
		if e.Kind == bridge.AuditKeys && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e.Detail, w) }) {
			n++
		}
	}
	return n
}

// ringWorld is where rings live: a shared record, a directory, a clock, and a server that publishes at the issuer's address
// what the rings say.
type ringWorld struct {
	t      testing.TB
	state  *memoryState
	clock  *wallClock
	audit  *auditLines
	dir    string
	issuer string

	mu     sync.Mutex
	source func() mint.Documents // nil: what was published last stays
	served mint.Documents
	answer http.HandlerFunc // instead of all that
}

func newRingWorld(t testing.TB) *ringWorld {
	t.Helper()
	w := &ringWorld{t: t, state: newMemoryState(), clock: newWallClock(), audit: &auditLines{}, dir: filepath.Join(t.TempDir(), "keys")}
	server := httptest.NewServer(http.HandlerFunc(w.publish))
	t.Cleanup(server.Close)
	w.issuer = server.URL
	return w
}

func (w *ringWorld) publish(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	if w.source != nil {
		w.served = w.source()
	}
	docs, answer := w.served, w.answer
	w.mu.Unlock()
	out.Header().Set("Date", w.clock.now().UTC().Format(http.TimeFormat))
	if answer != nil {
		answer(out, r)
		return
	}
	document := map[string][]byte{"/.well-known/openid-configuration": docs.Discovery, "/jwks": docs.JWKS, "/saml/metadata": docs.Metadata}[r.URL.Path]
	if document == nil {
		http.NotFound(out, r)
		return
	}
	out.Write(document)
}

// publishes lets the server answer with what source says now; nil keeps what it answered last.
func (w *ringWorld) publishes(source func() mint.Documents) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.source = source
}

func (w *ringWorld) answers(answer http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func (w *ringWorld) config() mint.RingConfig {
	return mint.RingConfig{
		Issuer: w.issuer, Dir: w.dir, SAMLDir: w.dir, State: w.state, Audit: w.audit, Now: w.clock.now,
		Rotate: 90 * 24 * time.Hour, PublishAhead: time.Hour,
	}
}

// open opens a ring, which the server publishes from then on.
func (w *ringWorld) open(change ...func(*mint.RingConfig)) *mint.Ring {
	w.t.Helper()
	r, err := w.tryOpen(change...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.publishes(r.Documents)
	return r
}

func (w *ringWorld) tryOpen(change ...func(*mint.RingConfig)) (*mint.Ring, error) {
	c := w.config()
	for _, f := range change {
		f(&c)
	}
	return mint.OpenRing(w.t.Context(), c)
}

func step(t testing.TB, r *mint.Ring) {
	t.Helper()
	if err := r.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// states gives the states of the keys of a use, active first; the ids with them.
func states(t testing.TB, r *mint.Ring, use mint.Use) (states, ids []string) {
	t.Helper()
	keys, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Use == use {
			states, ids = append(states, string(k.State)), append(ids, k.ID)
		}
	}
	return states, ids
}

func wantStates(t testing.TB, r *mint.Ring, use mint.Use, want ...string) []string {
	t.Helper()
	have, ids := states(t, r, use)
	if !slices.Equal(have, want) {
		t.Fatalf("the %s keys are %v, want %v", use, have, want)
	}
	return ids
}

func current(t testing.TB, r *mint.Ring, use mint.Use) mint.Key {
	t.Helper()
	key, err := r.Current(use)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func keyFiles(t testing.TB, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Name())
	}
	return names
}

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
