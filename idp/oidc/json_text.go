package oidc

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. One without escapes is a part of the input, so that it costs nothing.
func (d *decoder) text() (string, error) {
	d.i++
	start, ascii := d.i, true
	for d.i < len(d.s) {
		switch c := d.s[d.i]; {
		case c == '"':
			out := d.s[start:d.i]
			if !ascii && !utf8.ValidString(out) {
				return "", d.fault("invalid UTF-8")
			}
			d.i++
			return out, nil
		case c == '\\':
			return d.escaped(start)
		case c < 0x20:
			return "", d.fault("a control character in a text")
		case c >= utf8.RuneSelf:
			ascii = false
		}
		d.i++
	}
	return "", d.fault("cut off")
}

// escaped goes on where text met its first backslash.
func (d *decoder) escaped(start int) (string, error) {
	out := append(make([]byte, 0, d.i-start+32), d.s[start:d.i]...)
	for d.i < len(d.s) {
		switch c := d.s[d.i]; {
		case c == '"':
			d.i++
			if !utf8.Valid(out) {
				return "", d.fault("invalid UTF-8")
			}
			return string(out), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		case c < 0x20:
			return "", d.fault("a control character in a text")
		default:
			out = append(out, c)
			d.i++
		}
	}
	return "", d.fault("cut off")
}

var shortEscapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (d *decoder) escape() (rune, error) {
	if d.i+1 >= len(d.s) {
		return 0, d.fault("cut off")
	}
	if r, ok := shortEscapes[d.s[d.i+1]]; ok {
		d.i += 2
		return r, nil
	}
	r, ok := d.hex4()
	if !ok {
		return 0, d.fault("not an escape")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	low, ok := d.hex4()
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, d.fault("a lone surrogate")
	}
	return r, nil
}

// hex4 reads \uXXXX.
func (d *decoder) hex4() (rune, bool) {
	if d.i+6 > len(d.s) || d.s[d.i] != '\\' || d.s[d.i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.s[d.i+2 : d.i+6]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	d.i += 6
	return r, true
}
