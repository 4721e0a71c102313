package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestReferenceIsWhole: every key of every struct stands in the reference with what it means, and is of a type that the
// decoder knows.
func TestReferenceIsWhole(t *testing.T) {
	reference := config.Reference()
	count := 0
	walkKeys(t, reflect.TypeFor[config.File](), map[reflect.Type]bool{}, func(of reflect.Type, f reflect.StructField, name string) {
		count++
		doc := strings.ReplaceAll(f.Tag.Get("doc"), "|", `\|`)
		if doc == "" || !strings.HasSuffix(doc, ".") {
			t.Errorf("%s.%s: %q is no sentence", of, f.Name, doc)
		}
		for line := range strings.Lines(reference) {
			if strings.Contains(line, "`"+name+"`") && strings.Contains(line, "| "+doc+" |") {
				return
			}
		}
		t.Errorf("%s.%s: the reference lacks %s", of, f.Name, name)
	})
	if count < 100 {
		t.Errorf("only %d keys", count)
	}
	for _, title := range []string{"`server.tls`", "`providers[] (kind: oidc)`", "`providers[] (kind: saml)`", "`tests[].identity`"} {
		if !strings.Contains(reference, "#### "+title+"\n") {
			t.Errorf("the reference lacks the section %s", title)
		}
	}
}

func walkKeys(t *testing.T, of reflect.Type, seen map[reflect.Type]bool, visit func(reflect.Type, reflect.StructField, string)) {
	t.Helper()
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	if of == reflect.TypeFor[config.Provider]() {
		walkKeys(t, reflect.TypeFor[oidc.Config](), seen, visit)
		walkKeys(t, reflect.TypeFor[saml.Config](), seen, visit)
		return
	}
	_, spelt := reflect.New(of).Interface().(interface{ UnmarshalYAML(func(any) error) error })
	if of == reflect.TypeFor[time.Duration]() || of.Kind() == reflect.String || of.Kind() == reflect.Bool || spelt && of.Kind() == reflect.Int64 {
		return
	}
	if of.Kind() != reflect.Struct {
		t.Errorf("%s can't be decoded", of)
		return
	}
	if seen[of] {
		return
	}
	seen[of] = true
	for i := range of.NumField() {
		f := of.Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case options == "inline":
			walkKeys(t, f.Type, seen, visit)
		case !tagged && f.IsExported():
			t.Errorf("%s.%s has no key", of, f.Name)
		case tagged && name != "-":
			visit(of, f, name)
			walkKeys(t, f.Type, seen, visit)
		}
	}
}
