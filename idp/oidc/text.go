package oidc

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// cleanText tells whether s is text that people can see as it is: valid UTF-8 without control characters, invisible
// format characters (among them the bidirectional overrides), private-use or unassigned characters (R5).
func cleanText(s string) bool {
	ascii := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return true
	}
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r >= utf8.RuneSelf && (!unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs)) {
			return false
		}
	}
	return true
}

// fold maps names that a case-folding reader (encoding/json among them) takes for one another to one text: ASCII case,
// and the Unicode characters that fold into ASCII, such as ſ (U+017F) and the Kelvin sign.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] >= 'A' && s[i] <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	out := make([]rune, 0, len(s))
	for _, r := range s {
		out = append(out, foldRune(r))
	}
	return string(out)
}

// foldRune is the least of the characters that fold together, in lower case where that is ASCII.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least >= 'A' && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}

// quote prints foreign text for the log: escaped and cut.
func quote(s string) string {
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return strconv.QuoteToASCII(s)
}
