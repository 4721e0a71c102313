package awssts

import (
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
		Transport: capped{transport},
		// STS never redirects. Whoever does must not get the proof.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped bounds the bodies of answers.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r)
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
