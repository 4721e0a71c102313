package ststest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/beevik/etree"
)

const (
	samlp = "urn:oasis:names:tc:SAML:2.0:protocol"
	saml2 = "urn:oasis:names:tc:SAML:2.0:assertion"
	dsigs = "http://www.w3.org/2000/09/xmldsig#"

	maxSAMLDepth    = 40
	maxSAMLElements = 900 // goxmldsig gives up at a thousand
)

var errXML = errors.New("not a SAML response that can be read")

// parseSAML reads a response into a tree, after one pass that refuses what has no place in SAML and what parsers read in
// different ways: DOCTYPE, processing instructions, comments, doubled attributes, text outside of the root, depth.
func parseSAML(raw []byte) (*etree.Document, error) {
	if err := guard(raw); err != nil {
		return nil, err
	}
	document := etree.NewDocument()
	document.ReadSettings.MaxDepth = maxSAMLDepth
	if err := document.ReadFromBytes(raw); err != nil || document.Root() == nil {
		return nil, errXML
	}
	return document, nil
}

func guard(raw []byte) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, elements, roots := 0, 0, 0
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return errXML
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth, elements = depth+1, elements+1
			if depth > maxSAMLDepth || elements > maxSAMLElements || roots > 1 || doubled(t.Attr) {
				return errXML
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.TrimSpace(string(t)) != "" {
				return errXML
			}
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return errXML
			}
		default: // comment, directive
			return errXML
		}
	}
	if depth != 0 || roots != 1 {
		return errXML
	}
	return nil
}

func doubled(attrs []xml.Attr) bool {
	seen := make(map[xml.Name]bool, len(attrs))
	for _, a := range attrs {
		if seen[a.Name] {
			return true
		}
		seen[a.Name] = true
	}
	return false
}

// child gives the only child of this namespace and name; nil if there is none. Two are an error.
func child(e *etree.Element, space, tag string) (*etree.Element, error) {
	all := children(e, space, tag)
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return nil, errXML
}

func children(e *etree.Element, space, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == space {
			out = append(out, c)
		}
	}
	return out
}

// descendants counts the elements of this name anywhere below, whatever their namespace.
func descendants(e *etree.Element, tag string) int {
	n := 0
	for _, c := range e.ChildElements() {
		if c.Tag == tag {
			n++
		}
		n += descendants(c, tag)
	}
	return n
}

// textOf is the whole text of an element that may hold nothing but text.
func textOf(e *etree.Element) (string, bool) {
	var b strings.Builder
	for _, token := range e.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", false
		}
		b.WriteString(data.Data)
	}
	return b.String(), true
}

// attribute gives an attribute without a namespace; "" if it isn't there.
func attribute(e *etree.Element, name string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}
