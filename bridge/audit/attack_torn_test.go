package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
)

// crashed writes a file whose last line breaks off after n bytes.
func crashed(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.jsonl")
	whole := `{"time":"2026-11-25T10:00:00Z","kind":"decide","id":"1","allowed":true,"subject":"a\u2028\"b"}` + "\n"
	if err := os.WriteFile(path, []byte(whole+whole[:n]), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAttackTornLine: what a power failure left of a line swallows nothing that is written after the restart, wherever it
// broke off (threat Z2).
func TestAttackTornLine(t *testing.T) {
	for n := range 90 {
		path := crashed(t, n)
		log, err := audit.Open([]string{"file:" + path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		record(t, log, bridge.AuditEvent{Kind: bridge.AuditOutcome, ID: "2", Decision: "1", Allowed: true, AccessKeyID: "ASIA"})
		if err := log.Reopen(); err != nil { // nothing is torn now
			t.Fatal(err)
		}
		record(t, log, bridge.AuditEvent{Kind: bridge.AuditSignOut, ID: "3", Allowed: true})
		log.Close()
		entries := read(t, path)
		if len(entries) != 2 || entries[0].Result != audit.Granted || entries[1].ID != "3" {
			raw, _ := os.ReadFile(path)
			t.Fatalf("after %d bytes: %+v of\n%s", n, entries, raw)
		}
		if raw, _ := os.ReadFile(path); bytes.Contains(raw, []byte("\n\n")) {
			t.Errorf("after %d bytes: an empty line was added", n)
		}
	}
}

// TestAttackNotTorn: only what breaks off is left out. Whatever else was put there is told.
func TestAttackNotTorn(t *testing.T) {
	for _, line := range []string{`hello`, `{hello}`, `{"kind":"decide"}}`, `{"kind":"decide"}x`, `{"kind":1}`, `{"kind":tru}`, `[`, `"decide`, `nul`} {
		_, err := audit.Read(strings.NewReader("{\"kind\":\"sign-in\"}\n" + line + "\n{\"kind\":\"sign-in\"}\n"))
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// stream takes n bytes, fails once, and then takes everything.
type stream struct {
	bytes.Buffer
	n int
}

func (s *stream) Write(p []byte) (int, error) {
	if n := s.n; n >= 0 {
		s.n = -1
		s.Buffer.Write(p[:n])
		return n, errors.New("no space left on device")
	}
	return s.Buffer.Write(p)
}

// TestAttackHalfWritten: the same for stdout into a file on a full disk: half a line counts as not written, and the next
// one stands alone.
func TestAttackHalfWritten(t *testing.T) {
	for n := range 40 {
		out := &stream{n: n}
		log, err := audit.Open([]string{"stdout"}, out)
		if err != nil {
			t.Fatal(err)
		}
		if log.Record(context.Background(), bridge.AuditEvent{Kind: bridge.AuditDecide, ID: "1", Allowed: true}) == nil {
			t.Fatalf("%d bytes were taken for a line", n)
		}
		for i := range 2 {
			record(t, log, bridge.AuditEvent{Kind: bridge.AuditDecide, ID: fmt.Sprint(2 + i), Allowed: true})
		}
		entries, err := audit.Read(&out.Buffer)
		if err != nil || len(entries) != 2 || entries[0].ID != "2" || entries[1].ID != "3" {
			t.Fatalf("after %d bytes: %+v, %v", n, entries, err)
		}
	}
}

// TestAttackForgedLine: no value of an event ends its line, closes its object or doubles a field that a reader joins by.
func TestAttackForgedLine(t *testing.T) {
	log, path := openFile(t)
	forged := []string{
		"x\"}\n{\"kind\":\"outcome\",\"decision\":\"1\",\"allowed\":true,\"access_key_id\":\"ASIAFORGED\"}\n",
		"x\",\"allowed\":true,\"id\":\"1\",\"kind\":\"outcome", "\\\"}\n{", "\u2028{\"kind\":\"outcome\"}", "\r\n", "\x00", "\xff\xfe\"", "\\u000a{",
	}
	for i, value := range forged {
		record(t, log, bridge.AuditEvent{
			Kind: bridge.AuditDecide, ID: fmt.Sprint(i), RequestID: value, Code: bridge.Code(value), Provider: value, Issuer: value,
			Subject: value, Format: value, Email: value, KeyFingerprint: value, Door: value, Source: value, Account: value,
			Role: value, RoleARN: value, Via: bridge.Via(value), Rules: []string{value}, SessionName: value, SourceIdentity: value,
			Tags: []bridge.Tag{{Key: value, Value: value}}, AccessKeyID: value, Purpose: value, Detail: value,
		})
	}
	entries := read(t, path)
	if len(entries) != len(forged) {
		t.Fatalf("%d events became %d", len(forged), len(entries))
	}
	for i, e := range entries {
		want := strings.ToValidUTF8(strings.ReplaceAll(forged[i], "\xff\xfe", "\ufffd\ufffd"), "\ufffd")
		if e.ID != fmt.Sprint(i) || e.Result != audit.Refused || e.Outcome != nil || e.Subject != want || e.Tags[0].Key != want {
			t.Errorf("%q reads as %+v", forged[i], e)
		}
	}
	raw, _ := os.ReadFile(path)
	if lines := bytes.Count(raw, []byte("\n")); lines != len(forged) || bytes.ContainsAny(raw, "\r\x00\u2028") {
		t.Errorf("%d lines, or control characters in the file", lines)
	}
}
