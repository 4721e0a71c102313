package mint

import (
	"fmt"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	// maxJump is how much of a step of the wall clock is let through: leap seconds, and what a time service mends.
	maxJump = time.Minute
	// confirmAfter is how long the two clocks must have agreed until they are compared anew, so that small steps of many
	// days don't add up to a jump.
	confirmAfter = time.Hour
)

// clock is the wall clock, as long as it can be trusted. What is minted is good or bad by its times alone: a token from a
// clock that ran ahead is good for whoever finds it later (threat Z3).
type clock struct {
	wall    func() time.Time
	start   time.Time            // with its monotonic reading
	elapsed func() time.Duration // nil: since start
	newest  func() time.Time
	steady  time.Duration

	mu        sync.Mutex
	confirmed reading       // when both were last found to agree
	jump      time.Duration // the last one
	until     time.Duration // of elapsed, nothing is minted
}

type reading struct {
	wall    time.Time
	elapsed time.Duration
}

func newClock(c Config) *clock {
	k := &clock{wall: c.Now, start: c.Now(), elapsed: c.Elapsed, newest: c.Newest, steady: c.Steady}
	k.confirmed = k.read()
	return k
}

// read takes both clocks. Sub goes by the monotonic readings, and Round drops them, because they would hide every jump.
func (k *clock) read() reading {
	t := k.wall()
	if k.elapsed != nil {
		return reading{t.Round(0).UTC(), k.elapsed()}
	}
	return reading{t.Round(0).UTC(), t.Sub(k.start)}
}

// now is the time, or CodeIssuerClock.
func (k *clock) now() (time.Time, error) {
	at, err := k.compare()
	if err != nil || k.newest == nil {
		return at, err
	}
	return at, notBehind(at, k.newest(), "what is known to have passed")
}

func (k *clock) compare() (time.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.read()
	passed := at.elapsed - k.confirmed.elapsed
	if jump := at.wall.Sub(k.confirmed.wall) - passed; jump.Abs() > maxJump {
		k.jump, k.until, k.confirmed = jump, at.elapsed+k.steady, at
	} else if passed >= confirmAfter {
		k.confirmed = at
	}
	if left := k.until - at.elapsed; left > 0 {
		way := "forward"
		if k.jump < 0 {
			way = "back"
		}
		return time.Time{}, doubtful("the clock went %s by %s; nothing is minted for another %s", way, k.jump.Abs(), left)
	}
	return at.wall, nil
}

// notBehind refuses a time before one that has passed, of which it says what it was.
func notBehind(now, passed time.Time, what string) error {
	if behind := passed.Sub(now); behind > maxJump {
		return doubtful("the clock is %s behind %s", behind, what)
	}
	return nil
}

// notBehindKey refuses a time at which the key wasn't there yet.
func notBehindKey(now time.Time, key Key) error {
	passed := key.Made
	if c := key.Certificate; c != nil && c.NotBefore.After(passed) {
		passed = c.NotBefore
	}
	return notBehind(now, passed, "the making of key "+key.ID)
}

func doubtful(format string, args ...any) error {
	for i, arg := range args {
		if d, ok := arg.(time.Duration); ok {
			args[i] = max(d.Round(time.Second), time.Second)
		}
	}
	return bridge.FailWith(bridge.CodeIssuerClock, fmt.Sprintf(format, args...), nil)
}
