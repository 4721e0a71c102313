package trust

import (
	"strings"
	"unicode/utf8"
)

// operator is how a condition compares one of its values with one value of the request.
type operator struct {
	// read understands a value of the policy, once, when the policy is parsed. A value that it can't read makes every
	// comparison doubtful.
	read func(*value) bool
	// match compares; nil if this operator isn't evaluated.
	match   func(want *value, got string) truth
	negated bool
	null    bool // compares whether the key is there, not what it says
	// variables: policy variables are resolved in its values (IAM documents that for String and Arn operators; for Bool
	// it says both yes and no).
	variables bool
	patterns  bool // * and ? in its values are wildcards
	arns      bool // its values are ARNs
}

// operators holds every operator that IAM documents (IAM User Guide, "IAM JSON policy elements: Condition operators").
// There is no StringLikeIgnoreCase in IAM. No key of STS is binary, so BinaryEquals is known and never evaluated.
var operators = map[string]operator{
	"StringEquals":              {read: readText, match: equal, variables: true},
	"StringNotEquals":           {read: readText, match: equal, variables: true, negated: true},
	"StringEqualsIgnoreCase":    {read: readText, match: equalFold, variables: true},
	"StringNotEqualsIgnoreCase": {read: readText, match: equalFold, variables: true, negated: true},
	"StringLike":                {read: readText, match: like, variables: true, patterns: true},
	"StringNotLike":             {read: readText, match: like, variables: true, patterns: true, negated: true},

	// "The ArnEquals and ArnLike condition operators behave identically."
	"ArnEquals":    {read: readARN, match: arnLike, variables: true, patterns: true, arns: true},
	"ArnLike":      {read: readARN, match: arnLike, variables: true, patterns: true, arns: true},
	"ArnNotEquals": {read: readARN, match: arnLike, variables: true, patterns: true, arns: true, negated: true},
	"ArnNotLike":   {read: readARN, match: arnLike, variables: true, patterns: true, arns: true, negated: true},

	"Bool": {read: readBool, match: boolEqual},
	"Null": {read: readBool, match: boolEqual, null: true},

	"NumericEquals":            {read: readNumber, match: numeric(func(c int) bool { return c == 0 })},
	"NumericNotEquals":         {read: readNumber, match: numeric(func(c int) bool { return c == 0 }), negated: true},
	"NumericLessThan":          {read: readNumber, match: numeric(func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":    {read: readNumber, match: numeric(func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":       {read: readNumber, match: numeric(func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals": {read: readNumber, match: numeric(func(c int) bool { return c >= 0 })},

	"DateEquals":            {read: readDate, match: dated(func(_, same, _ truth) truth { return same })},
	"DateNotEquals":         {read: readDate, match: dated(func(_, same, _ truth) truth { return same }), negated: true},
	"DateLessThan":          {read: readDate, match: dated(func(before, _, _ truth) truth { return before })},
	"DateLessThanEquals":    {read: readDate, match: dated(func(_, _, after truth) truth { return after.not() })},
	"DateGreaterThan":       {read: readDate, match: dated(func(_, _, after truth) truth { return after })},
	"DateGreaterThanEquals": {read: readDate, match: dated(func(before, _, _ truth) truth { return before.not() })},

	"IpAddress":    {read: readNetwork, match: inNetwork},
	"NotIpAddress": {read: readNetwork, match: inNetwork, negated: true},

	"BinaryEquals": {},
}

func readText(*value) bool { return true }

func equal(want *value, got string) truth { return is(want.pattern == got) }

func like(want *value, got string) truth {
	if strings.IndexByte(want.pattern, anyRune) >= 0 && !plain(got) {
		return maybe // what counts as one character outside Unicode's first plane is not documented
	}
	return is(match(want.pattern, got, anyRun, anyRune))
}

// plain tells whether each character is one in UTF-8 and in UTF-16.
func plain(s string) bool {
	for _, r := range s {
		if r > 0xffff || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// equalFold is sure about ASCII. Where only Unicode's folding makes two texts equal, IAM's answer is not documented.
func equalFold(want *value, got string) truth {
	switch {
	case lower(want.pattern) == lower(got):
		return yes
	case strings.EqualFold(want.pattern, got):
		return maybe
	}
	return no
}

func readBool(v *value) bool {
	v.pattern = lower(v.text)
	return v.pattern == "true" || v.pattern == "false"
}

func boolEqual(want *value, got string) truth {
	if got != "true" && got != "false" {
		return maybe
	}
	return is(want.pattern == got)
}

// readARN splits a pattern. What isn't of six parts ("*") is nothing that IAM documents for these operators.
func readARN(v *value) bool {
	v.arn = splitARN(v.pattern)
	return v.arn != nil
}

// arnLike compares the six parts one by one: a wildcard does not reach over a colon, except in the last part.
func arnLike(want *value, got string) truth {
	parts := splitARN(got)
	if parts == nil {
		return maybe // IAM documents these operators for ARNs alone
	}
	for i := range want.arn {
		if !match(want.arn[i], parts[i], anyRun, anyRune) {
			return no
		}
	}
	return yes
}

func readNumber(v *value) (ok bool) {
	v.number, ok = parseDecimal(v.text)
	return ok
}

func numeric(holds func(c int) bool) func(*value, string) truth {
	return func(want *value, got string) truth {
		n, ok := parseDecimal(got)
		if !ok {
			return maybe
		}
		return is(holds(n.compare(want.number)))
	}
}

func readDate(v *value) (ok bool) {
	v.date, ok = parseDate(v.text)
	return ok
}

func dated(holds func(before, same, after truth) truth) func(*value, string) truth {
	return func(want *value, got string) truth {
		d, ok := parseDate(got)
		if !ok {
			return maybe
		}
		return holds(d.compare(want.date))
	}
}

func readNetwork(v *value) (ok bool) {
	v.network, ok = parseNetwork(v.text)
	return ok
}
