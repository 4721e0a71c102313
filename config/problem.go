package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// position is a place in the file; lines and columns count from 1. The zero position is the file as a whole.
type position struct{ line, column int }

// Problem is a fault with its place in the file.
type Problem struct {
	bridge.Problem
	File string
	at   position
}

// String writes file:line:column: path: message, as editors and CI systems read it.
func (p Problem) String() string {
	text := p.Message
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.at.line == 0 {
		return fmt.Sprintf("%s: %s", p.File, text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.at.line, p.at.column, text)
}

// locate gives problems their places: that of the path, or of the nearest part of it that was written. They come sorted
// by place.
func locate(s source, d *decoder, problems []Problem) []Problem {
	for i := range problems {
		p := &problems[i]
		p.File = s.name
		text, written := d.texts[p.Path]
		switch {
		case p.at.line > 0:
		case written && p.Line > 0:
			p.at = s.within(text, position{p.Line, p.Column})
		default:
			p.at = d.positionOf(p.Path)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(a.at.line-b.at.line, a.at.column-b.at.column)
	})
	return problems
}

func (d *decoder) positionOf(path string) position {
	for ok := true; ok; path, ok = parentOf(path) {
		if at, written := d.positions[path]; written {
			return at
		}
	}
	return position{}
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
