package saml

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// startTag reads a start or empty-element tag, with its namespaces.
func (s *scanner) startTag() error {
	switch {
	case len(s.stack) == 0 && s.root != nil:
		return s.fault("a second document element")
	case len(s.stack) >= s.limits.depth:
		return &capError{"levels of nesting", s.limits.depth}
	case s.elements >= s.limits.elements:
		return &capError{"elements", s.limits.elements}
	}
	s.elements++
	s.pos++ // <
	space, local, err := s.name()
	if err != nil {
		return err
	}
	el := &etree.Element{Space: space, Tag: local}
	around := len(s.scope)
	empty, err := s.attributes(el)
	if err != nil {
		return err
	}
	if err := s.resolve(el); err != nil {
		return err
	}
	if s.scoped += len(el.Attr) + len(s.scope); s.scoped > s.limits.scoped {
		return &capError{"attributes and namespaces, counted wherever they are in scope", s.limits.scoped}
	}
	if len(s.stack) == 0 {
		s.root = el
	} else {
		s.stack[len(s.stack)-1].el.AddChild(el)
	}
	if empty {
		s.scope = s.scope[:around]
		return nil
	}
	s.stack = append(s.stack, openElement{el, around})
	return nil
}

// attributes reads to the end of the tag, and tells whether it closes itself.
func (s *scanner) attributes(el *etree.Element) (empty bool, err error) {
	for {
		spaced := s.skipSpace()
		switch {
		case s.take('>'):
			return false, nil
		case strings.HasPrefix(s.src[s.pos:], "/>"):
			s.pos += len("/>")
			return true, nil
		case !spaced:
			return false, s.fault("no space before an attribute")
		case len(el.Attr) >= s.limits.attributes:
			return false, &capError{"attributes of one element", s.limits.attributes}
		}
		attr, err := s.attribute()
		if err != nil {
			return false, err
		}
		for _, other := range el.Attr { // XML 1.0 §3.1, unique attributes
			if other.Space == attr.Space && other.Key == attr.Key {
				return false, s.fault("attribute %s twice", attr.Key)
			}
		}
		el.Attr = append(el.Attr, attr)
	}
}

func (s *scanner) attribute() (etree.Attr, error) {
	space, local, err := s.name()
	if err != nil {
		return etree.Attr{}, err
	}
	s.skipSpace()
	if !s.take('=') {
		return etree.Attr{}, s.fault("an attribute without a value")
	}
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '"' && s.src[s.pos] != '\'' {
		return etree.Attr{}, s.fault("an attribute value without quotes")
	}
	quote := s.src[s.pos]
	s.pos++
	length := strings.IndexByte(s.src[s.pos:], quote)
	if length < 0 {
		return etree.Attr{}, s.fault("an unfinished attribute value")
	}
	raw := s.src[s.pos : s.pos+length]
	if strings.IndexByte(raw, '<') >= 0 {
		return etree.Attr{}, s.fault("< in an attribute value")
	}
	if strings.ContainsAny(raw, "\t\n") { // XML 1.0 §3.3.3; character references keep theirs
		raw = strings.NewReplacer("\t", " ", "\n", " ").Replace(raw)
	}
	value, err := s.expand(raw)
	if err != nil {
		return etree.Attr{}, err
	}
	s.pos += length + 1
	return etree.Attr{Space: space, Key: local, Value: value}, nil
}

// name reads a qualified name. Names of SAML and XML Signature are ASCII; others are not read.
func (s *scanner) name() (space, local string, err error) {
	local = s.ncName()
	if local != "" && s.pos < len(s.src) && s.src[s.pos] == ':' {
		s.pos++
		space, local = local, s.ncName()
	}
	if local == "" {
		return "", "", s.fault("expected a name")
	}
	return space, local, nil
}

func (s *scanner) ncName() string {
	start := s.pos
	for s.pos < len(s.src) && isNameByte(s.src[s.pos], s.pos == start) {
		s.pos++
	}
	return s.src[start:s.pos]
}

func isNameByte(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return true
	case '0' <= c && c <= '9', c == '-', c == '.':
		return !first
	}
	return false
}

func (s *scanner) skipSpace() bool {
	start := s.pos
	for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] == '\n' || s.src[s.pos] == '\t') {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) take(c byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// expand replaces character references and the five entities that XML itself defines (XML 1.0 §4.6). There are no
// others, since nothing can declare them.
func (s *scanner) expand(raw string) (string, error) {
	amp := strings.IndexByte(raw, '&')
	if amp < 0 {
		return raw, nil
	}
	var out strings.Builder
	out.Grow(len(raw))
	for ; amp >= 0; amp = strings.IndexByte(raw, '&') {
		out.WriteString(raw[:amp])
		raw = raw[amp+1:]
		// The longest reference is &#x10FFFF;.
		end := strings.IndexByte(raw[:min(len(raw), 12)], ';')
		if end < 0 {
			return "", s.fault("an & that begins no reference")
		}
		r, ok := reference(raw[:end])
		if !ok {
			return "", s.fault("an unknown reference")
		}
		out.WriteRune(r)
		raw = raw[end+1:]
	}
	out.WriteString(raw)
	return out.String(), nil
}

func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := strings.TrimPrefix(name, "#"), 10
	if digits == name {
		return 0, false
	}
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32) // takes neither sign nor, with a base given, underscores
	if err != nil || !isCharacter(rune(n)) || n > 0x10FFFF {
		return 0, false
	}
	return rune(n), true
}

// isCharacter is XML 1.0's production Char.
func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD ||
		r >= 0x10000 && r <= 0x10FFFF
}
