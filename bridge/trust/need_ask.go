package trust

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// ask is all that fedbridge asks of one IAM role through one principal: one need, or several that differ in what they
// send. It is what one group of statements of the trust policy has to let through, and no more.
type ask struct {
	via       bridge.Via
	action    string // sts:AssumeRoleWithWebIdentity, …
	kind      PrincipalKind
	principal string // "" where the caller isn't known
	prefix    string // of the condition keys: "bridge.example.com:", "saml:"; "" for assume_role
	audiences []string
	// role is the name that sub must begin with (issuer); subjects are the exact ones (web_identity). Without both every
	// subject may come.
	role        string
	subjects    []string
	recipients  []string
	externalIDs []string
	tagKeys     []string
	transitive  []string
	source      bool
	required    bool // sts:RoleAuthorizedByIdp is demanded, too
}

const (
	tagSession        = "sts:TagSession"
	setSourceIdentity = "sts:SetSourceIdentity"
)

// action is what fedbridge calls.
func (n Need) action() string {
	switch {
	case n.Via == bridge.ViaAssumeRole:
		return "sts:AssumeRole"
	case n.saml():
		return "sts:AssumeRoleWithSAML"
	}
	return "sts:AssumeRoleWithWebIdentity"
}

// relays tells whether what STS gets is the IdP's own answer. It brings its own tags and source identity, so that the
// configuration refuses to combine it with ours.
func (n Need) relays() bool { return n.Via == bridge.ViaSAML || n.Via == bridge.ViaWebIdentity }

func (n Need) sendsTags() bool   { return !n.relays() && len(n.Role.TagKeys) > 0 }
func (n Need) sendsSource() bool { return !n.relays() && n.Role.HasSourceIdentity }

// audiences are the values of aud that our calls come with.
func (n Need) audiences() []string {
	if n.Via == bridge.ViaIssuer {
		return []string{n.Role.Audience}
	}
	return n.ClientIDs
}

// ask of one need alone.
func (n Need) ask() ask {
	a := ask{via: n.Via, action: n.action(), kind: Federated, principal: n.provider()}
	switch {
	case n.Via == bridge.ViaAssumeRole:
		a.kind, a.principal = AWS, callerARN(n.Caller)
		if n.Role.ExternalID != "" {
			a.externalIDs = []string{n.Role.ExternalID}
		}
	case n.saml():
		a.prefix, a.recipients = "saml:", n.Recipient
	default:
		a.prefix, a.audiences = bareIssuer(n.Issuer)+":", n.audiences()
		if n.Via == bridge.ViaIssuer {
			a.role = n.Role.ARN.Name
		} else {
			a.subjects = n.Role.RelaySubjects
		}
	}
	if n.sendsTags() {
		a.tagKeys, a.transitive = n.Role.TagKeys, n.Role.TransitiveTags
	}
	a.source = n.sendsSource()
	return a
}

// asks are those of several needs of one IAM role, those with the same principal and action merged, in order.
func asks(needs ...Need) []ask {
	var out []ask
	for _, n := range needs {
		a := n.ask()
		i := slices.IndexFunc(out, func(b ask) bool {
			return a.action == b.action && a.kind == b.kind && a.principal == b.principal
		})
		if i < 0 {
			out = append(out, a)
			continue
		}
		out[i] = out[i].merge(a)
	}
	return out
}

func (a ask) merge(b ask) ask {
	if len(a.subjects) == 0 || len(b.subjects) == 0 {
		a.subjects = nil // one of them lets every subject come
	} else {
		a.subjects = union(a.subjects, b.subjects)
	}
	a.audiences, a.recipients = union(a.audiences, b.audiences), union(a.recipients, b.recipients)
	a.externalIDs = union(a.externalIDs, b.externalIDs)
	a.tagKeys, a.transitive = union(a.tagKeys, b.tagKeys), union(a.transitive, b.transitive)
	a.source = a.source || b.source
	return a
}

// whole is the ask that this need is part of: what other entries send through the same principal is let through, too.
func (n Need) whole() ask {
	mine := n.ask()
	for _, a := range asks(append([]Need{n}, n.Besides...)...) {
		if a.action == mine.action && a.kind == mine.kind && a.principal == mine.principal {
			return a
		}
	}
	return mine
}

// union of two lists, in the order of first appearance.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// callerARN is how a trust policy names who runs fedbridge: a session by its role, since the session's own name changes.
// The role's path isn't part of the session's ARN; IAM refuses a policy that names a role which doesn't exist.
func callerARN(caller string) string {
	part := splitARN(caller)
	if part == nil || part[2] != "sts" {
		return caller
	}
	rest, ok := strings.CutPrefix(part[5], "assumed-role/")
	if !ok {
		return caller
	}
	name, _, _ := strings.Cut(rest, "/")
	return "arn:" + part[1] + ":iam::" + part[4] + ":role/" + name
}

// oidc tells whether the proof is an ID token, minted or relayed.
func (n Need) oidc() bool { return n.Via != bridge.ViaAssumeRole && !n.saml() }
