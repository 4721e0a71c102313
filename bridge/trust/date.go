package trust

import (
	"strconv"
	"strings"
	"time"
)

// span is what a date means: an instant, or, of a date without a time of day, the instants that it may stand for. IAM
// does not say which of them it takes.
type span struct {
	first, last time.Time
}

// parseDate reads the forms that IAM documents: ISO 8601 as W3C's NOTE-datetime profiles it, and seconds since 1970.
func parseDate(s string) (span, bool) {
	if digits(s) {
		return parseEpoch(s)
	}
	if len(s) <= len("2006-01-02") {
		return parseDay(s)
	}
	// time.Parse alone is too kind: it takes a comma for a point, and one digit for two.
	if len(s) < len("2006-01-02T15:04Z") || s[10] != 'T' || s[13] != ':' || strings.Contains(s, ",") {
		return span{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return span{t, t}, true
		}
	}
	return span{}, false
}

// parseEpoch refuses four digits, which may be a year as well, and more digits than seconds need until the year 5138:
// milliseconds are no documented form.
func parseEpoch(s string) (span, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || len(s) == 4 || len(s) > 11 {
		return span{}, false
	}
	t := time.Unix(n, 0)
	return span{t, t}, true
}

func parseDay(s string) (span, bool) {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return span{t, t.AddDate(0, 0, 1).Add(-time.Nanosecond)}, true
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return span{t, t.AddDate(0, 1, 0).Add(-time.Nanosecond)}, true
	}
	return span{}, false
}

// compare tells whether this date lies before the other, at the same instant, or after it; each is yes only where that
// is so for every instant that the two may stand for.
func (d span) compare(other span) (before, same, after truth) {
	before = between(d.last.Before(other.first), d.first.Before(other.last))
	after = between(d.first.After(other.last), d.last.After(other.first))
	overlap := !d.last.Before(other.first) && !d.first.After(other.last)
	same = between(overlap && d.first.Equal(d.last) && other.first.Equal(other.last), overlap)
	return before, same, after
}

// between is yes if surely, no if not even perhaps.
func between(surely, perhaps bool) truth {
	switch {
	case surely:
		return yes
	case perhaps:
		return maybe
	}
	return no
}
