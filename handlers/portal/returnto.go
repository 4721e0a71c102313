package portal

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// maxReturnTo bounds what a sign-in carries along.
const maxReturnTo = 2048

// returnTo reads where to go after signing in. It gives a page of the list of landings with its query, or "/": a path of
// another site, or of ours that does something else, never (threat W7). What comes out is put together anew.
func (s *Server) returnTo(text string) string {
	if len(text) > maxReturnTo || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || !printable(text) {
		return "/"
	}
	u, err := url.Parse(text)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" || u.EscapedPath() != u.Path {
		return "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || !s.isLanding(u.Path) {
		return "/"
	}
	if encoded := query.Encode(); encoded != "" {
		return u.Path + "?" + encoded
	}
	return u.Path
}

// printable keeps out what browsers drop or read as something else: control characters, blanks, backslashes, non-ASCII.
func printable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// isLanding asks the very patterns that serve the pages, once the path is spelt in the one way that they serve.
func (s *Server) isLanding(p string) bool {
	u := &url.URL{Path: p}
	if path.Clean(p) != p || u.EscapedPath() != p {
		return false
	}
	_, pattern := s.landings.Handler(&http.Request{Method: http.MethodGet, URL: u})
	return pattern != ""
}

func landings(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		if r.is&landing != 0 {
			mux.Handle(r.method+" "+r.path, http.NotFoundHandler())
		}
	}
	return mux
}

// chooseLink is the link to the choice of providers.
func chooseLink(returnTo string) string { return "/login" + returnQuery(returnTo) }

// loginLink is the link that begins a sign-in.
func loginLink(provider, returnTo, hint string) string {
	query := url.Values{}
	if returnTo != "" && returnTo != "/" {
		query.Set("return_to", returnTo)
	}
	if hint != "" {
		query.Set("login_hint", hint)
	}
	if len(query) == 0 {
		return "/login/" + provider
	}
	return "/login/" + provider + "?" + query.Encode()
}

func returnQuery(returnTo string) string {
	if returnTo == "" || returnTo == "/" {
		return ""
	}
	return "?" + url.Values{"return_to": {returnTo}}.Encode()
}
