package trust

import (
	"fmt"
	"slices"
	"strings"
)

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
	// Context holds the condition keys that the call has, in any case, each with its values. A key without values is
	// absent.
	Context map[string][]string
	// Opaque are condition keys whose value in the real call the asker can't know (aws:SourceIp). A condition on one
	// is Unknown. A trailing * stands for any rest.
	Opaque []string
	// Lenient are condition keys to show with every action although they belong to one alone:
	// sts:ExternalId to AssumeRole, sts:RoleAuthorizedByIdp to AssumeRoleWithWebIdentity.
	Lenient []string
}

// scoped are the condition keys that exist in the authorisation of one action alone (aws-facts 3.5, 4.3), so that a
// statement that tests them can't allow sts:TagSession or sts:SetSourceIdentity as well.
var scoped = map[string]string{
	"sts:externalid":          "sts:assumerole",
	"sts:roleauthorizedbyidp": "sts:assumerolewithwebidentity",
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
	Explicit  bool      // with Deny: a Deny statement applies. Otherwise no statement allows
	// Named, with Allow, tells that a statement names the caller itself, not only the account or everybody. Inside one
	// account the caller then needs no identity policy.
	Named  bool
	Reason string // one line, for people
}

// Evaluate answers for one action. An explicit Deny wins; a Deny that can't be told takes an Allow away; no match means
// Deny.
func (p *Policy) Evaluate(r Request) Decision {
	if r.Principal.ID == "" {
		return Decision{Effect: Unknown, Action: r.Action, Statement: -1, Reason: "the request has no principal"}
	}
	ctx, who := newContext(r), newCaller(r.Principal)
	var allowed, doubt *finding
	nearest := finding{statement: -1, reason: "no statement names the principal"}
	for i := range p.statements {
		s := &p.statements[i]
		f := s.apply(i, who, ctx)
		switch {
		case f.holds == yes && s.effect == Deny:
			return f.decision(Deny, r.Action, true)
		case f.holds == yes:
			if allowed == nil || f.named && !allowed.named {
				allowed = &f
			}
		case f.holds == maybe && s.effect == Deny:
			doubt = &f // stronger than a doubtful Allow: it takes a certain one away
		case f.holds == maybe && doubt == nil:
			doubt = &f
		case s.effect == Allow && f.reach > nearest.reach:
			nearest = f
		}
	}
	switch {
	case doubt != nil && (allowed == nil || p.statements[doubt.statement].effect == Deny):
		return doubt.decision(Unknown, r.Action, false)
	case allowed != nil:
		return allowed.decision(Allow, r.Action, false)
	}
	return nearest.decision(Deny, r.Action, false)
}

// EvaluateAll answers for several actions that one call needs together: the first that is not allowed decides. Named
// holds only if it holds for each.
func (p *Policy) EvaluateAll(r Request, also ...string) Decision {
	result := p.Evaluate(r)
	for _, action := range also {
		if result.Effect != Allow {
			return result
		}
		r.Action = action
		next := p.Evaluate(r)
		if next.Effect != Allow {
			return next
		}
		result.Named = result.Named && next.Named
	}
	return result
}

// finding is what one statement says about a request.
type finding struct {
	holds     truth
	statement int
	sid       string
	reach     int // how far it got: principal, action, conditions
	named     bool
	condition Condition
	reason    string
}

func (f finding) decision(effect Effect, action string, explicit bool) Decision {
	return Decision{
		Effect: effect, Action: action, Statement: f.statement, Sid: f.sid, Condition: f.condition,
		Explicit: explicit, Named: effect == Allow && f.named, Reason: f.reason,
	}
}

func (s *statement) apply(index int, who caller, ctx *context) finding {
	f := finding{statement: index, sid: s.sid, holds: yes}
	for _, name := range s.unsupported {
		f.weigh(maybe, Condition{}, name+" is not evaluated")
	}
	principal := is(len(s.principals) == 0) // NotPrincipal: doubtful already
	for _, p := range s.principals {
		holds, itself := p.names(who, s.effect)
		principal, f.named = max(principal, holds), f.named || itself
	}
	if !f.weigh(principal, Condition{}, "the principal"+verdict[principal]) {
		return f
	}
	action := is(len(s.actions) == 0)
	for _, pattern := range s.actions {
		action = max(action, is(Match(pattern, ctx.action)))
	}
	if !f.weigh(action, Condition{}, "the action"+verdict[action]) {
		return f
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if t := c.holds(ctx); !f.weigh(t, c.written, c.written.Operator+" "+c.written.Key+verdict[t]) {
			return f
		}
	}
	if f.holds == yes {
		f.reason = fmt.Sprintf("statement %d applies", index)
	}
	return f
}

// weigh takes one part into account and tells whether the statement can still apply. The first weakest part is the one
// that decided.
func (f *finding) weigh(t truth, condition Condition, reason string) bool {
	if t < f.holds {
		f.holds, f.condition, f.reason = t, condition, fmt.Sprintf("statement %d: %s", f.statement, reason)
	}
	if t == no {
		return false
	}
	f.reach++
	return true
}

var verdict = [...]string{no: " does not match", maybe: " can't be evaluated", yes: ""}

// context is a Request's condition keys, folded and narrowed to its action.
type context struct {
	action  string
	values  map[string][]string
	unknown []string
}

func newContext(r Request) *context {
	c := &context{action: lower(r.Action), values: make(map[string][]string, len(r.Context))}
	lenient := make([]string, 0, len(r.Lenient))
	for _, key := range r.Lenient {
		lenient = append(lenient, lower(key))
	}
	for key, values := range r.Context {
		key = lower(key)
		if scope, ok := scoped[key]; ok && scope != c.action && !slices.Contains(lenient, key) {
			continue
		}
		// Two spellings of one key: both count, and a single-valued condition on them is Unknown.
		if len(c.values[key]) == 0 {
			c.values[key] = slices.Clip(values)
		} else {
			c.values[key] = append(c.values[key], values...)
		}
	}
	for _, key := range r.Opaque {
		c.unknown = append(c.unknown, lower(key))
	}
	return c
}

// opaque tells whether the value of this key is not known. A value that was given is.
func (c *context) opaque(key string) bool {
	if len(c.values[key]) > 0 {
		return false
	}
	for _, pattern := range c.unknown {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(key, prefix) || pattern == key {
			return true
		}
	}
	return false
}
