package bridge

import "time"

// Revocation ends what was proved before a moment: about one person, or about everybody. Sessions that AWS gave out
// already it can't end.
type Revocation struct {
	Provider string    `json:"provider,omitempty"` // "" means everybody
	Issuer   string    `json:"issuer,omitempty"`   // "" means whatever issuer the provider has
	Subject  string    `json:"subject,omitempty"`
	Before   time.Time `json:"before"`
}

// Everybody tells whether it is about all people of all providers.
func (r Revocation) Everybody() bool { return r.Provider == "" }

// Names tells whether it is about this person, whatever the time. The NameID format isn't asked for: who revokes "ada"
// doesn't mean to leave one ada in.
func (r Revocation) Names(id Identity) bool {
	return r.Everybody() || r.Provider == id.Provider && r.Subject == id.Subject && (r.Issuer == "" || r.Issuer == id.Issuer)
}

// Ends tells whether it ends what was proved as this identity. What doesn't say when it was issued is of before.
func (r Revocation) Ends(id Identity) bool { return r.Names(id) && !id.ProvedAt().After(r.Before) }

// Epoch is the moment of the last revocation that names a person; the zero Epoch where there was none. Nothing that was
// kept under one epoch is found under another.
type Epoch struct{ time.Time }

// Revocations tells what was revoked. It is asked for each request, and never waits.
type Revocations interface {
	// Check MUST fail with CodeRevoked where a revocation ends this identity, and with CodeStoreDown where the
	// revocations of the last thirty seconds aren't known: fail closed.
	Check(id Identity) (Epoch, error)
	// OnRevoke has a function called for each revocation that Check didn't know before, when it becomes known.
	OnRevoke(func(Revocation))
}

// Revoked fails with CodeRevoked where what was proved as this identity has been revoked. Doors ask it where they show
// something to a person without asking for a role.
func (b *Bridge) Revoked(id Identity) error {
	_, err := b.epoch(id)
	return err
}

func (b *Bridge) epoch(id Identity) (Epoch, error) {
	if b.revocations == nil {
		return Epoch{}, nil
	}
	return b.revocations.Check(id)
}
