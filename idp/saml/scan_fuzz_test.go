package saml

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// FuzzScan: no panic, no more than the limits, and whatever our scanner accepts says the same to encoding/xml and to etree,
// which the libraries around us read with: the same names, attributes and texts in the same order.
func FuzzScan(f *testing.F) {
	for _, seed := range scanSeeds(f) {
		f.Add(seed, false)
	}
	f.Add("<a><!-- x --><?y z?></a>", true)
	for _, seed := range []string{
		"<!-- x --><?y z?><a>b<!--c-->d</a><!-- e -->", "<a><?!-- x --></a>", "<a><!-- x -- y --></a>", "<a><!--x---></a>", "<a><?XML y?></a>",
		"<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>", "<a xmlns:xml='u'/>",
	} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, src string, lax bool) {
		limits := messageLimits
		limits.lax = lax
		root, err := scan(src, limits)
		if err != nil {
			if root != nil {
				t.Error("an error, and a tree as well")
			}
			return
		}
		ours := events(root, true)
		if len(src) > limits.bytes || strings.Count(ours, "\nstart ") > limits.elements {
			t.Errorf("over the limits: %d bytes", len(src))
		}
		theirs, err := resolved(src)
		if err != nil {
			t.Fatalf("encoding/xml refuses what we accept: %v\n%q", err, src)
		}
		if ours != theirs {
			t.Errorf("%q\nours %s\nencoding/xml %s", src, ours, theirs)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromString(src); err != nil {
			t.Fatalf("etree refuses what we accept: %v\n%q", err, src)
		}
		if got := events(doc.Root(), false); got != events(root, false) {
			t.Errorf("%q\nours %s\netree %s", src, events(root, false), got)
		}
	})
}

// events writes a tree as what a parser would tell of it. Names are resolved to their namespaces or left as they are.
func events(root *etree.Element, resolve bool) string {
	var out strings.Builder
	var visit func(*etree.Element)
	visit = func(el *etree.Element) {
		space := el.Space
		if resolve {
			space = el.NamespaceURI()
		}
		startEvent(&out, space, el.Tag)
		for _, a := range el.Attr {
			space := a.Space
			if resolve && space != "" && space != "xmlns" {
				space = namespaceOf(el, space)
			}
			attrEvent(&out, space, a.Key, a.Value)
		}
		var pending strings.Builder
		for _, token := range el.Child {
			switch child := token.(type) {
			case *etree.CharData:
				pending.WriteString(child.Data)
			case *etree.Element:
				textEvent(&out, &pending)
				visit(child)
			}
		}
		textEvent(&out, &pending)
		out.WriteString("\nend")
	}
	visit(root)
	return out.String()
}

func namespaceOf(el *etree.Element, prefix string) string {
	if prefix == "xml" {
		return nsXML
	}
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attr {
			if a.Space == "xmlns" && a.Key == prefix {
				return a.Value
			}
		}
	}
	return ""
}

// resolved is what encoding/xml tells of a document.
func resolved(src string) (string, error) {
	decoder := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(src, "\ufeff")))
	var out, pending strings.Builder
	depth := 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return out.String(), nil
		} else if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			textEvent(&out, &pending)
			depth++
			startEvent(&out, t.Name.Space, t.Name.Local)
			for _, a := range t.Attr {
				attrEvent(&out, a.Name.Space, a.Name.Local, a.Value)
			}
		case xml.EndElement:
			textEvent(&out, &pending)
			depth--
			out.WriteString("\nend")
		case xml.CharData:
			if depth > 0 {
				pending.Write(t)
			}
		case xml.Directive:
			return "", fmt.Errorf("a directive")
		}
	}
}

// flat forgives one thing: white space in attribute values, namespaces included, which XML 1.0 §3.3.3 turns into spaces, as
// we do, and the other two don't.
var flat = strings.NewReplacer("\n", " ", "\t", " ", "\r", " ")

func startEvent(out *strings.Builder, space, local string) {
	fmt.Fprintf(out, "\nstart %q %q", flat.Replace(space), local)
}

func attrEvent(out *strings.Builder, space, local, value string) {
	fmt.Fprintf(out, "\nattr %q %q %q", flat.Replace(space), local, flat.Replace(value))
}

func textEvent(out, pending *strings.Builder) {
	if pending.Len() > 0 {
		fmt.Fprintf(out, "\ntext %q", pending.String())
		pending.Reset()
	}
}

func scanSeeds(f *testing.F) []string {
	f.Helper()
	seeds := []string{
		"", "<a/>", "<a b='c' d=\"&lt;&#10;&#x41;\">e&amp;f<![CDATA[g]]></a>", "\ufeff<?xml version=\"1.0\" encoding='UTF-8'?>\r\n<a\r\n/>",
		"<p:a xmlns:p='u' xmlns='v' p:b='1' b='2'><c xmlns=''/><AttributeValue><![CDATA[<x>]]>]]</AttributeValue></p:a>",
		"<a xml:lang='de' xml:space='preserve'>\r\n &#13;</a>", "<a b='\t\r\n&#9;'/>", "<a xmlns:p=''/>", "<a xmlns:xml='u'/>",
		"<a p:b='1' xmlns:p='u' xmlns:q='u' q:b='2'/>", "<a>]]></a>", "<a>&#xD800;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
		"<a></b>", "<a/><a/>", "<a", "<:a/>", "<a:/>", "<a b/>", "<a b='<'/>", "<é/>", "<a>\x00</a>", "<a>\xff</a>", "<a>\ufffe</a>",
		"<?xml version='1.0'?><?xml version='1.0'?><a/>", "<a><!-- x --></a>", "<a><?x y?></a>",
	}
	provider, err := idptest.NewSAML(idptest.SAMLOptions{
		URL: "https://idp.example.com", Key: idptest.KeyECDSA, Sign: idptest.SignBoth,
		People: []idptest.Person{{Username: "a", Subject: "a&b", Groups: []string{"<x>", "\"y'"}}},
		SPs:    []idptest.SP{{EntityID: "sp", ACS: []string{"https://sp.example.com/acs"}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	seeds = append(seeds, string(provider.Metadata()))
	lies := append([]idptest.Lie{"", idptest.CommentInNameID, idptest.DoctypeEntity}, idptest.WrappedSignatures...)
	for _, lie := range lies {
		provider.Lie(lie)
		document, err := provider.Respond(idptest.Person{Username: "a", Subject: "a&b"}, idptest.AuthnRequest{ID: "_1", Issuer: "sp"}, idptest.Hooks{})
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, string(document))
	}
	return seeds
}
