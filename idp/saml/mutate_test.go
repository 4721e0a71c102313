package saml_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// What an edit does. Its places are bytes of the document, or with opTag the beginnings of its tags; with opElement its
// range is the element that begins at the first place.
const (
	opDelete = iota
	opCopy
	opMove
	opInsert // a snippet
	opByte

	opElement = 0x40
	opTag     = 0x80
)

// snippets are what attackers put into documents.
var snippets = []string{
	"intruder@evil.example", "<!-- -->", "<![CDATA[", "]]>", "&#45;", "&#x2d;", "<?x y?>", "<!DOCTYPE a>", " ", "\r\n",
	` ID="_x"`, ` Id="_x"`, ` xmlns="urn:x"`, ` xmlns:saml="urn:x"`, ` xmlns:ds="urn:x"`, ` xmlns:x="urn:oasis:names:tc:SAML:2.0:assertion"`,
	"<samlp:Extensions>", "</samlp:Extensions>", "<ds:Object>", "</ds:Object>", "<saml:Advice>", "</saml:Advice>", "<x>", "</x>", "<x/>",
	`<saml:NameID>intruder@evil.example</saml:NameID>`,
	`<saml:Attribute Name="memberOf"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>`,
	`<saml:AudienceRestriction/>`, `<ds:Reference URI=""/>`, `<ds:KeyInfo/>`, "</saml:Assertion>", "</samlp:Response>",
}

// mutate runs a program of edits, seven bytes each: what, and three places.
func mutate(document, program []byte) []byte {
	for ; len(program) >= 7 && len(document) < 64<<10; program = program[7:] {
		document = edit(document, program[0], binary.BigEndian.Uint16(program[1:]), binary.BigEndian.Uint16(program[3:]),
			binary.BigEndian.Uint16(program[5:]))
	}
	return document
}

func edit(document []byte, op byte, a, b, c uint16) []byte {
	at := func(n uint16) int { return int(n) % (len(document) + 1) }
	if op&opTag != 0 {
		var tags []int
		for i, c := range document {
			if c == '<' {
				tags = append(tags, i)
			}
		}
		if len(tags) == 0 {
			return document
		}
		at = func(n uint16) int { return tags[int(n)%len(tags)] }
	}
	from, to, place := at(a), at(b), at(c)
	if op&opElement != 0 {
		to = elementEnd(document, from)
	}
	if to < from {
		from, to = to, from
	}
	part := slices.Clone(document[from:to])
	switch op &^ (opElement | opTag) % 5 {
	case opDelete:
		return slices.Delete(slices.Clone(document), from, to)
	case opCopy:
		return slices.Insert(slices.Clone(document), place, part...)
	case opMove:
		rest := slices.Delete(slices.Clone(document), from, to)
		if place > from {
			place = max(from, place-len(part))
		}
		return slices.Insert(rest, place, part...)
	case opInsert:
		return slices.Insert(slices.Clone(document), place, []byte(snippets[int(a)%len(snippets)])...)
	}
	if place == len(document) {
		return document
	}
	out := slices.Clone(document)
	out[place] = byte(a)
	return out
}

// elementEnd is where the element ends that begins here, in a document whose tags are in order.
func elementEnd(document []byte, from int) int {
	depth := 0
	for i := from; i < len(document); i++ {
		if document[i] != '<' {
			continue
		}
		end := slices.Index(document[i:], '>')
		if end < 0 {
			break
		}
		switch {
		case i+1 < len(document) && document[i+1] == '/':
			depth--
		case document[i+end-1] != '/':
			depth++
		}
		if i += end; depth <= 0 {
			return i + 1
		}
	}
	return len(document)
}

// TestMutate: the edits that make signature wrapping can be written.
func TestMutate(t *testing.T) {
	const doc = "<a><b><c/>x</b></a>"
	for want, program := range map[string][]byte{
		doc:                                {},
		"<a></a>":                          {opDelete | opElement | opTag, 0, 1, 0, 0, 0, 0},
		"<b><c/>x</b><a><b><c/>x</b></a>":  {opCopy | opElement | opTag, 0, 1, 0, 0, 0, 0},
		"<a><b>x</b><c/></a>":              {opMove | opElement | opTag, 0, 2, 0, 0, 0, 4},
		"<a><!-- --><b><c/>x</b></a>":      {opInsert | opTag, 0, 1, 0, 0, 0, 1},
		"Xa><b><c/>x</b></a>":              {opByte, 0, 'X', 0, 0, 0, 0},
		strings.Replace(doc, "<b>", "", 1): {opDelete, 0, 3, 0, 6, 0, 0},
	} {
		if got := string(mutate([]byte(doc), program)); got != want {
			t.Errorf("%v: %s, want %s", program, got, want)
		}
	}
}
