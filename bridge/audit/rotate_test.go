package audit_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/audit"
)

// TestReadRotated: a decision in one file, its outcome in the next. Each file can be read, and both together tell all.
func TestReadRotated(t *testing.T) {
	decision := `{"kind":"decide","id":"d","allowed":true,"role":"ro","tags":[{"key":"Team","value":"shop"}]}` + "\n"
	outcome := `{"kind":"outcome","id":"o","decision":"d","allowed":true,"role":"ro","access_key_id":"ASIA"}` + "\n"
	for name, c := range map[string]struct {
		text string
		want audit.Result
		key  string
	}{
		"old":  {decision, audit.Unknown, ""},
		"new":  {outcome, audit.Granted, "ASIA"},
		"both": {decision + outcome, audit.Granted, "ASIA"},
	} {
		entries, err := audit.Read(strings.NewReader(c.text))
		if err != nil || len(entries) != 1 {
			t.Fatalf("%s: %v, %v", name, entries, err)
		}
		key := ""
		if entries[0].Outcome != nil {
			key = entries[0].Outcome.AccessKeyID
		}
		if e := entries[0]; e.Result != c.want || e.Role != "ro" || key != c.key {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
