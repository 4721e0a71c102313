package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/store"
)

func records(t *testing.T, open func(*testing.T) store.Store, reopen func(*testing.T, store.Store) store.Store) {
	t.Run("a record is swapped by one", func(t *testing.T) { recordSwaps(t, open(t)) })
	t.Run("a record's versions count up", func(t *testing.T) { recordVersions(t, open(t)) })
	t.Run("no swap is lost", func(t *testing.T) { recordCounter(t, open(t)) })
	t.Run("a record survives a restart", func(t *testing.T) { recordSurvives(t, open(t), reopen) })
	t.Run("a record is bounded", func(t *testing.T) { recordBounded(t, open(t)) })
}

// SwapRecord: exactly one of any number of concurrent swaps from one version succeeds.
func recordSwaps(t *testing.T, s store.Store) {
	ctx := context.Background()
	for from := range int64(3) {
		var n atomic.Int64
		won, odd := race(func() error { return s.SwapRecord(ctx, "keys", from, fmt.Append(nil, n.Add(1))) }, store.ErrConflict)
		if won != 1 || odd != 0 {
			t.Fatalf("from version %d, %d swapped it and %d failed oddly, want 1 and 0", from, won, odd)
		}
		if _, version, err := s.Record(ctx, "keys"); err != nil || version != from+1 {
			t.Fatalf("version is %d, %v; want %d", version, err, from+1)
		}
	}
}

// SwapRecord: at another version it fails and changes nothing; names are apart, byte for byte.
func recordVersions(t *testing.T, s store.Store) {
	ctx := context.Background()
	_, _, err := s.Record(ctx, "keys")
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.SwapRecord(ctx, "keys", 1, []byte("from nothing")), store.ErrConflict)
	_, _, err = s.Record(ctx, "keys")
	wantErr(t, err, store.ErrNotFound)
	must(t, s.SwapRecord(ctx, "keys", 0, []byte("first")))
	must(t, s.SwapRecord(ctx, "keys", 1, []byte("second\x00\xff")))
	for _, from := range []int64{-1, 0, 1, 3} {
		wantErr(t, s.SwapRecord(ctx, "keys", from, []byte("stale")), store.ErrConflict)
	}
	must(t, s.SwapRecord(ctx, "Keys", 0, nil))
	value, version, err := s.Record(ctx, "keys")
	must(t, err)
	if string(value) != "second\x00\xff" || version != 2 {
		t.Fatalf("%q at version %d", value, version)
	}
	value, version, err = s.Record(ctx, "Keys")
	must(t, err)
	if len(value) != 0 || version != 1 {
		t.Fatalf("another name's record is %q at version %d", value, version)
	}
}

// SwapRecord and Record together: whoever reads, adds one and swaps, until it succeeds, loses nobody's one.
func recordCounter(t *testing.T, s store.Store) {
	ctx := context.Background()
	must(t, s.SwapRecord(ctx, "n", 0, []byte("0")))
	const workers, each = 8, 5
	var wait sync.WaitGroup
	failed := make(chan error, workers)
	for range workers {
		wait.Go(func() {
			for done := 0; done < each; {
				value, version, err := s.Record(ctx, "n")
				if err != nil {
					failed <- err
					return
				}
				var n int
				fmt.Sscan(string(value), &n)
				if s.SwapRecord(ctx, "n", version, fmt.Append(nil, n+1)) == nil {
					done++
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		t.Fatal(err)
	}
	value, version, err := s.Record(ctx, "n")
	must(t, err)
	if string(value) != fmt.Sprint(workers*each) || version != workers*each+1 {
		t.Fatalf("counted %s at version %d, want %d", value, version, workers*each)
	}
}

func recordSurvives(t *testing.T, s store.Store, reopen func(*testing.T, store.Store) store.Store) {
	ctx := context.Background()
	must(t, s.SwapRecord(ctx, "keys", 0, []byte("first")))
	must(t, s.SwapRecord(ctx, "keys", 1, []byte("second")))
	s = reopen(t, s)
	value, version, err := s.Record(ctx, "keys")
	must(t, err)
	if string(value) != "second" || version != 2 {
		t.Fatalf("%q at version %d", value, version)
	}
	wantErr(t, s.SwapRecord(ctx, "keys", 1, []byte("stale")), store.ErrConflict)
	must(t, s.SwapRecord(ctx, "keys", 2, []byte("third")))
}

func recordBounded(t *testing.T, s store.Store) {
	ctx := context.Background()
	full := bytes.Repeat([]byte("x"), store.MaxRecord)
	must(t, s.SwapRecord(ctx, "keys", 0, full))
	if s.SwapRecord(ctx, "keys", 1, append(full, 'x')) == nil {
		t.Fatal("a record over the bound was taken")
	}
	value, version, err := s.Record(ctx, "keys")
	must(t, err)
	if !bytes.Equal(value, full) || version != 1 {
		t.Fatalf("%d bytes at version %d", len(value), version)
	}
}
