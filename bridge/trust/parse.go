package trust

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// How large a trust policy may be, in characters, white space not counted: by IAM's default quota, and when the account
// owner asks for more (aws-facts 4).
const (
	DefaultCharacters = 2048
	MaxCharacters     = 4096
)

// Policy is a trust policy, compiled. It never changes and is safe for concurrent use.
type Policy struct {
	statements []statement
	characters int
}

// Characters is the size of the policy as IAM's quota counts it.
func (p *Policy) Characters() int { return p.characters }

// statement is one element of Statement.
type statement struct {
	sid          string
	effect       Effect
	principals   []principal
	notPrincipal bool // principals are those that it is not about
	actions      []string
	notAction    bool // actions are those that it is not about
	conditions   []condition
}

var sidShape = regexp.MustCompile(`^[A-Za-z0-9]*$`)

// Parse reads a trust policy strictly. It fails on what IAM refuses (MalformedPolicyDocument): an unknown or doubled
// element, a Resource, a missing Principal, an unknown Version. What IAM may accept and this package can't evaluate
// parses, and makes Evaluate answer Unknown.
func Parse(raw []byte) (*Policy, error) {
	root, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	size := characters(raw)
	if size > MaxCharacters {
		return nil, fmt.Errorf("trust: %d characters; IAM takes %d at most", size, MaxCharacters)
	}
	if root.kind != object {
		return nil, errors.New("trust: a policy is a JSON object")
	}
	var statements []node
	version := "2008-10-17" // IAM's default where Version is left out; then ${…} is plain text
	for _, f := range root.fields {
		switch {
		case f.name == "Version" && (f.value.text == "2012-10-17" || f.value.text == "2008-10-17"):
			version = f.value.text
		case f.name == "Version":
			return nil, fmt.Errorf("trust: Version %q: IAM knows 2012-10-17 and 2008-10-17", f.value.text)
		case f.name == "Id" && f.value.kind == text:
		case f.name == "Statement" && f.value.kind == object:
			statements = []node{f.value}
		case f.name == "Statement" && f.value.kind == array:
			statements = f.value.items
		default:
			return nil, fmt.Errorf("trust: %q: a policy has Version, Id and Statement", f.name)
		}
	}
	if len(statements) == 0 {
		return nil, errors.New("trust: a policy without a statement")
	}
	p, err := compile(statements, version == "2012-10-17")
	if err != nil {
		return nil, err
	}
	p.characters = size
	return p, nil
}

func compile(nodes []node, variables bool) (*Policy, error) {
	p := &Policy{statements: make([]statement, 0, len(nodes))}
	sids := map[string]bool{}
	for i, n := range nodes {
		s, err := parseStatement(fmt.Sprintf("Statement[%d]", i), n, variables)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, fmt.Errorf("trust: Statement[%d]: the Sid %q is taken", i, s.sid)
		}
		sids[s.sid] = true
		p.statements = append(p.statements, s)
	}
	return p, nil
}

func parseStatement(where string, n node, variables bool) (statement, error) {
	if n.kind != object {
		return statement{}, fmt.Errorf("trust: %s: not an object", where)
	}
	var s statement
	has := map[string]bool{}
	for _, f := range n.fields {
		has[f.name] = true
		if err := s.element(where+"."+f.name, f, variables); err != nil {
			return statement{}, err
		}
	}
	switch {
	case !has["Effect"]:
		return statement{}, fmt.Errorf("trust: %s: no Effect", where)
	case has["Principal"] == has["NotPrincipal"]:
		return statement{}, fmt.Errorf("trust: %s: exactly one of Principal and NotPrincipal", where)
	case has["Action"] == has["NotAction"]:
		return statement{}, fmt.Errorf("trust: %s: exactly one of Action and NotAction", where)
	}
	return s, nil
}

func (s *statement) element(where string, f field, variables bool) (err error) {
	switch f.name {
	case "Sid":
		if f.value.kind != text || !sidShape.MatchString(f.value.text) {
			return fmt.Errorf("trust: %s: letters and digits only", where)
		}
		s.sid = f.value.text
	case "Effect":
		s.effect = Effect(f.value.text)
		if f.value.kind != text || s.effect != Allow && s.effect != Deny {
			return fmt.Errorf("trust: %s: Allow or Deny", where)
		}
	case "Principal", "NotPrincipal":
		s.principals, err = parsePrincipals(where, f.value)
		s.notPrincipal = f.name == "NotPrincipal"
	case "Action", "NotAction":
		s.actions, err = parseActions(where, f.value)
		s.notAction = f.name == "NotAction"
	case "Condition":
		s.conditions, err = parseConditions(where, f.value, variables)
	case "Resource", "NotResource":
		return fmt.Errorf("trust: %s: a trust policy has none: the role itself is the resource", where)
	default:
		return fmt.Errorf("trust: %s: IAM knows no such element", where)
	}
	return err
}

// characters counts as IAM's quota does: white space is free.
func characters(raw []byte) int {
	n := 0
	for _, r := range string(raw) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// lower folds ASCII alone: strings.ToLower would make "k" of the Kelvin sign.
func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}
