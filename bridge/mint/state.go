package mint

import "context"

// State keeps the record that all nodes of one issuer share: which keys there are, and what each is for now. It is a
// compare-and-swap of small named values; bridge/store has one that passes its suite.
type State interface {
	// Load gives a value and its version; version 0 and no error where there is none yet.
	Load(ctx context.Context, name string) (value []byte, version int64, err error)
	// Swap replaces the value at version from (0: there is none yet), which makes it version from+1. It tells false, and
	// MUST change nothing, where the value is at another version.
	Swap(ctx context.Context, name string, from int64, value []byte) (bool, error)
}
