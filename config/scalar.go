package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/fedbridge/fedbridge/bridge"
)

func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		d.duration(node, v, path)
	case v.Kind() == reflect.String:
		d.text(node, v, path)
	case v.Kind() == reflect.Bool:
		n, ok := node.(*ast.BoolNode)
		if !ok {
			d.fault(path, "expects true or false, found %s", quoted(node))
			return
		}
		v.SetBool(n.Value)
	default:
		panic("config: no decoder for " + v.Type().String()) // a test walks all fields
	}
}

func (d *decoder) text(node ast.Node, v reflect.Value, path string) {
	d.texts[path] = startOf(node)
	switch n := node.(type) {
	case *ast.StringNode:
		v.SetString(n.Value)
	case *ast.LiteralNode:
		v.SetString(n.Value.Value)
	default:
		d.notText(node, v, path)
		return
	}
	// An empty text must not read like a key that was left out: it could widen a rule.
	if v.String() == "" {
		d.empty(path)
	}
}

func (d *decoder) notText(node ast.Node, v reflect.Value, path string) {
	if v.Type() == reflect.TypeFor[bridge.SecretRef]() { // what stands there may be the secret
		d.fault(path, "expects a reference to the secret: write env:NAME or file:PATH")
		return
	}
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		d.fault(path, "expects text: write it in quotes: %q", node.GetToken().Value)
	default:
		d.fault(path, "expects text, found %s", describe(node))
	}
}

// lengthPattern is how a length of time is written; time.ParseDuration knows more, which nobody should have to read here.
const lengthPattern = `^([0-9]+(\.[0-9]+)?(h|m|s))+$`

var lengthForm = regexp.MustCompile(lengthPattern)

func (d *decoder) duration(node ast.Node, v reflect.Value, path string) {
	const expected = "expects a length of time such as 15m, 1h or 12h"
	text, ok := node.(*ast.StringNode)
	if !ok {
		d.fault(path, "%s, found %s", expected, quoted(node))
		return
	}
	length, err := time.ParseDuration(text.Value)
	switch {
	case err != nil, !lengthForm.MatchString(text.Value):
		d.fault(path, "%s, found %s", expected, quoted(node))
	case length <= 0:
		// Zero must not read like a key that was left out: that means a default, or no limit.
		d.fault(path, "%s, found %s; leave the key out for the default", expected, quoted(node))
	default:
		v.SetInt(int64(length))
	}
}

// describe says what stands there, and nothing of it: it could be a secret in the wrong place.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	}
	return "text"
}

// quoted is what stands there, where it can't be a secret.
func quoted(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text := []rune(node.GetToken().Value)
		if len(text) > 40 {
			text = append(text[:40], '…')
		}
		return fmt.Sprintf("%q", string(text))
	}
	return describe(node)
}

// unmarshaler is what types with a spelling of their own satisfy, as goccy/go-yaml defines it.
type unmarshaler interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

var errUndecoded = errors.New("could not be decoded")

// custom lets a type take one of several forms. What it tries is decoded here, as strictly as all else; when no form
// fits, the faults of the form that comes closest are reported.
func (d *decoder) custom(node ast.Node, u unmarshaler, path string) {
	var tries []*decoder
	err := u.UnmarshalYAML(func(into any) error {
		try := newDecoder()
		try.positions, try.texts, try.demanded = d.positions, d.texts, d.demanded
		try.value(node, reflect.ValueOf(into).Elem(), path)
		tries = append(tries, try)
		if len(try.problems) > 0 || len(try.missing) > 0 {
			return errUndecoded
		}
		return nil
	})
	switch {
	case err == nil:
	case !errors.Is(err, errUndecoded) || len(tries) == 0:
		d.fault(path, "%s", err)
	default:
		closest := tries[len(tries)-1]
		if _, ok := node.(ast.ScalarNode); ok {
			closest = tries[0]
		}
		for _, p := range closest.problems {
			d.faultAt(p.at, p.Path, "%s", p.Message)
		}
		for _, m := range closest.missing {
			d.lack(m.path, m.key)
		}
	}
}
