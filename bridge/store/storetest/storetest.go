// Package storetest is the suite that every store passes. Each case says which MUST of package store it proves.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/store"
)

// Run runs the suite. open gives a new empty store; reopen closes one and opens it again as after a restart.
func Run(t *testing.T, open func(t *testing.T) store.Store, reopen func(t *testing.T, s store.Store) store.Store) {
	t.Run("pending is taken once", func(t *testing.T) { pendingOnce(t, open(t)) })
	t.Run("pending ends", func(t *testing.T) { pendingEnds(t, open(t)) })
	t.Run("a handle is used once", func(t *testing.T) { handleOnce(t, open(t)) })
	t.Run("pending survives a restart", func(t *testing.T) { pendingSurvives(t, open(t), reopen) })
	t.Run("an id is used once", func(t *testing.T) { usedOnce(t, open(t)) })
	t.Run("a used id survives a restart, a sweep and a clock that jumps", func(t *testing.T) { usedSurvives(t, open(t), reopen) })
	t.Run("a session is found until it ends", func(t *testing.T) { sessionEnds(t, open(t)) })
	t.Run("a session's parts", func(t *testing.T) { sessionParts(t, open(t)) })
	t.Run("a deleted session is gone with its parts", func(t *testing.T) { sessionDeleted(t, open(t)) })
	t.Run("all sessions of a person", func(t *testing.T) { sessionsOf(t, open(t)) })
	t.Run("the sweep deletes what is past, and nothing else", func(t *testing.T) { sweep(t, open(t)) })
	t.Run("a key is made once", func(t *testing.T) { keyOnce(t, open(t), reopen) })
	records(t, open, reopen)
	t.Run("a closed store refuses everything", func(t *testing.T) { closed(t, open(t)) })
}

var now = time.Now().Truncate(time.Millisecond)

func hash(s string) store.Hash { return sha256.Sum256([]byte(s)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error is %v, want %v", got, want)
	}
}

// race calls f from many goroutines and counts the calls without an error.
func race(f func() error, refused error) (won, odd int64) {
	var wins, odds atomic.Int64
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			switch err := f(); {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, refused):
				odds.Add(1)
			}
		})
	}
	wait.Wait()
	return wins.Load(), odds.Load()
}

// TakePending: exactly one of any number of concurrent calls gets it.
func pendingOnce(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.PutPending(ctx, hash("h"), store.Pending{Sealed: []byte("sealed"), Expires: now.Add(time.Minute)}))
	won, odd := race(func() error {
		p, err := s.TakePending(ctx, hash("h"), now)
		if err == nil && string(p.Sealed) != "sealed" {
			return fmt.Errorf("sealed is %q", p.Sealed)
		}
		return err
	}, store.ErrNotFound)
	if won != 1 || odd != 0 {
		t.Fatalf("%d took it and %d failed oddly, want 1 and 0", won, odd)
	}
}

// TakePending: nobody gets it after Expires, nor later with an older clock.
func pendingEnds(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.PutPending(ctx, hash("h"), store.Pending{Sealed: []byte("x"), Expires: now}))
	_, err := s.TakePending(ctx, hash("h"), now)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.TakePending(ctx, hash("h"), now.Add(-time.Hour))
	wantErr(t, err, store.ErrNotFound)
	_, err = s.TakePending(ctx, hash("never"), now)
	wantErr(t, err, store.ErrNotFound)
}

func handleOnce(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.PutPending(ctx, hash("h"), store.Pending{Sealed: []byte("first"), Expires: now.Add(time.Minute)}))
	if s.PutPending(ctx, hash("h"), store.Pending{Sealed: []byte("second"), Expires: now.Add(time.Minute)}) == nil {
		t.Fatal("a second pending sign-in took the place of the first")
	}
	p, err := s.TakePending(ctx, hash("h"), now)
	must(t, err)
	if string(p.Sealed) != "first" || !p.Expires.Equal(now.Add(time.Minute)) {
		t.Fatalf("took %q until %v", p.Sealed, p.Expires)
	}
}

func pendingSurvives(t *testing.T, s store.Store, reopen func(*testing.T, store.Store) store.Store) {
	ctx := context.Background()
	must(t, s.PutPending(ctx, hash("a"), store.Pending{Sealed: []byte("a"), Expires: now.Add(time.Minute)}))
	must(t, s.PutPending(ctx, hash("b"), store.Pending{Sealed: []byte("b"), Expires: now.Add(time.Minute)}))
	_, err := s.TakePending(ctx, hash("b"), now)
	must(t, err)
	s = reopen(t, s)
	_, err = s.TakePending(ctx, hash("b"), now)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.TakePending(ctx, hash("a"), now)
	must(t, err)
}

// UseOnce: exactly one succeeds; issuer and id count both, and no pair reads like another.
func usedOnce(t *testing.T, s store.Store) {
	ctx := context.Background()
	won, odd := race(func() error { return s.UseOnce(ctx, "issuer", "id", now.Add(time.Minute)) }, store.ErrUsed)
	if won != 1 || odd != 0 {
		t.Fatalf("%d used it and %d failed oddly, want 1 and 0", won, odd)
	}
	for _, other := range [][2]string{{"issuer", "ID"}, {"Issuer", "id"}, {"issueri", "d"}, {"", "issuerid"}, {"issuer", "id "}, {"issuer\x00", "id"}} {
		must(t, s.UseOnce(ctx, other[0], other[1], now.Add(time.Minute)))
		wantErr(t, s.UseOnce(ctx, other[0], other[1], now.Add(time.Minute)), store.ErrUsed)
	}
}

func usedSurvives(t *testing.T, s store.Store, reopen func(*testing.T, store.Store) store.Store) {
	ctx := context.Background()
	must(t, s.UseOnce(ctx, "issuer", "id", now.Add(time.Minute)))
	s = reopen(t, s)
	// The second sweep's clock was ahead, and is right again.
	for _, clock := range []time.Time{now.Add(59 * time.Second), now.Add(time.Minute + store.UsedGrace - time.Second)} {
		_, err := s.Sweep(ctx, clock)
		must(t, err)
		wantErr(t, s.UseOnce(ctx, "issuer", "id", now.Add(time.Minute)), store.ErrUsed)
	}
}

func session(person, idp string) store.Session {
	return store.Session{
		Head: store.Head{
			Expires: now.Add(time.Hour), Idle: now.Add(10 * time.Minute), Created: now,
			Person: hash(person), IdPSession: hash(idp), WrappedKey: []byte("wrapped"),
		},
		Identity: []byte("identity"), Proof: []byte("proof"), ProofUntil: now.Add(5 * time.Minute),
	}
}

// SessionHead: neither past Expires nor past Idle.
func sessionEnds(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.CreateSession(ctx, hash("s"), session("ada", "idp")))
	head, err := s.SessionHead(ctx, hash("s"), now)
	must(t, err)
	want := session("ada", "idp").Head
	if !head.Expires.Equal(want.Expires) || !head.Idle.Equal(want.Idle) || !head.Created.Equal(want.Created) ||
		head.Person != want.Person || head.IdPSession != want.IdPSession || !bytes.Equal(head.WrappedKey, want.WrappedKey) {
		t.Fatalf("head is %+v, want %+v", head, want)
	}
	_, err = s.SessionHead(ctx, hash("s"), want.Idle)
	wantErr(t, err, store.ErrNotFound)
	must(t, s.TouchSession(ctx, hash("s"), now.Add(2*time.Hour)))
	_, err = s.SessionHead(ctx, hash("s"), want.Idle)
	must(t, err)
	_, err = s.SessionHead(ctx, hash("s"), want.Expires)
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.TouchSession(ctx, hash("nobody"), now), store.ErrNotFound)
	if s.CreateSession(ctx, hash("s"), session("eve", "idp")) == nil {
		t.Fatal("a second session took the id of the first")
	}
}

func sessionParts(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.CreateSession(ctx, hash("s"), session("ada", "idp")))
	without := session("bob", "idp")
	without.Proof = nil
	must(t, s.CreateSession(ctx, hash("without"), without))
	identity, err := s.SessionIdentity(ctx, hash("s"))
	must(t, err)
	proof, err := s.SessionProof(ctx, hash("s"), now)
	must(t, err)
	if string(identity) != "identity" || string(proof) != "proof" {
		t.Fatalf("identity %q, proof %q", identity, proof)
	}
	_, err = s.SessionProof(ctx, hash("s"), now.Add(5*time.Minute))
	wantErr(t, err, store.ErrNotFound)
	_, err = s.SessionProof(ctx, hash("without"), now)
	wantErr(t, err, store.ErrNotFound)
}

func gone(t *testing.T, s store.Store, id string) {
	t.Helper()
	ctx := context.Background()
	_, err := s.SessionHead(ctx, hash(id), now)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.SessionIdentity(ctx, hash(id))
	wantErr(t, err, store.ErrNotFound)
	_, err = s.SessionProof(ctx, hash(id), now)
	wantErr(t, err, store.ErrNotFound)
}

func sessionDeleted(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.CreateSession(ctx, hash("s"), session("ada", "idp")))
	must(t, s.CreateSession(ctx, hash("other"), session("ada", "idp")))
	must(t, s.DeleteSession(ctx, hash("s")))
	must(t, s.DeleteSession(ctx, hash("s")))
	gone(t, s, "s")
	_, err := s.SessionHead(ctx, hash("other"), now)
	must(t, err)
}

func sessionsOf(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.CreateSession(ctx, hash("a1"), session("ada", "idp1")))
	must(t, s.CreateSession(ctx, hash("a2"), session("ada", "idp2")))
	must(t, s.CreateSession(ctx, hash("b"), session("bob", "idp3")))
	unknown := session("carol", "")
	unknown.IdPSession = store.Hash{}
	must(t, s.CreateSession(ctx, hash("c"), unknown))

	idp2, ada := hash("idp2"), hash("ada")
	n, err := s.DeleteSessionsOf(ctx, nil, &idp2)
	must(t, err)
	if n != 1 {
		t.Fatalf("ended %d sessions of idp2, want 1", n)
	}
	gone(t, s, "a2")
	n, err = s.DeleteSessionsOf(ctx, &ada, nil)
	must(t, err)
	if n != 1 {
		t.Fatalf("ended %d sessions of ada, want 1", n)
	}
	gone(t, s, "a1")
	n, err = s.DeleteSessionsOf(ctx, nil, &store.Hash{})
	must(t, err)
	if n != 0 {
		t.Fatalf("the zero hash ended %d sessions", n)
	}
	for _, id := range []string{"b", "c"} {
		_, err = s.SessionHead(ctx, hash(id), now)
		must(t, err)
	}
}

func sweep(t *testing.T, s store.Store) {
	ctx := context.Background()
	for i := range 3 {
		until := now.Add(time.Duration(i) * time.Minute)
		name := fmt.Sprint(i)
		must(t, s.PutPending(ctx, hash(name), store.Pending{Sealed: []byte("x"), Expires: until}))
		must(t, s.UseOnce(ctx, "issuer", name, until.Add(-store.UsedGrace)))
		n := session("p"+name, "i"+name)
		n.Expires = until
		must(t, s.CreateSession(ctx, hash(name), n))
	}
	n, err := s.Sweep(ctx, now.Add(time.Minute))
	must(t, err)
	if n != 6 {
		t.Fatalf("swept %d rows, want 2 of each of 3 kinds", n)
	}
	must(t, s.UseOnce(ctx, "issuer", "0", now.Add(time.Hour)))
	wantErr(t, s.UseOnce(ctx, "issuer", "2", now.Add(time.Hour)), store.ErrUsed)
	_, err = s.SessionHead(ctx, hash("2"), now)
	must(t, err)
	_, err = s.SessionIdentity(ctx, hash("0"))
	wantErr(t, err, store.ErrNotFound)
}

func keyOnce(t *testing.T, s store.Store, reopen func(*testing.T, store.Store) store.Store) {
	ctx := context.Background()
	first, err := s.Key(ctx, "person")
	must(t, err)
	other, err := s.Key(ctx, "other")
	must(t, err)
	s = reopen(t, s)
	again, err := s.Key(ctx, "person")
	must(t, err)
	if len(first) != 32 || !bytes.Equal(first, again) || bytes.Equal(first, other) {
		t.Fatalf("keys: first %d bytes, same again %v, same as another's %v",
			len(first), bytes.Equal(first, again), bytes.Equal(first, other))
	}
}

// When the store can't be asked, callers refuse: so it must say so, and not "not found" or "used".
func closed(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.Ping(ctx))
	must(t, s.Close())
	_, take := s.TakePending(ctx, hash("h"), now)
	_, head := s.SessionHead(ctx, hash("s"), now)
	_, _, record := s.Record(ctx, "r")
	for name, err := range map[string]error{
		"Ping": s.Ping(ctx), "TakePending": take, "SessionHead": head, "Record": record,
		"UseOnce":    s.UseOnce(ctx, "i", "id", now),
		"PutPending": s.PutPending(ctx, hash("h"), store.Pending{Expires: now}),
		"SwapRecord": s.SwapRecord(ctx, "r", 0, nil),
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUsed) || errors.Is(err, store.ErrConflict) {
			t.Errorf("%s on a closed store: %v", name, err)
		}
	}
}
