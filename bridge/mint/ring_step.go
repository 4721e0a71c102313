package mint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	mathrand "math/rand/v2"

	"github.com/fedbridge/fedbridge/bridge"
)

// How often Run looks: often while a key waits to be read back, and else often enough that no node publishes an old key
// set for long.
const (
	lookSoon   = time.Second
	lookSeldom = 3 * time.Second
)

// Run keeps the Ring in step with the record and does what is due, until ctx ends.
func (r *Ring) Run(ctx context.Context) {
	failing := ""
	wait := lookSoon
	for {
		err := r.Step(ctx)
		if ctx.Err() != nil {
			return
		}
		switch { // a failure is logged when it begins, when it changes, and when it ends
		case err != nil && err.Error() != failing:
			r.log.Warn("signing keys: not everything that is due could be done", "code", bridge.CodeOf(err), "error", err)
			failing = err.Error()
		case err == nil && failing != "":
			r.log.Info("signing keys: all is well again")
			failing = ""
		}
		if wait = min(2*wait, lookSeldom); err == nil {
			wait = lookSeldom
		}
		timer := time.NewTimer(wait + mathrand.N(wait/4)) // jitter, so that many nodes don't ask at once
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// maxSteps bounds what one Step does: each key takes one or two steps at a time.
const maxSteps = 20

// Step reads the record, and takes the steps that are due: makes a key, reads it back, lets it take over, retires one. It
// is an error when something that is due could not be done, or a key waits to be read back.
func (r *Ring) Step(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx); err != nil {
		return err
	}
	if r.c.ReadOnly {
		return nil
	}
	now, err := r.clock.now()
	if err != nil {
		return err
	}
	var all []error
	for _, use := range r.uses() {
		all = append(all, r.first(ctx, use))
	}
	more, err := true, error(nil)
	for i := 0; more && i < maxSteps; i++ {
		if more, err = r.step(ctx, now); errors.Is(err, errOther) {
			more, err = true, nil
		} else if err != nil {
			break
		}
	}
	r.waiting = err
	v := *r.view.Load() // Current says what the key waits for
	r.look(&v)
	r.view.Store(&v)
	return errors.Join(append(all, err, r.clean())...)
}

// step takes one step of a token key, and tells whether there may be another one.
func (r *Ring) step(ctx context.Context, now time.Time) (bool, error) {
	rec := r.view.Load().record
	l := life{now: now, up: r.up(), seen: func(e *entry) time.Duration { return r.seen[stage(e)] }}
	if old := r.ended(rec, l); old != nil {
		return true, r.change(ctx, rec.retire(old.ID, now), "retired", old)
	}
	next, active := rec.in(UseToken, StateNext), rec.in(UseToken, StateActive)
	switch {
	case next != nil:
		return r.forward(ctx, rec, next, l)
	case active == nil:
		return false, nil // first has tried
	case l.tooOld(active, r.c.Rotate, r.c.PublishAhead), !r.fits(active) && l.due(active, active.Active, 0, seenNext):
		return true, r.add(ctx, rec, UseToken, false, now)
	}
	return false, nil
}

func (r *Ring) ended(rec *record, l life) *entry {
	for i := range rec.Keys {
		if e := &rec.Keys[i]; e.Use == UseToken && e.State == StateOld && l.mayRetire(e) {
			return e
		}
	}
	return nil
}

// forward brings the next token key on its way. It signs only after it was read back at the address where AWS reads it
// (threat A20), just now, by a node that can sign with it.
func (r *Ring) forward(ctx context.Context, rec *record, next *entry, l life) (bool, error) {
	if !next.ReadBack.IsZero() && !l.mayPromote(rec, next, r.c.PublishAhead) {
		return false, nil
	}
	if err := r.hold(next); err != nil {
		return false, fmt.Errorf("mint: the next token key %s can't be used here: %w", next.ID, err)
	}
	if err := r.held[next.ID].try(ctx, next); err != nil {
		return false, fmt.Errorf("mint: the next token key %s can't sign: %w", next.ID, err)
	}
	if err := r.read.find(ctx, next.jwk); err != nil {
		return false, fmt.Errorf("mint: the next token key %s signs once it was read back: %w", next.ID, err)
	}
	if next.ReadBack.IsZero() {
		read := rec.clone()
		read.find(next.ID).ReadBack = l.now
		return true, r.swap(ctx, read)
	}
	return true, r.change(ctx, rec.promote(next.ID, l.now), "activated", next)
}

// first makes the first key of a use, where there is none that signs or will. The first SAML key signs at once: nobody
// reads it from an address, an operator carries it to IAM.
func (r *Ring) first(ctx context.Context, use Use) error {
	rec := r.view.Load().record
	if rec.in(use, StateActive) != nil || rec.in(use, StateNext) != nil {
		return nil
	}
	now, err := r.clock.now()
	if err != nil {
		return err
	}
	had := false
	for _, e := range rec.Keys {
		had = had || e.Use == use
	}
	if err = r.add(ctx, rec, use, !had, now); errors.Is(err, errOther) {
		return nil // it made one
	}
	return err
}

// add makes a key and takes it into the record. Where another node was faster, that one's counts, and this one is gone.
func (r *Ring) add(ctx context.Context, rec *record, use Use, first bool, now time.Time) error {
	m, err := r.make(ctx, rec, use, first, now)
	if err != nil {
		return err
	}
	out := rec.add(m.entry)
	if use == UseSAML && rec.in(UseSAML, StateActive) == nil && rec.in(UseSAML, StateNext) == nil {
		out = out.promote(m.ID, now)
	}
	done := "made"
	if m.found {
		done = "taken up from the directory"
	}
	err = r.change(ctx, out, done, &m.entry)
	// Where the store failed, the key may be in the record all the same.
	unknown := errors.Is(err, errOther) && r.view.Load().record.find(m.ID) == nil || bridge.CodeOf(err) == bridge.CodeAuditDown
	if unknown && m.File != "" && !m.found {
		return errors.Join(err, r.dirs[m.Dir].remove(m.File))
	}
	return err
}

// errOther: another node changed the record first. It is no failure: what is due now is seen anew.
var errOther = errors.New("mint: another node changed the record of keys first")

// change records what is done, and then does it.
func (r *Ring) change(ctx context.Context, to *record, done string, e *entry) error {
	if err := r.audit(ctx, true, fmt.Sprintf("%s key %s was %s (%s, %s)", e.Use, e.ID, done, e.Algorithm, e.where())); err != nil {
		return err
	}
	err := r.swap(ctx, to)
	if errors.Is(err, errOther) {
		return errors.Join(err, r.audit(ctx, false, fmt.Sprintf("%s key %s was not %s: another node was first", e.Use, e.ID, done)))
	}
	if err == nil {
		r.log.Info("signing key "+done, "use", e.Use, "kid", e.ID, "algorithm", e.Algorithm)
	}
	return err
}

func (r *Ring) audit(ctx context.Context, allowed bool, detail string) error {
	if r.c.Audit == nil {
		return nil
	}
	err := r.c.Audit.Record(ctx, bridge.AuditEvent{
		Time: r.c.Now(), Kind: bridge.AuditKeys, ID: rand.Text(), Allowed: allowed, Issuer: r.c.Issuer, Detail: detail,
	})
	if err != nil {
		return bridge.Fail(bridge.CodeAuditDown, fmt.Errorf("mint: a change of keys can't be recorded, so it isn't made: %w", err))
	}
	return nil
}

// swap replaces the record that was read last, and reads it again, whoever changed it.
func (r *Ring) swap(ctx context.Context, to *record) error {
	text, err := to.encode()
	if err != nil {
		return err
	}
	swapped, err := r.c.State.Swap(ctx, recordName(r.c.Issuer), r.view.Load().version, text)
	if err != nil {
		return bridge.Fail(bridge.CodeStoreDown, fmt.Errorf("mint: changing the record of keys: %w", err))
	}
	if err := r.refresh(ctx); err != nil {
		return err
	}
	if !swapped {
		return errOther
	}
	return nil
}

// clean deletes the private keys of retired keys, once for each change of the record.
func (r *Ring) clean() error {
	v := r.view.Load()
	if v.version == r.swept {
		return nil
	}
	var all []error
	for _, e := range v.record.Keys {
		if e.State != StateRetired {
			continue
		}
		delete(r.held, e.ID)
		if e.File == "" {
			continue
		}
		for _, path := range []string{r.c.Dir, r.c.SAMLDir, e.Dir} {
			if path == "" {
				continue
			}
			if d, err := r.dir(path); err == nil {
				all = append(all, d.remove(e.File))
			}
		}
	}
	err := errors.Join(all...)
	if err == nil {
		r.swept = v.version
	}
	return err
}
