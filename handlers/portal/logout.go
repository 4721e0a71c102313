package portal

import (
	"log/slog"
	"net/http"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// logout ends this browser's session. Somebody without one is signed out already. When the row can't be deleted the
// person is told, and the cookie stays, so that they can try again.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	session, err := s.sessions.Get(r, sessionCookie)
	if bridge.CodeOf(err) == bridge.CodeStoreDown {
		return err
	}
	page := templates.SignedOut{Layout: s.layout(r, nil)}
	v, err := s.visitor(r)
	if bridge.CodeOf(err) == bridge.CodeStoreDown {
		return err
	}
	session.Options.MaxAge = -1
	if err := session.Save(r, w); err != nil {
		return err
	}
	if v != nil {
		page.Provider = s.label(v.identity.Provider)
		s.recordSignOut(r, v)
	}
	return s.site.Render(w, http.StatusOK, handlers.Forms{}, page)
}

// recordSignOut comes after the act and can't undo it: a person who wants to leave is let go even when the audit log is
// down.
func (s *Server) recordSignOut(r *http.Request, v *visitor) {
	request := handlers.RequestOf(r.Context())
	err := s.bridge.RecordSignOut(r.Context(), bridge.SignIn{
		Identity: v.identity, Door: door, Source: request.Source, RequestID: request.ID,
	})
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "sign-out was not recorded",
			slog.String("request_id", request.ID), slog.String("cause", err.Error()))
	}
}
