package templates

import (
	"html/template"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// rowSize is about what a row takes.
const rowSize = 512

// writeRows writes the roles of one account. html/template would take most of a page's time here (thousands of rows, ten
// values each), so the rows are written by hand; TestRowsLikeTemplate holds them against html/template byte for byte.
func writeRows(a PickerAccount) template.HTML {
	var b strings.Builder
	b.Grow(rowSize * len(a.Roles))
	for i := range a.Roles {
		writeRole(&b, a.Account, &a.Roles[i])
	}
	return template.HTML(b.String())
}

func writeRole(b *strings.Builder, account bridge.Account, r *PickerRole) {
	path, label := escape(r.Path), escape(visible(r.Label))
	b.WriteString(`<li class="role"><div><a href="`)
	b.WriteString(path)
	b.WriteString(`"><bdi>`)
	b.WriteString(label)
	b.WriteString(`</bdi></a>`)
	if r.Description != "" {
		b.WriteString(`<p><bdi>`)
		b.WriteString(escape(visible(r.Description)))
		b.WriteString(`</bdi></p>`)
	}
	b.WriteString(`</div>`)
	if r.Obstacle != nil {
		writeObstacle(b, r.Obstacle)
		b.WriteString("</li>\n")
		return
	}
	if r.Longest > 0 {
		b.WriteString(`<small>up to `)
		b.WriteString(shortLength(r.Longest))
		b.WriteString(`</small>`)
	}
	where := label + " in " + escape(visible(accountName(account)))
	writeButton(b, "Console", "go", path+"/console", where)
	writeButton(b, "Credentials", "", path+"/credentials", where)
	b.WriteString("</li>\n")
}

// writeButton writes a button of the page's one form. Its full name (WCAG 2.5.3: beginning with what it shows) tells
// people who hear the page which of a thousand equal buttons this is.
func writeButton(b *strings.Builder, text, class, action, where string) {
	b.WriteString(`<button`)
	if class != "" {
		b.WriteString(` class="`)
		b.WriteString(class)
		b.WriteByte('"')
	}
	b.WriteString(` formaction="`)
	b.WriteString(action)
	b.WriteString(`" aria-label="`)
	b.WriteString(text)
	b.WriteString(`: `)
	b.WriteString(where)
	b.WriteString(`">`)
	b.WriteString(text)
	b.WriteString(`</button>`)
}

func writeObstacle(b *strings.Builder, o *Obstacle) {
	b.WriteString(`<p class="obstacle"><bdi>`)
	b.WriteString(escape(visible(o.Message)))
	b.WriteString(`</bdi>`)
	if o.Link != "" {
		text := o.LinkText
		if text == "" {
			text = "Sign in again"
		}
		b.WriteString(` <a href="`)
		b.WriteString(escape(o.Link))
		b.WriteString(`">`)
		b.WriteString(escape(visible(text)))
		b.WriteString(`</a>`)
	}
	b.WriteString(`</p>`)
}

// escape is template.HTMLEscapeString, but only where something is to be escaped. That is enough for the paths, too: they
// are made by the handler out of configured names, never of what anybody sent.
func escape(s string) string {
	if !strings.ContainsAny(s, "'\"&<>\x00") {
		return s
	}
	return template.HTMLEscapeString(s)
}
