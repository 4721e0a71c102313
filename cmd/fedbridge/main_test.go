package main

import (
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts, and tests that start processes of their own, run this binary as fedbridge.
func TestMain(m *testing.M) {
	testscript.Main(untilTheEnd{m}, map[string]func(){"fedbridge": main})
}

// untilTheEnd runs the tests, and then ends what they share.
type untilTheEnd struct{ *testing.M }

func (m untilTheEnd) Run() int {
	defer endShared()
	return m.M.Run()
}

var shared struct {
	sync.Mutex
	ends []func()
}

// atEnd registers what to do when all tests are over: for what is too slow to start for each.
func atEnd(end func()) {
	shared.Lock()
	defer shared.Unlock()
	shared.ends = append(shared.ends, end)
}

func endShared() {
	shared.Lock()
	defer shared.Unlock()
	for _, end := range shared.ends {
		end()
	}
}
