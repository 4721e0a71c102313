package templates_test

import (
	"bytes"
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

func TestVisible(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct{ in, want string }{
		{"Alice", "Alice"}, {"Zoë 李 مرحبا", "Zoë 李 مرحبا"}, {"👩\u200d🚀 می\u200cخواهم", "👩\u200d🚀 می\u200cخواهم"}, // joiners stay
		{"a\x00b", "a␀b"}, {"a\tb\r\nc", "a␉b␍␊c"}, {"\x1b[2J", "␛[2J"}, {"\x7f", "␡"}, {"\u0085", "[U+0085]"},
		{"\u202enimda", "[U+202E]nimda"}, {"\u2066a\u2069", "[U+2066]a[U+2069]"}, {"a\u2028b", "a[U+2028]b"}, {"\ufeffx", "[U+FEFF]x"},
		{"a\U000e0041", "a[U+E0041]"}, {"\xff\xfea", "\ufffd\ufffda"},
	} {
		page := render(t, set, templates.SignedOut{Provider: tt.in})
		m := regexp.MustCompile(`signed in at <bdi>([^<]*)</bdi>`).FindSubmatch(page)
		if m == nil {
			t.Fatalf("%q: not on the page", tt.in)
		}
		if got := html.UnescapeString(string(m[1])); got != tt.want {
			t.Errorf("%q is shown as %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestProse(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct{ in, want string }{
		{"Run `fedbridge check`, then `serve`.", "Run <code>fedbridge check</code>, then <code>serve</code>."},
		{"one ` alone", "one ` alone"},
		{"`<b>` & <b>", "<code>&lt;b&gt;</code> &amp; &lt;b&gt;"},
		{"", ""},
	} {
		page := render(t, set, templates.Error{Message: tt.in})
		if got := regexp.MustCompile(`<h1>(.*)</h1>`).FindSubmatch(page); got == nil || string(got[1]) != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		longest, chosen time.Duration
		want            string // the selected one in brackets
	}{
		{12 * time.Hour, 0, "15m 30m [1h] 2h 4h 8h 12h"},
		{time.Hour, 0, "15m 30m [1h]"},
		{15 * time.Minute, 0, "[15m]"},
		{45 * time.Minute, 0, "15m 30m [45m]"},
		{8 * time.Hour, 8 * time.Hour, "15m 30m 1h 2h 4h [8h]"},
		{8 * time.Hour, 90 * time.Minute, "15m 30m 1h [1h30m] 2h 4h 8h"},
		{2 * time.Hour, 12 * time.Hour, "15m 30m [1h] 2h"}, // more than can be had: the default
		{3*time.Hour + 25*time.Minute + 7*time.Second, 0, "15m 30m [1h] 2h 3h25m7s"},
	} {
		var got []string
		for _, c := range templates.Durations(tt.longest, tt.chosen) {
			value := c.Value
			if d, err := time.ParseDuration(value); err != nil || d != c.Length {
				t.Errorf("%s: value %q is not its length %s", tt.longest, value, c.Length)
			}
			if c.Selected {
				value = "[" + value + "]"
			}
			got = append(got, value)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("longest %s, chosen %s: -want +got:\n%s", tt.longest, tt.chosen, diff)
		}
	}
}

// TestMask: whatever a format makes of a secret, the script can cover it.
func TestMask(t *testing.T) {
	set := newSet(t)
	shown := func(text string, secrets ...string) string {
		page := templates.Credentials{Formats: []templates.Format{{Text: bridge.NewSecret(text)}}}
		for _, s := range secrets {
			page.Secrets = append(page.Secrets, bridge.NewSecret(s))
		}
		m := regexp.MustCompile(`(?s)<pre[^>]*>(.*)</pre>`).FindSubmatch(render(t, set, page))
		return strings.NewReplacer(`<span class="secret">`, "[", `</span>`, "]").Replace(string(m[1]))
	}
	for _, tt := range []struct {
		text    string
		secrets []string
		want    string
	}{
		{"K=abc T=def", []string{"abc", "def"}, "K=[abc] T=[def]"},
		{"K=abc K=abc", []string{"abc"}, "K=[abc] K=[abc]"},
		{"K=abc", []string{"abc", "not there"}, "[K=abc]"},
		{"K=abc", []string{""}, "[K=abc]"},
		{"K=a&b", []string{"a&b"}, "K=[a&amp;b]"},
		{"span secret", []string{"span", "secret"}, "[span] [secret]"}, // what marks is not marked again
		{"nothing to hide", nil, "nothing to hide"},
	} {
		if got := shown(tt.text, tt.secrets...); got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.text, tt.secrets, got, tt.want)
		}
	}
}

// brokenWriter fails; a page must reach it in one write.
type brokenWriter struct{ writes int }

func (w *brokenWriter) Write([]byte) (int, error) { w.writes++; return 0, errors.New("gone") }

func TestRender(t *testing.T) {
	set := newSet(t)
	usual := templates.SignedOut{Provider: "Example Corp"}
	if diff := cmp.Diff(string(render(t, set, usual)), string(render(t, set, &usual))); diff != "" {
		t.Errorf("a pointer prints otherwise:\n%s", diff)
	}
	for _, page := range []any{nil, "text", 1, struct{}{}, templates.Layout{}, (*templates.SignedOut)(nil), bridge.Account{}} {
		var buf bytes.Buffer
		if err := set.Render(&buf, page); err == nil || buf.Len() > 0 {
			t.Errorf("%T: error %v, %d bytes", page, err, buf.Len())
		}
	}
	w := &brokenWriter{}
	if err := set.Render(w, usual); err == nil || w.writes != 1 {
		t.Errorf("error %v after %d writes", err, w.writes)
	}
}

// TestSecretsStayInTheirPlace: the values of credentials are in the texts of the formats and nowhere else.
func TestSecretsStayInTheirPlace(t *testing.T) {
	page := templates.Credentials{Layout: fixtures{goldenTime}.layout("/x"), Expires: goldenTime, Secrets: []bridge.Secret{bridge.NewSecret("CANARY")},
		Formats: []templates.Format{{Label: "one", Text: bridge.NewSecret("key=CANARY")}, {Label: "two", Text: bridge.NewSecret("CANARY=key")}}}
	got := string(render(t, newSet(t), page))
	if n := strings.Count(got, "CANARY"); n != 2 {
		t.Errorf("the secret is there %d times, want 2", n)
	}
}
