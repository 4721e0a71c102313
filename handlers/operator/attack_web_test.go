package operator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/operator"
)

type door struct{ site *handlers.Site }

func (d door) Mount(mux *http.ServeMux) {
	fails := func(http.ResponseWriter, *http.Request) error {
		return bridge.Fail(bridge.CodeNotEntitled, errors.New("CANARY"))
	}
	d.site.Mount(mux, []handlers.Route{{Method: "GET", Path: "/{$}", Page: fails}, {Method: "POST", Path: "/roles/{account}/{role}/console", Page: fails}})
}

// TestAttackMetricLabels: whatever the world asks for, the number of series is that of the routes, methods and codes that
// we wrote; and nothing that it sent is in one (threats Z1, Z5).
func TestAttackMetricLabels(t *testing.T) {
	m := operator.NewMetrics("v1")
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com", Recorder: m})
	if err != nil {
		t.Fatal(err)
	}
	public := site.Handler(door{site})
	ask := func(method, target string, headers ...string) {
		r := httptest.NewRequest(method, "/", nil)
		r.URL.Path, r.RequestURI = target, ""
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		public.ServeHTTP(httptest.NewRecorder(), r)
	}
	log := m.Audit(audit{})
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			odd := fmt.Sprint("CANARY", i)
			ask(odd, "/")
			ask("GET", "/"+odd)
			ask(odd, "/"+odd)
			ask("POST", "/roles/"+odd+"/"+odd+"/console")
			ask("POST", "/roles/"+odd+"/"+odd+"/console", "Host", odd, "User-Agent", odd, "X-Forwarded-For", odd, "Sec-Fetch-Site", odd)
			event := bridge.AuditEvent{
				Kind: bridge.AuditOutcome, Door: "portal", Via: bridge.ViaSAML, Provider: "corp", Subject: odd, Email: odd, Role: odd,
				Account: odd, RoleARN: odd, SessionName: odd, Source: odd, RequestID: odd, ID: odd, AccessKeyID: odd, Issuer: odd, Detail: odd,
			}
			for _, kind := range []bridge.AuditKind{bridge.AuditOutcome, bridge.AuditDecide, bridge.AuditSignIn, bridge.AuditTrust} {
				event.Kind = kind
				if err := log.Record(t.Context(), event); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = m.STS(sts{errors.New(odd)}).Exchange(t.Context(), bridge.ExchangeRequest{Via: bridge.ViaSAML, SessionName: odd})
		}
	}
	ops := operator.New(operator.Options{Metrics: m})
	flood(0, 1)
	before := series(get(t, ops, "/metrics").Body.String())
	flood(1, 300)
	text := get(t, ops, "/metrics").Body.String()
	if after := series(text); after != before {
		t.Errorf("%d series became %d", before, after)
	}
	if strings.Contains(text, "CANARY") {
		t.Error("what was sent is in a label")
	}
}

func series(text string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "fedbridge_") {
			n++
		}
	}
	return n
}

// TestAttackOpsSurface: the operator's listener answers three paths, by GET alone, and the public one none of them, nor any
// door that debuggers and other programs leave open (threats W21, Z12, Z13).
func TestAttackOpsSurface(t *testing.T) {
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	public, ops := site.Handler(door{site}), operator.New(operator.Options{Metrics: operator.NewMetrics("v1")}).Handler()
	answers := map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}
	for _, path := range []string{
		"/healthz", "/readyz", "/metrics", "/metrics/", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars", "/debug/requests",
		"/version", "/config", "/config.yaml", "/env", "/.env", "/.git/config", "/admin", "/status", "/server-status", "/actuator", "/swagger.json",
		"/openapi.json", "/graphql", "/log", "/audit", "/audit.jsonl", "/state.db", "/stop", "/reload", "/-/reload", "/api", "/favicon.ico",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "TRACE"} {
			for name, handler := range map[string]http.Handler{"public": public, "ops": ops} {
				r := httptest.NewRequest(method, path, nil)
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				a := httptest.NewRecorder()
				handler.ServeHTTP(a, r)
				want := http.StatusNotFound
				if name == "ops" && answers[path] {
					want = map[bool]int{true: http.StatusOK, false: http.StatusMethodNotAllowed}[method == "GET"]
				}
				if a.Code != want {
					t.Errorf("%s: %s %s: %d, want %d", name, method, path, a.Code, want)
				}
			}
		}
	}
}

// TestAttackReadyFlood: a check that hangs holds up no other answer of the operator's listener.
func TestAttackReadyFlood(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	hangs := operator.Part{Name: "store", Check: func(context.Context) error { <-release; return nil }}
	s := operator.New(operator.Options{Parts: []operator.Part{hangs}, Metrics: operator.NewMetrics("v1")})
	asking, gone := context.WithCancel(t.Context())
	answered := make(chan bool)
	for range 20 {
		go func() { answered <- s.Ready(asking).Ready }()
	}
	for _, path := range []string{"/healthz", "/metrics"} {
		if a := get(t, s, path); a.Code != 200 {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
	gone()
	for range 20 {
		if <-answered {
			t.Error("a part that doesn't answer is ready")
		}
	}
}
