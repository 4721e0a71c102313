package mint

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// KeyInfo is one key as an operator sees it.
type KeyInfo struct {
	ID        string    `json:"id"`
	Use       Use       `json:"use"`
	Algorithm string    `json:"algorithm"`
	State     KeyState  `json:"state"`
	Since     time.Time `json:"since"`            // when it came to be in this state
	Expires   time.Time `json:"expires,omitzero"` // of a SAML certificate
	Where     string    `json:"where"`            // file:PATH or kms:ARN
	Waits     string    `json:"waits,omitempty"`  // what happens next, and when
	Problem   string    `json:"problem,omitempty"`

	path string
}

// stateStray is the state of a key file that the record doesn't know; it is shown, and not otherwise used.
const stateStray KeyState = "stray"

// List gives all keys: first those that sign, then what is next, old, and retired. It reads the record and the directory,
// and asks nobody else.
func (r *Ring) List(ctx context.Context) ([]KeyInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	rec := r.view.Load().record
	var out []KeyInfo
	for _, state := range []KeyState{StateActive, StateNext, StateOld, StateRetired} {
		for i := len(rec.Keys) - 1; i >= 0; i-- { // the newest first
			if rec.Keys[i].State == state {
				out = append(out, r.info(&rec.Keys[i]))
			}
		}
	}
	return append(out, r.strays()...), nil
}

// ReadBack looks for the next token key at the published address, and tells why it isn't there. It changes nothing; nil
// where no key waits.
func (r *Ring) ReadBack(ctx context.Context) error {
	if next := r.view.Load().record.in(UseToken, StateNext); next != nil {
		return r.read.find(ctx, next.jwk)
	}
	return nil
}

// Try lets every key that signs, or will, sign something here: it asks KMS.
func (r *Ring) Try(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.view.Load().record.Keys {
		if e.State != StateNext && e.State != StateActive {
			continue
		}
		if err := r.usable(ctx, &e); err != nil {
			return fmt.Errorf("mint: the %s key %s can't sign here: %w", e.Use, e.ID, err)
		}
	}
	return nil
}

// endsSoon is how long before its end a certificate is named as a problem: accounts have many owners.
const endsSoon = 180 * 24 * time.Hour

// info describes a key.
func (r *Ring) info(e *entry) KeyInfo {
	k := KeyInfo{ID: e.ID, Use: e.Use, Algorithm: e.Algorithm, State: e.State, Since: e.since(), Where: e.where()}
	if e.certificate != nil {
		k.Expires = e.certificate.NotAfter
	}
	k.Waits = r.waits(e)
	if err := r.hold(e); err != nil && e.State != StateOld {
		k.Problem = Reason(err)
	}
	if e.certificate != nil && k.Problem == "" && k.Expires.Before(r.c.Now().Add(endsSoon)) && e.State != StateRetired {
		k.Problem = "its certificate ends on " + k.Expires.UTC().Format(time.DateOnly) + ": fedbridge keys rotate --use saml"
	}
	if k.Since.After(r.c.Now().Add(maxSkew)) {
		k.Problem = "it is dated in the future, so a clock is or was wrong: set the clock of this node, or rotate and retire the key"
	}
	return k
}

// waits says what comes next for a key.
func (r *Ring) waits(e *entry) string {
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	switch {
	case e.State == StateNext && e.Use == UseSAML:
		return "every account's metadata, then: fedbridge keys rotate --use saml --activate"
	case e.State == StateNext && e.ReadBack.IsZero():
		return "to be read back at " + r.c.Issuer + jwksPath
	case e.State == StateNext:
		return "signs from " + at(e.ReadBack.Add(r.c.PublishAhead))
	case e.State == StateOld && e.Use == UseSAML:
		return "every account's metadata, then: fedbridge keys retire " + e.ID
	case e.State == StateOld:
		return "retired about " + at(e.Old.Add(keep))
	case e.State == StateActive && !r.fits(e) && e.Use == UseToken:
		return "is replaced: the configuration asks for another kind"
	case e.State == StateActive && !r.fits(e):
		return "the configuration asks for another kind: fedbridge keys rotate --use saml"
	case e.State == StateActive && e.Use == UseToken && r.c.Rotate > 0:
		return "is replaced about " + at(e.Active.Add(r.c.Rotate))
	case e.State == StateActive:
		return "is replaced by command only"
	}
	return ""
}

// strays are key files that the record doesn't know: what a crash left, or a backup brought back.
func (r *Ring) strays() []KeyInfo {
	rec := r.view.Load().record
	var out []KeyInfo
	seen := map[string]bool{}
	for _, path := range []string{r.c.Dir, r.c.SAMLDir} {
		d, ok := r.dirs[path]
		if !ok || seen[path] {
			continue
		}
		seen[path] = true
		names, err := d.names()
		if err != nil {
			continue
		}
		for _, name := range names {
			part := keyFile.FindStringSubmatch(name)
			if rec.find(part[3]) != nil {
				continue
			}
			at := filepath.Join(d.path, name)
			out = append(out, KeyInfo{
				ID: part[3], Use: Use(part[1]), Algorithm: part[2], State: stateStray, Where: "file:" + at, path: at,
				Waits: "not in use: delete it with fedbridge keys retire " + part[3],
			})
		}
	}
	slices.SortFunc(out, func(a, b KeyInfo) int { return strings.Compare(a.ID, b.ID) })
	return out
}
