package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/handlers"
)

// grants is a door with one route, which counts how often it was reached.
type grants struct {
	site *handlers.Site
	n    atomic.Int64
}

func (g *grants) Mount(mux *http.ServeMux) {
	g.site.Mount(mux, []handlers.Route{
		{Method: "POST", Path: "/grant", Page: func(w http.ResponseWriter, _ *http.Request) error {
			g.n.Add(1)
			_, err := io.WriteString(w, "granted")
			return err
		}},
		{Method: "GET", Path: "/fail", Page: func(http.ResponseWriter, *http.Request) error { return bridge.Fail(bridge.CodeInternal, nil) }},
	})
}

// serveGrants runs the server that serve runs, and gives its address.
func serveGrants(t *testing.T, cert *certificate) (*grants, *listener) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	g := &grants{site: site}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(socket, site.Handler(g), cert, log)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runServers(ctx, []*listener{l}, log) }()
	t.Cleanup(func() {
		l.server.Close()
		stop()
		<-done
	})
	return g, l
}

// TestAttackServerBounds: no part of a request may take for ever or hold much (threats W18, W19).
func TestAttackServerBounds(t *testing.T) {
	_, l := serveGrants(t, nil)
	s := l.server
	for name, bound := range map[string]time.Duration{
		"header": s.ReadHeaderTimeout, "body": s.ReadTimeout, "answer": s.WriteTimeout, "idle": s.IdleTimeout,
	} {
		if bound <= 0 || bound > 5*time.Minute {
			t.Errorf("%s may take %s", name, bound)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("headers of %d bytes", s.MaxHeaderBytes)
	}
}

// TestAttackSlowloris: a thousand connections that never finish their request keep nobody out.
func TestAttackSlowloris(t *testing.T) {
	g, l := serveGrants(t, nil)
	for i := range 1000 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		begun := []string{"P", "POST /grant HTTP/1.1\r\nHost: x\r\n", "POST /grant HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"}[i%3]
		if _, err := io.WriteString(c, begun); err != nil {
			t.Fatal(err)
		}
	}
	if got := raw(t, l, good); got[0] != 200 || g.n.Load() != 1 {
		t.Errorf("answers %v, granted %d times", got, g.n.Load())
	}
}

const good = "POST /grant HTTP/1.1\r\nHost: bridge.example.com\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// raw writes bytes, and gives the status of every answer until the connection ends.
func raw(t *testing.T, l *listener, request string) (statuses []int) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // for hanging only
	go io.WriteString(c, request)                  // a refusal may come before all was read
	for answers := bufio.NewReader(c); ; {
		a, err := http.ReadResponse(answers, nil)
		if err != nil {
			return append(statuses, 0)
		}
		_, _ = io.Copy(io.Discard, a.Body)
		a.Body.Close()
		statuses = append(statuses, a.StatusCode)
		if a.Close {
			return statuses
		}
	}
}

// TestAttackSmuggling: what two servers could divide in different places is refused as a whole: no request is granted, and
// none that is hidden in a body (threat W18).
func TestAttackSmuggling(t *testing.T) {
	const head = "POST /grant HTTP/1.1\r\nHost: bridge.example.com\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(good), good)
	attacks := map[string]string{
		"two lengths":             head + fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n", len(good)) + good,
		"two lengths in one":      head + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n", len(good)) + good,
		"length with a sign":      head + "Content-Length: +0\r\n\r\n" + good,
		"negative length":         head + "Content-Length: -1\r\n\r\n" + good,
		"hexadecimal length":      head + "Content-Length: 0x0\r\n\r\n" + good,
		"endless length":          head + "Content-Length: 99999999999999999999\r\n\r\n" + good,
		"unknown coding":          head + "Transfer-Encoding: xchunked\r\n\r\n" + chunked,
		"two codings":             head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
		"two codings in one":      head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked,
		"blank before the colon":  head + "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + chunked,
		"control in the name":     head + "Transfer-Encoding\x0b: chunked\r\nContent-Length: 0\r\n\r\n" + chunked,
		"broken chunk":            head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
		"chunk of a minus":        head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + good,
		"two hosts":               head + "Host: evil.example\r\nContent-Length: 0\r\n\r\n",
		"host with a path":        strings.Replace(head, "bridge.example.com", "bridge.example.com/x", 1) + "Content-Length: 0\r\n\r\n",
		"no host":                 strings.Replace(head, "Host: bridge.example.com\r\n", "", 1) + "Content-Length: 0\r\n\r\n",
		"null in a header":        head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n",
		"headers of 50 KB":        head + "X: " + strings.Repeat("a", 50_000) + "\r\nContent-Length: 0\r\n\r\n",
		"a thousand headers":      head + strings.Repeat("X: "+strings.Repeat("a", 60)+"\r\n", 1000) + "Content-Length: 0\r\n\r\n",
		"endless request line":    "POST /" + strings.Repeat("a", 50_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/0.9":                "POST /grant\r\n\r\n",
		"HTTP/3.0":                strings.Replace(head, "1.1", "3.0", 1) + "Content-Length: 0\r\n\r\n",
		"blank in the path":       strings.Replace(head, "/grant", "/grant x", 1) + "Content-Length: 0\r\n\r\n",
		"TLS to a plain port":     "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"HTTP/2 without TLS":      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"upgrade to HTTP/2":       head + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 3\r\nX: y\r\n\r\n%zz",
		"expectation of its own":  head + "Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n",
		"tunnel":                  "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n",
		"another host, absolute":  "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
		"asterisk":                "OPTIONS * HTTP/1.1\r\nHost: bridge.example.com\r\nConnection: close\r\n\r\n",
		"folded header":           head + "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n%zz",
		"length before a chunk":   head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n%%zz\r\n0\r\n\r\n", len(good)),
		"bytes after the request": head + "Content-Length: 3\r\nConnection: close\r\n\r\n%zz" + good,
	}
	g, l := serveGrants(t, nil)
	for name, attack := range attacks {
		before := g.n.Load()
		statuses := raw(t, l, strings.Replace(attack, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
		if n := g.n.Load() - before; n != 0 {
			t.Errorf("%s: granted %d times, answers %v", name, n, statuses)
		}
		if statuses[0] == 200 && name != "asterisk" {
			t.Errorf("%s: %v", name, statuses)
		}
	}
	if got := raw(t, l, good); got[0] != 200 {
		t.Errorf("a good request afterwards: %v", got)
	}
}

// TestAttackPlaintext: old TLS gets no handshake, and http on the TLS port no answer of ours (threat W24).
func TestAttackPlaintext(t *testing.T) {
	public, private := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	if err := writeSelfSigned(public, private); err != nil {
		t.Fatal(err)
	}
	cert, err := openCertificate(config.TLS{Certificate: "file:" + public, Key: "file:" + private})
	if err != nil {
		t.Fatal(err)
	}
	g, l := serveGrants(t, cert)
	for version, fine := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != fine {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
	if got := raw(t, l, good); got[0] == 200 || g.n.Load() != 0 {
		t.Errorf("http on the TLS port: %v, granted %d times", got, g.n.Load())
	}
}
