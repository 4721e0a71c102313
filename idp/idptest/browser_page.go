package idptest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Page is what came back.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
	Hops   []Hop // the requests that led here, the last one included

	tree *html.Node
}

// Link is an anchor of a page.
type Link struct{ Text, Href string }

// stays tells whether the browser stays where it was: a download, or nothing at all.
func (p *Page) stays() bool {
	return p.Status == http.StatusNoContent || strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment")
}

func (p *Page) root() *html.Node {
	if p.tree == nil {
		tree, err := html.ParseWithOptions(strings.NewReader(p.Body), html.ParseOptionEnableScripting(false))
		if err != nil { // only a reader's error, and a string has none
			tree = &html.Node{Type: html.DocumentNode}
		}
		p.tree = tree
	}
	return p.tree
}

// Find is the first element that the selector finds; nil if none. A selector is #id, .class, tag, [attribute],
// [attribute=value] or tag followed by one of them.
func (p *Page) Find(selector string) *html.Node {
	if all := p.FindAll(selector); len(all) > 0 {
		return all[0]
	}
	return nil
}

// FindAll are all elements that the selector finds, in document order.
func (p *Page) FindAll(selector string) (found []*html.Node) {
	match := compile(selector)
	for node := range p.root().Descendants() {
		if node.Type == html.ElementNode && match(node) {
			found = append(found, node)
		}
	}
	return found
}

func compile(selector string) func(*html.Node) bool {
	at := strings.IndexAny(selector, "#.[")
	if at < 0 {
		return func(n *html.Node) bool { return n.Data == selector }
	}
	tag, rest := selector[:at], selector[at+1:]
	is := func(n *html.Node) bool { return tag == "" || n.Data == tag }
	switch selector[at] {
	case '#':
		return func(n *html.Node) bool { return is(n) && attr(n, "id") == rest }
	case '.':
		return func(n *html.Node) bool { return is(n) && slices.Contains(strings.Fields(attr(n, "class")), rest) }
	}
	name, value, exact := strings.Cut(strings.TrimSuffix(rest, "]"), "=")
	value = strings.Trim(value, `"'`)
	return func(n *html.Node) bool {
		return is(n) && hasAttr(n, name) && (!exact || attr(n, name) == value)
	}
}

// Text is the text that a person sees on the page, blanks folded.
func (p *Page) Text() string { return textOf(p.root()) }

// TextOf is the text of the first element that the selector finds, "" if there is none.
func (p *Page) TextOf(selector string) string {
	if node := p.Find(selector); node != nil {
		return textOf(node)
	}
	return ""
}

// Title is the page's title.
func (p *Page) Title() string { return p.TextOf("title") }

// Links are the anchors with an address, in document order.
func (p *Page) Links() (links []Link) {
	for _, node := range p.FindAll("a[href]") {
		links = append(links, Link{textOf(node), attr(node, "href")})
	}
	return links
}

func (p *Page) excerpt() string {
	text := p.Text()
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return text
}

func attr(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Namespace == "" && a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(node *html.Node, name string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Namespace == "" && a.Key == name })
}

func rawText(node *html.Node) string {
	var out strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
	}
	return out.String()
}

func textOf(node *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
			return
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Template:
			return
		}
		for child := range n.ChildNodes() {
			walk(child)
		}
		if n.Type == html.ElementNode && !inline[n.DataAtom] {
			out.WriteByte(' ')
		}
	}
	walk(node)
	return strings.Join(strings.Fields(out.String()), " ")
}

// inline elements don't part words.
var inline = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.Strong: true, atom.Em: true, atom.I: true, atom.Span: true, atom.Code: true,
	atom.Abbr: true, atom.Small: true, atom.Wbr: true, atom.Bdi: true, atom.Mark: true,
}

// referrerPolicy is the page's: by meta element, or by header.
func (p *Page) referrerPolicy() string {
	if node := p.Find("meta[name=referrer]"); node != nil {
		if policy := lastPolicy([]string{attr(node, "content")}); policy != "" {
			return policy
		}
	}
	return lastPolicy(p.Header.Values("Referrer-Policy"))
}
