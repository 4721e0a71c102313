package saml

import "github.com/beevik/etree"

// binding is one namespace declaration in scope.
type binding struct{ prefix, uri string }

// resolve declares what the element declares and checks that every prefix it uses is known (Namespaces in XML 1.0).
// Nothing is stored: a lookup later finds the same declarations in the tree.
func (s *scanner) resolve(el *etree.Element) error {
	for _, a := range el.Attr {
		if err := s.declare(a); err != nil {
			return err
		}
	}
	if _, ok := s.lookup(el.Space); !ok && el.Space != "" {
		return s.fault("prefix %s is not declared", el.Space)
	}
	for i, a := range el.Attr {
		if a.Space == "" || a.Space == "xmlns" {
			continue
		}
		uri, ok := s.lookup(a.Space)
		if !ok {
			return s.fault("prefix %s is not declared", a.Space)
		}
		// Namespaces §6.3: two prefixes of one namespace make one attribute.
		for _, other := range el.Attr[:i] {
			if other.Key != a.Key || other.Space == "" || other.Space == "xmlns" {
				continue
			}
			if otherURI, _ := s.lookup(other.Space); otherURI == uri {
				return s.fault("attribute %s twice in one namespace", a.Key)
			}
		}
	}
	return nil
}

// declare takes a namespace declaration into the scope, if the attribute is one.
func (s *scanner) declare(a etree.Attr) error {
	prefix := a.Key
	switch {
	case a.Space == "" && a.Key == "xmlns":
		prefix = ""
	case a.Space != "xmlns":
		return nil
	}
	switch {
	// Namespaces §3: xml and xmlns are bound for ever, and nothing else to their names. Repeating xml's own is allowed;
	// Shibboleth does it in metadata. Nobody does it in messages, where canonicalisation would have to leave it out.
	case prefix == "xml" && a.Value == nsXML && s.limits.lax:
		return nil
	case prefix == "xml", prefix == "xmlns", a.Value == nsXML, a.Value == nsXMLNS:
		return s.fault("a reserved namespace is declared")
	// Namespaces §2.2: a prefix can't be undeclared; the default can.
	case prefix != "" && a.Value == "":
		return s.fault("prefix %s is undeclared", prefix)
	case len(s.scope) >= s.limits.namespaces:
		return &capError{"namespace declarations in scope", s.limits.namespaces}
	}
	s.scope = append(s.scope, binding{prefix, a.Value})
	return nil
}

func (s *scanner) lookup(prefix string) (uri string, ok bool) {
	for i := len(s.scope) - 1; i >= 0; i-- {
		if s.scope[i].prefix == prefix {
			return s.scope[i].uri, true
		}
	}
	return "", false
}
