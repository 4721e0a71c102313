package mint

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// How long a key stays in a state.
const (
	// keep is how long a token key stays published after it signed last: the last token's life, five minutes for which AWS
	// takes it after its end, and what a node may be behind with reading that it is old. The rest is margin.
	keep = time.Hour
	// behind is how long a node goes on with what it read last, when it can't read the record.
	behind = 10 * time.Minute
	// Whatever the clock says, a process must itself have seen a key in its state for so long, or for the whole time:
	// a clock that is wrong must not let a key sign that AWS can't know yet, or retire one whose tokens are still good.
	seenNext = 10 * time.Minute
	seenOld  = bridge.MintedLife + 5*time.Minute + 2*behind
)

// life says when steps are due. now is the wall clock, up a clock that nobody can set; seen tells when, by up, this process
// first saw what a step waits for.
type life struct {
	now  time.Time
	up   time.Duration
	seen func(*entry) time.Duration
}

// due tells whether a period has passed since a moment. This process must have seen it pass, or as much of it as floor.
func (l life) due(e *entry, since time.Time, period, floor time.Duration) bool {
	watched := l.up - l.seen(e)
	return watched >= period || l.now.Sub(since) >= period && watched >= floor
}

// mayPromote tells whether a next token key may sign: it was read back, and published long enough. Where no key is active,
// nothing is gained by waiting.
func (l life) mayPromote(r *record, next *entry, ahead time.Duration) bool {
	if next.ReadBack.IsZero() {
		return false
	}
	return r.in(next.Use, StateActive) == nil || l.due(next, next.ReadBack, ahead, min(ahead, seenNext))
}

// mayRetire tells whether the last token that an old key signed has ended, for AWS, too.
func (l life) mayRetire(old *entry) bool { return l.due(old, old.Old, keep, seenOld) }

// tooOld tells whether it is time to make the key that replaces an active one, so that it can sign when that has its age.
func (l life) tooOld(active *entry, rotate, ahead time.Duration) bool {
	return rotate > 0 && l.due(active, active.Active, max(rotate-ahead, 0), seenNext)
}

// promote lets a key sign; the one that signed until now is old. In one record there is never a moment with two of them,
// or with none.
func (r *record) promote(id string, now time.Time) *record {
	out := r.clone()
	to := out.find(id)
	if from := out.in(to.Use, StateActive); from != nil {
		from.State, from.Old = StateOld, now
	}
	to.State, to.Active, to.Old = StateActive, now, time.Time{}
	return out
}

// retire takes a key out.
func (r *record) retire(id string, now time.Time) *record {
	out := r.clone()
	e := out.find(id)
	e.State, e.Retired = StateRetired, now
	return out
}

// add takes a new key in.
func (r *record) add(e entry) *record {
	out := r.clone()
	out.Keys = append(out.Keys, e)
	return out
}
