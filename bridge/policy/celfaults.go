package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// celFault is what is wrong with an expression, for the operator, with the place inside it; line 0 means all of it.
type celFault struct {
	line, column int
	text         string
}

func whole(text string) []celFault { return []celFault{{text: text}} }

// describeIssues says in an operator's words what CEL found. What follows a syntax error is mostly its echo, so the first
// one stands alone.
func describeIssues(issues *cel.Issues) []celFault {
	var faults []celFault
	for _, e := range issues.Errors() {
		fault := celFault{text: plainIssue(strings.TrimSuffix(e.Message, " (in container '')"))}
		if e.Location != nil && e.Location.Line() > 0 {
			fault.line, fault.column = e.Location.Line(), e.Location.Column()+1
		}
		faults = append(faults, fault)
		if strings.HasPrefix(e.Message, "Syntax error") {
			break
		}
	}
	return faults
}

var (
	noToken      = regexp.MustCompile(`(?s)^Syntax error: token recognition error at: '(.*)'$`)
	notExpected  = regexp.MustCompile(`(?s)^Syntax error: (?:mismatched|extraneous) input '(.*)' expecting `)
	missingToken = regexp.MustCompile(`(?s)^Syntax error: missing '(.*)' at '`)
	noField      = regexp.MustCompile(`^undefined field '(.*)'$`)
	noName       = regexp.MustCompile(`^undeclared reference to '([^']*)'(?: \(did you mean '(.*)'\?\))?$`)
	noOverload   = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
)

func plainIssue(text string) string {
	switch {
	case strings.Contains(text, "'matches'"):
		return "matches is not available: regular expressions match more than they seem to; use ==, in, startsWith or endsWith"
	case strings.Contains(text, "'dyn'"), strings.Contains(text, "'type'"):
		return text + ": every part must have its type when the configuration is loaded"
	}
	if m := noToken.FindStringSubmatch(text); m != nil {
		return oddToken(m[1])
	}
	if m := notExpected.FindStringSubmatch(text); m != nil {
		return oddWord(m[1])
	}
	if m := missingToken.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("a %s is missing", m[1])
	}
	if m := noField.FindStringSubmatch(text); m != nil {
		known := slices.Sorted(maps.Keys(identityFields))
		if near := didYouMean(m[1], known); near != "" {
			return fmt.Sprintf("identity has no %q%s", m[1], near)
		}
		return fmt.Sprintf("identity has no %q; it has %s", m[1], strings.Join(known, ", "))
	}
	if m := noName.FindStringSubmatch(text); m != nil && m[2] != "" {
		return fmt.Sprintf("%q is not known here; did you mean %q?", m[1], m[2])
	} else if m != nil && slices.Contains(transforms, m[1]) {
		return m[1] + " is for tags and source_identity only: rules look at claims as they are"
	} else if m != nil {
		return fmt.Sprintf("%q is not known here: expressions read identity.NAME and claims.NAME, and a text stands in quotes%s", m[1], wordHint(m[1]))
	}
	if m := noOverload.FindStringSubmatch(text); m != nil {
		return oddTypes(m[1], m[2])
	}
	return text
}

func oddToken(token string) string {
	token = strings.TrimSpace(token)
	switch {
	case strings.HasPrefix(token, "="):
		return "a single = compares nothing: write =="
	case token == "&", token == "|":
		return fmt.Sprintf("a single %s joins nothing: write %s%s", token, token, token)
	case strings.HasPrefix(token, `"`), strings.HasPrefix(token, "'"):
		return "a text has no closing quote"
	case strings.ContainsAny(token, "“”„‘’«»"):
		return fmt.Sprintf(`%s is no quote here: write " or '`, token)
	}
	return fmt.Sprintf("%q has no meaning here", token)
}

func oddWord(word string) string {
	switch word {
	case "<EOF>":
		return "the expression ends too early"
	case ":", "-":
		return fmt.Sprintf(`%q is not expected here; a claim whose name isn't of letters, digits and _ is claims["NAME"]`, word)
	}
	return fmt.Sprintf("%s is not expected here%s", word, wordHint(word))
}

func wordHint(word string) string {
	if slices.Contains([]string{"and", "or", "not"}, strings.ToLower(word)) {
		return "; write && for and, || for or, ! for not"
	}
	if strings.EqualFold(word, "in") {
		return "; write in, in small letters"
	}
	return ""
}

// oddTypes: the usual fault is a claim compared as if it were one text.
func oddTypes(operator, operands string) string {
	hint := ""
	if slices.Contains(transforms, operator) {
		return fmt.Sprintf("%s takes a text, or a list of one: write %[1]s(claims.NAME) or %[1]s(identity.NAME)", operator)
	}
	if strings.Contains(operands, "list(string)") {
		hint = `; claims and groups are lists of texts: write "value" in claims.NAME, or claims.NAME[0]`
	}
	operands = strings.TrimSuffix(strings.Replace(strings.TrimPrefix(operands, "("), ".(", ", ", 1), ")")
	return fmt.Sprintf("%s can't be applied to %s%s", strings.ReplaceAll(strings.Trim(operator, "@"), "_", ""), typeName(operands), hint)
}

// typeName writes a type of CEL in plain words.
func typeName(t string) string {
	return strings.NewReplacer(
		"google.protobuf.Timestamp", "a time", "google.protobuf.Duration", "a length of time", "list(string)", "a list of texts",
		"string", "a text", "int", "a number", "bool", "true or false", "!error!", "something unknown", ", ", " and ",
		"list(", "a list (", "map(", "a map (",
	).Replace(t)
}
