package trust

import (
	"fmt"
	"strings"
)

// set is how an operator treats a condition key of many values.
type set uint8

const (
	single set = iota
	anyOf      // ForAnyValue: one value suffices; without a value it doesn't hold
	allOf      // ForAllValues: every value must; without a value it holds
)

// condition is one operator and one key of a Condition element. All conditions of a statement must hold.
type condition struct {
	written  Condition
	key      string // lower case: condition keys are case-insensitive
	op       operator
	known    bool // the operator is evaluated here
	set      set
	ifExists bool
	values   []value
}

// value is one of the values that a condition compares with.
type value struct {
	text    string // as written
	clear   bool   // the operator can read it
	pattern string // what is compared: text, with its wildcards compiled and its variables resolved
	parts   []part // where there are variables to resolve
	arn     []string
	number  decimal
	date    span
	network network
}

func parseConditions(where string, n node, variables bool) ([]condition, error) {
	if n.kind != object {
		return nil, fmt.Errorf("trust: %s: an object of operators", where)
	}
	var out []condition
	for _, op := range n.fields {
		if op.value.kind != object || len(op.value.fields) == 0 {
			return nil, fmt.Errorf("trust: %s.%s: an object of condition keys", where, op.name)
		}
		for _, key := range op.value.fields {
			texts, err := key.value.list(where+"."+op.name+"."+key.name, text, boolean, number)
			if err != nil {
				return nil, err
			}
			out = append(out, newCondition(op.name, key.name, texts, variables))
		}
	}
	return out, nil
}

func newCondition(name, key string, texts []string, variables bool) condition {
	c := condition{written: Condition{Operator: name, Key: key}, key: lower(key)}
	if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		c.set, name = anyOf, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		c.set, name = allOf, rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.op = operators[name]
	// "You can add IfExists to the end of any condition operator name except the Null condition."
	c.known = c.op.match != nil && !(c.op.null && (c.ifExists || c.set != single))
	for _, t := range texts {
		v := value{text: t}
		if c.known {
			c.read(&v, variables && c.op.variables && strings.Contains(t, "${"))
		}
		c.values = append(c.values, v)
	}
	return c
}

// read compiles a value for the condition's operator.
func (c *condition) read(v *value, variables bool) {
	v.pattern = v.text
	if variables {
		parts, ok := parseVariables(v.text, c.op.patterns)
		if !ok || len(parts) > 1 || parts[0].key != "" {
			v.parts, v.clear = parts, ok
			return
		}
		v.pattern = parts[0].text // ${*} and the like alone
	} else if c.op.patterns {
		v.pattern = wildcards.Replace(v.text)
	}
	v.clear = c.op.read(v)
}

// holds evaluates the condition (IAM User Guide, "IAM JSON policy elements: Condition operators").
func (c *condition) holds(ctx *context, effect Effect) (truth, cause) {
	if !c.known {
		return maybe, strangeOperator
	}
	got, known := ctx.look(c.key)
	if !known {
		return maybe, unknownKey
	}
	t, why := c.weigh(ctx, got)
	if shown := ctx.hidden[c.key]; shown != nil {
		// The key is said not to exist in the authorisation of this action. Where that alone would let the caller in, it
		// is not sure enough.
		if other, _ := c.weigh(ctx, shown); other != t && t == is(effect == Allow) {
			return maybe, otherAction
		}
	}
	return t, why
}

// weigh evaluates for known values of the key; none means that the call doesn't have it.
func (c *condition) weigh(ctx *context, got []string) (truth, cause) {
	switch {
	case len(got) == 0:
		return c.without(ctx)
	case c.op.null:
		return c.exists(ctx, got)
	case c.set != single:
		return c.many(ctx, got), compared
	case len(got) > 1:
		return maybe, manyValues // a list needs ForAnyValue or ForAllValues (aws-facts 2.5); what IAM does else isn't documented
	}
	t := c.oneOf(ctx, got[0])
	if got[0] == "" {
		if absent, _ := c.without(ctx); absent != t {
			return maybe, emptyValue
		}
	}
	return t, compared
}

// without is for a key that the call doesn't have: "the values do not match", so that a negated operator holds.
func (c *condition) without(ctx *context) (truth, cause) {
	switch {
	case c.op.null:
		return c.oneOf(ctx, "true"), absentKey
	case c.set == anyOf && (c.ifExists || c.op.negated):
		return maybe, absentKey // ForAnyValue is false then, IfExists and a negated operator are true
	case c.set == anyOf:
		return no, absentKey
	case c.ifExists || c.set == allOf:
		return yes, absentKey
	}
	return is(c.op.negated), absentKey
}

// exists is Null for a key that the call has: "false (the key exists and its value is not null)".
func (c *condition) exists(ctx *context, got []string) (truth, cause) {
	t := c.oneOf(ctx, "false")
	for _, v := range got {
		if v != "" {
			return t, compared
		}
	}
	if absent, _ := c.without(ctx); absent != t {
		return maybe, emptyValue
	}
	return t, compared
}

// many is for a list. Of an empty value it isn't clear whether it counts at all.
func (c *condition) many(ctx *context, got []string) truth {
	result, join := no, func(a, b truth) truth { return max(a, b) }
	if c.set == allOf {
		result, join = yes, func(a, b truth) truth { return min(a, b) }
	}
	neutral := result
	for _, v := range got {
		t := c.oneOf(ctx, v)
		if v == "" && t != neutral {
			t = maybe
		}
		result = join(result, t)
	}
	return result
}

// oneOf compares with each of the policy's values: one must match or, for a negated operator, none may.
func (c *condition) oneOf(ctx *context, got string) truth {
	result := no
	for i := range c.values {
		result = max(result, c.matches(ctx, &c.values[i], got))
	}
	if c.op.negated {
		return result.not()
	}
	return result
}

func (c *condition) matches(ctx *context, want *value, got string) truth {
	switch {
	case !want.clear:
		return maybe
	case want.parts == nil:
		return c.op.match(want, got)
	}
	literal, loose, r := c.resolve(want, ctx)
	switch {
	case r == unresolved:
		return maybe
	case r == valueless && c.op.negated:
		// "Inverted condition operators do match against a null value", but also: "If AWS cannot resolve a variable, this
		// might cause the entire statement to be invalid."
		return maybe
	case r == valueless:
		return no
	}
	t := c.put(literal, got)
	if literal != loose && c.put(loose, got) != t {
		return maybe
	}
	return t
}

// put compares with a value whose variables are resolved.
func (c *condition) put(pattern, got string) truth {
	v := value{pattern: pattern}
	if !c.op.read(&v) {
		return maybe
	}
	return c.op.match(&v, got)
}
