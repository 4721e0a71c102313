package handlers

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/fedbridge/fedbridge/bridge"
)

// Limits of request bodies, in bytes.
const (
	BodyLimit   = 64 << 10  // our own forms
	AnswerLimit = 512 << 10 // an identity provider's answer: a SAML response with a thousand groups fits
)

// readForm bounds the body before anything reads it (threat W19), and takes a form or nothing: no other content type, no
// multipart (threat P16). The fields stand in r.PostForm as they came, doubled ones doubled.
func readForm(w http.ResponseWriter, r *http.Request, limit int64, tooLarge bridge.Code) error {
	if err := boundBody(w, r, limit, tooLarge); err != nil {
		return err
	}
	if r.ContentLength != 0 {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return bridge.Fail(bridge.CodeBadRequest, errors.New("the body is not application/x-www-form-urlencoded"))
		}
	}
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return bridge.FailWith(tooLarge, limitText(limit), err)
		}
		return bridge.Fail(bridge.CodeBadRequest, fmt.Errorf("form: %w", err))
	}
	return nil
}

// boundBody refuses a body that says it is too long, and cuts one off that doesn't.
func boundBody(w http.ResponseWriter, r *http.Request, limit int64, tooLarge bridge.Code) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // what follows is not read
		return bridge.FailWith(tooLarge, limitText(limit), fmt.Errorf("body of %d bytes", r.ContentLength))
	}
	return nil
}

func limitText(limit int64) string { return fmt.Sprintf("limit: %d KB", limit>>10) }

// readQuery refuses a query that net/http would read in part.
func readQuery(r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return bridge.Fail(bridge.CodeBadRequest, fmt.Errorf("query: %w", err))
	}
	return nil
}

// One gives the value of a field that may be there once. A doubled field is refused: whoever reads the first and whoever
// reads the last would disagree.
func One(values url.Values, name string) (string, error) {
	switch all := values[name]; len(all) {
	case 0:
		return "", nil
	case 1:
		return all[0], nil
	}
	return "", bridge.Fail(bridge.CodeBadRequest, fmt.Errorf("%s is there more than once", name))
}
