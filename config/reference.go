package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// Reference writes the manual of the configuration as Markdown, one table a section, from the same structs that Parse
// decodes into. README holds it.
func Reference() string {
	var b strings.Builder
	table(&b, "Top level", reflect.TypeFor[File]())
	// What belongs to one kind of provider says so, since the kinds share names.
	var nested func(title, kind string, t reflect.Type)
	nested = func(title, kind string, t reflect.Type) {
		for _, k := range keysOf(t) {
			name, item := k.Name, k.Type
			if title != "" {
				name = title + "." + k.Name
			}
			for item.Kind() == reflect.Slice || item.Kind() == reflect.Pointer || item.Kind() == reflect.Map {
				if item.Kind() != reflect.Pointer {
					name += "[]"
				}
				item = item.Elem()
			}
			switch {
			case item == reflect.TypeFor[Provider]():
				for _, kind := range kindNames() {
					config := reflect.TypeOf(kinds[idp.Kind(kind)]().Opener).Elem()
					table(&b, ofKind(name, kind), config)
					nested(name, kind, config)
				}
			case item.Kind() == reflect.Struct && len(keysOf(item)) > 0:
				table(&b, ofKind(name, kind), item)
				nested(name, kind, item)
			}
		}
	}
	nested("", "", reflect.TypeFor[File]())
	return b.String()
}

func ofKind(name, kind string) string {
	if kind == "" {
		return name
	}
	return name + " (kind: " + kind + ")"
}

func table(b *strings.Builder, title string, t reflect.Type) {
	fmt.Fprintf(b, "#### %s\n\n| key | type | meaning | example |\n| --- | --- | --- | --- |\n", code(title))
	for _, k := range keysOf(t) {
		name := "`" + k.Name + "`"
		if k.Required {
			name = "**" + name + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, typeName(k.Type), cell(k.Doc), cell(code(k.Example)))
	}
	b.WriteString("\n")
}

func code(s string) string {
	if s == "" || s == "Top level" {
		return s
	}
	return "`" + s + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[Rotation](), reflect.TypeFor[Delay]():
		return "length of time"
	case reflect.TypeFor[bridge.SecretRef]():
		return "secret"
	case reflect.TypeFor[KeyList]():
		return "text, or list of texts"
	}
	if _, custom := reflect.New(t).Interface().(unmarshaler); custom {
		return "see text"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		if elem := typeName(t.Elem()); elem != "keys" {
			return "list of " + plural(elem)
		}
		return "list"
	case reflect.Map:
		return "keys and values"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "keys"
	}
	return "text"
}

func plural(s string) string {
	if s == "text" {
		return "texts"
	}
	return s
}
