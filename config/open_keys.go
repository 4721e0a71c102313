package config

import (
	"context"
	"errors"
	"strings"

	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/store"
)

// ErrNoIssuer: what is asked for needs an `issuer:` section.
var ErrNoIssuer = errors.New("the configuration has no `issuer:` section, so fedbridge has no signing keys: add one, with url and keys")

// OpenKeys opens what the issuer's keys need and nothing else, for commands that run beside serve: no provider, and no
// secret of one. Only Store, Audit and Keys of the World are there; where it is ReadOnly, Audit isn't. The caller closes it.
func (f *File) OpenKeys(ctx context.Context, out Outside) (*World, error) {
	if f.Issuer == nil {
		return nil, ErrNoIssuer
	}
	out = out.withDefaults()
	w := &World{File: f, http: out.HTTP, readOnly: out.ReadOnly, signer: f.kms(out)}
	if err := w.openKeys(ctx, out); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *World) openKeys(ctx context.Context, out Outside) error {
	state, err := store.OpenSQLite(ctx, strings.TrimPrefix(w.File.Store, "sqlite:"))
	if err != nil {
		return err
	}
	w.Store = state
	if !out.ReadOnly {
		if w.Audit, err = audit.Open(w.File.Audit, out.Stdout); err != nil {
			return err
		}
	}
	w.Keys, err = mint.OpenRing(ctx, w.File.ring(out, ringState{w.Store}, w.signer, w.Audit))
	return err
}
