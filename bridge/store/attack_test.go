package store_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
)

// TestAttackOpenFile: a database that somebody made readable for all, with its log, is for its owner alone once it is
// opened.
func TestAttackOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for _, file := range []string{path, path + "-wal"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o666); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	s := open(t, path)
	if err := s.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
	if len(files) < 2 {
		t.Errorf("files are %v", files)
	}
}

// TestAttackTwoNodes: two processes' worth of handles on one file: of a hundred parallel uses of one id, and takers of one
// sign-in, exactly one wins, and nobody hears anything but no.
func TestAttackTwoNodes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	nodes := []*store.SQLite{open(t, path), open(t, path)}
	ctx, until := context.Background(), time.Now().Add(time.Minute)
	if err := nodes[0].PutPending(ctx, sha256.Sum256([]byte("h")), store.Pending{Sealed: []byte("x"), Expires: until}); err != nil {
		t.Fatal(err)
	}
	var used, taken, odd atomic.Int64
	count := func(err, refused error, won *atomic.Int64) {
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, refused):
			odd.Add(1)
			t.Error(err)
		}
	}
	rejected := bridge.Fail(bridge.CodeAnswerRejected, nil)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			count(store.Guard{Store: nodes[i%2]}.UseOnce(ctx, "issuer", "id", until), rejected, &used)
		})
		all.Go(func() {
			_, err := nodes[i%2].TakePending(ctx, sha256.Sum256([]byte("h")), time.Now())
			count(err, store.ErrNotFound, &taken)
		})
	}
	all.Wait()
	if used.Load() != 1 || taken.Load() != 1 || odd.Load() != 0 {
		t.Errorf("used %d times, taken %d times, %d odd answers", used.Load(), taken.Load(), odd.Load())
	}
}

// TestAttackKill: kill -9 brings back neither a sign-in that was taken nor a session that was ended, and loses no session
// that was made.
func TestAttackKill(t *testing.T) {
	const variable = "FEDBRIDGE_TEST_KILL_SIGNINS"
	if path := os.Getenv(variable); path != "" {
		takeForEver(path)
		return
	}
	path := filepath.Join(t.TempDir(), "state.db")
	open(t, path).Close()
	child := exec.Command(os.Args[0], "-test.run=^TestAttackKill$")
	child.Env = append(os.Environ(), variable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	rounds := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "round ") {
			rounds++
		}
		if rounds == 30 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	child.Wait()
	if rounds < 30 {
		t.Fatalf("the child reported %d rounds", rounds)
	}
	s, ctx := open(t, path), context.Background()
	for i := range rounds {
		if _, err := s.TakePending(ctx, named("pending", i), time.Now()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("sign-in %d was taken, and after the kill: %v", i, err)
		}
		if _, err := s.SessionHead(ctx, named("ended", i), time.Now()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("session %d was ended, and after the kill: %v", i, err)
		}
		if identity, err := s.SessionIdentity(ctx, named("kept", i)); err != nil || string(identity) != "identity" {
			t.Errorf("session %d was made, and after the kill: %q, %v", i, identity, err)
		}
	}
}

func named(kind string, i int) store.Hash { return sha256.Sum256(fmt.Append(nil, kind, i)) }

func takeForEver(path string) {
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, path)
	for i := 0; err == nil && i < 10_000; i++ { // bounded: the parent kills it long before
		until := time.Now().Add(time.Hour)
		session := store.Session{Head: store.Head{Expires: until, Idle: until, WrappedKey: []byte("k")}, Identity: []byte("identity")}
		put := s.PutPending(ctx, named("pending", i), store.Pending{Sealed: []byte("x"), Expires: until})
		_, taken := s.TakePending(ctx, named("pending", i), time.Now())
		err = errors.Join(put, taken, s.CreateSession(ctx, named("kept", i), session), s.CreateSession(ctx, named("ended", i), session),
			s.DeleteSession(ctx, named("ended", i)))
		if err == nil {
			fmt.Println("round", i)
		}
	}
	os.Exit(1)
}
