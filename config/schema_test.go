package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/fedbridge/fedbridge/config"
)

// TestSchemaTakes: an editor that knows the schema must not complain about what check accepts: the example that we ship,
// and what the demo writes.
func TestSchemaTakes(t *testing.T) {
	schema := readSchema(t)
	for name, text := range map[string]string{
		"example": readFile(t, "..", "fedbridge.example.yaml"),
		"base":    readFile(t, "testdata", "base.yaml"),
		"design":  readFile(t, "testdata", "design.yaml"),
		"least":   least,
		"demo":    demo(t),
	} {
		if _, problems := config.Parse(name, []byte(text)); len(problems) > 0 {
			t.Errorf("%v", problems)
		}
		for _, fault := range faults("", schema, tree(t, text)) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// demo fills the demo's template with addresses such as the demo makes.
func demo(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cmd", "fedbridge", "demo.yaml.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	quote := func(s string) string { return fmt.Sprintf("%q", s) }
	tmpl, err := template.New("demo").Funcs(template.FuncMap{"q": quote}).Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	const idp = "http://127.0.0.1:4000"
	err = tmpl.Execute(&out, map[string]string{
		"URL": "http://localhost:4001", "Listen": "127.0.0.1:4001", "OpsListen": "127.0.0.1:4002", "TLS": "",
		"Store": "sqlite:/tmp/demo/state.db", "Audit": "file:/tmp/demo/audit.jsonl", "STS": idp, "SignIn": idp, "IAM": idp, "Keys": "file:/tmp/demo/keys",
		"SAMLMetadata": idp + "/saml/metadata", "Issuer": idp, "ClientID": "fedbridge",
		"ClientSecret": "file:/tmp/demo/secret", "ExternalID": "4c1d9d55-2b1f-8f9a-7c10",
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// beyondShapes are the cases that break more than the shape of the file, which is all that the schema knows.
var beyondShapes = regexp.MustCompile(`^written |^zero |^a time for a text$`)

// TestSchemaRefuses: whatever misspelt key, missing key or wrong type check refuses, the schema refuses.
func TestSchemaRefuses(t *testing.T) {
	schema, base := readSchema(t), readFile(t, "testdata", "base.yaml")
	tried := 0
	for _, file := range []string{"keys.txt", "types.txt", "later.txt", "issuer_types.txt"} {
		for _, c := range readCases(t, filepath.Join("testdata", "broken", file)) {
			noYAML := strings.Contains(strings.Join(c.want, ""), "not YAML")
			if noYAML || beyondShapes.MatchString(c.name) {
				continue
			}
			tried++
			if found := faults("", schema, tree(t, c.text(t, base))); len(found) == 0 {
				t.Errorf("%s, %s: the schema takes it", file, c.name)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d cases", tried)
	}
}

// TestSchemaIsOne: it uses a few words of JSON Schema 2020-12, each as the standard has it, and each key has a
// description.
func TestSchemaIsOne(t *testing.T) {
	schema := readSchema(t)
	if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Error(schema["$schema"])
	}
	checkWords(t, "#", schema)
}

func checkWords(t *testing.T, path string, schema map[string]any) {
	for _, word := range slices.Sorted(maps.Keys(schema)) {
		value, ok := schema[word], true
		switch word {
		case "$schema", "title", "description":
			_, ok = value.(string)
		case "const":
		case "enum":
			_, ok = value.([]any)
		case "type":
			ok = slices.Contains([]any{"string", "boolean", "object", "array"}, value)
		case "pattern":
			_, err := regexp.Compile(value.(string))
			ok = err == nil
		case "minLength", "minItems", "minProperties":
			ok = value == 1.0
		case "required":
			properties := schema["properties"].(map[string]any)
			for _, key := range value.([]any) {
				_, known := properties[key.(string)]
				ok = ok && known
			}
		case "properties":
			for key, of := range value.(map[string]any) {
				checkWords(t, path+"/"+key, of.(map[string]any))
			}
		case "items":
			checkWords(t, path+"/items", value.(map[string]any))
		case "additionalProperties":
			if of, one := value.(map[string]any); one {
				checkWords(t, path+"/any", of)
			} else {
				ok = value == false
			}
		case "oneOf":
			for i, of := range value.([]any) {
				checkWords(t, fmt.Sprintf("%s/%d", path, i), of.(map[string]any))
			}
		default:
			ok = false
		}
		if !ok {
			t.Errorf("%s: %s: %v", path, word, value)
		}
	}
}

func readSchema(t *testing.T) map[string]any {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// faults holds a value against a schema, as far as the schema's words go.
func faults(path string, schema map[string]any, value any) []string {
	if among, ok := schema["oneOf"].([]any); ok {
		return formFaults(path, among, value)
	}
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, value) {
		return []string{path + ": not among the words"}
	}
	if word, ok := schema["const"]; ok && word != value {
		return []string{path + ": another constant"}
	}
	switch v := value.(type) {
	case map[string]any:
		return objectFaults(path, schema, v)
	case []any:
		if schema["type"] != "array" || len(v) == 0 && schema["minItems"] == 1.0 {
			return []string{path + ": a list"}
		}
		var all []string
		for _, item := range v {
			all = append(all, faults(path+"[]", schema["items"].(map[string]any), item)...)
		}
		return all
	case string:
		return textFaults(path, schema, v)
	case bool:
		if schema["type"] != "boolean" {
			return []string{path + ": true or false"}
		}
		return nil
	}
	return []string{fmt.Sprintf("%s: %v", path, reflect.TypeOf(value))} // null, a number
}

func formFaults(path string, among []any, value any) []string {
	matches := 0
	var all []string
	for _, one := range among {
		found := faults(path, one.(map[string]any), value)
		if all = append(all, found...); len(found) == 0 {
			matches++
		}
	}
	if matches != 1 {
		return append(all, path+": not one form matches")
	}
	return nil
}

func textFaults(path string, schema map[string]any, value string) []string {
	switch pattern, _ := schema["pattern"].(string); {
	case schema["const"] != nil || schema["enum"] != nil:
	case schema["type"] != "string":
		return []string{path + ": a text"}
	case value == "" && schema["minLength"] == 1.0:
		return []string{path + ": empty"}
	case !regexp.MustCompile(pattern).MatchString(value):
		return []string{path + ": another form of text"}
	}
	return nil
}

func objectFaults(path string, schema, value map[string]any) []string {
	if schema["type"] != "object" || len(value) == 0 && schema["minProperties"] == 1.0 {
		return []string{path + ": an object"}
	}
	var all []string
	properties, _ := schema["properties"].(map[string]any)
	for key, item := range value {
		of, known := properties[key].(map[string]any)
		if more, ok := schema["additionalProperties"].(map[string]any); ok && !known {
			of, known = more, true
		}
		if !known {
			all = append(all, path+"."+key+": unknown")
			continue
		}
		all = append(all, faults(path+"."+key, of, item)...)
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := value[key.(string)]; !ok {
			all = append(all, path+"."+key.(string)+": missing")
		}
	}
	return all
}
