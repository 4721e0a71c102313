package trust

import "strings"

// decimal is a number as written, compared digit by digit: a float would make neighbours of large numbers equal.
type decimal struct {
	negative        bool
	whole, fraction string // without leading and trailing zeros
}

// parseDecimal reads -12.50 and the like. Exponents and a plus sign are no documented form of a Numeric value.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	whole, fraction, dot := strings.Cut(s, ".")
	if !digits(whole) || dot && !digits(fraction) {
		return decimal{}, false
	}
	d.whole, d.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// compare gives -1, 0 or 1.
func (d decimal) compare(other decimal) int {
	switch {
	case d.negative && !other.negative:
		return -1
	case !d.negative && other.negative:
		return 1
	case d.negative:
		d, other = other, d
	}
	if len(d.whole) != len(other.whole) {
		if len(d.whole) < len(other.whole) {
			return -1
		}
		return 1
	}
	if c := strings.Compare(d.whole, other.whole); c != 0 {
		return c
	}
	return strings.Compare(d.fraction, other.fraction)
}
