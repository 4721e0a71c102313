package idptest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server serves a provider on loopback.
type Server struct {
	URL string // http://127.0.0.1:PORT

	server *http.Server
	cancel context.CancelFunc
	done   chan struct{}
}

// Serve listens on a free port of 127.0.0.1 and then builds the handler, which learns its own URL in this way.
//
//	server, err := idptest.Serve(func(url string) (http.Handler, error) {
//		return idptest.NewOIDC(idptest.OIDCOptions{Issuer: url, People: people})
//	})
func Serve(build func(url string) (http.Handler, error)) (*Server, error) {
	return ServeOn("127.0.0.1:0", build)
}

// ServeOn is Serve on an address of one's choice.
func ServeOn(address string, build func(url string) (http.Handler, error)) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("idptest: %w", err)
	}
	url := "http://" + listener.Addr().String()
	handler, err := build(url)
	if err != nil {
		listener.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{URL: url, cancel: cancel, done: make(chan struct{}), server: &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		// A hanging request ends with the server.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}}
	go func() {
		defer close(s.done)
		s.server.Serve(listener)
	}()
	return s, nil
}

// Close stops at once, also what hangs.
func (s *Server) Close() {
	s.cancel()
	s.server.Close()
	<-s.done
}
