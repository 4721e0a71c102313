package saml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// Lookups in a tree. The library's own Select functions take an attribute of any prefix for the one that was asked for,
// and an element of any namespace; these don't.

// is tells whether the element is this one of this namespace.
func is(el *etree.Element, ns, local string) bool {
	return el != nil && el.Tag == local && el.NamespaceURI() == ns
}

// attribute returns the attribute of no namespace that has this name.
func attribute(el *etree.Element, name string) (value string, ok bool) {
	for i := range el.Attr {
		if el.Attr[i].Space == "" && el.Attr[i].Key == name {
			return el.Attr[i].Value, true
		}
	}
	return "", false
}

// isDeclaration tells whether an attribute declares a namespace.
func isDeclaration(a etree.Attr) bool {
	return a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns"
}

// children are the child elements of this name, in order.
func children(el *etree.Element, ns, local string) []*etree.Element {
	var found []*etree.Element
	for child := range el.ChildElementsSeq() {
		if is(child, ns, local) {
			found = append(found, child)
		}
	}
	return found
}

// optional returns the one child of this name, or nil where there is none. Two are an error: which of them is meant?
func optional(el *etree.Element, ns, local string) (*etree.Element, error) {
	found := children(el, ns, local)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d elements %s", len(found), local)
}

// required is optional for what must be there.
func required(el *etree.Element, ns, local string) (*etree.Element, error) {
	child, err := optional(el, ns, local)
	if err == nil && child == nil {
		return nil, fmt.Errorf("no element %s in %s", local, el.Tag)
	}
	return child, err
}

var errNotText = errors.New("holds elements")

// text is the whole text of an element that may hold nothing else (threats S4, S5).
func text(el *etree.Element) (string, error) {
	if len(el.Child) == 1 {
		if data, ok := el.Child[0].(*etree.CharData); ok {
			return data.Data, nil
		}
	}
	var out strings.Builder
	for _, token := range el.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", errNotText
		}
		out.WriteString(data.Data)
	}
	return out.String(), nil
}

// compactText is text without white space, for base64, which providers wrap as they like.
func compactText(el *etree.Element) (string, error) {
	value, err := text(el)
	if err != nil {
		return "", err
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, value), nil
}

// detach copies an element out of its document and declares on it whatever namespaces were in scope there, as
// canonicalisation of a subtree presumes (Canonical XML §2.4).
func detach(el *etree.Element) *etree.Element {
	out := el.Copy()
	for parent := el.Parent(); parent != nil; parent = parent.Parent() {
		for _, a := range parent.Attr {
			if isDeclaration(a) && !declares(out, a.Space, a.Key) {
				out.Attr = append(out.Attr, etree.Attr{Space: a.Space, Key: a.Key, Value: a.Value})
			}
		}
	}
	return out
}

func declares(el *etree.Element, space, key string) bool {
	for _, a := range el.Attr {
		if a.Space == space && a.Key == key {
			return true
		}
	}
	return false
}

// census is what a message holds, wherever it stands in it.
type census struct {
	assertions int
	encrypted  int
	signatures int
}

// count takes the census. Names are counted in any namespace: a look-alike is no less a reason to refuse. IDs must be
// unique (threat S9), and no prefixed attribute may look like one, since libraries take it for one.
func count(root *etree.Element) (census, error) {
	c := census{}
	err := c.visit(root, map[string]bool{})
	return c, err
}

func (c *census) visit(el *etree.Element, ids map[string]bool) error {
	switch el.Tag {
	case "Assertion":
		c.assertions++
	case "EncryptedAssertion":
		c.encrypted++
	case "Signature":
		c.signatures++
	}
	for _, a := range el.Attr {
		switch a.Key {
		case "ID", "Id":
			if a.Space != "" {
				return fmt.Errorf("prefixed attribute %s:%s", a.Space, a.Key)
			}
			if ids[a.Value] {
				return errors.New("one ID twice")
			}
			ids[a.Value] = true
		// What goxmldsig and encoding/xml would read as an attribute of a signature, whatever its prefix.
		case "Algorithm", "URI", "PrefixList":
			if a.Space != "" {
				return fmt.Errorf("prefixed attribute %s:%s", a.Space, a.Key)
			}
		}
	}
	for child := range el.ChildElementsSeq() {
		if err := c.visit(child, ids); err != nil {
			return err
		}
	}
	return nil
}
