package trust

import (
	"fmt"
	"slices"
	"strings"
)

// document is a trust policy as it is written, to be corrected with few changes: what isn't touched keeps its place and
// its spelling.
type document struct{ root node }

func (d *document) compile() (*Policy, error) { return Parse([]byte(d.root.pretty())) }

// list is the list of statements; a single one becomes a list of one.
func (d *document) list() *node {
	n := d.root.get("Statement")
	if n.kind == object {
		*n = node{kind: array, items: []node{*n}}
	}
	return n
}

func (d *document) statement(i int) *node { return &d.list().items[i] }

// add puts statements at the end, under Sids that are free.
func (d *document) add(statements ...node) {
	for _, s := range statements {
		d.insert(len(d.list().items), s)
	}
}

func (d *document) insert(at int, s node) {
	s = s.clone()
	if sid := s.get("Sid"); sid != nil {
		*sid = word(d.freeSid(sid.text))
	}
	list := d.list()
	list.items = slices.Insert(list.items, at, s)
}

func (d *document) freeSid(want string) string {
	sid := want
	for n := 2; d.hasSid(sid); n++ {
		sid = fmt.Sprintf("%s%d", want, n)
	}
	return sid
}

func (d *document) hasSid(sid string) bool {
	for i := range d.list().items {
		if s := d.statement(i).get("Sid"); s != nil && s.text == sid {
			return true
		}
	}
	return false
}

func (d *document) remove(i int) { d.list().items = slices.Delete(d.list().items, i, i+1) }

// named is one value of a Principal element; kind is "" for a bare "*".
type named struct {
	kind PrincipalKind
	text string
}

// principalsOf lists whom a statement names. NotPrincipal names nobody.
func principalsOf(s *node) []named {
	p := s.get("Principal")
	if p == nil {
		return nil
	}
	if p.kind == text {
		return []named{{"", p.text}}
	}
	var out []named
	for i := range p.fields {
		for _, v := range p.fields[i].value.texts() {
			out = append(out, named{PrincipalKind(p.fields[i].name), v})
		}
	}
	return out
}

// setPrincipals replaces whom a statement names, in the same place.
func setPrincipals(s *node, list ...named) {
	value := node{kind: object}
	for _, p := range list {
		old := value.get(string(p.kind))
		if old == nil {
			value.set(string(p.kind), word(p.text))
			continue
		}
		*old = words(append(old.texts(), p.text)...)
	}
	for i := range s.fields {
		if s.fields[i].name == "Principal" || s.fields[i].name == "NotPrincipal" {
			s.fields[i] = field{"Principal", value}
		}
	}
}

// own gives a statement that names us alone: where the statement names others, too, they keep theirs and we get a copy.
// It returns the index of ours.
func (d *document) own(i int, me named, mine func(named) bool) int {
	s := d.statement(i)
	var others []named
	for _, p := range principalsOf(s) {
		if !mine(p) {
			others = append(others, p)
		}
	}
	if len(others) == 0 || len(others) == len(principalsOf(s)) {
		return i
	}
	ours := s.clone()
	setPrincipals(s, others...)
	setPrincipals(&ours, me)
	d.insert(i+1, ours)
	return i + 1
}

// setActions replaces the actions of a statement, in the same place.
func setActions(s *node, actions ...string) {
	for i := range s.fields {
		if s.fields[i].name == "Action" || s.fields[i].name == "NotAction" {
			s.fields[i] = field{"Action", words(actions...)}
		}
	}
}

// dropAction takes one action off a list of exact ones.
func dropAction(s *node, action string) {
	left := slices.DeleteFunc(s.get("Action").texts(), func(a string) bool { return strings.EqualFold(a, action) })
	if len(left) > 0 {
		setActions(s, left...)
	}
}

// hasCondition tells whether a statement tests a key.
func hasCondition(s *node, key string) bool {
	c := s.get("Condition")
	if c == nil {
		return false
	}
	return slices.ContainsFunc(c.fields, func(op field) bool {
		return slices.ContainsFunc(op.value.fields, func(k field) bool { return strings.EqualFold(k.name, key) })
	})
}

// require makes this test the only one of its key. The key keeps the spelling that it had.
func require(s *node, t test) {
	if s.get("Condition") == nil {
		s.set("Condition", node{kind: object})
	}
	c := s.get("Condition")
	done := false
	for i := range c.fields {
		tests := &c.fields[i].value
		for j := range tests.fields {
			k := &tests.fields[j]
			if !strings.EqualFold(k.name, t.key) {
				continue
			}
			t.key = k.name
			if c.fields[i].name == t.operator && !done {
				k.value, done = words(t.values...), true
				continue
			}
			k.name = "" // goes
		}
		tests.drop("")
	}
	if !done {
		if c.get(t.operator) == nil {
			c.set(t.operator, node{kind: object})
		}
		c.get(t.operator).set(t.key, words(t.values...))
	}
	tidy(s)
}

// forgo takes one condition away.
func forgo(s *node, unwanted Condition) {
	c := s.get("Condition")
	if c == nil || c.get(unwanted.Operator) == nil {
		return
	}
	c.get(unwanted.Operator).drop(unwanted.Key)
	tidy(s)
}

// tidy drops operators without a key, and a Condition without an operator.
func tidy(s *node) {
	c := s.get("Condition")
	c.fields = slices.DeleteFunc(c.fields, func(op field) bool { return len(op.value.fields) == 0 })
	if len(c.fields) == 0 {
		s.drop("Condition")
	}
}

// valuesOf are the values that a key must equal, where a statement says so in the plain way.
func valuesOf(s *node, key string) []string {
	if c := s.get("Condition"); c != nil && c.get("StringEquals") != nil {
		for _, k := range c.get("StringEquals").fields {
			if strings.EqualFold(k.name, key) {
				return k.value.texts()
			}
		}
	}
	return nil
}
