package trust_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// The three answers of a condition.
const (
	holds = "holds"
	fails = "fails"
	doubt = "doubt"
)

// condition evaluates one condition in a statement that allows and in one that denies, which must agree about it.
func condition(t *testing.T, written string, context map[string][]string) string {
	t.Helper()
	request := trust.Request{
		Principal: session, Action: "sts:AssumeRole", Context: context, Absent: []string{"k:absent", "not:*"}, Opaque: []string{"k:opaque"},
	}
	const caller = `{"AWS":"111122223333"}`
	allow := evaluate(t, statement("Allow", caller, `"sts:*"`, written), request)
	deny := evaluate(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":`+caller+`,"Action":"sts:*"},
		{"Effect":"Deny","Principal":`+caller+`,"Action":"sts:*","Condition":`+written+`}]}`, request)
	switch [2]trust.Effect{allow.Effect, deny.Effect} {
	case [2]trust.Effect{trust.Allow, trust.Deny}:
		return holds
	case [2]trust.Effect{trust.Deny, trust.Allow}:
		return fails
	case [2]trust.Effect{trust.Unknown, trust.Unknown}:
		if allow.Condition.Key == "" || deny.Condition != allow.Condition || !strings.Contains(allow.Reason, allow.Condition.Key) {
			t.Errorf("%s: the doubt isn't named: %+v", written, allow)
		}
		return doubt
	}
	t.Errorf("%s: allows %s (%s), but denies %s (%s)", written, allow.Effect, allow.Reason, deny.Effect, deny.Reason)
	return ""
}

// got is the call's value of k:v in these tables; several are divided by "|", and "-" stands for no key at all.
type row struct{ operator, wanted, got, want string }

func (r row) run(t *testing.T) {
	t.Helper()
	context := map[string][]string{"k:v": strings.Split(r.got, "|")}
	if r.got == "-" {
		context["k:v"] = nil
	}
	values := `["` + strings.Join(strings.Split(r.wanted, "|"), `","`) + `"]`
	if got := condition(t, `{"`+r.operator+`":{"K:V":`+values+`}}`, context); got != r.want {
		t.Errorf("%s %s of %q: %s, want %s", r.operator, values, r.got, got, r.want)
	}
}

func TestOperators(t *testing.T) {
	for name, table := range map[string][]row{
		"String": {
			{"StringEquals", "a", "a", holds}, {"StringEquals", "a", "A", fails}, {"StringEquals", "a|b", "b", holds},
			{"StringEquals", "a*", "ab", fails}, {"StringEquals", "a*", "a*", holds}, {"StringEquals", "a", "-", fails},
			{"StringEquals", "a", "a|a", doubt}, {"StringEquals", "a", "", fails}, {"StringEquals", "", "", doubt},
			{"StringNotEquals", "a", "b", holds}, {"StringNotEquals", "a|b", "b", fails}, {"StringNotEquals", "a", "-", holds},
			{"StringNotEquals", "a", "", holds}, {"StringNotEquals", "", "", doubt}, {"StringNotEquals", "c", "a|b", doubt},
			{"StringEqualsIgnoreCase", "aB", "Ab", holds}, {"StringEqualsIgnoreCase", "k", "\u212a", doubt},
			{"StringEqualsIgnoreCase", "ab", "abc", fails}, {"StringEqualsIgnoreCase", "a", "-", fails},
			{"StringNotEqualsIgnoreCase", "aB", "Ab", fails}, {"StringNotEqualsIgnoreCase", "k", "\u212a", doubt},
			{"StringNotEqualsIgnoreCase", "ab", "abc", holds}, {"StringNotEqualsIgnoreCase", "a", "-", holds},
			{"StringLike", "a*", "a", holds}, {"StringLike", "a?c", "abc", holds}, {"StringLike", "a?c", "ac", fails},
			{"StringLike", "*", "a/b:c", holds}, {"StringLike", "a*|*z", "xyz", holds}, {"StringLike", "A*", "ab", fails},
			{"StringLike", "*", "-", fails}, {"StringLike", "*", "", doubt}, {"StringLike", "a?", "a\U0001f600", doubt},
			{"StringLike", "a*", "a\U0001f600", holds}, {"StringLike", "a??", "aé", fails}, {"StringLike", "*??", "中", fails}, {"StringLike", "*?", "中", holds},
			{"StringNotLike", "a*", "b", holds}, {"StringNotLike", "a*|b*", "b", fails}, {"StringNotLike", "*", "-", holds},
		},
		"IfExists": {
			{"StringEqualsIfExists", "a", "-", holds}, {"StringEqualsIfExists", "a", "a", holds}, {"StringEqualsIfExists", "a", "b", fails},
			{"StringNotEqualsIfExists", "a", "-", holds}, {"StringNotEqualsIfExists", "a", "a", fails},
			{"StringLikeIfExists", "a*", "-", holds}, {"ArnLikeIfExists", "arn:*:*:*:*:*", "-", holds}, {"BoolIfExists", "true", "-", holds},
			{"BoolIfExists", "true", "false", fails}, {"NumericLessThanIfExists", "5", "-", holds}, {"NumericLessThanIfExists", "5", "6", fails},
			{"DateLessThanIfExists", "2020-01-01T00:00:00Z", "-", holds}, {"IpAddressIfExists", "10.0.0.0/8", "-", holds},
			{"IpAddressIfExists", "10.0.0.0/8", "192.0.2.1", fails}, {"NotIpAddressIfExists", "10.0.0.0/8", "-", holds},
			{"StringEqualsIfExists", "a", "", doubt}, {"NullIfExists", "true", "-", doubt}, {"IfExists", "a", "a", doubt},
			{"StringEqualsIfexists", "a", "a", doubt}, {"StringEqualsIfExistsIfExists", "a", "a", doubt},
		},
		"sets": {
			{"ForAnyValue:StringEquals", "a", "a|b", holds}, {"ForAnyValue:StringEquals", "a|x", "b|a", holds},
			{"ForAnyValue:StringEquals", "c", "a|b", fails}, {"ForAnyValue:StringEquals", "a", "-", fails},
			{"ForAnyValue:StringEquals", "a", "a", holds}, {"ForAnyValue:StringEquals", "a", "|a", holds},
			{"ForAnyValue:StringEquals", "a", "|b", fails}, {"ForAnyValue:StringEquals", "", "", doubt},
			{"ForAnyValue:StringNotEquals", "a", "a|b", holds}, {"ForAnyValue:StringNotEquals", "a", "a|a", fails},
			{"ForAnyValue:StringNotEquals", "a|b", "a", fails}, {"ForAnyValue:StringNotEquals", "a", "-", doubt},
			{"ForAnyValue:StringLike", "a*", "b|ab", holds}, {"ForAnyValue:StringEqualsIfExists", "a", "-", doubt},
			{"ForAnyValue:StringEqualsIfExists", "a", "a|b", holds},
			{"ForAllValues:StringEquals", "a|b|c", "a|b", holds}, {"ForAllValues:StringEquals", "a", "a|b", fails},
			{"ForAllValues:StringEquals", "a", "-", holds}, {"ForAllValues:StringEquals", "a", "", doubt},
			{"ForAllValues:StringEquals", "a", "|b", fails}, {"ForAllValues:StringEquals", "a", "|a", doubt},
			{"ForAllValues:StringNotEquals", "c", "a|b", holds}, {"ForAllValues:StringNotEquals", "a", "a|b", fails},
			{"ForAllValues:StringNotEquals", "a", "-", holds}, {"ForAllValues:StringLike", "a*", "ab|ac", holds},
			{"ForAllValues:StringLikeIfExists", "a*", "-", holds}, {"ForAllValues:ArnLike", "arn:aws:iam::*:*", "arn:aws:iam::1:a|arn:aws:iam::2:b", holds},
			{"ForAllValues:Null", "true", "-", doubt}, {"ForAnyValue:Null", "false", "a", doubt}, {"ForSomeValues:StringEquals", "a", "a", doubt},
			{"foranyvalue:StringEquals", "a", "a", doubt}, {"ForAnyValue:", "a", "a", doubt},
		},
		"Arn": {
			{"ArnEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a", holds}, {"ArnEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", holds},
			{"ArnEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/A", fails}, {"ArnEquals", "arn:aws:iam::?:role/a", "arn:aws:iam::1:role/a", holds},
			{"ArnLike", "arn:aws:*:*:1:f/*", "arn:aws:s:r:9:s/abc:1:f/d", fails}, {"ArnLike", "arn:aws:s:r:9:*:1:f/*", "arn:aws:s:r:9:s/abc:1:f/d", holds},
			{"ArnLike", "arn:*:iam::1:role/a|arn:aws:iam::2:*", "arn:aws:iam::2:user/b", holds}, {"ArnLike", "*", "arn:aws:iam::1:role/a", doubt},
			{"ArnLike", "arn:aws:iam::*", "arn:aws:iam::1:role/a", doubt}, {"ArnLike", "arn:aws:iam::1:role/a", "role/a", doubt},
			{"ArnLike", "arn:aws:iam::1:role/a", "-", fails}, {"ArnNotEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a", fails},
			{"ArnNotEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/a", holds}, {"ArnNotLike", "arn:aws:iam::1:role/a", "-", holds},
			{"ArnNotLike", "arn:aws:iam::1:role/a|arn:aws:iam::2:role/a", "arn:aws:iam::2:role/a", fails}, {"ArnNotLike", "*", "arn:aws:iam::1:role/a", doubt},
		},
		"Bool and Null": {
			{"Bool", "true", "true", holds}, {"Bool", "TRUE", "true", holds}, {"Bool", "true", "false", fails}, {"Bool", "true|false", "false", holds},
			{"Bool", "true", "-", fails}, {"Bool", "false", "-", fails}, {"Bool", "true", "yes", doubt}, {"Bool", "1", "true", doubt},
			{"Bool", "true", "true|true", doubt}, {"Bool", "${aws:SecureTransport}", "true", doubt},
			{"Null", "true", "-", holds}, {"Null", "true", "a", fails}, {"Null", "false", "a", holds}, {"Null", "false", "a|b", holds},
			{"Null", "false", "-", fails}, {"Null", "false", "", doubt}, {"Null", "true", "", doubt}, {"Null", "false", "|a", holds},
			{"Null", "true|false", "", holds}, {"Null", "maybe", "-", doubt},
		},
		"Numeric": {
			{"NumericEquals", "10", "10", holds}, {"NumericEquals", "10", "10.0", holds}, {"NumericEquals", "010.50", "10.5", holds},
			{"NumericEquals", "10", "11", fails}, {"NumericEquals", "0", "-0", holds}, {"NumericEquals", "9007199254740993", "9007199254740992", fails},
			{"NumericEquals", "1|2", "2", holds}, {"NumericEquals", "10", "-", fails}, {"NumericNotEquals", "10", "11", holds},
			{"NumericNotEquals", "10|11", "11.0", fails}, {"NumericNotEquals", "10", "-", holds},
			{"NumericLessThan", "10", "9", holds}, {"NumericLessThan", "10", "9.999", holds}, {"NumericLessThan", "10", "10", fails},
			{"NumericLessThan", "-10", "-9", fails}, {"NumericLessThan", "-9", "-10", holds}, {"NumericLessThan", "1", "-2", holds},
			{"NumericLessThan", "-2", "1", fails}, {"NumericLessThan", "0.21", "0.3", fails}, {"NumericLessThan", "0.3", "0.21", holds},
			{"NumericLessThan", "0.21", "0.2", holds}, {"NumericLessThan", "5|10", "7", holds},
			{"NumericLessThanEquals", "10", "10", holds}, {"NumericLessThanEquals", "10", "10.1", fails},
			{"NumericGreaterThan", "10", "100", holds}, {"NumericGreaterThan", "10", "10", fails}, {"NumericGreaterThan", "10", "-", fails},
			{"NumericGreaterThanEquals", "10", "10", holds}, {"NumericGreaterThanEquals", "10", "9", fails},
			{"NumericEquals", "1e3", "1000", doubt}, {"NumericEquals", "10", "1e1", doubt}, {"NumericEquals", "10", "ten", doubt},
			{"NumericEquals", "0x10", "16", doubt}, {"NumericLessThan", "+5", "4", doubt}, {"NumericLessThan", "5.", "4", doubt},
			{"NumericLessThan", "٥", "4", doubt}, {"NumericLessThan", "5", "", doubt}, {"NumericLessThan", "${aws:MultiFactorAuthAge}", "4", doubt},
			{"NumericNotEquals", "x", "4", doubt}, {"NumericEquals", "x|4", "4", holds}, {"NumericLessThan", "5", "1|2", doubt},
		},
		"Date": {
			{"DateEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", holds}, {"DateEquals", "2026-11-21T10:00:00Z", "2026-11-21T11:00:00+01:00", holds},
			{"DateEquals", "1795255200", "2026-11-21T10:00:00Z", holds}, {"DateEquals", "2026-11-21T10:00Z", "2026-11-21T10:00:00.000Z", holds},
			{"DateEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.5Z", fails}, {"DateEquals", "2026-11-21", "2026-11-21T10:00:00Z", doubt},
			{"DateEquals", "2026-11-21", "2026-11-22T10:00:00Z", fails}, {"DateEquals", "2026-11-21T10:00:00Z", "-", fails},
			{"DateNotEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", fails}, {"DateNotEquals", "2026-11-21", "2026-12-22T10:00:00Z", holds},
			{"DateNotEquals", "2026-11-21", "2026-11-21T10:00:00Z", doubt}, {"DateNotEquals", "2026-11-21T10:00:00Z", "-", holds},
			{"DateLessThan", "2026-11-21T10:00:00Z", "2026-11-21T09:59:59Z", holds}, {"DateLessThan", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", fails},
			{"DateLessThan", "2026-11-21", "2026-11-20T23:59:59Z", holds}, {"DateLessThan", "2026-11-21", "2026-11-21T00:00:01Z", doubt},
			{"DateLessThan", "2026-11", "2026-10-31T23:59:59Z", holds}, {"DateLessThan", "2026-11", "2026-12-01T00:00:00Z", fails},
			{"DateLessThan", "2026-11-21T10:00:00Z", "1795255199", holds}, {"DateLessThan", "2026-11-21T10:00:00Z|2027-01-01T00:00:00Z", "2026-12-01T00:00:00Z", holds},
			{"DateLessThanEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", holds}, {"DateLessThanEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z", fails},
			{"DateGreaterThan", "2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z", holds}, {"DateGreaterThan", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", fails},
			{"DateGreaterThan", "2020-01-01", "2026-11-21T10:00:00Z", holds}, {"DateGreaterThan", "2020-01-01", "-", fails},
			{"DateGreaterThanEquals", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", holds}, {"DateGreaterThanEquals", "1795255200", "1795255199", fails},
			{"DateLessThan", "2030", "1795255200", doubt}, {"DateLessThan", "1795255200000", "1795255200", doubt},
			{"DateLessThan", "2030-01-01T00:00:00", "2026-11-21T10:00:00Z", doubt}, {"DateLessThan", "2030-01-01 00:00:00Z", "2026-11-21T10:00:00Z", doubt},
			{"DateLessThan", "2030-01-01T00:00:00,5Z", "2026-11-21T10:00:00Z", doubt}, {"DateLessThan", "2030-13-01T00:00:00Z", "2026-11-21T10:00:00Z", doubt},
			{"DateLessThan", "2030-01-01T0:00:00Z", "2026-11-21T10:00:00Z", doubt}, {"DateLessThan", "2030-*", "2026-11-21T10:00:00Z", doubt},
			{"DateLessThan", "2030-01-01T00:00:00+0100", "2026-11-21T10:00:00Z", doubt}, {"DateLessThan", "tomorrow", "2026-11-21T10:00:00Z", doubt},
			{"DateLessThan", "2030-01-01T00:00:00Z", "now", doubt}, {"DateLessThan", "${aws:TokenIssueTime}", "2026-11-21T10:00:00Z", doubt},
		},
		"IpAddress": {
			{"IpAddress", "203.0.113.0/24", "203.0.113.7", holds}, {"IpAddress", "203.0.113.0/24", "203.0.114.7", fails},
			{"IpAddress", "203.0.113.7", "203.0.113.7", holds}, {"IpAddress", "203.0.113.7", "203.0.113.8", fails},
			{"IpAddress", "10.0.0.0/8|203.0.113.0/24", "203.0.113.7", holds}, {"IpAddress", "0.0.0.0/0", "203.0.113.7", holds},
			{"IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", holds}, {"IpAddress", "2001:db8::/32", "2001:db9::1", fails},
			{"IpAddress", "0.0.0.0/0", "2001:db8::1", fails}, {"IpAddress", "::/0", "203.0.113.7", fails},
			{"IpAddress", "2001:db8::1", "2001:db8::1", holds}, {"IpAddress", "2001:db8::1", "2001:db8::2", doubt}, {"IpAddress", "2001:db8::1", "2001:db9::1", fails},
			{"IpAddress", "203.0.113.0/24", "-", fails}, {"NotIpAddress", "203.0.113.0/24", "203.0.113.7", fails},
			{"NotIpAddress", "203.0.113.0/24", "198.51.100.1", holds}, {"NotIpAddress", "203.0.113.0/24", "-", holds},
			{"NotIpAddress", "10.0.0.0/8|203.0.113.0/24", "203.0.113.7", fails}, {"NotIpAddress", "2001:db8::1", "2001:db8::2", doubt},
			{"IpAddress", "203.0.113.5/24", "203.0.113.7", doubt}, {"IpAddress", "203.0.113.5/24", "203.0.114.7", fails},
			{"IpAddress", "203.0.113.*", "203.0.113.7", doubt}, {"IpAddress", "203.0.113.0/33", "203.0.113.7", doubt},
			{"IpAddress", "203.0.113.0/255.255.255.0", "203.0.113.7", doubt}, {"IpAddress", "203.000.113.0/24", "203.0.113.7", doubt},
			{"IpAddress", "203.0.113.0/24", "::ffff:203.0.113.7", doubt}, {"IpAddress", "::ffff:203.0.113.0/120", "203.0.113.7", doubt},
			{"IpAddress", "fe80::/10", "fe80::1%eth0", doubt}, {"IpAddress", "203.0.113.0/24", "localhost", doubt},
			{"IpAddress", "${aws:SourceIp}", "203.0.113.7", doubt}, {"NotIpAddress", "nonsense", "203.0.113.7", doubt},
		},
		"none": {
			{"BinaryEquals", "QQ==", "A", doubt}, {"BinaryEquals", "QQ==", "-", doubt}, {"BinaryEqualsIfExists", "QQ==", "-", doubt},
			{"StringLikeIgnoreCase", "a", "a", doubt}, {"StringNotLikeIgnoreCase", "a", "b", doubt}, {"stringequals", "a", "a", doubt},
			{"NotStringEquals", "a", "b", doubt}, {"", "a", "a", doubt}, {"DateBefore", "2030-01-01", "2026-11-21T10:00:00Z", doubt},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range table {
				r.run(t)
			}
		})
	}
}

// TestOperatorNames: every operator of the IAM user guide is known, alone and with its prefixes and suffix.
func TestOperatorNames(t *testing.T) {
	for _, name := range strings.Fields(`StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike
		StringNotLike NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
		DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool IpAddress NotIpAddress
		ArnEquals ArnLike ArnNotEquals ArnNotLike`) {
		value := map[bool]string{true: "arn:aws:iam::1:role/a", false: "2026-11-21"}[strings.HasPrefix(name, "Arn")]
		negated := strings.Contains(name, "Not")
		row{name, value, "-", map[bool]string{true: holds, false: fails}[negated]}.run(t)
		row{name + "IfExists", value, "-", holds}.run(t)
		row{"ForAllValues:" + name, value, "-", holds}.run(t)
		row{"ForAnyValue:" + name, value, "-", map[bool]string{true: doubt, false: fails}[negated]}.run(t)
		row{"ForAnyValue:" + name + "IfExists", value, "-", doubt}.run(t)
		if got := condition(t, `{"`+name+`":{"k:opaque":"`+value+`"}}`, nil); got != doubt {
			t.Errorf("%s of an opaque key: %s", name, got)
		}
	}
}

// TestConditionsAreAnd: conditions of one statement must all hold, and a failing one outweighs a doubtful one.
func TestConditionsAreAnd(t *testing.T) {
	of := map[string]string{holds: `{"k:a":"1"}`, fails: `{"k:a":"2"}`, doubt: `{"k:opaque":"1"}`}
	other := map[string]string{holds: `{"k:b":"*"}`, fails: `{"k:b":"x*"}`, doubt: `{"k:opaque":"*"}`}
	context := map[string][]string{"k:a": {"1"}, "k:b": {"1"}}
	rank := map[string]int{fails: 0, doubt: 1, holds: 2}
	for a, left := range of {
		for b, right := range other {
			want := a
			if rank[b] < rank[a] {
				want = b
			}
			if got := condition(t, `{"StringEquals":`+left+`,"StringLike":`+right+`}`, context); got != want {
				t.Errorf("%s and %s: %s, want %s", a, b, got, want)
			}
		}
	}
}
