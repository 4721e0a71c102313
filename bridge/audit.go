package bridge

import (
	"context"
	"time"
)

// AuditLog keeps what was decided. Record MUST return only after the event is as durable as the sink can make it, and
// MUST return an error when it is not: without a record nothing is granted.
type AuditLog interface {
	Record(ctx context.Context, event AuditEvent) error
}

// AuditKind says what an event is about.
type AuditKind string

// What is audited.
const (
	AuditSignIn  AuditKind = "sign-in"  // somebody proved, or failed to prove, who they are
	AuditSignOut AuditKind = "sign-out" // a session was ended by its owner
	AuditDecide  AuditKind = "decide"   // a role was asked for; written before STS is called
	AuditOutcome AuditKind = "outcome"  // what became of an allowed decision or a probe; one without an outcome reads unknown
	AuditProbe   AuditKind = "probe"    // an operator asked whether STS gives a role; the credentials are thrown away
	AuditTrust   AuditKind = "trust"    // a provider's keys or certificates changed
	AuditConfig  AuditKind = "config"   // the running rules changed
	AuditKeys    AuditKind = "keys"     // a signing key of fedbridge's own was made, took over, or was retired
	AuditRevoke  AuditKind = "revoke"   // an operator ended what a person, or everybody, proved before
)

// AuditEvent is one line of the audit log. Empty fields are left out. It never holds a secret.
type AuditEvent struct {
	Time      time.Time `json:"time"`
	Kind      AuditKind `json:"kind"`
	ID        string    `json:"id"`                   // of this event; an outcome carries its decision's id in Decision
	Decision  string    `json:"decision,omitempty"`   // the decision that an outcome belongs to
	RequestID string    `json:"request_id,omitempty"` // of the HTTP request, as on the page and in the log
	Allowed   bool      `json:"allowed"`
	Code      Code      `json:"code,omitempty"` // why not

	Provider       string `json:"provider,omitempty"`
	Issuer         string `json:"issuer,omitempty"`
	Subject        string `json:"subject,omitempty"`
	Format         string `json:"format,omitempty"`
	Email          string `json:"email,omitempty"`
	KeyFingerprint string `json:"key_fingerprint,omitempty"` // of the key that verified the proof

	Door   string `json:"door,omitempty"`
	Source string `json:"source,omitempty"` // address of the client
	Client string `json:"client,omitempty"` // id of the client that asked on the person's behalf

	Account     string   `json:"account,omitempty"`
	Role        string   `json:"role,omitempty"`
	RoleARN     string   `json:"role_arn,omitempty"`
	Via         Via      `json:"via,omitempty"`
	Rules       []string `json:"rules,omitempty"`
	SessionName string   `json:"session_name,omitempty"`
	// SourceIdentity and Tags are what was sent to STS.
	SourceIdentity string `json:"source_identity,omitempty"`
	Tags           []Tag  `json:"tags,omitempty"`
	// DroppedTags are keys of optional tags that were left out because the session would have been too large.
	DroppedTags []string `json:"dropped_tags,omitempty"`
	// MintedID is the jti, or the assertion's ID, of what fedbridge minted for this call.
	MintedID     string `json:"minted_id,omitempty"`
	DurationSecs int    `json:"duration_seconds,omitempty"`
	// Narrowed tells that the request brought a session policy of its own.
	Narrowed bool `json:"narrowed,omitempty"`
	// Reused tells that the credentials were issued for an earlier, or a concurrent, request that asked for the same.
	Reused bool `json:"reused,omitempty"`

	AccessKeyID string    `json:"access_key_id,omitempty"` // joins with CloudTrail
	Expires     time.Time `json:"expires,omitzero"`
	Purpose     string    `json:"purpose,omitempty"` // "console", "credentials" or "probe"
	Detail      string    `json:"detail,omitempty"`
}
