package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestWriteNew: the whole file, for its owner alone, and nothing else in the folder (threat C3).
func TestWriteNew(t *testing.T) {
	for name, write := range map[string]func(path, text string) error{
		"with links":    func(path, text string) error { return writeNew(path, text, false) },
		"without links": writeWithoutLink,
		"over":          func(path, text string) error { return writeNew(path, text, true) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "fedbridge.yaml")
			if err := write(path, "one"); err != nil {
				t.Fatal(err)
			}
			err := write(path, "two")
			if want := map[bool]string{true: "two", false: "one"}[name == "over"]; readFile(t, path) != want || (err == nil) != (want == "two") {
				t.Errorf("holds %q, and the second time gave %v", readFile(t, path), err)
			}
			alone(t, dir, 1)
		})
	}
}

func alone(t *testing.T, dir string, count int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != count {
		t.Errorf("%v %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().IsRegular() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", e.Name(), info.Mode())
		}
	}
}

// TestWriteNewLinks: what stands behind a symbolic link is neither written nor made.
func TestWriteNewLinks(t *testing.T) {
	for name, there := range map[string]bool{"to a file": true, "to nothing": false} {
		for _, over := range []bool{false, true} {
			dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "target")
			if there {
				if err := os.WriteFile(elsewhere, []byte("mine"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, "fedbridge.yaml")
			if err := os.Symlink(elsewhere, path); err != nil {
				t.Fatal(err)
			}
			err := writeNew(path, "new", over)
			if over != (err == nil) || !over && !errors.Is(err, fs.ErrExist) {
				t.Errorf("a link %s, over %v: %v", name, over, err)
			}
			if text, err := os.ReadFile(elsewhere); there && string(text) != "mine" || !there && err == nil {
				t.Errorf("a link %s: its target holds %q", name, text)
			}
			alone(t, dir, 1)
		}
	}
}

// TestWriteNewAtOnce: of many who write at once one wins, and the file is his.
func TestWriteNewAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fedbridge.yaml")
	var wait sync.WaitGroup
	won := make(chan string, 20)
	for i := range 20 {
		wait.Go(func() {
			text := strings.Repeat(strconv.Itoa(i), 10_000)
			if writeNew(path, text, false) == nil {
				won <- text
			}
		})
	}
	wait.Wait()
	if len(won) != 1 || readFile(t, path) != <-won {
		t.Errorf("%d wrote it", len(won))
	}
	alone(t, dir, 1)
}

// TestWriteNewFails: where it can't be written, nothing is left.
func TestWriteNewFails(t *testing.T) {
	dir := t.TempDir()
	for _, over := range []bool{false, true} {
		if err := writeNew(filepath.Join(dir, "gone", "f.yaml"), "x", over); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("in a folder that isn't there: %v", err)
		}
		if err := os.MkdirAll(filepath.Join(dir, "f.yaml", "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := writeNew(filepath.Join(dir, "f.yaml"), "x", over); err == nil {
			t.Error("over a folder")
		}
	}
	alone(t, dir, 1)
}
