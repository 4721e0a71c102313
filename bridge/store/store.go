// Package store keeps what must outlive a request: pending sign-ins, sessions, the ids of answers that were used, and
// small records that all nodes change in turn.
//
// Rows hold no secret in clear. Ids are SHA-256 of what the bearer presents, and what a session or a pending sign-in
// says is sealed by the caller under a key that only the bearer brings; a stolen database opens no session. Taking and
// inserting are atomic across processes: what was taken once is gone, what was used once is refused, also after a
// crash. When the store can't be asked, callers refuse.
//
// Every implementation passes the suite in storetest.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors that callers tell apart. Any other error means that the store could not be asked.
var (
	ErrNotFound = errors.New("store: not found")
	ErrUsed     = errors.New("store: id was used before")
	ErrConflict = errors.New("store: the record was changed by another")
)

// Hash is SHA-256 of something that only its bearer knows.
type Hash [32]byte

// Pending is a sign-in that somebody began.
type Pending struct {
	Sealed  []byte // the login, sealed under a key that only the browser's cookie yields
	Expires time.Time
}

// PendingStore keeps pending sign-ins.
type PendingStore interface {
	// PutPending stores one under the hash of its handle. A handle is used once.
	PutPending(ctx context.Context, handle Hash, p Pending) error
	// TakePending removes and returns one. Of any number of concurrent calls, on any node, exactly one MUST get it; the
	// others, and everybody after Expires, MUST get ErrNotFound.
	TakePending(ctx context.Context, handle Hash, now time.Time) (Pending, error)
}

// Head is all that checking a session needs: no role, no claim, nothing to decode.
type Head struct {
	Expires time.Time // absolute end
	Idle    time.Time // end unless it is used again
	// Person and IdPSession are keyed hashes, so that all sessions of a person, or of a session at the IdP, can be ended
	// without knowing any secret.
	Person     Hash
	IdPSession Hash
	WrappedKey []byte // the session's data key, wrapped under a key that only the bearer yields
	Created    time.Time
}

// Session is a new session with its sealed parts.
type Session struct {
	Head
	Identity   []byte    // sealed
	Proof      []byte    // sealed; nil when no role relays it
	ProofUntil time.Time // the proof is deleted then
}

// SessionStore keeps sessions.
type SessionStore interface {
	// CreateSession stores head, identity and proof in one transaction.
	CreateSession(ctx context.Context, id Hash, s Session) error
	// SessionHead finds a session that is neither past Expires nor past Idle; ErrNotFound otherwise.
	SessionHead(ctx context.Context, id Hash, now time.Time) (Head, error)
	// TouchSession moves the idle end. Touching a session that is gone is ErrNotFound.
	TouchSession(ctx context.Context, id Hash, idle time.Time) error
	// SessionIdentity returns the sealed identity.
	SessionIdentity(ctx context.Context, id Hash) ([]byte, error)
	// SessionProof returns the sealed proof; ErrNotFound when there is none or it is past its time.
	SessionProof(ctx context.Context, id Hash, now time.Time) ([]byte, error)
	// DeleteSession ends one session. It is no error if there is none.
	DeleteSession(ctx context.Context, id Hash) error
	// DeleteSessionsOf ends all sessions of a person, or of a session at the IdP (whichever hash is given), and counts
	// them.
	DeleteSessionsOf(ctx context.Context, person, idpSession *Hash) (int, error)
}

// ReplayStore remembers one-time ids.
type ReplayStore interface {
	// UseOnce inserts (issuer, id) or fails with ErrUsed. Of any number of concurrent calls exactly one MUST succeed. What
	// was inserted MUST be refused until the time given, also after a crash and a restart.
	UseOnce(ctx context.Context, issuer, id string, until time.Time) error
}

// UsedGrace is how much longer than asked for Sweep keeps a used id: a clock that jumps ahead and comes back must not make
// an answer good again that is still valid by the right time (threat Z3).
const UsedGrace = time.Hour

// MaxRecord bounds a record, in bytes.
const MaxRecord = 256 << 10

// RecordStore keeps small named records that any number of nodes read and change.
type RecordStore interface {
	// Record returns a record and its version, which is 1 or more; ErrNotFound when there is none. What SwapRecord
	// wrote MUST be seen by every Record that begins after it returned, on any node.
	Record(ctx context.Context, name string) (value []byte, version int64, err error)
	// SwapRecord replaces the record at version from (0: there is none yet), which makes it version from+1. Where it is
	// at another version it MUST fail with ErrConflict and change nothing: of any number of concurrent swaps from one
	// version exactly one succeeds. What was swapped MUST survive a crash and a restart. A value of more than MaxRecord
	// bytes is an error.
	SwapRecord(ctx context.Context, name string, from int64, value []byte) error
}

// Store is all of it.
type Store interface {
	PendingStore
	SessionStore
	ReplayStore
	RecordStore
	// Key returns the 32 random bytes kept under a name, making them when they aren't there. All nodes get the same.
	Key(ctx context.Context, name string) ([]byte, error)
	// Ping tells whether the store can be read and written now.
	Ping(ctx context.Context) error
	// Sweep deletes what is past its time, in bounded steps, and counts it. Used ids MUST be kept for UsedGrace more.
	Sweep(ctx context.Context, now time.Time) (int, error)
	Close() error
}
