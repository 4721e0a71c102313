package portal

import (
	"net/http"

	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// route is one line of the map.
type route struct {
	method string
	path   string
	page   handlers.Page
	is     traits
}

// traits say what is special about a route.
type traits uint8

const (
	// answer: an identity provider's answer, a cross-site POST (handlers.Route.Answer).
	answer traits = 1 << iota
	// landing: a page that return_to may name.
	landing
)

// routes is the map of the site. Whatever needs a session says so with signedIn; the rest answers anybody.
func (s *Server) routes() []route {
	all := []route{
		{"GET", "/{$}", s.home, landing},
		{"GET", "/login", s.choose, 0},
		{"GET", "/login/{provider}", s.begin, 0},
		{"POST", "/login/{provider}", s.confirm, 0},
		{"POST", "/logout", s.logout, 0},
		{"GET", "/oidc/{provider}/callback", s.callback, 0},
		{"POST", "/oidc/{provider}/callback", s.callback, answer},
		{"POST", "/saml/{provider}/acs", s.acs, answer},
		{"GET", "/saml/{provider}/metadata", s.metadata, 0},
		{"GET", "/roles/{account}/{role}", s.signedIn(s.role), landing},
		{"POST", "/roles/{account}/{role}/console", s.signedIn(s.console), 0},
		{"POST", "/roles/{account}/{role}/credentials", s.signedIn(s.credentials), 0},
		{"GET", "/whoami", s.signedIn(s.whoami), landing},
		{"GET", "/assets/{file}", asset(templates.Assets()), 0},
	}
	if s.trust != nil { // otherwise not there, rather than hidden
		all = append(all,
			route{"GET", "/trust", s.operating(s.trustPage), landing},
			route{"POST", "/trust/check", s.operating(s.trustCheck), 0})
	}
	return all
}

func (s *Server) siteRoutes() []handlers.Route {
	var all []handlers.Route
	for _, r := range s.routes() {
		all = append(all, handlers.Route{Method: r.method, Path: r.path, Page: r.page, Answer: r.is&answer != 0})
	}
	return all
}

func asset(files http.Handler) handlers.Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		files.ServeHTTP(w, r)
		return nil
	}
}
