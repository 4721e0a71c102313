package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServeHangup: SIGHUP opens audit files anew and reads the certificate again, and nothing else: a configuration that
// was changed in the meantime, for good or bad, is not in use by halves.
func TestServeHangup(t *testing.T) {
	t.Parallel()
	pair := t.TempDir()
	s := serveSmall(t, "https://localhost:8443", writePair(t, pair))
	old := leafOf(t, pair)

	// A rotated audit file, a new certificate, and a configuration that is broken now.
	path := filepath.Join(s.dir, "audit.jsonl")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	writePair(t, pair)
	writeFile(t, s.dir, "fedbridge.yaml", "nonsense")
	s.hangup(t, "SIGHUP: audit files and certificate were opened anew")
	if _, err := os.Stat(path); err != nil {
		t.Error("the audit file was not opened anew")
	}
	if shown := handshake(t, s.public, nil).PeerCertificates[0].Raw; bytes.Equal(shown, old) || !bytes.Equal(shown, leafOf(t, pair)) {
		t.Error("the new certificate is not shown")
	}

	// A certificate whose key is another's: the one that works stays, and the log says why.
	fresh := leafOf(t, pair)
	other := t.TempDir()
	writePair(t, other)
	text, err := os.ReadFile(filepath.Join(other, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, pair, "tls.key", string(text))
	s.hangup(t, "SIGHUP: what can't be opened anew stays as it was")
	if !strings.Contains(s.log(), "private key does not match public key") {
		t.Error("the log doesn't say why")
	}
	if shown := handshake(t, s.public, nil).PeerCertificates[0].Raw; !bytes.Equal(shown, fresh) {
		t.Error("the certificate that works is gone")
	}
	if status, _ := s.get(t, "http://"+s.ops+"/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	s.stop()
}

// hangup sends SIGHUP and waits for what the log says of it.
func (s *served) hangup(t *testing.T, message string) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.err.wait(message); !ok {
		t.Fatalf("the log lacks %q:\n%s", message, s.log())
	}
}

// TestServeNotify: a service manager hears when fedbridge serves and when it stops (sd_notify(3)); SIGHUP is safe from
// the moment that it hears.
func TestServeNotify(t *testing.T) {
	t.Parallel()
	abstract := "@fedbridge-test-" + filepath.Base(t.TempDir()) + "-" + time.Now().Format("150405.000000000")
	for _, address := range []string{filepath.Join(t.TempDir(), "notify"), abstract} {
		listen := address
		if rest, ok := strings.CutPrefix(address, "@"); ok {
			listen = "\x00" + rest
		}
		socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: listen, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		s := serveSmall(t, "http://localhost:8080", "", "NOTIFY_SOCKET="+address)
		if heard := hear(t, socket); heard != "READY=1" {
			t.Errorf("heard %q", heard)
		}
		s.hangup(t, "SIGHUP: audit files")
		s.stop()
		if heard := hear(t, socket); heard != "STOPPING=1" {
			t.Errorf("heard %q", heard)
		}
	}
	// A manager that went away is no reason not to serve.
	serveSmall(t, "http://localhost:8080", "", "NOTIFY_SOCKET="+filepath.Join(t.TempDir(), "nobody")).stop()
}

func hear(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(hangs)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 100)
	n, err := socket.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(message[:n])
}
