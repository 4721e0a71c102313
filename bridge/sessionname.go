package bridge

import (
	"encoding/base32"
	"strings"
)

// sessionSuffix is how many base32 characters (5 bits each) tell people apart whose readable parts are alike.
const sessionSuffix = 10

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// SessionName derives the RoleSessionName of a person: a readable part (e-mail, name or subject, every other character
// of which STS's alphabet lacks becoming "-"), then "-" and ten characters of a hash over provider, issuer, format and
// subject. It has 2 to 64 of [A-Za-z0-9_+=,.@-], and two people never share one. It is visible to the owner of the
// account (STS API, AssumeRole, RoleSessionName).
//
// exact drops the hash where the readable part needed no change; the configuration allows it only where a single
// provider can sign people in.
func SessionName(id Identity, exact bool) string {
	source := id.Email
	if source == "" {
		source = id.Name
	}
	if source == "" {
		source = id.Subject
	}
	readable, changed := sessionAlphabet(source)
	if exact && !changed && len(readable) >= 2 && len(readable) <= 64 {
		return readable
	}
	if keep := 64 - 1 - sessionSuffix; len(readable) > keep {
		readable = readable[:keep]
	}
	if readable == "" {
		readable = "u"
	}
	hash := id.personHash()
	return readable + "-" + lowerBase32.EncodeToString(hash[:])[:sessionSuffix]
}

func sessionAlphabet(s string) (out string, changed bool) {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && ValidSessionByte(byte(r)) {
			b.WriteByte(byte(r))
		} else {
			b.WriteByte('-')
			changed = true
		}
	}
	return b.String(), changed
}

// ValidSessionByte tells whether STS's alphabet for session names and source identities has this byte: [\w+=,.@-].
func ValidSessionByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("_+=,.@-", c) >= 0
}

// ValidSessionName tells whether STS takes s as RoleSessionName or SourceIdentity: 2 to 64 of its alphabet.
func ValidSessionName(s string) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if !ValidSessionByte(s[i]) {
			return false
		}
	}
	return true
}
