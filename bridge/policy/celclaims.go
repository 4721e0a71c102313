package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/fedbridge/fedbridge/bridge"
)

// celClaims is claims in CEL: map(string, list(string)) in which a claim that is missing is an empty list. Nothing can
// tell a missing claim from one without values: neither is "in" the map, counted, or met on a walk through it.
type celClaims struct{ claims bridge.Claims }

var (
	noValues = newTextList(nil)

	_ traits.Mapper = (*celClaims)(nil)
)

// Find implements traits.Mapper. It finds every name.
func (c *celClaims) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	if values := c.claims[string(name)]; len(values) > 0 {
		return newTextList(values), true
	}
	return noValues, true
}

// Get implements traits.Indexer.
func (c *celClaims) Get(key ref.Val) ref.Val {
	found, _ := c.Find(key)
	return found
}

// Contains implements traits.Container.
func (c *celClaims) Contains(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	return types.Bool(ok && len(c.claims[string(name)]) > 0)
}

// names lists the claims that have values, sorted, so that no answer depends on the order of a Go map.
func (c *celClaims) names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.claims)), func(name string) bool { return len(c.claims[name]) == 0 })
}

// Iterator implements traits.Iterable.
func (c *celClaims) Iterator() traits.Iterator {
	return newTextList(c.names()).(traits.Iterable).Iterator()
}

// Size implements traits.Sizer.
func (c *celClaims) Size() ref.Val { return types.Int(len(c.names())) }

// plain is the same as an ordinary map, for what is asked rarely.
func (c *celClaims) plain() ref.Val {
	values := map[string][]string{}
	for _, name := range c.names() {
		values[name] = c.claims[name]
	}
	return types.DefaultTypeAdapter.NativeToValue(values)
}

// Equal implements ref.Val.
func (c *celClaims) Equal(other ref.Val) ref.Val {
	if o, ok := other.(*celClaims); ok {
		other = o.plain()
	}
	return c.plain().Equal(other)
}

// ConvertToNative implements ref.Val.
func (c *celClaims) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("claims are no %v", t)
}

// ConvertToType implements ref.Val.
func (c *celClaims) ConvertToType(t ref.Type) ref.Val { return c.plain().ConvertToType(t) }

// Type implements ref.Val.
func (c *celClaims) Type() ref.Type { return claimsType }

// Value implements ref.Val.
func (c *celClaims) Value() any { return map[string][]string(c.claims) }
