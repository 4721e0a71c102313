package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/fedbridge/fedbridge/bridge"
)

// source is the text of a configuration, looked through before it is parsed.
type source struct {
	name   string // what problems call it
	text   string // ends in a line end
	tokens token.Tokens
}

// Bounds of the syntax. What belongs in a configuration is nine deep.
const (
	maxNesting  = 32
	maxKeys     = 5000 // of one mapping
	maxReported = 20   // of one kind; a binary file has thousands
)

// readSource refuses what would let a reader see something else than what is read, and what would keep the parser busy:
// its time grows with the square of the nesting and of the keys of a mapping.
func readSource(name string, text []byte) (source, []Problem) {
	s := source{name: name, text: strings.TrimPrefix(string(text), "\ufeff") + "\n"}
	if at := firstInvalid(s.text); at >= 0 {
		p := s.positionAt(at)
		return s, s.fault(p.line, p.column, "not UTF-8 text: save the file as UTF-8")
	}
	if faults := s.invisible(); len(faults) > 0 {
		return s, faults
	}
	s.tokens = lexer.Tokenize(s.text)
	return s, s.checkTokens()
}

func (s source) fault(line, column int, format string, args ...any) []Problem {
	return []Problem{{Problem: bridge.Problemf("", format, args...), File: s.name, at: position{line, column}}}
}

func firstInvalid(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return -1
}

// positionAt counts lines and columns, in characters, from 1.
func (s source) positionAt(offset int) position {
	before := s.text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return position{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1}
}

// from is the text from a position on; "" if there is no such place.
func (s source) from(p position) string {
	rest := s.text
	for range p.line - 1 {
		_, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return ""
		}
		rest = after
	}
	for range p.column - 1 {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	return rest
}

// invisible finds characters that a reader doesn't see, or that change the order in which he sees others.
func (s source) invisible() []Problem {
	var faults []Problem
	for i, r := range s.text {
		if visible(r) || r == '\r' && s.text[i+1] == '\n' {
			continue
		}
		p := s.positionAt(i)
		if r == 0 {
			return s.fault(p.line, p.column, "holds a NUL byte: this is not a text file, or not UTF-8; save it as UTF-8")
		}
		faults = append(faults, s.fault(p.line, p.column, "holds the invisible character %U: remove it, or write it in double quotes as \"\\u%04X\"", r, r)...)
		if len(faults) == maxReported {
			break
		}
	}
	return faults
}

func visible(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return true
	case r == '\u200c', r == '\u200d': // they join letters in Persian, Indic scripts and emoji
		return true
	case r == '\u2028', r == '\u2029', r == '\u00ad':
		return false
	}
	return !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}

// checkTokens refuses anchors, aliases, merge keys, tags, directives and complex keys, so that what a reviewer reads is
// what is meant, and bounds the nesting.
func (s source) checkTokens() []Problem {
	var faults []Problem
	var where nesting
	for _, t := range s.tokens {
		at := t.Position
		deep, wide := where.take(t)
		switch {
		case deep > maxNesting:
			return append(faults, s.fault(at.Line, at.Column, "nested too deeply: nothing here is more than a few levels deep")...)
		case wide > maxKeys:
			return append(faults, s.fault(at.Line, at.Column, "more than %d keys in one place", maxKeys)...)
		}
		if text := unwanted(t); text != "" {
			if faults = append(faults, s.fault(at.Line, at.Column, "%s", text)...); len(faults) == maxReported {
				break
			}
		}
	}
	return faults
}

func unwanted(t *token.Token) string {
	const plain = " not used here: write the value out; a text that begins with %s stands in quotes"
	switch t.Type {
	case token.AnchorType:
		return "anchors (&) are" + fmt.Sprintf(plain, "&")
	case token.AliasType:
		return "aliases (*) are" + fmt.Sprintf(plain, "*")
	case token.TagType:
		return "tags (!) are" + fmt.Sprintf(plain, "!")
	case token.MergeKeyType:
		return "merge keys (<<) are not used here: write the keys out"
	case token.DirectiveType:
		return "directives (%) are" + fmt.Sprintf(plain, "%")
	case token.MappingKeyType:
		return "keys after ? are not used here: write key: value"
	}
	return ""
}

// nesting knows in which mappings and lists a token stands: by brackets, and outside of them by the columns of keys and
// of list entries.
type nesting struct{ levels []level }

type level struct {
	column int // 0: brackets
	keys   int
}

// take reads one token; deep and wide are how it stands.
func (n *nesting) take(t *token.Token) (deep, wide int) {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.levels = append(n.levels, level{})
	case token.SequenceEndType, token.MappingEndType:
		if n.inBrackets() {
			n.levels = n.levels[:len(n.levels)-1]
		}
	case token.SequenceEntryType:
		n.enter(t.Position.Column)
	case token.MappingValueType:
		key := t
		if t.Prev != nil {
			key = t.Prev
		}
		n.enter(key.Position.Column)
		last := &n.levels[len(n.levels)-1]
		last.keys++
		wide = last.keys
	}
	return len(n.levels), wide
}

func (n *nesting) inBrackets() bool {
	return len(n.levels) > 0 && n.levels[len(n.levels)-1].column == 0
}

func (n *nesting) enter(column int) {
	if n.inBrackets() {
		return
	}
	for len(n.levels) > 0 && n.levels[len(n.levels)-1].column > column {
		n.levels = n.levels[:len(n.levels)-1]
	}
	if len(n.levels) == 0 || n.levels[len(n.levels)-1].column < column {
		n.levels = append(n.levels, level{column: column})
	}
}
