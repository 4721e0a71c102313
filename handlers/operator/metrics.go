package operator

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
)

// ok is the label of what has no code, because nothing went wrong.
const ok = "ok"

// Metrics counts for Prometheus, in a registry of its own.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	signIns  *prometheus.CounterVec
	assumes  *prometheus.CounterVec
	sts      *prometheus.HistogramVec
	sessions prometheus.Counter
	panics   prometheus.Counter
	unlogged prometheus.Counter
}

var _ handlers.Recorder = (*Metrics)(nil)

// NewMetrics makes the metrics; version is what `fedbridge version` prints.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("requests_total", "Requests answered, by route pattern, status and error code.", "route", "status", "code"),
		took: histogram("request_duration_seconds", "Time to answer a request, by route pattern.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "route"),
		signIns: counters("sign_ins_total", "Sign-ins decided, by provider and error code.", "provider", "code"),
		assumes: counters("assumes_total", "Roles asked for, by door, via and error code.", "door", "via", "code"),
		sts: histogram("sts_duration_seconds", "Time that STS took, retries included, by via and error code.",
			[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}, "via", "code"),
		sessions: counter("sessions_created_total", "Sessions begun."),
		panics:   counter("panics_total", "Panics recovered while answering a request. Anything but 0 is a fault to report."),
		unlogged: counter("audit_failures_total", "Audit events that could not be written. While this grows nothing is granted."),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "fedbridge", Name: "build_info", Help: "Always 1; the version is in the labels.",
	}, []string{"version", "goversion"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(m.requests, m.took, m.signIns, m.assumes, m.sts, m.sessions, m.panics, m.unlogged, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "fedbridge", Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "fedbridge", Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Namespace: "fedbridge", Name: name, Help: help, Buckets: buckets}, labels)
}

// Request counts an answered request.
func (m *Metrics) Request(route string, status int, code bridge.Code, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status), label(code)).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}

// Panic counts a recovered panic.
func (m *Metrics) Panic() { m.panics.Inc() }

// SessionCreated counts a session.
func (m *Metrics) SessionCreated() { m.sessions.Inc() }

func label(code bridge.Code) string {
	if code == "" {
		return ok
	}
	return string(code)
}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Audit counts what goes through the audit log.
func (m *Metrics) Audit(next bridge.AuditLog) bridge.AuditLog { return countedAudit{m, next} }

type countedAudit struct {
	m    *Metrics
	next bridge.AuditLog
}

// Record counts after the event was written: what isn't in the log didn't happen, except that it failed. An allowed
// decision is counted by its outcome.
func (a countedAudit) Record(ctx context.Context, event bridge.AuditEvent) error {
	if err := a.next.Record(ctx, event); err != nil {
		a.m.unlogged.Inc()
		return err
	}
	switch {
	case event.Kind == bridge.AuditSignIn:
		a.m.signIns.WithLabelValues(event.Provider, label(event.Code)).Inc()
	case event.Kind == bridge.AuditOutcome, event.Kind == bridge.AuditDecide && !event.Allowed:
		a.m.assumes.WithLabelValues(event.Door, string(event.Via), label(event.Code)).Inc()
	}
	return nil
}

// STS times what goes to STS.
func (m *Metrics) STS(next bridge.STSExchanger) bridge.STSExchanger { return timedSTS{m, next} }

type timedSTS struct {
	m    *Metrics
	next bridge.STSExchanger
}

// Exchange times one exchange.
func (t timedSTS) Exchange(ctx context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	began := time.Now()
	creds, err := t.next.Exchange(ctx, req)
	t.m.sts.WithLabelValues(string(req.Via), label(bridge.CodeOf(err))).Observe(time.Since(began).Seconds())
	return creds, err
}

// Longest passes through: it asks nobody.
func (t timedSTS) Longest(ctx context.Context, role bridge.Role, via bridge.Via) (time.Duration, bridge.CapReason) {
	return t.next.Longest(ctx, role, via)
}

// Providers shows, at every scrape, whether each provider is ready and when its copy was fetched.
func (m *Metrics) Providers(all []idp.IdentityProvider) {
	m.registry.MustRegister(&providerStatus{
		all: all,
		ready: prometheus.NewDesc("fedbridge_provider_ready",
			"1 when the provider can serve sign-ins now.", []string{"provider"}, nil),
		fetched: prometheus.NewDesc("fedbridge_provider_fetched_timestamp_seconds",
			"When the provider's metadata or keys were last fetched; absent where they never were.", []string{"provider"}, nil),
	})
}

type providerStatus struct {
	all            []idp.IdentityProvider
	ready, fetched *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (p *providerStatus) Describe(out chan<- *prometheus.Desc) { out <- p.ready; out <- p.fetched }

// Collect implements prometheus.Collector.
func (p *providerStatus) Collect(out chan<- prometheus.Metric) {
	for _, provider := range p.all {
		refresher, ok := provider.(idp.Refresher)
		if !ok {
			continue
		}
		name, status, ready := provider.Info().Name, refresher.Status(), 0.0
		if status.Ready {
			ready = 1
		}
		out <- prometheus.MustNewConstMetric(p.ready, prometheus.GaugeValue, ready, name)
		if !status.Fetched.IsZero() {
			out <- prometheus.MustNewConstMetric(p.fetched, prometheus.GaugeValue, float64(status.Fetched.Unix()), name)
		}
	}
}
