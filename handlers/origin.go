package handlers

import (
	"errors"
	"net/http"

	"github.com/fedbridge/fedbridge/bridge"
)

// originGuard refuses what another website made the browser send (threat W1): net/http's protection, and one rule more.
type originGuard struct{ protection *http.CrossOriginProtection }

func newOriginGuard(origin string) (originGuard, error) {
	protection := http.NewCrossOriginProtection()
	// Behind a proxy that rewrites Host, an old browser's Origin is compared with the configured URL (threat W15).
	if err := protection.AddTrustedOrigin(origin); err != nil {
		return originGuard{}, err
	}
	return originGuard{protection}, nil
}

// check fails with CodeCrossOrigin. net/http lets a request pass that has neither Sec-Fetch-Site nor Origin, because no
// browser of today made it; our routes act on a cookie, which only browsers have, so unsure means no.
func (g originGuard) check(r *http.Request) error {
	if err := g.protection.Check(r); err != nil {
		return bridge.Fail(bridge.CodeCrossOrigin, err)
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return bridge.Fail(bridge.CodeCrossOrigin, errors.New("neither Sec-Fetch-Site nor Origin was sent"))
	}
	return nil
}
