package delivery

import "strings"

// maxName bounds each part of a name, so that the whole fits any file system.
const maxName = 64

// Filename is the name to download a format under: aws-ACCOUNT-ROLE.EXT of letters, digits, dots, dashes and
// underscores only, so that it is safe in a header, on any file system and in a shell. The aws- in front also keeps
// names such as CON or NUL from being devices on Windows. Threat W16.
func Filename(id ID, account, role string) string {
	ext := ".txt"
	if f, ok := Lookup(id); ok {
		ext = f.Ext
	}
	return "aws-" + name(account, role) + ext
}

// name joins account and role into one safe word.
func name(account, role string) string {
	switch a, r := safe(account), safe(role); {
	case a == "" && r == "":
		return "session"
	case a == "":
		return r
	case r == "":
		return a
	default:
		return a + "-" + r
	}
}

// safe keeps letters, digits, dot, dash and underscore of ASCII; a run of anything else becomes one dash. Nothing begins
// or ends with a dot or a dash: no hidden file, no "..", no option of a command.
func safe(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range s {
		switch {
		case r < 0x80 && plain(byte(r)):
			b.WriteRune(r)
			dash = r == '-'
		case !dash:
			b.WriteByte('-')
			dash = true
		}
	}
	out := b.String()
	for strings.Contains(out, "..") {
		out = strings.ReplaceAll(out, "..", ".")
	}
	if len(out) > maxName {
		out = out[:maxName]
	}
	return strings.Trim(out, ".-")
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}
