package templates

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes a text safe to look at (threats W12, C4): control characters become their pictures, and characters that
// turn the reading direction of what follows become their names, so that nobody can be shown "nimda" as "admin". It
// changes nothing else: right-to-left scripts, joiners and accents are left to the browser.
func visible(s string) string {
	if plain(s) || !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // invalid UTF-8 comes out as U+FFFD
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// plain tells whether a text is all printable ASCII: nearly every text is, and a page has thousands.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// hidden tells whether a character is not there to be read: Cc, the bidirectional overrides and isolates (Unicode TR #9
// §2), line and paragraph separators, tags, and the byte order mark.
func hidden(r rune) bool {
	switch {
	case r < 0x80:
		return r < 0x20 || r == 0x7f
	case unicode.IsControl(r), r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	}
	return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || 0xe0000 <= r && r <= 0xe007f
}
