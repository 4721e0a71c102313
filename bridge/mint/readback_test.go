package mint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// TestReadBackRefuses: whatever the published address answers that AWS would not take, or that isn't our key, keeps a key
// from signing; the reason can be read.
func TestReadBackRefuses(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" })
	docs := r.Documents()
	jwks := func(change func(string) string) http.HandlerFunc {
		return func(out http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/jwks" {
				fmt.Fprint(out, change(string(docs.JWKS)))
				return
			}
			out.Write(docs.Discovery)
		}
	}
	swap := func(old, new string) http.HandlerFunc {
		return jwks(func(s string) string {
			if !strings.Contains(s, old) {
				t.Errorf("%q is not in %s", old, s)
			}
			return strings.Replace(s, old, new, 1)
		})
	}
	redirected := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer redirected.Close()
	x := strings.Split(strings.SplitN(string(docs.JWKS), `"x": "`, 2)[1], `"`)[0]
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"nothing":   {func(out http.ResponseWriter, r *http.Request) { http.NotFound(out, r) }, "status 404"},
		"an outage": {func(out http.ResponseWriter, r *http.Request) { http.Error(out, "", http.StatusServiceUnavailable) }, "status 503"},
		"a redirect": {func(out http.ResponseWriter, r *http.Request) {
			http.Redirect(out, r, redirected.URL, http.StatusFound)
		}, "status 302"},
		"cut off":      {func(out http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, "can't be read"},
		"a login page": {func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, "<html>Sign in</html>") }, "is not the JSON"},
		"endless":      {jwks(func(string) string { return strings.Repeat(" ", 1<<20+1) }), "more than a megabyte"},
		"another issuer": {func(out http.ResponseWriter, r *http.Request) {
			fmt.Fprint(out, `{"issuer":"https://other.example.com","jwks_uri":"https://other.example.com/jwks"}`)
		}, "something else answers"},
		"other keys' address": {func(out http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(out, `{"issuer":%q,"jwks_uri":"https://other.example.com/jwks"}`, w.issuer)
		}, "something else answers"},
		"no keys":              {jwks(func(string) string { return `{"keys":[]}` }), "doesn't have the key"},
		"the old keys":         {swap(`"kid": "`, `"kid": "x`), "doesn't have the key"},
		"another key, our kid": {swap(x, strings.Repeat("A", len(x))), "another key"},
		"for encryption":       {swap(`"use": "sig"`, `"use": "enc"`), "another key"},
		"without alg":          {swap(`"alg": "ES256"`, `"alg": ""`), "another key"},
	} {
		t.Run(name, func(t *testing.T) {
			w.answers(c.answer)
			err := r.Step(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("it signs, or doesn't say why not: %v", err)
			}
		})
	}
	w.answers(nil)
	step(t, r)
	current(t, r, mint.UseToken)
}

// A publisher that never answers holds up nothing but the key that waits; a step ends with its context.
func TestReadBackHangs(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" })
	w.answers(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Step(ctx) }()
	if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey || len(w.published(r)) != 1 {
		t.Errorf("while it hangs: %v", err)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("read back from one who doesn't answer")
	}
}

// Another clock than that of whoever publishes is not to be trusted with when a key takes over; what comes from a cache may
// be older.
func TestReadBackClock(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" })
	docs := r.Documents()
	dated := func(off time.Duration, age string) {
		w.answers(func(out http.ResponseWriter, req *http.Request) {
			out.Header().Set("Date", w.clock.now().Add(off).UTC().Format(http.TimeFormat))
			if age != "" {
				out.Header().Set("Age", age)
			}
			out.Write(map[string][]byte{"/jwks": docs.JWKS, "/.well-known/openid-configuration": docs.Discovery}[req.URL.Path])
		})
	}
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		dated(off, "")
		if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeIssuerClock {
			t.Fatalf("%v off: %v", off, err)
		}
	}
	dated(-time.Hour, "3599")
	step(t, r)
	current(t, r, mint.UseToken)
}

// http is for loopback; elsewhere a key is never read back over it, whatever the configuration let through.
func TestReadBackPlain(t *testing.T) {
	for _, issuer := range []string{"http://id.example.com", "https://id.example.com:8443", "https://id.example.com/", "https://id.example.com?x", "https://u@id.example.com",
		"https://id.example.com/#f", "https://id.example.com/a/../b", "https://id.example.com/a%2fb", "https://id.example.com/saml", "https://id.example.com/login/x",
		"id.example.com", "", "https://id.example.com/" + strings.Repeat("x", 250)} {
		problems := mint.RingConfig{Issuer: issuer, Dir: "x", State: newMemoryState()}.Check()
		if len(problems) == 0 {
			t.Errorf("%q was taken", issuer)
		}
	}
	for _, issuer := range []string{"https://id.example.com", "https://id.example.com/aws", "http://127.0.0.1:8080", "http://localhost:8080/x", "https://localhost:8443"} {
		if problems := (mint.RingConfig{Issuer: issuer, Dir: "x", State: newMemoryState()}).Check(); len(problems) > 0 {
			t.Errorf("%q: %v", issuer, problems)
		}
	}
}
