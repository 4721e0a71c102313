package trust_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// The reference is a second evaluator, written for being obvious: it works on the policy as it was made up, not on JSON,
// with regular expressions, rationals and package net, and keeps for each part which answers are possible.

// possible are the answers that a part may have.
type possible struct{ yes, no bool }

func sure(b bool) possible       { return possible{b, !b} }
func (p possible) not() possible { return possible{p.no, p.yes} }

var either = possible{true, true}

func and(list ...possible) possible {
	out := sure(true)
	for _, p := range list {
		out = possible{out.yes && p.yes, out.no || p.no}
	}
	return out
}

func or(list ...possible) possible {
	out := sure(false)
	for _, p := range list {
		out = possible{out.yes || p.yes, out.no && p.no}
	}
	return out
}

// sample is a made-up statement.
type sample struct {
	Effect       string
	Principal    map[string][]string            `json:",omitempty"`
	NotPrincipal map[string][]string            `json:",omitempty"`
	Action       []string                       `json:",omitempty"`
	NotAction    []string                       `json:",omitempty"`
	Condition    map[string]map[string][]string `json:",omitempty"`
}

func document(list []sample) string {
	raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// world is what made-up policies are evaluated in.
var world = trust.Request{
	Principal: session, Action: "sts:AssumeRole",
	Context: map[string][]string{
		"k:one": {"ada"}, "k:many": {"ada", "bob"}, "k:empty": {}, "k:arn": {"arn:aws:iam::111122223333:role/team/Bridge"},
		"k:true": {"true"}, "k:number": {"42"}, "k:date": {"2026-11-21T10:00:00Z"}, "k:ip": {"203.0.113.7"},
	},
	Absent: []string{"k:absent"}, Opaque: []string{"k:opaque"},
}

var vocabulary = map[string][]string{
	"StringEquals": {"ada", "bob", "a*", "${k:one}", "${k:absent}", "${k:absent, 'ada'}"}, "StringNotEquals": {"ada", "bob", "${k:one}"},
	"StringEqualsIgnoreCase": {"ADA", "eve"}, "StringNotEqualsIgnoreCase": {"ADA", "eve"},
	"StringLike": {"a*", "?da", "*", "${k:one}*", "a${*}"}, "StringNotLike": {"a*", "b?b", "eve"},
	"ArnLike": {"arn:aws:iam::111122223333:role/*", "arn:aws:iam::444455556666:*"}, "ArnNotEquals": {"arn:*:iam::*:role/team/*", "arn:aws:iam::1:root"},
	"Bool": {"true", "false"}, "Null": {"true", "false"},
	"NumericEquals": {"42", "42.0", "7"}, "NumericNotEquals": {"42", "7"}, "NumericLessThan": {"42", "100", "-5"},
	"NumericLessThanEquals": {"42", "41.9"}, "NumericGreaterThan": {"42", "4"}, "NumericGreaterThanEquals": {"42", "43"},
	"DateEquals": {"2026-11-21T10:00:00Z", "2020-01-01T00:00:00Z"}, "DateNotEquals": {"2026-11-21T10:00:00Z"},
	"DateLessThan": {"2026-11-21T10:00:00Z", "2030-01-01T00:00:00Z"}, "DateLessThanEquals": {"2026-11-21T10:00:00Z"},
	"DateGreaterThan": {"2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"}, "DateGreaterThanEquals": {"2026-11-21T10:00:00Z"},
	"IpAddress": {"203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32"}, "NotIpAddress": {"203.0.113.0/24", "10.0.0.0/8"},
	"BinaryEquals": {"QQ=="}, "StringLooksLike": {"ada"},
}

// fitting are the keys whose values an operator is for; what IAM makes of others isn't documented.
func fitting(operator string) []string {
	keys := []string{"k:absent", "k:opaque", "k:empty", "nobody:knows"}
	for prefix, key := range map[string][]string{
		"Str": {"k:one", "k:many"}, "Arn": {"k:arn"}, "Boo": {"k:true"}, "Nul": {"k:one", "k:many"}, "Num": {"k:number"}, "Dat": {"k:date"},
		"IpA": {"k:ip"}, "Not": {"k:ip"}, "Bin": {"k:one"},
	} {
		if strings.HasPrefix(operator, prefix) {
			keys = append(keys, key...)
			keys = append(keys, key...)
		}
	}
	slices.Sort(keys)
	return keys
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func some[T any](r *rand.Rand, from []T) []T {
	out := []T{pick(r, from)}
	for r.IntN(2) == 0 {
		out = append(out, pick(r, from))
	}
	return out
}

func makeUp(r *rand.Rand) sample {
	s := sample{Effect: pick(r, []string{"Allow", "Allow", "Deny"}), Condition: map[string]map[string][]string{}}
	principal := map[string][]string{}
	if r.IntN(6) == 0 {
		principal["Federated"] = []string{samlARN}
	} else {
		principal["AWS"] = some(r, []string{
			"111122223333", "444455556666", "arn:aws:iam::111122223333:root", session.ID, session.Role, session.Role, user.ID, "*", "AROAJQABLZS4A3QDU576Q",
			"arn:aws:iam::111122223333:role/*",
		})
	}
	if r.IntN(8) == 0 {
		s.NotPrincipal = principal
	} else {
		s.Principal = principal
	}
	actions := some(r, []string{"sts:AssumeRole", "sts:Assume*", "sts:TagSession", "*", "sts:*", "STS:assumerole", "sts:AssumeRol?"})
	if r.IntN(8) == 0 {
		s.NotAction = actions
	} else {
		s.Action = actions
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range vocabulary {
			if !yield(name) {
				return
			}
		}
	})
	for range r.IntN(3) {
		name := pick(r, names)
		full := pick(r, []string{"", "", "", "ForAnyValue:", "ForAllValues:"}) + name + pick(r, []string{"", "", "", "IfExists"})
		s.Condition[full] = map[string][]string{pick(r, fitting(name)): some(r, vocabulary[name])}
	}
	return s
}

func policyOf(r *rand.Rand) []sample {
	list := []sample{makeUp(r)}
	for len(list) < 6 && r.IntN(3) > 0 {
		list = append(list, makeUp(r))
	}
	return list
}

// reference evaluates for world.
func reference(list []sample) trust.Effect {
	allowed, denied := sure(false), sure(false)
	for _, s := range list {
		if s.Effect == "Allow" {
			allowed = or(allowed, s.applies())
		} else {
			denied = or(denied, s.applies())
		}
	}
	switch result := and(allowed, denied.not()); {
	case result == sure(true):
		return trust.Allow
	case result == sure(false):
		return trust.Deny
	}
	return trust.Unknown
}

func (s sample) applies() possible {
	parts := []possible{s.principal(), s.action()}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			parts = append(parts, conditionOf(operator, key, values))
		}
	}
	return and(parts...)
}

func (s sample) principal() possible {
	if s.NotPrincipal != nil {
		aws := s.NotPrincipal["AWS"]
		account := slices.Contains(aws, "111122223333") || slices.Contains(aws, "arn:aws:iam::111122223333:root")
		role, itself := slices.Contains(aws, session.Role), slices.Contains(aws, session.ID)
		touched := account || role || itself || slices.Contains(aws, "*") || slices.Contains(aws, "AROAJQABLZS4A3QDU576Q") ||
			slices.Contains(aws, "arn:aws:iam::111122223333:role/*")
		switch {
		case account && role && itself:
			return sure(false)
		case touched || s.Effect == "Allow":
			return either
		}
		return sure(true)
	}
	out := sure(false)
	for _, p := range s.Principal["AWS"] {
		switch p {
		case "111122223333", "arn:aws:iam::111122223333:root", session.ID, session.Role, "*":
			return sure(true)
		case "AROAJQABLZS4A3QDU576Q", "arn:aws:iam::111122223333:role/*":
			out = either
		}
	}
	return out
}

func (s sample) action() possible {
	out := sure(false)
	for _, pattern := range append(slices.Clone(s.Action), s.NotAction...) {
		out = or(out, sure(globbed(strings.ToLower(pattern), "sts:assumerole")))
	}
	if s.NotAction != nil {
		return out.not()
	}
	return out
}

func globbed(pattern, s string) bool {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.NewReplacer(`\$\{\*\}`, `\*`, `\*`, `.*`, `\?`, `.`).Replace(expression)
	return regexp.MustCompile(`^(?s:` + expression + `)$`).MatchString(s)
}

func conditionOf(operator, key string, values []string) possible {
	name, any := strings.CutPrefix(operator, "ForAnyValue:")
	name, all := strings.CutPrefix(name, "ForAllValues:")
	name, optional := strings.CutSuffix(name, "IfExists")
	if name == "BinaryEquals" || name == "StringLooksLike" || name == "Null" && (any || all || optional) || key == "k:opaque" || key == "nobody:knows" {
		return either
	}
	got := world.Context[key]
	negated := strings.Contains(name, "Not")
	each := func(v string) possible {
		var list []possible
		for _, want := range values {
			list = append(list, matchesOf(strings.Replace(name, "Not", "", 1), want, v, negated))
		}
		if negated {
			return or(list...).not()
		}
		return or(list...)
	}
	switch {
	case name == "Null":
		return sure(slices.Contains(values, map[bool]string{true: "true", false: "false"}[len(got) == 0]))
	case len(got) == 0 && any && (negated || optional):
		return either
	case len(got) == 0:
		return sure(!any && (negated || optional || all))
	case !any && !all && len(got) > 1:
		return either
	}
	var list []possible
	for _, v := range got {
		list = append(list, each(v))
	}
	if any {
		return or(list...)
	}
	return and(list...)
}

func matchesOf(name, want, got string, negated bool) possible {
	switch {
	case strings.Contains(want, "${k:absent}") && negated:
		return either
	case strings.Contains(want, "${k:absent}"):
		return sure(false)
	}
	want = strings.NewReplacer("${k:one}", "ada", "${k:absent, 'ada'}", "ada").Replace(want)
	switch name {
	case "StringEquals", "Bool":
		return sure(want == got)
	case "StringEqualsIgnoreCase":
		return sure(strings.EqualFold(want, got))
	case "StringLike":
		return sure(globbed(want, got))
	case "ArnLike", "ArnEquals":
		a, b := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
		for i := range a {
			if !globbed(a[i], b[i]) {
				return sure(false)
			}
		}
		return sure(true)
	case "IpAddress":
		_, network, err := net.ParseCIDR(want)
		return sure(err == nil && network.Contains(net.ParseIP(got)))
	}
	var order int
	if kind, ok := strings.CutPrefix(name, "Numeric"); ok {
		a, _ := new(big.Rat).SetString(got)
		b, _ := new(big.Rat).SetString(want)
		name, order = kind, a.Cmp(b)
	} else {
		a, _ := time.Parse(time.RFC3339, got)
		b, _ := time.Parse(time.RFC3339, want)
		name, order = strings.TrimPrefix(name, "Date"), a.Compare(b)
	}
	return sure(map[string]bool{
		"Equals": order == 0, "LessThan": order < 0, "LessThanEquals": order <= 0, "GreaterThan": order > 0, "GreaterThanEquals": order >= 0,
	}[name])
}
