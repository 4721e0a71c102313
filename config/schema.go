package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// Schema writes the JSON Schema (draft 2020-12) of the configuration, for editors. It is made from the same structs that
// Parse decodes into; what Check demands beyond shapes is not in it.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[File]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "fedbridge configuration"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps, strings and booleans always marshal
	}
	return append(out, '\n')
}

// schemer is what types with a spelling of their own satisfy, to describe it.
type schemer interface{ JSONSchema() map[string]any }

func schemaOf(t reflect.Type) map[string]any {
	if s, ok := reflect.New(t).Interface().(schemer); ok {
		return s.JSONSchema()
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": lengthPattern}
	case reflect.TypeFor[bridge.SecretRef]():
		return map[string]any{"type": "string", "pattern": `^(env|file):.+`}
	case reflect.TypeFor[Provider]():
		return providerSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem()), "minItems": 1}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem()), "minProperties": 1}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	if _, custom := reflect.New(t).Interface().(unmarshaler); custom {
		return map[string]any{} // a spelling of its own that isn't described: anything
	}
	return map[string]any{"type": "string", "minLength": 1}
}

func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range keysOf(t) {
		property := schemaOf(f.Type)
		if f.Words != nil {
			property = map[string]any{"enum": f.Words}
		}
		property["description"] = f.Doc
		properties[f.Name] = property
		if f.Required {
			required = append(required, f.Name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func providerSchema() map[string]any {
	var oneOf []any
	for _, kind := range kindNames() {
		schema := structSchema(reflect.TypeOf(kinds[idp.Kind(kind)]().Opener).Elem())
		schema["properties"].(map[string]any)["kind"] = map[string]any{"const": kind}
		oneOf = append(oneOf, schema)
	}
	return map[string]any{"oneOf": oneOf}
}

// key is one key of a struct, as its tags describe it.
type key struct {
	Name, Doc, Example string
	Words              []string // all that may be written, where that is few; nil for any text
	Required           bool
	Type               reflect.Type
}

// keysOf lists the keys of a struct in the order of its fields, those of inlined structs included.
func keysOf(t reflect.Type) []key {
	var keys []key
	for f := range fieldsOf(t) {
		tag, tagged := f.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || name == "-":
		case options == "inline":
			keys = append(keys, keysOf(f.Type)...)
		default:
			k := key{Name: name, Doc: f.Tag.Get("doc"), Example: f.Tag.Get("example"), Required: options != "omitempty", Type: f.Type}
			if words, ok := f.Tag.Lookup("words"); ok {
				k.Words = strings.Split(words, ",")
			}
			keys = append(keys, k)
		}
	}
	return keys
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
