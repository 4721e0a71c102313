package templates

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Session is what goes into a person's session of a role, shown before they ask for it.
type Session struct {
	Longest        time.Duration // how long it may last; zero: not shown here
	Name           string
	SourceIdentity string // "" for none
	Tags           []SessionTag
	// Problem says why the role can't be used, where a claim doesn't fit; nil if all fits.
	Problem *Obstacle
}

// SessionTag is one session tag, with this person's value.
type SessionTag struct {
	Key, Value string
	Transitive bool // goes on into the next role
	Optional   bool // may be left out where the session gets too large
}

// Meter says how full the session token was, and which optional tags were left out of it.
type Meter struct {
	Percent int // 0: not known
	Dropped []string
	// Before tells that this is about the last time, not about what the page shows.
	Before bool
}

// MeterFrom is how full a session token must be before people read about it, in percent.
const MeterFrom = 80

// MeterOf is the meter of what STS gave; nil where there is nothing to say.
func MeterOf(c bridge.Credentials) *Meter {
	if c.Utilization < MeterFrom && len(c.DroppedTags) == 0 {
		return nil
	}
	return &Meter{Percent: c.Utilization, Dropped: c.DroppedTags}
}

// ConsolePost carries what was minted for one person and role to AWS's sign-in page, by a form that posts itself (SAML
// Bindings §3.5). Its CSP must list the console's hosts under form-action, and needs nothing else there.
type ConsolePost struct {
	Layout
	Account    bridge.Account
	Label      string        // of the role
	Action     string        // URL of the sign-in page
	Response   bridge.Secret // field SAMLResponse
	RelayState string        // "" for none
}
