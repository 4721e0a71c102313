package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds on every request to a provider.
const (
	maxBody     = 256 << 10
	dialWait    = 3 * time.Second
	tlsWait     = 5 * time.Second
	requestWait = 10 * time.Second // from dialling to the last byte of the body
)

// errInternal is a host that only discovery names and that resolves to an internal address.
var errInternal = errors.New("an internal address that the configuration doesn't name")

// statusError is an answer that says nothing but "not now".
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("the provider answered %d", e.status) }

// newClient makes the one client for a provider: redirects are never followed, bodies and times are bounded.
func newClient(base http.RoundTripper, issuer issuerURL) *http.Client {
	return &http.Client{
		Transport:     bounded{guard(base, issuer)},
		Timeout:       requestWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guard gives a transport that connects to no internal address which only discovery named (threat O11). A transport
// that dials by itself is used as it is: whoever passes it answers for where it connects to.
func guard(base http.RoundTripper, issuer issuerURL) http.RoundTripper {
	var t *http.Transport
	switch given := base.(type) {
	case nil:
		t = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSHandshakeTimeout:    tlsWait,
			ResponseHeaderTimeout:  requestWait,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        90 * time.Second,
			MaxIdleConnsPerHost:    8,
			ForceAttemptHTTP2:      true,
		}
	case *http.Transport:
		if given.DialContext != nil || given.DialTLSContext != nil {
			return given
		}
		t = given.Clone()
	default:
		return base
	}
	d := &dialer{issuer: issuer, dialer: net.Dialer{Timeout: dialWait}}
	t.DialContext = d.dial
	if t.Proxy != nil {
		t.Proxy = d.rememberProxy(t.Proxy)
	}
	return t
}

// dialer checks addresses after they were resolved and before they are connected to, so that a name that changes its
// address between check and use gains nothing (DNS rebinding).
type dialer struct {
	issuer  issuerURL
	dialer  net.Dialer
	proxies sync.Map // hosts of the operator's own proxies
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, proxy := d.proxies.Load(strings.ToLower(host)); proxy {
		return d.dialer.DialContext(ctx, network, address)
	}
	guarded := d.dialer
	guarded.Control = func(_, resolved string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return err
		}
		if !d.issuer.admits(host, at.Addr()) {
			return fmt.Errorf("%s is at %s: %w", host, at.Addr(), errInternal)
		}
		return nil
	}
	return guarded.DialContext(ctx, network, address)
}

// rememberProxy lets connections to the operator's proxy through. Behind a proxy it is the proxy that resolves names and
// keeps requests out of where they don't belong; literal addresses are refused before all the same.
func (d *dialer) rememberProxy(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		u, err := choose(r)
		if err == nil && u != nil {
			d.proxies.Store(strings.ToLower(u.Hostname()), struct{}{})
		}
		return u, err
	}
}

// bounded turns answers that are no answer into errors, and ends bodies that are too long with an error (not a cut: half
// a document must not look like a whole one).
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode/100 == 3 {
		resp.Body.Close()
		return nil, &statusError{resp.StatusCode}
	}
	resp.Body = &limitedBody{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

type limitedBody struct {
	io.ReadCloser
	left int
}

func (l *limitedBody) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, fmt.Errorf("the provider's answer is longer than %d bytes", maxBody)
	}
	if len(p) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, fmt.Errorf("the provider's answer is longer than %d bytes", maxBody)
	}
	return n, err
}

// get fetches a document.
func get(ctx context.Context, client *http.Client, url, accept, bearer string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", accept)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}
