package mint_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// The first start makes keys that others can't read. A token key signs once it was read back, a SAML key at once.
func TestRingFirstStart(t *testing.T) {
	for _, algorithm := range []string{"", mint.RS256} {
		t.Run("algorithm "+algorithm, func(t *testing.T) {
			w := newRingWorld(t)
			r := w.open(func(c *mint.RingConfig) { c.Algorithm = algorithm })
			info, err := os.Stat(w.dir)
			if err != nil || info.Mode().Perm() != 0o700 {
				t.Fatalf("the directory has mode %v, %v", info.Mode(), err)
			}
			files := keyFiles(t, w.dir)
			if len(files) != 2 {
				t.Fatalf("files are %v", files)
			}
			for _, name := range files {
				if info, err := os.Stat(filepath.Join(w.dir, name)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
				}
			}
			_, err = r.Current(mint.UseToken)
			if bridge.CodeOf(err) != bridge.CodeIssuerKey || !strings.Contains(err.Error(), "read back") {
				t.Fatalf("before it was read back: %v", err)
			}
			if r.Ready(t.Context()) == nil {
				t.Fatal("ready without a key that signs tokens")
			}
			step(t, r)
			if err := r.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			token, saml := current(t, r, mint.UseToken), current(t, r, mint.UseSAML)
			if want := map[string]string{"": "ES256", mint.RS256: "RS256"}[algorithm]; token.Algorithm != want || saml.Algorithm != "RS256" {
				t.Errorf("algorithms %s and %s", token.Algorithm, saml.Algorithm)
			}
			digest := sha256.Sum256([]byte("text"))
			for _, key := range []mint.Key{token, saml} {
				signature, err := key.Sign(t.Context(), digest[:])
				if err != nil || !verifies(key.Public, digest[:], signature) {
					t.Errorf("%s: signed by another key, or not at all: %v", key.ID, err)
				}
			}
			c := saml.Certificate
			if c == nil || c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
				t.Errorf("certificate %v isn't signed by itself", c)
			}
			if years := c.NotAfter.Sub(w.clock.now()).Hours() / 24 / 365; years < 9.9 || c.NotBefore.After(w.clock.now()) || c.Subject.CommonName == "" {
				t.Errorf("certificate of %q from %v to %v", c.Subject, c.NotBefore, c.NotAfter)
			}
			if w.audit.told("token key "+token.ID, "made") != 1 || w.audit.told("token key "+token.ID, "activated") != 1 || w.audit.told("saml key "+saml.ID, "made") != 1 {
				t.Errorf("audited: %+v", w.audit.lines)
			}
		})
	}
}

func verifies(public crypto.PublicKey, digest, signature []byte) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	}
	return false
}

// One life of a key: replaced by age, published ahead, taking over after it was read back and the time has passed, the old
// one published for an hour more, then gone with its file.
func TestRingRotation(t *testing.T) {
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	first := current(t, r, mint.UseToken).ID
	began := w.clock.now()
	metadata := string(r.Documents().Metadata)
	for w.clock.since(began) < 90*24*time.Hour-2*time.Hour {
		w.clock.pass(24 * time.Hour / 2)
		step(t, r)
		if w.clock.since(began) < 90*24*time.Hour-time.Hour {
			wantStates(t, r, mint.UseToken, "active")
		}
	}
	// It has its age minus what the next one is published ahead.
	ids := wantStates(t, r, mint.UseToken, "active", "next")
	if ids[0] != first || len(w.published(r)) != 2 {
		t.Fatalf("active %s, published %v", ids[0], w.published(r))
	}
	w.clock.pass(59 * time.Minute)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "next")
	w.clock.pass(time.Minute)
	step(t, r)
	if now := wantStates(t, r, mint.UseToken, "active", "old"); now[0] != ids[1] || current(t, r, mint.UseToken).ID != ids[1] {
		t.Fatalf("active is %s, want %s", now[0], ids[1])
	}
	if len(w.published(r)) != 2 || w.audit.told(ids[1], "activated") != 1 {
		t.Fatalf("published %v", w.published(r))
	}
	w.clock.pass(59 * time.Minute)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "old")
	w.clock.pass(time.Minute)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "retired")
	if keys := w.published(r); len(keys) != 1 || keys[0] != ids[1] || w.audit.told(first, "retired") != 1 {
		t.Fatalf("published %v", keys)
	}
	for _, name := range keyFiles(t, w.dir) {
		if strings.Contains(name, first) {
			t.Fatalf("%s is still there", name)
		}
	}
	if string(r.Documents().Metadata) != metadata {
		t.Error("the metadata changed with the token keys")
	}
}

// published gives the ids in the JWKS.
func (w *ringWorld) published(r *mint.Ring) []string {
	var ids []string
	for _, line := range strings.Split(string(r.Documents().JWKS), "\n") {
		if _, rest, ok := strings.Cut(line, `"kid": "`); ok {
			ids = append(ids, strings.TrimSuffix(rest, `",`))
		}
	}
	return ids
}

// A next key that isn't published where AWS reads it never signs, however long one waits.
func TestRingWaitsForReadBack(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" }) // which takes time
	step(t, r)
	w.publishes(nil) // from here on a CDN serves what it has
	if _, made, err := r.Rotate(t.Context(), mint.UseToken); err != nil || !made {
		t.Fatal(made, err)
	}
	for range 10 {
		w.clock.pass(24 * time.Hour)
		if err := r.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "doesn't have the key") {
			t.Fatalf("a key that isn't published: %v", err)
		}
		if bridge.CodeOf(r.ReadBack(t.Context())) == "" {
			t.Fatal("it was read back")
		}
	}
	ids := wantStates(t, r, mint.UseToken, "active", "next")
	w.publishes(r.Documents)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "next") // since it was first read back, no time has passed
	w.clock.pass(time.Hour)
	w.publishes(nil)
	w.answers(nil)
	w.mu.Lock()
	w.served.JWKS = []byte(`{"keys":[]}`) // and now it's gone again
	w.mu.Unlock()
	if r.Step(t.Context()) == nil {
		t.Fatal("a key took over that is no longer published")
	}
	w.publishes(r.Documents)
	step(t, r)
	if now := wantStates(t, r, mint.UseToken, "active", "old"); now[0] != ids[1] {
		t.Fatal("the next key didn't take over")
	}
}

// Any number of nodes on one record come to the same keys and publish the same bytes.
func TestRingAgree(t *testing.T) {
	w := newRingWorld(t)
	const nodes = 4
	rings := make([]*mint.Ring, nodes)
	var wait sync.WaitGroup
	for i := range rings {
		wait.Go(func() {
			var err error
			if rings[i], err = w.tryOpen(func(c *mint.RingConfig) { c.PublishAhead = 0 }); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	w.publishes(rings[0].Documents)
	all := func() {
		t.Helper()
		for range 2 { // one may see at first what the other is about to do
			for _, r := range rings {
				wait.Go(func() {
					if err := r.Step(t.Context()); err != nil && !strings.Contains(err.Error(), "doesn't have the key") {
						t.Error(err)
					}
				})
			}
			wait.Wait()
		}
		for i, r := range rings {
			if a, b := r.Documents(), rings[0].Documents(); string(a.JWKS) != string(b.JWKS) || string(a.Metadata) != string(b.Metadata) || string(a.Discovery) != string(b.Discovery) {
				t.Fatalf("node %d publishes other bytes", i)
			}
			if a, b := current(t, r, mint.UseToken), current(t, rings[0], mint.UseToken); a.ID != b.ID {
				t.Fatalf("node %d signs by another key", i)
			}
		}
	}
	all()
	for range 3 {
		for _, r := range rings {
			wait.Go(func() {
				if _, _, err := r.Rotate(t.Context(), mint.UseToken); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		all()
		w.clock.pass(time.Hour)
		all()
	}
	keys, err := rings[0].List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, k := range keys {
		count[string(k.Use)+" "+string(k.State)]++
	}
	if count["token active"] != 1 || count["saml active"] != 1 || count["token next"] > 1 || count["token stray"]+count["saml stray"] != 0 {
		t.Errorf("keys: %v", count)
	}
	if files := keyFiles(t, w.dir); len(files) != count["token active"]+count["token next"]+count["token old"]+count["saml active"] {
		t.Errorf("keys: %v; files: %v", count, files)
	}
}

// A node that can't read the record goes on for a while, and then signs no more: the key may be retired by now.
func TestRingStale(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" }) // which takes time
	step(t, r)
	w.state.fail(errors.New("no store"))
	w.clock.pass(9 * time.Minute)
	if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeStoreDown {
		t.Fatal(err)
	}
	current(t, r, mint.UseToken)
	w.clock.pass(2 * time.Minute)
	if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey {
		t.Fatalf("after eleven minutes: %v", err)
	}
	if r.Documents().JWKS == nil {
		t.Fatal("the keys are published no longer")
	}
	w.state.fail(nil)
	step(t, r)
	current(t, r, mint.UseToken)
}

// What can't be recorded isn't done.
func TestRingAuditDown(t *testing.T) {
	w := newRingWorld(t)
	w.audit.down = errors.New("disk full")
	if _, err := w.tryOpen(); bridge.CodeOf(err) != bridge.CodeAuditDown {
		t.Fatal(err)
	}
	w.audit.down = nil
	r := w.open()
	step(t, r)
	if files := keyFiles(t, w.dir); len(files) != 2 {
		t.Errorf("files %v", files)
	}
	w.audit.down = errors.New("disk full")
	if _, _, err := r.Rotate(t.Context(), mint.UseToken); bridge.CodeOf(err) != bridge.CodeAuditDown {
		t.Fatal(err)
	}
	wantStates(t, r, mint.UseToken, "active")
	if _, err := r.Retire(t.Context(), current(t, r, mint.UseToken).ID, true); bridge.CodeOf(err) != bridge.CodeAuditDown {
		t.Fatal(err)
	}
}
