package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// oddNames are texts that are one thing to a machine and another to a person, or nothing at all (rule R5).
var oddNames = map[string]string{
	"line end": "alice\n", "tab": "ali\tce", "delete": "ali\u007fce", "C1": "al\u0085ice", "no-break space": "al\u00a0ice",
	"soft hyphen": "al\u00adice", "zero width": "al\u200bice", "joiner": "al\u200dice", "word joiner": "al\u2060ice", "right to left": "alice\u202e",
	"isolate": "al\u2066ice", "Arabic mark": "al\u061cice", "byte order mark": "\ufeffalice", "line separator": "al\u2028ice", "thin space": "al\u2009ice",
	"ideographic space": "al\u3000ice", "tag": "alice\U000e0041", "private": "al\ue000ice", "unassigned": "al\u0378ice",
	"replacement": "al\ufffdice", "interlinear": "al\ufff9ice", "plane 15": "alice\U000f0000", "too long": strings.Repeat("a", 1025),
}

// TestAttackSubject: what may not name a person, as NameID and as the attribute that the operator chose (threats P18, P20).
func TestAttackSubject(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	for name, text := range oddNames {
		login := w.login()
		t.Log(name)
		w.refuse(bridge.CodeClaim, w.mint(login, before(func(doc *etree.Document) { find(t, doc, "//NameID").SetText(text) })), login)
	}
	w.config.Subject = saml.Subject{Attribute: "employee"}
	w.open()
	value := func(text string) string { return "<saml:AttributeValue>" + text + "</saml:AttributeValue>" }
	cases := map[string]struct {
		values string
		code   bridge.Code
	}{
		"none": {"", bridge.CodeSubjectMissing}, "empty": {value(""), bridge.CodeSubjectMissing}, "two": {value("a") + value("b"), bridge.CodeSubjectMissing},
		"the same twice": {value("a") + value("a"), bridge.CodeSubjectMissing}, "one empty": {value("a") + value(""), bridge.CodeSubjectMissing},
		"an element": {value("<saml:NameID>a</saml:NameID>"), bridge.CodeSubjectMissing},
	}
	for name, text := range oddNames {
		cases[name] = struct {
			values string
			code   bridge.Code
		}{value(text), bridge.CodeClaim}
	}
	for name, c := range cases {
		login := w.login()
		t.Log(name)
		err := w.refuse(c.code, w.mint(login, before(func(doc *etree.Document) { addAttribute(t, doc, "employee", c.values) })), login)
		if _, _, detail := bridge.Explain(err); detail != "employee" {
			t.Errorf("%s: detail %q doesn't name the attribute", name, detail)
		}
	}
	// Another spelling of the name is another attribute, and its friendly name is none.
	for _, other := range []string{"Employee", "employee ", "еmployee"} {
		login := w.login()
		w.refuse(bridge.CodeSubjectMissing, w.mint(login, before(func(doc *etree.Document) {
			addAttribute(t, doc, other, value("root"))
			find(t, doc, "//Attribute[@Name='"+other+"']").CreateAttr("FriendlyName", "employee")
		})), login)
	}
	// Under two Attribute elements of one name it has two values.
	login := w.login()
	w.refuse(bridge.CodeSubjectMissing, w.mint(login, before(func(doc *etree.Document) {
		addAttribute(t, doc, "employee", value("a"))
		addAttribute(t, doc, "employee", value("b"))
	})), login)
}

// TestAttackPersons: names that a careless reader takes for one are several people (rule R5).
func TestAttackPersons(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	seen := map[string]string{}
	person := func(what string, change func(*etree.Element)) {
		login := w.login()
		id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) { change(find(t, doc, "//NameID")) })), login)
		if other, twice := seen[id.PersonKey()]; twice {
			t.Errorf("%s and %s are one person", what, other)
		}
		seen[id.PersonKey()] = what
	}
	for _, name := range []string{
		"alice", "Alice", "ALICE", " alice", "alice ", "al ice", "alıce", "аlice", "alice@example.com", "alice@EXAMPLE.com", "älice", "a\u0308lice", "ａlice", "ﬁ", "fi",
	} {
		person(name, func(el *etree.Element) { el.SetText(name) })
	}
	for _, format := range []string{idptest.NameIDEmail, idptest.NameIDUnspecified, "urn:x", ""} {
		person("format "+format, func(el *etree.Element) { el.SetText("alice"); el.CreateAttr("Format", format) })
	}
	// No Format is the unspecified one (SAML Core §2.2.2).
	login := w.login()
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) { find(t, doc, "//NameID").RemoveAttr("Format") })), login)
	if id.Format != idptest.NameIDUnspecified {
		t.Errorf("format %q", id.Format)
	}
}
