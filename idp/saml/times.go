package saml

import (
	"fmt"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	// skew is how far the provider's clock may be off (threat P9).
	skew = 3 * time.Minute
	// maxAge is how old an answer to nobody's question may be; an answer to a login is no older than the login.
	maxAge = 5 * time.Minute
	// defaultMaxValidity is the longest validity that a large provider writes (Entra), and the most that is taken.
	defaultMaxValidity = 70 * time.Minute
)

// clockError is an answer that isn't valid now. The times are for people: they show which clock is off.
func clockError(now time.Time, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...) + "; here it is " + clockText(now)
	return bridge.FailWith(bridge.CodeClock, detail, nil)
}

func clockText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// parseTime reads xs:dateTime as SAML writes it: in UTC, with Z (SAML Core §1.3.3). An offset is understood too; a time
// without either isn't.
func parseTime(value string) (time.Time, error) {
	if len(value) > 40 {
		return time.Time{}, fmt.Errorf("not a time")
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("not a time: %q", value)
	}
	return t, nil
}

// timeAttribute reads a time; ok tells whether it is there.
func timeAttribute(el *etree.Element, name string) (t time.Time, ok bool, err error) {
	value, ok := attribute(el, name)
	if !ok {
		return time.Time{}, false, nil
	}
	t, err = parseTime(value)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("%s/@%s: %w", el.Tag, name, err)
	}
	return t, true, nil
}

// requiredTime is timeAttribute for what must be there.
func requiredTime(el *etree.Element, name string) (time.Time, error) {
	t, ok, err := timeAttribute(el, name)
	if err == nil && !ok {
		err = fmt.Errorf("no %s/@%s", el.Tag, name)
	}
	return t, err
}

// window is a span of validity.
type window struct {
	what       string
	start, end time.Time
}

// check holds a window to the clock and to the longest validity taken. An end before its start never holds.
func (w window) check(now time.Time, longest time.Duration) error {
	switch {
	case now.Add(skew).Before(w.start):
		return clockError(now, "%s begins to be valid at %s", w.what, clockText(w.start))
	case !now.Add(-skew).Before(w.end):
		return clockError(now, "%s was valid until %s", w.what, clockText(w.end))
	case !w.start.Before(w.end):
		return clockError(now, "%s ends before it begins", w.what)
	case w.end.Sub(w.start) > longest:
		return clockError(now, "%s is valid for %s, which is more than the %s that are accepted", w.what,
			w.end.Sub(w.start).Round(time.Second), longest)
	}
	return nil
}

// checkIssued refuses what was issued before the earliest moment that makes sense, or in the future.
func checkIssued(what string, issued, earliest, now time.Time) error {
	if issued.Before(earliest.Add(-skew)) || issued.After(now.Add(skew)) {
		return clockError(now, "%s was issued at %s", what, clockText(issued))
	}
	return nil
}
