package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// Recorder counts. Labels are bounded: a route is a pattern, never a path. handlers/operator has one for Prometheus.
type Recorder interface {
	// Request counts one answered request; code is "" where nothing went wrong.
	Request(route string, status int, code bridge.Code, took time.Duration)
	// Panic counts a panic that was recovered: an alarm (threat R2).
	Panic()
	// SessionCreated counts a session.
	SessionCreated()
}

// Options are what a Site is made of. Only BaseURL is required.
type Options struct {
	// BaseURL is server.url: what browsers see. Links and cookies follow it, never a request's Host (threat W15).
	BaseURL string
	// TrustedProxies may say who the client is (X-Forwarded-For) and name the request (X-Request-Id). Nobody else may.
	TrustedProxies []netip.Prefix
	Log            *slog.Logger
	Recorder       Recorder
	Now            func() time.Time
}

// Site is what all doors of one server share. It is immutable and safe for concurrent use.
type Site struct {
	base     string
	https    bool
	policy   string // of pages that say nothing else
	trusted  []netip.Prefix
	pages    *templates.Set
	origin   originGuard
	log      *slog.Logger
	recorder Recorder
	now      func() time.Time
}

// New makes a Site.
func New(o Options) (*Site, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") ||
		strings.Trim(base.Path, "/") != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, fmt.Errorf("handlers: %q is not the URL of a site: write https://HOST", o.BaseURL)
	}
	pages, err := templates.New()
	if err != nil {
		return nil, err
	}
	origin := base.Scheme + "://" + base.Host
	guard, err := newOriginGuard(origin)
	if err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	s := &Site{
		base: origin, https: base.Scheme == "https", policy: Forms{}.policy(), trusted: o.TrustedProxies,
		pages: pages, origin: guard, log: o.Log, recorder: o.Recorder, now: o.Now,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.recorder == nil {
		s.recorder = uncounted{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// BaseURL is the configured URL without a slash at its end.
func (s *Site) BaseURL() string { return s.base }

// Recorder is where doors count.
func (s *Site) Recorder() Recorder { return s.recorder }

// Door is one package of handlers.
type Door interface{ Mount(mux *http.ServeMux) }

// SlashedDoor is a door of which stock clients ask some paths with a slash at their end, as the AWS SDKs do with an
// endpoint that has a path. No other path may have one.
type SlashedDoor interface {
	Door
	Slashed() []string // with the slash
}

// Handler serves the doors. What none of them knows is a 404 page.
func (s *Site) Handler(doors ...Door) http.Handler {
	mux, slashed := http.NewServeMux(), map[string]bool{}
	for _, door := range doors {
		door.Mount(mux)
		if d, ok := door.(SlashedDoor); ok {
			for _, path := range d.Slashed() {
				slashed[path] = true
			}
		}
	}
	mux.Handle("/", s.page(func(http.ResponseWriter, *http.Request) error { return bridge.Fail(bridge.CodeNotFound, nil) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(mux, slashed, w, r) })
}

func (s *Site) serve(mux http.Handler, slashed map[string]bool, w http.ResponseWriter, r *http.Request) {
	began := s.now()
	x := &exchange{ResponseWriter: w, request: newRequest(r, s.trusted)}
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, x))
	s.setHeaders(w.Header())
	w.Header().Set(headerRequestID, x.request.ID)
	defer s.finish(x, r, began)
	defer s.recover(x, r)
	if !exactPath(r, slashed) {
		s.fail(x, r, bridge.Fail(bridge.CodeNotFound, fmt.Errorf("path is not spelt as ours are")))
		return
	}
	mux.ServeHTTP(x, r)
}

// recover turns a panic into a 500 and an alarm. A panic grants nothing: what would be granted is written last.
func (s *Site) recover(x *exchange, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	s.recorder.Panic()
	s.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", x.request.ID),
		slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
	s.fail(x, r, bridge.Fail(bridge.CodeInternal, fmt.Errorf("panic: %v", v)))
}

// finish counts the request and writes its one line. The cause of a failure is here and nowhere else; no query, body,
// cookie or claim is.
func (s *Site) finish(x *exchange, r *http.Request, began time.Time) {
	route := r.Pattern
	if route == "" || route == "/" {
		route = "unmatched"
	}
	if x.status == 0 {
		x.status = http.StatusOK
	}
	took := s.now().Sub(began)
	s.recorder.Request(route, x.status, x.code, took)
	attrs := []slog.Attr{
		slog.String("request_id", x.request.ID), slog.String("method", methodOf(r)), slog.String("route", route),
		slog.Int("status", x.status), slog.Duration("dur", took), slog.String("source", x.request.Source),
	}
	level := slog.LevelInfo
	if x.err != nil {
		attrs = append(attrs, slog.String("code", string(x.code)), slog.String("cause", x.err.Error()))
		if x.status >= 500 {
			level = slog.LevelError
		}
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// methodOf is the method, as far as one can be meant by it: a client may send thirty kilobytes.
func methodOf(r *http.Request) string { return fmt.Sprintf("%.16s", r.Method) }

type uncounted struct{}

func (uncounted) Request(string, int, bridge.Code, time.Duration) {}
func (uncounted) Panic()                                          {}
func (uncounted) SessionCreated()                                 {}
