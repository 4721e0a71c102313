package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
)

// ProbeDoor is what the audit log calls the door of a probe: no credentials leave through it.
const ProbeDoor = "trust-check"

// probeText is what a probe says where a person's claims would stand.
const probeText = "fedbridge-trust-check"

// denyAll is the session policy of a probe: its credentials can do nothing.
const denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// ProbeRequest asks whether STS gives a role at all.
type ProbeRequest struct {
	Role      RoleKey
	Via       Via      // one of the role's; what relays an answer of an identity provider can't be probed
	By        Identity // the operator who asked; zero where a command did
	Source    string   // address of the client, for the audit
	RequestID string   // of the HTTP request, for the audit
}

// Probe is what STS made of it.
type Probe struct {
	AssumedRoleARN string // as STS answered; "" where it refused
	// Bare tells, beside a refusal, that STS gives the role as soon as tags and source identity are left out.
	Bare bool
}

// CanProbe tells whether a role can be asked for in this way without a person.
func CanProbe(via Via) bool { return carries(via) }

// Probe asks STS for the shortest session of a role, as fedbridge would for a person, under a session policy that denies
// everything, and throws the credentials away. It needs no entitlement, because nobody gets anything; it is recorded
// like everything that goes to STS, before and after, and where it can't be it isn't made (threat A24).
//
// Where the role asks for tags or a source identity, made-up values are sent. When STS refuses them, it is asked once
// more without.
func (b *Bridge) Probe(ctx context.Context, req ProbeRequest) (Probe, error) {
	role, ok := b.roles.Role(req.Role)
	if !ok || !slices.Contains(role.Via, req.Via) || !CanProbe(req.Via) {
		return Probe{}, Fail(CodeInternal, fmt.Errorf("bridge: %s can't be probed via %q", req.Role, req.Via))
	}
	role.SessionPolicy, role.OptionalTags = denyAll, nil
	ask := ExchangeRequest{Role: role, Via: req.Via, SessionName: probeText, Duration: MinSession}
	for _, key := range role.TagKeys {
		ask.Tags = append(ask.Tags, Tag{key, probeText})
	}
	if role.HasSourceIdentity {
		ask.SourceIdentity = probeText
	}
	arn, err := b.probe(ctx, req, ask)
	if CodeOf(err) != CodeSTSRefused || len(ask.Tags) == 0 && ask.SourceIdentity == "" {
		return Probe{AssumedRoleARN: arn}, err
	}
	ask.Tags, ask.Role.TransitiveTags, ask.SourceIdentity = nil, nil, ""
	ask.Role.HasTags, ask.Role.HasSourceIdentity = false, false
	_, bare := b.probe(ctx, req, ask)
	if code := CodeOf(bare); code == CodeAuditDown {
		return Probe{}, bare
	}
	return Probe{Bare: bare == nil}, err
}

// probe is one call to STS and its two records.
func (b *Bridge) probe(ctx context.Context, req ProbeRequest, ask ExchangeRequest) (string, error) {
	event := b.event(AssumeRequest{Identity: req.By, Role: req.Role, Duration: ask.Duration, Door: ProbeDoor,
		Source: req.Source, RequestID: req.RequestID}, "probe")
	event.Kind, event.Allowed, event.RoleARN, event.Via = AuditProbe, true, ask.Role.ARN.String(), ask.Via
	event.SessionName, event.Tags, event.SourceIdentity = ask.SessionName, ask.Tags, ask.SourceIdentity
	if err := b.record(ctx, event); err != nil {
		return "", err
	}
	// Nobody: no provider of this name can be configured, so the subject that is minted is no person's.
	nobody := Identity{Provider: "trust check", Issuer: "fedbridge", Subject: probeText}
	creds, sent, err := b.exchange(ctx, ask, nobody)
	outcome := outcomeOf(event, b.now())
	outcome.MintedID = sent.mintedID
	if err != nil {
		return "", b.refused(ctx, outcome, err)
	}
	outcome.AccessKeyID, outcome.Expires = creds.AccessKeyID, creds.Expires
	if err := b.record(ctx, outcome); err != nil {
		return "", err
	}
	b.log.LogAttrs(ctx, slog.LevelInfo, "role probed", slog.String("request_id", req.RequestID),
		slog.String("role", req.Role.String()), slog.String("via", string(ask.Via)), slog.String("access_key_id", creds.AccessKeyID))
	return creds.AssumedRoleARN, nil
}
