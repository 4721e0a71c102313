package awssts

import (
	"context"
	"sync/atomic"
)

// gate bounds how many calls one endpoint has at once. Who finds it full waits; who finds the waiting room full is sent
// away at once, so that a slow STS never holds more of the server than this (threat A23).
type gate struct {
	places  chan struct{}
	waiting atomic.Int64
	room    int64
	retries atomic.Int64 // what is left of the budget, in tenths of a retry
}

// retryBudget is how many retries may be made in a row, in tenths; each success gives one tenth back. A second attempt
// for every call that fails would double the load on an STS that has too much already.
const (
	retryBudget = 200
	retryPrice  = 10
)

func newGate(limits Limits) *gate {
	g := &gate{places: make(chan struct{}, limits.InFlight), room: int64(limits.Waiting)}
	g.retries.Store(retryBudget)
	return g
}

// enter takes a place. full tells that there was none and no room to wait; err that the context ended first.
func (g *gate) enter(ctx context.Context) (leave func(), full bool, err error) {
	select {
	case g.places <- struct{}{}:
		return g.leave, false, nil
	default:
	}
	if g.waiting.Add(1) > g.room {
		g.waiting.Add(-1)
		return nil, true, nil
	}
	defer g.waiting.Add(-1)
	select {
	case g.places <- struct{}{}:
		return g.leave, false, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

func (g *gate) leave() { <-g.places }

// mayRetry takes one retry from the budget.
func (g *gate) mayRetry() bool {
	if g.retries.Add(-retryPrice) >= 0 {
		return true
	}
	g.retries.Add(retryPrice)
	return false
}

// succeeded gives a tenth of a retry back.
func (g *gate) succeeded() {
	if g.retries.Load() < retryBudget {
		g.retries.Add(1)
	}
}
