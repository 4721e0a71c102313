package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// decoder walks the syntax tree beside the types, so that every fault is reported at once and with its place. Anchors,
// aliases, merge keys and tags are refused: what a reviewer reads is what is meant.
type decoder struct {
	positions map[string]position
	problems  []bridge.Problem
	faulty    []string // paths that were not decoded
}

func (d *decoder) fault(path, format string, args ...any) {
	d.problems = append(d.problems, bridge.Problemf(path, format, args...))
	d.faulty = append(d.faulty, path)
}

// touched tells whether the path, or a part of it, could not be decoded.
func (d *decoder) touched(path string) bool {
	for _, f := range d.faulty {
		if path == f || strings.HasPrefix(path, f) && strings.ContainsAny(path[len(f):len(f)+1], ".[") ||
			strings.HasPrefix(f, path) && path != "" && strings.ContainsAny(f[len(path):len(path)+1], ".[") {
			return true
		}
	}
	return false
}

func (d *decoder) root(node ast.Node, f *File) { d.value(node, reflect.ValueOf(f).Elem(), "") }

const emptyValue = "no value: write one, or leave the key out"

// unmarshaler is what types with a spelling of their own satisfy, as goccy/go-yaml defines it.
type unmarshaler interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

func (d *decoder) value(node ast.Node, v reflect.Value, path string) {
	if at := node.GetToken(); at != nil {
		if _, known := d.positions[path]; !known {
			d.positions[path] = position{at.Position.Line, at.Position.Column}
		}
	}
	switch n := node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		d.fault(path, "anchors, aliases, merge keys and tags are not used here: write the value out")
		return
	case *ast.NullNode:
		d.fault(path, emptyValue)
		return
	case *ast.MappingValueNode: // a mapping of one entry
		d.value(&ast.MappingNode{Start: n.GetToken(), Values: []*ast.MappingValueNode{n}, BaseNode: &ast.BaseNode{}}, v, path)
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

func (d *decoder) custom(node ast.Node, u unmarshaler, path string) {
	err := u.UnmarshalYAML(func(into any) error { return yaml.NodeToValue(node, into, yaml.Strict()) })
	if err == nil {
		return
	}
	message := err.Error()
	if e, ok := err.(yaml.Error); ok { // the library's text quotes the source over several lines
		message = e.GetMessage()
	}
	d.fault(path, "%s", message)
}

func (d *decoder) structure(node ast.Node, v reflect.Value, path string) {
	entries, ok := d.entries(node, path)
	if !ok {
		return
	}
	fields := map[string]reflect.Value{}
	var names []string
	collectFields(v, fields, &names)
	for _, e := range entries {
		field, ok := fields[e.key]
		if !ok {
			d.unknown(e, path, names)
			continue
		}
		d.value(e.value, field, e.path)
	}
}

func (d *decoder) unknown(e entry, path string, names []string) {
	d.positions[e.path] = e.at
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

// collectFields lists the keys of a struct, those of inlined structs included.
func collectFields(v reflect.Value, fields map[string]reflect.Value, names *[]string) {
	for i := range v.NumField() {
		tag, tagged := v.Type().Field(i).Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || name == "-":
		case options == "inline":
			collectFields(v.Field(i), fields, names)
		default:
			fields[name] = v.Field(i)
			*names = append(*names, name)
		}
	}
}

func (d *decoder) list(node ast.Node, v reflect.Value, path string) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fault(path, "expects a list, found %s", describe(node))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
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

func (d *decoder) provider(node ast.Node, v reflect.Value, path string) {
	entries, ok := d.entries(node, path)
	if !ok {
		return
	}
	var kind string
	for _, e := range entries {
		if e.key == "kind" {
			d.value(e.value, reflect.ValueOf(&kind).Elem(), e.path)
		}
	}
	open, known := kinds[idp.Kind(kind)]
	switch {
	case kind == "":
		d.fault(path, "a provider needs a kind: %s", strings.Join(kindNames(), " or "))
		return
	case !known:
		d.fault(path+".kind", "unknown kind %q; known are %s", kind, strings.Join(kindNames(), ", "))
		return
	}
	p := open()
	// entries reported doubled keys already.
	before := len(d.problems)
	d.structure(node, reflect.ValueOf(p.Opener).Elem(), path)
	d.problems = append(d.problems[:before], withoutDoubled(d.problems[before:])...)
	v.Set(reflect.ValueOf(p))
}

func withoutDoubled(problems []bridge.Problem) []bridge.Problem {
	var kept []bridge.Problem
	for _, p := range problems {
		if !strings.HasPrefix(p.Message, doubled) {
			kept = append(kept, p)
		}
	}
	return kept
}

func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(node, v, path)
		return
	}
	switch v.Kind() {
	case reflect.String:
		switch n := node.(type) {
		case *ast.StringNode:
			v.SetString(n.Value)
		case *ast.LiteralNode:
			v.SetString(n.Value.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			d.fault(path, "expects text: write it in quotes: %q", node.GetToken().Value)
		default:
			d.fault(path, "expects text, found %s", describe(node))
		}
		// An empty text must not read like a key that was left out: it could widen a rule.
		if v.String() == "" && !d.touched(path) {
			d.fault(path, emptyValue)
		}
	case reflect.Bool:
		n, ok := node.(*ast.BoolNode)
		if !ok {
			d.fault(path, "expects true or false, found %s", describe(node))
			return
		}
		v.SetBool(n.Value)
	case reflect.Int, reflect.Int64:
		var number int64
		if _, ok := node.(*ast.IntegerNode); !ok || yaml.NodeToValue(node, &number) != nil {
			d.fault(path, "expects a whole number, found %s", describe(node))
			return
		}
		v.SetInt(number)
	default:
		panic("config: no decoder for " + v.Type().String()) // a test walks all fields
	}
}

func (d *decoder) duration(node ast.Node, v reflect.Value, path string) {
	text, ok := node.(*ast.StringNode)
	if !ok {
		d.fault(path, "expects a length of time such as 15m, 1h or 12h, found %s", describe(node))
		return
	}
	length, err := time.ParseDuration(text.Value)
	if err != nil {
		d.fault(path, "expects a length of time such as 15m, 1h or 12h, found %q", text.Value)
		return
	}
	v.SetInt(int64(length))
}

func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	return fmt.Sprintf("%q", node.GetToken().Value)
}
