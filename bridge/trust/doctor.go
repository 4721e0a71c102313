package trust

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Diagnose tells what is wrong with one role, from what fedbridge needs and what the account holds. No findings mean
// that STS will accept us, as the role in question, and nobody whom this package can think of besides. It asks nobody:
// the answer follows from its arguments alone. Findings come worst first.
func Diagnose(n Need, f Found, now time.Time) []Finding {
	e := &exam{need: n, found: f, now: now, whole: n.whole()}
	e.role()
	e.provider()
	slices.SortStableFunc(e.out, func(a, b Finding) int {
		return cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity))
	})
	return e.out
}

var severities = []Severity{SeverityError, SeverityWarning, SeverityNote}

// Verdict is what STS will say to fedbridge's call, as far as the trust policy decides.
type Verdict struct {
	Answer    Effect // Unknown where the policy wasn't read, or what decides isn't known here
	Principal string // as whom we come: an identity provider, or fedbridge's own principal
	Action    string
	Session   string // the ARN that the person becomes; * stands for the session name
	Statement int    // that decided; -1 if none did
	Sid       string
	Reason    string
}

// Judge tells whether STS will accept us, and as whom.
func Judge(n Need, f Found, now time.Time) Verdict {
	e := &exam{need: n, found: f, now: now, whole: n.whole()}
	v := Verdict{
		Answer: Unknown, Action: n.action(), Principal: e.whole.principal, Statement: -1,
		Session: n.Role.ARN.AssumedRole("*"), Reason: "the trust policy wasn't read",
	}
	if f.Role.Reading != Read {
		return v
	}
	if err := e.parse(); err != nil {
		v.Answer, v.Reason = Deny, err.Error()
		return v
	}
	e.identify()
	if e.principal.ID == "" {
		v.Reason = "it isn't known which principal fedbridge runs as"
		return v
	}
	v.Principal = cmp.Or(e.principal.Role, e.principal.ID)
	d := e.worst(e.policy)
	v.Answer, v.Action, v.Statement, v.Sid, v.Reason = d.Effect, d.Action, d.Statement, d.Sid, d.Reason
	return v
}

// worst is the answer to the call that fares worst, with all that it needs.
func (e *exam) worst(p *Policy) answer {
	var worst answer
	rank := map[Effect]int{Allow: 1, Unknown: 2, Deny: 3}
	for _, s := range e.need.shots() {
		for _, action := range e.actions(s) {
			if a := e.judge(p, action, s); rank[a.Effect] > rank[worst.Effect] {
				worst = a
			}
		}
	}
	return worst
}

// actions are all that one call needs.
func (e *exam) actions(s shot) []string {
	out := []string{e.need.action()}
	if len(s.tags) > 0 {
		out = append(out, tagSession)
	}
	if e.need.sendsSource() {
		out = append(out, setSourceIdentity)
	}
	return out
}

// exam is one diagnosis while it is made.
type exam struct {
	need      Need
	whole     ask // what all needs of this role ask through the same principal
	found     Found
	now       time.Time
	document  node
	printed   string // the document as Pretty prints it
	policy    *Policy
	principal Principal // who calls; no ID where that isn't known
	out       []Finding
}

// report adds a finding. Account, role and severity are filled in; change makes the fix.
func (e *exam) report(f Finding, change func(d *document)) {
	role := e.need.Role
	f.Account, f.Role, f.ARN, f.Via = role.ARN.Account, role.Key.Name, role.ARN.String(), e.need.Via
	if f.Severity == "" {
		f.Severity = docOf(f.Code).Severity
	}
	if change != nil {
		f.Fix, f.Policy = e.fix(change)
		if f.Fix != "" {
			f.Commands = append(f.Commands, trustPolicyCommand(role.ARN))
		}
	}
	e.out = append(e.out, f)
}

// fix makes the change and gives the difference; nothing where IAM would not take what comes out.
func (e *exam) fix(change func(d *document)) (diff, corrected string) {
	d := &document{root: e.document.clone()}
	change(d)
	if len(d.list().items) == 0 {
		return "", ""
	}
	if _, err := d.compile(); err != nil {
		return "", ""
	}
	corrected = d.root.pretty()
	if diff = unified(e.need.Role.ARN.Name+".json", e.printed, corrected); diff == "" {
		return "", ""
	}
	return diff, corrected
}

// parse reads the document.
func (e *exam) parse() (err error) {
	if e.policy, err = Parse(e.found.Role.TrustPolicy); err != nil {
		return err
	}
	if e.document, err = parseJSON(e.found.Role.TrustPolicy); err != nil {
		return err
	}
	e.printed = e.document.pretty()
	return nil
}

// identify finds out as whom we call.
func (e *exam) identify() {
	if e.need.Via != bridge.ViaAssumeRole {
		e.principal = Principal{Kind: Federated, ID: e.whole.principal}
		return
	}
	e.principal = e.callerOf(e.need.Caller)
}

// callerOf makes the principal of a caller's ARN: an IAM role calls as a session of it, under a name that isn't known, so
// that it gets one that no session can have. A session's ARN lacks the role's path; since names are unique in an
// account, a role of that name in the policy is the one, if it exists.
func (e *exam) callerOf(arn string) Principal {
	part := splitARN(arn)
	if part == nil {
		return Principal{}
	}
	kind, rest, _ := strings.Cut(part[5], "/")
	switch {
	case part[2] == "iam" && kind == "role":
		name := rest[strings.LastIndexByte(rest, '/')+1:]
		return Principal{Kind: AWS, ID: "arn:" + part[1] + ":sts::" + part[4] + ":assumed-role/" + name + "/-", Role: arn}
	case part[2] != "sts" || kind != "assumed-role":
		return Principal{Kind: AWS, ID: arn}
	}
	p := Principal{Kind: AWS, ID: arn, Role: callerARN(arn)}
	name, _, _ := strings.Cut(rest, "/")
	prefix := "arn:" + part[1] + ":iam::" + part[4] + ":role/"
	for _, other := range e.everybody() {
		if path, ok := strings.CutPrefix(other.text, prefix); ok && path[strings.LastIndexByte(path, '/')+1:] == name {
			p.Role = other.text
		}
	}
	return p
}

// everybody lists whom the statements that allow something name.
func (e *exam) everybody() []named {
	d := document{root: e.document.clone()}
	var out []named
	for i := range d.list().items {
		if s := d.statement(i); s.get("Effect").text == string(Allow) {
			out = append(out, principalsOf(s)...)
		}
	}
	return out
}
