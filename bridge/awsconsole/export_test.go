package awsconsole

import (
	"io"
	"net/http"
	"strings"
)

// Answer makes every question of the linker end in this answer, and gives the questions (as many as are taken).
func Answer(l *Linker, body string) <-chan *http.Request {
	asked := make(chan *http.Request, 1)
	l.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		select {
		case asked <- r:
		default:
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	return asked
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
