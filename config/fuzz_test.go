package config_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/fedbridge/fedbridge/config"
)

// FuzzConfig: any text is refused with places inside of it, or it is a configuration that says the same when it is
// written anew, and of which nothing was ignored.
func FuzzConfig(f *testing.F) {
	f.Add(readFile(f, "..", "fedbridge.example.yaml"))
	f.Add(readFile(f, "testdata", "base.yaml"))
	f.Add(least)
	files, err := filepath.Glob(filepath.Join("testdata", "broken", "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for _, c := range readCases(f, file) {
			for _, e := range c.edits {
				f.Add(least + strings.Join(e.new, "\n"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		file, problems := config.Parse("f.yaml", []byte(text))
		if (file == nil) != (len(problems) > 0) {
			t.Fatalf("file %v, problems %v", file != nil, problems)
		}
		for i, p := range problems {
			if p.Message == "" || !strings.HasPrefix(p.String(), "f.yaml:") || strings.ContainsAny(p.String(), "\n\x1b") {
				t.Fatalf("problem %d: %q", i, p)
			}
		}
		if file == nil {
			return
		}
		if again, problems := config.Parse("f.yaml", anew(t, text)); len(problems) > 0 || !reflect.DeepEqual(file, again) {
			t.Fatalf("written anew it is another: %v\n%s", problems, anew(t, text))
		}
		nothingIgnored(t, text)
	})
}

// anew writes a YAML text as JSON, which is YAML too.
func anew(t *testing.T, text string) []byte {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &value); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// nothingIgnored: every text in the file stands in the tree that was decoded.
func nothingIgnored(t *testing.T, text string) {
	t.Helper()
	text = strings.TrimPrefix(text, "\ufeff") + "\n"
	parsed, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := places{}
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			ast.Walk(seen, doc.Body)
		}
	}
	for _, tok := range lexer.Tokenize(text) {
		switch tok.Type {
		case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.IntegerType, token.FloatType, token.BoolType:
			if !seen[[2]int{tok.Position.Line, tok.Position.Column}] {
				t.Fatalf("%d:%d: %q is ignored", tok.Position.Line, tok.Position.Column, tok.Value)
			}
		}
	}
}

type places map[[2]int]bool

func (p places) Visit(node ast.Node) ast.Visitor {
	add := func(t *token.Token) {
		if t != nil {
			p[[2]int{t.Position.Line, t.Position.Column}] = true
		}
	}
	add(node.GetToken())
	if block, ok := node.(*ast.LiteralNode); ok {
		add(block.Value.GetToken())
	}
	return p
}
