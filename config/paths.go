package config

import (
	"fmt"
	"strings"
)

// pathSet holds paths, and knows what lies above them.
type pathSet struct{ paths, above map[string]bool }

func (s *pathSet) add(path string) {
	if s.paths == nil {
		s.paths, s.above = map[string]bool{}, map[string]bool{}
	}
	if s.paths[path] {
		return
	}
	s.paths[path] = true
	for up, ok := parentOf(path); ok && !s.above[up]; up, ok = parentOf(up) {
		s.above[up] = true
	}
}

// covers tells whether the path, or what it is part of, is in the set.
func (s *pathSet) covers(path string) bool {
	for ok := true; ok; path, ok = parentOf(path) {
		if s.paths[path] {
			return true
		}
	}
	return false
}

// reaches tells whether the path, or a part of it, is in the set.
func (s *pathSet) reaches(path string) bool { return s.paths[path] || s.above[path] }

// parentOf cuts the last part of a path off: a key, or an index.
func parentOf(path string) (string, bool) {
	cut := max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['))
	if cut < 0 {
		return "", path != ""
	}
	return path[:cut], true
}

func joinPath(path, key string) string {
	if strings.ContainsAny(key, ".[]") || key == "" { // a claim's name may hold anything
		return path + "[" + key + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// index writes path[i].
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// lastOf is the key at the end of a path; "it" for an entry of a list.
func lastOf(path string) string {
	if path == "" || path[len(path)-1] == ']' {
		return "it"
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}
