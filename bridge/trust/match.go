package trust

import "unicode/utf8"

// Match tells whether s is what an IAM pattern means: * stands for any run of characters, also "/" and none at all, and
// ? for exactly one. Everything else is itself, byte for byte.
func Match(pattern, s string) bool {
	star, resume := -1, 0 // where to go on after the last *, when the rest doesn't fit
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, size := utf8.DecodeRuneInString(s[i:])
			p, i = p+1, i+size
		case p < len(pattern) && pattern[p] == s[i]:
			p, i = p+1, i+1
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
