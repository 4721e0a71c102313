package ststest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rule is what the model of STS says about one text (aws-facts 1.2). Lengths count characters.
type rule struct {
	min, max int
	shape    *regexp.Regexp
	pattern  string // as the message shows it
	secret   bool   // the message leaves the value out
}

func newRule(min, max int, class, pattern string) rule {
	return rule{min: min, max: max, shape: regexp.MustCompile("^" + class + "*$"), pattern: pattern}
}

var (
	arnRule = newRule(20, 2048, "[\t\n\r\\x{20}-\\x{7E}\\x{85}\\x{A0}-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}]",
		`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`)
	sessionNameRule = newRule(2, 64, `[A-Za-z0-9_+=,.@-]`, `[\w+=,.@-]*`)
	externalIDRule  = newRule(2, 1224, `[A-Za-z0-9_+=,.@:/-]`, `[\w+=,.@:\/-]*`)
	policyRule      = newRule(1, 2048, "[\t\n\r\\x{20}-\\x{FF}]", `[\u0009\u000A\u000D\u0020-\u00FF]+`)
	tagKeyRule      = newRule(1, 128, `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
	tagValueRule    = newRule(0, 256, `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
	serialRule      = newRule(9, 256, `[A-Za-z0-9_+=/:,.@-]`, `[\w+=/:,.@-]*`)
	tokenCodeRule   = newRule(6, 6, `[0-9]`, `[\d]*`)
	providerIDRule  = rule{min: 4, max: 2048}
	assertionRule   = rule{min: 4, max: 100000, secret: true}
	webTokenRule    = rule{min: 4, max: 20000, secret: true}
	contextRule     = rule{min: 4, max: 2048, secret: true}
)

// violations gathers what the parameters break, to be reported together as STS does.
type violations []string

func (v *violations) add(value, member, constraint string) {
	*v = append(*v, fmt.Sprintf("Value %sat '%s' failed to satisfy constraint: Member must %s", value, member, constraint))
}

// text checks one text. member is the name as the message has it: roleArn, tags.1.member.key.
func (v *violations) text(member, value string, r rule) {
	shown := "'" + value + "' "
	if r.secret {
		shown = ""
	}
	n := utf8.RuneCountInString(value)
	if r.shape != nil && !r.shape.MatchString(value) || !utf8.ValidString(value) {
		v.add(shown, member, "satisfy regular expression pattern: "+r.pattern)
	}
	if n < r.min {
		v.add(shown, member, "have length greater than or equal to "+itoa(r.min))
	}
	if n > r.max {
		v.add(shown, member, "have length less than or equal to "+itoa(r.max))
	}
}

// required reads a parameter that must be there.
func (v *violations) required(c *call, name string, r rule) string {
	if _, ok := c.form[name]; !ok {
		v.add("null ", memberName(name), "not be null")
		return ""
	}
	return v.optional(c, name, r)
}

// optional reads a parameter that may be left out.
func (v *violations) optional(c *call, name string, r rule) string {
	if values, ok := c.form[name]; ok {
		v.text(memberName(name), values[0], r)
		return values[0]
	}
	return ""
}

// integer reads a whole number; -1 if it isn't there.
func (v *violations) integer(c *call, name string, min, max int) (int, error) {
	values, ok := c.form[name]
	if !ok {
		return -1, nil
	}
	n, err := strconv.ParseInt(values[0], 10, 32)
	if err != nil {
		return 0, errMalformedInput("Invalid Argument: " + name + " is no integer.")
	}
	shown := "'" + strconv.FormatInt(n, 10) + "' "
	if n < int64(min) {
		v.add(shown, memberName(name), "have value greater than or equal to "+itoa(min))
	}
	if n > int64(max) {
		v.add(shown, memberName(name), "have value less than or equal to "+itoa(max))
	}
	return int(n), nil
}

// count checks how many members a list has.
func (v *violations) count(c *call, name string, max int) {
	if n := c.size(name); n > max {
		v.add("", memberName(name), "have length less than or equal to "+itoa(max))
	}
}

// err is the ValidationError that names them all, or nil.
func (v violations) err() error {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return errValidation("1 validation error detected: " + v[0])
	}
	return errValidation(itoa(len(v)) + " validation errors detected: " + strings.Join(v, "; "))
}

func memberName(parameter string) string { return strings.ToLower(parameter[:1]) + parameter[1:] }
