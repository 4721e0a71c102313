package config

import (
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxFile is the largest configuration that is read, in bytes.
const maxFile = 16 << 20

// Load reads the file at path and parses and checks it. The File is nil when there are problems: there is no half of a
// configuration.
func Load(path string) (*File, []Problem) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, []Problem{{Problem: bridge.Problem{Message: err.Error()}, File: path}}
	}
	return Parse(path, text)
}

// Parse reads a configuration and checks it; name is what problems call it.
func Parse(name string, text []byte) (*File, []Problem) {
	f := &File{name: name, positions: map[string]position{}}
	root, problem := parseRoot(name, text)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	d := &decoder{positions: f.positions}
	d.root(root, f)
	problems := d.problems
	// A part that could not be decoded would be reported as missing once more, so the parts are checked only where
	// decoding found nothing to say about them.
	// Two checks may find the same fault, each in its own words: one is enough.
	reported := map[string]bool{}
	for _, p := range f.check() {
		if !d.touched(p.Path) && !reported[p.Path] {
			problems, reported[p.Path] = append(problems, p), true
		}
	}
	if len(problems) > 0 {
		return nil, f.locate(problems)
	}
	return f, nil
}

func parseRoot(name string, text []byte) (ast.Node, *Problem) {
	fault := func(line, column int, message string) *Problem {
		return &Problem{Problem: bridge.Problem{Message: message}, File: name, Line: line, Column: column}
	}
	if !utf8.Valid(text) {
		return nil, fault(0, 0, "the file is not UTF-8 text")
	}
	// Duplicate keys are let through here, because the decoder reports all of them.
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if syntax, ok := errors.AsType[yaml.Error](err); ok && syntax.GetToken() != nil {
			at := syntax.GetToken().Position
			return nil, fault(at.Line, at.Column, "not YAML: "+syntax.GetMessage())
		}
		return nil, fault(0, 0, "not YAML: "+err.Error())
	}
	var docs []*ast.DocumentNode
	for _, doc := range file.Docs {
		if doc.Body != nil {
			docs = append(docs, doc)
		}
	}
	switch {
	case len(docs) == 0:
		return nil, fault(0, 0, "the file is empty; `fedbridge.example.yaml` shows what belongs in it")
	case len(docs) > 1:
		at := docs[1].Body.GetToken().Position
		return nil, fault(at.Line, at.Column, "a second YAML document: write one only")
	}
	return docs[0].Body, nil
}
