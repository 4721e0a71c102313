package trust

import "github.com/fedbridge/fedbridge/bridge"

// Severity is how much a finding matters.
type Severity string

// The severities, worst first.
const (
	SeverityError   Severity = "error"   // fedbridge will be refused, or somebody else will be let in
	SeverityWarning Severity = "warning" // it works, and is wider or will break sooner than it need be
	SeverityNote    Severity = "note"    // to know
)

// Finding is one thing that the doctor has to say about one role.
type Finding struct {
	Code     Code       `json:"code"`
	Severity Severity   `json:"severity"`
	Account  string     `json:"account"` // twelve digits
	Role     string     `json:"role"`    // the role entry's name in the configuration
	ARN      string     `json:"arn"`
	Via      bridge.Via `json:"via"`
	Summary  string     `json:"summary"` // one sentence
	Detail   string     `json:"detail,omitempty"`
	// Fix is a unified diff from the trust policy as it is to the corrected one, both printed by Pretty; "" where the
	// policy isn't what must change.
	Fix string `json:"fix,omitempty"`
	// Policy is the corrected trust policy whole; "" without a Fix.
	Policy string `json:"policy,omitempty"`
	// Commands are lines of the aws CLI that mend it; the account's own credentials run them.
	Commands []string `json:"commands,omitempty"`
}

// Code names a kind of finding. Codes are stable: in text, JSON and README.
type Code string
