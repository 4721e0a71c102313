package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/fedbridge/fedbridge/config"
)

// TestSchemaTakesTheExample: an editor that knows the schema must not complain about the example that we ship. The
// schema uses a few words of JSON Schema, so a few lines read it.
func TestSchemaTakesTheExample(t *testing.T) {
	var schema, example any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "fedbridge.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults("", schema.(map[string]any), example) {
		t.Error(fault)
	}
}

func faults(path string, schema map[string]any, value any) []string {
	if among, ok := schema["oneOf"].([]any); ok {
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
		if schema["type"] != "array" {
			return []string{path + ": a list"}
		}
		var all []string
		for _, item := range v {
			all = append(all, faults(path+"[]", schema["items"].(map[string]any), item)...)
		}
		return all
	case string:
		if schema["type"] != nil && schema["type"] != "string" {
			return []string{path + ": a text"}
		}
	}
	return nil
}

func objectFaults(path string, schema, value map[string]any) []string {
	if schema["type"] != "object" {
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
