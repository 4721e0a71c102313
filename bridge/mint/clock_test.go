package mint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// twoClocks is a wall clock that can be set, and one that can't.
type twoClocks struct {
	wall    time.Time
	elapsed time.Duration
	newest  time.Time
}

func (c *twoClocks) pass(d time.Duration) { c.wall, c.elapsed = c.wall.Add(d), c.elapsed+d }
func (c *twoClocks) set(d time.Duration)  { c.wall = c.wall.Add(d) }

func (c *twoClocks) minter(t *testing.T) *mint.Minter {
	return newMinter(t, func(o *mint.Config) {
		o.Now, o.Elapsed = func() time.Time { return c.wall }, func() time.Duration { return c.elapsed }
		o.Newest = func() time.Time { return c.newest }
	})
}

// mintsAt demands that something is minted, with the wall clock's time.
func (c *twoClocks) mints(t *testing.T, m *mint.Minter) {
	t.Helper()
	if err := m.ClockError(); err != nil {
		t.Errorf("ClockError: %v", err)
	}
	if got := int64(claimsOf(t, minted(t, m, forRole("")))["iat"].(float64)); got != c.wall.Unix() {
		t.Errorf("iat %d, the clock says %d", got, c.wall.Unix())
	}
}

// refuses demands issuer-clock, in words that have these in them.
func (c *twoClocks) refuses(t *testing.T, m *mint.Minter, words ...string) {
	t.Helper()
	for _, kind := range []bridge.ProofKind{"", bridge.ProofSAML} {
		err := refusedMint(t, m, forRole(kind), bridge.CodeIssuerClock)
		_, _, detail := bridge.Explain(err)
		for _, word := range words {
			if !strings.Contains(detail, word) {
				t.Errorf("the detail %q lacks %q", detail, word)
			}
		}
	}
	if bridge.CodeOf(m.ClockError()) != bridge.CodeIssuerClock {
		t.Errorf("ClockError: %v", m.ClockError())
	}
}

// TestClockJumps is threat Z3: a step of ten minutes either way stops minting until the clock was even for a minute.
func TestClockJumps(t *testing.T) {
	for way, step := range map[string]time.Duration{"forward": 10 * time.Minute, "back": -10 * time.Minute} {
		t.Run(way, func(t *testing.T) {
			c := &twoClocks{wall: time.Now()}
			m := c.minter(t)
			c.mints(t, m)
			c.pass(time.Hour)
			c.mints(t, m)
			c.set(step)
			c.refuses(t, m, way, "10m0s", "another 1m0s")
			c.pass(59 * time.Second)
			c.refuses(t, m, way, "10m0s", "another 1s")
			c.pass(time.Second)
			c.mints(t, m)
			c.pass(24 * time.Hour)
			c.mints(t, m)
		})
	}
}

// TestClockMended: a clock that is set right again has jumped again, and the minute begins anew.
func TestClockMended(t *testing.T) {
	c := &twoClocks{wall: time.Now()}
	m := c.minter(t)
	c.set(3 * time.Hour)
	c.refuses(t, m, "forward", "3h0m0s")
	c.pass(40 * time.Second)
	c.set(-3 * time.Hour)
	c.refuses(t, m, "back", "3h0m0s", "another 1m0s")
	c.pass(30 * time.Second)
	c.refuses(t, m, "another 30s")
	c.pass(30 * time.Second)
	c.mints(t, m)
}

// TestClockSmallSteps: leap seconds and a time service's mending stop nothing, in the sum of days neither; a minute's worth
// within an hour does.
func TestClockSmallSteps(t *testing.T) {
	c := &twoClocks{wall: time.Now()}
	m := c.minter(t)
	for range 300 {
		c.pass(time.Hour)
		c.set(time.Second)
		c.mints(t, m)
	}
	c.pass(time.Hour)
	c.mints(t, m)
	c.set(time.Minute)
	c.mints(t, m)
	c.set(time.Second)
	c.refuses(t, m, "forward", "1m1s")
}

// TestClockCreeps: many small steps are one jump.
func TestClockCreeps(t *testing.T) {
	c := &twoClocks{wall: time.Now()}
	m := c.minter(t)
	for range 6 {
		c.pass(time.Second)
		c.set(-10 * time.Second)
		c.mints(t, m)
	}
	c.pass(time.Second)
	c.set(-10 * time.Second)
	c.refuses(t, m, "back", "1m10s")
}

// TestClockBehind: a clock that stood still while the process was down is found by what is known to have passed.
func TestClockBehind(t *testing.T) {
	c := &twoClocks{wall: time.Now()}
	m := c.minter(t)
	c.newest = c.wall.Add(time.Minute)
	c.mints(t, m)
	c.newest = c.wall.Add(3 * time.Hour)
	c.refuses(t, m, "3h0m0s behind")
	c.pass(3 * time.Hour)
	c.mints(t, m)

	// No key can be younger than the time.
	made := samlKey().Certificate.NotBefore
	young := esKey()
	young.Made = made
	for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
		for early, want := range map[time.Duration]bridge.Code{2 * time.Hour: bridge.CodeIssuerClock, time.Minute: ""} {
			m := newMinter(t, signWith(young), func(c *mint.Config) { c.Now = func() time.Time { return made.Add(-early) } })
			_, err := m.Mint(t.Context(), forRole(kind))
			_, _, detail := bridge.Explain(err)
			if bridge.CodeOf(err) != want || want != "" && !strings.Contains(detail, "2h0m0s behind the making of key") {
				t.Errorf("%s, %s early: %v", kind, early, err)
			}
		}
	}
}

// TestClockFarAway: times that don't fit a duration are refused, not wrapped round.
func TestClockFarAway(t *testing.T) {
	for _, year := range []int{1, 1970, 2038, 2262, 9999} {
		c := &twoClocks{wall: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
		m := c.minter(t)
		c.elapsed += time.Second
		c.wall = time.Date(year, 1, 19, 3, 14, 8, 0, time.UTC)
		c.refuses(t, m)
	}
	c := &twoClocks{wall: time.Date(2038, 1, 19, 3, 14, 0, 0, time.UTC)}
	m := c.minter(t)
	c.pass(time.Minute) // past 2^31 seconds
	c.mints(t, m)
}

// TestClockOfGo: the two clocks that a Go time holds agree with each other, also where a test moves both.
func TestClockOfGo(t *testing.T) {
	moved := time.Duration(0)
	for name, now := range map[string]func() time.Time{
		"default": nil, "moved": func() time.Time { return time.Now().Add(moved) }, "UTC": func() time.Time { return time.Now().UTC() },
	} {
		m := newMinter(t, func(c *mint.Config) { c.Now = now })
		minted(t, m, forRole(""))
		moved += 3 * time.Hour
		if err := m.ClockError(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
