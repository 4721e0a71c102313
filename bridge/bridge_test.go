package bridge_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

func TestHalfABridge(t *testing.T) {
	f := newFakes()
	whole := bridge.Options{Authorizer: f, Roles: f, STS: f, Console: f, Audit: f}
	if _, err := bridge.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, take := range map[string]func(*bridge.Options){
		"authorizer": func(o *bridge.Options) { o.Authorizer = nil }, "roles": func(o *bridge.Options) { o.Roles = nil },
		"sts": func(o *bridge.Options) { o.STS = nil }, "console": func(o *bridge.Options) { o.Console = nil },
		"audit": func(o *bridge.Options) { o.Audit = nil },
	} {
		half := whole
		take(&half)
		if _, err := bridge.New(half); err == nil {
			t.Errorf("a bridge without %s starts", name)
		}
	}
	minting := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole, bridge.ViaIssuer))
	whole.Roles = minting
	if _, err := bridge.New(whole); err == nil {
		t.Error("a bridge without minter starts, and a role needs one")
	}
	whole.Minter = minting
	if _, err := bridge.New(whole); err != nil {
		t.Error(err)
	}
}

// TestAssume: decision, act and outcome, in this order, with everything an auditor needs and nothing secret.
func TestAssume(t *testing.T) {
	g := grant("Admin", 8*time.Hour, bridge.ViaAssumeRole)
	g.Tags, g.SourceIdentity = []bridge.Tag{{Key: "Team", Value: "a"}}, "ada"
	f := newFakes(g)
	req := request("Admin")
	req.Duration = 2 * time.Hour
	got, err := newBridge(t, f).Assume(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	name := bridge.SessionName(ada(), false)
	if got.AccessKeyID == "" || got.SessionName != name || got.Role.Key != req.Role || got.CapReason != bridge.CapNone {
		t.Errorf("credentials %+v", got)
	}
	if diff := cmp.Diff([]string{"decide", "sts", "outcome"}, f.order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	q := f.asked[0]
	if q.Duration != 2*time.Hour || q.SessionName != name || q.SourceIdentity != "ada" || len(q.Tags) != 1 || !q.Proof.Raw.IsZero() {
		t.Errorf("STS was asked %+v", q)
	}
	decision, outcome := f.events[0], f.events[1]
	want := bridge.AuditEvent{
		Time: now, Kind: bridge.AuditDecide, ID: decision.ID, RequestID: "r1", Allowed: true,
		Provider: "corp", Issuer: "https://idp.example.com", Subject: "ada", Email: "ada@example.com", KeyFingerprint: "f1",
		Door: "portal", Source: "192.0.2.1", Account: account, Role: "Admin",
		RoleARN: "arn:aws:iam::111122223333:role/Admin", Via: bridge.ViaAssumeRole, Rules: []string{"platform team"},
		SessionName: name, SourceIdentity: "ada", Tags: g.Tags, DurationSecs: 7200, Purpose: "credentials",
	}
	if diff := cmp.Diff(want, decision); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
	want.Kind, want.ID, want.Decision = bridge.AuditOutcome, outcome.ID, decision.ID
	want.AccessKeyID, want.Expires = got.AccessKeyID, got.Expires
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if decision.ID == "" || decision.ID == outcome.ID {
		t.Errorf("ids %q and %q", decision.ID, outcome.ID)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", f.events, f.events), "CANARY") {
		t.Error("the audit log holds a secret")
	}
}

// TestRefusedBeforeSTS: a refusal is one audit line and no call.
func TestRefusedBeforeSTS(t *testing.T) {
	over := ada()
	over.SessionEnd = now
	cases := map[string]struct {
		edit    func(*bridge.AssumeRequest)
		refusal bridge.Code
		want    bridge.Code
	}{
		"another role":      {func(r *bridge.AssumeRequest) { r.Role.Name = "Root" }, bridge.CodeNotEntitled, bridge.CodeNotEntitled},
		"another account":   {func(r *bridge.AssumeRequest) { r.Role.Account = "999999999999" }, bridge.CodeNotEntitled, bridge.CodeNotEntitled},
		"another case":      {func(r *bridge.AssumeRequest) { r.Role.Name = "admin" }, bridge.CodeNotEntitled, bridge.CodeNotEntitled},
		"denied":            {func(r *bridge.AssumeRequest) { r.Role.Name = "Root" }, bridge.CodeDenied, bridge.CodeDenied},
		"a tag that is not": {func(r *bridge.AssumeRequest) { r.Role.Name = "Root" }, bridge.CodeTagValue, bridge.CodeTagValue},
		"nobody":            {func(r *bridge.AssumeRequest) { r.Identity = bridge.Identity{} }, "", bridge.CodeNotSignedIn},
		"no subject":        {func(r *bridge.AssumeRequest) { r.Identity.Subject = "" }, "", bridge.CodeNotSignedIn},
		"no provider":       {func(r *bridge.AssumeRequest) { r.Identity.Provider = "" }, "", bridge.CodeNotSignedIn},
		"session ended":     {func(r *bridge.AssumeRequest) { r.Identity = over }, "", bridge.CodeSessionEnded},
		"too long":          {func(r *bridge.AssumeRequest) { r.Duration = 9 * time.Hour }, "", bridge.CodeDuration},
	}
	for name, c := range cases {
		for purpose, ask := range doors {
			t.Run(name+"/"+purpose, func(t *testing.T) {
				f := newFakes(grant("Admin", 8*time.Hour, bridge.ViaAssumeRole))
				f.refusal = c.refusal
				req := request("Admin")
				c.edit(&req)
				got, err := ask(newBridge(t, f), context.Background(), req)
				wantCode(t, err, c.want)
				wantNothing(t, got)
				if diff := cmp.Diff([]string{"decide"}, f.order); diff != "" {
					t.Fatalf("order (-want +got):\n%s", diff)
				}
				if e := f.events[0]; e.Allowed || e.Code != c.want || e.Purpose != purpose || e.AccessKeyID != "" {
					t.Errorf("audited %+v", e)
				}
			})
		}
	}
}

// doors are both ways to Assume.
var doors = map[string]func(*bridge.Bridge, context.Context, bridge.AssumeRequest) (bridge.Credentials, error){
	"credentials": (*bridge.Bridge).Assume,
	"console": func(b *bridge.Bridge, ctx context.Context, req bridge.AssumeRequest) (bridge.Credentials, error) {
		link, c, err := b.ConsoleURL(ctx, req, bridge.Destination{})
		if err != nil && !link.IsZero() {
			panic("a link came with the refusal")
		}
		return c, err
	},
}

// TestAuditDown: no record, no credentials, whether it fails before or after (threat A24).
func TestAuditDown(t *testing.T) {
	stsDown := func(bridge.ExchangeRequest) (bridge.Credentials, error) {
		return bridge.Credentials{}, bridge.Fail(bridge.CodeSTSDown, nil)
	}
	cases := map[string]struct {
		fails  bridge.AuditKind
		role   string
		answer func(bridge.ExchangeRequest) (bridge.Credentials, error)
		order  []string
	}{
		"before":             {bridge.AuditDecide, "Admin", nil, []string{"decide"}},
		"of a refusal":       {bridge.AuditDecide, "Root", nil, []string{"decide"}},
		"after":              {bridge.AuditOutcome, "Admin", nil, []string{"decide", "sts", "outcome"}},
		"after a failure":    {bridge.AuditOutcome, "Admin", stsDown, []string{"decide", "sts", "outcome"}},
		"no link without it": {bridge.AuditOutcome, "Admin", nil, []string{"decide", "sts", "outcome"}},
	}
	for name, c := range cases {
		for purpose, ask := range doors {
			t.Run(name+"/"+purpose, func(t *testing.T) {
				f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
				f.auditErr[c.fails] = errDisk
				if c.answer != nil {
					f.answer = c.answer
				}
				got, err := ask(newBridge(t, f), context.Background(), request(c.role))
				wantCode(t, err, bridge.CodeAuditDown)
				wantNothing(t, got)
				if diff := cmp.Diff(c.order, f.order); diff != "" {
					t.Errorf("order (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestSTSRefuses: the outcome says why, beside the decision that allowed it.
func TestSTSRefuses(t *testing.T) {
	f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	f.answer = func(bridge.ExchangeRequest) (bridge.Credentials, error) {
		return bridge.Credentials{AccessKeyID: "ASIAHALF"}, bridge.Fail(bridge.CodeSTSRefused, nil)
	}
	got, err := newBridge(t, f).Assume(context.Background(), request("Admin"))
	wantCode(t, err, bridge.CodeSTSRefused)
	wantNothing(t, got)
	if len(f.events) != 2 || !f.events[0].Allowed || f.events[1].Allowed || f.events[1].Code != bridge.CodeSTSRefused {
		t.Fatalf("audited %+v", f.events)
	}
	if f.events[1].Decision != f.events[0].ID || f.events[1].AccessKeyID != "" {
		t.Errorf("outcome %+v", f.events[1])
	}
}

// TestPersonLeaves: what became of the call is recorded, though nobody waits for it any more.
func TestPersonLeaves(t *testing.T) {
	for name, err := range map[string]error{"with credentials": nil, "with a failure": bridge.Fail(bridge.CodeClientGone, nil)} {
		ctx, leave := context.WithCancel(context.Background())
		f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
		whole := f.answer
		f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
			leave()
			c, _ := whole(q)
			return c, err
		}
		_, _ = newBridge(t, f).Assume(ctx, request("Admin"))
		if len(f.events) != 2 || f.events[1].Kind != bridge.AuditOutcome {
			t.Errorf("%s: audited %+v", name, f.events)
		}
	}
}

// TestDuration: threat X7. What a person asked for is given, refused, or cut with a reason; never silently changed.
func TestDuration(t *testing.T) {
	type want struct {
		sent   time.Duration // 0: refused
		reason bridge.CapReason
	}
	const none, capRole = bridge.CapNone, bridge.CapRole
	cases := []struct {
		name    string
		wish    time.Duration
		roleMax time.Duration
		sts     time.Duration // what STS is known to give; 0: anything
		ends    time.Duration // until the IdP's session ends; 0: never
		want    want
	}{
		{"nothing asked", 0, 8 * time.Hour, 0, 0, want{time.Hour, none}},
		{"nothing asked, short role", 0, 30 * time.Minute, 0, 0, want{30 * time.Minute, capRole}},
		{"900 s", 900 * time.Second, time.Hour, 0, 0, want{900 * time.Second, none}},
		{"the role's maximum", 8 * time.Hour, 8 * time.Hour, 0, 0, want{8 * time.Hour, none}},
		{"12 h", 12 * time.Hour, 12 * time.Hour, 0, 0, want{12 * time.Hour, none}},
		{"a second more than the role", 8*time.Hour + time.Second, 8 * time.Hour, 0, 0, want{}},
		{"-1 s", -time.Second, 8 * time.Hour, 0, 0, want{}},
		{"1 ns", 1, 8 * time.Hour, 0, 0, want{}},
		{"899 s", 899 * time.Second, 8 * time.Hour, 0, 0, want{}},
		{"43201 s", 43201 * time.Second, 12 * time.Hour, 0, 0, want{}},
		{"43201 s of a generous role", 43201 * time.Second, 24 * time.Hour, 0, 0, want{}},
		{"1e9 s", 1e9 * time.Second, 12 * time.Hour, 0, 0, want{}},
		{"half a second", time.Hour + 500*time.Millisecond, 12 * time.Hour, 0, 0, want{}},
		{"chained", 8 * time.Hour, 8 * time.Hour, time.Hour, 0, want{time.Hour, bridge.CapChained}},
		{"chained, nothing asked", 0, 8 * time.Hour, time.Hour, 0, want{time.Hour, none}},
		{"chained, less asked", 30 * time.Minute, 8 * time.Hour, time.Hour, 0, want{30 * time.Minute, none}},
		{"the IdP ends sooner", 8 * time.Hour, 8 * time.Hour, 0, 2 * time.Hour, want{2 * time.Hour, bridge.CapIdPSession}},
		{"the IdP ends in 10 min", 8 * time.Hour, 8 * time.Hour, 0, 10 * time.Minute, want{15 * time.Minute, bridge.CapIdPSession}},
		{"the IdP ends later", 2 * time.Hour, 8 * time.Hour, 0, 3 * time.Hour, want{2 * time.Hour, none}},
		{"all three", 8 * time.Hour, 8 * time.Hour, time.Hour, 30 * time.Minute, want{30 * time.Minute, bridge.CapIdPSession}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFakes(grant("Admin", c.roleMax, bridge.ViaIssuer))
			f.longest, f.longestBy = c.sts, bridge.CapChained
			req := request("Admin")
			req.Duration = c.wish
			if c.ends != 0 {
				req.Identity.SessionEnd = now.Add(c.ends)
			}
			got, err := newBridge(t, f).Assume(context.Background(), req)
			if c.want.sent == 0 {
				wantCode(t, err, bridge.CodeDuration)
				if len(f.asked) != 0 {
					t.Error("STS was asked")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.asked[0].Duration != c.want.sent || f.minted[0].Duration != c.want.sent || got.CapReason != c.want.reason {
				t.Errorf("asked for %s, minted %s, cap %q; want %s, %q",
					f.asked[0].Duration, f.minted[0].Duration, got.CapReason, c.want.sent, c.want.reason)
			}
			if got.CapReason != bridge.CapNone && got.CapReason.Sentence() == "" {
				t.Error("nobody can read why")
			}
		})
	}
}

// TestEntitlementWithoutLimit: one that names no length gives the role's, and nothing longer.
func TestEntitlementWithoutLimit(t *testing.T) {
	g := grant("Admin", 2*time.Hour, bridge.ViaAssumeRole)
	g.MaxSession, g.CapReason = 0, ""
	for wish, want := range map[time.Duration]bridge.Code{2 * time.Hour: "", 3 * time.Hour: bridge.CodeDuration} {
		req := request("Admin")
		req.Duration = wish
		_, err := newBridge(t, newFakes(g)).Assume(context.Background(), req)
		wantCode(t, err, want)
	}
}

// TestSTSKnowsBetter: a reason that the exchange found is not overwritten.
func TestSTSKnowsBetter(t *testing.T) {
	f := newFakes(grant("Admin", 8*time.Hour, bridge.ViaAssumeRole))
	whole := f.answer
	f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
		c, err := whole(q)
		c.CapReason, c.Chained = bridge.CapChained, true
		return c, err
	}
	req := request("Admin")
	req.Duration = 8 * time.Hour
	got, err := newBridge(t, f).Assume(context.Background(), req)
	if err != nil || got.CapReason != bridge.CapChained || !got.Chained {
		t.Errorf("cap %q, chained %v, %v", got.CapReason, got.Chained, err)
	}
}

func TestConsoleURL(t *testing.T) {
	to := bridge.Destination{URL: "https://console.aws.amazon.com/s3"}
	f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	link, got, err := newBridge(t, f).ConsoleURL(context.Background(), request("Admin"), to)
	if err != nil || link.Reveal() != "https://signin.example.com/CANARY" || got.AccessKeyID == "" {
		t.Fatalf("%v, %+v, %v", link, got, err)
	}
	if f.links[0] != to || f.events[0].Purpose != "console" || !slices.Equal(f.order, []string{"decide", "sts", "outcome", "link"}) {
		t.Errorf("links %v, order %v", f.links, f.order)
	}

	bad := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	bad.checkErr = bridge.Fail(bridge.CodeConsoleTarget, nil)
	_, got, err = newBridge(t, bad).ConsoleURL(context.Background(), request("Admin"), to)
	wantCode(t, err, bridge.CodeConsoleTarget)
	wantNothing(t, got)
	if len(bad.order) != 0 {
		t.Errorf("a bad destination went as far as %v", bad.order)
	}
	// Who may not have the role reads that, and nothing about the destination.
	_, _, err = newBridge(t, bad).ConsoleURL(context.Background(), request("Root"), to)
	wantCode(t, err, bridge.CodeNotEntitled)

	down := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	down.linkErr = bridge.Fail(bridge.CodeConsoleDown, nil)
	link, got, err = newBridge(t, down).ConsoleURL(context.Background(), request("Admin"), to)
	wantCode(t, err, bridge.CodeConsoleDown)
	wantNothing(t, got)
	if !link.IsZero() {
		t.Error("a link came with the failure")
	}
}
