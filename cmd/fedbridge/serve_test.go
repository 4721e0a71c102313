package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// served is `fedbridge serve` with a small configuration whose identity provider doesn't answer.
type served struct {
	*instance
	dir         string
	public, ops string // addresses
}

// small is the configuration; more goes into server.
func small(dir, url, more string) string {
	return fmt.Sprintf(`
server: {url: %q, listen: "127.0.0.1:0", ops_listen: "127.0.0.1:0"%s}
store: "sqlite:%s/state.db"
audit: ["file:%s/audit.jsonl"]
aws: {endpoints: {sts: "http://127.0.0.1:1", signin: "http://127.0.0.1:1", console: "http://127.0.0.1:1"}}
providers:
  - {name: corp, kind: saml, metadata: "http://127.0.0.1:1/metadata"}
accounts:
  - {id: "444455556666", name: shop-dev}
roles:
  - {name: readonly, accounts: [shop-dev], arn: "arn:aws:iam::{account}:role/ReadOnly", via: assume_role}
rules:
  - {name: staff, groups: [staff], roles: [readonly]}
`, url, more, dir, dir)
}

// serveSmall starts it, and reads from its log where it listens.
func serveSmall(t *testing.T, url, more string, env ...string) *served {
	t.Helper()
	dir := t.TempDir()
	s := &served{dir: dir, instance: startServe(t, writeFile(t, dir, "fedbridge.yaml", small(dir, url, more)), env...)}
	for line := range strings.Lines(s.log()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == "serving" {
			s.public, s.ops = entry["listen"].(string), entry["ops_listen"].(string)
		}
	}
	return s
}

func (s *served) get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestServeWithoutProviders: what doesn't answer keeps nobody from starting; it is named where an operator looks.
func TestServeWithoutProviders(t *testing.T) {
	t.Parallel()
	s := serveSmall(t, "http://localhost:8080", "")
	if status, body := s.get(t, "http://"+s.ops+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	var ready struct {
		Ready  bool
		Status string
		Parts  []struct {
			Name    string
			Ready   bool
			Problem string
		}
	}
	if _, ok := s.err.wait(`identity provider can't be reached`); !ok {
		t.Fatal("nobody asked the provider")
	}
	status, body := s.get(t, "http://"+s.ops+"/readyz")
	if err := json.Unmarshal([]byte(body), &ready); err != nil || status != 200 || !ready.Ready || ready.Status != "degraded" {
		t.Errorf("readyz: %d %s", status, body)
	}
	named := false
	for _, part := range ready.Parts {
		named = named || part.Name == "provider/corp" && !part.Ready && part.Problem != ""
	}
	if !named {
		t.Errorf("readyz doesn't name the provider: %s", body)
	}
	if status, body := s.get(t, "http://"+s.ops+"/metrics"); status != 200 || !strings.Contains(body, "fedbridge_") {
		t.Errorf("metrics: %d", status)
	}
	// The operator's routes are not the public's, nor the other way round.
	for _, url := range []string{"http://" + s.public + "/healthz", "http://" + s.public + "/metrics", "http://" + s.ops + "/"} {
		if status, _ := s.get(t, url); status != 404 {
			t.Errorf("%s: %d", url, status)
		}
	}
	s.stop()
	if _, err := net.Dial("tcp", s.public); err == nil {
		t.Error("the port is open after the end")
	}
	if !strings.Contains(s.log(), `"msg":"stopping"`) {
		t.Error("the log doesn't say that it stops")
	}
}

// TestServeLog: one line an event, in the form that was asked for, and nothing else on standard error.
func TestServeLog(t *testing.T) {
	t.Parallel()
	s := serveSmall(t, "http://localhost:8080", "")
	s.get(t, "http://"+s.public+"/nothing%0ahere")
	s.stop()
	for line := range strings.Lines(s.log()) {
		if !json.Valid([]byte(line)) || !strings.Contains(line, `"time":`) {
			t.Errorf("no JSON: %q", line)
		}
	}
	dir := t.TempDir()
	text := startServe(t, writeFile(t, dir, "fedbridge.yaml", small(dir, "http://localhost:8080", ", log: text")))
	text.stop()
	for line := range strings.Lines(text.log()) {
		if !strings.HasPrefix(line, "time=") || !strings.Contains(line, " msg=") {
			t.Errorf("no text: %q", line)
		}
	}
}

// TestServeDrains: a request that has begun is answered after SIGTERM, and no other begins.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	s := serveSmall(t, "http://localhost:8080", "")
	conn := halfARequest(t, s)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.err.wait(`"msg":"stopping"`); !ok {
		t.Fatal("it doesn't stop")
	}
	if _, err := io.WriteString(conn, "a=bc"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if code := s.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestServeSecondSignal: who doesn't want to wait for that request asks twice.
func TestServeSecondSignal(t *testing.T) {
	t.Parallel()
	s := serveSmall(t, "http://localhost:8080", "")
	halfARequest(t, s)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.err.wait(`"msg":"stopping"`); !ok {
		t.Fatal("it doesn't stop")
	}
	if code := s.signal(os.Interrupt); code != -1 {
		t.Errorf("exit code %d, not ended by the signal", code)
	}
}

// halfARequest sends a request whose body isn't there yet, and waits until it has arrived: the server answers the
// Expect only when somebody reads the body.
func halfARequest(t *testing.T, s *served) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.public)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /saml/corp/acs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	line, err := bufio.NewReader(io.LimitReader(conn, int64(len("HTTP/1.1 100 Continue\r\n\r\n")))).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q %v", line, err)
	}
	return conn
}

// TestServeBehindAProxy: a proxy that is trusted says who the client is; nobody else is believed.
func TestServeBehindAProxy(t *testing.T) {
	t.Parallel()
	for more, source := range map[string]string{
		`, trusted_proxies: ["127.0.0.1/32"]`: "203.0.113.7",
		`, trusted_proxies: [10.0.0.0/8]`:     "127.0.0.1",
		``:                                    "127.0.0.1",
	} {
		s := serveSmall(t, "https://bridge.example.com", more)
		request, err := http.NewRequest("GET", "http://"+s.public+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.7")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.Header.Get("Strict-Transport-Security") == "" {
			t.Error("no HSTS, although the site is https")
		}
		s.stop()
		if !strings.Contains(s.log(), `"source":"`+source+`"`) {
			t.Errorf("%s: the log doesn't name %s", more, source)
		}
	}
}

// TestServeTLS: the certificate of the file is shown, http gets nothing useful, and HTTP/2 is offered.
func TestServeTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	more := writePair(t, dir)
	s := serveSmall(t, "https://localhost:8443", more)
	state := handshake(t, s.public, nil)
	if !bytes.Equal(state.PeerCertificates[0].Raw, leafOf(t, dir)) || state.NegotiatedProtocol != "h2" || state.Version != tls.VersionTLS13 {
		t.Errorf("%x %s", state.Version, state.NegotiatedProtocol)
	}
	if status, body := s.get(t, "http://"+s.public+"/"); status != 400 || strings.Contains(body, "<html") {
		t.Errorf("http gets %d %q", status, body)
	}
	s.stop()
}

// writePair makes a certificate in dir, and gives the words for server that name it.
func writePair(t *testing.T, dir string) string {
	t.Helper()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := writeSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`, tls: {cert: "file:%s", key: "file:%s"}`, cert, key)
}

func leafOf(t *testing.T, dir string) []byte {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair.Certificate[0]
}

func handshake(t *testing.T, address string, protocols []string) tls.ConnectionState {
	t.Helper()
	if protocols == nil {
		protocols = []string{"h2", "http/1.1"}
	}
	// What is shown is compared with the file; nothing is sent.
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState()
}
