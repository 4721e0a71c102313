package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts, and tests that start processes of their own, run this binary as fedbridge.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fedbridge": main})
}
