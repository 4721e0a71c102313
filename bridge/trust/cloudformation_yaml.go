package trust

import (
	"regexp"
	"strings"
)

// plainWord is a text that YAML reads as itself without quotes: Allow, AWS::IAM::Role. What some YAML takes for a
// boolean or for null is quoted, like everything else.
var (
	plainWord = regexp.MustCompile(`^[A-Z][A-Za-z]+(::[A-Za-z]+)*$`)
	notPlain  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null)$`)
)

// yaml writes a value after its key. Quotes are JSON's, which YAML reads alike (YAML 1.2, §7.3.1). newline is a line end
// and the indent of what is inside.
func yaml(b *strings.Builder, n node, newline string) {
	switch {
	case n.kind == object && len(n.fields) > 0:
		for _, f := range n.fields {
			b.WriteString(newline + yamlWord(f.name) + ":")
			yaml(b, f.value, newline+"  ")
		}
	case n.kind == array && len(n.items) > 0:
		for _, item := range n.items {
			b.WriteString(newline + "-")
			yamlItem(b, item, newline+"  ")
		}
	case n.kind == text && isBlock(n.text):
		b.WriteString(" |-" + newline + strings.ReplaceAll(n.text, "\n", newline))
	case n.kind == text:
		b.WriteString(" " + yamlWord(n.text))
	default:
		b.WriteString(" " + n.scalar())
	}
}

// yamlItem puts the first member of an object on the line of its dash.
func yamlItem(b *strings.Builder, n node, newline string) {
	if n.kind != object || len(n.fields) == 0 {
		yaml(b, n, newline)
		return
	}
	for i, f := range n.fields {
		if i == 0 {
			b.WriteString(" " + yamlWord(f.name) + ":")
		} else {
			b.WriteString(newline + yamlWord(f.name) + ":")
		}
		yaml(b, f.value, newline+"  ")
	}
}

func yamlWord(s string) string {
	if plainWord.MatchString(s) && !notPlain.MatchString(s) {
		return s
	}
	return quote(s)
}

// isBlock tells whether a text is written line by line: metadata, which people compare. Only where a literal block says
// the same (YAML 1.2, §8.1.2): no blank before the first line, none of the characters that YAML would not keep.
func isBlock(s string) bool {
	if !strings.Contains(s, "\n") || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.HasSuffix(s, "\n") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' || r == '\u007f' || r == '\ufeff' || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029
	})
}
