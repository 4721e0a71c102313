package mint_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// TestRotateUnderLoad: two nodes behind one address mint as fast as they can while their keys are replaced again and again,
// one node always a little behind the other. An AWS refuses nobody, whether it keeps key sets for long or reads them each
// time (threat Z11).
func TestRotateUnderLoad(t *testing.T) {
	for name, cache := range map[string]time.Duration{"key sets are kept": time.Hour, "key sets are read each time": -1} {
		t.Run(name, func(t *testing.T) { rotateUnderLoad(t, cache) })
	}
}

func rotateUnderLoad(t *testing.T, cache time.Duration) {
	rings := newRingWorld(t)
	rings.clock.pass(-8 * time.Hour) // it goes faster than that of AWS, and must not overtake it
	nodes := []*mint.Ring{rings.open(), rings.open()}
	var asked atomic.Int64
	rings.publishes(func() mint.Documents { return nodes[asked.Add(1)%2].Documents() }) // a load balancer
	all := func() {
		t.Helper()
		for _, node := range nodes { // the other one may be the one that is asked, and not have the key yet
			if err := node.Step(t.Context()); err != nil && !strings.Contains(err.Error(), "doesn't have the key") {
				t.Fatal(err)
			}
		}
	}
	for range 4 {
		all()
	}
	w := newStrictAWS(t, rings.issuer, ststest.SAMLProvider{Metadata: nodes[0].Documents().Metadata}, ststest.Options{KeyCache: cache})
	var minters []*mint.Minter
	for _, node := range nodes {
		minters = append(minters, newMinter(t, func(c *mint.Config) { c.Issuer, c.Keys = rings.issuer, node }))
	}
	stop := make(chan struct{})
	var signedIn, refused atomic.Int64
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			m, req := minters[i%2], forRole(bridge.ProofIDToken)
			for {
				select {
				case <-stop:
					return
				default:
				}
				proof, err := m.Mint(t.Context(), req)
				if err == nil {
					_, err = w.assume(proof, req)
				}
				if err != nil && refused.Add(1) < 5 {
					t.Errorf("refused: %v", err)
				}
				signedIn.Add(1)
			}
		})
	}
	enough := func() { // some sign in at every stage
		for from := signedIn.Load(); signedIn.Load() < from+3; {
			time.Sleep(time.Millisecond)
		}
	}
	used := map[string]bool{}
	for range 2 {
		used[current(t, nodes[0], mint.UseToken).ID] = true
		if _, _, err := nodes[0].Rotate(t.Context(), mint.UseToken); err != nil {
			t.Error(err)
			break
		}
		for range 2 * 72 / 8 { // an hour until it signs, an hour until the old one is gone
			all()
			enough()
			rings.clock.pass(8 * time.Minute)
		}
		all()
		enough()
	}
	close(stop)
	wait.Wait()
	if len(used) != 2 || refused.Load() > 0 {
		t.Errorf("%d keys were used; %d of %d sign-ins were refused", len(used), refused.Load(), signedIn.Load())
	}
	if states, _ := states(t, nodes[1], mint.UseToken); len(states) != 3 || states[1] != "retired" {
		t.Errorf("in the end the keys are %v", states)
	}
}
