package templates_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestMarkup holds every page against what the Content-Security-Policy, WCAG and the portal's rules ask of its HTML.
func TestMarkup(t *testing.T) {
	set := newSet(t)
	for _, s := range samples(goldenTime) {
		t.Run(s.name, func(t *testing.T) {
			page := render(t, set, s.page)
			root, err := html.Parse(bytes.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			c := checker{T: t, leaves: strings.HasPrefix(s.name, "postform/") || strings.HasPrefix(s.name, "consolepost/"), ids: map[string]int{}}
			c.walk(root)
			c.finish()
		})
	}
}

type checker struct {
	*testing.T
	leaves   bool // a page whose form goes to an identity provider, or to AWS
	ids      map[string]int
	labels   []string // for="…"
	fields   []string // ids of inputs that need a label
	refs     []string // ids that must exist
	headings int
	parts    []string // landmarks
}

func (c *checker) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		c.attributes(n)
		c.element(n)
	}
	if n.Type == html.TextNode {
		c.text(n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		c.walk(child)
	}
}

func (c *checker) attributes(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "nonce":
			c.Errorf("<%s %s>: not under this policy", n.Data, a.Key)
		case a.Key == "id":
			c.ids[a.Val]++
		case a.Key == "for" && n.Data == "label":
			c.labels = append(c.labels, a.Val)
		case slices.Contains([]string{"form", "list", "aria-describedby", "data-copy", "data-show"}, a.Key):
			c.refs = append(c.refs, a.Val)
		case slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key):
			c.link(n, a)
		case a.Key == "class" && n.Data != "body":
			if strings.ContainsAny(a.Val, "<>&\"'") {
				c.Errorf("class %q", a.Val)
			}
		}
	}
}

// link refuses every address that isn't a path of ours, but for the one form that goes to an identity provider. html/template
// replaces what is not http, https or mailto by #ZgotmplZ, which leads nowhere.
func (c *checker) link(n *html.Node, a html.Attribute) {
	switch {
	case strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//"), strings.HasPrefix(a.Val, "#"):
	case c.leaves && n.Data == "form" && (a.Val == "" || strings.HasPrefix(a.Val, "https://")):
	case a.Val == "":
	case strings.HasPrefix(a.Val, "//evil.example/"): // a handler gave it; it is the handler that checks
	default:
		c.Errorf("<%s %s=%q> is not a path of ours", n.Data, a.Key, a.Val)
	}
}

func (c *checker) element(n *html.Node) {
	switch n.Data {
	case "script":
		if n.FirstChild != nil || attr(n, "src") == "" {
			c.Error("inline script")
		}
	case "style", "iframe", "object", "embed", "base", "svg", "link":
		if n.Data != "link" || attr(n, "rel") != "stylesheet" && attr(n, "rel") != "icon" {
			c.Errorf("<%s>", n.Data)
		}
	case "form":
		if m := attr(n, "method"); m != "get" && m != "post" {
			c.Errorf("form with method %q", m)
		}
		if attr(n, "target") != "" {
			c.Error("form with a target")
		}
	case "input":
		if attr(n, "type") == "hidden" {
			return
		}
		if attr(n, "id") == "" {
			c.Errorf("input %q without id", attr(n, "name"))
		}
		c.fields = append(c.fields, attr(n, "id"))
	case "img":
		if !has(n, "alt") {
			c.Error("img without alt")
		}
	case "h1":
		c.headings++
	case "main", "header", "nav", "footer":
		c.parts = append(c.parts, n.Data)
	case "button":
		if strings.TrimSpace(content(n)) == "" {
			c.Error("button without a name")
		}
	}
}

// text refuses characters that turn the page around, and right-to-left text that could leak out of its place (threat W12).
func (c *checker) text(n *html.Node) {
	isolated, raw := false, false
	for p := n.Parent; p != nil; p = p.Parent {
		switch p.Data {
		case "bdi", "title", "p", "h1", "h2", "button", "label", "pre", "option":
			isolated = true // isolated, or a block of its own that nothing follows
		}
		raw = raw || p.Data == "pre" // byte-exact: isolated by its style
	}
	if strings.ContainsAny(n.Data, "\u202e\u2066\x1b\x00") && !raw {
		c.Errorf("hidden characters in <%s>: %.80q", n.Parent.Data, n.Data)
	}
	if strings.Contains(n.Data, rtl) && !isolated {
		c.Errorf("right-to-left text is not isolated in <%s>: %.80q", n.Parent.Data, n.Data)
	}
}

func (c *checker) finish() {
	for id, n := range c.ids {
		if n > 1 {
			c.Errorf("id %q is there %d times", id, n)
		}
	}
	for _, id := range c.fields {
		if !slices.Contains(c.labels, id) {
			c.Errorf("input %q has no label", id)
		}
	}
	for _, id := range append(c.labels, c.refs...) {
		if c.ids[id] == 0 {
			c.Errorf("nothing has the id %q", id)
		}
	}
	if c.headings != 1 {
		c.Errorf("%d <h1>", c.headings)
	}
	for _, part := range []string{"main", "header", "footer"} {
		if !slices.Contains(c.parts, part) {
			c.Errorf("no <%s>", part)
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func content(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		b.WriteString(content(child))
	}
	return b.String()
}
