package config

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// decoder walks the syntax tree beside the types, so that every fault is reported at once and with its place.
type decoder struct {
	positions map[string]position // where a path is: its key, or its entry in a list
	texts     map[string]position // where the text at a path begins
	problems  []Problem
	faulty    *pathSet // what was not decoded
	missing   []missing
	lacking   *pathSet        // their paths
	demanded  map[string]bool // paths that can't be left out
}

func newDecoder() *decoder {
	return &decoder{positions: map[string]position{}, texts: map[string]position{}, faulty: &pathSet{}, lacking: &pathSet{}, demanded: map[string]bool{"": true}}
}

// missing is a key that must be there and isn't.
type missing struct {
	path string
	key  key
}

// hint says what the key is for.
func (m missing) hint() string {
	if m.key.Example == "" {
		return m.key.Doc
	}
	return m.key.Doc + " For example: " + m.key.Example
}

func (d *decoder) fault(path, format string, args ...any) {
	d.faultAt(position{}, path, format, args...)
}

// faultAt is a fault at another place than that of the path.
func (d *decoder) faultAt(at position, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Problem: bridge.Problemf(path, format, args...), at: at})
	d.faulty.add(path)
}

// touched tells whether the path, what it is part of, or a part of it, could not be decoded.
func (d *decoder) touched(path string) bool { return d.faulty.covers(path) || d.faulty.reaches(path) }

func (d *decoder) lack(path string, k key) {
	d.missing = append(d.missing, missing{path, k})
	d.lacking.add(path)
}

func (d *decoder) root(node ast.Node, f *File) { d.value(node, reflect.ValueOf(f).Elem(), "") }

// orLeaveOut ends a sentence about what is empty.
func (d *decoder) orLeaveOut(path string) string {
	if d.demanded[path] {
		return ""
	}
	return ", or leave " + lastOf(path) + " out"
}

func (d *decoder) empty(path string) { d.fault(path, "no value: write one%s", d.orLeaveOut(path)) }

func (d *decoder) value(node ast.Node, v reflect.Value, path string) {
	if _, known := d.positions[path]; !known {
		d.positions[path] = startOf(node)
	}
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode: // the tokens were looked through before
		d.fault(path, "anchors, aliases, merge keys and tags are not used here: write the value out")
		return
	case *ast.NullNode:
		d.empty(path)
		return
	}
	if v.Type() == reflect.TypeFor[Provider]() {
		d.provider(node, v, path)
		return
	}
	if v.CanAddr() {
		if u, ok := v.Addr().Interface().(unmarshaler); ok {
			d.custom(node, u, path)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(node, v.Elem(), path)
	case reflect.Struct:
		d.structure(node, v, path)
	case reflect.Slice:
		d.list(node, v, path)
	case reflect.Map:
		d.mapping(node, v, path)
	default:
		d.scalar(node, v, path)
	}
}

func (d *decoder) structure(node ast.Node, v reflect.Value, path string) {
	if entries, ok := d.entries(node, path); ok {
		d.fields(entries, v, path)
	}
}

// fields decodes entries into a struct.
func (d *decoder) fields(entries []entry, v reflect.Value, path string) {
	fields := map[string]reflect.Value{}
	collectFields(v, fields)
	keys, seen := keysOf(v.Type()), map[string]bool{}
	for _, k := range keys {
		if k.Required {
			d.demanded[joinPath(path, k.Name)] = true
		}
	}
	for _, e := range entries {
		seen[e.key] = true
		field, ok := fields[e.key]
		if !ok {
			d.unknown(e, path, keys)
			continue
		}
		d.value(e.value, field, e.path)
	}
	for _, k := range keys {
		if k.Required && !seen[k.Name] {
			d.lack(joinPath(path, k.Name), k)
		}
	}
}

func (d *decoder) unknown(e entry, path string, keys []key) {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	where := path
	if where == "" {
		where = "the file"
	}
	if near, ok := nearest(e.key, names); ok {
		d.fault(e.path, "unknown key %q in %s; did you mean %q?", e.key, where, near)
		return
	}
	d.fault(e.path, "unknown key %q in %s; known are %s", e.key, where, strings.Join(names, ", "))
}

// collectFields finds the fields of a struct by their keys, those of inlined structs included.
func collectFields(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		tag, tagged := v.Type().Field(i).Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || name == "-":
		case options == "inline":
			collectFields(v.Field(i), fields)
		default:
			fields[name] = v.Field(i)
		}
	}
}

func (d *decoder) list(node ast.Node, v reflect.Value, path string) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fault(path, "expects a list, found %s: write [a, b], or one entry a line after a dash", describe(node))
		return
	}
	if len(seq.Values) == 0 {
		d.fault(path, "an empty list: write at least one entry%s", d.orLeaveOut(path))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.value(item, v.Index(i), index(path, i))
	}
}

func (d *decoder) mapping(node ast.Node, v reflect.Value, path string) {
	entries, ok := d.entries(node, path)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range entries {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(e.value, item, e.path)
		v.SetMapIndex(reflect.ValueOf(e.key), item)
	}
}

// provider decodes an entry by its kind. One without a kind that is known keeps what all kinds have, so that rules can
// name it.
func (d *decoder) provider(node ast.Node, v reflect.Value, path string) {
	entries, ok := d.entries(node, path)
	if !ok {
		return
	}
	kind, written := "", false
	for _, e := range entries {
		if e.key == "kind" {
			written = true
			d.value(e.value, reflect.ValueOf(&kind).Elem(), e.path)
		}
	}
	open, known := kinds[idp.Kind(kind)]
	switch {
	case !written:
		d.fault(path+".kind", "missing: write %s", strings.Join(kindNames(), " or "))
		return
	case !known:
		if !d.touched(path + ".kind") {
			d.fault(path+".kind", "unknown kind %q; known are %s", kind, strings.Join(kindNames(), ", "))
		}
		return
	}
	p := open()
	d.fields(entries, reflect.ValueOf(p.Opener).Elem(), path)
	v.Set(reflect.ValueOf(p))
}
