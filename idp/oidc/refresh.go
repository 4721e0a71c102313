package oidc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// fetchKeys fetches the key set from where discovery says it is.
func (p *provider) fetchKeys(ctx context.Context) ([]*key, error) {
	doc, err := p.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	resp, body, err := get(ctx, p.client, doc.jwksURI, "application/jwk-set+json, application/json", "")
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jwks: the provider answered %d", resp.StatusCode)
	}
	return parseKeySet(body)
}

// adoptKeys writes into the audit log which keys are new and which are gone, before the new ones are used (threat S29's
// twin for OIDC: a key that nobody expected is seen). Without that record they aren't used.
func (p *provider) adoptKeys(ctx context.Context, before, after []*key) error {
	has := func(keys []*key, k *key) bool {
		return slices.ContainsFunc(keys, func(o *key) bool { return o.fingerprint == k.fingerprint })
	}
	tell := func(k *key, what string) error {
		p.deps.Log.LogAttrs(ctx, slog.LevelInfo, "signing key of the provider "+what,
			slog.String("kid", k.kid), slog.String("fingerprint", k.fingerprint))
		if p.deps.Audit == nil {
			return nil
		}
		err := p.deps.Audit.Record(ctx, bridge.AuditEvent{
			Time: p.deps.Now(), Kind: bridge.AuditTrust, ID: rand.Text(), Allowed: true,
			Provider: p.config.Name, Issuer: p.issuer.text, KeyFingerprint: k.fingerprint,
			Detail: fmt.Sprintf("signing key %s %s", quote(k.kid), what),
		})
		if err != nil {
			return bridge.Fail(bridge.CodeAuditDown, err)
		}
		return nil
	}
	first := "seen for the first time"
	if before == nil {
		first = "fetched at start"
	}
	for _, k := range after {
		if !has(before, k) {
			if err := tell(k, first); err != nil {
				return err
			}
		}
	}
	for _, k := range before {
		if !has(after, k) {
			if err := tell(k, "no longer published"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Refresh implements idp.Refresher: it fetches the discovery document and the keys when they are due.
func (p *provider) Refresh(ctx context.Context) error {
	var discoveryErr, keysErr error
	now := p.deps.Now()
	if doc := p.discovery.latest(); doc == nil || now.Sub(doc.fetched) >= discoveryDue {
		discoveryErr = p.discovery.refresh(ctx)
	}
	ring := p.keys.latest()
	if p.discovery.latest() != nil && (ring == nil || now.Sub(ring.fetched) >= keysDue) {
		if err := p.keys.reload(ctx, ring); err != nil {
			keysErr = unreachable(ctx, "keys", err)
		}
	}
	return errors.Join(discoveryErr, keysErr)
}

// Status implements idp.Refresher.
func (p *provider) Status() idp.Status {
	p.discovery.mu.Lock()
	doc, discoveryErr := p.discovery.doc, p.discovery.failure
	p.discovery.mu.Unlock()
	p.keys.mu.Lock()
	ring, keysErr := p.keys.ring, p.keys.failure
	p.keys.mu.Unlock()

	var status idp.Status
	if ring != nil {
		status.Fetched = ring.fetched
		status.Ready = doc != nil && p.deps.Now().Sub(ring.fetched) < keysLastAge
	}
	switch err := errors.Join(discoveryErr, keysErr); {
	case err != nil:
		status.Problem = err.Error()
	case !status.Ready:
		status.Problem = "discovery document and keys were not fetched yet"
	}
	return status
}
