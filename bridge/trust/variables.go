package trust

import "strings"

// part is a piece of a value with policy variables: text, or a variable.
type part struct {
	text string // compiled, as value.pattern
	key  string // of a variable, lower case; "" for text
	// otherwise is the variable's default, if it has one.
	otherwise    string
	hasOtherwise bool
}

// parseVariables splits a value at its policy variables (IAM User Guide, "IAM policy elements: Variables and tags"):
// ${key}, ${key, 'default'}, and ${*}, ${?}, ${$} for the characters themselves. It is false where a ${ is none of
// these. A value without variables is one part of text.
func parseVariables(s string, patterns bool) ([]part, bool) {
	text := func(s string) string { return s }
	if patterns {
		text = wildcards.Replace
	}
	var parts []part
	var plain strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		plain.WriteString(text(before))
		if !found {
			break
		}
		if len(rest) >= 2 && rest[1] == '}' && strings.IndexByte("*?$", rest[0]) >= 0 {
			plain.WriteByte(rest[0])
			s = rest[2:]
			continue
		}
		p, after, ok := parseVariable(rest)
		if !ok {
			return nil, false
		}
		if plain.Len() > 0 {
			parts = append(parts, part{text: plain.String()})
			plain.Reset()
		}
		parts, s = append(parts, p), after
	}
	if plain.Len() > 0 || len(parts) == 0 {
		parts = append(parts, part{text: plain.String()})
	}
	return parts, true
}

// parseVariable reads what follows ${, to its closing brace.
func parseVariable(s string) (p part, rest string, ok bool) {
	end := strings.IndexAny(s, "},")
	if end <= 0 {
		return part{}, "", false
	}
	p.key, rest = lower(s[:end]), s[end+1:]
	if strings.ContainsAny(p.key, "${'\"*?") || strings.TrimSpace(p.key) != p.key {
		return part{}, "", false
	}
	if s[end] == '}' {
		return p, rest, true
	}
	rest, ok = strings.CutPrefix(rest, " '")
	if !ok {
		return part{}, "", false
	}
	p.otherwise, rest, p.hasOtherwise = strings.Cut(rest, "'}")
	return p, rest, p.hasOtherwise && !strings.Contains(p.otherwise, "${") && !strings.Contains(p.otherwise, "'")
}

// What becomes of a value's variables.
type resolution uint8

const (
	resolved   resolution = iota
	valueless             // a variable has no value: nothing equals the whole
	unresolved            // can't be told
)

// resolve puts the call's values in the place of the variables. A * or ? that comes with such a value stands for itself
// in literal and is a wildcard in loose: which of the two IAM means isn't documented.
func (c *condition) resolve(want *value, ctx *context) (literal, loose string, r resolution) {
	var exact, wild strings.Builder
	for _, p := range want.parts {
		text, other := p.text, p.text
		if p.key != "" {
			if text, r = ctx.variable(p); r != resolved {
				return "", "", r
			}
			other = text
			if c.op.patterns {
				other = wildcards.Replace(text)
			}
			if c.op.arns && len(want.parts) > 1 && strings.Contains(text, ":") {
				return "", "", unresolved // it would move the parts of the ARN
			}
		}
		exact.WriteString(text)
		wild.WriteString(other)
	}
	return exact.String(), wild.String(), resolved
}

// variable gives the value of one policy variable. "You cannot use multivalued context keys as policy variables"; an
// empty value may count as none.
func (ctx *context) variable(p part) (string, resolution) {
	got, known := ctx.look(p.key)
	switch {
	case !known || ctx.hidden[p.key] != nil || len(got) > 1 || len(got) == 1 && (got[0] == "" || !compiles(got[0])):
		return "", unresolved
	case len(got) == 1:
		return got[0], resolved
	case p.hasOtherwise:
		return p.otherwise, resolved
	}
	return "", valueless
}

// compiles tells whether a text can stand in a compiled pattern.
func compiles(s string) bool {
	return strings.IndexByte(s, anyRun) < 0 && strings.IndexByte(s, anyRune) < 0
}
