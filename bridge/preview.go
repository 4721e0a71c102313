package bridge

import "context"

// Session is what goes into a session of a role, as far as fedbridge decides it.
type Session struct {
	Name           string
	Tags           []Tag // sorted by key; those in Role.OptionalTags may be left out where the session gets too large
	SourceIdentity string
}

// Preview tells a person what would go into their session, before they ask for it. It grants nothing, asks nobody, and is
// not recorded: what it shows is made of the person's own claims. It fails as Assume would, where that is known now.
func (b *Bridge) Preview(_ context.Context, id Identity, proof Proof, key RoleKey) (Session, error) {
	grant, err := b.authorizer.Grant(id, key)
	if err != nil {
		return Session{}, err
	}
	via, err := chooseVia(grant.Role, id, proof, b.now())
	if err != nil {
		return Session{}, err
	}
	session := Session{Name: relaySessionName(via, id, b.exact)}
	if carries(via) {
		session.Tags, session.SourceIdentity = grant.Tags, grant.SourceIdentity
	}
	return session, nil
}

// carries tells whether tags and source identity of ours reach a session in this way. A relayed answer brings its own.
func carries(via Via) bool { return via == ViaAssumeRole || via == ViaIssuer }
