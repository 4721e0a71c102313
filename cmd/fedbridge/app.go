package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/issuer"
	"github.com/fedbridge/fedbridge/handlers/operator"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp"
)

// How often the background work looks whether something is due.
const (
	refreshEvery = time.Minute
	sweepEvery   = 10 * time.Minute
	clockEvery   = 15 * time.Second
)

// app is an opened configuration with its doors.
type app struct {
	world  *config.World
	log    *slog.Logger
	public http.Handler
	ops    http.Handler
	desk   *trustDesk // nil where nobody operates
}

// newApp wires the parts: providers and policy below, the bridge in the middle, doors above.
func newApp(ctx context.Context, world *config.World, log *slog.Logger) (*app, error) {
	file := world.File
	metrics := operator.NewMetrics(version())
	metrics.Providers(world.Providers)
	options := bridge.Options{
		Authorizer: world.Policy, Roles: world.Policy,
		STS: metrics.STS(world.STS), Console: world.Console, Audit: metrics.Audit(world.Audit), Log: log,
		ExactSessionNames: file.AWS.SessionName == "exact",
	}
	if world.Minter != nil { // an interface that holds a nil pointer is not nil
		options.Minter = world.Minter
	}
	core, err := bridge.New(options)
	if err != nil {
		return nil, err
	}
	var proxies []netip.Prefix
	for _, network := range file.Server.TrustedProxies {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, prefix)
	}
	site, err := handlers.New(handlers.Options{BaseURL: file.Server.URL, TrustedProxies: proxies, Log: log, Recorder: metrics})
	if err != nil {
		return nil, err
	}
	personKey, err := world.Store.Key(ctx, "person")
	if err != nil {
		return nil, err
	}
	regions, partitions := regionsOf(world)
	desk, err := newTrustDesk(ctx, world, core, log)
	if err != nil {
		return nil, err
	}
	face := portal.Options{
		Site: site, Bridge: core, Providers: world.Providers, Store: world.Store, Accounts: file.BridgeAccounts(),
		Session:          portal.Session{Length: file.Session.LengthOrDefault(), Idle: file.Session.IdleOrDefault()},
		ConsoleFormHosts: world.Console.FormHosts(partitions...), PersonKey: personKey, Regions: regions,
		DefaultRegions: file.AWS.DefaultRegions(), Log: log,
	}
	if desk != nil {
		face.Trust, face.Operator = desk, file.Operator
	}
	front, err := portal.New(face)
	if err != nil {
		return nil, err
	}
	parts := []operator.Part{
		{Name: "store", Check: world.Store.Ping},
		{Name: "audit", Check: world.Audit.Ping},
		{Name: "sts", Check: stsFared(world), Optional: true},
	}
	doors := []handlers.Door{front}
	if world.Keys != nil {
		published, err := issuer.New(issuer.Options{Site: site, Issuer: file.Issuer.URL, Source: world.Keys})
		if err != nil {
			return nil, err
		}
		doors = append(doors, published)
		parts = append(parts,
			operator.Part{Name: "issuer keys", Check: world.Keys.Ready, Optional: true},
			operator.Part{Name: "issuer clock", Check: func(context.Context) error { return world.Minter.ClockError() }, Optional: true})
	}
	ops := operator.New(operator.Options{Parts: parts, Providers: world.Providers, Metrics: metrics})
	public := site.Handler(doors...)
	if file.Server.TLS == nil {
		public = throughProxies(public, file.Server.URL, proxies, log)
	}
	return &app{world: world, log: log, public: public, ops: ops.Handler(), desk: desk}, nil
}

// regionsOf lists the regions to suggest and the partitions that the configured roles are in.
func regionsOf(world *config.World) (regions, partitions []string) {
	seenRegion, seenPartition := map[string]bool{world.File.AWS.RegionOrDefault(): true}, map[string]bool{}
	for _, role := range world.Policy.Roles() {
		seenPartition[role.ARN.Partition] = true
		if role.Region != "" {
			seenRegion[role.Region] = true
		}
		if partition, ok := bridge.PartitionByID(role.ARN.Partition); ok {
			seenRegion[partition.DefaultRegion] = true
		}
	}
	return slices.Sorted(maps.Keys(seenRegion)), slices.Sorted(maps.Keys(seenPartition))
}

// stsFared tells how STS answered last, without asking it: a readiness probe must not become traffic at AWS.
func stsFared(world *config.World) func(context.Context) error {
	return func(context.Context) error {
		status := world.STS.Status()
		if status.Credentials != nil {
			return status.Credentials
		}
		var all []error
		for _, e := range status.Endpoints {
			if e.Code != "" {
				all = append(all, bridge.FailWith(e.Code, e.Endpoint, nil))
			}
		}
		return errors.Join(all...)
	}
}

// runBackground keeps providers and keys fresh and sweeps the store until ctx ends.
func (a *app) runBackground(ctx context.Context, wait *sync.WaitGroup) {
	for _, p := range a.world.Providers {
		if r, ok := p.(idp.Refresher); ok {
			wait.Go(func() { a.keepFresh(ctx, p.Info().Name, r) })
		}
	}
	wait.Go(func() { a.sweep(ctx) })
	if a.desk != nil {
		wait.Go(func() {
			<-ctx.Done()
			a.desk.close()
		})
	}
	if a.world.Keys != nil {
		wait.Go(func() { a.world.Keys.Run(ctx) })
		wait.Go(func() { a.watchClock(ctx) })
	}
	if slices.ContainsFunc(a.world.Policy.Roles(), func(r bridge.Role) bool { return slices.Contains(r.Via, bridge.ViaAssumeRole) }) {
		wait.Go(func() {
			if err := a.world.STS.Warm(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("no AWS credentials of our own yet; roles with via: assume_role can't be used", "error", err)
			}
		})
	}
}

// keepFresh asks a provider every minute whether something is due. A failure is logged when it begins and when it ends,
// not every minute.
func (a *app) keepFresh(ctx context.Context, name string, r idp.Refresher) {
	failing := false
	for {
		err := r.Refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			what := "identity provider can't be refreshed; the last good copy stays in use"
			if r.Status().Fetched.IsZero() {
				what = "identity provider can't be reached; nobody can sign in there until it can"
			}
			a.log.Warn(what, "provider", name, "error", err)
		case err == nil && failing:
			a.log.Info("identity provider is back", "provider", name)
		}
		failing = err != nil
		// Jitter, so that many nodes don't ask at once.
		if !sleep(ctx, refreshEvery+rand.N(refreshEvery/4)) {
			return
		}
	}
}

// watchClock notices a jump of the clock when it happens, so that it is over before the next person comes.
func (a *app) watchClock(ctx context.Context) {
	failing := false
	for {
		err := a.world.Minter.ClockError()
		switch {
		case err != nil && !failing:
			a.log.Warn("nothing is minted until the clock has been steady", "error", err)
		case err == nil && failing:
			a.log.Info("the clock is steady again")
		}
		failing = err != nil
		if !sleep(ctx, clockEvery) {
			return
		}
	}
}

func (a *app) sweep(ctx context.Context) {
	for sleep(ctx, sweepEvery+rand.N(sweepEvery/4)) {
		if n, err := a.world.Store.Sweep(ctx, time.Now()); err != nil {
			a.log.Warn("the store was not swept", "error", err)
		} else if n > 0 {
			a.log.Info("swept the store", "rows", n)
		}
	}
}

// sleep waits; false means that ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
