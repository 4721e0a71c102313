package awskms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of an answer; a real one has less than two kilobytes.
const maxAnswer = 64 << 10

var errAnswerTooLong = errors.New("the answer is longer than 64 kilobytes")

func newHTTPClient(c Config) *http.Client {
	dialer := &net.Dialer{Timeout: c.Limits.Attempt, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: capped{&http.Transport{
			Proxy:                 http.ProxyFromEnvironment, // never used for loopback
			DialContext:           dialer.DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
			TLSHandshakeTimeout:   c.Limits.Attempt,
			ResponseHeaderTimeout: c.Limits.Attempt,
			IdleConnTimeout:       90 * time.Second,
			MaxConnsPerHost:       c.Limits.InFlight,
			MaxIdleConnsPerHost:   c.Limits.InFlight,
			DisableCompression:    true,
		}},
		// KMS never redirects. Whoever does must not get a signed request.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped bounds the answers.
type capped struct{ next http.RoundTripper }

func (t capped) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &cappedBody{answer.Body, maxAnswer}
	return answer, nil
}

type cappedBody struct {
	io.ReadCloser
	left int
}

func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errAnswerTooLong
	}
	return n, err
}

// gate bounds how many calls there are at once, and how many wait for a place.
type gate struct {
	places  chan struct{}
	waiting atomic.Int64
	room    int64
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.room {
		return fmt.Errorf("%d calls are under way and %d wait", cap(g.places), g.room)
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.places }
