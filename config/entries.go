package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// entry is one key and its value.
type entry struct {
	key   string
	path  string
	at    position
	value ast.Node
}

const doubled = "written twice"

// entries lists the keys of a mapping, and reports what isn't one, keys that aren't text, and keys written twice.
func (d *decoder) entries(node ast.Node, path string) ([]entry, bool) {
	mapping, ok := node.(*ast.MappingNode)
	if single, one := node.(*ast.MappingValueNode); one {
		mapping, ok = &ast.MappingNode{Values: []*ast.MappingValueNode{single}}, true
	}
	if !ok {
		d.fault(path, "expects keys and values, found %s", describe(node))
		return nil, false
	}
	var list []entry
	seen := map[string]position{}
	for _, value := range mapping.Values {
		token := value.Key.GetToken()
		e := entry{at: position{token.Position.Line, token.Position.Column}, value: value.Value}
		switch key := value.Key.(type) {
		case *ast.StringNode:
			e.key = key.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
			e.key = token.Value // a claim may be called 42 or true
		default:
			d.fault(path, "line %d: a key must be plain text; anchors and merge keys are not used here", e.at.line)
			continue
		}
		e.path = joinPath(path, e.key)
		if first, twice := seen[e.key]; twice {
			d.problemAt(e.at, e.path, first)
			continue
		}
		seen[e.key] = e.at
		if _, known := d.positions[e.path]; !known {
			d.positions[e.path] = e.at
		}
		list = append(list, e)
	}
	return list, true
}

// problemAt reports a doubled key at its second place, under a path of its own, since the first has the usual one.
func (d *decoder) problemAt(at position, path string, first position) {
	second := path + "#2"
	d.positions[second] = at
	d.fault(second, "%s; the first is in line %d", doubled, first.line)
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	if strings.ContainsAny(key, ".[]") { // a claim's name may hold anything
		return path + "[" + key + "]"
	}
	return path + "." + key
}
