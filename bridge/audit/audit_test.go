package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
)

func openFile(t *testing.T) (*audit.Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	log, err := audit.Open([]string{"file:" + path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log, path
}

func record(t *testing.T, log *audit.Log, event bridge.AuditEvent) {
	t.Helper()
	if err := log.Record(context.Background(), event); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []audit.Entry {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := audit.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestOneLineAnEvent(t *testing.T) {
	log, path := openFile(t)
	hostile := "a\nb\r\u2028\x00{\"kind\":\"outcome\"}\x1b[31m<script>"
	record(t, log, bridge.AuditEvent{Time: time.Now(), Kind: bridge.AuditSignIn, ID: "1", Subject: hostile, Allowed: true})
	record(t, log, bridge.AuditEvent{Time: time.Now(), Kind: bridge.AuditSignIn, ID: "2", Code: bridge.CodeClock})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2:\n%s", len(lines), raw)
	}
	var event bridge.AuditEvent
	if err := json.Unmarshal([]byte(lines[0]), &event); err != nil || event.Subject != hostile {
		t.Fatalf("subject is %q (%v), want %q", event.Subject, err, hostile)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode().Perm())
	}
}

func TestResults(t *testing.T) {
	log, path := openFile(t)
	decide := func(id string, allowed bool) {
		record(t, log, bridge.AuditEvent{Kind: bridge.AuditDecide, ID: id, Allowed: allowed})
	}
	outcome := func(id string, ok bool) {
		record(t, log, bridge.AuditEvent{Kind: bridge.AuditOutcome, ID: "o" + id, Decision: id, Allowed: ok, AccessKeyID: "ASIA" + id})
	}
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "s", Allowed: true})
	decide("no", false)
	decide("lost", true)
	decide("yes", true)
	decide("sts", true)
	outcome("sts", false)
	outcome("yes", true)
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditProbe, ID: "probe", Door: bridge.ProbeDoor, Allowed: true})
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditOutcome, ID: "oprobe", Decision: "probe", Door: bridge.ProbeDoor, Allowed: true, AccessKeyID: "ASIAprobe"})
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditProbe, ID: "lost probe", Door: bridge.ProbeDoor, Allowed: true})
	var got []string
	for _, e := range read(t, path) {
		key := "-"
		if e.Outcome != nil {
			key = e.Outcome.AccessKeyID
		}
		got = append(got, fmt.Sprint(e.ID, " ", e.Result, " ", key))
	}
	want := "s done -, no refused -, lost unknown -, yes granted ASIAyes, sts failed ASIAsts, probe done ASIAprobe, lost probe unknown -"
	if strings.Join(got, ", ") != want {
		t.Fatalf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestReadRefuses(t *testing.T) {
	if _, err := audit.Read(strings.NewReader("{\"kind\":\"sign-in\"}\nhello\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("not JSON: %v", err)
	}
	// A crash in the middle of a line: it was never acknowledged, so nothing was granted on its strength.
	entries, err := audit.Read(strings.NewReader("{\"kind\":\"sign-in\",\"allowed\":true}\n{\"kind\":\"dec"))
	if err != nil || len(entries) != 1 {
		t.Errorf("unfinished last line: %d entries, %v", len(entries), err)
	}
}

func TestConcurrentRecords(t *testing.T) {
	log, path := openFile(t)
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			if err := log.Record(context.Background(), bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	seen := map[string]bool{}
	for _, e := range read(t, path) {
		seen[e.ID] = true
	}
	if len(seen) != 200 {
		t.Fatalf("%d events in the file, want 200", len(seen))
	}
}

func TestReopen(t *testing.T) {
	log, path := openFile(t)
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "before"})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := log.Ping(context.Background()); err == nil {
		t.Error("the file was moved away, and Ping is content")
	}
	if err := log.Reopen(); err != nil {
		t.Fatal(err)
	}
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "after"})
	if err := log.Ping(context.Background()); err != nil {
		t.Error(err)
	}
	if old, fresh := read(t, path+".1"), read(t, path); len(old) != 1 || old[0].ID != "before" || len(fresh) != 1 || fresh[0].ID != "after" {
		t.Fatalf("old file %v, new file %v", old, fresh)
	}
}

type failing struct{ fail bool }

func (w *failing) Write(p []byte) (int, error) {
	if w.fail {
		return 0, errors.New("CANARY pipe broke")
	}
	return len(p), nil
}

// No audit, no credentials: an event that one sink doesn't take is not recorded.
func TestFailures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	out := &failing{}
	log, err := audit.Open([]string{"file:" + path, "stdout"}, out)
	if err != nil {
		t.Fatal(err)
	}
	record(t, log, bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "1"})
	out.fail = true
	if log.Record(context.Background(), bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "2"}) == nil {
		t.Error("a sink failed, and Record did not")
	}
	out.fail = false
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if log.Record(context.Background(), bridge.AuditEvent{Kind: bridge.AuditSignIn, ID: "3"}) == nil {
		t.Error("a closed log recorded")
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full") // require: Linux has it
	}
	log, err := audit.Open([]string{"file:/dev/full"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if log.Record(context.Background(), bridge.AuditEvent{Kind: bridge.AuditSignIn}) == nil {
		t.Error("a full disk recorded")
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, specs := range [][]string{nil, {""}, {"stderr"}, {"file:"}, {"syslog:x"}, {"stdout", "file:" + filepath.Join(t.TempDir(), "no", "folder")}} {
		if log, err := audit.Open(specs, &bytes.Buffer{}); err == nil {
			log.Close()
			t.Errorf("%q was opened", specs)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	log, err := audit.Open([]string{"file:" + filepath.Join(b.TempDir(), "audit.jsonl")}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	event := bridge.AuditEvent{Time: time.Now(), Kind: bridge.AuditDecide, ID: "x", Subject: "ada@example.com", Allowed: true}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := log.Record(context.Background(), event); err != nil {
				b.Fatal(err)
			}
		}
	})
}
