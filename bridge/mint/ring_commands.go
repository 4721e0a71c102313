package mint

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// KeyState is where a key is in its life.
type KeyState string

// The states of a key, in their order.
const (
	StateNext    KeyState = "next"    // published; doesn't sign yet
	StateActive  KeyState = "active"  // signs
	StateOld     KeyState = "old"     // published until the last that it signed has ended
	StateRetired KeyState = "retired" // no longer published, its private key deleted
)

// Errors of the commands that callers tell apart.
var (
	ErrUnknownKey = errors.New("there is no such key")
	// ErrNeeded refuses what would leave nothing that can sign.
	ErrNeeded = errors.New("nothing could be signed without it")
)

// Rotate makes the next key of a use and publishes it, or gives the one that there is already: made tells which.
func (r *Ring) Rotate(ctx context.Context, use Use) (key KeyInfo, made bool, err error) {
	if !slices.Contains(r.uses(), use) {
		return KeyInfo{}, false, fmt.Errorf("no keys are configured for %s", use)
	}
	err = r.command(ctx, func(rec *record, now time.Time) error {
		if next := rec.in(use, StateNext); next != nil {
			key = r.info(next)
			return nil
		}
		if err := r.add(ctx, rec, use, false, now); err != nil {
			return err
		}
		rec = r.view.Load().record
		if next := rec.in(use, StateNext); next != nil {
			key, made = r.info(next), true
		} else { // the first SAML key signs at once
			key, made = r.info(rec.in(use, StateActive)), true
		}
		return nil
	})
	return key, made, err
}

// Activate lets a published SAML key sign: the next one, or, where an id is given, that one, be it an old one. Every account
// must have the metadata with its certificate by then. Token keys take over by themselves, after they were read back.
func (r *Ring) Activate(ctx context.Context, id string) (key KeyInfo, err error) {
	err = r.command(ctx, func(rec *record, now time.Time) error {
		to := rec.in(UseSAML, StateNext)
		if id != "" {
			to = rec.find(id)
		}
		switch {
		case to == nil && id == "":
			return errors.New("no SAML key is next: make one with `fedbridge keys rotate --use saml`")
		case to == nil || to.State == StateRetired:
			return fmt.Errorf("%w, or it is retired: %s", ErrUnknownKey, id)
		case to.Use != UseSAML:
			return errors.New("a token key takes over by itself, once it was read back at the published address")
		case to.State == StateActive:
			key = r.info(to)
			return nil
		}
		if err := r.usable(ctx, to); err != nil {
			return err
		}
		if err := r.change(ctx, rec.promote(to.ID, now), "activated", to); err != nil {
			return err
		}
		key = r.info(r.view.Load().record.find(to.ID))
		return nil
	})
	return key, err
}

// Retire takes a key out at once: it is no longer published and never signs again, and its private key is deleted where it
// is a file. Where it is the one that signs, a token key that was read back takes its place. Otherwise it is ErrNeeded,
// unless force is given: then a new key is made, which signs once it was read back. Where the key that is returned is
// retired, an error is about what takes its place.
func (r *Ring) Retire(ctx context.Context, id string, force bool) (key KeyInfo, err error) {
	err = r.command(ctx, func(rec *record, now time.Time) error {
		e := rec.find(id)
		if e == nil {
			return r.retireStray(id, &key)
		}
		if e.State == StateRetired {
			key = r.info(e)
			return r.cleanAll()
		}
		out := rec.retire(id, now)
		if e.State == StateActive {
			heir := r.heir(ctx, rec, e.Use, force)
			if heir == nil && !force {
				return ErrNeeded
			}
			if heir != nil {
				out = out.promote(heir.ID, now)
			}
		}
		if err := r.change(ctx, out, "retired", e); err != nil {
			return err
		}
		key = r.info(r.view.Load().record.find(id))
		// Now or, if that fails, at the next step of any node.
		return errors.Join(r.first(ctx, e.Use), r.cleanAll())
	})
	return key, err
}

// heir finds the key that takes the place of one that goes at once: a token key that was read back; of SAML, where nobody
// knows which accounts have which metadata, by force only, and rather the old one, which they all had.
func (r *Ring) heir(ctx context.Context, rec *record, use Use, force bool) *entry {
	next := rec.in(use, StateNext)
	if use == UseSAML {
		if !force {
			return nil
		}
		if old := rec.in(use, StateOld); old != nil && r.usable(ctx, old) == nil {
			return old
		}
	} else if next != nil && next.ReadBack.IsZero() {
		return nil
	}
	if next != nil && r.usable(ctx, next) == nil {
		return next
	}
	return nil
}

// retireStray deletes a key file that the record doesn't know.
func (r *Ring) retireStray(id string, key *KeyInfo) error {
	for _, s := range r.strays() {
		if s.ID == id {
			*key = s
			return r.dirs[filepath.Dir(s.path)].remove(filepath.Base(s.path))
		}
	}
	return fmt.Errorf("%w: %s", ErrUnknownKey, id)
}

func (r *Ring) cleanAll() error {
	r.swept = 0
	return r.clean()
}

// usable tells why this node can't sign with a key.
func (r *Ring) usable(ctx context.Context, e *entry) error {
	if err := r.hold(e); err != nil {
		return err
	}
	return r.held[e.ID].try(ctx, e)
}

// command changes the record as it is now, and anew where another node is faster.
func (r *Ring) command(ctx context.Context, do func(rec *record, now time.Time) error) error {
	if r.c.ReadOnly {
		return errors.New("mint: opened for looking only")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for range maxSteps {
		if err := r.refresh(ctx); err != nil {
			return err
		}
		now, err := r.clock.now()
		if err != nil {
			return err
		}
		if err := do(r.view.Load().record, now); !errors.Is(err, errOther) {
			return err
		}
	}
	return bridge.Fail(bridge.CodeStoreDown, errOther)
}
