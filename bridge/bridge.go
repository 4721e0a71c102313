package bridge

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Bounds that STS sets on every AssumeRole* call.
const (
	MinSession = 15 * time.Minute
	MaxSession = 12 * time.Hour
	// DefaultSession is asked for when nobody chose a length.
	DefaultSession = time.Hour
)

// Options are what a Bridge is made of. Authorizer, Roles, STS, Console and Audit are required.
type Options struct {
	Authorizer Authorizer
	Roles      RoleBook
	Minter     Minter // needed where a role is reached via issuer
	STS        STSExchanger
	Console    ConsoleLinker
	Audit      AuditLog
	// Reuse keeps credentials of roles that allow it; nil: nothing is kept. A Reuse may pass from one Bridge to the next,
	// which finds nothing of before in it.
	Reuse *Reuse
	// Revocations are asked for each request; nil: nothing is ever revoked.
	Revocations Revocations
	Log         *slog.Logger
	Now         func() time.Time
	// ExactSessionNames drops the hash from session names (session_name: exact); only safe with a single provider.
	ExactSessionNames bool
}

// Bridge is the one way to AWS: every door proves an identity, asks for its offers, and calls Assume or ConsoleURL.
type Bridge struct {
	authorizer  Authorizer
	roles       RoleBook
	minter      Minter
	sts         STSExchanger
	console     ConsoleLinker
	audit       AuditLog
	reuse       *Reuse
	revocations Revocations
	log         *slog.Logger
	now         func() time.Time
	exact       bool
}

// New makes a Bridge. It fails when a part is missing: half a bridge must not start.
func New(o Options) (*Bridge, error) {
	if o.Authorizer == nil || o.Roles == nil || o.STS == nil || o.Console == nil || o.Audit == nil {
		return nil, fmt.Errorf("bridge: authorizer, roles, sts, console and audit are all needed")
	}
	if o.Minter == nil && slices.ContainsFunc(o.Roles.Roles(), func(r Role) bool { return slices.Contains(r.Via, ViaIssuer) }) {
		return nil, fmt.Errorf("bridge: a role is reached via issuer, and there is no minter")
	}
	b := &Bridge{
		authorizer: o.Authorizer, roles: o.Roles, minter: o.Minter, sts: o.STS, console: o.Console, audit: o.Audit,
		reuse: o.Reuse, revocations: o.Revocations, log: o.Log, now: o.Now, exact: o.ExactSessionNames,
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.now == nil {
		b.now = time.Now
	}
	return b, nil
}

// AssumeRequest is one wish for one role.
type AssumeRequest struct {
	Identity  Identity
	Proof     Proof // may be zero; then nothing can be relayed
	Role      RoleKey
	Duration  time.Duration // zero: DefaultSession, or the longest allowed if that is less
	Narrowing Narrowing     // what the request takes away from the role; zero: nothing
	Door      string        // "portal", …: for the audit
	Client    string        // id of the client that asked on the person's behalf, for the audit; "" where there is none
	Source    string        // address of the client, for the audit
	RequestID string        // of the HTTP request, for the audit
}

// Offer is a role that an identity may assume, and whether it can be used now with the proof at hand.
type Offer struct {
	Entitlement
	Role      Role
	Via       Via           // how STS would be asked; "" when Obstacle is set
	Longest   time.Duration // the longest session that can be had now
	CapReason CapReason     // why Longest is no longer
	Obstacle  error         // why the role can't be used now, with a code of the catalogue; nil if it can
}

// Offers lists what the identity may assume, each with the reason why it can't be used now, where there is one.
func (b *Bridge) Offers(ctx context.Context, id Identity, proof Proof) []Offer {
	now := b.now()
	entitlements := b.authorizer.Entitlements(id)
	offers := make([]Offer, 0, len(entitlements))
	for _, e := range entitlements {
		role, ok := b.roles.Role(e.Role)
		if !ok {
			continue
		}
		offer := Offer{Entitlement: e, Role: role}
		offer.Via, offer.Obstacle = chooseVia(role, id, proof, now)
		offer.Longest, offer.CapReason = b.longest(ctx, e, role, offer.Via, id, now)
		offers = append(offers, offer)
	}
	return offers
}

// Explain tells why the identity has or lacks a role.
func (b *Bridge) Explain(id Identity, role RoleKey) Explanation {
	return b.authorizer.Explain(id, role)
}

// Assume checks the entitlement under the running rules, records the decision, and only then calls STS. The outcome is
// recorded before the credentials are returned; when it can't be, they are withheld.
//
// It fails with a code of the catalogue: revoked, not-entitled, denied-by-rule, duration-out-of-range, a narrowing-…
// code, a proof-… code when the proof can't serve, audit-down, or an sts-… code.
func (b *Bridge) Assume(ctx context.Context, req AssumeRequest) (Credentials, error) {
	creds, _, err := b.assume(ctx, req, "credentials")
	return creds, err
}

// allow decides, and records the decision. as, where there is one, says how the role is used for this purpose.
func (b *Bridge) allow(ctx context.Context, req AssumeRequest, purpose string, as func(Role) (Role, error)) (question, Entitlement, AuditEvent, error) {
	event := b.event(req, purpose)
	ask, entitlement, err := b.decide(ctx, req, as, &event)
	if err != nil {
		event.Code, event.Detail = CodeOf(err), detailOf(err)
		if auditErr := b.record(ctx, event); auditErr != nil {
			return question{}, Entitlement{}, event, auditErr
		}
		return question{}, Entitlement{}, event, err
	}
	event.Allowed = true
	return ask, entitlement, event, b.record(ctx, event)
}

// assume gives the credentials, and the outcome as it was recorded.
func (b *Bridge) assume(ctx context.Context, req AssumeRequest, purpose string) (Credentials, AuditEvent, error) {
	ask, entitlement, event, err := b.allow(ctx, req, purpose, nil)
	if err != nil {
		return Credentials{}, AuditEvent{}, err
	}
	creds, sent, err := b.exchange(ctx, ask.ExchangeRequest, req.Identity)
	outcome := outcomeOf(event, b.now())
	outcome.Tags, outcome.DroppedTags, outcome.MintedID = sent.tags, sent.dropped, sent.mintedID
	if err != nil {
		return Credentials{}, AuditEvent{}, b.refused(ctx, outcome, err)
	}
	creds.Role, creds.SessionName = ask.Role, ask.SessionName
	if creds.CapReason == CapNone && ask.wanted > ask.Duration {
		creds.CapReason = ask.reason
	}
	outcome.AccessKeyID, outcome.Expires = creds.AccessKeyID, creds.Expires
	if err := b.record(ctx, outcome); err != nil {
		return Credentials{}, AuditEvent{}, err // No audit, no credentials (threat A24).
	}
	b.log.LogAttrs(ctx, slog.LevelInfo, "role assumed",
		slog.String("request_id", req.RequestID), slog.String("role", entitlement.Role.String()),
		slog.String("via", string(ask.Via)), slog.String("access_key_id", creds.AccessKeyID),
		slog.Int("session_token_percent", creds.Utilization), slog.Int("tags_dropped", len(creds.DroppedTags)))
	return creds, outcome, nil
}

// outcomeOf begins the record of what became of a decision.
func outcomeOf(decision AuditEvent, now time.Time) AuditEvent {
	outcome := decision
	outcome.ID, outcome.Decision, outcome.Kind, outcome.Time = eventID(), decision.ID, AuditOutcome, now
	return outcome
}

// refused records that nothing came of a decision, and gives the error to return.
func (b *Bridge) refused(ctx context.Context, outcome AuditEvent, err error) error {
	outcome.Allowed, outcome.Code = false, CodeOf(err)
	if auditErr := b.record(ctx, outcome); auditErr != nil {
		return auditErr
	}
	return err
}

// question is an ExchangeRequest and what was wished for before it was capped.
type question struct {
	ExchangeRequest
	wanted time.Duration
	reason CapReason
}

// decide answers whether, how and for how long; it fills in the event as far as it gets.
func (b *Bridge) decide(ctx context.Context, req AssumeRequest, as func(Role) (Role, error), event *AuditEvent) (question, Entitlement, error) {
	now := b.now()
	if role, ok := b.roles.Role(req.Role); ok {
		event.RoleARN = role.ARN.String()
	}
	if req.Identity.Subject == "" || req.Identity.Provider == "" {
		return question{}, Entitlement{}, Fail(CodeNotSignedIn, nil)
	}
	if err := b.Revoked(req.Identity); err != nil {
		return question{}, Entitlement{}, err
	}
	grant, err := b.authorizer.Grant(req.Identity, req.Role)
	if err != nil {
		return question{}, Entitlement{}, err
	}
	event.Rules = grant.Rules
	if !req.Identity.SessionEnd.IsZero() && !now.Before(req.Identity.SessionEnd) {
		return question{}, Entitlement{}, Fail(CodeSessionEnded, nil)
	}
	if as != nil {
		if grant.Role, err = as(grant.Role); err != nil {
			return question{}, Entitlement{}, err
		}
	}
	via, err := chooseVia(grant.Role, req.Identity, req.Proof, now)
	if err != nil {
		return question{}, Entitlement{}, err
	}
	if grant.Role, err = req.Narrowing.apply(grant.Role, via); err != nil {
		return question{}, Entitlement{}, err
	}
	longest, reason := b.longest(ctx, grant.Entitlement, grant.Role, via, req.Identity, now)
	roleMax, _ := roleLimit(grant.Entitlement, grant.Role)
	duration, err := chooseDuration(req.Duration, roleMax, longest)
	if err != nil {
		return question{}, Entitlement{}, err
	}
	wanted := req.Duration
	if wanted == 0 {
		wanted = DefaultSession
	}
	ask := question{ExchangeRequest{
		Role: grant.Role, Via: via, SessionName: relaySessionName(via, req.Identity, b.exact), Duration: duration,
	}, wanted, reason}
	if carries(via) {
		ask.Tags, ask.SourceIdentity = grant.Tags, grant.SourceIdentity
	} else {
		ask.Proof = req.Proof
	}
	event.Via, event.SessionName, event.DurationSecs = via, ask.SessionName, int(duration/time.Second)
	event.Tags, event.SourceIdentity = ask.Tags, ask.SourceIdentity
	return ask, grant.Entitlement, nil
}

// longest is the longest session that can be had, and why it is no longer.
func (b *Bridge) longest(ctx context.Context, e Entitlement, role Role, via Via, id Identity, now time.Time) (time.Duration, CapReason) {
	longest, reason := roleLimit(e, role)
	if via != "" {
		if sts, why := b.sts.Longest(ctx, role, via); sts > 0 && sts < longest {
			longest, reason = sts, why
		}
	}
	// A session of ours never outlives the one at the IdP (SAML Core §2.7.2), but STS gives fifteen minutes at least.
	if !id.SessionEnd.IsZero() {
		if left := id.SessionEnd.Sub(now).Truncate(time.Second); left < longest {
			longest, reason = max(left, MinSession), CapIdPSession
		}
	}
	return longest, reason
}

// roleLimit is the longest session that the entitlement gives; the role's own maximum where it says nothing.
func roleLimit(e Entitlement, role Role) (time.Duration, CapReason) {
	if e.MaxSession == 0 {
		return role.MaxSession, CapRole
	}
	return e.MaxSession, e.CapReason
}

// chooseDuration picks the length to ask STS for. A wish beyond what the role gives is refused, not cut: the person
// chose a number, and must not believe that they got it. Where something else than the role caps it, it is cut and the
// reason shown. Threat X7.
func chooseDuration(wish, roleMax, longest time.Duration) (time.Duration, error) {
	if wish == 0 {
		return min(DefaultSession, longest), nil
	}
	if wish < MinSession || wish > MaxSession || wish > roleMax || wish%time.Second != 0 {
		return 0, FailWith(CodeDuration, fmt.Sprintf("between 15m and %s", shortDuration(roleMax)), nil)
	}
	return min(wish, longest), nil
}

func shortDuration(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

func (b *Bridge) event(req AssumeRequest, purpose string) AuditEvent {
	id := req.Identity
	return AuditEvent{
		Time: b.now(), Kind: AuditDecide, ID: eventID(), RequestID: req.RequestID,
		Provider: id.Provider, Issuer: id.Issuer, Subject: id.Subject, Format: id.Format, Email: id.Email,
		KeyFingerprint: id.KeyFingerprint, Door: req.Door, Source: req.Source, Client: req.Client, Narrowed: !req.Narrowing.IsZero(),
		Account: req.Role.Account, Role: req.Role.Name, DurationSecs: int(req.Duration / time.Second), Purpose: purpose,
	}
}

// record writes an event. The client may be gone; what was decided, and what came of it, is written all the same.
func (b *Bridge) record(ctx context.Context, event AuditEvent) error {
	if err := b.audit.Record(context.WithoutCancel(ctx), event); err != nil {
		return Fail(CodeAuditDown, err)
	}
	return nil
}

func detailOf(err error) string {
	_, _, detail := Explain(err)
	return detail
}

func eventID() string { return rand.Text() }
