package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Page answers a request, or returns why not: the Site writes the error.
type Page func(w http.ResponseWriter, r *http.Request) error

// Route is one line of a door's map.
type Route struct {
	Method string // GET answers HEAD, too
	Path   string // a pattern of http.ServeMux without method
	Page   Page
	// Answer marks the one exception from CrossOriginProtection: an identity provider's answer, which is a cross-site
	// POST by nature. It is bound to the browser that began by a cookie of its own, and has the larger body limit.
	Answer bool
}

// Mount puts a door's routes into the mux. Methods that none of them has are 405 with Allow.
func (s *Site) Mount(mux *http.ServeMux, routes []Route) {
	methods := map[string][]string{}
	for _, route := range routes {
		mux.Handle(route.Method+" "+route.Path, s.page(s.guard(route)))
		methods[route.Path] = append(methods[route.Path], route.Method)
		if route.Method == http.MethodGet {
			methods[route.Path] = append(methods[route.Path], http.MethodHead)
		}
	}
	for path, known := range methods {
		slices.Sort(known)
		allow := strings.Join(known, ", ")
		mux.Handle(path, s.page(func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Allow", allow) // RFC 9110 §15.5.6
			return bridge.Fail(bridge.CodeMethod, fmt.Errorf("%s is not among %s", methodOf(r), allow))
		}))
	}
}

// guard checks, before a page runs, where the request comes from and what it carries.
func (s *Site) guard(route Route) Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readQuery(r); err != nil {
			return err
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return route.Page(w, r)
		}
		limit, tooLarge := int64(BodyLimit), bridge.CodeTooLarge
		if route.Answer {
			limit, tooLarge = AnswerLimit, bridge.CodeAnswerTooLarge
		} else if err := s.origin.check(r); err != nil {
			return err
		}
		if err := readForm(w, r, limit, tooLarge); err != nil {
			return err
		}
		return route.Page(w, r)
	}
}

// page runs a page and writes its error.
func (s *Site) page(p Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p(w, r); err != nil {
			x, ok := w.(*exchange)
			if !ok { // mounted without Site.Handler: a mistake that must not look like success
				panic("handlers: a page was mounted outside of Site.Handler")
			}
			s.fail(x, r, err)
		}
	})
}
