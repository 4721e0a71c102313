package awssts

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// maxAnswer bounds what is read of an answer; a real one has less than ten kilobytes.
const maxAnswer = 1 << 20

var errAnswerTooLong = errors.New("the answer is longer than a megabyte")

// newHTTPClient makes the one pooled client of all endpoints. The SDK's default keeps ten idle connections a host, so
// that a page of sixty roles opens thirty-five new ones each time, and sets no limit on how long an answer may take.
func newHTTPClient(limits Limits, roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: limits.Header, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment, // never used for loopback
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:   limits.Header,
		ResponseHeaderTimeout: limits.Header,
		IdleConnTimeout:       90 * time.Second,
		// One connection for each place that the gate gives away: a fan-out that fits through the gate reuses them all.
		MaxConnsPerHost:     limits.InFlight,
		MaxIdleConnsPerHost: limits.InFlight,
		MaxIdleConns:        0, // as many as the hosts together
		DisableCompression:  true,
	}
	return &http.Client{
		Transport: whole{transport},
		// STS never redirects. Whoever does must not get the proof.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// whole sends a request from memory, and bounds the answer.
//
// The SDK wraps a body in a reader that it closes as soon as the answer begins. net/http then may still be asking that
// reader whether there is more, takes the EOF it gets for a failure, and closes the connection under the answer. From
// memory, head and body leave in one write, nobody closes anything early, and a kept connection that turns out to be
// dead is replaced without an error.
type whole struct{ next http.RoundTripper }

func (t whole) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		var read bytes.Buffer
		read.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead) // a relayed response has up to a hundred kilobytes
		_, err := read.ReadFrom(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		body := read.Bytes()
		r = r.WithContext(r.Context()) // a RoundTripper doesn't change what it was given
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
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
