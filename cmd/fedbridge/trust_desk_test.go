package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// desk opens the configuration as serve does, and gives the operators' desk with a clock of its own.
func (w *trustWorld) desk(change func(string) string) (*trustDesk, *clock) {
	w.Helper()
	text := change(readFile(w.T, w.config) + "operators:\n  - {provider: corp, groups: [aws-platform]}\n")
	file, problems := config.Parse("fedbridge.yaml", []byte(text))
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	world, err := file.Open(w.Context(), config.Outside{})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { world.Close() })
	core, err := newBridge(world, world.STS, world.Audit, slog.New(slog.DiscardHandler))
	if err != nil {
		w.Fatal(err)
	}
	desk, err := newTrustDesk(w.Context(), world, core, slog.New(slog.DiscardHandler))
	if err != nil {
		w.Fatal(err)
	}
	c := &clock{}
	if desk != nil {
		w.Cleanup(desk.close)
		desk.now = c.now
	}
	return desk, c
}

// clock is the wall clock, moved.
type clock struct{ moved time.Duration }

func (c *clock) now() time.Time { return time.Now().Add(c.moved) }

func reading(text string) string {
	return strings.Replace(text, "aws: {", `aws: {read_role: "arn:aws:iam::{account}:role/TrustReader", `, 1)
}

func unchanged(text string) string { return text }

func wayOf(t *testing.T, view portal.TrustView, role string) portal.TrustWay {
	t.Helper()
	for _, way := range view.Ways {
		if roleName(way.Role) == role {
			return way
		}
	}
	t.Fatalf("no %s", role)
	return portal.TrustWay{}
}

// TestTrustDesk: nothing is asked before the button is pressed; then everything is, in the operator's name, and it stays.
func TestTrustDesk(t *testing.T) {
	w := issuerWorld(t)
	desk, clock := w.desk(reading)
	before := desk.View()
	if len(before.Ways) != 5 || !before.Reads || !before.Running.IsZero() || !wayOf(t, before, "shop/good").Checked.IsZero() || w.aws.Calls("") != 0 {
		t.Errorf("%+v", before)
	}
	operator := bridge.Identity{Provider: "corp", Subject: "olga", Email: "olga@example.com"}
	if err := desk.Check(t.Context(), portal.TrustCheck{By: operator, Source: "192.0.2.7", RequestID: "r-1"}); err != nil {
		t.Fatal(err)
	}
	desk.wait()
	view := desk.View()
	if way := wayOf(t, view, "shop/good"); way.Checked.IsZero() || !way.Read || way.Unread || way.Live == nil || way.Live.As == "" || way.Live.Code != "" {
		t.Errorf("good: %+v", way)
	}
	if way := wayOf(t, view, "shop/tagged"); way.Live.Code != bridge.CodeSTSRefused || !way.Live.Answered || !way.Live.Bare || len(way.Findings) == 0 || way.Findings[0].Severity != trust.SeverityError {
		t.Errorf("tagged: %+v", way)
	}
	if way := wayOf(t, view, "data/relayed"); !way.Unread || way.Read || way.Live != nil {
		t.Errorf("relayed: %+v", way)
	}
	if way := wayOf(t, view, "shop/signed"); way.Live.Code != "" || len(way.Findings) != 0 {
		t.Errorf("signed, whose policy names who we are: %+v", way)
	}
	for _, e := range w.entries() {
		if e.Kind == bridge.AuditProbe && (e.Email != "olga@example.com" || e.Source != "192.0.2.7" || e.RequestID != "r-1") {
			t.Errorf("recorded %+v", e)
		}
	}

	// Once more at once is too soon; a while later it is not, and one role's turn leaves the others as they were.
	again := portal.TrustCheck{Roles: []bridge.RoleKey{{Account: trustShop, Name: "good"}}, By: operator}
	if code := bridge.CodeOf(desk.Check(t.Context(), again)); code != bridge.CodeRateLimited {
		t.Errorf("at once: %s", code)
	}
	clock.moved = time.Hour
	calls := w.aws.Calls("AssumeRoleWithWebIdentity")
	if err := desk.Check(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	desk.wait()
	later := desk.View()
	if n := w.aws.Calls("AssumeRoleWithWebIdentity") - calls; n != 1 {
		t.Errorf("%d calls for one role", n)
	}
	if !wayOf(t, later, "shop/good").Checked.After(wayOf(t, view, "shop/good").Checked.Add(time.Minute)) ||
		!wayOf(t, later, "shop/tagged").Checked.Equal(wayOf(t, view, "shop/tagged").Checked) {
		t.Error("the wrong role is fresh")
	}
}

// TestTrustDeskReadsNothing: without a role to read with, STS alone is asked.
func TestTrustDeskReadsNothing(t *testing.T) {
	w := issuerWorld(t)
	desk, _ := w.desk(unchanged)
	if err := desk.Check(t.Context(), portal.TrustCheck{}); err != nil {
		t.Fatal(err)
	}
	desk.wait()
	view := desk.View()
	if way := wayOf(t, view, "shop/good"); view.Reads || way.Read || way.Live == nil || way.Live.As == "" {
		t.Errorf("%+v", way)
	}
	if n := w.aws.IAMFaults.Calls(""); n != 0 {
		t.Errorf("IAM was asked %d times", n)
	}
	if nobody, _ := w.desk(func(text string) string { return strings.Split(text, "operators:")[0] }); nobody != nil {
		t.Error("a desk for nobody")
	}
}

// TestTrustDeskOneAtATime: while a check is under way another press begins none, whoever presses; the end of the process
// ends it.
func TestTrustDeskOneAtATime(t *testing.T) {
	w := issuerWorld(t)
	desk, clock := w.desk(unchanged)
	started, release := make(chan struct{}, 10), make(chan struct{})
	desk.probe = func(ctx context.Context, _ bridge.ProbeRequest) (bridge.Probe, error) {
		started <- struct{}{}
		select {
		case <-release:
			return bridge.Probe{AssumedRoleARN: "arn"}, nil
		case <-ctx.Done():
			return bridge.Probe{}, bridge.Fail(bridge.CodeClientGone, ctx.Err())
		}
	}
	one := portal.TrustCheck{Roles: []bridge.RoleKey{{Account: trustShop, Name: "good"}}}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := desk.Check(gone, one); err != nil { // who left doesn't end it
		t.Fatal(err)
	}
	<-started
	clock.moved = time.Hour
	if err := desk.Check(t.Context(), one); err != nil || desk.View().Running.IsZero() {
		t.Errorf("%v, running since %v", err, desk.View().Running)
	}
	close(release)
	desk.wait()
	if len(started) != 0 || !desk.View().Running.IsZero() || wayOf(t, desk.View(), "shop/good").Live.As != "arn" {
		t.Error("a second check was begun, or the first isn't over")
	}

	release = make(chan struct{})
	clock.moved = 2 * time.Hour
	if err := desk.Check(gone, one); err != nil {
		t.Fatal(err)
	}
	<-started
	desk.close()
	if way := wayOf(t, desk.View(), "shop/good"); way.Live.Answered || way.Live.Code != bridge.CodeClientGone {
		t.Errorf("%+v", way.Live)
	}
	if code := bridge.CodeOf(desk.Check(t.Context(), one)); code != bridge.CodeShuttingDown {
		t.Errorf("after the end: %s", code)
	}
}
