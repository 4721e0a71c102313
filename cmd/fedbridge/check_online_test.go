package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/config"
)

// TestCheckOnline: with everything in its place, check --online says so part by part, and leaves nothing behind.
func TestCheckOnline(t *testing.T) {
	w, err := openDemoWorld("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	dir := t.TempDir()
	path, err := (demoFlags{}).writeConfig(dir, w, "http://localhost:8080", "127.0.0.1:8080", "127.0.0.1:8081")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", w.credentials.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.credentials.SecretAccessKey.Reveal())
	t.Setenv("AWS_SESSION_TOKEN", w.credentials.SessionToken.Reveal())
	var out, errs bytes.Buffer
	if code := run([]string{"check", "--online", path}, nil, &out, &errs); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errs.String())
	}
	for _, part := range []string{"store", "audit", "provider corp", "provider web", "sts"} {
		if !strings.Contains(out.String(), "ok    "+part+"\n") {
			t.Errorf("%s isn't ok:\n%s", part, out.String())
		}
	}
	if !strings.Contains(out.String(), "later issuer: not yet: `fedbridge serve` makes the first keys") {
		t.Errorf("the issuer isn't for later:\n%s", out.String())
	}
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "audit.jsonl"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was left behind", name)
		}
	}
}

// TestTrial: what isn't there yet is tried under another name, so that a serve that starts meanwhile keeps its own files.
func TestTrial(t *testing.T) {
	dir := t.TempDir()
	state, old, new := filepath.Join(dir, "state.db"), filepath.Join(dir, "old.jsonl"), filepath.Join(dir, "new.jsonl")
	writeFile(t, dir, "old.jsonl", "kept\n")
	file := &config.File{Store: "sqlite:" + state, Audit: []string{"stdout", "file:" + old, "file:" + new}}
	tried, named, remove := trial(file)
	if tried.Audit[0] != "stdout" || tried.Audit[1] != "file:"+old {
		t.Errorf("what is there is tried as %q", tried.Audit)
	}
	for _, path := range []string{tried.Store, tried.Audit[2]} {
		_, path, _ := strings.Cut(path, ":")
		writeFile(t, dir, filepath.Base(path), "made\n")
		if path == state || path == new || filepath.Dir(path) != dir {
			t.Errorf("tried as %s", path)
		}
		if said := named(errors.New("open " + path)); said != "open "+state && said != "open "+new {
			t.Errorf("a fault of %s reads %q", path, said)
		}
	}
	for _, path := range []string{state, new} { // serve starts
		writeFile(t, dir, filepath.Base(path), "serve's\n")
	}
	remove()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if want := []string{new, old, state}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %q", left)
	}
	if file.Store != "sqlite:"+state || file.Audit[2] != "file:"+new {
		t.Error("the configuration itself was changed")
	}
}
