package ststest

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	signinLife = 15 * time.Minute // of a SigninToken (aws-facts 5.3)

	// The two bodies that are reported (aws-facts 5.5); which one comes when is not known.
	badSyntax      = "The request sent by the client was syntactically incorrect"
	badCredentials = "Invalid credentials parameter"
)

// federation is the console's federation endpoint (aws-facts 5): getSigninToken and login, by GET and POST.
func (c *console) federation(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		http.Error(w, badSyntax, http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, badSyntax, http.StatusBadRequest)
		return
	}
	form := r.Form
	action := form.Get("Action")
	seen := Request{Time: c.aws.options.Now(), Method: r.Method, Action: action, Form: maps.Clone(form)}
	if fault := c.aws.SignInFaults.begin(r.Context(), action); fault != nil {
		seen.Code = fault.code
		c.aws.record.add(seen)
		http.Error(w, fault.message, fault.status)
		return
	}
	var problem string
	switch action {
	case "getSigninToken":
		problem = c.getSigninToken(w, form)
	case "login":
		problem = c.login(w, r, form)
	default:
		problem = badSyntax
	}
	seen.Code = problem
	c.aws.record.add(seen)
	if problem == "" {
		return
	}
	if action == "login" { // a person sees this one
		render(w, http.StatusBadRequest, view{Problem: problem})
		return
	}
	c.aws.SignInFaults.write(plain(w), http.StatusBadRequest, []byte(problem+"\n"))
}

func plain(w http.ResponseWriter) http.ResponseWriter {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return w
}

// getSigninToken trades credentials for a token (aws-facts 5.2, 5.4). It returns the body of a 400, or "".
func (c *console) getSigninToken(w http.ResponseWriter, form url.Values) string {
	for _, name := range []string{"Session", "SessionDuration", "SessionType"} {
		if len(form[name]) > 1 {
			return badSyntax
		}
	}
	part, err := strictObject([]byte(form.Get("Session")))
	if err != nil || len(part) != 3 {
		return badSyntax
	}
	text := func(name string) string { s, _ := part[name].(string); return s }
	now := c.aws.options.Now()
	s, ok := c.aws.holds(text("sessionId"), text("sessionKey"), text("sessionToken"))
	if !ok || !s.expires.After(now) {
		return badCredentials
	}
	var length time.Duration
	if values, sent := form["SessionDuration"]; sent {
		seconds, err := strconv.Atoi(values[0])
		if err != nil || seconds < 900 || seconds > 43200 || !c.mayChoose(s) {
			return badSyntax
		}
		length = time.Duration(seconds) * time.Second
	}
	token := rand.Text() + rand.Text()
	c.mu.Lock()
	sweep(c.tokens, now)
	c.tokens[token] = signin{session: s, length: length, ends: now.Add(signinLife)}
	c.mu.Unlock()
	body, _ := json.Marshal(map[string]string{"SigninToken": token})
	w.Header().Set("Content-Type", "application/json")
	c.aws.SignInFaults.write(w, http.StatusOK, body)
	return ""
}

// mayChoose tells whether SessionDuration may be sent with these credentials (aws-facts 5.4).
func (c *console) mayChoose(s *session) bool {
	switch s.via {
	case viaAssumeRole:
		return !s.chained
	case viaSAML, viaWebIdentity:
		return c.aws.options.SessionDurationForFederated
	}
	return false
}

// login signs a browser in and sends it to the console page (aws-facts 5.3). It returns what the person reads, or "".
func (c *console) login(w http.ResponseWriter, r *http.Request, form url.Values) string {
	for _, name := range []string{"SigninToken", "Destination", "Issuer"} {
		if len(form[name]) > 1 {
			return badSyntax
		}
	}
	now := c.aws.options.Now()
	c.mu.Lock()
	prepared, ok := c.tokens[form.Get("SigninToken")]
	fresh := ok && now.Before(prepared.ends) && (!prepared.used || c.aws.options.ReusableSigninTokens)
	if fresh {
		prepared.used = true
		c.tokens[form.Get("SigninToken")] = prepared
	}
	c.mu.Unlock()
	if !fresh {
		return "This sign-in link has expired or was used already."
	}
	destination := form.Get("Destination")
	if !c.goodDestination(destination, prepared.session.role.Partition, r.Host) {
		return "The destination is not a page of the console."
	}
	ends := prepared.session.expires
	if prepared.length > 0 {
		ends = now.Add(prepared.length)
	}
	if !ends.After(now) {
		return "The credentials behind this link have expired."
	}
	c.enter(w, r, signin{session: prepared.session, length: prepared.length, ends: ends, issuer: form.Get("Issuer")}, destination)
	return ""
}

// enter begins a console session in this browser, and sends it to the console page.
func (c *console) enter(w http.ResponseWriter, r *http.Request, s signin, destination string) {
	id := rand.Text()
	c.mu.Lock()
	sweep(c.sessions, c.aws.options.Now())
	c.sessions[id] = s
	c.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: c.cookie, Value: id, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, "/console?destination="+url.QueryEscape(destination), http.StatusFound)
}

// sweep forgets what has ended, when there is much of it.
func sweep(m map[string]signin, now time.Time) {
	if len(m) < 1000 {
		return
	}
	maps.DeleteFunc(m, func(_ string, s signin) bool { return !s.ends.After(now) })
}
