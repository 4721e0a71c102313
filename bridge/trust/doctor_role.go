package trust

import (
	"fmt"
	"slices"
	"strings"
)

// role looks at the IAM role and its trust policy.
func (e *exam) role() {
	f := e.found.Role
	switch f.Reading {
	case NotRead:
		e.report(Finding{Code: CodeRoleUnread, Severity: SeverityNote, Summary: "The IAM role was not looked at."}, nil)
		return
	case Unreadable:
		e.report(Finding{Code: CodeRoleUnread, Summary: "The IAM role could not be read.", Detail: f.Why}, nil)
		return
	case Missing:
		e.missing()
		return
	}
	e.session()
	if err := e.parse(); err != nil {
		e.unreadable(err)
		return
	}
	e.length()
	if e.operators() {
		return // IAM takes no such document: what else is in it decides nothing
	}
	e.identify()
	if e.principal.ID == "" && !e.guessCaller() {
		return
	}
	e.accepted()
	e.strangers()
	e.tagsOfAnyKey()
	e.superfluous()
	e.others()
}

func (e *exam) missing() {
	f := Finding{
		Code: CodeRoleMissing, Summary: "The account has no IAM role " + e.need.Role.ARN.String() + ".",
		Detail: "A role's path is part of its ARN. STS compares the case, too.",
	}
	if role, ok := e.planned(); ok {
		f.Policy = role.Policy
		f.Commands = []string{createRoleCommand(role.ARN, role.MaxSession)}
	}
	e.report(f, nil)
}

// planned is what the generator would make of this role.
func (e *exam) planned() (RolePlan, bool) {
	needs := append([]Need{e.need}, e.need.Besides...)
	plan, err := Generate(needs, Options{})
	if err != nil {
		return RolePlan{}, false
	}
	return plan.Accounts[0].Roles[0], true
}

// unreadable is a document that IAM would not take.
func (e *exam) unreadable(err error) {
	f := Finding{
		Code: CodeNotPolicy, Summary: "This is not a trust policy that IAM takes.",
		Detail: strings.TrimPrefix(err.Error(), "trust: "),
	}
	if role, ok := e.planned(); ok {
		f.Policy = role.Policy
		f.Commands = []string{trustPolicyCommand(role.ARN)}
	}
	e.report(f, nil)
}

// session compares the longest session of the configuration with the IAM role's. STS refuses more; it doesn't shorten.
func (e *exam) session() {
	have, want := e.found.Role.MaxSession, e.need.Role.MaxSession
	if have == 0 {
		return
	}
	longest := max(want, minMaxSession)
	for _, other := range e.need.Besides {
		longest = max(longest, other.Role.MaxSession)
	}
	switch {
	case want > have:
		e.report(Finding{
			Code:    CodeMaxSession,
			Summary: fmt.Sprintf("The configuration offers sessions of %s; the IAM role allows %s.", length(want), length(have)),
			Detail:  "STS refuses a longer session rather than shorten it. Raise the role's MaxSessionDuration, or lower max_session.",
			Commands: []string{
				maxSessionCommand(e.need.Role.ARN, longest),
			},
		}, nil)
	case longest < have:
		e.report(Finding{
			Code:     CodeMaxSessionLower,
			Summary:  fmt.Sprintf("The IAM role allows sessions of %s; the configuration offers %s at most.", length(have), length(longest)),
			Commands: []string{maxSessionCommand(e.need.Role.ARN, longest)},
		}, nil)
	}
}

// length: a document from a file may be more than the account's quota takes. What IAM gave us fits.
func (e *exam) length() {
	n := characters(e.found.Role.TrustPolicy)
	if n > DefaultCharacters && e.found.Role.MaxSession == 0 {
		e.report(Finding{
			Code:    CodeLength,
			Summary: fmt.Sprintf("The trust policy has %d characters; IAM takes %d unless the account's quota was raised.", n, DefaultCharacters),
			Detail:  fmt.Sprintf("The quota is called \"Role trust policy length\", and can be raised up to %d. White space doesn't count.", MaxCharacters),
		}, nil)
	}
}

// operators finds condition operators that IAM doesn't know. It tells whether there are any.
func (e *exam) operators() bool {
	var unknown []string
	d := document{root: e.document.clone()}
	for i := range d.list().items {
		c := d.statement(i).get("Condition")
		if c == nil {
			continue
		}
		for _, op := range c.fields {
			if !knownOperator(op.name) && !slices.Contains(unknown, op.name) {
				unknown = append(unknown, op.name)
			}
		}
	}
	if len(unknown) == 0 {
		return false
	}
	e.report(Finding{
		Code: CodeOperator, Summary: "The trust policy uses a condition operator that IAM doesn't know: " + strings.Join(unknown, ", ") + ".",
		Detail: "Operators are case-sensitive. Whether the statement applies can't be told, so it is taken not to let us in.",
	}, func(d *document) { renameOperators(d, unknown) })
	return true
}

// knownOperator tells whether IAM documents an operator of this name.
func knownOperator(name string) bool {
	base, many := name, false
	for _, prefix := range []string{"ForAnyValue:", "ForAllValues:"} {
		if rest, ok := strings.CutPrefix(base, prefix); ok {
			base, many = rest, true
			break
		}
	}
	base, ifExists := strings.CutSuffix(base, "IfExists")
	op, ok := operators[base]
	return ok && !(op.null && (many || ifExists))
}

// renameOperators writes the operator that was probably meant.
func renameOperators(d *document, unknown []string) {
	for i := range d.list().items {
		c := d.statement(i).get("Condition")
		if c == nil {
			continue
		}
		for j := range c.fields {
			op := &c.fields[j]
			meant := nearestOperator(op.name)
			if !slices.Contains(unknown, op.name) || meant == "" {
				continue
			}
			known := c.get(meant)
			if known == nil {
				op.name = meant
				continue
			}
			// Both are there: what is under the wrong name moves, unless the key has a test there already.
			op.value.fields = slices.DeleteFunc(op.value.fields, func(k field) bool {
				if known.get(k.name) != nil {
					return false
				}
				known.set(k.name, k.value)
				return true
			})
		}
		tidy(d.statement(i))
	}
}

// nearestOperator is a known operator that is at most two letters away; "" if there is none, or more than one is as near.
func nearestOperator(name string) string {
	prefix, base := "", name
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		prefix, base = name[:i+1], name[i+1:]
	}
	suffix := ""
	if rest, ok := strings.CutSuffix(base, "IfExists"); ok {
		base, suffix = rest, "IfExists"
	}
	best, found := 3, ""
	for op := range operators {
		switch d := distance(lower(base), lower(op)); {
		case d < best:
			best, found = d, op
		case d == best && d < 3:
			found = ""
		}
	}
	if found == "" || !knownOperator(prefix+found+suffix) {
		return ""
	}
	return prefix + found + suffix
}

// distance is how many letters must be changed, added or taken away.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// guessCaller goes through everybody whom the policy lets assume the role, where it isn't known as whom fedbridge runs.
// It tells whether there is anybody to go on with.
func (e *exam) guessCaller() bool {
	var fit []string
	var first Principal
	for _, p := range e.everybody() {
		candidate := e.candidate(p)
		if candidate.ID == "" {
			continue
		}
		e.principal = candidate
		if e.worst(e.policy).Effect == Allow {
			if fit = append(fit, p.text); first.ID == "" {
				first = candidate
			}
		}
	}
	if e.principal = first; first.ID == "" {
		e.report(Finding{
			Code: CodeRefusedPrincipal, Summary: "The trust policy lets nobody assume the role in the way that fedbridge would.",
			Detail: "It isn't known here which principal fedbridge runs as; whoever the policy names, it would be refused.",
		}, nil)
		return false
	}
	e.report(Finding{
		Code:    CodeCallerUnknown,
		Summary: "It isn't known here which principal fedbridge runs as: STS will accept it if it is " + strings.Join(fit, " or ") + ".",
	}, nil)
	return true
}

// candidate is a caller whom a value of the Principal element means.
func (e *exam) candidate(p named) Principal {
	if p.kind != AWS || strings.ContainsAny(p.text, "*?") {
		return Principal{}
	}
	v := newPrincipal(AWS, p.text)
	if v.account != "" {
		partition := v.partition
		if partition == "" {
			partition = e.need.Role.ARN.Partition
		}
		return e.callerOf("arn:" + partition + ":iam::" + v.account + ":role/fedbridge")
	}
	if v.doubtful {
		return Principal{}
	}
	return e.callerOf(p.text)
}
