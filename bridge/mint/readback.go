package mint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	readBackTimeout = 10 * time.Second
	maxPublished    = 1 << 20
	// maxSkew is how far the clock of whoever publishes may be from ours, caches included.
	maxSkew = 10 * time.Minute
)

// reader reads what is published, as AWS would: it follows no redirect, and takes https only, except on loopback.
type reader struct {
	client *http.Client
	issuer string
	now    func() time.Time
}

func newReader(c RingConfig) *reader {
	transport := c.HTTP
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readBackTimeout, ResponseHeaderTimeout: readBackTimeout,
			DisableKeepAlives: true, // it asks once in a while
		}
	}
	return &reader{issuer: c.Issuer, now: c.Now, client: &http.Client{
		Transport: transport, Timeout: readBackTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// find reads the discovery document and the key set at the issuer's address, and tells why a key isn't published there as
// it is here; nil where it is.
func (r *reader) find(ctx context.Context, key jwk) error {
	var found discovery
	if err := r.get(ctx, r.issuer+discoveryPath, &found); err != nil {
		return err
	}
	if found.Issuer != r.issuer || found.JWKSURI != r.issuer+jwksPath {
		return fmt.Errorf("%s is about the issuer %.100q with keys at %.100q, not about %s: something else answers there",
			r.issuer+discoveryPath, found.Issuer, found.JWKSURI, r.issuer)
	}
	var set keySet
	if err := r.get(ctx, r.issuer+jwksPath, &set); err != nil {
		return err
	}
	for _, other := range set.Keys {
		if other.ID != key.ID {
			continue
		}
		if other != key {
			return fmt.Errorf("%s has another key under the id %s", r.issuer+jwksPath, key.ID)
		}
		return nil
	}
	return fmt.Errorf("%s doesn't have the key %s yet: export the documents again where they are published as files, or wait for a cache", r.issuer+jwksPath, key.ID)
}

// get reads one JSON document.
func (r *reader) get(ctx context.Context, at string, to any) error {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !bridge.IsLoopback(u.Hostname())) {
		return fmt.Errorf("%.200s is not https", at)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "fedbridge")
	answer, err := r.client.Do(request)
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers with status %d, where AWS needs 200 and follows no redirect", at, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxPublished+1))
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if len(body) > maxPublished {
		return fmt.Errorf("%s has more than a megabyte", at)
	}
	if err := r.agrees(at, answer.Header); err != nil {
		return err
	}
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("%s is not the JSON that is published here: %w", at, err)
	}
	return nil
}

// agrees compares the clock of whoever answers with ours: keys take over by the clock, and one of the two is wrong
// (threat Z3). What comes from a cache says how old it is (RFC 9111 §5.1).
func (r *reader) agrees(at string, h http.Header) error {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return nil // it doesn't say
	}
	if age, err := strconv.Atoi(strings.TrimSpace(h.Get("Age"))); err == nil && age > 0 {
		date = date.Add(time.Duration(min(age, 1<<31)) * time.Second)
	}
	if off := r.now().Sub(date); off.Abs() > maxSkew {
		cause := fmt.Errorf("mint: %s says that it is %s, and here it is %s: one of the clocks is wrong", at,
			date.UTC().Format(time.RFC3339), r.now().UTC().Format(time.RFC3339))
		return bridge.Fail(bridge.CodeIssuerClock, cause)
	}
	return nil
}

// Reason is why something failed, for a table: without the code, which the catalogue explains.
func Reason(err error) string {
	if e, ok := errors.AsType[*bridge.Error](err); ok && e.Unwrap() != nil {
		err = e.Unwrap()
	}
	return strings.TrimPrefix(err.Error(), "mint: ")
}
