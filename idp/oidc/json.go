package oidc

import (
	"errors"
	"fmt"
	"strings"
)

// maxDepth is how deep objects and arrays may be nested.
const maxDepth = 16

// kind says what a JSON value is.
type kind uint8

const (
	kindNull kind = iota
	kindText
	kindNumber
	kindBool
	kindList   // an array of scalars other than null
	kindObject //
	kindMixed  // an array that holds anything else
)

// node is one JSON value.
type node struct {
	kind    kind
	texts   bool     // kindList: every element is a text
	text    string   // kindText: decoded; kindNumber, kindBool: as written
	values  []string // kindList
	members []member // kindObject, in the order written
}

type member struct {
	name string
	node
}

// decodeObject reads one JSON object (RFC 8259), and nothing that two readers could read differently (RFC 7493, I-JSON):
// no member twice, at any depth; no invalid UTF-8; no lone surrogate; nothing before or after it but white space.
// What it accepts, encoding/json accepts, and reads alike. Threats O20 to O23.
func decodeObject(s string) ([]member, error) {
	if len(s) == 0 {
		return nil, errors.New("json: empty")
	}
	d := decoder{s: s}
	d.space()
	if d.i == len(s) || s[d.i] != '{' {
		return nil, errors.New("json: not an object")
	}
	n, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.i != len(s) {
		return nil, d.fault("something follows the object")
	}
	return n.members, nil
}

// duplicateError names a member that an object has twice (RFC 7519 §4: claim names MUST be unique).
type duplicateError struct{ name string }

func (e *duplicateError) Error() string { return "json: member " + quote(e.name) + " twice" }

type decoder struct {
	s string
	i int
}

func (d *decoder) fault(what string) error { return fmt.Errorf("json: byte %d: %s", d.i, what) }

func (d *decoder) space() {
	for d.i < len(d.s) {
		switch d.s[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

func (d *decoder) value(depth int) (node, error) {
	d.space()
	if d.i >= len(d.s) {
		return node{}, d.fault("cut off")
	}
	switch d.s[d.i] {
	case '"':
		text, err := d.text()
		return node{kind: kindText, text: text}, err
	case '{':
		return d.object(depth + 1)
	case '[':
		return d.array(depth + 1)
	case 't':
		return d.literal("true", node{kind: kindBool, text: "true"})
	case 'f':
		return d.literal("false", node{kind: kindBool, text: "false"})
	case 'n':
		return d.literal("null", node{kind: kindNull})
	}
	return d.number()
}

func (d *decoder) literal(word string, n node) (node, error) {
	if !strings.HasPrefix(d.s[d.i:], word) {
		return node{}, d.fault("not a JSON value")
	}
	d.i += len(word)
	return n, nil
}

func (d *decoder) object(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, d.fault("nested too deep")
	}
	n := node{kind: kindObject}
	var seen map[string]struct{}
	more, err := d.open('}')
	for ; more && err == nil; more, err = d.next('}') {
		d.space()
		if d.i >= len(d.s) || d.s[d.i] != '"' {
			return node{}, d.fault("not the name of a member")
		}
		name, err := d.text()
		if err != nil {
			return node{}, err
		}
		if seen, err = unique(seen, n.members, name); err != nil {
			return node{}, err
		}
		d.space()
		if d.i >= len(d.s) || d.s[d.i] != ':' {
			return node{}, d.fault("no colon after a name")
		}
		d.i++
		v, err := d.value(depth)
		if err != nil {
			return node{}, err
		}
		n.members = append(n.members, member{name, v})
	}
	return n, err
}

// unique refuses a name that is there already: by looking while there are few, by a map once there are many.
func unique(seen map[string]struct{}, members []member, name string) (map[string]struct{}, error) {
	if seen == nil && len(members) < 24 {
		for i := range members {
			if members[i].name == name {
				return nil, &duplicateError{name}
			}
		}
		return nil, nil
	}
	if seen == nil {
		seen = make(map[string]struct{}, 2*len(members))
		for i := range members {
			seen[members[i].name] = struct{}{}
		}
	}
	if _, twice := seen[name]; twice {
		return nil, &duplicateError{name}
	}
	seen[name] = struct{}{}
	return seen, nil
}

func (d *decoder) array(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, d.fault("nested too deep")
	}
	n := node{kind: kindList, texts: true}
	if end := strings.IndexByte(d.s[d.i:], ']'); end > 0 {
		n.values = make([]string, 0, 1+strings.Count(d.s[d.i:d.i+end], ","))
	}
	more, err := d.open(']')
	for ; more && err == nil; more, err = d.next(']') {
		v, err := d.value(depth)
		if err != nil {
			return node{}, err
		}
		switch v.kind {
		case kindText, kindNumber, kindBool:
			n.values = append(n.values, v.text)
			n.texts = n.texts && v.kind == kindText
		default:
			n.kind = kindMixed
		}
	}
	if n.kind == kindMixed {
		n.values, n.texts = nil, false
	}
	return n, err
}

// open steps over the opening bracket and tells whether something stands before the closing one.
func (d *decoder) open(end byte) (more bool, err error) {
	d.i++
	d.space()
	if d.i < len(d.s) && d.s[d.i] == end {
		d.i++
		return false, nil
	}
	return true, nil
}

// next steps over a comma (more comes) or the closing bracket.
func (d *decoder) next(end byte) (more bool, err error) {
	d.space()
	if d.i >= len(d.s) {
		return false, d.fault("cut off")
	}
	switch d.s[d.i] {
	case ',':
		d.i++
		return true, nil
	case end:
		d.i++
		return false, nil
	}
	return false, d.fault("neither a comma nor the end")
}

// number reads a number and keeps it as written: RFC 8259 §6.
func (d *decoder) number() (node, error) {
	start := d.i
	d.skip("-")
	if !d.skip("0") && !d.digits() {
		return node{}, d.fault("not a JSON value")
	}
	if d.skip(".") && !d.digits() {
		return node{}, d.fault("not a number")
	}
	if d.skip("eE") {
		d.skip("+-")
		if !d.digits() {
			return node{}, d.fault("not a number")
		}
	}
	return node{kind: kindNumber, text: d.s[start:d.i]}, nil
}

func (d *decoder) skip(any string) bool {
	if d.i < len(d.s) && strings.IndexByte(any, d.s[d.i]) >= 0 {
		d.i++
		return true
	}
	return false
}

func (d *decoder) digits() bool {
	start := d.i
	for d.i < len(d.s) && d.s[d.i] >= '0' && d.s[d.i] <= '9' {
		d.i++
	}
	return d.i > start
}
