package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
)

// vouchTimeout is how long an identity provider has to show its metadata.
const vouchTimeout = 10 * time.Second

// openedTrust is what of a configuration had to be opened to look at roles. The zero openedTrust is nothing.
type openedTrust struct {
	known  config.Known
	bridge *bridge.Bridge // for --live alone
	closed []func()
}

func (o *openedTrust) close() {
	for _, f := range slices.Backward(o.closed) {
		f()
	}
}

// openTrust opens as little as the roles need: nothing, where they show AWS ID tokens or sign their calls. What can't be
// opened is no reason not to look at the rest, unless STS is to be asked, which needs all of it.
func openTrust(ctx context.Context, stderr io.Writer, file *config.File, roles []bridge.Role, live bool) (*openedTrust, error) {
	opened := &openedTrust{}
	if !live && !slices.ContainsFunc(roles, showsSAML) {
		return opened, nil
	}
	tried, named, remove := trial(file)
	opened.closed = append(opened.closed, remove)
	if live {
		tried.Audit = file.Audit // what goes to STS is recorded where everything is
	}
	log := slog.New(slog.DiscardHandler)
	world, err := tried.Open(ctx, config.Outside{Stdout: stderr, Log: log, ReadOnly: true})
	switch {
	case err != nil && live:
		opened.close()
		for _, e := range parts(err) {
			fmt.Fprintf(stderr, "fedbridge: %s\n", named(e))
		}
		return nil, exitError{exitUnavailable}
	case err != nil:
		for _, e := range parts(err) {
			fmt.Fprintf(stderr, "not looked at: %s\n", named(e))
		}
		return opened, nil
	}
	opened.closed = append(opened.closed, func() { world.Close() })
	opened.known = knownOf(ctx, world, roles, func(what string, err error) {
		fmt.Fprintf(stderr, "not looked at: %s: %s\n", what, printable(err.Error()))
	})
	if live {
		if opened.bridge, err = newBridge(world, world.STS, world.Audit, log); err != nil {
			opened.close()
			return nil, err
		}
	}
	return opened, nil
}

func showsSAML(role bridge.Role) bool {
	return slices.Contains(role.Via, bridge.ViaSAML) || slices.Contains(role.Via, bridge.ViaIssuer) && role.Mint == bridge.ProofSAML
}

// knownOf gathers what IAM must hold of us and of identity providers whose answers are relayed. What isn't to be had is
// told, and left out.
func knownOf(ctx context.Context, world *config.World, roles []bridge.Role, lacking func(what string, err error)) config.Known {
	known := config.Known{Vouched: map[string]idp.Vouched{}, Metadata: ownMetadata(world)}
	relayed := map[string]bool{}
	for _, role := range roles {
		if slices.Contains(role.Via, bridge.ViaSAML) {
			relayed[role.RelayProvider] = true
		}
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	ctx, cancel := context.WithTimeout(ctx, vouchTimeout)
	defer cancel()
	for _, p := range world.Providers {
		name := p.Info().Name
		voucher, ok := p.(idp.Voucher)
		if !ok || !relayed[name] {
			continue
		}
		wait.Go(func() {
			vouched, err := voucher.Vouched(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				lacking("provider "+name, err)
				return
			}
			known.Vouched[name] = vouched
		})
	}
	wait.Wait()
	return known
}

// ownMetadata is what we publish as a SAML identity provider; nil where there is none.
func ownMetadata(world *config.World) []byte {
	if world.Keys == nil {
		return nil
	}
	return world.Keys.Documents().Metadata
}

// newBridge is the core of an opened configuration.
func newBridge(world *config.World, sts bridge.STSExchanger, audit bridge.AuditLog, log *slog.Logger) (*bridge.Bridge, error) {
	o := bridge.Options{
		Authorizer: world.Policy, Roles: world.Policy, STS: sts, Console: world.Console, Audit: audit, Log: log,
		ExactSessionNames: world.File.AWS.SessionName == "exact",
	}
	if world.Minter != nil { // an interface that holds a nil pointer is not nil
		o.Minter = world.Minter
	}
	return bridge.New(o)
}
