package config

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// within finds a place of a text in the file that the text was written in. start is where the text begins, inner is a
// line and column of its value. YAML folds lines, indents blocks and writes quotes twice, but it neither makes nor drops
// what can be seen: so the visible characters are counted.
func (s source) within(start, inner position) position {
	value, ok := s.valueAt(start)
	if !ok {
		return start
	}
	count := visibleBefore(value.text, inner)
	raw := s.from(start)
	offset := len(s.text) - len(raw) + value.begins(raw)
	for i := offset; i < len(s.text); {
		r, size := value.next(s.text[i:])
		if !unicode.IsSpace(r) {
			if count == 0 {
				return s.positionAt(i)
			}
			count--
		}
		i += size
	}
	return start
}

// written is a text and how it is written.
type written struct {
	text  string
	quote byte // ' or ", | for blocks, 0 for plain text
}

// valueAt finds the token that a text was read from.
func (s source) valueAt(start position) (written, bool) {
	for i, t := range s.tokens {
		if t.Position.Line != start.line || t.Position.Column != start.column {
			continue
		}
		switch first := s.from(start); {
		case strings.HasPrefix(first, "|"), strings.HasPrefix(first, ">"):
			if i+1 < len(s.tokens) {
				return written{s.tokens[i+1].Value, '|'}, true
			}
		case first != "" && (first[0] == '\'' || first[0] == '"'):
			return written{t.Value, first[0]}, true
		default:
			return written{t.Value, 0}, true
		}
	}
	return written{}, false
}

// begins is where in the raw text the value begins: after the quote, or after the line of | and >.
func (w written) begins(raw string) int {
	switch w.quote {
	case 0:
		return 0
	case '|':
		return strings.IndexByte(raw, '\n') + 1
	}
	return 1
}

// next reads one character as it is written.
func (w written) next(raw string) (rune, int) {
	switch {
	case w.quote == '\'' && strings.HasPrefix(raw, "''"):
		return '\'', 2
	case w.quote == '"' && raw[0] == '\\' && len(raw) > 1:
		length := map[byte]int{'x': 4, 'u': 6, 'U': 10}[raw[1]]
		if strings.IndexByte("nrtvf 0_NLP\n", raw[1]) >= 0 {
			return ' ', 2
		}
		return 'x', min(max(length, 2), len(raw))
	}
	return utf8.DecodeRuneInString(raw)
}

// visibleBefore counts the visible characters of text before a line and column.
func visibleBefore(text string, until position) int {
	count, at := 0, position{1, 1}
	for _, r := range text {
		if at.line > until.line || at.line == until.line && at.column >= until.column {
			break
		}
		if !unicode.IsSpace(r) {
			count++
		}
		at.column++
		if r == '\n' {
			at = position{at.line + 1, 1}
		}
	}
	return count
}
