package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// world is what a provider needs from the rest of fedbridge.
type world struct {
	mu     sync.Mutex
	ahead  time.Duration
	log    *buffer
	replay *Replay
	audit  *audit
}

func newWorld() *world { return &world{log: &buffer{}, replay: NewReplay(), audit: &audit{}} }

// now is the real time, moved ahead as far as the case says.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) deps() idp.Deps {
	return idp.Deps{
		BaseURL: BaseURL, Replay: w.replay, Audit: w.audit, Now: w.now,
		Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// Replay is an idp.ReplayGuard in memory.
type Replay struct {
	mu   sync.Mutex
	used map[string]time.Time
	down bool
}

// NewReplay makes an empty one.
func NewReplay() *Replay { return &Replay{used: map[string]time.Time{}} }

// UseOnce implements idp.ReplayGuard.
func (r *Replay) UseOnce(_ context.Context, issuer, id string, until time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := fmt.Sprintf("%q %q", issuer, id)
	switch _, used := r.used[key]; {
	case r.down:
		return bridge.Fail(bridge.CodeStoreDown, errors.New("the replay store is down"))
	case used:
		return bridge.Fail(bridge.CodeAnswerRejected, errors.New("used before"))
	}
	r.used[key] = until
	return nil
}

// SetDown makes every further call fail with CodeStoreDown, or ends that.
func (r *Replay) SetDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// Used lists until when the ids are remembered that were used so far.
func (r *Replay) Used() (until []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.used {
		until = append(until, at)
	}
	return until
}

// audit keeps events in memory.
type audit struct {
	mu     sync.Mutex
	events []bridge.AuditEvent
}

func (a *audit) Record(_ context.Context, event bridge.AuditEvent) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, event)
	return nil
}

// trusted counts the keys and certificates that were recorded.
func (a *audit) trusted() (fingerprints []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, event := range a.events {
		if event.Kind == bridge.AuditTrust && event.KeyFingerprint != "" {
			fingerprints = append(fingerprints, event.KeyFingerprint)
		}
	}
	return fingerprints
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
