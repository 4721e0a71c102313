package trust_test

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// mutation spoils a policy in one way that people do. It tells whether there was anything to spoil.
type mutation struct {
	name   string
	want   trust.Code
	change func(n trust.Need, p spoiled) bool
}

// spoiled is a policy as encoding/json reads it.
type spoiled map[string]any

type object = map[string]any

func (p spoiled) statements() []object {
	var out []object
	for _, s := range p["Statement"].([]any) {
		out = append(out, s.(object))
	}
	return out
}

func (p spoiled) add(s object) { p["Statement"] = append(p["Statement"].([]any), s) }

// main are the statements that allow the call itself.
func (p spoiled) main() []object {
	return slices.DeleteFunc(p.statements(), func(s object) bool {
		return !slices.ContainsFunc(list(s["Action"]), func(a string) bool { return strings.HasPrefix(a, "sts:AssumeRole") })
	})
}

// list reads "one or many".
func list(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var out []string
	items, _ := v.([]any)
	for _, item := range items {
		out = append(out, item.(string))
	}
	return out
}

// conditions calls do for every test of a key that ends so; what it returns takes the test's place.
func (p spoiled) conditions(suffix string, do func(operator string, value any) (string, any)) bool {
	found := false
	for _, s := range p.statements() {
		c, _ := s["Condition"].(object)
		for operator, tests := range c {
			for key, value := range tests.(object) {
				if !strings.HasSuffix(strings.ToLower(key), suffix) || operator == "Null" {
					continue
				}
				found = true
				delete(tests.(object), key)
				if next, v := do(operator, value); next != "" {
					if c[next] == nil {
						c[next] = object{}
					}
					c[next].(object)[key] = v
				}
			}
			if len(tests.(object)) == 0 {
				delete(c, operator)
			}
		}
		if len(c) == 0 {
			delete(s, "Condition")
		}
	}
	return found
}

func dropped(suffix string) func(trust.Need, spoiled) bool {
	return func(_ trust.Need, p spoiled) bool {
		return p.conditions(suffix, func(string, any) (string, any) { return "", nil })
	}
}

func replaced(suffix, operator string, value func(n trust.Need) any) func(trust.Need, spoiled) bool {
	return func(n trust.Need, p spoiled) bool {
		return p.conditions(suffix, func(string, any) (string, any) { return operator, value(n) })
	}
}

func constant(v any) func(trust.Need) any { return func(trust.Need) any { return v } }

// withoutAction takes an action away wherever it is.
func withoutAction(action string) func(trust.Need, spoiled) bool {
	return func(_ trust.Need, p spoiled) bool {
		var kept []any
		found := false
		for _, s := range p.statements() {
			var left []any
			for _, a := range list(s["Action"]) {
				if found = found || a == action; a != action {
					left = append(left, a)
				}
			}
			if s["Action"] = left; len(left) > 0 {
				kept = append(kept, s)
			}
		}
		p["Statement"] = kept
		return found
	}
}

// alsoAllows gives the main statement a further action.
func alsoAllows(action string) func(trust.Need, spoiled) bool {
	return func(n trust.Need, p spoiled) bool {
		if action == "sts:TagSession" && len(n.Role.TagKeys) > 0 || action == "sts:SetSourceIdentity" && n.Role.HasSourceIdentity {
			return false
		}
		s := p.main()[0]
		s["Action"] = []any{list(s["Action"])[0], action}
		return true
	}
}

func mainStatement(change func(n trust.Need, s object) bool) func(trust.Need, spoiled) bool {
	return func(n trust.Need, p spoiled) bool {
		for _, s := range p.main() {
			if !change(n, s) {
				return false
			}
		}
		return true
	}
}

// principals changes the principal of every statement.
func principals(change func(n trust.Need) any) func(trust.Need, spoiled) bool {
	return func(n trust.Need, p spoiled) bool {
		v := change(n)
		for _, s := range p.statements() {
			s["Principal"] = v
		}
		return v != nil
	}
}

// demand adds a condition to the main statements.
func demand(operator, key string, value any) func(trust.Need, spoiled) bool {
	return mainStatement(func(_ trust.Need, s object) bool {
		c, ok := s["Condition"].(object)
		if !ok {
			c = object{}
			s["Condition"] = c
		}
		if c[operator] == nil {
			c[operator] = object{}
		}
		c[operator].(object)[key] = value
		return true
	})
}
