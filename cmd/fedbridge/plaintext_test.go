package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// TestThroughProxies: without TLS of our own only this machine and the proxies are served, whatever headers say.
func TestThroughProxies(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "served") })
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	h := throughProxies(served, "https://bridge.example.com", proxies, slog.New(slog.DiscardHandler))
	for peer, allowed := range map[string]bool{
		"127.0.0.1:4000": true, "[::1]:4000": true, "[::ffff:127.0.0.1]:4000": true,
		"10.1.2.3:4000": true, "[::ffff:10.1.2.3]:4000": true, "[2001:db8::7]:4000": true,
		"192.0.2.1:4000": false, "11.0.0.1:4000": false, "[2001:db9::7]:4000": false, "[fe80::1%eth0]:4000": false,
		"@": false, "": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "10.0.0.1")
		r.Header.Set("X-Forwarded-Proto", "https")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if (w.Code == 200 && w.Body.String() == "served") != allowed {
			t.Errorf("%q: %d %s", peer, w.Code, w.Body)
		}
		if !allowed && (w.Code != 403 || !strings.Contains(w.Body.String(), "https://bridge.example.com")) {
			t.Errorf("%q: %d %s", peer, w.Code, w.Body)
		}
	}
}
