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
	// API marks a route for programs, which no cookie opens; nil for pages.
	API *API
}

// API is what a route does itself that asks for a token in every request. It MUST NOT read a cookie: a browser adds nothing
// of its own authority to such a request, whoever made it send one, so CrossOriginProtection would refuse genuine clients
// and protect nobody. Limits, form and errors are those of the endpoint's own protocol.
type API struct {
	BodyLimit int64 // in bytes, before anything is read; zero: there is no body
	// Fail writes an error in the format of the endpoint's protocol. The Site counts and logs it, and has set the headers
	// of every answer.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// Mount puts a door's routes into the mux. Methods that none of them has are 405 with Allow.
func (s *Site) Mount(mux *http.ServeMux, routes []Route) {
	methods := map[string][]string{}
	apis := map[string]*API{}
	for _, route := range routes {
		mux.Handle(route.Method+" "+route.Path, s.page(s.guard(route)))
		apis[route.Path] = route.API
		methods[route.Path] = append(methods[route.Path], route.Method)
		if route.Method == http.MethodGet {
			methods[route.Path] = append(methods[route.Path], http.MethodHead)
		}
	}
	for path, known := range methods {
		slices.Sort(known)
		allow := strings.Join(known, ", ")
		mux.Handle(path, s.page(func(w http.ResponseWriter, r *http.Request) error {
			speakAs(w, apis[path])
			w.Header().Set("Allow", allow) // RFC 9110 §15.5.6
			return bridge.Fail(bridge.CodeMethod, fmt.Errorf("%s is not among %s", methodOf(r), allow))
		}))
	}
}

// guard checks, before a page runs, where the request comes from and what it carries.
func (s *Site) guard(route Route) Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		speakAs(w, route.API)
		if err := readQuery(r); err != nil {
			return err
		}
		if route.API != nil {
			if err := boundBody(w, r, route.API.BodyLimit, bridge.CodeTooLarge); err != nil {
				return err
			}
			return route.Page(w, r)
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

// speakAs has the errors of this request written in the format of an API.
func speakAs(w http.ResponseWriter, api *API) {
	if x, ok := w.(*exchange); ok && api != nil {
		x.api = api
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
