package trust

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// cause is why a condition came out as it did.
type cause uint8

const (
	compared cause = iota // its values and the call's were compared
	absentKey
	emptyValue
	manyValues
	unknownKey
	strangeOperator
	otherAction
)

// secret keys have values that are not shown: an external ID belongs to one customer (threats.md A11).
func secret(key string) bool { return key == "sts:externalid" }

// nobody says that no statement gets past its principal.
func (p *Policy) nobody(c caller) string {
	for i := range p.statements {
		if p.statements[i].effect == Allow {
			return fmt.Sprintf("no statement that allows names %s %s", c.Kind, printable(c.ID))
		}
	}
	return "no statement allows anything"
}

// reason tells people what decided. It is only made for the answer: most statements don't decide.
func (s *statement) reason(effect Effect, ctx *context, f finding) string {
	var b strings.Builder
	b.WriteString("statement " + strconv.Itoa(f.statement))
	if s.sid != "" {
		b.WriteString(" (" + s.sid + ")")
	}
	switch {
	case f.holds == yes && s.effect == Deny:
		return b.String() + " denies it"
	case f.holds == yes:
		return b.String() + " allows it"
	case effect == Unknown:
		b.WriteString(", which would " + map[Effect]string{Allow: "allow", Deny: "deny"}[s.effect] + ", can't be told")
	}
	b.WriteString(": ")
	switch {
	case f.part == principalPart:
		b.WriteString(s.aboutPrincipal(ctx.caller, f))
	case f.part == actionPart && f.holds == maybe:
		b.WriteString("IAM doesn't document a wildcard before the colon of an action")
	case f.part == actionPart:
		b.WriteString("it is not about " + printable(ctx.asked))
	default:
		c := &s.conditions[f.part]
		b.WriteString(printable(c.written.Operator) + " " + printable(c.written.Key) + ": " + c.about(ctx, f))
	}
	return b.String()
}

func (s *statement) aboutPrincipal(c caller, f finding) string {
	if f.holds == no {
		return "it is not about " + string(c.Kind) + " " + printable(c.ID)
	}
	if s.notPrincipal && s.effect == Allow {
		return "IAM supports no NotPrincipal in a statement that allows"
	}
	if s.notPrincipal {
		return "its NotPrincipal names the caller in part; the account, the role and the session must all be there"
	}
	for i := range s.principals {
		p := &s.principals[i]
		if t, _ := p.names(c, s.effect); t != maybe {
			continue
		}
		switch {
		case p.bare:
			return "IAM takes no bare \"*\" as the principal of a role"
		case p.anyone:
			return "AWS \"*\" is every IAM principal; whether it is also " + string(c.Kind) + " callers isn't documented"
		case p.pattern:
			return printable(p.text) + ": IAM takes no wildcard in a part of a principal"
		case p.kind == AWS && !p.doubtful:
			return printable(p.text) + " may be the role of " + printable(c.ID) + ", which doesn't tell its path"
		}
		return printable(p.text) + " is not an ARN or account: IAM shows the unique id of a user or role that was deleted"
	}
	return "its principal"
}

// about says what was compared with what.
func (c *condition) about(ctx *context, f finding) string {
	got, _ := ctx.look(c.key)
	switch f.why {
	case strangeOperator:
		return c.aboutOperator()
	case unknownKey:
		if !documented(c.key) {
			return "no key of this name is known"
		}
		return "the value that the call will have is not known"
	case absentKey:
		if c.op.null || secret(c.key) {
			return "the call doesn't have this key"
		}
		return "the call doesn't have this key, the policy wants " + c.show(c.wanted())
	case manyValues:
		return fmt.Sprintf("the call has %d values; IAM documents this for ForAnyValue and ForAllValues alone", len(got))
	case emptyValue:
		return "the call has an empty value, which may count as none"
	case otherAction:
		return "IAM documents this key for " + scoped[c.key] + " alone"
	}
	if f.holds == maybe {
		return c.aboutDoubt(got)
	}
	verb := "wants"
	if c.op.negated {
		verb = "excludes"
	}
	switch {
	case c.op.null:
		return "the call has this key"
	case secret(c.key) && c.op.negated:
		return "the call has a value that the policy excludes; it is not shown"
	case secret(c.key):
		return "the call has another value than the policy wants; neither is shown"
	}
	return "the call has " + c.show(got) + ", the policy " + verb + " " + c.show(c.wanted())
}

func (c *condition) aboutOperator() string {
	name := strings.TrimSuffix(c.written.Operator[strings.LastIndexByte(c.written.Operator, ':')+1:], "IfExists")
	op, ok := operators[name]
	switch {
	case ok && op.match == nil:
		return name + " is not evaluated: no key of STS is binary"
	case ok && op.null:
		return "Null takes neither IfExists nor ForAnyValue and ForAllValues"
	}
	return "no operator of this name is known"
}

// aboutDoubt finds a value of the policy that can't be read, and speaks of the call's otherwise.
func (c *condition) aboutDoubt(got []string) string {
	for i := range c.values {
		v := &c.values[i]
		switch {
		case !v.clear:
			return c.show([]string{v.text}) + " in the policy can't be read"
		case v.parts != nil:
			return "what becomes of the variables in " + c.show([]string{v.text}) + " isn't known or documented"
		}
	}
	return "how IAM compares " + c.show(got) + " with " + c.show(c.wanted()) + " isn't documented"
}

func (c *condition) wanted() []string {
	out := make([]string, 0, len(c.values))
	for i := range c.values {
		out = append(out, c.values[i].text)
	}
	return out
}

const shownValues = 5

// show prints values, unless they are not to be shown.
func (c *condition) show(values []string) string {
	if secret(c.key) {
		return "a value that is not shown"
	}
	texts := make([]string, 0, shownValues+1)
	for i, v := range values {
		if i == shownValues {
			texts = append(texts, strconv.Itoa(len(values)-i)+" more")
			break
		}
		texts = append(texts, printable(v))
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	word := " or "
	if c.set == allOf || last == shownValues {
		word = " and "
	}
	return strings.Join(texts[:last], ", ") + word + texts[last]
}

// printable cuts a long text, and quotes one that could look like something else on a terminal or page.
func printable(s string) string {
	const longest = 120
	cut := s
	if len(cut) > longest {
		cut = strings.ToValidUTF8(cut[:longest], "") + "…"
	}
	if s == "" || strings.ContainsFunc(cut, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.QuoteToASCII(cut)
	}
	return cut
}
