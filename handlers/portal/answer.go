package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
)

// callback takes an OIDC provider's answer: by redirect, or, where the provider is configured so, by a form that posts
// itself (OAuth 2.0 Form Post Response Mode).
func (s *Server) callback(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r, idp.KindOIDC)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead || (r.Method == http.MethodPost && !p.info.CrossSite) {
		return bridge.Fail(bridge.CodeMethod, nil)
	}
	answer := answerOf(r)
	values := answer.Query
	if r.Method == http.MethodPost {
		values = answer.Form
	}
	state := values["state"]
	if len(state) != 1 || !stateText.MatchString(state[0]) {
		return bridge.Fail(bridge.CodeAnswerMalformed, errors.New("state is missing, doubled or not one of ours"))
	}
	return s.finish(w, r, p, state[0], answer)
}

// acs takes a SAML response (SAML Bindings §3.5). RelayState carries our state. A response without one was not asked for.
func (s *Server) acs(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r, idp.KindSAML)
	if err != nil {
		return err
	}
	state := r.PostForm["RelayState"]
	switch {
	case len(state) > 1:
		return bridge.Fail(bridge.CodeAnswerMalformed, errors.New("RelayState is there more than once"))
	case len(state) == 1 && stateText.MatchString(state[0]):
		return s.finish(w, r, p, state[0], answerOf(r))
	}
	return s.unsolicited(w, r, p)
}

func answerOf(r *http.Request) idp.Answer {
	a := idp.Answer{Method: r.Method, Query: r.URL.Query()}
	if r.Method == http.MethodPost {
		a.Form = r.PostForm
		if a.Form == nil {
			a.Form = url.Values{}
		}
	}
	return a
}

// finish verifies the answer to the sign-in that this browser began, and signs in.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, p *provider, state string, a idp.Answer) error {
	leave, err := p.enter()
	if err != nil {
		return err
	}
	defer leave()
	pending, err := s.takeLogin(w, r, p, state)
	switch bridge.CodeOf(err) {
	case "":
	case bridge.CodeCookies, bridge.CodeLoginStale:
		return err // the answer was not looked at: nobody was refused, and the log alone has it
	default:
		return s.refuse(r, p, bridge.Identity{}, err)
	}
	back := s.returnTo(pending.Login.ReturnTo)
	identity, proof, err := p.Finish(r.Context(), pending.Login, a)
	if err != nil {
		return handlers.SignInAt(s.refuse(r, p, identity, err), loginLink(p.info.Name, back, ""))
	}
	who := &proved{identity: identity, proof: proof}
	if old, ok := pending.previous(); ok {
		who.previous = []store.Hash{old}
	}
	return s.signIn(w, r, p, who, back)
}

// refuse records that an answer was not believed. Where the store can't tell, there was no room, or the person left,
// nothing was decided about it.
func (s *Server) refuse(r *http.Request, p *provider, identity bridge.Identity, why error) error {
	switch bridge.CodeOf(why) {
	case bridge.CodeStoreDown, bridge.CodeRateLimited, bridge.CodeClientGone:
		return why
	}
	if err := s.bridge.RecordSignIn(r.Context(), s.attempt(r, p, identity, why)); err != nil {
		return err
	}
	return why
}

func (s *Server) attempt(r *http.Request, p *provider, identity bridge.Identity, why error) bridge.SignIn {
	identity.Provider = p.info.Name
	request := handlers.RequestOf(r.Context())
	return bridge.SignIn{Identity: identity, Door: door, Source: request.Source, RequestID: request.ID, Err: why}
}

// signIn begins a session: first the record, then the row, then the cookie. Without the record there is no session.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, p *provider, who *proved, back string) error {
	switch {
	case who.identity.Subject == "" || who.identity.Provider != p.info.Name:
		return s.refuse(r, p, who.identity, bridge.Fail(bridge.CodeInternal, errors.New("a provider proved nobody")))
	case !who.identity.SessionEnd.IsZero() && !s.now().Before(who.identity.SessionEnd):
		return s.refuse(r, p, who.identity, bridge.Fail(bridge.CodeSessionEnded, nil))
	}
	session, err := s.sessions.Get(r, sessionCookie)
	if bridge.CodeOf(err) == bridge.CodeStoreDown {
		return err
	}
	if err := s.bridge.RecordSignIn(r.Context(), s.attempt(r, p, who.identity, nil)); err != nil {
		return err
	}
	who.keepProof = s.relays(r, who)
	session.Values[keyProved] = who
	if err := session.Save(r, w); err != nil {
		return err
	}
	s.site.Recorder().SessionCreated()
	if cookie(r, againCookie) != "" {
		dropCookie(w, againCookie, true)
	}
	return handlers.Redirect(w, back)
}

// relays tells whether some entitled role relays this proof: otherwise it isn't kept at all.
func (s *Server) relays(r *http.Request, who *proved) bool {
	if who.proof.Raw.IsZero() || !s.now().Before(who.proof.RelayUntil) {
		return false
	}
	via := map[bridge.ProofKind]bridge.Via{bridge.ProofSAML: bridge.ViaSAML, bridge.ProofIDToken: bridge.ViaWebIdentity}[who.proof.Kind]
	for _, offer := range s.bridge.Offers(r.Context(), who.identity, who.proof) {
		if offer.Role.RelayProvider != who.identity.Provider {
			continue
		}
		for _, way := range offer.Role.Via {
			if way == via {
				return true
			}
		}
	}
	return false
}
