package policy

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// when is the text of a rule's `when`, taken apart at its top-level &&. Each part is either a choice of atoms, which the
// index can answer, or a condition that CEL evaluates. CEL's && doesn't care for the order of its operands, and an
// operand that is false beats one that fails; so do parts of a rule.
type when struct {
	parts     []part
	faults    []celFault
	providers []string // providers that it compares with
}

// part is one operand of a top-level &&.
type part struct {
	atoms     []int32 // one of them must hold; nil for a condition
	condition int32
}

// condition is a part that CEL evaluates. All rules that say the same share it, and it is evaluated once a request.
type condition struct {
	text    string
	program cel.Program
}

func (c *compiler) compileWhen(text string) *when {
	if w, ok := c.whens[text]; ok {
		return w
	}
	w := &when{}
	c.whens[text] = w
	e, faults := compileExpression(celEnvironment, text, cel.BoolType)
	if faults != nil {
		w.faults = faults
		return w
	}
	if len(readsOf(e.checked.Expr())) == 0 {
		w.faults = whole("doesn't look at identity or claims: write `anyone: true` to mean everybody")
		return w
	}
	for _, operand := range operands(e.checked.Expr(), operators.LogicalAnd) {
		if found, ok := equalities(operand); ok {
			var ids []int32
			for _, eq := range found {
				ids = append(ids, c.atoms.intern(eq.source, eq.value))
				if eq.kind == fromProvider {
					w.providers = append(w.providers, eq.value)
				}
			}
			w.parts = append(w.parts, part{atoms: ids})
			continue
		}
		id, err := c.condition(e, operand)
		if err != nil {
			w.faults = whole(err.Error())
			return w
		}
		w.parts = append(w.parts, part{condition: id})
	}
	return w
}

// condition interns a part by its syntax tree, not by its text: two spellings of one tree are one condition, and two
// trees are never taken for one.
func (c *compiler) condition(e expression, operand ast.Expr) (int32, error) {
	var key strings.Builder
	writeKey(&key, operand)
	if id, ok := c.conditions[key.String()]; ok {
		return id, nil
	}
	program, err := e.plan(operand)
	if err != nil {
		return 0, err
	}
	id := int32(len(c.p.conditions))
	c.p.conditions = append(c.p.conditions, condition{e.text(operand), program})
	c.conditions[key.String()] = id
	return id, nil
}

// operands lists what a chain of one operator joins.
func operands(e ast.Expr, operator string) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operator {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for _, arg := range e.AsCall().Args() {
		out = append(out, operands(arg, operator)...)
	}
	return out
}

// equality is one test that an atom can stand for.
type equality struct {
	source
	value string
}

// equalities reads an operand that is nothing but tests for equality joined by ||:
//
//	identity.provider == "corp"      "corp" == identity.provider      identity.email in ["a@x", "b@x"]
//	"dev" in identity.groups         "FTE" in claims.employmentType   "FTE" in claims["employment type"]
//
// Whatever it doesn't know for certain it leaves to CEL.
func equalities(e ast.Expr) ([]equality, bool) {
	var all []equality
	for _, operand := range operands(e, operators.LogicalOr) {
		found, ok := oneEquality(operand)
		if !ok {
			return nil, false
		}
		all = append(all, found...)
	}
	return all, true
}

func oneEquality(e ast.Expr) ([]equality, bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return nil, false
	}
	left, right := e.AsCall().Args()[0], e.AsCall().Args()[1]
	switch e.AsCall().FunctionName() {
	case operators.Equals:
		if _, ok := textLiteral(left); ok {
			left, right = right, left
		}
		field, ok := scalarField(left)
		value, literal := textLiteral(right)
		return []equality{{field, value}}, ok && literal
	case operators.In:
		if value, ok := textLiteral(left); ok {
			list, ok := listField(right)
			return []equality{{list, value}}, ok
		}
		field, ok := scalarField(left)
		if !ok || right.Kind() != ast.ListKind || right.AsList().Size() == 0 {
			return nil, false
		}
		var all []equality
		for _, member := range right.AsList().Elements() {
			value, ok := textLiteral(member)
			if !ok {
				return nil, false
			}
			all = append(all, equality{field, value})
		}
		return all, true
	}
	return nil, false
}

func textLiteral(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// fieldOf reads VARIABLE.field, and VARIABLE["field"] for claims.
func fieldOf(e ast.Expr) (variable, field string) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		if !s.IsTestOnly() && s.Operand().Kind() == ast.IdentKind {
			return s.Operand().AsIdent(), s.FieldName()
		}
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() == operators.Index && call.Args()[0].Kind() == ast.IdentKind {
			if name, ok := textLiteral(call.Args()[1]); ok {
				return call.Args()[0].AsIdent(), name
			}
		}
	}
	return "", ""
}

func scalarField(e ast.Expr) (source, bool) {
	variable, field := fieldOf(e)
	kind, ok := scalarSources[field]
	return source{kind: kind}, ok && variable == "identity"
}

func listField(e ast.Expr) (source, bool) {
	variable, field := fieldOf(e)
	if variable == "claims" {
		return source{fromClaim, field}, true
	}
	kind, ok := listSources[field]
	return source{kind: kind}, ok && variable == "identity"
}

// writeKey writes a syntax tree so that equal keys mean equal trees: every part is preceded by its kind and its length.
func writeKey(b *strings.Builder, e ast.Expr) {
	text := func(kind, s string) { fmt.Fprintf(b, "%s%d:%s", kind, len(s), s) }
	many := func(kind string, list []ast.Expr) {
		fmt.Fprintf(b, "%s%d:", kind, len(list))
		for _, item := range list {
			writeKey(b, item)
		}
	}
	switch e.Kind() {
	case ast.LiteralKind:
		text("v", fmt.Sprintf("%T %#v", e.AsLiteral(), e.AsLiteral().Value()))
	case ast.IdentKind:
		text("i", e.AsIdent())
	case ast.SelectKind:
		s := e.AsSelect()
		text(fmt.Sprintf("s%t", s.IsTestOnly()), s.FieldName())
		writeKey(b, s.Operand())
	case ast.CallKind:
		call := e.AsCall()
		text(fmt.Sprintf("c%t", call.IsMemberFunction()), call.FunctionName())
		if call.IsMemberFunction() {
			writeKey(b, call.Target())
		}
		many("a", call.Args())
	case ast.ListKind:
		many("l", e.AsList().Elements())
	case ast.MapKind:
		fmt.Fprintf(b, "m%d:", e.AsMap().Size())
		for _, entry := range e.AsMap().Entries() {
			writeKey(b, entry.AsMapEntry().Key())
			writeKey(b, entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		text("f", c.IterVar())
		text("g", c.IterVar2())
		text("h", c.AccuVar())
		many("n", []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()})
	default: // no other kind passes the type check; its address is unlike any other
		text("u", fmt.Sprintf("%p", e))
	}
}
