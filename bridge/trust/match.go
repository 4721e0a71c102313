package trust

import (
	"strings"
	"unicode/utf8"
)

// Match tells whether s is what an IAM pattern means: * stands for any run of characters, also "/" and none at all, and
// ? for exactly one. Everything else is itself, byte for byte.
func Match(pattern, s string) bool { return match(pattern, s, '*', '?') }

// In a compiled pattern the wildcards are bytes that no UTF-8 text has, so that * and ? can also mean themselves: as
// ${*} and ${?}, and in the value of a policy variable.
const (
	anyRun  = '\xfe'
	anyRune = '\xff'
)

// wildcards compiles a pattern as a policy has it.
var wildcards = strings.NewReplacer("*", string([]byte{anyRun}), "?", string([]byte{anyRune}))

// match compares with a pattern whose wildcards are run and one. It goes back to the last run alone, so it takes at most
// len(pattern) * len(s) steps.
func match(pattern, s string, run, one byte) bool {
	last, resume := -1, 0 // where to go on after the last run, when the rest doesn't fit
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == run:
			last, resume = p, i
			p++
		case p < len(pattern) && pattern[p] == one:
			_, size := utf8.DecodeRuneInString(s[i:])
			p, i = p+1, i+size
		case p < len(pattern) && pattern[p] == s[i]:
			p, i = p+1, i+1
		case last >= 0:
			_, size := utf8.DecodeRuneInString(s[resume:]) // half a character is none
			resume += size
			p, i = last+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == run {
		p++
	}
	return p == len(pattern)
}
