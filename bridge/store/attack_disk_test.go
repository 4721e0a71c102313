package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/store"
)

// TestAttackPowerFailure: what can't be tried without a plug to pull: every commit is flushed, and no text in the schema
// is run.
func TestAttackPowerFailure(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "trusted_schema": "0"} {
		if got, err := store.Pragma(s, name); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
}

// TestAttackDeletedRows: a session that was ended, and a sign-in that was taken, are gone from the disk, sealed as they
// were: whoever finds a cookie later finds nothing that it opens.
func TestAttackDeletedRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, ctx, until := open(t, path), context.Background(), time.Now().Add(time.Hour)
	marker := strings.Repeat("MARKER", 500)
	for i := range 20 {
		session := store.Session{
			Head: store.Head{Expires: until, Idle: until, WrappedKey: []byte(marker)}, Identity: []byte(marker),
			Proof: []byte(marker), ProofUntil: until,
		}
		if err := s.CreateSession(ctx, named("s", i), session); err != nil {
			t.Fatal(err)
		}
		if err := s.PutPending(ctx, named("p", i), store.Pending{Sealed: []byte(marker), Expires: until}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if err := s.DeleteSession(ctx, named("s", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakePending(ctx, named("p", i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // the log is carried over, and goes
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err != nil || bytes.Contains(raw, []byte("MARKERMARKER")) {
			t.Errorf("%s holds what was deleted (%v)", filepath.Base(file), err)
		}
	}
}
