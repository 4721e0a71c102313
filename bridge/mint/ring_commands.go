package mint

import (
	"context"
	"time"
)

// KeyState is where a key is in its life.
type KeyState string

// The states of a key, in their order.
const (
	StateNext    KeyState = "next"    // published; doesn't sign yet
	StateActive  KeyState = "active"  // signs
	StateOld     KeyState = "old"     // published until the last that it signed has ended
	StateRetired KeyState = "retired" // no longer published, its private key deleted
)

// KeyInfo is one key as an operator sees it.
type KeyInfo struct {
	ID        string    `json:"id"`
	Use       Use       `json:"use"`
	Algorithm string    `json:"algorithm"`
	State     KeyState  `json:"state"`
	Since     time.Time `json:"since"`           // when it came to be in this state
	Where     string    `json:"where"`           // the file, or the KMS key
	Waits     string    `json:"waits,omitempty"` // what happens next, and when
}

// List gives all keys: those in use first, newest first.
func (r *Ring) List(ctx context.Context) ([]KeyInfo, error) { return nil, errNotBuilt }

// Rotate makes the next key of a use and publishes it, or gives the one that there is.
func (r *Ring) Rotate(ctx context.Context, use Use) (KeyInfo, error) { return KeyInfo{}, errNotBuilt }

// Activate lets a published SAML key sign: the next one, or, when id is given, that one, be it an old one.
func (r *Ring) Activate(ctx context.Context, id string) (KeyInfo, error) {
	return KeyInfo{}, errNotBuilt
}

// Retire takes a key out at once: it is no longer published and never signs again. It refuses to leave nothing that can
// sign, unless force is given.
func (r *Ring) Retire(ctx context.Context, id string, force bool) (KeyInfo, error) {
	return KeyInfo{}, errNotBuilt
}
