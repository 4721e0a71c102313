package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// Render answers with a page, written only once it was rendered as a whole.
func (s *Site) Render(w http.ResponseWriter, status int, forms Forms, page any) error {
	var body bytes.Buffer
	if err := s.pages.Render(&body, page); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", forms.policy())
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	w.Write(body.Bytes()) // an error here means that nobody is listening
	return nil
}

// WriteJSON answers with JSON.
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // an error here means that nobody is listening
	return nil
}

// Redirect sends the browser on with 303, which turns every method into GET (RFC 9110 §15.4.4), and without a body: the
// address may be as good as a password. It is sent as it stands; the caller has checked it.
func Redirect(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Note records a code for the log and the metrics of a request that is answered with a page of its own.
func Note(w http.ResponseWriter, err error) {
	if x, ok := w.(*exchange); ok {
		x.code, x.err = bridge.CodeOf(err), err
	}
}

// wayOut is an error with a place to go.
type wayOut struct {
	error
	signIn string
}

func (w wayOut) Unwrap() error { return w.error }

// SignInAt completes an error with the link at which signing in helps; the error page shows it.
func SignInAt(err error, link string) error {
	if err == nil {
		return nil
	}
	return wayOut{err, link}
}

// failure is an error as clients read it that prefer JSON.
type failure struct {
	Code      bridge.Code `json:"code"`
	Message   string      `json:"message"`
	Remedy    string      `json:"remedy"`
	Detail    string      `json:"detail,omitempty"`
	RequestID string      `json:"request_id"`
}

// fail writes the one error page, or JSON: code, message, remedy and id; or what the API says in its own format. The cause
// goes to the log only.
func (s *Site) fail(x *exchange, r *http.Request, err error) {
	code, notice, detail := bridge.Explain(err)
	x.code, x.err = code, err
	if x.status != 0 {
		return // the answer is on its way; all that can be done is to log
	}
	h := x.Header()
	for _, name := range []string{"Location", "Refresh", "Content-Disposition", "Content-Type", "Content-Length", "ETag"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	status := Status(code)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "10")
	}
	if x.api != nil {
		x.api.Fail(x, r, err)
		return
	}
	if PrefersJSON(r) {
		if WriteJSON(x, status, failure{code, notice.Message, notice.Remedy, detail, x.request.ID}) == nil {
			return
		}
	}
	page := templates.Error{
		Layout: templates.Layout{RequestID: x.request.ID},
		Status: status, Code: string(code), Message: notice.Message, Remedy: notice.Remedy, Detail: detail,
		SignIn: signInLink(code, err),
		WhoAmI: code == bridge.CodeNotEntitled || code == bridge.CodeDenied || code == bridge.CodeNoRole,
	}
	if renderErr := s.Render(x, status, Forms{}, page); renderErr != nil {
		x.err = errors.Join(err, renderErr)
		h.Set("Content-Type", "text/plain; charset=utf-8")
		x.WriteHeader(status)
		x.Write([]byte(notice.Message + "\n" + notice.Remedy + "\n" + x.request.ID + "\n"))
	}
}

// signInLink is where to sign in, for failures that signing in mends.
func signInLink(code bridge.Code, err error) string {
	if way, ok := errors.AsType[wayOut](err); ok {
		return way.signIn
	}
	switch code {
	case bridge.CodeNotSignedIn, bridge.CodeSessionEnded, bridge.CodeLoginStale, bridge.CodeAnswerMalformed,
		bridge.CodeAnswerRejected, bridge.CodeProviderRefused, bridge.CodeProviderDown, bridge.CodeProviderUnknown,
		bridge.CodeClock, bridge.CodeTenant:
		return "/login"
	}
	return ""
}
