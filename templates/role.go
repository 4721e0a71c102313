package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Role is one role in detail, and where a shared link (/go) ends. Its form posts FieldDuration, FieldRegion and
// FieldDestination to PATH/console or PATH/credentials.
type Role struct {
	Layout
	Account     bridge.Account
	Path        string // /roles/ACCOUNT/ROLE
	Label       string
	Description string
	ARN         string

	Longest   time.Duration // the longest session that can be had now
	CapReason string        // why it is no longer, in words: bridge.CapReason.Sentence
	Durations []Choice      // see Durations
	Region    string        // chosen, or the role's own
	Regions   []string      // to suggest
	// Destination is the console page asked for. Its check comes later (threat W8): this page only shows it.
	Destination string
	Rules       []string  // names of the rules that gave the role
	Obstacle    *Obstacle // nil: can be used now
	Session     *Session  // nil: not shown
	Meter       *Meter    // of the last time; nil: nothing to say
	// Shared tells that the person came by a link, so that the page says where it leads before anything happens (threat W10).
	Shared bool
}

// Choice is one length of a session.
type Choice struct {
	Value    string        // as FieldDuration: 8h
	Label    string        // 8 hours
	Length   time.Duration // the script adds until when
	Selected bool
}

var presets = []time.Duration{
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
}

// Durations are the lengths to offer, up to the longest and with it. The one chosen is selected; where it is zero or too
// long, bridge.DefaultSession or the longest is.
func Durations(longest, chosen time.Duration) []Choice {
	lengths := slices.DeleteFunc(slices.Clone(presets), func(d time.Duration) bool { return d >= longest })
	lengths = append(lengths, longest)
	if chosen == 0 || chosen > longest {
		chosen = min(bridge.DefaultSession, longest)
	}
	if !slices.Contains(lengths, chosen) {
		lengths = append(lengths, chosen)
		slices.Sort(lengths)
	}
	choices := make([]Choice, 0, len(lengths))
	for _, d := range lengths {
		choices = append(choices, Choice{Value: shortDuration(d), Label: length(d), Length: d, Selected: d == chosen})
	}
	return choices
}

// shortDuration is time.Duration.String without parts that are zero: 8h, 1h30m, 15m.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Credentials shows the credentials of one role, once. It must be answered with Cache-Control: no-store.
type Credentials struct {
	Layout
	Account        bridge.Account
	Path           string // /roles/ACCOUNT/ROLE
	Label          string // of the role
	AssumedRoleARN string // as STS answered
	SessionName    string
	Expires        time.Time
	CapReason      string // why they end then, in words; "" for as long as was asked for
	Meter          *Meter // nil: nothing to say
	Formats        []Format
	// Secrets are the values within the texts of the formats that the script masks until they are asked for.
	Secrets []bridge.Secret
}

// Format is the credentials in one form.
type Format struct {
	Label    string // bash, zsh
	Hint     string // one sentence: where to paste it; "" for none
	Text     bridge.Secret
	FileName string // of the download
	Download *Form  // nil: can't be downloaded
}
