package idptest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is an authorization request that may be answered (OIDC Core §3.1.2.1).
type authRequest struct {
	client      Client
	redirectURI string
	scope       []string
	state       string
	nonce       string
	challenge   string
	mode        string // query or form_post
	prompt      []string
	maxAge      time.Duration // negative: not asked for
	hint        string
}

// refusal is an error that goes back to the relying party (OIDC Core §3.1.2.6).
type refusal struct{ code, description string }

// authorize answers an authorization request: at once where the browser is signed in, by the login page otherwise.
func (o *OIDC) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || (r.Method != http.MethodGet && r.Method != http.MethodPost) {
		o.showNote(w, http.StatusBadRequest, "This request can't be read", "Go back to the application and try again.")
		return
	}
	query := r.Form
	as := query.Get("as") // the demo's links, which fill the form in
	query.Del("as")
	req, refused, err := o.parse(query)
	if err != nil {
		// RFC 6749 §4.1.2.1: without a client or a redirect URI that we know, nobody is redirected.
		o.showNote(w, http.StatusBadRequest, "This application is not known here", sentence(err))
		return
	}
	if refused != nil {
		o.refuse(w, r, req, *refused)
		return
	}
	p, s, ok := o.signedIn(r)
	if ok && req.maxAge >= 0 && o.now().Sub(s.began) > req.maxAge {
		ok = false
	}
	switch {
	case ok && !slices.Contains(req.prompt, "login"):
		o.answer(w, r, req, p, s)
	case slices.Contains(req.prompt, "none"):
		o.refuse(w, r, req, refusal{"login_required", "nobody is signed in"})
	default:
		o.askPassword(w, http.StatusOK, req, query, cmp.Or(as, o.hinted(req.hint)), "")
	}
}

// hinted turns a login_hint into what the form is filled in with.
func (o *OIDC) hinted(hint string) string {
	if p, ok := find(o.people, hint); ok {
		return p.Username
	}
	return hint
}

func (o *OIDC) askPassword(w http.ResponseWriter, status int, req authRequest, query url.Values, username, problem string) {
	page := loginPage{
		Client: cmp.Or(req.client.Name, req.client.ID), Action: o.prefix + "/login", Request: query.Encode(),
		Username: username, Problem: problem,
	}
	o.showLogin(w, status, page, func(username string) string {
		return o.prefix + "/authorize?" + query.Encode() + "&as=" + url.QueryEscape(username)
	})
}

// login checks the password and answers the request that stands in the form.
func (o *OIDC) login(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		o.showNote(w, http.StatusMethodNotAllowed, "Nothing to see here", "Go back to the application and try again.")
		return
	}
	query, err := url.ParseQuery(r.PostFormValue("request"))
	if err != nil {
		o.showNote(w, http.StatusBadRequest, "This request can't be read", "Go back to the application and try again.")
		return
	}
	req, refused, err := o.parse(query)
	if err != nil {
		o.showNote(w, http.StatusBadRequest, "This application is not known here", sentence(err))
		return
	}
	if refused != nil {
		o.refuse(w, r, req, *refused)
		return
	}
	p, ok := authenticate(o.people, r.PostFormValue("username"), r.PostFormValue("password"))
	if !ok {
		o.askPassword(w, http.StatusUnauthorized, req, query, r.PostFormValue("username"), "User name and password don't belong together.")
		return
	}
	o.answer(w, r, req, p, o.beginSession(w, p))
}

// parse reads an authorization request. An error is for the person, a refusal for the relying party.
func (o *OIDC) parse(query url.Values) (req authRequest, refused *refusal, err error) {
	for name, values := range query {
		if len(values) > 1 { // RFC 6749 §3.1
			return req, nil, fmt.Errorf("the parameter %q is there more than once", name)
		}
	}
	client, ok := o.client(query.Get("client_id"))
	if !ok {
		return req, nil, fmt.Errorf("there is no application %q", query.Get("client_id"))
	}
	req = authRequest{
		client: client, redirectURI: query.Get("redirect_uri"), state: query.Get("state"), nonce: query.Get("nonce"),
		scope: strings.Fields(query.Get("scope")), challenge: query.Get("code_challenge"), mode: "query",
		prompt: strings.Fields(query.Get("prompt")), hint: query.Get("login_hint"), maxAge: -1,
	}
	// OIDC Core §3.1.2.1: exactly one of those registered.
	if !slices.Contains(client.RedirectURIs, req.redirectURI) {
		return req, nil, fmt.Errorf("%q is not a redirect URI of %s", req.redirectURI, client.ID)
	}
	if mode := query.Get("response_mode"); mode == "form_post" {
		req.mode = mode
	} else if mode != "" && mode != "query" {
		return req, &refusal{"invalid_request", "response_mode must be query or form_post"}, nil
	}
	if age := query.Get("max_age"); age != "" {
		seconds, err := strconv.Atoi(age)
		if err != nil || seconds < 0 {
			return req, &refusal{"invalid_request", "max_age must be a number of seconds"}, nil
		}
		req.maxAge = time.Duration(seconds) * time.Second
	}
	if err := req.check(query); err != nil {
		return req, &refusal{"invalid_request", err.Error()}, nil
	}
	if query.Get("response_type") != "code" {
		return req, &refusal{"unsupported_response_type", "only code is supported"}, nil
	}
	return req, nil, nil
}

// check holds the request to the protocol.
func (req authRequest) check(query url.Values) error {
	switch {
	case !slices.Contains(req.scope, "openid"): // OIDC Core §3.1.2.1
		return errors.New("scope must contain openid")
	case query.Has("request") || query.Has("request_uri"):
		return errors.New("request objects are not supported")
	case slices.Contains(req.prompt, "none") && len(req.prompt) > 1:
		return errors.New("prompt=none stands alone")
	case query.Has("code_challenge") != query.Has("code_challenge_method"):
		return errors.New("code_challenge and code_challenge_method go together")
	case query.Has("code_challenge") && query.Get("code_challenge_method") != "S256":
		return errors.New("code_challenge_method must be S256")
	case query.Has("code_challenge") && len(req.challenge) != 43: // RFC 7636 §4.2
		return errors.New("code_challenge must have 43 characters")
	case req.client.Secret == "" && req.challenge == "": // RFC 9700 §2.1.1
		return errors.New("a public client must use PKCE")
	}
	return nil
}

// answer sends a code back (OIDC Core §3.1.2.5).
func (o *OIDC) answer(w http.ResponseWriter, r *http.Request, req authRequest, p Person, s session) {
	o.send(w, r, req, o.response(req, p, s))
}

func (o *OIDC) response(req authRequest, p Person, s session) url.Values {
	lies := o.told()
	if lies[FailureStatus] {
		return o.errorResponse(req, refusal{"access_denied", "the provider says " + Canary})
	}
	values := url.Values{"code": {o.grants.issue(grant{
		client: req.client.ID, redirectURI: req.redirectURI, challenge: req.challenge, nonce: req.nonce, scope: req.scope,
		person: p, session: s, expires: o.now().Add(time.Minute),
	}, o.now())}}
	if lies[CodeAndError] {
		values.Set("error", "access_denied")
	}
	return o.common(req, values)
}

func (o *OIDC) errorResponse(req authRequest, refused refusal) url.Values {
	return o.common(req, url.Values{"error": {refused.code}, "error_description": {refused.description}})
}

// common adds what is in every response: state, and iss where announced (RFC 9207 §2).
func (o *OIDC) common(req authRequest, values url.Values) url.Values {
	lies := o.told()
	if req.state != "" {
		values.Set("state", req.state)
	}
	if lies[WrongState] {
		values.Set("state", random())
	}
	if o.options.ResponseIss && !lies[MissingIss] {
		values.Set("iss", o.options.Issuer)
	}
	if lies[IssuerMixUp] {
		values.Set("iss", "https://other-provider.example")
	}
	return values
}

func (o *OIDC) refuse(w http.ResponseWriter, r *http.Request, req authRequest, refused refusal) {
	o.send(w, r, req, o.errorResponse(req, refused))
}

// send carries values to the redirect URI, by redirect or by a form that posts itself (Form Post Response Mode §2).
func (o *OIDC) send(w http.ResponseWriter, r *http.Request, req authRequest, values url.Values) {
	if req.mode == "form_post" {
		o.showPost(w, req.redirectURI, values)
		return
	}
	to, err := url.Parse(req.redirectURI)
	if err != nil {
		o.showNote(w, http.StatusBadRequest, "This application is not known here", "Its redirect URI can't be read.")
		return
	}
	query := to.Query()
	for name, value := range values {
		query[name] = value
	}
	to.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// endSessionPage ends the browser's session (OIDC RP-Initiated Logout §2, §3).
func (o *OIDC) endSessionPage(w http.ResponseWriter, r *http.Request) {
	o.endSession(w, r)
	to := r.FormValue("post_logout_redirect_uri")
	client, ok := o.client(r.FormValue("client_id"))
	if !ok {
		client, ok = o.hintedClient(r.FormValue("id_token_hint"))
	}
	if to == "" || !ok || !slices.Contains(client.PostLogoutRedirectURIs, to) {
		o.showNote(w, http.StatusOK, "You are signed out", "You can close this window.")
		return
	}
	back, err := url.Parse(to)
	if err != nil {
		o.showNote(w, http.StatusOK, "You are signed out", "You can close this window.")
		return
	}
	if state := r.FormValue("state"); state != "" {
		query := back.Query()
		query.Set("state", state)
		back.RawQuery = query.Encode()
	}
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}
