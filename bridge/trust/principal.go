package trust

import (
	"fmt"
	"strings"
)

// PrincipalKind is the key under which a policy's Principal element lists a caller.
type PrincipalKind string

// The kinds of callers that STS knows.
const (
	AWS       PrincipalKind = "AWS"       // an IAM user, a role session, an account's root
	Federated PrincipalKind = "Federated" // somebody whom an identity provider vouches for
	Service   PrincipalKind = "Service"   // an AWS service
)

// Principal is who calls STS.
type Principal struct {
	Kind PrincipalKind
	// ID is, for AWS, the caller's ARN as GetCallerIdentity gives it (arn:aws:iam::…:user/…,
	// arn:aws:sts::…:assumed-role/ROLE/SESSION); for Federated the IAM provider's ARN or a built-in provider's host
	// (accounts.google.com); for Service its name (ec2.amazonaws.com).
	ID string
	// Role is, for a role session, the ARN of its IAM role. The session's own ARN lacks the role's path, so it can't
	// be derived.
	Role string
}

// principal is one value of a policy's Principal element.
type principal struct {
	kind    PrincipalKind
	text    string
	account string // for an account id or an account's root: the twelve digits
	// partition of an account's root ARN; "" where the policy gave the digits alone, which stand for the role's own.
	partition string
	anyone    bool // "*"
	bare      bool // Principal: "*", not {"AWS": "*"}
	doubtful  bool // not understood: a wildcard inside an ARN, a unique id, a canonical user
}

func parsePrincipals(where string, n node) ([]principal, error) {
	if n.kind == text {
		if n.text != "*" {
			return nil, fmt.Errorf("trust: %s: %q: write {\"AWS\": …}, {\"Federated\": …} or {\"Service\": …}", where, n.text)
		}
		return []principal{{anyone: true, bare: true}}, nil
	}
	if n.kind != object || len(n.fields) == 0 {
		return nil, fmt.Errorf("trust: %s: an object of AWS, Federated, Service", where)
	}
	var out []principal
	for _, f := range n.fields {
		switch f.name {
		case "AWS", "Federated", "Service", "CanonicalUser":
		default:
			return nil, fmt.Errorf("trust: %s.%s: IAM knows no such kind of principal", where, f.name)
		}
		values, err := f.value.list(where+"."+f.name, text)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			out = append(out, newPrincipal(PrincipalKind(f.name), v))
		}
	}
	return out, nil
}

func newPrincipal(kind PrincipalKind, v string) principal {
	p := principal{kind: kind, text: v}
	switch {
	case kind == AWS && v == "*":
		p.anyone = true
	case kind == AWS && isAccount(v):
		p.account = v
	case kind == AWS:
		part := splitARN(v)
		if part == nil || strings.ContainsAny(v, "*?") {
			p.doubtful = true // AIDA…, AROA…: a principal that was deleted; wildcards: IAM takes none here
		} else if part[2] == "iam" && part[5] == "root" {
			p.account, p.partition = part[4], part[1]
		}
	default:
		p.doubtful = kind != Federated && kind != Service || strings.ContainsAny(v, "*?")
	}
	return p
}

// caller is a Request's principal, split once.
type caller struct {
	Principal
	partition, account string
}

func newCaller(p Principal) caller {
	c := caller{Principal: p}
	if part := splitARN(p.ID); part != nil {
		c.partition, c.account = part[1], part[4]
	}
	return c
}

// names tells whether the policy's value means the caller, and whether it names the caller itself: an account only lets
// the account's own policies decide (aws-facts 1.4, 4.3).
func (p principal) names(c caller, effect Effect) (holds truth, itself bool) {
	switch {
	case p.doubtful:
		return maybe, false
	case p.bare && effect == Allow:
		return maybe, false // IAM takes no bare "*" for delegation (aws-facts 4)
	case p.anyone && effect == Deny:
		return yes, false // a Deny for everybody is for federated callers, too
	case p.anyone:
		return is(c.Kind == AWS), false
	case p.kind != c.Kind:
		return no, false
	case p.account != "":
		same := p.account == c.account && (p.partition == "" || p.partition == c.partition)
		return is(same), false
	}
	match := p.text == c.ID || c.Kind == AWS && c.Role != "" && p.text == c.Role
	return is(match), match
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// splitARN gives the six parts of arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or nil.
func splitARN(s string) []string {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return nil
	}
	return part
}
