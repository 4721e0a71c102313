package mint

import "time"

// SetUp sets the clock that nobody can set.
func (r *Ring) SetUp(up func() time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up = up
	r.clock = newClock(Config{Now: r.c.Now, Elapsed: up, Steady: time.Minute})
	v := *r.view.Load()
	v.at = up()
	clear(r.seen)
	r.look(&v)
	r.view.Store(&v)
}
