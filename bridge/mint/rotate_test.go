package mint_test

import (
	"context"
	"crypto"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// apartClocks opens a ring whose wall clock and whose clock that nobody can set are apart.
func apartClocks(w *ringWorld) (*mint.Ring, *atomic.Int64) {
	w.t.Helper()
	var up atomic.Int64
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" })
	r.SetUp(func() time.Duration { return time.Duration(up.Load()) })
	return r, &up
}

// A clock that jumps lets no key sign early, retires none early, and stops nothing for good (threat Z3).
func TestRotateClock(t *testing.T) {
	pass := func(w *ringWorld, up *atomic.Int64, d time.Duration) { w.clock.pass(d); up.Add(int64(d)) }
	t.Run("forward while a key is published ahead", func(t *testing.T) {
		w := newRingWorld(t)
		r, up := apartClocks(w)
		step(t, r)
		rotate(t, r, mint.UseToken)
		step(t, r) // read back
		w.clock.pass(365 * 24 * time.Hour)
		if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeIssuerClock {
			t.Fatalf("right after the jump: %v", err)
		}
		pass(w, up, 2*time.Minute) // it is steady, and says that a year has passed
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "next")
		pass(w, up, 8*time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "old") // this process saw it published for ten minutes
		w.clock.pass(24 * time.Hour)
		pass(w, up, 20*time.Minute)
		if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeIssuerClock {
			t.Fatalf("after the second jump: %v", err)
		}
		pass(w, up, 9*time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "old")
		pass(w, up, time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "retired")
	})
	t.Run("back, so that all that was done is in the future", func(t *testing.T) {
		w := newRingWorld(t)
		r, up := apartClocks(w)
		step(t, r)
		rotate(t, r, mint.UseToken)
		step(t, r)
		w.clock.pass(-365 * 24 * time.Hour)
		r.Step(t.Context())
		pass(w, up, 59*time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "next")
		pass(w, up, time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "old")
		pass(w, up, time.Hour)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "retired")
	})
	t.Run("wrong from the start", func(t *testing.T) {
		w := newRingWorld(t)
		r, _ := apartClocks(w)
		step(t, r)
		rotate(t, r, mint.UseToken)
		step(t, r)
		w.clock.pass(365 * 24 * time.Hour)
		r, up := apartClocks(w) // a node that starts now thinks that a year has passed
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "next")
		pass(w, up, 9*time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "next")
		pass(w, up, time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "old")
	})
	t.Run("a restart doesn't begin the wait anew", func(t *testing.T) {
		w := newRingWorld(t)
		r, up := apartClocks(w)
		step(t, r)
		rotate(t, r, mint.UseToken)
		step(t, r)
		pass(w, up, 55*time.Minute)
		r, up = apartClocks(w)
		step(t, r)
		pass(w, up, 9*time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "next")
		pass(w, up, time.Minute)
		step(t, r)
		wantStates(t, r, mint.UseToken, "active", "old")
	})
}

func rotate(t *testing.T, r *mint.Ring, use mint.Use) string {
	t.Helper()
	key, made, err := r.Rotate(t.Context(), use)
	if err != nil || !made || key.State != mint.StateNext {
		t.Fatalf("%+v, made %v, %v", key, made, err)
	}
	again, made, err := r.Rotate(t.Context(), use)
	if err != nil || made || again.ID != key.ID {
		t.Fatalf("a second time: %+v, made %v, %v", again, made, err)
	}
	return key.ID
}

// A key that may be in wrong hands is gone at once; nothing is left without one unless that is asked for.
func TestRetire(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.SAMLDir = "" })
	step(t, r)
	first := current(t, r, mint.UseToken).ID
	retire := func(id string, force bool) error {
		_, err := r.Retire(t.Context(), id, force)
		return err
	}
	for _, id := range []string{"", "nobody", first + "x", "../" + first} {
		if err := retire(id, true); !errors.Is(err, mint.ErrUnknownKey) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := retire(first, false); !errors.Is(err, mint.ErrNeeded) {
		t.Fatalf("the only key: %v", err)
	}
	second := rotate(t, r, mint.UseToken)
	if err := retire(first, false); !errors.Is(err, mint.ErrNeeded) {
		t.Fatalf("the next one was not read back: %v", err)
	}
	step(t, r)
	if err := retire(first, false); err != nil { // without waiting for an hour
		t.Fatal(err)
	}
	if now := current(t, r, mint.UseToken).ID; now != second || slices.Contains(w.published(r), first) {
		t.Fatalf("%s signs, published %v", now, w.published(r))
	}
	if files := keyFiles(t, w.dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
	if err := retire(first, false); err != nil {
		t.Errorf("a second time: %v", err)
	}
	w.publishes(nil)
	if err := retire(second, true); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey {
		t.Fatalf("it signs with what was not read back: %v", err)
	}
	w.publishes(r.Documents)
	step(t, r) // without publishing it ahead: there is nothing to wait for
	third := current(t, r, mint.UseToken).ID
	if third == first || third == second || len(w.published(r)) != 1 {
		t.Errorf("%s signs, published %v", third, w.published(r))
	}
	for _, id := range []string{first, second} {
		if w.audit.told(id, "retired") != 1 {
			t.Errorf("audited: %+v", w.audit.lines)
		}
	}
	if _, err := r.Activate(t.Context(), third); err == nil {
		t.Error("a token key was activated by hand")
	}
}

// SAML keys change by command only, and the metadata has all that accounts must know at each time.
func TestRotateSAML(t *testing.T) {
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	first := current(t, r, mint.UseSAML).ID
	w.clock.pass(5 * 365 * 24 * time.Hour)
	step(t, r)
	wantStates(t, r, mint.UseSAML, "active")
	w.clock.pass(1680 * 24 * time.Hour)
	step(t, r)
	if keys, err := r.List(t.Context()); err != nil || !strings.Contains(keys[1].Problem, "certificate ends on") {
		t.Errorf("months before the certificate ends: %+v, %v", keys, err)
	}
	if _, err := r.Activate(t.Context(), ""); err == nil {
		t.Fatal("activated a key that isn't there")
	}
	certificates := func() int { return strings.Count(string(r.Documents().Metadata), "<X509Certificate>") }
	second := rotate(t, r, mint.UseSAML)
	if certificates() != 2 || current(t, r, mint.UseSAML).ID != first {
		t.Fatalf("%d certificates", certificates())
	}
	w.clock.pass(24 * time.Hour)
	step(t, r)
	wantStates(t, r, mint.UseSAML, "active", "next")
	document := string(r.Documents().Metadata)
	if _, err := r.Activate(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if current(t, r, mint.UseSAML).ID != second || string(r.Documents().Metadata) != document {
		t.Fatal("taking over changed the metadata, or didn't happen")
	}
	if _, err := r.Activate(t.Context(), first); err != nil { // an account was forgotten
		t.Fatal(err)
	}
	if current(t, r, mint.UseSAML).ID != first {
		t.Fatal("no way back")
	}
	if _, err := r.Activate(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(24 * time.Hour)
	step(t, r)
	wantStates(t, r, mint.UseSAML, "active", "old") // until every account has new metadata, and somebody says so
	if _, err := r.Retire(t.Context(), second, false); !errors.Is(err, mint.ErrNeeded) {
		t.Fatal(err)
	}
	if _, err := r.Retire(t.Context(), first, false); err != nil {
		t.Fatal(err)
	}
	if certificates() != 1 {
		t.Fatalf("%d certificates", certificates())
	}
	if _, err := r.Activate(t.Context(), first); !errors.Is(err, mint.ErrUnknownKey) {
		t.Fatalf("a retired key: %v", err)
	}
	if _, err := r.Retire(t.Context(), second, true); err != nil {
		t.Fatal(err)
	}
	third := current(t, r, mint.UseSAML).ID
	if third == first || third == second || certificates() != 1 {
		t.Errorf("%s signs; %d certificates", third, certificates())
	}
	rotate(t, r, mint.UseSAML)
	if _, err := r.Activate(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Retire(t.Context(), current(t, r, mint.UseSAML).ID, true); err != nil {
		t.Fatal(err)
	}
	if now := current(t, r, mint.UseSAML).ID; now != third { // which every account had
		t.Errorf("%s signs, and not the key before it", now)
	}
}

// faultyKMS fails or lies when told to.
type faultyKMS struct {
	heldKMS
	fail error
	lie  crypto.Signer
}

func (k *faultyKMS) PublicKey(ctx context.Context, arn string) (crypto.PublicKey, error) {
	if k.fail != nil {
		return nil, k.fail
	}
	return k.heldKMS.PublicKey(ctx, arn)
}

func (k *faultyKMS) Sign(ctx context.Context, arn, algorithm string, digest []byte) ([]byte, error) {
	switch {
	case k.fail != nil:
		return nil, k.fail
	case k.lie != nil:
		return k.lie.Sign(nil, digest, crypto.SHA256)
	}
	return k.heldKMS.Sign(ctx, arn, algorithm, digest)
}

// Keys in KMS: no file is made; rotation goes through the list and stops at its end; what KMS can't do is CodeIssuerKMS.
func TestRotateKMS(t *testing.T) {
	kms := &faultyKMS{heldKMS: heldKMS{kmsARN(1): ecdsaKey(t), kmsARN(2): ecdsaKey(t), kmsARN(3): newRSA("x").private}}
	down := bridge.Fail(bridge.CodeIssuerKMS, errors.New("no answer"))
	kms.fail = down
	w := newRingWorld(t)
	configure := func(arns ...string) func(c *mint.RingConfig) {
		return func(c *mint.RingConfig) {
			c.Dir, c.SAMLDir, c.KMS, c.SAMLKMS, c.Signer = "", "", arns, []string{kmsARN(3)}, kms
		}
	}
	r := w.open(configure(kmsARN(1), kmsARN(2))) // serve starts without KMS
	if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey || r.Documents().JWKS != nil {
		t.Fatalf("without KMS: %v", err)
	}
	if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeIssuerKMS {
		t.Fatal(err)
	}
	kms.fail = nil
	step(t, r)
	if key := current(t, r, mint.UseSAML); !verifies(key.Public, trialDigest, must(key.Sign(t.Context(), trialDigest))) {
		t.Error("SAML is signed by another key")
	}
	sign := func() error {
		_, err := current(t, r, mint.UseToken).Sign(t.Context(), trialDigest)
		return err
	}
	if err := sign(); err != nil {
		t.Fatal(err)
	}
	kms.fail = down
	if err := sign(); bridge.CodeOf(err) != bridge.CodeIssuerKMS {
		t.Errorf("KMS is down: %v", err)
	}
	kms.fail, kms.lie = nil, ecdsaKey(t)
	if err := sign(); bridge.CodeOf(err) != bridge.CodeIssuerKMS {
		t.Errorf("another key signed: %v", err)
	}
	if rotate(t, r, mint.UseToken); r.Step(t.Context()) == nil {
		t.Error("a key takes over that can't sign")
	}
	if r.Try(t.Context()) == nil {
		t.Error("all keys can sign")
	}
	kms.lie = nil
	if err := r.Try(t.Context()); err != nil {
		t.Error(err)
	}
	step(t, r)
	w.clock.pass(time.Hour)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "old")
	if _, _, err := r.Rotate(t.Context(), mint.UseToken); err == nil || !strings.Contains(err.Error(), "make a new one") {
		t.Errorf("at the end of the list: %v", err)
	}
	keys, err := r.List(t.Context())
	if err != nil || keys[0].Where != "kms:"+kmsARN(2) {
		t.Errorf("%+v, %v", keys, err)
	}
	gone, err := r.Retire(t.Context(), keys[0].ID, true)
	if err == nil || gone.State != mint.StateRetired || !strings.Contains(err.Error(), "make a new one") {
		t.Errorf("the last key: %+v, %v", gone, err)
	}

	wrong := &faultyKMS{heldKMS: heldKMS{kmsARN(1): newRSA("x").private, kmsARN(3): newRSA("x").private}}
	kms, w = wrong, newRingWorld(t)
	r = w.open(configure(kmsARN(1)))
	if err := r.Step(t.Context()); bridge.CodeOf(err) != bridge.CodeIssuerKMS || !strings.Contains(err.Error(), "ECC_NIST_P256") {
		t.Errorf("a key of the wrong kind: %v", err)
	}
}

func must(signature []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return signature
}

var trialDigest = make([]byte, 32)

// From a directory to KMS, or to another algorithm: what signs goes on until the new key may.
func TestRotateToAnotherKind(t *testing.T) {
	kms := &faultyKMS{heldKMS: heldKMS{kmsARN(1): ecdsaKey(t), kmsARN(3): newRSA("x").private}}
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	files, saml := current(t, r, mint.UseToken).ID, current(t, r, mint.UseSAML).ID
	r = w.open(func(c *mint.RingConfig) {
		c.Dir, c.SAMLDir, c.KMS, c.SAMLKMS, c.Signer = "", "", []string{kmsARN(1)}, []string{kmsARN(3)}, kms
	})
	step(t, r)
	if current(t, r, mint.UseToken).ID != files || current(t, r, mint.UseSAML).ID != saml {
		t.Fatal("the change is not made at once")
	}
	w.clock.pass(10 * time.Minute)
	step(t, r)
	wantStates(t, r, mint.UseToken, "active", "next")
	w.clock.pass(time.Hour)
	step(t, r)
	keys, err := r.List(t.Context())
	if err != nil || current(t, r, mint.UseToken).ID == files || current(t, r, mint.UseSAML).ID != saml {
		t.Fatalf("%+v, %v", keys, err)
	}
	w.clock.pass(time.Hour)
	step(t, r)
	if left := keyFiles(t, w.dir); len(left) != 1 || !strings.HasPrefix(left[0], "saml-") {
		t.Errorf("files are %v", left)
	}
	r = w.open(func(c *mint.RingConfig) { c.Algorithm = mint.RS256 })
	w.clock.pass(10 * time.Minute)
	step(t, r)
	w.clock.pass(time.Hour)
	step(t, r)
	if key := current(t, r, mint.UseToken); key.Algorithm != mint.RS256 {
		t.Errorf("the key signs by %s", key.Algorithm)
	}
	if text := string(r.Documents().Discovery); !strings.Contains(text, "ES256") || !strings.Contains(text, "RS256") {
		t.Errorf("discovery names not both algorithms: %s", text)
	}
}
