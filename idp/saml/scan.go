package saml

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// limits bound what one document may cost before anything is known about it (speed A3, threat S27).
type limits struct {
	bytes      int
	elements   int
	depth      int
	attributes int // of one element, namespace declarations included
	namespaces int // declared and in scope at one place
	// scoped bounds the sum, over elements, of what is in scope there and of attributes: canonicalisation looks at each.
	scoped int
	// lax lets pass what metadata has and messages must not have: comments and processing instructions, unread, and a
	// declaration of the prefix xml.
	lax bool
}

// messageLimits leave room for a person with some thousand groups: 10,000 elements in 256 KB.
var messageLimits = limits{bytes: 256 << 10, elements: 10_000, depth: 32, attributes: 32, namespaces: 64, scoped: 60_000}

// metadataLimits are for documents that the operator chose the address of.
var metadataLimits = limits{
	bytes: 10 << 20, elements: 300_000, depth: 40, attributes: 64, namespaces: 128, scoped: 10_000_000, lax: true,
}

// capError is a document over one of the limits. Its text is shown to people, who need it to mend the provider.
type capError struct {
	what  string
	limit int
}

func (e *capError) Error() string { return fmt.Sprintf("more than %d %s", e.limit, e.what) }

// declaration is the one XML declaration that may open a document (XML 1.0 §2.8); only UTF-8 is read.
var declaration = regexp.MustCompile(`^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.0"|'1\.0')` +
	`(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"(?i:utf-8)"|'(?i:utf-8)'))?` +
	`(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>`)

// scanner reads a strict subset of XML 1.0 in one pass: UTF-8, no document type, ASCII names, namespaces resolved while
// reading. It refuses what two parsers could read differently.
type scanner struct {
	src      string
	pos      int
	limits   limits
	elements int
	scoped   int
	stack    []openElement
	scope    []binding
	root     *etree.Element
}

type openElement struct {
	el    *etree.Element
	scope int // bindings in scope around it
}

// scan parses a whole document. The tree shares the memory of src.
func scan(src string, lim limits) (*etree.Element, error) {
	if len(src) > lim.bytes {
		return nil, &capError{"bytes", lim.bytes}
	}
	src = strings.TrimPrefix(src, "\ufeff") // a byte order mark is no part of the document (XML 1.0 §4.3.3)
	if err := checkCharacters(src); err != nil {
		return nil, err
	}
	if strings.Contains(src, "\r") { // XML 1.0 §2.11
		src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	}
	s := &scanner{src: src, limits: lim, scope: []binding{{"xml", nsXML}}}
	s.pos = len(declaration.FindString(src))
	for s.pos < len(s.src) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	if len(s.stack) > 0 || s.root == nil {
		return nil, s.fault("the document ends too early")
	}
	return s.root, nil
}

// checkCharacters holds a document to XML's characters (XML 1.0 §2.2).
func checkCharacters(src string) error {
	if !utf8.ValidString(src) {
		return fmt.Errorf("xml: not UTF-8")
	}
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return fmt.Errorf("xml: control character %#x at byte %d", c, i)
		}
		if c == 0xEF && (src[i:i+3] == "\uFFFE" || src[i:i+3] == "\uFFFF") {
			return fmt.Errorf("xml: noncharacter at byte %d", i)
		}
	}
	return nil
}

func (s *scanner) fault(format string, args ...any) error {
	return fmt.Errorf("xml: at byte %d: %s", s.pos, fmt.Sprintf(format, args...))
}

func (s *scanner) next() error {
	rest := s.src[s.pos:]
	switch {
	case rest[0] != '<':
		return s.text()
	case strings.HasPrefix(rest, "</"):
		return s.endTag()
	case strings.HasPrefix(rest, "<![CDATA["):
		return s.cdata()
	case strings.HasPrefix(rest, "<!--"):
		return s.aside("<!--", "-->", "comment")
	case strings.HasPrefix(rest, "<!"):
		return s.fault("document type declarations are not read")
	case strings.HasPrefix(rest, "<?"):
		return s.aside("<?", "?>", "processing instruction")
	}
	return s.startTag()
}

// aside skips a comment or processing instruction of metadata, and refuses it in a message.
func (s *scanner) aside(open, end, what string) error {
	if !s.limits.lax {
		return s.fault("a %s has no place here", what)
	}
	content, _, finished := strings.Cut(s.src[s.pos+len(open):], end)
	if !finished {
		return s.fault("unfinished %s", what)
	}
	switch {
	case open == "<!--" && (strings.Contains(content, "--") || strings.HasSuffix(content, "-")): // XML 1.0 §2.5
		return s.fault("-- in a comment")
	case open == "<?" && !isInstruction(content):
		return s.fault("a processing instruction without a target, or a second XML declaration")
	}
	s.pos += len(open) + len(content) + len(end)
	return nil
}

// isInstruction: a target that isn't "xml" in any spelling, and white space before what follows (XML 1.0 §2.6).
func isInstruction(content string) bool {
	length := 0
	for length < len(content) && isNameByte(content[length], length == 0) {
		length++
	}
	return length > 0 && !strings.EqualFold(content[:length], "xml") && (length == len(content) || strings.IndexByte(" \t\n", content[length]) >= 0)
}

func (s *scanner) text() error {
	end := strings.IndexByte(s.src[s.pos:], '<')
	if end < 0 {
		end = len(s.src) - s.pos
	}
	raw := s.src[s.pos : s.pos+end]
	if len(s.stack) == 0 {
		if strings.Trim(raw, " \t\n") != "" {
			return s.fault("text outside of the document element")
		}
		s.pos += end
		return nil
	}
	if strings.Contains(raw, "]]>") { // XML 1.0 §2.4
		return s.fault("]]> in text")
	}
	value, err := s.expand(raw)
	if err != nil {
		return err
	}
	s.stack[len(s.stack)-1].el.AddChild(etree.NewText(value))
	s.pos += end
	return nil
}

// cdata is text in another spelling. It is read in attribute values only; everywhere else nobody honest writes it (S5).
func (s *scanner) cdata() error {
	if len(s.stack) == 0 || s.stack[len(s.stack)-1].el.Tag != "AttributeValue" {
		return s.fault("a CDATA section has no place here")
	}
	start := s.pos + len("<![CDATA[")
	length := strings.Index(s.src[start:], "]]>")
	if length < 0 {
		return s.fault("unfinished CDATA section")
	}
	s.stack[len(s.stack)-1].el.AddChild(etree.NewText(s.src[start : start+length]))
	s.pos = start + length + len("]]>")
	return nil
}

func (s *scanner) endTag() error {
	if len(s.stack) == 0 {
		return s.fault("an end tag without its start")
	}
	top := s.stack[len(s.stack)-1]
	s.pos += len("</")
	space, local, err := s.name()
	if err != nil {
		return err
	}
	if space != top.el.Space || local != top.el.Tag {
		return s.fault("</%s> closes <%s>", local, top.el.FullTag())
	}
	s.skipSpace()
	if !s.take('>') {
		return s.fault("an unfinished end tag")
	}
	s.scope = s.scope[:top.scope]
	s.stack = s.stack[:len(s.stack)-1]
	return nil
}
