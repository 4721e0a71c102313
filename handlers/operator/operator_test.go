package operator_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/operator"
	"github.com/fedbridge/fedbridge/idp"
)

// provider is one with a status; plain has none.
type plain struct{ name string }

func (p plain) Info() idp.Info { return idp.Info{Name: p.name, Kind: idp.KindSAML} }
func (plain) Begin(context.Context, idp.Login) (idp.Challenge, error) {
	return idp.Challenge{}, errors.New("not used here")
}
func (plain) Finish(context.Context, idp.Login, idp.Answer) (bridge.Identity, bridge.Proof, error) {
	return bridge.Identity{}, bridge.Proof{}, errors.New("not used here")
}

type provider struct {
	plain
	status idp.Status
}

func (p provider) Refresh(context.Context) error { return nil }
func (p provider) Status() idp.Status            { return p.status }

func ok(context.Context) error   { return nil }
func down(context.Context) error { return errors.New("no route to it") }

func get(t *testing.T, s *operator.Server, path string) *httptest.ResponseRecorder {
	t.Helper()
	a := httptest.NewRecorder()
	s.Handler().ServeHTTP(a, httptest.NewRequest("GET", path, nil))
	return a
}

func TestReady(t *testing.T) {
	good := provider{plain{"corp"}, idp.Status{Ready: true, Fetched: time.Now(), Problem: "a certificate ends in 9 days"}}
	bad := provider{plain{"web"}, idp.Status{Problem: "discovery: no answer"}}
	cases := []struct {
		name      string
		parts     []operator.Part
		providers []idp.IdentityProvider
		code      int
		status    string
		unready   []string
	}{
		{"all", []operator.Part{{Name: "store", Check: ok}}, []idp.IdentityProvider{good, plain{"bare"}}, 200, "ready", nil},
		{"a provider", []operator.Part{{Name: "store", Check: ok}}, []idp.IdentityProvider{good, bad}, 200, "degraded", []string{"provider/web"}},
		{"sts", []operator.Part{{Name: "store", Check: ok}, {Name: "sts", Check: down, Optional: true}}, nil, 200, "degraded", []string{"sts"}},
		{"store", []operator.Part{{Name: "store", Check: down}, {Name: "audit", Check: ok}}, []idp.IdentityProvider{good}, 503, "unready", []string{"store"}},
		{"everything", []operator.Part{{Name: "store", Check: down}, {Name: "audit", Check: down}, {Name: "sts", Check: down, Optional: true}},
			[]idp.IdentityProvider{bad}, 503, "unready", []string{"store", "audit", "sts", "provider/web"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := operator.New(operator.Options{Parts: c.parts, Providers: c.providers})
			a := get(t, s, "/readyz")
			var answer operator.Readiness
			if err := json.Unmarshal(a.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if a.Code != c.code || answer.Status != c.status || answer.Ready != (c.code == 200) || len(answer.Parts) != len(c.parts)+len(c.providers) {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			var unready []string
			for _, part := range answer.Parts {
				if !part.Ready {
					unready = append(unready, part.Name)
					if part.Problem == "" {
						t.Errorf("%s: no reason", part.Name)
					}
				}
			}
			if strings.Join(unready, " ") != strings.Join(c.unready, " ") {
				t.Errorf("not ready: %q", unready)
			}
			if a := get(t, s, "/healthz"); a.Code != 200 { // whatever is down, the process lives
				t.Errorf("healthz: %d", a.Code)
			}
		})
	}
}

// TestReadyIsBounded: a check that hangs doesn't hold the answer.
func TestReadyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := operator.New(operator.Options{Parts: []operator.Part{{Name: "store", Check: func(context.Context) error { <-release; return nil }}}})
		began := time.Now()
		answer := s.Ready(t.Context())
		close(release)
		if answer.Ready || answer.Parts[0].Problem == "" || time.Since(began) > 5*time.Second {
			t.Errorf("%+v after %s", answer, time.Since(began))
		}
	})
}

func TestRoutes(t *testing.T) {
	s := operator.New(operator.Options{Metrics: operator.NewMetrics("v1")})
	for path, code := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404, "/debug/pprof/": 404, "/healthz/": 404, "/config": 404} {
		a := get(t, s, path)
		if a.Code != code || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, a.Code, a.Header())
		}
	}
	a := httptest.NewRecorder()
	s.Handler().ServeHTTP(a, httptest.NewRequest("POST", "/healthz", nil))
	if a.Code != 405 {
		t.Errorf("POST: %d", a.Code)
	}
	if a := get(t, operator.New(operator.Options{}), "/metrics"); a.Code != 404 {
		t.Errorf("without metrics: %d", a.Code)
	}
}

type audit struct{ err error }

func (a audit) Record(context.Context, bridge.AuditEvent) error { return a.err }

type sts struct{ err error }

func (s sts) Exchange(context.Context, bridge.ExchangeRequest) (bridge.Credentials, error) {
	return bridge.Credentials{AccessKeyID: "ASIA"}, s.err
}
func (sts) Longest(context.Context, bridge.Role, bridge.Via) (time.Duration, bridge.CapReason) {
	return time.Hour, bridge.CapChained
}

var _ handlers.Recorder = (*operator.Metrics)(nil)

func TestMetrics(t *testing.T) {
	m := operator.NewMetrics("v1.2.3")
	m.Providers([]idp.IdentityProvider{plain{"bare"}, provider{plain{"corp"}, idp.Status{Ready: true, Fetched: time.Unix(1e9, 0)}},
		provider{plain{"web"}, idp.Status{}}})
	m.Request("GET /roles/{account}/{role}", 200, "", time.Millisecond)
	m.Request("GET /roles/{account}/{role}", 403, bridge.CodeNotEntitled, time.Millisecond)
	m.Panic()
	m.SessionCreated()
	log, ctx := m.Audit(audit{}), t.Context()
	for _, e := range []bridge.AuditEvent{
		{Kind: bridge.AuditSignIn, Provider: "corp", Allowed: true},
		{Kind: bridge.AuditSignIn, Provider: "corp", Code: bridge.CodeAudience},
		{Kind: bridge.AuditSignOut, Provider: "corp", Allowed: true},
		{Kind: bridge.AuditDecide, Door: "portal", Via: bridge.ViaSAML, Allowed: true}, // counted by its outcome
		{Kind: bridge.AuditOutcome, Door: "portal", Via: bridge.ViaSAML, Allowed: true},
		{Kind: bridge.AuditDecide, Door: "portal", Code: bridge.CodeDenied},
		{Kind: bridge.AuditOutcome, Door: "portal", Via: bridge.ViaSAML, Code: bridge.CodeSTSDown},
		{Kind: bridge.AuditConfig},
	} {
		if err := log.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("disk full")
	if err := m.Audit(audit{broken}).Record(ctx, bridge.AuditEvent{Kind: bridge.AuditSignIn, Provider: "corp", Allowed: true}); err != broken {
		t.Errorf("the wrapper lost the error: %v", err)
	}
	exchange := m.STS(sts{})
	if creds, err := exchange.Exchange(ctx, bridge.ExchangeRequest{Via: bridge.ViaSAML}); err != nil || creds.AccessKeyID != "ASIA" {
		t.Errorf("%v %v", creds.AccessKeyID, err)
	}
	if d, why := exchange.Longest(ctx, bridge.Role{}, bridge.ViaSAML); d != time.Hour || why != bridge.CapChained {
		t.Errorf("Longest: %s %s", d, why)
	}
	m.STS(sts{bridge.Fail(bridge.CodeSTSDown, nil)}).Exchange(ctx, bridge.ExchangeRequest{Via: bridge.ViaSAML})

	text := get(t, operator.New(operator.Options{Metrics: m}), "/metrics").Body.String()
	for _, want := range []string{
		`fedbridge_requests_total{code="ok",route="GET /roles/{account}/{role}",status="200"} 1`,
		`fedbridge_requests_total{code="not-entitled",route="GET /roles/{account}/{role}",status="403"} 1`,
		`fedbridge_sign_ins_total{code="ok",provider="corp"} 1`,
		`fedbridge_sign_ins_total{code="audience-mismatch",provider="corp"} 1`,
		`fedbridge_assumes_total{code="ok",door="portal",via="saml"} 1`,
		`fedbridge_assumes_total{code="denied-by-rule",door="portal",via=""} 1`,
		`fedbridge_assumes_total{code="sts-down",door="portal",via="saml"} 1`,
		`fedbridge_sts_duration_seconds_count{code="ok",via="saml"} 1`,
		`fedbridge_sts_duration_seconds_count{code="sts-down",via="saml"} 1`,
		`fedbridge_sessions_created_total 1`, `fedbridge_panics_total 1`, `fedbridge_audit_failures_total 1`,
		`fedbridge_provider_ready{provider="corp"} 1`, `fedbridge_provider_ready{provider="web"} 0`,
		`fedbridge_provider_fetched_timestamp_seconds{provider="corp"} 1e+09`, `version="v1.2.3"`, "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Contains(text, `provider="bare"`) {
		t.Error("a provider without a status is shown with one")
	}
}
