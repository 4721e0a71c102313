package templates

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// funcs are what the html files may call.
func funcs(assets map[string]asset) template.FuncMap {
	return template.FuncMap{
		"asset":  func(name string) (string, error) { return assetURL(assets, name) },
		"text":   visible,
		"prose":  prose,
		"mask":   mask,
		"reveal": bridge.Secret.Reveal,
		"moment": moment,
		"length": length,
		"secs":   func(d time.Duration) int { return int(d / time.Second) },
		"tone":   tone,
		"solid":  isProduction,
		"name":   accountName,
		"rows":   writeRows,
		"plural": plural,
	}
}

func assetURL(assets map[string]asset, name string) (string, error) {
	a, ok := assets[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return a.url, nil
}

// prose prints a sentence of the catalogue, with what stands between backquotes as code.
func prose(s string) template.HTML {
	parts := strings.Split(visible(s), "`")
	if len(parts)%2 == 0 { // an odd backquote is just a character
		return template.HTML(template.HTMLEscapeString(visible(s)))
	}
	var b strings.Builder
	for i, part := range parts {
		if escaped := template.HTMLEscapeString(part); i%2 == 1 {
			b.WriteString("<code>" + escaped + "</code>")
		} else {
			b.WriteString(escaped)
		}
	}
	return template.HTML(b.String())
}

// mask prints a text with each of the secrets in it marked, so that the script can cover them. Where one is not found (a
// format that writes it otherwise), the whole text is marked: covering too much is safe.
func mask(text bridge.Secret, secrets []bridge.Secret) template.HTML {
	const open, shut = `<span class="secret">`, `</span>`
	escaped := template.HTMLEscapeString(text.Reveal())
	pairs := make([]string, 0, 2*len(secrets))
	for _, s := range secrets {
		secret := template.HTMLEscapeString(s.Reveal())
		if secret == "" || !strings.Contains(escaped, secret) {
			return template.HTML(open + escaped + shut)
		}
		pairs = append(pairs, secret, open+secret+shut)
	}
	return template.HTML(strings.NewReplacer(pairs...).Replace(escaped)) // one pass: what was marked is not read again
}

// moment prints a time so that it reads well without script (in UTC) and the script can make it local.
func moment(t time.Time) template.HTML {
	if t.IsZero() {
		return "unknown"
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2006-01-02 15:04") + ` UTC</time>`)
}

// length is a duration in words: 8 hours, 1 hour 30 minutes.
func length(d time.Duration) string {
	d = d.Truncate(time.Minute)
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case hours == 0:
		return plural(minutes, "minute")
	case minutes == 0:
		return plural(hours, "hour")
	}
	return plural(hours, "hour") + " " + plural(minutes, "minute")
}

// shortLength is a duration for narrow places: 8 h, 1 h 30 m, 45 min.
func shortLength(d time.Duration) string {
	d = d.Truncate(time.Minute)
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d m", hours, minutes)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// accountName is what people call an account.
func accountName(a bridge.Account) string {
	switch {
	case a.Label != "":
		return a.Label
	case a.Name != "":
		return a.Name
	}
	return a.ID
}
