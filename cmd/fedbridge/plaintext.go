package main

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
)

// throughProxies serves plain http to this machine and to the proxies that speak TLS for us, and to nobody else (threat
// W24): whoever reaches the port by another way would send cookies and answers of identity providers in clear.
func throughProxies(next http.Handler, url string, proxies []netip.Prefix, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		peer := from.Addr().Unmap().WithZone("")
		trusted := slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(peer) })
		if err == nil && (peer.IsLoopback() || trusted) {
			next.ServeHTTP(w, r)
			return
		}
		log.Warn("a request came past the proxies in server.trusted_proxies and was refused", "source", peer.String())
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Connection", "close")
		http.Error(w, "This address is for proxies only. Open "+url+" instead.", http.StatusForbidden)
	})
}
