package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

// posting is a role whose console is opened by a POST.
func posting() bridge.Grant {
	g := minting(bridge.ProofSAML, "Team")
	g.Role.ConsolePost = true
	return g
}

const consolePage = "https://console.aws.amazon.com/s3"

// TestConsolePost: the assertion is minted for the sign-in URL that the form leads to, after the decision is recorded; the
// form leaves after the outcome is. STS isn't asked.
func TestConsolePost(t *testing.T) {
	g := posting()
	f := newFakes(g)
	req := request("Admin")
	req.Duration = 12 * time.Hour
	form, err := newBridge(t, f).ConsolePost(context.Background(), req, bridge.Destination{URL: consolePage})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"decide", "sign-in", "mint", "outcome"}, f.order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if form.URL != "https://signin.example.com/saml" || form.RelayState != consolePage || form.Response.Reveal() != "CANARY minted-1" || form.Role.Key != g.Role.Key {
		t.Errorf("form %+v", form)
	}
	m := f.minted[0]
	if m.Recipient != form.URL || m.Duration != 12*time.Hour || m.SourceIdentity != "ada" || len(m.Tags) != 1 || m.Role.Key != g.Role.Key ||
		m.SessionName != bridge.SessionName(ada(), false) || m.Identity.Subject != "ada" {
		t.Errorf("minted %+v", m)
	}
	decision, outcome := f.events[0], f.events[1]
	want := decision
	want.Kind, want.ID, want.Decision, want.MintedID, want.Expires = bridge.AuditOutcome, outcome.ID, decision.ID, "minted-1", now.Add(12*time.Hour)
	if diff := cmp.Diff(want, outcome); diff != "" || !outcome.Allowed || outcome.Purpose != "console" || outcome.Via != bridge.ViaIssuer {
		t.Errorf("outcome %+v (-want +got):\n%s", outcome, diff)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v %+v %#v", f.events, f.events, form, form), "CANARY") {
		t.Error("what was minted can be printed")
	}
}

// TestConsolePostRefused: what isn't made for it is refused before anything is minted, in the decision itself.
func TestConsolePostRefused(t *testing.T) {
	over := ada()
	over.SessionEnd = now
	role := func(change func(*bridge.Role)) func(*bridge.Grant, *bridge.AssumeRequest) {
		return func(g *bridge.Grant, _ *bridge.AssumeRequest) { change(&g.Role) }
	}
	ask := func(change func(*bridge.AssumeRequest)) func(*bridge.Grant, *bridge.AssumeRequest) {
		return func(_ *bridge.Grant, r *bridge.AssumeRequest) { change(r) }
	}
	cases := map[string]struct {
		edit func(*bridge.Grant, *bridge.AssumeRequest)
		want bridge.Code
	}{
		"session policy":     {role(func(r *bridge.Role) { r.SessionPolicy = "{}" }), bridge.CodeInternal},
		"managed policies":   {role(func(r *bridge.Role) { r.SessionPolicyARNs = []string{"arn:aws:iam::aws:policy/X"} }), bridge.CodeInternal},
		"not asked for":      {role(func(r *bridge.Role) { r.ConsolePost = false }), bridge.CodeInternal},
		"mints ID tokens":    {role(func(r *bridge.Role) { r.Mint = "" }), bridge.CodeInternal},
		"by our credentials": {role(func(r *bridge.Role) { r.Via = []bridge.Via{bridge.ViaAssumeRole} }), bridge.CodeInternal},
		"relayed":            {role(func(r *bridge.Role) { r.Via = []bridge.Via{bridge.ViaSAML} }), bridge.CodeInternal},
		"another role":       {ask(func(r *bridge.AssumeRequest) { r.Role.Name = "Root" }), bridge.CodeNotEntitled},
		"nobody":             {ask(func(r *bridge.AssumeRequest) { r.Identity = bridge.Identity{} }), bridge.CodeNotSignedIn},
		"session ended":      {ask(func(r *bridge.AssumeRequest) { r.Identity = over }), bridge.CodeSessionEnded},
		"too long":           {ask(func(r *bridge.AssumeRequest) { r.Duration = 13 * time.Hour }), bridge.CodeDuration},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g, req := posting(), request("Admin")
			c.edit(&g, &req)
			f := newFakes(g)
			form, err := newBridge(t, f).ConsolePost(context.Background(), req, bridge.Destination{})
			wantCode(t, err, c.want)
			if form.URL != "" || !form.Response.IsZero() {
				t.Error("a form came with the refusal")
			}
			if diff := cmp.Diff([]string{"decide"}, f.order); diff != "" || f.events[0].Allowed || f.events[0].Code != c.want || f.events[0].Purpose != "console" {
				t.Errorf("audited %+v, order (-want +got):\n%s", f.events, diff)
			}
		})
	}
}

// TestConsolePostFails: each step that can fail after the decision keeps the form back, and all but a lost record say so.
func TestConsolePostFails(t *testing.T) {
	cases := map[string]struct {
		edit  func(*fakes)
		want  bridge.Code
		order []string
	}{
		"destination":      {func(f *fakes) { f.checkErr = bridge.Fail(bridge.CodeConsoleTarget, nil) }, bridge.CodeConsoleTarget, nil},
		"no sign-in URL":   {func(f *fakes) { f.signInErr = bridge.Fail(bridge.CodeRegion, nil) }, bridge.CodeRegion, []string{"decide", "sign-in", "outcome"}},
		"no decision kept": {func(f *fakes) { f.auditErr[bridge.AuditDecide] = errDisk }, bridge.CodeAuditDown, []string{"decide"}},
		"no outcome kept":  {func(f *fakes) { f.auditErr[bridge.AuditOutcome] = errDisk }, bridge.CodeAuditDown, []string{"decide", "sign-in", "mint", "outcome"}},
		"no key": {func(f *fakes) {
			f.mint = func(bridge.MintRequest) (bridge.Proof, error) {
				return bridge.Proof{}, bridge.Fail(bridge.CodeIssuerKey, errors.New("CANARY"))
			}
		}, bridge.CodeIssuerKey, []string{"decide", "sign-in", "mint", "outcome"}},
		"the wrong kind": {func(f *fakes) {
			f.mint = func(bridge.MintRequest) (bridge.Proof, error) {
				return bridge.Proof{Kind: bridge.ProofIDToken, ID: "x", Raw: bridge.NewSecret("CANARY")}, nil
			}
		}, bridge.CodeIssuerMint, []string{"decide", "sign-in", "mint", "outcome"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFakes(posting())
			c.edit(f)
			form, err := newBridge(t, f).ConsolePost(context.Background(), request("Admin"), bridge.Destination{URL: consolePage})
			wantCode(t, err, c.want)
			if diff := cmp.Diff(bridge.ConsoleForm{}, form, cmp.AllowUnexported(bridge.Secret{})); diff != "" {
				t.Errorf("a form came with the failure: %s", diff)
			}
			if diff := cmp.Diff(c.order, f.order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			if last := len(f.events) - 1; last == 1 && (f.events[1].Allowed || f.events[1].Code != c.want) {
				t.Errorf("outcome %+v", f.events[1])
			}
		})
	}
	// Who may not have the role learns nothing about the destination.
	f := newFakes(posting())
	f.checkErr = bridge.Fail(bridge.CodeConsoleTarget, nil)
	_, err := newBridge(t, f).ConsolePost(context.Background(), request("Root"), bridge.Destination{})
	wantCode(t, err, bridge.CodeNotEntitled)
}

// TestConsolePostCaps: the session at the identity provider ends it, as it ends every other.
func TestConsolePostCaps(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{0: 12 * time.Hour, 2 * time.Hour: 2 * time.Hour, time.Minute: 15 * time.Minute} {
		f := newFakes(posting())
		req := request("Admin")
		if req.Duration = 12 * time.Hour; left > 0 {
			req.Identity.SessionEnd = now.Add(left)
		}
		_, err := newBridge(t, f).ConsolePost(context.Background(), req, bridge.Destination{})
		if err != nil || f.minted[0].Duration != want || !f.events[1].Expires.Equal(now.Add(want)) {
			t.Errorf("%s left: %v, minted for %s, audited until %s", left, err, f.minted[0].Duration, f.events[1].Expires)
		}
		if !f.minted[0].Identity.SessionEnd.Equal(req.Identity.SessionEnd) {
			t.Error("the minter doesn't know when the session ends")
		}
	}
}

// TestConsolePostOtherWays: a role that can also be reached otherwise is still opened by what we mint.
func TestConsolePostOtherWays(t *testing.T) {
	g := posting()
	g.Role.Via = []bridge.Via{bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaIssuer}
	f := newFakes(g)
	f.longest, f.longestBy = time.Hour, bridge.CapChained
	f.longestVia = bridge.ViaAssumeRole
	req := request("Admin")
	req.Duration = 12 * time.Hour
	form, err := newBridge(t, f).ConsolePost(context.Background(), req, bridge.Destination{})
	if err != nil || form.Response.IsZero() || f.events[0].Via != bridge.ViaIssuer || f.minted[0].Duration != 12*time.Hour {
		t.Errorf("%v, audited %+v", err, f.events)
	}
}

// TestAttackConsolePostRulesChange: the rules that are asked right before the record decide, and the form leads where the
// role of that moment is.
func TestAttackConsolePostRulesChange(t *testing.T) {
	f := newFakes(posting())
	for n, want := range []bridge.Code{bridge.CodeDenied, bridge.CodeDenied, ""} {
		f.order, f.minted = nil, nil
		b, err := bridge.New(bridge.Options{Authorizer: &fickle{f, n}, Roles: f, Minter: f, STS: f, Console: f, Audit: f})
		if err != nil {
			t.Fatal(err)
		}
		form, err := b.ConsolePost(context.Background(), request("Admin"), bridge.Destination{})
		wantCode(t, err, want)
		if (len(f.minted) == 0) == (want == "") || form.Response.IsZero() == (want == "") {
			t.Errorf("%d: minted %d", n, len(f.minted))
		}
	}
}
