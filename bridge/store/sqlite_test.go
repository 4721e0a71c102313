package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/bridge/store/storetest"
)

// paths remembers where the store of a test lives, so that it can be opened again.
var paths = map[store.Store]string{}

func open(t *testing.T, path string) *store.SQLite {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) store.Store {
			path := filepath.Join(t.TempDir(), "state.db")
			s := open(t, path)
			paths[s] = path
			return s
		},
		func(t *testing.T, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, paths[s])
		})
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	if err := s.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) < 2 {
		t.Fatalf("files are %v: no write-ahead log", files)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(file), info.Mode().Perm())
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	if err := store.SetSchemaVersion(s, 99); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err := store.OpenSQLite(context.Background(), path)
	if err == nil || !strings.Contains(err.Error(), "newer fedbridge") {
		t.Fatalf("error is %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", filepath.Join(dir, "no", "such", "folder.db"), dir, garbage} {
		if s, err := store.OpenSQLite(context.Background(), path); err == nil {
			s.Close()
			t.Errorf("%q was opened", path)
		}
	}
}

func TestGuard(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	guard := store.Guard{Store: s}
	until := time.Now().Add(time.Minute)
	if err := guard.UseOnce(context.Background(), "i", "a", until); err != nil {
		t.Fatal(err)
	}
	if err := guard.UseOnce(context.Background(), "i", "a", until); bridge.CodeOf(err) != bridge.CodeAnswerRejected {
		t.Errorf("used twice: %v", err)
	}
	s.Close()
	if err := guard.UseOnce(context.Background(), "i", "b", until); bridge.CodeOf(err) != bridge.CodeStoreDown {
		t.Errorf("closed store: %v", err)
	}
}

// TestKill: kill -9 in the middle loses no id that was reported as used. The child uses ids and reports each; it is
// killed at an arbitrary point; every reported id must then be refused.
func TestKill(t *testing.T) {
	if path := os.Getenv("FEDBRIDGE_TEST_KILL_STORE"); path != "" {
		useForEver(path)
		return
	}
	path := filepath.Join(t.TempDir(), "state.db")
	open(t, path).Close()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), "FEDBRIDGE_TEST_KILL_STORE="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var reported []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "used "); ok {
			reported = append(reported, id)
		}
		if len(reported) == 100 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	child.Wait()
	if len(reported) < 100 {
		t.Fatalf("the child reported %d ids", len(reported))
	}
	s := open(t, path)
	for _, id := range reported {
		if err := s.UseOnce(context.Background(), "issuer", id, time.Now().Add(time.Hour)); !errors.Is(err, store.ErrUsed) {
			t.Fatalf("id %s was reported as used, and after the kill: %v", id, err)
		}
	}
}

func useForEver(path string) {
	s, err := store.OpenSQLite(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := range 100_000 { // bounded: the parent kills it long before
		if err := s.UseOnce(context.Background(), "issuer", fmt.Sprint(i), time.Now().Add(time.Hour)); err != nil {
			os.Exit(1)
		}
		fmt.Println("used", i)
	}
}
