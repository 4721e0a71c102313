package oidc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// listen counts connections to a loopback port.
func listen(t *testing.T) (port string, connections *atomic.Int32) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	connections = new(atomic.Int32)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port, connections
}

// resolver answers every name with the addresses in turn, the last one for ever: a name that changes its address between
// check and use (DNS rebinding).
func resolver(addresses ...string) *net.Resolver {
	var asked atomic.Int32
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			var size [2]byte
			if _, err := io.ReadFull(there, size[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(there, query); err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(query) != nil {
				return
			}
			m.Response = true
			m.Additionals = nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				n := min(int(asked.Add(1)), len(addresses)) - 1
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[n]).As4()},
				}}
			}
			reply, _ := m.Pack()
			there.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
		}()
		return here, nil
	}}
}

// TestDialer: threat O11. The address is looked at after it was resolved; nothing is connected to before.
func TestDialer(t *testing.T) {
	tests := map[string]struct {
		issuer, host string
		proxy        string
		resolves     string
		refused      bool
	}{
		"configured host in a private network":  {"https://sso.corp.example", "sso.corp.example", "", "127.0.0.1", false},
		"discovered host at loopback":           {"https://idp.example", "keys.example", "", "127.0.0.1", true},
		"discovered host in a private network":  {"https://idp.example", "keys.example", "", "10.0.0.1", true},
		"discovered host at the metadata":       {"https://idp.example", "metadata.example", "", "169.254.169.254", true},
		"a sub-domain of the configured host":   {"https://idp.example", "x.idp.example", "", "127.0.0.1", true},
		"literal loopback":                      {"https://idp.example", "127.0.0.1", "", "", true},
		"localhost":                             {"https://idp.example", "localhost", "", "127.0.0.1", true},
		"unspecified address":                   {"https://idp.example", "0.0.0.0", "", "", true},
		"loopback issuer, other loopback":       {"http://localhost:1", "127.0.0.1", "", "", false},
		"loopback issuer, discovered private":   {"http://localhost:1", "keys.example", "", "192.168.1.1", true},
		"loopback issuer, host comes back here": {"http://127.0.0.1:1", "keys.example", "", "127.0.0.1", false},
		"a loopback name that leads elsewhere":  {"http://idp.localhost:1", "idp.localhost", "", "192.168.1.1", true},
		"the operator's proxy":                  {"https://idp.example", "proxy.corp.example", "proxy.corp.example", "127.0.0.1", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			issuer, err := parseIssuer(test.issuer)
			if err != nil {
				t.Fatal(err)
			}
			d := &dialer{issuer: issuer, dialer: net.Dialer{Timeout: 2 * time.Second}}
			if test.resolves != "" {
				d.dialer.Resolver = resolver(test.resolves)
			}
			if test.proxy != "" {
				choose := d.rememberProxy(func(*http.Request) (*url.URL, error) { return url.Parse("http://" + test.proxy + ":3128") })
				if _, err := choose(nil); err != nil {
					t.Fatal(err)
				}
			}
			port, connections := listen(t)
			conn, err := d.dial(t.Context(), "tcp", net.JoinHostPort(test.host, port))
			if !test.refused {
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				return
			}
			if !errors.Is(err, errInternal) {
				t.Fatalf("%v; want a refusal before connecting", err)
			}
			if connections.Load() != 0 {
				t.Error("connected all the same")
			}
		})
	}
}

// TestRebinding: the second answer of the name is what counts when the second connection is made.
func TestRebinding(t *testing.T) {
	issuer, _ := parseIssuer("https://idp.example")
	d := &dialer{issuer: issuer, dialer: net.Dialer{Timeout: 50 * time.Millisecond, Resolver: resolver("192.0.2.1", "127.0.0.1")}}
	for range 2 {
		_, err := d.dial(t.Context(), "tcp", "keys.example:1")
		if err == nil {
			t.Fatal("connected")
		}
		if errors.Is(err, errInternal) {
			return
		}
	}
	t.Error("the internal address was tried")
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.0.170": false,
		"::1": false, "::": false, "fe80::1": false, "fd00::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"2001::1": false, "fec0::1": false, "fe80::1%eth0": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestClient: over real sockets, redirects aren't followed and neither headers nor bodies are endless.
func TestClient(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "good") })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/limit", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", maxBody)) })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) })
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "CANARY", 500) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	issuer, err := parseIssuer(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(nil, issuer)
	if client.Timeout != requestWait {
		t.Errorf("time-out %s", client.Timeout)
	}
	client.Timeout = 300 * time.Millisecond
	for path, good := range map[string]bool{
		"/good": true, "/limit": true, "/redirect": false, "/huge": false, "/headers": false, "/error": false, "/hang": false,
	} {
		if _, _, err := get(t.Context(), client, server.URL+path, "*/*", ""); (err == nil) != good {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestGuardedTransports: a plain transport is guarded; one that dials by itself is left alone.
func TestGuardedTransports(t *testing.T) {
	issuer, _ := parseIssuer("https://idp.example")
	plain := &http.Transport{MaxIdleConns: 7}
	guarded, ok := guard(plain, issuer).(*http.Transport)
	if !ok || guarded == plain || guarded.DialContext == nil || guarded.MaxIdleConns != 7 || plain.DialContext != nil {
		t.Error("a plain transport isn't guarded")
	}
	own := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
	if guard(own, issuer) != http.RoundTripper(own) {
		t.Error("a transport that dials by itself was changed")
	}
}
