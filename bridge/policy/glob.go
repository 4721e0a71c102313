package policy

import "strings"

// isGlob tells whether s holds a wildcard. Everything else is compared byte for byte.
func isGlob(s string) bool { return strings.ContainsAny(s, "*?") }

// onlyWildcards tells whether a pattern holds nothing but wildcards, so that it says nothing about what it matches.
func onlyWildcards(s string) bool { return strings.Trim(s, "*?") == "" }

// globMatch tells whether the whole of name fits the pattern: * is any run of characters, ? is one. It is always
// anchored (threat A2). It remembers the last star only, so that its time is bounded by len(pattern)*len(name).
func globMatch(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
