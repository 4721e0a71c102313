package saml

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// slotWait is how long an answer waits for its turn to be read.
const slotWait = 5 * time.Second

// maxEncoded is the longest SAMLResponse field: base64 of the largest document, in lines of 64 with CR and LF.
const maxEncoded = (256<<10+2)/3*4*66/64 + 66

// Finish implements idp.IdentityProvider.
func (p *provider) Finish(ctx context.Context, login idp.Login, answer idp.Answer) (bridge.Identity, bridge.Proof, error) {
	if err := p.owns(login); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	encoded, err := field(answer)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	// SAML Bindings §3.5.3: RelayState comes back as it was sent. It is an opaque id of ours (threat P17), and ties the
	// answer to the login whose cookie came along (threat P3).
	if subtle.ConstantTimeCompare([]byte(answer.Form.Get("RelayState")), []byte(login.State)) != 1 {
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.CodeLoginStale, errors.New("saml: RelayState is another login's"))
	}
	return p.finish(ctx, encoded, expectation{
		requestID: login.RequestID, earliest: login.Began, fresh: p.wantsFresh(login),
	})
}

// AllowsUnsolicited implements idp.UnsolicitedFinisher.
func (p *provider) AllowsUnsolicited() bool { return p.config.IdPInitiated }

// FinishUnsolicited implements idp.UnsolicitedFinisher (threat P4): the answer must be young, must not name a request,
// and its RelayState isn't looked at.
func (p *provider) FinishUnsolicited(ctx context.Context, answer idp.Answer) (bridge.Identity, bridge.Proof, error) {
	if !p.config.IdPInitiated {
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.CodeLoginStale, errors.New("saml: unsolicited answers are not accepted"))
	}
	encoded, err := field(answer)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	return p.finish(ctx, encoded, expectation{earliest: p.now().Add(-maxAge)})
}

// owns tells whether the login is one of ours, whole, and not too old (threat P5).
func (p *provider) owns(login idp.Login) error {
	switch {
	case login.Provider != p.config.Name:
		return bridge.Fail(bridge.CodeAnswerRejected, fmt.Errorf("saml: a login of provider %q came to %q", login.Provider, p.config.Name))
	case len(login.State) < 32 || len(login.State) > 80 || !ncName.MatchString(login.RequestID) || len(login.RequestID) < 32:
		return bridge.Fail(bridge.CodeAnswerRejected, errors.New("saml: a login without usable state or request id"))
	case !p.now().Before(login.Expires):
		return bridge.Fail(bridge.CodeLoginStale, fmt.Errorf("saml: the login ended at %s", clockText(login.Expires)))
	}
	return nil
}

// field takes the one SAMLResponse of an answer by HTTP-POST (threats P15, P16). An artifact is nothing to us: no answer
// makes us call anybody.
func field(answer idp.Answer) (string, error) {
	malformed := func(cause string) (string, error) {
		return "", bridge.Fail(bridge.CodeAnswerMalformed, errors.New("saml: "+cause))
	}
	switch {
	case answer.Method != http.MethodPost:
		return malformed("an answer by " + answer.Method)
	case len(answer.Form["SAMLResponse"]) != 1:
		return malformed(fmt.Sprintf("%d fields SAMLResponse", len(answer.Form["SAMLResponse"])))
	case len(answer.Form["RelayState"]) > 1:
		return malformed(fmt.Sprintf("%d fields RelayState", len(answer.Form["RelayState"])))
	case hasAny(answer.Query, "SAMLResponse", "RelayState", "SAMLRequest", "SAMLart"):
		return malformed("a message in the query")
	case hasAny(answer.Form, "SAMLRequest"):
		return malformed("a request beside the answer")
	}
	encoded := answer.Form["SAMLResponse"][0]
	if len(encoded) > maxEncoded {
		return "", bridge.FailWith(bridge.CodeAnswerTooLarge, (&capError{"bytes", messageLimits.bytes}).Error(), nil)
	}
	return encoded, nil
}

func hasAny(values url.Values, names ...string) bool {
	for _, name := range names {
		if _, ok := values[name]; ok {
			return true
		}
	}
	return false
}

// finish reads an answer in its turn, behind a recover: whatever a library makes of hostile input, the process lives and
// nobody is let in (rule R2).
func (p *provider) finish(ctx context.Context, encoded string, expect expectation) (id bridge.Identity, proof bridge.Proof, err error) {
	metadata, err := p.source.get(ctx)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-timer.C:
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.CodeRateLimited, errors.New("saml: too many answers at once"))
	case <-ctx.Done():
		return bridge.Identity{}, bridge.Proof{}, givenUp(ctx, bridge.CodeRateLimited, "too many answers at once")
	}
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "recovered from a panic while reading an answer", "panic", fmt.Sprintf("%.200v", r),
				"stack", string(debug.Stack()))
			id, proof = bridge.Identity{}, bridge.Proof{}
			err = bridge.Fail(bridge.CodeAnswerRejected, errors.New("saml: panic while reading an answer"))
		}
	}()
	return p.believe(ctx, metadata, encoded, expect)
}

// givenUp tells a person who left from a wait that took too long, for which late is the code.
func givenUp(ctx context.Context, late bridge.Code, what string) error {
	cause := fmt.Errorf("saml: %s: %w", what, ctx.Err())
	if errors.Is(ctx.Err(), context.Canceled) {
		return bridge.Fail(bridge.CodeClientGone, cause)
	}
	return bridge.Fail(late, cause)
}

// believe is the pipeline from text to Identity.
func (p *provider) believe(ctx context.Context, metadata *snapshot, encoded string, expect expectation) (bridge.Identity, bridge.Proof, error) {
	// Line ends inside are skipped (SAML Bindings §3.5.4 says base64 as MIME has it); nothing else is forgiven.
	document, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.CodeAnswerMalformed, errors.New("saml: SAMLResponse is not base64"))
	}
	now := p.now()
	r := &reader{
		verifier:  verifier{certs: current(metadata.certs, now), rules: p.rules(now), now: now},
		decrypter: p.decrypter, issuer: metadata.entityID, terms: p.terms, expect: expect,
	}
	said, err := r.read(string(document))
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	if said.weak {
		detail := "SHA-1 accepted, allow_sha1_until " + p.config.AllowSHA1Until
		if err := p.auditTrust(ctx, slog.LevelWarn, r.issuer, fingerprint(said.cert), detail); err != nil {
			return bridge.Identity{}, bridge.Proof{}, err
		}
	}
	if err := p.config.overage(said.attributes); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	// Threat P10: once, on any node, also after a restart. Remembered until it could no longer be valid, skew included.
	if err := p.replay.UseOnce(ctx, r.issuer, said.assertionID, said.end.Add(2*skew)); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	id := p.config.identity(r.issuer, &said)
	id.KeyFingerprint = fingerprint(said.cert)
	return id, p.proof(r, said, encoded), nil
}

// identity maps what an answer says as the operator configured.
func (c *Config) identity(issuer string, said *reading) bridge.Identity {
	claims := c.Claims
	id := bridge.Identity{
		Provider: c.Name, Issuer: issuer, Subject: said.subject.value, Format: said.subject.format,
		Email: said.attributes.single(claims.Email), Name: said.attributes.single(claims.Name),
		Groups: said.attributes.groups(claims.Groups), Claims: said.attributes.claims,
		AuthTime: said.statement.instant, ACR: said.statement.context,
		SessionIndex: said.statement.sessionIndex, SessionEnd: said.statement.sessionEnd,
	}
	id.Skipped = said.attributes.skipped
	return id
}

// proof is what STS may be shown in turn. It takes a response for five minutes after it was issued.
func (p *provider) proof(r *reader, said reading, encoded string) bridge.Proof {
	return bridge.Proof{
		Kind: bridge.ProofSAML, Raw: bridge.NewSecret(encoded),
		RelayUntil: earlier(said.issued.Add(bridge.RelayWindow), said.end),
		Encrypted:  said.encrypted, Audiences: said.audiences, Recipient: r.terms.acs,
	}
}
