package mint

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// held is a private key that this process can use.
type held struct {
	key   Key
	tried bool // it has signed something here
}

// refresh reads the record. What it says is in use until the next one, or until it is too old.
func (r *Ring) refresh(ctx context.Context) error {
	at := r.up() // before it is asked: what it says is no younger
	text, version, err := r.c.State.Load(ctx, recordName(r.c.Issuer))
	if err != nil {
		return bridge.Fail(bridge.CodeStoreDown, fmt.Errorf("mint: reading the record of keys: %w", err))
	}
	last := r.view.Load()
	next := &view{version: version, at: at}
	if last != nil && last.version == version {
		next.record, next.docs = last.record, last.docs
	} else {
		if next.record, err = decodeRecord(text); err != nil {
			return err
		}
		if next.docs, err = documentsOf(next.record, r.c.Issuer, r.c.SignInURL, r.c.Algorithm); err != nil {
			return err
		}
	}
	r.look(next)
	r.view.Store(next)
	return nil
}

// look notes when this process first saw each key in its state, and finds the keys that sign.
func (r *Ring) look(v *view) {
	seen := map[string]time.Duration{}
	for i := range v.record.Keys {
		e := &v.record.Keys[i]
		at, ok := r.seen[stage(e)]
		if !ok {
			at = v.at
		}
		seen[stage(e)] = at
	}
	r.seen = seen
	v.current = map[Use]current{}
	for _, use := range []Use{UseToken, UseSAML} {
		v.current[use] = r.currentOf(v.record, use)
	}
}

// stage names what a step waits for: a key in a state, and whether it was read back.
func stage(e *entry) string { return fmt.Sprint(e.ID, " ", e.State, " ", e.ReadBack.IsZero()) }

func (r *Ring) currentOf(rec *record, use Use) current {
	active := rec.in(use, StateActive)
	if active == nil {
		if use == UseSAML && r.c.SAMLDir == "" && len(r.c.SAMLKMS) == 0 {
			return current{err: noKey("no SAML keys are configured (issuer.saml_keys)")}
		}
		if next := rec.in(use, StateNext); next != nil && r.waiting != nil {
			return current{err: noKey("the first %s key, %s, was not read back yet: %w", use, next.ID, r.waiting)}
		} else if next != nil {
			return current{err: noKey("the first %s key, %s, was not read back yet at %s", use, next.ID, r.c.Issuer+jwksPath)}
		}
		return current{err: noKey("there is no %s key yet", use)}
	}
	if err := r.hold(active); err != nil {
		return current{err: bridge.Fail(codeOr(err, bridge.CodeIssuerKey), fmt.Errorf("mint: the active %s key %s can't be used here: %w", use, active.ID, err))}
	}
	return current{key: r.held[active.ID].key}
}

func codeOr(err error, code bridge.Code) bridge.Code {
	if e, ok := errors.AsType[*bridge.Error](err); ok {
		return e.Code
	}
	return code
}

// hold gets hold of the private key of an entry, unless it has it already. It asks no KMS.
func (r *Ring) hold(e *entry) error {
	if r.held[e.ID] != nil || e.State == StateRetired {
		return nil
	}
	h := &held{key: Key{ID: e.ID, Algorithm: e.Algorithm, Public: e.public, Certificate: e.certificate, Made: e.Made}}
	if e.KMS != "" {
		if r.c.Signer == nil {
			return fmt.Errorf("it is in KMS (%s), and the configuration names no KMS keys", e.KMS)
		}
		h.key.Sign = r.signByKMS(*e)
		r.held[e.ID] = h
		return nil
	}
	sign, err := r.signByFile(e)
	if err != nil {
		return err
	}
	h.key.Sign = func(_ context.Context, digest []byte) ([]byte, error) { return sign(digest) }
	if err := h.try(context.Background(), e); err != nil {
		return err
	}
	r.held[e.ID] = h
	return nil
}

// signByFile reads the private key, in the directory that is configured now or in the one that it was made in.
func (r *Ring) signByFile(e *entry) (func(digest []byte) ([]byte, error), error) {
	configured := r.c.Dir
	if e.Use == UseSAML {
		configured = r.c.SAMLDir
	}
	for _, path := range []string{configured, e.Dir} {
		if path == "" {
			continue
		}
		d, err := r.dir(path)
		if err == nil {
			private, _, readErr := d.read(e.File)
			if readErr == nil {
				return signer(private), nil
			}
			err = readErr
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("its private key is not on this node: restore %s, or retire the key (`fedbridge keys retire %s`): %w",
		filepath.Join(e.Dir, e.File), e.ID, fs.ErrNotExist)
}

// dir opens a directory once. Only those that are configured are made.
func (r *Ring) dir(path string) (keyDir, error) {
	if d, ok := r.dirs[path]; ok {
		return d, nil
	}
	d, err := openKeyDir(path, r.c.ReadOnly || path != r.c.Dir && path != r.c.SAMLDir)
	if err != nil {
		return keyDir{}, err
	}
	r.dirs[path] = d
	if !r.c.ReadOnly {
		if err := d.sweep(r.c.Now()); err != nil {
			r.log.Warn("what a crash left in the directory of keys can't be removed", "error", err)
		}
	}
	return d, nil
}

// trial is what keys sign to show that they can. It is no token and no assertion.
var trial = sha256.Sum256([]byte("fedbridge: can this key sign?"))

// try lets a key sign once in this process, and checks the signature.
func (h *held) try(ctx context.Context, e *entry) error {
	if h.tried {
		return nil
	}
	signature, err := h.key.Sign(ctx, trial[:])
	if err != nil {
		return err
	}
	if err := verify(e.public, trial[:], signature); err != nil {
		return err
	}
	h.tried = true
	return nil
}
