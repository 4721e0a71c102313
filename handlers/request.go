package handlers

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"regexp"

	"github.com/fedbridge/fedbridge/bridge"
)

// Request is what a door may know about the request beyond net/http: all that the context carries.
type Request struct {
	ID     string // on the page, in the log, in the audit log, and in the header X-Request-Id
	Source string // address of the client; "" where it can't be told
	Peer   netip.Addr
}

type contextKey struct{}

// RequestOf gives the Request of a context; the zero Request outside of Site.Handler.
func RequestOf(ctx context.Context) Request {
	if x, ok := ctx.Value(contextKey{}).(*exchange); ok {
		return x.request
	}
	return Request{}
}

// exchange is one request on its way: the writer that remembers what was answered, and why.
type exchange struct {
	http.ResponseWriter
	request Request
	status  int // 0: nothing was written yet
	code    bridge.Code
	err     error
	api     *API // how errors are written; nil: as pages
}

// WriteHeader remembers the first status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write is 200 where nothing else was said.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

const headerRequestID = "X-Request-Id"

var foreignID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// newRequest names the request. A name from outside counts only when a trusted proxy brings it: otherwise whoever asks
// could write into our log under an id of their choice.
func newRequest(r *http.Request, trusted []netip.Prefix) Request {
	peer := peerOf(r)
	request := Request{ID: rand.Text(), Peer: peer}
	if given := r.Header.Values(headerRequestID); len(given) == 1 && contains(trusted, peer) && foreignID.MatchString(given[0]) {
		request.ID = given[0]
	}
	if client := clientOf(r, peer, trusted); client.IsValid() {
		request.Source = client.String()
	}
	return request
}
