package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
)

// How long keys live, and how often they are asked for. Threats O5, O6, O7.
const (
	keysDue     = 10 * time.Minute // older keys are fetched again in the background
	keysMaxAge  = 15 * time.Minute // older keys are fetched again before they are used: a removed key is dead by then
	keysLastAge = 24 * time.Hour   // keys are used no longer than this while the provider can't be asked
	// At most two fetches begin within keysWindow, whatever the reason: the second lets a rotated key in at once, and a
	// flood of forged tokens gets no third. A kid that a fresh set didn't know isn't looked for again within it.
	keysWindow = 30 * time.Second
	keysWait   = 5 * time.Second // for one fetch
	maxMissing = 1024            // kids remembered as unknown
	maxTries   = 8               // keys tried for one token
)

var errHeldBack = errors.New("asked too often in a short time")

// keySet is the provider's keys: a copy that is fetched when it must be, and kept while the provider is down.
type keySet struct {
	fetch func(ctx context.Context) ([]*key, error)
	// adopt is told what changed before new keys are used; its error keeps them out.
	adopt func(ctx context.Context, before, after []*key) error
	now   func() time.Time
	log   *slog.Logger

	flight singleflight.Group

	mu       sync.Mutex
	ring     *keyRing // nil: never fetched
	begun    [2]time.Time
	failure  error // of the last fetch; nil if it went well
	unknowns map[string]time.Time
}

// keyRing is one copy of the keys; it never changes.
type keyRing struct {
	all     []*key
	byKid   map[string][]*key
	fetched time.Time
}

func newKeyRing(keys []*key, now time.Time) *keyRing {
	ring := &keyRing{all: keys, byKid: make(map[string][]*key, len(keys)), fetched: now}
	for _, k := range keys {
		if k.kid != "" {
			ring.byKid[k.kid] = append(ring.byKid[k.kid], k)
		}
	}
	return ring
}

// verifier finds the key of the ring that verifies the token, by its kid alone. A token without a kid is tried with the
// keys that its algorithm fits (OpenID Connect Core §10.1 allows that for sets of one key; some providers have two).
func (r *keyRing) verifier(t *token) *key {
	candidates := r.all
	if t.kid != "" {
		candidates = r.byKid[t.kid]
	}
	tries := 0
	for _, k := range candidates {
		if !t.alg.fits(t.algName, k) {
			continue
		}
		if tries++; tries > maxTries {
			return nil
		}
		if t.alg.verify(k.public, []byte(t.signed), t.signature) {
			return k
		}
	}
	return nil
}

// attempt carries one token to VerifySignature and the outcome back: go-oidc turns errors into text, and its interface
// has no place for the key.
type attempt struct {
	token *token
	key   *key // nil: not verified
	err   error
}

type attemptKey struct{}

var _ gooidc.KeySet = (*keySet)(nil)

// VerifySignature implements go-oidc's KeySet.
func (s *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok || a.token.raw != raw {
		return nil, errors.New("oidc: a token that was not parsed first")
	}
	a.key, a.err = s.verify(ctx, a.token)
	if a.err != nil {
		return nil, a.err
	}
	return []byte(a.token.payload), nil
}

// verify finds the key that signed the token. When none of the known ones did, the set is fetched again, unless that was
// done a moment ago.
func (s *keySet) verify(ctx context.Context, t *token) (*key, error) {
	ring, err := s.current(ctx)
	if err != nil {
		return nil, unreachable(ctx, "keys", err)
	}
	if k := ring.verifier(t); k != nil {
		return k, nil
	}
	if s.knownUnknown(t.kid) {
		return nil, rejected("no key %s verifies the ID token; looked for it a moment ago", quote(t.kid))
	}
	if err := s.reload(ctx, ring); errors.Is(err, errHeldBack) {
		return nil, rejected("no key %s verifies the ID token: newer keys: %w", quote(t.kid), err)
	} else if err != nil {
		return nil, unreachable(ctx, fmt.Sprintf("no key %s verifies the ID token: newer keys", quote(t.kid)), err)
	}
	if k := s.latest().verifier(t); k != nil {
		return k, nil
	}
	s.rememberUnknown(t.kid)
	return nil, rejected("no key %s verifies the ID token, nor any newer key", quote(t.kid))
}

func (s *keySet) latest() *keyRing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ring
}

// current gives keys that are young enough to be used.
func (s *keySet) current(ctx context.Context) (*keyRing, error) {
	ring := s.latest()
	if ring != nil {
		age := s.now().Sub(ring.fetched)
		if age < keysDue {
			return ring, nil
		}
		if age < keysMaxAge {
			go s.reload(context.WithoutCancel(ctx), ring)
			return ring, nil
		}
	}
	err := s.reload(ctx, ring)
	newer := s.latest()
	switch {
	case newer != ring:
		return newer, nil
	case ring != nil && s.now().Sub(ring.fetched) < keysLastAge:
		// The provider's outage is not ours: the last good copy serves, for a bound.
		return ring, nil
	case err == nil:
		err = errHeldBack
	}
	return nil, err
}

// reload fetches the set unless somebody has already replaced the ring that the caller saw. All callers share one fetch,
// which doesn't end when one of them leaves.
func (s *keySet) reload(ctx context.Context, seen *keyRing) error {
	done := s.flight.DoChan("keys", func() (any, error) {
		ok, err := s.begin(seen)
		if !ok {
			return nil, err
		}
		fetchCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysWait)
		defer cancel()
		_, err = safely(fetchCtx, s.log, func() (struct{}, error) { return struct{}{}, s.load(fetchCtx) })
		s.mu.Lock()
		s.failure = err
		s.mu.Unlock()
		if err != nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "keys of the provider could not be fetched", slog.Any("error", err))
		}
		return nil, err
	})
	return shared(ctx, done)
}

// begin decides whether a fetch may begin, and counts it.
func (s *keySet) begin(seen *keyRing) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring != seen {
		return false, nil
	}
	now := s.now()
	if since := now.Sub(s.begun[0]); since >= 0 && since < keysWindow {
		if s.failure != nil {
			return false, fmt.Errorf("%w; the last time: %w", errHeldBack, s.failure)
		}
		return false, errHeldBack
	}
	s.begun[0], s.begun[1] = s.begun[1], now
	return true, nil
}

func (s *keySet) load(ctx context.Context) error {
	keys, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	var before []*key
	if old := s.latest(); old != nil {
		before = old.all
	}
	if err := s.adopt(ctx, before, keys); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring = newKeyRing(keys, s.now())
	return nil
}

func (s *keySet) knownUnknown(kid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.unknowns[kid]
	return ok && s.now().Before(until)
}

func (s *keySet) rememberUnknown(kid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unknowns == nil || len(s.unknowns) >= maxMissing {
		s.unknowns = make(map[string]time.Time)
	}
	s.unknowns[kid] = s.now().Add(keysWindow)
}
