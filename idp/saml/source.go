package saml

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	fetchTimeout   = 10 * time.Second // of the whole exchange
	retryAfter     = 10 * time.Second // a failed fetch isn't repeated sooner, however many people ask
	refreshEvery   = time.Hour        // unless cacheDuration says otherwise, within the two bounds below
	refreshSoonest = 5 * time.Minute
	refreshLatest  = 24 * time.Hour
)

// source keeps the last good copy of the metadata. It asks the network when somebody needs a copy and there is none, and
// when it is told to refresh; never because of a message.
type source struct {
	url    string // "" for a file, read once
	wanted string // entity id, once it is known
	pins   pins
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	// adopt is told of each new copy before it is used, and can refuse it.
	adopt func(ctx context.Context, before, after *snapshot) error

	flight singleflight.Group
	mu     sync.Mutex
	copy   *snapshot
	tried  time.Time // the last attempt
	failed error     // of the last attempt; nil if it succeeded
}

// newClient bounds every request, and follows no redirect.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  8 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    1,
			ForceAttemptHTTP2:      true,
		}
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// latest returns the copy at hand, without waiting; nil if there is none.
func (s *source) latest() (held *snapshot, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copy, s.failed
}

// get returns a copy that is valid now, fetching one if need be.
func (s *source) get(ctx context.Context) (*snapshot, error) {
	held, _ := s.latest()
	if held != nil && !held.outdated(s.now()) {
		return held, nil
	}
	if s.url == "" {
		return nil, bridge.Fail(bridge.CodeProviderConfig, outdatedError(held))
	}
	if err := s.fetchOnce(ctx); err != nil {
		return nil, err
	}
	if held, _ = s.latest(); held == nil || held.outdated(s.now()) {
		return nil, bridge.Fail(bridge.CodeProviderDown, outdatedError(held))
	}
	return held, nil
}

func (s *snapshot) outdated(now time.Time) bool {
	return !s.validUntil.IsZero() && !now.Before(s.validUntil)
}

func outdatedError(held *snapshot) error {
	if held == nil {
		return fmt.Errorf("saml: no metadata")
	}
	return fmt.Errorf("saml: the metadata was valid until %s: the provider must publish it anew, and a file be fetched again",
		clockText(held.validUntil))
}

// refresh fetches if it is time to.
func (s *source) refresh(ctx context.Context) error {
	if s.url == "" {
		return nil
	}
	s.mu.Lock()
	due := s.copy == nil || s.copy.outdated(s.now()) || !s.now().Before(s.copy.fetched.Add(s.copy.interval()))
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.fetchOnce(ctx)
}

// interval is how long a copy is good, within reason.
func (s *snapshot) interval() time.Duration {
	if s.cacheFor <= 0 {
		return refreshEvery
	}
	return min(max(s.cacheFor, refreshSoonest), refreshLatest)
}

// fetchOnce lets one caller fetch for all, and lets a failure stand for a while. The fetch outlives a caller that goes
// away, since others wait for it.
func (s *source) fetchOnce(ctx context.Context) error {
	s.mu.Lock()
	recent := s.failed != nil && s.now().Sub(s.tried).Abs() < retryAfter
	failed := s.failed
	s.mu.Unlock()
	if recent {
		return failed
	}
	done := s.flight.DoChan("", func() (any, error) {
		lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return nil, s.fetch(lasting)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return givenUp(ctx, bridge.CodeProviderDown, "metadata")
	}
}

func (s *source) fetch(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // rule R2
			err = bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("saml: panic in metadata: %v", r))
		}
		s.mu.Lock()
		s.tried, s.failed = s.now(), err
		s.mu.Unlock()
	}()
	document, err := s.download(ctx)
	if err != nil {
		return bridge.Fail(bridge.CodeProviderDown, fmt.Errorf("saml: metadata: %w", err))
	}
	return s.take(ctx, document)
}

func (s *source) download(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, int64(metadataLimits.bytes)+1))
	if err == nil && len(document) > metadataLimits.bytes {
		err = fmt.Errorf("more than %d bytes", metadataLimits.bytes)
	}
	return document, err
}

// take makes a document the copy in use, if it is fit for that. Otherwise the last good one stays.
func (s *source) take(ctx context.Context, document []byte) error {
	fresh, err := parseMetadata(document, s.wanted, s.log)
	if err != nil {
		return bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("saml: metadata: %w", err))
	}
	fresh.fetched = s.now()
	fresh.keep(document)
	if fresh.outdated(fresh.fetched) {
		return bridge.Fail(bridge.CodeProviderConfig, outdatedError(fresh))
	}
	if fresh.certs, err = s.pins.trusted(fresh.certs); err != nil {
		return bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("saml: %w", err))
	}
	before, _ := s.latest()
	if err := s.adopt(ctx, before, fresh); err != nil {
		return err
	}
	s.mu.Lock()
	s.copy, s.wanted = fresh, fresh.entityID
	s.mu.Unlock()
	return nil
}
