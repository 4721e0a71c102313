package config

import (
	"github.com/goccy/go-yaml/ast"
)

// entry is one key and its value.
type entry struct {
	key   string
	path  string
	at    position
	value ast.Node
}

// entries lists the keys of a mapping, and reports what isn't one, keys that aren't text, and keys written twice.
func (d *decoder) entries(node ast.Node, path string) ([]entry, bool) {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode: // a mapping of one entry
		values = []*ast.MappingValueNode{n}
	default:
		d.fault(path, "expects keys and values, found %s", describe(node))
		return nil, false
	}
	if len(values) == 0 {
		d.fault(path, "no keys: write some%s", d.orLeaveOut(path))
		return nil, false
	}
	var list []entry
	seen := map[string]position{}
	for _, value := range values {
		token := value.Key.GetToken()
		e := entry{at: position{token.Position.Line, token.Position.Column}, value: value.Value}
		switch key := value.Key.(type) {
		case *ast.StringNode:
			e.key = key.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
			e.key = token.Value // a claim may be called 42 or true
		default:
			d.faultAt(e.at, path, "a key must be plain text")
			continue
		}
		e.path = joinPath(path, e.key)
		if first, twice := seen[e.key]; twice {
			d.faultAt(e.at, e.path, "written twice; the first is in line %d", first.line)
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

// startOf is where a value begins.
func startOf(node ast.Node) position {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return startOf(n.Values[0])
		}
	case *ast.MappingValueNode: // its own token is the colon
		return startOf(n.Key)
	}
	if t := node.GetToken(); t != nil {
		return position{t.Position.Line, t.Position.Column}
	}
	return position{}
}
