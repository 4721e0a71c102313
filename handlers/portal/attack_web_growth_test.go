package portal_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/handlers/portal"
)

// TestAttackGrowth: thousands of refused requests, each with names of its own, leave nothing behind: no goroutine, no row,
// and no memory that grows with them (threat Z5).
func TestAttackGrowth(t *testing.T) {
	w := newWorld(t, func(w *world, o *portalOptions) { o.Log = nil })
	signedIn := w.browser().signIn(w.corp, "bob")
	session := *signedIn.cookies[portal.SessionCookie]
	rows := w.store.sessions()
	hostile := func(i int) {
		odd := fmt.Sprint("x", i, strings.Repeat("y", 4000))
		b, kept := w.browser(), session
		b.cookies[portal.SessionCookie] = &kept
		b.send("POST", "/roles/"+odd[:900]+"/admin/credentials", formOf("duration", odd, odd, odd), false)
		b.send("POST", "/roles/shop-prod/admin/console", formOf("to", odd), false)
		b.get("/whoami?q=" + odd[:900])
		b.get("/roles/shop-dev/readonly?region=" + odd[:500])
		b.get("/" + odd[:900])
		b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", odd, "RelayState", odd), true)
		b.cookies = map[string]*http.Cookie{"__Host-fedbridge-login-" + odd[:40]: {Name: "__Host-fedbridge-login-" + odd[:40], Value: odd}}
		b.send("GET", "/oidc/web/callback?code="+odd[:500]+"&state="+odd[:500], nil, true)
		w.log.mu.Lock()
		w.log.b.Reset()
		w.log.mu.Unlock()
		w.audit.mu.Lock()
		w.audit.events = nil
		w.audit.mu.Unlock()
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for i := range 50 {
		hostile(i)
	}
	before, goroutines := heap(), runtime.NumGoroutine()
	const more = 150
	for i := range more {
		hostile(50 + i)
	}
	// Each round brought sixty kilobytes: a fifth of that kept would show.
	if after := heap(); after > before+more*10<<10 {
		t.Errorf("%d KB were kept", (after-before)>>10)
	}
	if n := runtime.NumGoroutine(); n > goroutines+5 {
		t.Errorf("%d goroutines became %d", goroutines, n)
	}
	if n := w.store.sessions(); n != rows || len(w.store.pending) > 1 || w.sts.count() != 0 {
		t.Errorf("%d sessions became %d, %d pending, STS asked %d times", rows, n, len(w.store.pending), w.sts.count())
	}
}
