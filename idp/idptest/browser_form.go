package idptest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Form is a form as it would be sent if its first button were pressed now.
type Form struct {
	ID     string
	Method string // GET or POST
	Action *url.URL
	Fields url.Values
}

// Form is the form that the selector finds. "" means the only form; with several it is an error.
func (p *Page) Form(selector string) (*Form, error) {
	forms := p.FindAll("form")
	if selector != "" {
		match := compile(selector)
		forms = slices.DeleteFunc(forms, func(n *html.Node) bool { return !match(n) })
	}
	if len(forms) == 0 || (selector == "" && len(forms) > 1) {
		return nil, fmt.Errorf("browser: %s (%d) has %d forms that fit %q: %s", p.URL, p.Status, len(forms), selector, p.excerpt())
	}
	return p.fill(forms[0], p.defaultButton(forms[0]))
}

// Forms are all forms of the page.
func (p *Page) Forms() (forms []*Form) {
	for _, node := range p.FindAll("form") {
		if form, err := p.fill(node, p.defaultButton(node)); err == nil {
			forms = append(forms, form)
		}
	}
	return forms
}

// pressed is the form as a button would send it.
func (p *Page) pressed(selector string) (*Form, error) {
	button := p.Find(selector)
	if button == nil || !isSubmit(button) {
		return nil, fmt.Errorf("browser: %s (%d) has no button %q: %s", p.URL, p.Status, selector, p.excerpt())
	}
	form := p.owner(button)
	if form == nil {
		return nil, fmt.Errorf("browser: the button %q of %s has no form", selector, p.URL)
	}
	return p.fill(form, button)
}

// fill is HTML §4.10.22.3 and §4.10.22.4: what a form sends, and where, when this button is pressed.
func (p *Page) fill(form, button *html.Node) (*Form, error) {
	out := &Form{ID: attr(form, "id"), Fields: url.Values{}}
	action, method := attr(form, "action"), attr(form, "method")
	if button != nil {
		if hasAttr(button, "formaction") {
			action = attr(button, "formaction")
		}
		if hasAttr(button, "formmethod") {
			method = attr(button, "formmethod")
		}
	}
	out.Method = http.MethodGet
	if strings.EqualFold(method, "post") {
		out.Method = http.MethodPost
	}
	base := p.URL
	if node := p.Find("base[href]"); node != nil {
		if u, err := p.URL.Parse(attr(node, "href")); err == nil {
			base = u
		}
	}
	target, err := base.Parse(strings.TrimSpace(action))
	if err != nil {
		return nil, fmt.Errorf("browser: form of %s: %w", p.URL, err)
	}
	out.Action = target
	for node := range p.root().Descendants() {
		if node.Type == html.ElementNode && p.owner(node) == form && (node == button || !isSubmit(node)) {
			addField(out.Fields, node)
		}
	}
	return out, nil
}

// owner is the form that an element belongs to: by its form attribute, or the form around it.
func (p *Page) owner(node *html.Node) *html.Node {
	if id := attr(node, "form"); id != "" {
		if form := p.Find("#" + id); form != nil && form.DataAtom == atom.Form {
			return form
		}
		return nil
	}
	for parent := node.Parent; parent != nil; parent = parent.Parent {
		if parent.DataAtom == atom.Form {
			return parent
		}
	}
	return nil
}

func (p *Page) defaultButton(form *html.Node) *html.Node {
	for node := range p.root().Descendants() {
		if node.Type == html.ElementNode && isSubmit(node) && p.owner(node) == form {
			return node
		}
	}
	return nil
}

func isSubmit(node *html.Node) bool {
	kind := strings.ToLower(attr(node, "type"))
	return !hasAttr(node, "disabled") && ((node.DataAtom == atom.Button && (kind == "" || kind == "submit")) ||
		(node.DataAtom == atom.Input && (kind == "submit" || kind == "image")))
}

func addField(fields url.Values, node *html.Node) {
	name := attr(node, "name")
	if name == "" || hasAttr(node, "disabled") {
		return
	}
	switch node.DataAtom {
	case atom.Input:
		switch strings.ToLower(attr(node, "type")) {
		case "button", "reset", "file":
		case "checkbox", "radio":
			if hasAttr(node, "checked") {
				value := attr(node, "value")
				if !hasAttr(node, "value") {
					value = "on"
				}
				fields.Add(name, value)
			}
		default:
			fields.Add(name, attr(node, "value"))
		}
	case atom.Button:
		if isSubmit(node) {
			fields.Add(name, attr(node, "value"))
		}
	case atom.Textarea:
		fields.Add(name, rawText(node))
	case atom.Select:
		addSelected(fields, name, node)
	}
}

func addSelected(fields url.Values, name string, node *html.Node) {
	var first *html.Node
	chosen := false
	for option := range node.Descendants() {
		if option.DataAtom != atom.Option || hasAttr(option, "disabled") {
			continue
		}
		if first == nil {
			first = option
		}
		if hasAttr(option, "selected") {
			fields.Add(name, optionValue(option))
			chosen = true
		}
	}
	if !chosen && first != nil && !hasAttr(node, "multiple") {
		fields.Add(name, optionValue(first))
	}
}

func optionValue(option *html.Node) string {
	if hasAttr(option, "value") {
		return attr(option, "value")
	}
	return textOf(option)
}
