package config

import "strings"

// plainSyntax says in an operator's words what the YAML parser found, and what usually mends it. rest is the text from
// the place on. Nothing of it is repeated: it could be a secret.
func plainSyntax(message, rest string) string {
	switch {
	case strings.Contains(message, "tab character"), strings.HasPrefix(rest, "\t"):
		return "a tab: YAML is indented with spaces"
	case strings.Contains(message, "reserved character"):
		return "not YAML: a text that begins with @ or ` stands in quotes"
	case strings.HasPrefix(message, "value is not allowed in this context"):
		return `not YAML: text after the end of a value, or a line that is indented otherwise than its neighbours; a text with quotes or braces in it stands in quotes as a whole: '"a" in claims.b'`
	case strings.Contains(message, "mapping value is not allowed"):
		return `not YAML: a colon within a value, or the next line is indented too far; a text with ": " in it stands in quotes`
	case strings.Contains(message, "non-map value is specified"):
		return "not YAML: a key and a colon are expected here"
	case strings.Contains(message, "unexpected end content"):
		return "not YAML: text after ..., which ends the document"
	case strings.Contains(message, "end character of double-quoted"), strings.Contains(message, "end character of single-quoted"):
		return "not YAML: this quote is never closed"
	case strings.Contains(message, "',' or ']'"):
		return "not YAML: a , or ] is missing before this"
	case strings.Contains(message, "',' or '}'"):
		return "not YAML: a , or } is missing before this"
	case strings.Contains(message, "invalid key"):
		return "not YAML: a key must be plain text"
	case strings.Contains(message, "sequence end token"):
		return "not YAML: this [ is never closed"
	case strings.Contains(message, "flow mapping end token"):
		return "not YAML: this { is never closed"
	}
	return "not YAML: " + message
}
