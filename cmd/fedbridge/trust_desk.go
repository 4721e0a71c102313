package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsiam"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// Bounds of what operators can make AWS answer.
const (
	deskPause   = 10 * time.Second // between the beginnings of two checks
	deskTimeout = 3 * time.Minute  // for one check
	deskWait    = 5 * time.Second  // that a press of the button waits to see the result
)

// trustDesk is the portal's TrustDesk: it remembers what the last checks found, in this process.
type trustDesk struct {
	base   context.Context // ends with close
	stop   context.CancelFunc
	world  *config.World
	reader *awsiam.Reader // nil where no role to read with is configured
	probe  func(context.Context, bridge.ProbeRequest) (bridge.Probe, error)
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	began   time.Time // the last check
	running bool
	seen    map[trustKey]portal.TrustWay
	work    sync.WaitGroup
}

// trustKey names one way into one role.
type trustKey struct {
	role bridge.RoleKey
	via  bridge.Via
}

// newTrustDesk makes the desk; nil where nobody operates. Whoever made it closes it.
func newTrustDesk(ctx context.Context, world *config.World, core *bridge.Bridge, log *slog.Logger) (*trustDesk, error) {
	if len(world.File.Operators) == 0 {
		return nil, nil
	}
	d := &trustDesk{world: world, probe: core.Probe, log: log, now: time.Now, seen: map[trustKey]portal.TrustWay{}}
	if c := iamConfig(world.File, world.Credentials); c.ReadRole != "" {
		var err error
		if d.reader, err = awsiam.New(c); err != nil {
			return nil, fmt.Errorf("aws: %w", err)
		}
	}
	d.base, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	return d, nil
}

// close ends a check that is under way, and lets no other begin.
func (d *trustDesk) close() {
	d.mu.Lock()
	d.stop()
	d.mu.Unlock()
	d.work.Wait()
}

// wait returns when no check is under way any more.
func (d *trustDesk) wait() { d.work.Wait() }

// View implements portal.TrustDesk.
func (d *trustDesk) View() portal.TrustView {
	d.mu.Lock()
	defer d.mu.Unlock()
	view := portal.TrustView{Reads: d.reader != nil}
	if d.running {
		view.Running = d.began
	}
	for _, role := range d.world.Policy.Roles() {
		for _, via := range role.Via {
			way := d.seen[trustKey{role.Key, via}]
			way.Role, way.Via = role, via
			view.Ways = append(view.Ways, way)
		}
	}
	return view
}

// Check implements portal.TrustDesk.
func (d *trustDesk) Check(ctx context.Context, req portal.TrustCheck) error {
	done, err := d.begin(req)
	if err != nil || done == nil {
		return err
	}
	timer := time.NewTimer(deskWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// begin starts a check, unless one is under way; done is then nil.
func (d *trustDesk) begin(req portal.TrustCheck) (done chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	switch {
	case d.running:
		return nil, nil
	case d.base.Err() != nil:
		return nil, bridge.Fail(bridge.CodeShuttingDown, d.base.Err())
	case !d.began.IsZero() && now.Sub(d.began).Abs() < deskPause:
		return nil, bridge.Fail(bridge.CodeRateLimited, fmt.Errorf("trust: a check began %s ago", now.Sub(d.began).Round(time.Second)))
	}
	d.began, d.running = now, true
	done = make(chan struct{})
	d.work.Go(func() {
		defer close(done)
		d.check(req)
	})
	return done, nil
}

func (d *trustDesk) check(req portal.TrustCheck) {
	ctx, cancel := context.WithTimeout(d.base, deskTimeout)
	defer cancel()
	var found []examined
	defer func() {
		if r := recover(); r != nil { // what accounts hold is not ours (threat R2)
			d.log.Error("trust: panic", "request_id", req.RequestID, "panic", fmt.Sprint(r))
		}
		d.keep(req, found)
	}()
	var roles []bridge.Role
	for _, role := range d.world.Policy.Roles() {
		if len(req.Roles) == 0 || slices.Contains(req.Roles, role.Key) {
			roles = append(roles, role)
		}
	}
	known := knownOf(ctx, d.world, roles, func(what string, err error) {
		d.log.Warn("trust: not looked at", "request_id", req.RequestID, "what", what, "error", err)
	})
	known.Callers = ownCallers(ctx, d.world, roles)
	needs, err := d.world.File.Needs(roles, known)
	if err != nil {
		d.log.Error("trust: no check", "request_id", req.RequestID, "error", err)
		return
	}
	look := examiner{probe: d.probe, now: d.now, asks: bridge.ProbeRequest{By: req.By, Source: req.Source, RequestID: req.RequestID}}
	if d.reader != nil {
		look.source = newIAMSource(d.reader)
	}
	found = look.all(ctx, needs)
}

// ownCallers asks STS who fedbridge is, in each partition where a role is reached by its own credentials.
func ownCallers(ctx context.Context, world *config.World, roles []bridge.Role) map[string]string {
	all := map[string]string{}
	for _, role := range roles {
		partition := role.ARN.Partition
		if _, asked := all[partition]; asked || !slices.Contains(role.Via, bridge.ViaAssumeRole) {
			continue
		}
		all[partition] = ""
		for _, reach := range world.STS.Check(ctx, []bridge.Role{role}) {
			all[partition] = reach.Caller
		}
	}
	return all
}

// keep remembers what was found. What STS said, word for word, is for the log.
func (d *trustDesk) keep(req portal.TrustCheck, found []examined) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = false
	for _, e := range found {
		way := portal.TrustWay{Checked: d.now(), Findings: e.Findings}
		for what, r := range e.Read {
			way.Read = way.Read || what == "role" && r.Result != trust.Unreadable
			way.Unread = way.Unread || r.Result == trust.Unreadable
		}
		if l := e.Live; l != nil && l.Result != liveRelay {
			way.Live = &portal.TrustLive{As: l.As, Code: l.Code, Answered: l.Result == liveRefused, Bare: l.Bare}
			if l.Code != "" {
				d.log.Info("trust: STS doesn't give the role", "request_id", req.RequestID, "role", e.Role, "code", l.Code, "said", l.Said)
			}
		}
		d.seen[trustKey{e.key, e.Via}] = way
	}
}
