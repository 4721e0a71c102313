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
	// be derived; without it a policy that names a role of the session's name is Unknown.
	Role string
}

// principal is one value of a policy's Principal or NotPrincipal element.
type principal struct {
	kind    PrincipalKind
	text    string
	account string // for an account id or an account's root: the twelve digits
	// partition of an account's root ARN; "" where the policy gave the digits alone, which stand for the role's own.
	partition string
	anyone    bool // "*"
	bare      bool // Principal: "*", not {"AWS": "*"}
	pattern   bool // a wildcard inside an ARN: IAM takes none here
	doubtful  bool // not understood: a unique id, a canonical user
}

func parsePrincipals(where string, n node) ([]principal, error) {
	if n.kind == text {
		if n.text != "*" {
			return nil, fmt.Errorf("trust: %s: %q: write {\"AWS\": …}, {\"Federated\": …} or {\"Service\": …}", where, n.text)
		}
		return []principal{{text: "*", anyone: true, bare: true}}, nil
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
	case strings.ContainsAny(v, "*?"):
		p.pattern = true
	case kind == AWS && isAccount(v):
		p.account = v
	case kind == AWS:
		part := splitARN(v)
		if part == nil {
			p.doubtful = true // AIDA…, AROA…: what IAM shows of a user or role that was deleted
		} else if part[2] == "iam" && part[5] == "root" {
			p.account, p.partition = part[4], part[1]
		}
	default:
		p.doubtful = kind != Federated && kind != Service
	}
	return p
}

// caller is a Request's principal, split once.
type caller struct {
	Principal
	partition, account string
	resource           string // after the account: assumed-role/ROLE/SESSION
}

func newCaller(p Principal) caller {
	c := caller{Principal: p}
	if part := splitARN(p.ID); part != nil {
		c.partition, c.account, c.resource = part[1], part[4], part[5]
	}
	return c
}

// vouchedBy tells whether an IAM provider of a kind vouches for the caller.
func (c caller) vouchedBy(kind string) bool {
	return c.Kind == Federated && strings.HasPrefix(c.resource, kind)
}

// provider is how condition keys name the caller's OIDC provider; "" if there is none.
func (c caller) provider() string {
	if name, ok := strings.CutPrefix(c.resource, "oidc-provider/"); ok && c.Kind == Federated {
		return lower(name)
	}
	if c.Kind == Federated && c.partition == "" {
		return lower(c.ID)
	}
	return ""
}

// names tells whether the policy's value means the caller, and whether it names the caller itself: an account only lets
// the account's own policies decide (aws-facts 1.4, 4.3).
func (p principal) names(c caller, effect Effect) (holds truth, itself bool) {
	switch {
	case p.bare && effect == Allow:
		return maybe, false // IAM takes no bare "*" for delegation (aws-facts 4)
	case p.anyone && (effect == Deny || c.Kind == AWS):
		return yes, false // a Deny for everybody is for federated callers, too
	case p.anyone:
		return maybe, false // AWS: "*" lets every IAM principal in; whether others, isn't documented
	case p.kind == "CanonicalUser":
		return maybe, false
	case p.kind != c.Kind:
		return no, false
	case p.doubtful:
		return maybe, false
	case p.pattern:
		return p.resembles(c), false
	case p.account != "":
		same := p.account == c.account && (p.partition == "" || p.partition == c.partition)
		return is(same), false
	case p.text == c.ID || c.Kind == AWS && c.Role != "" && p.text == c.Role:
		return yes, true
	}
	return p.sameRole(c), false
}

// resembles is for a wildcard: "You cannot use a wildcard to match part of a principal name or ARN." If it matched, it
// would be these.
func (p principal) resembles(c caller) truth {
	for _, id := range []string{c.ID, c.Role, c.account, "arn:" + c.partition + ":iam::" + c.account + ":root"} {
		if id != "" && Match(p.text, id) {
			return maybe
		}
	}
	return no
}

// sameRole is maybe if the policy names a role whose session the caller could be, as far as the ARNs tell.
func (p principal) sameRole(c caller) truth {
	if c.Role != "" || c.Kind != AWS {
		return no
	}
	name, ok := strings.CutPrefix(c.resource, "assumed-role/")
	name, _, _ = strings.Cut(name, "/")
	part := splitARN(p.text)
	if !ok || part == nil || part[1] != c.partition || part[2] != "iam" || part[4] != c.account || !strings.HasPrefix(part[5], "role/") {
		return no
	}
	if _, last, _ := cutLast(part[5], "/"); last == name {
		return maybe
	}
	return no
}

// excepts tells whether the values of a NotPrincipal spare the caller. "When you use NotPrincipal, you must also specify
// the account ARN of the not-denied principal"; of a session its account, role and session count. If only some of them
// are there, the result depends on the service.
func excepts(list []principal, c caller) truth {
	var account, role, itself, any bool
	for _, p := range list {
		holds, _ := p.names(c, Deny)
		any = any || holds != no
		account = account || p.account != "" && holds == yes
		role = role || p.text == c.Role && holds == yes
		itself = itself || p.text == c.ID && holds == yes && p.account == ""
	}
	session := strings.HasPrefix(c.resource, "assumed-role/")
	switch {
	case itself && (c.Kind != AWS || account && (role || !session)):
		return yes
	case any:
		return maybe
	}
	return no
}

func isAccount(s string) bool { return len(s) == 12 && digits(s) }

// splitARN gives the six parts of arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or nil.
func splitARN(s string) []string {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return nil
	}
	return part
}
