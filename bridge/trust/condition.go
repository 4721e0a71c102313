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
	text     string
	arn      []string // split, for Arn operators; nil if it is no ARN
	variable bool     // holds a policy variable, which isn't resolved yet
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
	c.op, c.known = operators[name]
	if c.op.null && (c.ifExists || c.set != single) {
		c.known = false // IAM: IfExists can be added to any operator but Null
	}
	for _, t := range texts {
		c.values = append(c.values, value{
			text: t, arn: splitARN(t), variable: variables && c.op.variables && strings.Contains(t, "${"),
		})
	}
	return c
}

// holds evaluates the condition (IAM User Guide, "IAM JSON policy elements: Condition operators").
func (c *condition) holds(ctx *context) truth {
	if !c.known || ctx.opaque(c.key) {
		return maybe
	}
	got := ctx.values[c.key]
	switch {
	case c.op.null:
		return c.oneOf(fmt.Sprint(len(got) == 0))
	case len(got) > 0:
		return c.compare(got)
	case c.ifExists || c.set == allOf:
		return yes
	case c.set == anyOf:
		return no
	}
	return is(c.op.negated) // an absent key equals nothing
}

func (c *condition) compare(got []string) truth {
	switch c.set {
	case anyOf:
		result := no
		for _, v := range got {
			result = max(result, c.element(v))
		}
		return result
	case allOf:
		result := yes
		for _, v := range got {
			result = min(result, c.element(v))
		}
		return result
	}
	if len(got) != 1 {
		return maybe // a list needs ForAnyValue or ForAllValues (aws-facts 2.5); what IAM does without is not documented
	}
	return c.oneOf(got[0])
}

// element is one value of a list. IAM counts an empty one as none, so its part in a list is doubtful.
func (c *condition) element(got string) truth {
	if got == "" {
		return maybe
	}
	return c.oneOf(got)
}

// oneOf compares with each of the policy's values: one must match or, for a negated operator, none may.
func (c *condition) oneOf(got string) truth {
	result := no
	for _, want := range c.values {
		if want.variable {
			result = max(result, maybe)
			continue
		}
		result = max(result, c.op.match(want, got))
	}
	if c.op.negated {
		return result.not()
	}
	return result
}
