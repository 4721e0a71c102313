package policy

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/fedbridge/fedbridge/bridge"
)

// identityTypeName is what CEL's messages call the type of identity.
const identityTypeName = "Identity"

var (
	identityType = types.NewObjectType(identityTypeName)
	claimsType   = types.NewMapType(types.StringType, types.NewListType(types.StringType))
)

// activation is what an expression sees: identity and claims of one person, for one request. It is reused.
type activation struct {
	identity celIdentity
	claims   celClaims
}

func (a *activation) set(id *bridge.Identity) {
	a.identity.id, a.identity.groups = id, nil
	a.claims.claims = id.Claims
}

// clear lets go of the person.
func (a *activation) clear() { *a = activation{} }

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "identity":
		return &a.identity, true
	case "claims":
		return &a.claims, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// celIdentity is identity in CEL: a typed object, so that a misspelt field is an error when the rules are loaded.
type celIdentity struct {
	id     *bridge.Identity
	groups ref.Val
}

func (i *celIdentity) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("identity is no %v", t)
}

func (i *celIdentity) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("identity is no %v", t.TypeName())
}

func (i *celIdentity) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(i) == other) }
func (i *celIdentity) Type() ref.Type              { return identityType }
func (i *celIdentity) Value() any                  { return i }

// identityProvider tells CEL the fields of identity.
type identityProvider struct{ *types.Registry }

var identityFields = map[string]*types.FieldType{
	"provider": textField(func(id *bridge.Identity) string { return id.Provider }),
	"issuer":   textField(func(id *bridge.Identity) string { return id.Issuer }),
	"subject":  textField(func(id *bridge.Identity) string { return id.Subject }),
	"format":   textField(func(id *bridge.Identity) string { return id.Format }),
	"email":    textField(func(id *bridge.Identity) string { return id.Email }),
	"name":     textField(func(id *bridge.Identity) string { return id.Name }),
	"acr":      textField(func(id *bridge.Identity) string { return id.ACR }),
	"groups": {
		Type:    types.NewListType(types.StringType),
		IsSet:   func(target any) bool { return len(target.(*celIdentity).id.Groups) > 0 },
		GetFrom: func(target any) (any, error) { return target.(*celIdentity).groupList(), nil },
	},
	"amr": {
		Type:    types.NewListType(types.StringType),
		IsSet:   func(target any) bool { return len(target.(*celIdentity).id.AMR) > 0 },
		GetFrom: func(target any) (any, error) { return newTextList(target.(*celIdentity).id.AMR), nil },
	},
	"auth_time": {
		Type:    types.TimestampType,
		IsSet:   func(target any) bool { return !target.(*celIdentity).id.AuthTime.IsZero() },
		GetFrom: authTime,
	},
}

func textField(get func(*bridge.Identity) string) *types.FieldType {
	return &types.FieldType{
		Type:    types.StringType,
		IsSet:   func(target any) bool { return get(target.(*celIdentity).id) != "" },
		GetFrom: func(target any) (any, error) { return types.String(get(target.(*celIdentity).id)), nil },
	}
}

// authTime fails where the provider didn't say: an unknown time is neither early nor late.
func authTime(target any) (any, error) {
	at := target.(*celIdentity).id.AuthTime
	if at.IsZero() {
		return nil, errors.New("identity.auth_time: the provider didn't say")
	}
	return types.Timestamp{Time: at}, nil
}

func (i *celIdentity) groupList() ref.Val {
	if i.groups == nil {
		i.groups = newTextList(i.id.Groups)
	}
	return i.groups
}

// FindStructType implements types.Provider.
func (p identityProvider) FindStructType(name string) (*types.Type, bool) {
	if name == identityTypeName {
		return types.NewTypeTypeWithParam(identityType), true
	}
	return nil, false
}

// FindStructFieldNames implements types.Provider.
func (p identityProvider) FindStructFieldNames(name string) ([]string, bool) {
	if name != identityTypeName {
		return nil, false
	}
	var names []string
	for field := range identityFields {
		names = append(names, field)
	}
	slices.Sort(names)
	return names, true
}

// FindStructFieldType implements types.Provider.
func (p identityProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if name != identityTypeName {
		return nil, false
	}
	f, ok := identityFields[field]
	return f, ok
}

// NewValue implements types.Provider: no expression makes an identity.
func (p identityProvider) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s can't be made", name)
}

// textList is a list(string) over a Go slice. Only what is asked often is done here.
type textList struct {
	traits.Lister
	values []string
}

func newTextList(values []string) ref.Val {
	return &textList{types.NewStringList(types.DefaultTypeAdapter, values), values}
}

// Contains compares bytes, and nothing else.
func (l *textList) Contains(value ref.Val) ref.Val {
	text, ok := value.(types.String)
	return types.Bool(ok && slices.Contains(l.values, string(text)))
}
