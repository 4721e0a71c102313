package mint_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/store"
)

// killer ends a node at its n-th step: right before or right after it asks or changes anything outside of itself.
type killer struct {
	at   int
	step int
}

type killed struct{}

func (k *killer) may() {
	if k.step++; k.step == k.at {
		panic(killed{})
	}
}

type killState struct {
	*killer
	mint.State
}

func (s killState) Load(ctx context.Context, name string) ([]byte, int64, error) {
	s.may()
	return s.State.Load(ctx, name)
}

func (s killState) Swap(ctx context.Context, name string, from int64, value []byte) (bool, error) {
	s.may()
	defer s.may()
	return s.State.Swap(ctx, name, from, value)
}

type killAudit struct {
	*killer
	bridge.AuditLog
}

func (a killAudit) Record(ctx context.Context, e bridge.AuditEvent) error {
	a.may()
	return a.AuditLog.Record(ctx, e)
}

type killHTTP struct{ *killer }

func (h killHTTP) RoundTrip(r *http.Request) (*http.Response, error) {
	h.may()
	return http.DefaultTransport.RoundTrip(r)
}

// heldKMS is a KMS with the private keys at hand.
type heldKMS map[string]crypto.Signer

func (k heldKMS) PublicKey(_ context.Context, arn string) (crypto.PublicKey, error) {
	if k[arn] == nil {
		return nil, bridge.Fail(bridge.CodeIssuerKMS, errors.New("no such key"))
	}
	return k[arn].Public(), nil
}

func (k heldKMS) Sign(_ context.Context, arn, _ string, digest []byte) ([]byte, error) {
	if k[arn] == nil {
		return nil, bridge.Fail(bridge.CodeIssuerKMS, errors.New("no such key"))
	}
	return k[arn].Sign(rand.Reader, digest, crypto.SHA256)
}

type killKMS struct {
	*killer
	mint.KMS
}

func (k killKMS) Sign(ctx context.Context, arn, algorithm string, digest []byte) ([]byte, error) {
	k.may()
	return k.KMS.Sign(ctx, arn, algorithm, digest)
}

func kmsARN(n int) string {
	return fmt.Sprintf("arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-%012d", n)
}

// until runs a node to its end, or to where it is killed.
func (k *killer) until(life func()) (dead bool) {
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(killed); !ok {
				panic(v)
			}
			dead = true
		}
	}()
	life()
	return false
}

// TestRingKilled kills a node between every two steps of a key's life. Whatever it leaves, another node goes on from: there
// is always one key at most that signs, it is published, and in the end there is one.
func TestRingKilled(t *testing.T) {
	t.Run("token keys in a directory", func(t *testing.T) {
		killEverywhere(t, func(w *ringWorld, c *mint.RingConfig) { c.SAMLDir = "" }, func(w *ringWorld, r *mint.Ring) {
			for range 3 { // made, read back, in use; next made, next in use, old one gone
				r.Step(t.Context())
				r.Rotate(t.Context(), mint.UseToken)
				w.clock.pass(time.Hour)
			}
			ids := []string{}
			for range 2 {
				r.Step(t.Context())
				_, ids = states(t, r, mint.UseToken)
			}
			r.Retire(t.Context(), ids[0], true)
		})
	})
	keys := heldKMS{kmsARN(1): ecdsaKey(t)}
	for n := range 3 {
		keys[kmsARN(10+n)] = newRSA("saml").private
	}
	t.Run("SAML keys in KMS", func(t *testing.T) {
		killEverywhere(t, func(w *ringWorld, c *mint.RingConfig) {
			c.Dir, c.SAMLDir, c.KMS, c.SAMLKMS = "", "", []string{kmsARN(1)}, []string{kmsARN(10), kmsARN(11), kmsARN(12)}
			if c.Signer == nil {
				c.Signer = keys
			}
		}, func(w *ringWorld, r *mint.Ring) {
			r.Step(t.Context())
			r.Rotate(t.Context(), mint.UseSAML)
			r.Activate(t.Context(), "")
			_, ids := states(t, r, mint.UseSAML)
			r.Retire(t.Context(), ids[0], true)
		})
	})
}

func ecdsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func killEverywhere(t *testing.T, configure func(*ringWorld, *mint.RingConfig), life func(*ringWorld, *mint.Ring)) {
	for at := 1; ; at++ {
		w := newRingWorld(t)
		k := &killer{at: at}
		c := w.config()
		configure(w, &c)
		dead := k.until(func() {
			doomed := c
			doomed.State, doomed.Audit, doomed.HTTP, doomed.Signer = killState{k, w.state}, killAudit{k, w.audit}, killHTTP{k}, killKMS{k, c.Signer}
			r, err := mint.OpenRing(t.Context(), doomed)
			if err != nil {
				t.Fatal(err)
			}
			w.publishes(r.Documents)
			life(w, r)
		})
		r, err := mint.OpenRing(t.Context(), c)
		if err != nil {
			t.Fatalf("killed at step %d, and another node can't open: %v", at, err)
		}
		w.publishes(r.Documents)
		for range 4 {
			if err := r.Step(t.Context()); err != nil {
				t.Fatalf("killed at step %d, and another node can't go on: %v", at, err)
			}
			w.clock.pass(time.Hour)
		}
		w.check(t, r, at)
		if !dead {
			if at < 20 {
				t.Fatalf("a life of %d steps is too short to be one", at)
			}
			return
		}
	}
}

// check holds the keys against what must be true of them whatever happened.
func (w *ringWorld) check(t *testing.T, r *mint.Ring, at int) {
	t.Helper()
	keys, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count, strays := map[string]int{}, 0
	for _, k := range keys {
		count[string(k.Use)+" "+string(k.State)]++
		path, isFile := strings.CutPrefix(k.Where, "file:")
		_, err := os.Stat(path)
		switch {
		case k.State == "stray":
			strays++
		case k.Problem != "":
			t.Errorf("killed at step %d: %s key %s: %s", at, k.State, k.ID, k.Problem)
		case isFile && (err == nil) == (k.State == mint.StateRetired):
			t.Errorf("killed at step %d: %s key %s: its file: %v", at, k.State, k.ID, err)
		}
	}
	if count["token active"] != 1 || count["token next"]+count["token old"] > 1 || strays > 1 {
		t.Errorf("killed at step %d: %v", at, count)
	}
	if id := current(t, r, mint.UseToken).ID; !slices.Contains(w.published(r), id) {
		t.Errorf("killed at step %d: the key %s signs and isn't published", at, id)
	}
	if r.Documents().Metadata != nil {
		current(t, r, mint.UseSAML)
	}
}

// storeState is what config makes of a store.
type storeState struct{ store.RecordStore }

func (s storeState) Load(ctx context.Context, name string) ([]byte, int64, error) {
	value, version, err := s.Record(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	return value, version, err
}

func (s storeState) Swap(ctx context.Context, name string, from int64, value []byte) (bool, error) {
	err := s.SwapRecord(ctx, name, from, value)
	return err == nil, errorsOtherThan(err, store.ErrConflict)
}

func errorsOtherThan(err, fine error) error {
	if errors.Is(err, fine) {
		return nil
	}
	return err
}

// TestRingProcesses kills processes that rotate without a pause, at any moment, on one SQLite file and one directory.
func TestRingProcesses(t *testing.T) {
	w := newRingWorld(t)
	folder := filepath.Dir(w.dir)
	if os.Getenv("FEDBRIDGE_TEST_RING") != "" {
		t.Fatal("a process of this test came here")
	}
	c := processConfig(t, folder, w.issuer)
	r, err := mint.OpenRing(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	w.answers(func(out http.ResponseWriter, req *http.Request) {
		out.Header().Del("Date")
		reader, err := mint.OpenRing(req.Context(), readOnly(c))
		if err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		docs := reader.Documents()
		out.Write(map[string][]byte{"/.well-known/openid-configuration": docs.Discovery, "/jwks": docs.JWKS}[req.URL.Path])
	})
	step(t, r)
	for range 12 {
		var nodes []*exec.Cmd
		for range 2 {
			node := exec.Command(os.Args[0], "-test.run=^TestRingNode$", "-test.v")
			node.Env = append(os.Environ(), "FEDBRIDGE_TEST_RING="+folder, "FEDBRIDGE_TEST_ISSUER="+w.issuer)
			out, err := node.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := node.Start(); err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "rotating"; {
			}
			nodes = append(nodes, node)
		}
		time.Sleep(mathrand.N(60 * time.Millisecond)) // any moment
		for _, node := range nodes {
			node.Process.Kill()
			node.Wait()
		}
		step(t, r)
		if key := current(t, r, mint.UseToken); !slices.Contains(w.published(r), key.ID) {
			t.Fatalf("the key %s signs and isn't published", key.ID)
		}
	}
	keys, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	active := 0
	for _, k := range keys {
		if k.State == mint.StateActive {
			active++
		}
		if k.Problem != "" {
			t.Errorf("%s key %s: %s", k.State, k.ID, k.Problem)
		}
	}
	if active != 1 || len(keys) < 5 {
		t.Errorf("%d of %d keys are active", active, len(keys))
	}
}

func readOnly(c mint.RingConfig) mint.RingConfig { c.ReadOnly = true; return c }

func processConfig(t testing.TB, folder, issuer string) mint.RingConfig {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), filepath.Join(folder, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return mint.RingConfig{Issuer: issuer, Dir: filepath.Join(folder, "keys"), State: storeState{s}}
}

// TestRingNode is a process of TestRingProcesses: it rotates as fast as it can until it is killed.
func TestRingNode(t *testing.T) {
	folder := os.Getenv("FEDBRIDGE_TEST_RING")
	if folder == "" {
		return // as a test of its own it has nothing to do
	}
	r, err := mint.OpenRing(t.Context(), processConfig(t, folder, os.Getenv("FEDBRIDGE_TEST_ISSUER")))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("rotating")
	for range 2000 {
		r.Rotate(t.Context(), mint.UseToken)
		r.Step(t.Context())
	}
}
