package bridge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

// nthFails is an audit log that refuses its nth line, and those after it.
type nthFails struct {
	*fakes
	n, seen int
}

func (a *nthFails) Record(ctx context.Context, e bridge.AuditEvent) error {
	if a.seen++; a.seen >= a.n {
		return errDisk
	}
	return a.fakes.Record(ctx, e)
}

// TestAttackAuditStages: whichever line can't be written, nothing is handed over, and what comes later isn't tried.
func TestAttackAuditStages(t *testing.T) {
	linkFails := bridge.Fail(bridge.CodeConsoleDown, nil)
	cases := []struct {
		name, door string
		linkErr    error
		n          int
		order      []string
	}{
		{"intent", "credentials", nil, 1, nil},
		{"outcome", "credentials", nil, 2, []string{"decide", "sts"}},
		{"intent of a link", "console", nil, 1, nil},
		{"outcome of a link", "console", nil, 2, []string{"decide", "sts"}},
		{"that there is no link", "console", linkFails, 3, []string{"decide", "sts", "outcome", "link"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
			f.linkErr = c.linkErr
			b, err := bridge.New(bridge.Options{Authorizer: f, Roles: f, STS: f, Console: f, Audit: &nthFails{fakes: f, n: c.n}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := doors[c.door](b, context.Background(), request("Admin"))
			wantCode(t, err, bridge.CodeAuditDown)
			wantNothing(t, got)
			if diff := cmp.Diff(c.order, f.order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAttackLinkFails: credentials were issued and then no link came of them. The audit log names the access key, says
// that it was issued, and says why nobody got it.
func TestAttackLinkFails(t *testing.T) {
	for name, failure := range map[string]error{
		"console down": bridge.Fail(bridge.CodeConsoleDown, errors.New("CANARY")),
		"person left":  bridge.Fail(bridge.CodeClientGone, context.Canceled),
		"not ours":     errors.New("CANARY"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, leave := context.WithCancel(context.Background())
			defer leave()
			f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
			f.linkErr = failure
			whole := f.answer
			f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
				defer leave() // whoever asked is gone before there is a link
				return whole(q)
			}
			_, got, err := newBridge(t, f).ConsoleURL(ctx, request("Admin"), bridge.Destination{})
			wantCode(t, err, bridge.CodeOf(failure))
			wantNothing(t, got)
			if len(f.events) != 3 {
				t.Fatalf("audited %d events, want decision, outcome, and that there is no link: %+v", len(f.events), f.events)
			}
			decision, issued, lost := f.events[0], f.events[1], f.events[2]
			if !issued.Allowed || issued.Decision != decision.ID || issued.AccessKeyID == "" {
				t.Errorf("what was issued: %+v", issued)
			}
			want := issued
			want.ID, want.Time, want.Allowed, want.Code = lost.ID, lost.Time, false, bridge.CodeOf(failure)
			if diff := cmp.Diff(want, lost); diff != "" || lost.ID == issued.ID {
				t.Errorf("what became of it (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAttackLeaveEarly: hanging up doesn't keep a decision out of the audit log. The log of these tests honours contexts.
func TestAttackLeaveEarly(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	for role, want := range map[string][]string{"Admin": {"decide", "sts", "outcome"}, "Root": {"decide"}} {
		f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
		f.answer = func(bridge.ExchangeRequest) (bridge.Credentials, error) {
			return bridge.Credentials{}, bridge.Fail(bridge.CodeClientGone, nil)
		}
		_, err := newBridge(t, f).Assume(gone, request(role))
		if err == nil || bridge.CodeOf(err) == bridge.CodeAuditDown {
			t.Errorf("%s: %v", role, err)
		}
		if diff := cmp.Diff(want, f.order); diff != "" || len(f.events) != len(want)-len(f.asked) {
			t.Errorf("%s: audited %+v, order (-want +got):\n%s", role, f.events, diff)
		}
	}
}

// TestAttackPanic: a panic in the exchange leaves a decision without an outcome, which reads unknown, and no credentials.
func TestAttackPanic(t *testing.T) {
	f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	f.answer = func(bridge.ExchangeRequest) (bridge.Credentials, error) { panic("CANARY") }
	var got bridge.Credentials
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed: whoever alarms doesn't see it")
			}
		}()
		got, _ = newBridge(t, f).Assume(context.Background(), request("Admin"))
	}()
	wantNothing(t, got)
	if len(f.events) != 1 || f.events[0].Kind != bridge.AuditDecide || !f.events[0].Allowed {
		t.Errorf("audited %+v", f.events)
	}
}

// fickle takes the role away after it was asked n times: the rules changed while a request was under way.
type fickle struct {
	*fakes
	n int
}

func (a *fickle) Grant(id bridge.Identity, role bridge.RoleKey) (bridge.Grant, error) {
	if a.n--; a.n < 0 {
		return bridge.Grant{}, bridge.Fail(bridge.CodeDenied, nil)
	}
	return a.fakes.Grant(id, role)
}

// TestAttackRulesChange: what the picker, or an earlier check of this request, saw counts for nothing. The rules that are
// asked right before the record decide.
func TestAttackRulesChange(t *testing.T) {
	f := newFakes(grant("Admin", time.Hour, bridge.ViaAssumeRole))
	b, err := bridge.New(bridge.Options{Authorizer: &fickle{f, 1}, Roles: f, STS: f, Console: f, Audit: f})
	if err != nil {
		t.Fatal(err)
	}
	if offers := b.Offers(context.Background(), ada(), bridge.Proof{}); len(offers) != 1 {
		t.Fatalf("%d offers", len(offers))
	}
	_, got, err := b.ConsoleURL(context.Background(), request("Admin"), bridge.Destination{}) // its first check still passes
	wantCode(t, err, bridge.CodeDenied)
	wantNothing(t, got)
	if diff := cmp.Diff([]string{"decide"}, f.order); diff != "" || f.events[0].Allowed {
		t.Errorf("audited %+v, order (-want +got):\n%s", f.events, diff)
	}
}
