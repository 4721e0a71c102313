package trust

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Pretty prints a JSON document as findings and the generator print policies: two blanks a level, one element a line, in
// the order in which it was written.
func Pretty(raw []byte) (string, error) {
	n, err := parseJSON(raw)
	if err != nil {
		return "", err
	}
	return n.pretty(), nil
}

func (n node) pretty() string {
	var b strings.Builder
	n.print(&b, "\n")
	b.WriteByte('\n')
	return b.String()
}

// print writes the node; newline is a line end and the indent of the level that the node is on.
func (n node) print(b *strings.Builder, newline string) {
	deeper := newline + "  "
	switch {
	case n.kind == object && len(n.fields) > 0:
		for i, f := range n.fields {
			b.WriteString(opening("{", i) + deeper + quote(f.name) + ": ")
			f.value.print(b, deeper)
		}
		b.WriteString(newline + "}")
	case n.kind == array && len(n.items) > 0:
		for i, item := range n.items {
			b.WriteString(opening("[", i) + deeper)
			item.print(b, deeper)
		}
		b.WriteString(newline + "]")
	default:
		b.WriteString(n.scalar())
	}
}

func opening(bracket string, i int) string {
	if i > 0 {
		return ","
	}
	return bracket
}

func (n node) scalar() string {
	switch n.kind {
	case object:
		return "{}"
	case array:
		return "[]"
	case text:
		return quote(n.text)
	case null:
		return "null"
	}
	return n.text
}

// quote writes a JSON string without the escapes that are for HTML.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// clone copies a node so that edits of one don't show in the other.
func (n node) clone() node {
	n.fields, n.items = slices.Clone(n.fields), slices.Clone(n.items)
	for i := range n.fields {
		n.fields[i].value = n.fields[i].value.clone()
	}
	for i := range n.items {
		n.items[i] = n.items[i].clone()
	}
	return n
}

// get finds a member of an object, by its exact name; nil if there is none.
func (n *node) get(name string) *node {
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i].value
		}
	}
	return nil
}

// set replaces a member, or adds it at the end.
func (n *node) set(name string, value node) {
	if old := n.get(name); old != nil {
		*old = value
		return
	}
	n.fields = append(n.fields, field{name, value})
}

// drop takes a member away.
func (n *node) drop(name string) {
	n.fields = slices.DeleteFunc(n.fields, func(f field) bool { return f.name == name })
}

// texts are the values of "one or many", of any scalar kind.
func (n *node) texts() []string {
	if n == nil {
		return nil
	}
	if n.kind != array {
		return []string{n.text}
	}
	out := make([]string, 0, len(n.items))
	for _, item := range n.items {
		out = append(out, item.text)
	}
	return out
}

// word is a JSON string.
func word(s string) node { return node{kind: text, text: s} }

// words writes "one or many": a string for one, an array for more.
func words(values ...string) node {
	if len(values) == 1 {
		return word(values[0])
	}
	n := node{kind: array}
	for _, v := range values {
		n.items = append(n.items, word(v))
	}
	return n
}

func object1(name string, value node) node {
	return node{kind: object, fields: []field{{name, value}}}
}
