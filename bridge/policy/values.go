package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/fedbridge/fedbridge/bridge"
)

// valuePlan makes one session tag, or the source identity, of an identity.
type valuePlan struct {
	name    string // the tag's key, or source_identity
	reads   string // what it reads, for people: claims.department
	static  bool   // it reads nothing: value is it
	value   string
	program cel.Program
	check   func(value string) (fault string)
}

// compileValue type-checks an expression that must give one string. One that reads nothing is evaluated at once.
func compileValue(name, text string, check func(string) string) (*valuePlan, []celFault) {
	if strings.TrimSpace(text) == "" {
		return nil, whole(`is empty: write an expression, or '"text"' for a fixed value`)
	}
	e, faults := compileExpression(valueEnvironment, text, cel.StringType, cel.ListType(cel.StringType))
	if faults != nil {
		return nil, faults
	}
	program, err := e.plan(e.checked.Expr())
	if err != nil {
		return nil, whole(err.Error())
	}
	reads := readsOf(e.checked.Expr())
	plan := &valuePlan{name: name, reads: strings.Join(reads, ", "), program: program, check: check}
	if len(reads) > 0 {
		return plan, nil
	}
	var nobody activation
	nobody.set(&bridge.Identity{})
	value, err := plan.evaluate(&nobody)
	if err != nil {
		return nil, whole(err.Error())
	}
	if fault := check(value); fault != "" {
		return nil, whole(fmt.Sprintf("%q %s", value, fault))
	}
	plan.static, plan.value = true, value
	return plan, nil
}

// resolve fills in tags and source identity.
func (plan *sessionPlan) resolve(s *scratch, grant *bridge.Grant) error {
	for _, tag := range plan.tags {
		value, err := tag.resolve(&s.act)
		if err != nil {
			return bridge.FailWith(bridge.CodeTagValue, tag.describe(), fmt.Errorf("policy: tag %s: %w", tag.name, err))
		}
		grant.Tags = append(grant.Tags, bridge.Tag{Key: tag.name, Value: value})
	}
	if plan.sourceIdentity == nil {
		return nil
	}
	value, err := plan.sourceIdentity.resolve(&s.act)
	if err != nil {
		return bridge.FailWith(bridge.CodeSourceIdentity, plan.sourceIdentity.describe(), fmt.Errorf("policy: source identity: %w", err))
	}
	grant.SourceIdentity = value
	return nil
}

// describe names the tag and what it reads, without any value.
func (v *valuePlan) describe() string {
	if v.reads == "" {
		return v.name
	}
	return v.name + " (" + v.reads + ")"
}

func (v *valuePlan) resolve(act *activation) (string, error) {
	if v.static {
		return v.value, nil
	}
	value, err := v.evaluate(act)
	if err != nil {
		return "", err
	}
	// AWS takes an empty tag, but here it means that the person lacks what the tag should say.
	if value == "" {
		return "", errors.New("the value is empty")
	}
	if fault := v.check(value); fault != "" {
		return "", errors.New("the value " + fault)
	}
	return value, nil
}

// evaluate gives exactly one value, or fails. The error never holds a claim's value: it goes into the log.
func (v *valuePlan) evaluate(act *activation) (string, error) {
	out, _, err := v.program.Eval(act)
	if err != nil {
		return "", errors.New(plainFailure(err))
	}
	if list, ok := out.(traits.Lister); ok {
		if n := list.Size().(types.Int); n != 1 {
			return "", countError(n)
		}
		out = list.Get(types.Int(0))
	}
	return oneText(out)
}

// plainFailure says why CEL failed. CEL's own texts may quote a claim's value, so only those that can't are passed on.
func plainFailure(err error) string {
	if count, ok := errors.AsType[countError](err); ok {
		return count.Error()
	}
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "index out of bounds"):
		return "there is no such value in the list"
	case strings.Contains(text, "cost limit"):
		return "it takes too long"
	case strings.HasPrefix(text, "identity.auth_time"):
		return text
	}
	return "it can't be evaluated with these claims"
}

func oneText(value ref.Val) (string, error) {
	text, ok := value.(types.String)
	if !ok {
		return "", fmt.Errorf("a value of type %s", value.Type().TypeName())
	}
	return string(text), nil
}

// readsOf lists what an expression reads: claims.NAME, identity.NAME, or claims for all of them.
func readsOf(e ast.Expr) []string {
	var reads []string
	seen := map[int64]bool{} // operands that are part of something named already
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		name := ""
		if variable, field := fieldOf(e); variable == "claims" || variable == "identity" {
			name = variable + "." + field
			seen[operandID(e)] = true
		} else if e.Kind() == ast.IdentKind && !seen[e.ID()] && (e.AsIdent() == "claims" || e.AsIdent() == "identity") {
			name = e.AsIdent()
		}
		if name != "" && !slices.Contains(reads, name) {
			reads = append(reads, name)
		}
	}))
	return reads
}

func operandID(e ast.Expr) int64 {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index {
		return e.AsCall().Args()[0].ID()
	}
	return e.AsSelect().Operand().ID()
}

// checkTagKey: STS API, Tag; keys that begin with aws: are AWS's own.
func checkTagKey(key string) string {
	switch {
	case key == "" || utf8.RuneCountInString(key) > 128 || !tagAlphabet(key):
		return fmt.Sprintf("%q: a tag's key has 1 to 128 letters, digits, spaces and _ . : / = + - @", key)
	case len(key) >= 4 && strings.EqualFold(key[:4], "aws:"):
		return fmt.Sprintf("%q: keys that begin with aws: are AWS's own", key)
	}
	return ""
}

func checkTagValue(value string) string {
	if utf8.RuneCountInString(value) > maxTagValue || !tagAlphabet(value) {
		return "doesn't fit: a tag's value has at most 256 letters, digits, spaces and _ . : / = + - @; tagValue(…) makes it fit"
	}
	return ""
}

// checkSAMLTagValue: white space around XML text is commonly dropped, and the tag would say something else.
func checkSAMLTagValue(value string) string {
	if strings.TrimSpace(value) != value {
		return "has white space at an end, which SAML can't carry; tagValue(…) drops it"
	}
	return checkTagValue(value)
}

// tagAlphabet is [\p{L}\p{Z}\p{N}_.:/=+\-@]* (STS API, Tag).
func tagAlphabet(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsOneOf([]*unicode.RangeTable{unicode.L, unicode.Z, unicode.N}, r) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}

// checkSourceIdentity: STS API, SourceIdentity.
func checkSourceIdentity(value string) string {
	if value == "" {
		return "is empty: a source identity says who it is"
	}
	if !bridge.ValidSessionName(value) || strings.HasPrefix(value, "aws:") {
		return "doesn't fit: a source identity has 2 to 64 of A-Z a-z 0-9 _ + = , . @ - and doesn't begin with aws:; sourceIdentity(…) makes it fit"
	}
	return ""
}
