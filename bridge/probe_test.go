package bridge_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

func probeOf(name string, via bridge.Via) bridge.ProbeRequest {
	return bridge.ProbeRequest{Role: bridge.RoleKey{Account: account, Name: name}, Via: via, By: ada(), Source: "192.0.2.1", RequestID: "r1"}
}

// taggedGrant is a role that asks for a tag and a source identity.
func taggedGrant(via ...bridge.Via) bridge.Grant {
	g := grant("Dev", 8*time.Hour, via...)
	g.Role.TagKeys, g.Role.TransitiveTags, g.Role.OptionalTags = []string{"Team"}, []string{"Team"}, []string{"Team"}
	g.Role.HasTags, g.Role.HasSourceIdentity, g.Role.ExternalID = true, true, "x-1"
	g.Role.SessionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	g.Role.SessionPolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	return g
}

// TestProbe: what goes to STS is what a person would send, for fifteen minutes, and can do nothing.
func TestProbe(t *testing.T) {
	for _, via := range []bridge.Via{bridge.ViaIssuer, bridge.ViaAssumeRole} {
		f := newFakes(taggedGrant(bridge.ViaSAML, via))
		f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
			return bridge.Credentials{AccessKeyID: "ASIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("CANARY"), AssumedRoleARN: q.Role.ARN.AssumedRole(q.SessionName)}, nil
		}
		got, err := newBridge(t, f).Probe(context.Background(), probeOf("Dev", via))
		if err != nil || got.Bare || got.AssumedRoleARN != "arn:aws:sts::"+account+":assumed-role/Dev/fedbridge-trust-check" {
			t.Fatalf("%s: %+v, %v", via, got, err)
		}
		q := f.asked[0]
		if q.Via != via || q.Duration != 15*time.Minute || q.Role.ExternalID != "x-1" || q.SourceIdentity == "" || len(q.Tags) != 1 ||
			!strings.Contains(q.Role.SessionPolicy, `"Effect":"Deny","Action":"*","Resource":"*"`) || strings.Contains(q.Role.SessionPolicy, "Allow") ||
			len(q.Role.SessionPolicyARNs) != 1 || !slices.Equal(q.Role.TransitiveTags, []string{"Team"}) {
			t.Errorf("%s: STS was asked %+v", via, q)
		}
		if via == bridge.ViaIssuer && (len(f.minted) != 1 || f.minted[0].Identity.Email != "" || f.minted[0].Identity.Provider == "corp") {
			t.Errorf("minted for %+v", f.minted)
		}
		if len(f.events) != 2 || f.events[0].Kind != bridge.AuditProbe || f.events[1].Kind != bridge.AuditOutcome || f.events[1].Decision != f.events[0].ID ||
			f.events[0].Door != bridge.ProbeDoor || f.events[0].Subject != "ada" || f.events[1].AccessKeyID != "ASIAEXAMPLEEXAMPLE00" || !f.events[1].Allowed {
			t.Errorf("%s: recorded %+v", via, f.events)
		}
	}
}

// TestProbeRefused: a refusal is asked about once more without what a trust policy may refuse on its own.
func TestProbeRefused(t *testing.T) {
	f := newFakes(taggedGrant(bridge.ViaAssumeRole))
	f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
		if len(q.Tags) > 0 || q.SourceIdentity != "" || len(q.Role.TransitiveTags) > 0 {
			return bridge.Credentials{}, bridge.Fail(bridge.CodeSTSRefused, nil)
		}
		return bridge.Credentials{AccessKeyID: "ASIAEXAMPLEEXAMPLE00"}, nil
	}
	got, err := newBridge(t, f).Probe(context.Background(), probeOf("Dev", bridge.ViaAssumeRole))
	wantCode(t, err, bridge.CodeSTSRefused)
	if !got.Bare || len(f.asked) != 2 || len(f.events) != 4 || f.events[1].Allowed || f.events[1].Code != bridge.CodeSTSRefused {
		t.Errorf("%+v, %d calls, recorded %+v", got, len(f.asked), f.events)
	}
	for _, code := range []bridge.Code{bridge.CodeSTSDown, bridge.CodeSTSRefused} {
		f := newFakes(taggedGrant(bridge.ViaAssumeRole))
		f.answer = func(bridge.ExchangeRequest) (bridge.Credentials, error) {
			return bridge.Credentials{}, bridge.Fail(code, nil)
		}
		got, err := newBridge(t, f).Probe(context.Background(), probeOf("Dev", bridge.ViaAssumeRole))
		wantCode(t, err, code)
		if want := map[bridge.Code]int{bridge.CodeSTSDown: 1, bridge.CodeSTSRefused: 2}[code]; got.Bare || len(f.asked) != want {
			t.Errorf("%s: %+v, %d calls", code, got, len(f.asked))
		}
	}
}

// TestProbeNeedsAudit: no record, no call; no record of the outcome, no answer.
func TestProbeNeedsAudit(t *testing.T) {
	for _, kind := range []bridge.AuditKind{bridge.AuditProbe, bridge.AuditOutcome} {
		f := newFakes(grant("Dev", time.Hour, bridge.ViaIssuer))
		f.auditErr[kind] = errDisk
		got, err := newBridge(t, f).Probe(context.Background(), probeOf("Dev", bridge.ViaIssuer))
		wantCode(t, err, bridge.CodeAuditDown)
		if got != (bridge.Probe{}) || kind == bridge.AuditProbe && len(f.asked)+len(f.minted) != 0 {
			t.Errorf("%s: %+v, asked %d, minted %d", kind, got, len(f.asked), len(f.minted))
		}
	}
}

// TestProbeRelays: what needs a person's own answer can't be probed, nor a role or a way that isn't there.
func TestProbeRelays(t *testing.T) {
	f := newFakes(grant("Dev", time.Hour, bridge.ViaSAML, bridge.ViaWebIdentity))
	b := newBridge(t, f)
	for _, req := range []bridge.ProbeRequest{
		probeOf("Dev", bridge.ViaSAML), probeOf("Dev", bridge.ViaWebIdentity), probeOf("Dev", bridge.ViaIssuer), probeOf("None", bridge.ViaIssuer), {},
	} {
		_, err := b.Probe(context.Background(), req)
		wantCode(t, err, bridge.CodeInternal)
	}
	if len(f.order) != 0 {
		t.Errorf("something happened: %v", f.order)
	}
}
