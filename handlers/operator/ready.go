package operator

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
)

// checkTime bounds every check of /readyz.
const checkTime = 2 * time.Second

// Part is something that must work.
type Part struct {
	Name  string // "store", "audit", "sts"
	Check func(context.Context) error
	// Optional tells that fedbridge serves without it, if only some of the people: it is named, and the answer stays 200.
	Optional bool
}

// Options are what a Server is made of.
type Options struct {
	Parts     []Part
	Providers []idp.IdentityProvider // each is an optional part; what is no idp.Refresher is always ready
	Metrics   *Metrics               // nil: no /metrics
}

// Server answers the operator.
type Server struct {
	parts     []Part
	providers []idp.IdentityProvider
	metrics   *Metrics
}

// New makes a Server.
func New(o Options) *Server {
	return &Server{parts: o.Parts, providers: o.Providers, metrics: o.Metrics}
}

// Mount puts the operator's routes into a mux, which is that of a listener of its own.
func (s *Server) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.metrics != nil {
		mux.Handle("GET /metrics", s.metrics.Handler())
	}
}

// Handler serves the operator's listener.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.Mount(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	})
}

// healthz says that the process answers, and no more: what restarts it must not do so because an identity provider is
// down.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte(ok + "\n"))
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready bool `json:"ready"` // 503 unless true
	// Status is ready; degraded, when an optional part isn't; or unready.
	Status string       `json:"status"`
	Parts  []PartStatus `json:"parts"`
}

// PartStatus is one part of it.
type PartStatus struct {
	Name     string    `json:"name"` // providers are called provider/NAME
	Ready    bool      `json:"ready"`
	Optional bool      `json:"optional,omitempty"`
	Problem  string    `json:"problem,omitempty"` // why it isn't ready, or what will soon be wrong
	Fetched  time.Time `json:"fetched,omitzero"`  // when a provider's metadata or keys were last fetched
}

// readyz tells which part isn't ready. An identity provider's outage, or that of STS, is named and doesn't take this
// node out of service: whoever doesn't need it is served (promise 7).
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	answer := s.Ready(r.Context())
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	if err := handlers.WriteJSON(w, status, answer); err != nil {
		http.Error(w, "no answer", http.StatusInternalServerError)
	}
}

// Ready asks all parts at once.
func (s *Server) Ready(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	answer := Readiness{Ready: true, Status: "ready", Parts: make([]PartStatus, len(s.parts))}
	var wait sync.WaitGroup
	for i, part := range s.parts {
		wait.Go(func() { answer.Parts[i] = part.status(ctx) })
	}
	wait.Wait()
	for _, p := range s.providers {
		answer.Parts = append(answer.Parts, providerPart(p))
	}
	for _, part := range answer.Parts {
		switch {
		case part.Ready:
		case part.Optional && answer.Ready:
			answer.Status = "degraded"
		case !part.Optional:
			answer.Ready, answer.Status = false, "unready"
		}
	}
	return answer
}

func (p Part) status(ctx context.Context) (status PartStatus) {
	status = PartStatus{Name: p.Name, Optional: p.Optional}
	done := make(chan error, 1)
	go func() { done <- p.Check(ctx) }()
	select {
	case err := <-done:
		status.Ready = err == nil
		if err != nil {
			status.Problem = err.Error()
		}
	case <-ctx.Done(): // a check that doesn't mind its context must not hold the answer
		status.Problem = "did not answer in time"
	}
	return status
}

func providerPart(p idp.IdentityProvider) PartStatus {
	part := PartStatus{Name: "provider/" + p.Info().Name, Ready: true, Optional: true}
	if refresher, ok := p.(idp.Refresher); ok {
		status := refresher.Status()
		part.Ready, part.Problem, part.Fetched = status.Ready, status.Problem, status.Fetched
	}
	return part
}
