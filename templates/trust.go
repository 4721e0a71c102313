package templates

import (
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// FieldRole names the role that an operator wants looked at: ACCOUNT/NAME. Empty means all.
const FieldRole = "role"

// Trust is the operators' page about the AWS side: whether STS lets fedbridge into each role, and whom else it would.
type Trust struct {
	Layout
	Reads   bool      // trust policies are read; otherwise STS alone is asked
	Running time.Time // since when a check is under way; zero where none is
	Query   string    // what FieldQuery asked for; the handler filters
	Roles   []TrustRole
	Total   int    // roles before filtering and cutting
	All     string // link to the uncut list, when Roles was cut; "" for none
}

// TrustVerdict is what a role comes to.
type TrustVerdict string

// Verdicts, worst first.
const (
	TrustError   TrustVerdict = "error"   // fedbridge is refused, or somebody else is let in
	TrustWarning TrustVerdict = "warning" // it works, and isn't as it should be
	TrustUnknown TrustVerdict = "unknown" // nobody looked, or nobody answered
	TrustOK      TrustVerdict = "ok"
)

// Word is the verdict for people.
func (v TrustVerdict) Word() string {
	switch v {
	case TrustError:
		return "Error"
	case TrustWarning:
		return "Warning"
	case TrustOK:
		return "Good"
	}
	return "Unknown"
}

// Class is the style of the verdict.
func (v TrustVerdict) Class() string {
	switch v {
	case TrustError:
		return "no"
	case TrustWarning:
		return "care"
	case TrustOK:
		return "yes"
	}
	return "off"
}

// TrustRole is one role with the ways into it.
type TrustRole struct {
	Account bridge.Account
	Label   string
	Key     string // for FieldRole
	ARN     string
	Verdict TrustVerdict
	Why     string // one line
	Ways    []TrustWay
}

// TrustWay is one way into a role, looked at.
type TrustWay struct {
	Via      bridge.Via
	Checked  time.Time // zero: never
	Ago      string    // how long ago that was, in words
	Read     bool      // the trust policy was read
	Unread   bool      // something could not be read; a finding says why
	Findings []TrustFinding
	Live     *TrustLive // nil: STS wasn't asked
}

// Means says in words how STS is asked.
func (w TrustWay) Means() string {
	switch w.Via {
	case bridge.ViaIssuer:
		return "With what fedbridge itself mints"
	case bridge.ViaAssumeRole:
		return "With a call that fedbridge signs"
	case bridge.ViaSAML:
		return "With the identity provider’s own SAML response"
	case bridge.ViaWebIdentity:
		return "With the identity provider’s own ID token"
	}
	return string(w.Via)
}

// TrustFinding is one thing to mend.
type TrustFinding struct {
	Verdict  TrustVerdict // "" for a note
	Code     string
	Summary  string
	Detail   string
	Fix      []DiffLine
	Commands []string
	Same     bool // the change that mends it stands at a finding above
}

// DiffLine is one line of a diff.
type DiffLine struct{ Text string }

// Class is the style of the line.
func (d DiffLine) Class() string {
	switch {
	case d.Text == "", strings.HasPrefix(d.Text, "--- "), strings.HasPrefix(d.Text, "+++ "): // names of the files
		return "same"
	case d.Text[0] == '+':
		return "added"
	case d.Text[0] == '-':
		return "removed"
	}
	return "same"
}

// TrustLive is what STS said. Message and Remedy come from the catalogue.
type TrustLive struct {
	Verdict TrustVerdict
	Code    string
	As      string // the role session that STS gave
	Message string
	Remedy  string
	Bare    bool // STS gives the role without session tags and source identity
}
