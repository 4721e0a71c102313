package handlers

import (
	"net/http"
	"path"
	"strings"
)

// exactPath tells whether the path is spelt in the one way that we spell paths: no percent-encoding, no empty, dot or
// trailing segments, no parameters, ASCII only (threat W17). Everything else is 404 before the mux sees it, so that the
// mux neither cleans nor redirects, and what a proxy in front of us matched is what we match.
//
// slashed are the paths that end in a slash all the same, and no other may.
func exactPath(r *http.Request, slashed map[string]bool) bool {
	p := r.URL.Path
	if slashed[p] {
		p = p[:len(p)-1]
	}
	if r.URL.RawPath != "" || len(p) == 0 || len(p) > 1024 || p[0] != '/' {
		return false
	}
	for i := range len(p) {
		if !pathByte(p[i]) {
			return false
		}
	}
	return path.Clean(p) == p && r.URL.EscapedPath() == r.URL.Path && spelt(r, r.URL.Path)
}

// spelt compares with the request line itself, which may say things that net/url reads as a path of ours ("http:/login").
// A request in absolute form (RFC 9112 §3.2.2) spells scheme and host before the path.
func spelt(r *http.Request, p string) bool {
	raw := r.RequestURI
	if raw == "" { // made without a request line
		return true
	}
	if r.URL.Host != "" {
		raw = strings.TrimPrefix(raw, r.URL.Scheme+"://"+r.URL.Host)
	}
	return strings.HasPrefix(raw, p) && (len(raw) == len(p) || raw[len(p)] == '?')
}

func pathByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case '/', '-', '_', '.', '~':
		return true
	}
	return false
}
