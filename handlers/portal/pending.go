package portal

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/idp"
)

// pendingLogin is a sign-in under way, as it is sealed: the login, and the session of this browser that it will replace.
// A provider's cross-site POST doesn't bring the session cookie, so the old session must be known before (threat W3).
type pendingLogin struct {
	Login    idp.Login `json:"login"`
	Previous []byte    `json:"previous,omitempty"`
}

// previous is the old session's row, if there is one.
func (p pendingLogin) previous() (store.Hash, bool) {
	var h store.Hash
	n := copy(h[:], p.Previous)
	return h, n == len(h)
}

// putLogin stores a sign-in under a new handle, and gives the handle to this browser alone.
func (s *Server) putLogin(w http.ResponseWriter, r *http.Request, login idp.Login, crossSite bool) error {
	p := pendingLogin{Login: login}
	if old, ok := parseSecret(cookie(r, sessionCookie)); ok {
		hash := old.hash()
		p.Previous = hash[:]
	}
	handle := newSecret()
	sealed, err := sealJSON(handle, purposeLogin, p)
	if err != nil {
		return err
	}
	err = s.store.PutPending(r.Context(), handle.hash(), store.Pending{Sealed: sealed, Expires: login.Expires})
	if err != nil {
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
	makeRoom(w, r)
	setCookie(w, loginCookie(login.State), handle.text(), loginCookieAge, crossSite)
	return nil
}

var stateText = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// takeLogin finds the sign-in that this browser began and that the answer's state names, and removes it: a second answer
// finds nothing. The one who began is the one who finishes (RFC 6749 §10.12, RFC 7636 §4.6, threats P3, O12).
func (s *Server) takeLogin(w http.ResponseWriter, r *http.Request, p *provider, state string) (pendingLogin, error) {
	name := loginCookie(state)
	value := cookie(r, name)
	switch {
	case value == "" && !hasOurs(r):
		return pendingLogin{}, bridge.Fail(bridge.CodeCookies, errors.New("no cookie of ours came with the answer"))
	case value == "":
		return pendingLogin{}, bridge.Fail(bridge.CodeLoginStale, errors.New("no cookie for this state"))
	}
	handle, ok := parseSecret(value)
	if !ok {
		return pendingLogin{}, bridge.Fail(bridge.CodeLoginStale, errors.New("the sign-in was taken before"))
	}
	setCookie(w, name, usedUp, loginCookieAge, p.info.CrossSite)
	row, err := s.store.TakePending(r.Context(), handle.hash(), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return pendingLogin{}, bridge.Fail(bridge.CodeLoginStale, errors.New("no pending sign-in for this handle"))
	} else if err != nil && errors.Is(r.Context().Err(), context.Canceled) {
		return pendingLogin{}, bridge.Fail(bridge.CodeClientGone, err) // the person left: no alarm about the store
	} else if err != nil {
		return pendingLogin{}, bridge.Fail(bridge.CodeStoreDown, err)
	}
	var pending pendingLogin
	if err := openJSON(handle, purposeLogin, row.Sealed, &pending); err != nil {
		return pendingLogin{}, bridge.Fail(bridge.CodeLoginStale, err)
	}
	return pending, checkLogin(pending.Login, p.info.Name, state, s.now())
}

func checkLogin(login idp.Login, provider, state string, now time.Time) error {
	switch {
	case !now.Before(login.Expires):
		return bridge.Fail(bridge.CodeLoginStale, errors.New("the sign-in has expired"))
	case login.Provider != provider:
		// Threats P5, O10: the answer of one provider to a sign-in that was begun at another.
		return bridge.Fail(bridge.CodeAnswerRejected, fmt.Errorf("an answer of %s to a sign-in at %s", provider, login.Provider))
	case subtle.ConstantTimeCompare([]byte(login.State), []byte(state)) != 1:
		return bridge.Fail(bridge.CodeAnswerRejected, errors.New("state differs"))
	}
	return nil
}
