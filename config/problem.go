package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// position is a place in the file; lines and columns count from 1.
type position struct{ line, column int }

// Problem is a fault with its place in the file.
type Problem struct {
	bridge.Problem
	File         string
	Line, Column int // 0 when the fault has no place
}

// String writes file:line:column: path: message, as editors and CI systems read it.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Problem)
}

// locate gives problems their places: that of the path, or of the nearest part of it that was written. They come sorted
// by place.
func (f *File) locate(problems []bridge.Problem) []Problem {
	located := make([]Problem, 0, len(problems))
	for _, p := range problems {
		at := f.positionOf(p.Path)
		located = append(located, Problem{Problem: p, File: f.name, Line: at.line, Column: at.column})
	}
	slices.SortStableFunc(located, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return located
}

func (f *File) positionOf(path string) position {
	for path != "" {
		if at, ok := f.positions[path]; ok {
			return at
		}
		cut := max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['))
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	return f.positions[path]
}

// within puts the path of a part before the paths of its problems.
func within(path string, problems []bridge.Problem) []bridge.Problem {
	for i, p := range problems {
		switch {
		case p.Path == "":
			problems[i].Path = path
		case p.Path[0] == '[':
			problems[i].Path = path + p.Path
		default:
			problems[i].Path = path + "." + p.Path
		}
	}
	return problems
}

// index writes path[i].
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
