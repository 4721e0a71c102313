package templates

import (
	"html/template"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// appendRows writes the roles of one account. html/template would take most of a page's time here (thousands of rows, ten
// values each), so the rows are appended; TestRowsLikeTemplate holds them against html/template byte for byte.
func appendRows(b []byte, a PickerAccount) []byte {
	b = slices.Grow(b, 512*len(a.Roles))
	for i := range a.Roles {
		b = appendRole(b, a.Account, &a.Roles[i])
	}
	return b
}

func appendRole(b []byte, account bridge.Account, r *PickerRole) []byte {
	path, label := escape(r.Path), escape(visible(r.Label))
	b = append(b, `<li class="role"><div><a href="`...)
	b = append(b, path...)
	b = append(b, `"><bdi>`...)
	b = append(b, label...)
	b = append(b, `</bdi></a>`...)
	if r.Description != "" {
		b = append(b, `<p><bdi>`...)
		b = append(b, escape(visible(r.Description))...)
		b = append(b, `</bdi></p>`...)
	}
	b = append(b, `</div>`...)
	if r.Obstacle != nil {
		b = appendObstacle(b, r.Obstacle)
		return append(b, "</li>\n"...)
	}
	if r.Longest > 0 {
		b = append(b, `<small>up to `...)
		b = append(b, shortLength(r.Longest)...)
		b = append(b, `</small>`...)
	}
	where := label + " in " + escape(visible(accountName(account)))
	b = appendButton(b, "Console", "go", path+"/console", where)
	b = appendButton(b, "Credentials", "", path+"/credentials", where)
	return append(b, "</li>\n"...)
}

// appendButton writes a button of the page's one form. Its full name (WCAG 2.5.3: beginning with what it shows) tells
// people who hear the page which of a thousand equal buttons this is.
func appendButton(b []byte, text, class, action, where string) []byte {
	b = append(b, `<button`...)
	if class != "" {
		b = append(b, ` class="`...)
		b = append(b, class...)
		b = append(b, '"')
	}
	b = append(b, ` formaction="`...)
	b = append(b, action...)
	b = append(b, `" aria-label="`...)
	b = append(b, text...)
	b = append(b, `: `...)
	b = append(b, where...)
	b = append(b, `">`...)
	b = append(b, text...)
	return append(b, `</button>`...)
}

func appendObstacle(b []byte, o *Obstacle) []byte {
	b = append(b, `<p class="obstacle"><bdi>`...)
	b = append(b, escape(visible(o.Message))...)
	b = append(b, `</bdi>`...)
	if o.Link != "" {
		text := o.LinkText
		if text == "" {
			text = "Sign in again"
		}
		b = append(b, ` <a href="`...)
		b = append(b, escape(o.Link)...)
		b = append(b, `">`...)
		b = append(b, escape(visible(text))...)
		b = append(b, `</a>`...)
	}
	return append(b, `</p>`...)
}

// escape is template.HTMLEscapeString, but only where something is to be escaped. That is enough for the paths, too: they
// are made by the handler out of configured names, never of what anybody sent.
func escape(s string) string {
	if !strings.ContainsAny(s, "'\"&<>\x00") {
		return s
	}
	return template.HTMLEscapeString(s)
}
