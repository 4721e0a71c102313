package idptest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// sso takes a request by HTTP-Redirect or HTTP-POST (SAML Profiles §4.1.4.1) and answers it, after asking for the
// password where that is needed.
func (s *SAML) sso(w http.ResponseWriter, r *http.Request) {
	var form url.Values
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.showNote(w, http.StatusBadRequest, "This request can't be read", "Go back to the application and try again.")
			return
		}
		form = r.PostForm
	}
	req, err := s.read("?"+r.URL.RawQuery, form)
	if err != nil {
		s.showNote(w, http.StatusBadRequest, "This request can't be answered", sentence(err))
		return
	}
	s.proceed(w, r, req)
}

// start begins at the provider (SAML Profiles §4.1.5): what a tile on a dashboard does.
func (s *SAML) start(w http.ResponseWriter, r *http.Request) {
	sp, ok := s.sp(r.URL.Query().Get("sp"))
	if !ok || len(sp.ACS) == 0 {
		s.showNote(w, http.StatusNotFound, "This application is not known here", "Ask your administrator to register it.")
		return
	}
	s.proceed(w, r, AuthnRequest{Issuer: sp.EntityID, ACS: sp.ACS[0], RelayState: r.URL.Query().Get("RelayState")})
}

// proceed answers a request whose form is right.
func (s *SAML) proceed(w http.ResponseWriter, r *http.Request, req AuthnRequest) {
	p, at, ok := s.signedIn(r)
	switch status := s.unable(req); {
	case status != "":
		s.refuse(w, req, statusRequester, status)
	case ok && !req.ForceAuthn:
		s.answer(w, req, p, at)
	case req.IsPassive: // SAML Core §3.4.1.4: nothing may be asked
		s.refuse(w, req, statusResponder, statusNoPassive)
	default:
		s.askPassword(w, http.StatusOK, s.remember(req), req, "", "")
	}
}

// unable tells why a well-formed request can't be met; "" if it can.
func (s *SAML) unable(r AuthnRequest) (status string) {
	formats := []string{"", NameIDPersistent, NameIDTransient, NameIDEmail, NameIDUnspecified}
	if !slices.Contains(formats, r.NameIDFormat) {
		return statusNameIDPolicy // SAML Core §3.4.1.1
	}
	if len(r.AuthnContext) > 0 && !slices.Contains(r.AuthnContext, classPassword) {
		return statusNoAuthnContext // §3.3.2.2.1
	}
	return ""
}

// maxPending bounds how many unfinished sign-ins are remembered.
const maxPending = 10_000

func (s *SAML) remember(req AuthnRequest) string {
	handle := random()
	s.pending.Lock()
	defer s.pending.Unlock()
	if len(s.pending.asked) >= maxPending {
		clear(s.pending.asked)
	}
	s.pending.asked[handle] = req
	return handle
}

func (s *SAML) recall(handle string) (AuthnRequest, bool) {
	s.pending.Lock()
	defer s.pending.Unlock()
	req, ok := s.pending.asked[handle]
	return req, ok
}

func (s *SAML) askPassword(w http.ResponseWriter, status int, handle string, req AuthnRequest, username, problem string) {
	sp, _ := s.sp(req.Issuer)
	page := loginPage{
		Client: cmp.Or(sp.Name, req.Issuer), Action: s.prefix + "/login", Request: handle, Username: username, Problem: problem,
	}
	s.showLogin(w, status, page, func(username string) string {
		return s.prefix + "/login?" + url.Values{"request": {handle}, "as": {username}}.Encode()
	})
}

// login checks the password and answers; by GET it only shows the form, filled in.
func (s *SAML) login(w http.ResponseWriter, r *http.Request) {
	handle := r.FormValue("request")
	req, ok := s.recall(handle)
	if !ok {
		s.showNote(w, http.StatusBadRequest, "This sign-in is over", "Go back to the application and try again.")
		return
	}
	if r.Method != http.MethodPost {
		s.askPassword(w, http.StatusOK, handle, req, r.URL.Query().Get("as"), "")
		return
	}
	p, ok := authenticate(s.people, r.PostFormValue("username"), r.PostFormValue("password"))
	if !ok {
		s.askPassword(w, http.StatusUnauthorized, handle, req, r.PostFormValue("username"), "User name and password don't belong together.")
		return
	}
	s.answer(w, req, p, s.beginSession(w, p))
}

func (s *SAML) answer(w http.ResponseWriter, req AuthnRequest, p Person, at session) {
	response, err := s.respond(p, req, at, Hooks{})
	if err != nil {
		s.showNote(w, http.StatusInternalServerError, "The answer can't be made", sentence(err))
		return
	}
	s.showPost(w, req.ACS, s.Form(response, req))
}

func (s *SAML) refuse(w http.ResponseWriter, req AuthnRequest, status, second string) {
	response, err := s.fail(req, status, second, "")
	if err != nil {
		s.showNote(w, http.StatusInternalServerError, "The answer can't be made", sentence(err))
		return
	}
	s.showPost(w, req.ACS, s.Form(response, req))
}

// logout ends the browser's session at the provider only; single logout isn't spoken.
func (s *SAML) logout(w http.ResponseWriter, r *http.Request) {
	s.endSession(w, r)
	s.showNote(w, http.StatusOK, "You are signed out", "You can close this window.")
}

// SignInURL is where a person goes who starts at the provider's dashboard, for one SP.
func (s *SAML) SignInURL(spEntityID string) string {
	return fmt.Sprintf("%s?sp=%s", s.StartURL(), url.QueryEscape(spEntityID))
}
