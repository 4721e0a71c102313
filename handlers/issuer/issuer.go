// Package issuer is the door for AWS itself: what fedbridge publishes as its own OIDC and SAML issuer, below the path of
// the issuer URL.
//
//	Source.Documents -> /.well-known/openid-configuration, /jwks, /saml/metadata
//
// Everybody may read it, without signing in and without cookies, and caches may keep it for some minutes. It shows public
// keys and nothing about people; it changes nothing.
package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/handlers"
)

// cacheControl lets caches keep a document for five minutes: less than a next key is published ahead of its use, more than
// AWS needs to spare us a flood.
const cacheControl = "public, max-age=300"

// Source gives the documents as they are now, ready to be sent. It is asked for each request. *mint.Ring is one.
type Source interface{ Documents() mint.Documents }

// Options are what a Server is made of. All are required.
type Options struct {
	Site   *handlers.Site
	Issuer string // the issuer URL; the documents are below its path
	Source Source
}

// Server publishes.
type Server struct {
	site   *handlers.Site
	prefix string
	source Source
}

// New makes a Server.
func New(o Options) (*Server, error) {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || strings.HasSuffix(u.Path, "/") {
		return nil, errors.New("issuer: the issuer URL is not one: write https://HOST, or https://HOST/PATH")
	}
	if o.Site == nil || o.Source == nil {
		return nil, errors.New("issuer: no site or no source")
	}
	return &Server{site: o.Site, prefix: u.Path, source: o.Source}, nil
}

// Mount puts the documents into the mux.
func (s *Server) Mount(mux *http.ServeMux) {
	s.site.Mount(mux, []handlers.Route{
		// OpenID Connect Discovery §4: below the issuer's path, not before it.
		{Method: "GET", Path: s.prefix + "/.well-known/openid-configuration", Page: s.discovery},
		{Method: "GET", Path: s.prefix + "/jwks", Page: s.jwks},
		{Method: "GET", Path: s.prefix + "/saml/metadata", Page: s.metadata},
	})
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) error {
	return send(w, r, "application/json", s.source.Documents().Discovery)
}

// jwks is refused rather than sent without a key: AWS asks again after an outage, and would believe an empty key set.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) error {
	keys := s.source.Documents().JWKS
	if keys == nil {
		return bridge.Fail(bridge.CodeIssuerKey, errors.New("issuer: there is no key to publish yet"))
	}
	return send(w, r, "application/json", keys)
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request) error {
	document := s.source.Documents().Metadata
	if document == nil {
		return bridge.Fail(bridge.CodeNotFound, errors.New("issuer: there is no SAML key, so no metadata"))
	}
	return send(w, r, "application/samlmetadata+xml", document) // SAML Metadata, Appendix A
}

// send answers with the document, or with 304 to who has it already (RFC 9110 §13.1.2).
func send(w http.ResponseWriter, r *http.Request, kind string, document []byte) error {
	sum := sha256.Sum256(document)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
	h := w.Header()
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(document) // an error here means that nobody is listening
	}
	return nil
}

// matches compares weakly, as RFC 9110 §13.1.2 asks for: a proxy that compresses makes a tag weak.
func matches(fields []string, tag string) bool {
	for _, field := range fields {
		for one := range strings.SplitSeq(field, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
