package awsiam

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// maxAnswer bounds what is read of an answer. IAM takes metadata of up to ten megabytes; what describes one IdP has some
// kilobytes, and a doctor who reads many accounts must not be drowned by one.
const maxAnswer = 4 << 20

var errAnswerTooLong = errors.New("the answer is longer than four megabytes")

// newHTTPClient makes the one pooled client. The SDK's default sets no limit on how long an answer may take.
func newHTTPClient(limits Limits, roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: limits.Attempt, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout: limits.Attempt, // the body, too
		Transport: capped{&http.Transport{
			Proxy:       http.ProxyFromEnvironment, // never used for loopback
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			TLSHandshakeTimeout: limits.Attempt, ResponseHeaderTimeout: limits.Attempt, IdleConnTimeout: 90 * time.Second,
			MaxIdleConnsPerHost: 32, DisableCompression: true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

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
