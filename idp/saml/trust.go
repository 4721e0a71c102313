package saml

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// expiryWarning is how long before the end of a certificate operators are told (threat S20).
const expiryWarning = 30 * 24 * time.Hour

// adopt looks at a new copy of the metadata before it is used: it must be usable with this configuration, and which
// certificates come and go is audited first. Without that record nobody new is trusted (threats S20, S29).
func (p *provider) adopt(ctx context.Context, before, after *snapshot) error {
	if after.wantSigned && p.signing == nil {
		return configFault("the metadata wants signed requests (WantAuthnRequestsSigned): set signing")
	}
	if _, _, err := p.endpoint(after); err != nil {
		return err
	}
	first, level := "trusted at start", slog.LevelInfo
	var old []certificate
	if before != nil {
		first, level, old = "trusted: new in the metadata", slog.LevelWarn, before.certs
	}
	for _, c := range after.certs {
		if !has(old, c.fingerprint) {
			if err := p.auditTrust(ctx, level, after.entityID, c.fingerprint, first); err != nil {
				return err
			}
		}
	}
	for _, c := range old {
		if !has(after.certs, c.fingerprint) {
			err := p.auditTrust(ctx, slog.LevelWarn, after.entityID, c.fingerprint, "no longer trusted: gone from the metadata")
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func configFault(format string, args ...any) error {
	return bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("saml: "+format, args...))
}

// auditTrust records a change of trust, or the use of an exception.
func (p *provider) auditTrust(ctx context.Context, level slog.Level, issuer, fingerprint, detail string) error {
	p.log.LogAttrs(ctx, level, "certificate of the provider: "+detail, slog.String("fingerprint", fingerprint))
	if p.audit == nil {
		return nil
	}
	err := p.audit.Record(context.WithoutCancel(ctx), bridge.AuditEvent{
		Time: p.now(), Kind: bridge.AuditTrust, ID: rand.Text(), Allowed: true,
		Provider: p.config.Name, Issuer: issuer, KeyFingerprint: fingerprint, Detail: detail,
	})
	if err != nil {
		return bridge.Fail(bridge.CodeAuditDown, fmt.Errorf("saml: %w", err))
	}
	return nil
}

// Refresh implements idp.Refresher.
func (p *provider) Refresh(ctx context.Context) error {
	err := p.source.refresh(ctx)
	p.warnExpiry(ctx)
	return err
}

// warnExpiry logs once a day which certificates end soon.
func (p *provider) warnExpiry(ctx context.Context) {
	held, _ := p.source.latest()
	if held == nil {
		return
	}
	now := p.now()
	p.warned.Lock()
	defer p.warned.Unlock()
	if now.Sub(p.warned.last).Abs() < 24*time.Hour {
		return
	}
	for _, c := range held.certs {
		if now.Add(expiryWarning).After(c.NotAfter) {
			p.warned.last = now
			p.log.LogAttrs(ctx, slog.LevelWarn, "a certificate of the provider ends soon, or has ended: ask the provider for its next one",
				slog.String("fingerprint", c.fingerprint), slog.Time("not_after", c.NotAfter))
		}
	}
}

// Status implements idp.Refresher.
func (p *provider) Status() idp.Status {
	held, failed := p.source.latest()
	if held == nil {
		if failed == nil {
			failed = errors.New("the metadata was not fetched yet")
		}
		return idp.Status{Problem: failed.Error()}
	}
	now := p.now()
	status := idp.Status{Ready: true, Fetched: held.fetched}
	switch {
	case held.outdated(now):
		status.Ready, status.Problem = false, outdatedError(held).Error()
	case len(current(held.certs, now)) == 0:
		status.Ready, status.Problem = false, "every certificate of the provider has expired, or isn't valid yet"
	case failed != nil:
		status.Problem = "the last refresh failed: " + failed.Error()
	default:
		status.Problem = expiring(held.certs, now)
	}
	return status
}

// expiring names the certificate that ends first, if that is soon.
func expiring(certs []certificate, now time.Time) string {
	for _, c := range certs {
		if now.Add(expiryWarning).After(c.NotAfter) {
			return fmt.Sprintf("certificate %s… of the provider ends at %s", c.fingerprint[:16], clockText(c.NotAfter))
		}
	}
	return ""
}
