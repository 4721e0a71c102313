package bridge

import (
	"context"
	"errors"
)

// SignIn is one attempt to prove who somebody is, as the audit log keeps it.
type SignIn struct {
	// Identity is who was proved. Where nobody was, Provider alone says where the answer came from.
	Identity  Identity
	Door      string
	Source    string // address of the client
	RequestID string
	Err       error // why it was refused; nil when it was allowed
}

// RecordSignIn writes a sign-in, allowed or refused, to the audit log. Doors call it before a session exists; it fails
// with CodeAuditDown, and then there must be none (promise 1).
func (b *Bridge) RecordSignIn(ctx context.Context, s SignIn) error {
	return b.recordSession(ctx, AuditSignIn, s)
}

// RecordSignOut writes to the audit log that a person ended their session.
func (b *Bridge) RecordSignOut(ctx context.Context, s SignIn) error {
	return b.recordSession(ctx, AuditSignOut, s)
}

func (b *Bridge) recordSession(ctx context.Context, kind AuditKind, s SignIn) error {
	event := b.event(AssumeRequest{Identity: s.Identity, Door: s.Door, Source: s.Source, RequestID: s.RequestID}, "")
	event.Kind, event.Allowed = kind, s.Err == nil
	event.Code, event.Detail = CodeOf(s.Err), detailOf(s.Err)
	err := b.record(ctx, event)
	if err != nil && s.Err != nil {
		return Fail(CodeAuditDown, errors.Join(err, s.Err)) // the log learns both
	}
	return err
}

// Roles lists all configured roles, whoever may have them, sorted by account name, then role name.
func (b *Bridge) Roles() []Role { return b.roles.Roles() }
