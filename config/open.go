package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/policy"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/idp"
)

// Outside is what Open takes from the process around it. The zero Outside is the real world.
type Outside struct {
	Stdout io.Writer // of the audit sink stdout; default os.Stdout
	Log    *slog.Logger
	Now    func() time.Time
	// Credentials sign AssumeRole instead of what the SDK finds in the environment; the machine's AWS settings are then
	// never looked at.
	Credentials *awssts.Credentials
	// KMS signs with keys that are in KMS; default AWS's own.
	KMS mint.KMS
	// HTTP reads back what the issuer publishes; default a transport of its own.
	HTTP http.RoundTripper
	// ReadOnly makes no keys of the issuer and changes none: for looking at a configuration.
	ReadOnly bool
}

// World is a configuration that was opened: the parts that cmd wires together.
type World struct {
	File      *File
	Policy    *policy.Policy
	Store     store.Store
	Audit     *audit.Log
	Providers []idp.IdentityProvider
	STS       *awssts.Client
	Console   *awsconsole.Linker
	// Keys and Minter are nil where fedbridge is no issuer.
	Keys   *mint.Ring
	Minter *mint.Minter
	// Credentials are fedbridge's own as Outside gave them; nil means what the SDK finds.
	Credentials *awssts.Credentials

	signer   mint.KMS
	http     http.RoundTripper
	readOnly bool
}

// Open reads secrets and files and opens the store, the audit log and the issuer's keys, which it makes where there are
// none. It doesn't wait for identity providers, STS or KMS: serve starts without them, and /readyz names them. The caller
// closes the World.
func (f *File) Open(ctx context.Context, out Outside) (*World, error) {
	out = out.withDefaults()
	w := &World{File: f, Credentials: out.Credentials, http: out.HTTP, readOnly: out.ReadOnly}
	if err := w.open(ctx, f, out); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// open reports everything that can't be opened, not only the first.
func (w *World) open(ctx context.Context, f *File, out Outside) error {
	compiled, problems := f.Policy()
	if len(problems) > 0 {
		return fmt.Errorf("the configuration was not checked: %s", problems[0])
	}
	w.Policy = compiled
	var all []error
	state, err := store.OpenSQLite(ctx, strings.TrimPrefix(f.Store, "sqlite:"))
	if err == nil { // an interface that holds a nil pointer is not nil
		w.Store = state
	}
	all = append(all, err)
	w.Audit, err = audit.Open(f.Audit, out.Stdout)
	all = append(all, err, w.openProviders(f, out))
	sts := f.AWS.sts()
	sts.Credentials, sts.Log, sts.Now = out.Credentials, out.Log, out.Now
	w.STS, err = awssts.New(sts)
	all = append(all, err)
	w.Console, err = awsconsole.New(f.AWS.console(f.Server.URL))
	return errors.Join(append(all, err, w.openIssuer(ctx, f, out))...)
}

func (w *World) openProviders(f *File, out Outside) error {
	deps := idp.Deps{
		BaseURL: f.Server.URL, Replay: store.Guard{Store: w.Store}, Audit: w.Audit, Log: out.Log, Now: out.Now,
	}
	var all []error
	for i, p := range f.Providers {
		provider, err := p.Open(deps)
		if err != nil {
			all = append(all, fmt.Errorf("%s %q: %w", index("providers", i), p.Common.Name, err))
			continue
		}
		w.Providers = append(w.Providers, provider)
	}
	return errors.Join(all...)
}

// Close closes what was opened.
func (w *World) Close() error {
	var all []error
	if w.Store != nil {
		all = append(all, w.Store.Close())
	}
	if w.Audit != nil {
		all = append(all, w.Audit.Close())
	}
	return errors.Join(all...)
}

// Part is something that fedbridge needs and that can be asked whether it could serve.
type Part struct {
	Name string
	Ask  func(ctx context.Context) error // goes to the network
}

// Parts lists what `check --online` asks.
func (w *World) Parts() []Part {
	parts := []Part{{"store", w.Store.Ping}, {"audit", w.Audit.Ping}}
	for _, p := range w.Providers {
		if r, ok := p.(idp.Refresher); ok {
			parts = append(parts, Part{"provider " + p.Info().Name, r.Refresh})
		}
	}
	if w.Keys != nil {
		parts = append(parts, Part{"issuer keys", w.askKeys}, Part{"issuer", w.askIssuer})
	}
	return append(parts, Part{"sts", w.askSTS})
}

// askSTS asks every endpoint that the configured roles need.
func (w *World) askSTS(ctx context.Context) error {
	var all []error
	for _, r := range w.STS.Check(ctx, w.Policy.Roles()) {
		if r.Err != nil {
			all = append(all, fmt.Errorf("%s: %w", r.Endpoint, r.Err))
		}
	}
	return errors.Join(all...)
}

func (o Outside) withDefaults() Outside {
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
