package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/templates"
)

const (
	// againField marks the one sign-in that an unsolicited answer begins.
	againField = "again"
	// againAge is how long a second unsolicited answer counts as a loop.
	againAge = 2 * time.Minute
	// confirmLife is how long a person may look at the account before going on.
	confirmLife = 5 * time.Minute
)

// unsolicited takes an answer which nobody asked for: a tile of the provider's dashboard, or an attack (threats P3, P4).
// Unless the operator allowed such answers it is discarded unread, and one sign-in is begun that we can tie to this
// browser. A provider that answers that, too, without our state would make a loop; the marker ends it.
func (s *Server) unsolicited(w http.ResponseWriter, r *http.Request, p *provider) error {
	if u, ok := p.IdentityProvider.(idp.UnsolicitedFinisher); ok && u.AllowsUnsolicited() {
		return s.askFirst(w, r, p, u)
	}
	if cookie(r, againCookie) != "" {
		dropCookie(w, againCookie, true)
		return bridge.Fail(bridge.CodeLoginStale, errors.New("unsolicited answer to the sign-in that an unsolicited answer began"))
	}
	setCookie(w, againCookie, "1", againAge, true)
	return handlers.Redirect(w, "/login/"+p.info.Name+"?"+againField+"=1")
}

// toConfirm is an answer that was verified and waits for the person's word, as it is sealed.
type toConfirm struct {
	Provider string          `json:"provider"`
	Identity bridge.Identity `json:"identity"`
	Proof    sealedProof     `json:"proof"`
	Expires  time.Time       `json:"expires"`
}

// askFirst verifies an unsolicited answer and names the account before anything is signed in: somebody else's answer may
// have been posted by this browser (login CSRF). RelayState leads nowhere.
func (s *Server) askFirst(w http.ResponseWriter, r *http.Request, p *provider, u idp.UnsolicitedFinisher) error {
	leave, err := p.enter()
	if err != nil {
		return err
	}
	defer leave()
	identity, proof, err := u.FinishUnsolicited(r.Context(), answerOf(r))
	if err != nil {
		return handlers.SignInAt(s.refuse(r, p, identity, err), loginLink(p.info.Name, "", ""))
	}
	handle, expires := newSecret(), s.now().Add(confirmLife)
	sealed, err := sealJSON(handle, purposeConfirm, toConfirm{p.info.Name, identity, bareProof(proof), expires})
	if err != nil {
		return err
	}
	if err := s.store.PutPending(r.Context(), handle.hash(), store.Pending{Sealed: sealed, Expires: expires}); err != nil {
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
	setCookie(w, confirmCookie, handle.text(), confirmLife, false)
	page := templates.Confirm{
		Layout: s.layout(r, nil), Provider: s.label(p.info.Name),
		Name: identity.Name, Email: identity.Email, Subject: identity.Subject,
		Yes: templates.Form{Action: "/login/" + p.info.Name},
	}
	if v, err := s.visitor(r); err == nil {
		page.Current = templates.Person{Name: v.identity.Name, Email: v.identity.Email}.Display()
	}
	return s.site.Render(w, http.StatusOK, handlers.Forms{}, page)
}

// confirm is the person's word: a same-origin POST of the browser that holds the handle. It works once.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r, "")
	if err != nil {
		return err
	}
	handle, ok := parseSecret(cookie(r, confirmCookie))
	if !ok {
		return bridge.Fail(bridge.CodeLoginStale, errors.New("nothing waits to be confirmed"))
	}
	dropCookie(w, confirmCookie, false)
	row, err := s.store.TakePending(r.Context(), handle.hash(), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return bridge.Fail(bridge.CodeLoginStale, err)
	} else if err != nil {
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
	var c toConfirm
	if err := openJSON(handle, purposeConfirm, row.Sealed, &c); err != nil {
		return bridge.Fail(bridge.CodeLoginStale, err)
	}
	if c.Provider != p.info.Name || !s.now().Before(c.Expires) {
		return bridge.Fail(bridge.CodeLoginStale, errors.New("another provider's answer, or too old"))
	}
	return s.signIn(w, r, p, &proved{identity: c.Identity, proof: c.Proof.proof()}, "/")
}
