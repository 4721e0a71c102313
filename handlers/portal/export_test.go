package portal

import (
	"context"

	"github.com/gorilla/sessions"
)

// What tests must look at from inside.

// ReturnTo is returnTo, for the fuzz test.
func (s *Server) ReturnTo(text string) string { return s.returnTo(text) }

// Sessions is the gorilla store, to hold it against others.
func (s *Server) Sessions() sessions.Store { return s.sessions }

// CheckSession is the session check alone.
func (s *Server) CheckSession(ctx context.Context, cookie string) error {
	_, err := s.sessions.find(ctx, cookie)
	return err
}

// SealAndOpen seals under one purpose and row, and opens under another.
func SealAndOpen(key []byte, sealAs, openAs string, sealIn, openIn [32]byte) error {
	sealed, err := seal(key, purpose(sealAs), sealIn, []byte("plain"))
	if err != nil {
		return err
	}
	_, err = open(key, purpose(openAs), openIn, sealed)
	return err
}

// RouteInfo is one line of the map.
type RouteInfo struct {
	Method, Path string
	Answer       bool
}

// Map lists the routes, so that sweeps can't miss one.
func (s *Server) Map() []RouteInfo {
	var all []RouteInfo
	for _, r := range s.routes() {
		all = append(all, RouteInfo{r.method, r.path, r.is&answer != 0})
	}
	return all
}

// SessionCookie is its name.
const SessionCookie = sessionCookie

// FillSlots takes all slots of a provider; the result frees them.
func (s *Server) FillSlots(name string) (free func()) {
	p := s.byName[name]
	for range slotsPerProvider {
		p.slots <- struct{}{}
	}
	return func() {
		for range slotsPerProvider {
			<-p.slots
		}
	}
}
