package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "audit.jsonl"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was left behind", name)
		}
	}
}
