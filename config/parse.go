package config

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxFile is the largest configuration that is read, in bytes.
const maxFile = 8 << 20

// Load reads the file at path and parses and checks it. The File is nil when there are problems: there is no half of a
// configuration.
func Load(path string) (*File, []Problem) {
	text, err := readFile(path)
	if err != nil {
		return nil, []Problem{{Problem: bridge.Problem{Message: "can't be read: " + err.Error()}, File: path}}
	}
	return Parse(path, text)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainPathError(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	return text, plainPathError(err)
}

// plainPathError leaves out the path, which stands before the message already.
func plainPathError(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// Parse reads a configuration and checks it; name is what problems call it.
func Parse(name string, text []byte) (*File, []Problem) {
	source, faults := readSource(name, text)
	if len(faults) > 0 {
		return nil, faults
	}
	root, faults := parseRoot(source)
	if len(faults) > 0 {
		return nil, faults
	}
	f := &File{}
	d := newDecoder()
	d.root(root, f)
	problems := d.problems
	if !d.faulty.covers("") {
		problems = d.withChecks(f.check(d))
	}
	if len(problems) > 0 {
		return nil, locate(source, d, problems)
	}
	return f, nil
}

// withChecks joins what decoding found and what the checks found. A part that could not be decoded would be reported as
// missing once more, so the word of a check counts only where decoding had nothing to say.
func (d *decoder) withChecks(checked []bridge.Problem) []Problem {
	problems := d.problems
	reported := map[bridge.Problem]bool{}
	for _, p := range checked {
		if !d.touched(p.Path) && !reported[p] && !d.lacking.covers(p.Path) {
			problems, reported[p] = append(problems, Problem{Problem: p}), true
		}
	}
	for _, m := range d.missing {
		if !d.touched(m.path) {
			problems = append(problems, Problem{Problem: bridge.Problemf(m.path, "missing. %s", m.hint())})
		}
	}
	return problems
}

// parseRoot reads the one document.
func parseRoot(s source) (ast.Node, []Problem) {
	// Duplicate keys are let through here, because the decoder reports all of them.
	file, err := parser.Parse(s.tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if syntax, ok := errors.AsType[yaml.Error](err); ok && syntax.GetToken() != nil {
			at := syntax.GetToken().Position
			return nil, s.fault(at.Line, at.Column, "%s", plainSyntax(syntax.GetMessage(), s.from(position{at.Line, at.Column})))
		}
		return nil, s.fault(0, 0, "not YAML: %v", err)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		if bodies = append(bodies, doc.Body); len(bodies) == 2 {
			at := startOf(doc.Body)
			if doc.Start != nil {
				at = position{doc.Start.Position.Line, doc.Start.Position.Column}
			}
			return nil, s.fault(at.line, at.column, "a second YAML document begins here: write one only")
		}
	}
	if len(bodies) == 0 {
		return nil, s.fault(0, 0, "the file is empty; `fedbridge.example.yaml` shows what belongs in it")
	}
	return bodies[0], nil
}
