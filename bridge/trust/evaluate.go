package trust

import "slices"

// Effect is what a statement says, and what a Decision comes to.
type Effect string

// Effects. A statement has one of the first two.
const (
	Allow   Effect = "Allow"
	Deny    Effect = "Deny"
	Unknown Effect = "Unknown" // can't be told; treat it as Deny
)

// Request is one question: may this principal do this to the role?
type Request struct {
	Principal Principal
	Action    string // sts:AssumeRole, sts:AssumeRoleWithSAML, sts:TagSession, …
	// Resource is the ARN of the role that is asked for; "" leaves out what follows from it: that nobody comes in from
	// another partition, and no identity provider from another account.
	Resource string
	// Context holds the condition keys that the call has, in any case, each with its values. A key without values is
	// one that the call certainly doesn't have.
	Context map[string][]string
	// Absent are further condition keys that the call certainly doesn't have. A trailing * stands for any rest. What
	// follows from the parameters of a call (sts:ExternalId, sts:SourceIdentity, aws:RequestTag/…) is absent unless
	// Context has it; of every other key that Context doesn't have, the value is not known.
	Absent []string
	// Opaque are condition keys whose value in the real call the asker can't know (aws:SourceIp). A condition on one
	// is Unknown. A trailing * stands for any rest.
	Opaque []string
	// Lenient are condition keys to show with every action although they belong to one alone:
	// sts:ExternalId to AssumeRole, sts:RoleAuthorizedByIdp to AssumeRoleWithWebIdentity.
	Lenient []string
}

// Condition names one condition of a statement, as written.
type Condition struct {
	Operator string // ForAnyValue:StringLike
	Key      string // SAML:aud
}

// Decision is the answer, and what led to it.
type Decision struct {
	Effect    Effect
	Action    string    // that was asked for
	Statement int       // index of the statement that decided, or came nearest; -1 if none names the principal
	Sid       string    // its Sid
	Condition Condition // the condition that decided; zero if it was none
	// Wanted are the values that the policy has for that condition, Got those that the call has; none for a key that
	// the call doesn't have or that isn't known, and none for external IDs, which are not for every reader.
	Wanted, Got []string
	Explicit    bool // with Deny: a Deny statement applies. Otherwise no statement allows
	// Named, with Allow, tells that a statement names the caller itself, not only the account or everybody. Inside one
	// account the caller then needs no identity policy.
	Named  bool
	Reason string // a sentence for people
}

// Evaluate answers for one action. An explicit Deny wins; a Deny that can't be told takes an Allow away; no match means
// Deny. Among statements that decide alike the first is named.
func (p *Policy) Evaluate(r Request) Decision {
	ctx := newContext(r)
	if fault := ctx.caller.stranger(r); fault != "" {
		effect := Deny
		if r.Principal.ID == "" {
			effect = Unknown
		}
		return Decision{Effect: effect, Action: r.Action, Statement: -1, Reason: fault}
	}
	none := finding{statement: -1}
	allows, doubtfulAllow, doubtfulDeny, nearest := none, none, none, none
	for i := range p.statements {
		s := &p.statements[i]
		f := s.apply(i, ctx)
		switch {
		case s.effect == Deny && f.holds == yes:
			return p.decision(Deny, r, ctx, f)
		case s.effect == Deny && f.holds == maybe && doubtfulDeny.statement < 0:
			doubtfulDeny = f
		case s.effect == Deny:
		case f.holds == yes && (allows.statement < 0 || f.named && !allows.named):
			allows = f
		case f.holds == maybe && doubtfulAllow.statement < 0:
			doubtfulAllow = f
		case f.holds == no && f.reach > nearest.reach:
			nearest = f
		}
	}
	switch {
	case allows.statement < 0 && doubtfulAllow.statement < 0:
		return p.decision(Deny, r, ctx, nearest)
	case doubtfulDeny.statement >= 0:
		return p.decision(Unknown, r, ctx, doubtfulDeny)
	case allows.statement < 0:
		return p.decision(Unknown, r, ctx, doubtfulAllow)
	}
	return p.decision(Allow, r, ctx, allows)
}

// EvaluateAll answers for several actions that one call needs together: all must be allowed. A Deny decides, then an
// Unknown; among equals the first. Named holds only if it holds for each.
func (p *Policy) EvaluateAll(r Request, also ...string) Decision {
	result := p.Evaluate(r)
	for _, action := range also {
		if result.Effect == Deny {
			break
		}
		r.Action = action
		switch next := p.Evaluate(r); {
		case next.Effect == Deny || result.Effect == Allow && next.Effect == Unknown:
			result = next
		default:
			result.Named = result.Named && next.Named
		}
	}
	return result
}

// finding is what one statement says about a request.
type finding struct {
	holds     truth
	statement int
	reach     int // how far it got: principal, action, conditions
	named     bool
	part      int // what decided: see below
	why       cause
}

// The parts of a statement: from zero on they are its conditions.
const (
	principalPart = -2
	actionPart    = -1
)

func (s *statement) apply(index int, ctx *context) finding {
	f := finding{statement: index, holds: yes}
	principal, named := s.means(ctx.caller)
	f.named = named
	if !f.weigh(principal, principalPart, compared) || !f.weigh(s.covers(ctx.action), actionPart, compared) {
		return f
	}
	for i := range s.conditions {
		if t, why := s.conditions[i].holds(ctx, s.effect); !f.weigh(t, i, why) {
			break
		}
	}
	return f
}

// weigh takes one part into account and tells whether the statement can still apply. The first weakest part is the one
// that decided.
func (f *finding) weigh(t truth, part int, why cause) bool {
	if t < f.holds {
		f.holds, f.part, f.why = t, part, why
	}
	if t == no {
		return false
	}
	f.reach++
	return true
}

// means tells whether the statement is about the caller, and whether it names the caller itself.
func (s *statement) means(c caller) (holds truth, named bool) {
	if s.notPrincipal {
		t := excepts(s.principals, c).not()
		if s.effect == Allow {
			t = min(t, maybe) // "Using it with Effect: Allow is not supported"
		}
		return t, false
	}
	for i := range s.principals {
		t, itself := s.principals[i].names(c, s.effect)
		holds, named = max(holds, t), named || itself
	}
	return holds, named
}

// covers tells whether the statement is about the action, in lower case.
func (s *statement) covers(action string) truth {
	t := no
	for _, pattern := range s.actions {
		t = max(t, matchAction(pattern, action))
	}
	if s.notAction {
		return t.not()
	}
	return t
}

// stranger says what is wrong with the caller before any statement is looked at; "" if nothing is.
func (c caller) stranger(r Request) string {
	if c.ID == "" {
		return "the request has no principal"
	}
	role := splitARN(r.Resource)
	if role == nil || c.partition == "" {
		return ""
	}
	switch {
	case role[1] != c.partition:
		return "the role is in partition " + role[1] + " and its caller in " + printable(c.partition) + ": nothing crosses partitions"
	case c.Kind == Federated && role[4] != c.account:
		return "the identity provider is in account " + printable(c.account) + " and the role in " + role[4] + ": STS takes providers of the role's own account"
	}
	return ""
}

func (p *Policy) decision(effect Effect, r Request, ctx *context, f finding) Decision {
	d := Decision{Effect: effect, Action: r.Action, Statement: f.statement}
	if f.statement < 0 {
		d.Reason = p.nobody(ctx.caller)
		return d
	}
	s := &p.statements[f.statement]
	d.Sid, d.Named = s.sid, effect == Allow && f.named
	d.Explicit = effect == Deny && s.effect == Deny
	if f.holds != yes && f.part >= 0 {
		c := &s.conditions[f.part]
		d.Condition = c.written
		if !secret(c.key) {
			d.Wanted = c.wanted()
			got, _ := ctx.look(c.key)
			d.Got = slices.Clone(got)
		}
	}
	d.Reason = s.reason(effect, ctx, f)
	return d
}
