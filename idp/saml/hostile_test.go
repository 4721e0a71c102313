package saml_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestLies: each way in which the provider can lie ends in its code (threats S1 to S19, P1 to P14).
func TestLies(t *testing.T) {
	lies := map[idptest.Lie]bridge.Code{
		idptest.WrongAudience: bridge.CodeAudience, idptest.MissingAudience: bridge.CodeAudience,
		idptest.WrongIssuer: bridge.CodeAnswerRejected,
		idptest.Expired:     bridge.CodeClock, idptest.FutureDated: bridge.CodeClock,
		idptest.BadSignature: bridge.CodeAnswerRejected, idptest.StrangerKey: bridge.CodeAnswerRejected,
		idptest.KeyInfoOfStranger: bridge.CodeAnswerRejected, idptest.HMACSignature: bridge.CodeAnswerRejected,
		idptest.TwoReferences: bridge.CodeAnswerRejected, idptest.UnsignedAssertion: bridge.CodeAnswerRejected,
		idptest.SHA1Signature: bridge.CodeStrength,
		idptest.FailureStatus: bridge.CodeProviderRefused, idptest.NestedStatus: bridge.CodeProviderRefused,
		idptest.WrongInResponseTo: bridge.CodeLoginStale, idptest.MissingInResponseTo: bridge.CodeLoginStale,
		idptest.WrongDestination: bridge.CodeDestination, idptest.WrongRecipient: bridge.CodeDestination,
		idptest.NotBearer: bridge.CodeAnswerRejected, idptest.TwoAssertions: bridge.CodeAnswerRejected,
		idptest.NoNameID: bridge.CodeSubjectMissing, idptest.EmptyNameID: bridge.CodeSubjectMissing,
		idptest.TransientNameID: bridge.CodeSubjectTransient,
		idptest.CommentInNameID: bridge.CodeAnswerMalformed, idptest.DoctypeEntity: bridge.CodeAnswerMalformed,
	}
	for _, lie := range idptest.WrappedSignatures {
		lies[lie] = bridge.CodeAnswerRejected
	}
	for lie, code := range lies {
		t.Run(string(lie), func(t *testing.T) {
			w := newWorld(t, setup{})
			w.idp.Lie(lie)
			login := w.login()
			w.refuse(code, w.mint(login, idptest.Hooks{}), login)
			// The same login is still good for the true answer: nothing was used up.
			w.idp.Lie()
			w.accept(w.mint(login, idptest.Hooks{}), login)
		})
	}
}

const samlNS = `xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`

// TestSignedAndWrong are documents that the provider itself signed, and that must be refused all the same.
func TestSignedAndWrong(t *testing.T) {
	set := func(path, name, value string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { find(t, doc, path).CreateAttr(name, value) }
	}
	drop := func(path, name string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { find(t, doc, path).RemoveAttr(name) }
	}
	remove := func(path string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { el := find(t, doc, path); el.Parent().RemoveChild(el) }
	}
	text := func(path, value string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { find(t, doc, path).SetText(value) }
	}
	insert := func(path, xml string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) {
			find(t, doc, path).AddChild(fragment(t, "<f "+samlNS+">"+xml+"</f>").ChildElements()[0].Copy())
		}
	}
	again := func(path string) func(*testing.T, *etree.Document) {
		return func(t *testing.T, doc *etree.Document) { el := find(t, doc, path); el.Parent().AddChild(el.Copy()) }
	}
	const rejected, clock, stale = bridge.CodeAnswerRejected, bridge.CodeClock, bridge.CodeLoginStale
	const data, statement = "//SubjectConfirmationData", "//AuthnStatement"
	for _, c := range []struct {
		name   string
		change func(*testing.T, *etree.Document)
		code   bridge.Code
	}{
		// P13: type and version.
		{"response version", set("/Response", "Version", "1.1"), bridge.CodeAnswerMalformed},
		{"response without version", drop("/Response", "Version"), bridge.CodeAnswerMalformed},
		{"assertion version", set("//Assertion", "Version", "1.1"), rejected},
		{"assertion without version", drop("//Assertion", "Version"), rejected},
		{"not a response", func(_ *testing.T, doc *etree.Document) { doc.Root().Tag = "ArtifactResponse" }, bridge.CodeAnswerMalformed},
		{"foreign response", set("/Response", "xmlns:samlp", "urn:oasis:names:tc:SAML:2.1:protocol"), bridge.CodeAnswerMalformed},
		// P12: status.
		{"no status", remove("//Status"), bridge.CodeAnswerMalformed},
		{"no status code", remove("//StatusCode"), bridge.CodeAnswerMalformed},
		{"two status codes", again("//StatusCode"), bridge.CodeAnswerMalformed},
		{"two statuses", again("//Status"), bridge.CodeAnswerMalformed},
		{"status suffixed", set("//StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Success "), bridge.CodeProviderRefused},
		// P14: issuer.
		{"no issuer in the assertion", remove("//Assertion/Issuer"), rejected},
		{"two issuers in the assertion", again("//Assertion/Issuer"), rejected},
		{"issuer suffixed", text("//Assertion/Issuer", "https://idp.example.com/metadata/"), rejected},
		{"issuer padded", text("//Assertion/Issuer", " https://idp.example.com/metadata"), rejected},
		{"issuer in capitals", text("//Assertion/Issuer", "https://IDP.example.com/metadata"), rejected},
		{"issuer of another format", set("//Assertion/Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"), rejected},
		{"another issuer of the response", text("/Response/Issuer", "https://other.example/metadata"), rejected},
		{"issuer with an element", insert("//Assertion/Issuer", "<x/>"), rejected},
		// P1, P2: where to.
		{"destination with a query", set("/Response", "Destination", acs+"?x=1"), bridge.CodeDestination},
		{"destination in capitals", set("/Response", "Destination", strings.ToUpper(acs)), bridge.CodeDestination},
		{"no recipient", drop(data, "Recipient"), bridge.CodeDestination},
		{"recipient with a slash", set(data, "Recipient", acs+"/"), bridge.CodeDestination},
		// P3, P8: confirmation.
		{"no subject", remove("//Subject"), bridge.CodeSubjectMissing},
		{"two subjects", again("//Subject"), bridge.CodeSubjectMissing},
		{"no confirmation", remove("//SubjectConfirmation"), rejected},
		{"two confirmations", again("//SubjectConfirmation"), rejected},
		{"no confirmation data", remove(data), rejected},
		{"two confirmation data", again(data), rejected},
		{"no method", drop("//SubjectConfirmation", "Method"), rejected},
		{"sender vouches", set("//SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), rejected},
		{"a name in the confirmation", insert("//SubjectConfirmation", "<saml:NameID>intruder@evil.example</saml:NameID>"), rejected},
		{"no InResponseTo in the assertion", drop(data, "InResponseTo"), stale},
		{"empty InResponseTo", set(data, "InResponseTo", ""), stale},
		{"another InResponseTo in the response", set("/Response", "InResponseTo", "_other"), stale},
		// P9: times.
		{"no end of confirmation", drop(data, "NotOnOrAfter"), rejected},
		{"confirmation begins later", set(data, "NotBefore", "2099-01-01T00:00:00Z"), clock},
		{"end of confirmation far away", set(data, "NotOnOrAfter", "2099-01-01T00:00:00Z"), clock},
		{"confirmation ended", set(data, "NotOnOrAfter", "2020-01-01T00:00:00Z"), clock},
		{"no conditions", remove("//Conditions"), rejected},
		{"two conditions", again("//Conditions"), rejected},
		{"no end", drop("//Conditions", "NotOnOrAfter"), rejected},
		{"endless", set("//Conditions", "NotOnOrAfter", "2099-01-01T00:00:00Z"), clock},
		{"began long ago", set("//Conditions", "NotBefore", "2020-01-01T00:00:00Z"), clock},
		{"begins later", set("//Conditions", "NotBefore", "2099-01-01T00:00:00Z"), clock},
		{"a date for a time", set("//Conditions", "NotBefore", "2026-01-01"), rejected},
		{"a time without zone", set("//Conditions", "NotOnOrAfter", "2099-01-01T00:00:00"), rejected},
		{"a year of five digits", set("//Conditions", "NotOnOrAfter", "12099-01-01T00:00:00Z"), rejected},
		{"issued in the future", set("//Assertion", "IssueInstant", "2099-01-01T00:00:00Z"), clock},
		{"issued long ago", set("//Assertion", "IssueInstant", "2020-01-01T00:00:00Z"), clock},
		{"response issued long ago", set("/Response", "IssueInstant", "2020-01-01T00:00:00Z"), clock},
		{"never issued", drop("//Assertion", "IssueInstant"), rejected},
		{"response never issued", drop("/Response", "IssueInstant"), rejected},
		{"presence in the future", set(statement, "AuthnInstant", "2099-01-01T00:00:00Z"), clock},
		{"no presence", drop(statement, "AuthnInstant"), rejected},
		{"session ended", set(statement, "SessionNotOnOrAfter", "2020-01-01T00:00:00Z"), clock},
		{"session end is no time", set(statement, "SessionNotOnOrAfter", "never"), rejected},
		{"no statement", remove(statement), rejected},
		{"two statements", again(statement), rejected},
		{"no context", remove("//AuthnContext"), rejected},
		{"two contexts", again("//AuthnContextClassRef"), rejected},
		// P7: audience.
		{"empty restriction", remove("//Audience"), bridge.CodeAudience},
		{"audience suffixed", text("//Audience", entityID+"/"), bridge.CodeAudience},
		{"audience padded", text("//Audience", " "+entityID), bridge.CodeAudience},
		{"audience with an element", insert("//Audience", "<x/>"), rejected},
		{"another restriction", insert("//Conditions", "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>"), bridge.CodeAudience},
		{"foreign audience", func(t *testing.T, doc *etree.Document) { find(t, doc, "//Audience").CreateAttr("xmlns:saml", "urn:x") }, rejected},
		{"unknown condition", insert("//Conditions", "<saml:Condition/>"), rejected},
		{"foreign condition", insert("//Conditions", `<x:Delegation xmlns:x="urn:x"/>`), rejected},
		// P18, P20: names.
		{"two names", again("//NameID"), rejected},
		{"name with an element", insert("//NameID", "<x/>"), rejected},
		{"encrypted name", func(t *testing.T, doc *etree.Document) { find(t, doc, "//NameID").Tag = "EncryptedID" }, rejected},
		{"base id", func(t *testing.T, doc *etree.Document) { find(t, doc, "//NameID").Tag = "BaseID" }, rejected},
		{"name with a line end", text("//NameID", "alice\n"), bridge.CodeClaim},
		{"name with a tab", text("//NameID", "ali\tce"), bridge.CodeClaim},
		{"name from right to left", text("//NameID", "alice\u202e@moc"), bridge.CodeClaim},
		{"name with an isolate", text("//NameID", "al\u2066ice"), bridge.CodeClaim},
		{"name with zero width", text("//NameID", "al\u200bice"), bridge.CodeClaim},
		{"name with a line separator", text("//NameID", "al\u2028ice"), bridge.CodeClaim},
		{"name with an unassigned character", text("//NameID", "al\u0378ice"), bridge.CodeClaim},
		{"name of private use", text("//NameID", "al\ue000ice"), bridge.CodeClaim},
		{"name with C1 control", text("//NameID", "al\u0085ice"), bridge.CodeClaim},
		{"name without end", text("//NameID", strings.Repeat("a", 1025)), bridge.CodeClaim},
		// S3, S9, S10: places and names of elements.
		{"assertion of another namespace", func(t *testing.T, doc *etree.Document) { find(t, doc, "//Assertion").CreateAttr("xmlns:saml", "urn:x") }, rejected},
		{"assertion in Extensions", func(t *testing.T, doc *etree.Document) {
			extensions := doc.Root().CreateElement("samlp:Extensions")
			extensions.AddChild(find(t, doc, "//Assertion").Copy())
		}, rejected},
		{"assertion as advice", func(t *testing.T, doc *etree.Document) {
			advice := find(t, doc, "//Assertion").CreateElement("saml:Advice")
			advice.AddChild(find(t, doc, "//Assertion").Copy())
		}, rejected},
		{"a decision", insert("//Assertion", `<saml:AuthzDecisionStatement Resource="x" Decision="Deny"/>`), rejected},
		{"unknown statement", insert("//Assertion", "<saml:Statement/>"), rejected},
		{"attribute without a name", drop("//Attribute", "Name"), rejected},
		{"attribute statement with more", insert("//AttributeStatement", "<saml:Other/>"), rejected},
		{"attribute with more", insert("//Attribute", "<saml:Other/>"), rejected},
		{"ID that is no name", set("//Assertion", "ID", "1 2"), rejected},
		{"no ID", drop("//Assertion", "ID"), rejected},
		{"ID twice", func(t *testing.T, doc *etree.Document) {
			doc.Root().CreateAttr("ID", find(t, doc, "//Assertion").SelectAttrValue("ID", ""))
		}, rejected},
		{"prefixed ID", set("//Assertion", "saml:ID", "_x"), rejected},
		{"namespace called ID", set("//Assertion", "xmlns:ID", "_x"), rejected},
		{"namespace called URI", set("//Assertion", "xmlns:URI", "urn:x"), rejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
				w := signedWorld(t, sign)
				login := w.login()
				err := w.refuse(c.code, w.mint(login, before(func(doc *etree.Document) { c.change(t, doc) })), login)
				if strings.Contains(err.Error(), "no certificate verifies") {
					t.Errorf("the signature doesn't fit, so that nothing else was tested: %v", err)
				}
			}
		})
	}
}

// bothIDP signs Response and Assertion; made once.
var kits = map[idptest.Signs]*idptest.SAML{}

func signedWorld(t testing.TB, sign idptest.Signs) *world {
	t.Helper()
	w := newWorld(t, setup{})
	if sign == idptest.SignAssertion {
		return w
	}
	if kits[sign] == nil {
		kits[sign] = newIDP(t, idptest.SAMLOptions{
			URL: "https://idp.example.com", People: []idptest.Person{alice}, Sign: sign,
			SPs: []idptest.SP{{EntityID: entityID, ACS: []string{acs}}},
		})
	}
	w.idp = kits[sign]
	w.idp.Lie()
	w.config.Metadata = "file:" + w.file("idp.xml", w.idp.Metadata())
	w.open()
	return w
}

// TestSpoiled are documents that were changed after they were signed.
func TestSpoiled(t *testing.T) {
	const malformed, rejected, large = bridge.CodeAnswerMalformed, bridge.CodeAnswerRejected, bridge.CodeAnswerTooLarge
	swap := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	for _, c := range []struct {
		name   string
		change func(string) string
		code   bridge.Code
	}{
		{"name", swap("alice-0001", "intruder@evil.example"), rejected},
		{"group", swap(">dev<", ">admin<"), rejected},
		{"group added", swap("</saml:AttributeValue>", "</saml:AttributeValue><saml:AttributeValue>admin</saml:AttributeValue>"), rejected},
		{"attribute renamed", swap(`Name="department"`, `Name="memberOf2"`), rejected},
		{"space in the assertion", swap("<saml:Subject>", " <saml:Subject>"), rejected},
		{"namespace added", swap(`<saml:Subject>`, `<saml:Subject xmlns:x="urn:x" x:y="z">`), rejected},
		// S4, S5.
		{"comment", swap("alice-0001", "alice-<!-- -->0001"), malformed},
		{"comment before", func(s string) string { return "<!-- -->" + s }, malformed},
		{"comment behind", func(s string) string { return s + "<!-- -->" }, malformed},
		{"processing instruction", swap("alice-0001", "alice<?x?>-0001"), malformed},
		{"processing instruction before", func(s string) string { return "<?xml-stylesheet href='x'?>" + s }, malformed},
		{"cdata in the name", swap("alice-0001", "<![CDATA[alice-0001]]>"), malformed},
		{"cdata in the audience", swap(entityID+"</saml:Audience>", "<![CDATA["+entityID+"]]></saml:Audience>"), malformed},
		{"element in the name", swap("alice-0001", "alice<x/>-0001"), rejected},
		// S6, S7.
		{"doctype", func(s string) string { return "<!DOCTYPE r>" + s }, malformed},
		{"entity", func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a "alice-0001">]>` + strings.Replace(s, "alice-0001", "&a;", 1)
		}, malformed},
		{"attribute defaults", func(s string) string { return `<!DOCTYPE r [<!ATTLIST Assertion ID ID "_x">]>` + s }, malformed},
		{"laughs", func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a "` + strings.Repeat("ha", 10_000) + `">]>` + strings.Replace(s, "alice", strings.Repeat("&a;", 10_000), 1)
		}, malformed},
		{"unknown entity", swap("alice-0001", "&nbsp;"), malformed},
		{"reference to nothing", swap("alice-0001", "&#0;"), malformed},
		{"reference to a surrogate", swap("alice-0001", "&#xD800;"), malformed},
		{"reference out of range", swap("alice-0001", "&#x110000;"), malformed},
		{"endless reference", swap("alice-0001", "&"+strings.Repeat("a", 1000)), malformed},
		{"control character", swap("alice-0001", "alice\x01"), malformed},
		{"not UTF-8", swap("alice-0001", "alice\xff"), malformed},
		{"noncharacter", swap("alice-0001", "alice\uffff"), malformed},
		{"UTF-16 declared", func(s string) string { return `<?xml version="1.0" encoding="UTF-16"?>` + s }, malformed},
		{"Latin-1 declared", func(s string) string { return `<?xml version="1.0" encoding="ISO-8859-1"?>` + s }, malformed},
		{"XML 1.1", func(s string) string { return `<?xml version="1.1"?>` + s }, malformed},
		{"two declarations", func(s string) string { return `<?xml version="1.0"?><?xml version="1.0"?>` + s }, malformed},
		{"a late declaration", func(s string) string { return ` <?xml version="1.0"?>` + s }, malformed},
		// R1: form.
		{"nothing", func(string) string { return "" }, malformed},
		{"second root", func(s string) string { return s + s }, malformed},
		{"text behind", func(s string) string { return s + "x" }, malformed},
		{"text before", func(s string) string { return "x" + s }, malformed},
		{"cut", func(s string) string { return s[:len(s)-5] }, malformed},
		{"crossed tags", swap("</saml:Subject>", "</saml:Conditions>"), malformed},
		{"closed by another prefix", swap("</saml:Subject>", "</Subject>"), malformed},
		{"attribute twice", swap(`Version="2.0"`, `Version="2.0" Version="2.0"`), malformed},
		{"attribute twice by prefix", swap(`Version="2.0"`, `xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2" Version="2.0"`), malformed},
		{"prefix not declared", swap(`<saml:Subject>`, `<saml:Subject y:x="1">`), malformed},
		{"element prefix not declared", swap(`<samlp:Status>`, `<y:x/><samlp:Status>`), malformed},
		{"prefix undeclared", swap(`<saml:Subject>`, `<saml:Subject xmlns:saml="">`), malformed},
		{"xml redeclared", swap(`<saml:Subject>`, `<saml:Subject xmlns:xml="urn:x">`), malformed},
		{"xmlns redeclared", swap(`<saml:Subject>`, `<saml:Subject xmlns:xmlns="urn:x">`), malformed},
		{"xmlns as element", swap(`<samlp:Status>`, `<xmlns:x/><samlp:Status>`), malformed},
		{"three parts of a name", swap(`<saml:Subject>`, `<saml:Subject a:b:c="x">`), malformed},
		{"name with a letter beyond ASCII", swap(`<samlp:Status>`, `<ſtatus/><samlp:Status>`), malformed},
		{"less-than in a value", swap(`Version="2.0"`, `Version="<2.0"`), malformed},
		{"no quotes", swap(`Version="2.0"`, `Version=2.0`), malformed},
		{"no space between", swap(`Version="2.0"`, `x="1"Version="2.0"`), malformed},
		{"section end in text", swap(">dev<", ">]]>dev<"), malformed},
		{"end without start", func(s string) string { return "</a>" + s }, malformed},
		// S27: caps, each named.
		{"deep", func(string) string { return strings.Repeat("<a>", 20_000) + strings.Repeat("</a>", 20_000) }, large},
		{"wide", func(string) string { return "<a>" + strings.Repeat("<b/>", 20_000) + "</a>" }, large},
		{"long", func(s string) string { return s + strings.Repeat(" ", 256<<10) }, large},
		{"many attributes", func(string) string { return "<a " + manyAttributes(33) + "/>" }, large},
		{"many namespaces", func(string) string {
			out := ""
			for i := range 10 {
				for j := range 10 {
					out += fmt.Sprintf(`%s xmlns:p%d="urn:%d"`, map[bool]string{true: "<a", false: ""}[j == 0], 10*i+j, j)
				}
				out += ">"
			}
			return out
		}, large},
		{"quadratic text", func(string) string { return "<a>" + strings.Repeat("&amp;", 50_000) + "</a>" }, malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			plain := string(w.mint(login, idptest.Hooks{}))
			changed := c.change(plain)
			if changed == plain {
				t.Fatal("nothing changed")
			}
			w.refuse(c.code, []byte(changed), login)
		})
	}
}

// TestCapsAreNamed: who is refused for size reads which limit it was (speed A3).
func TestCapsAreNamed(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	for document, want := range map[string]string{
		"<a>" + strings.Repeat("<b/>", 10_000) + "</a>":          "more than 10000 elements",
		strings.Repeat("<a>", 33):                                "more than 32 levels of nesting",
		strings.Repeat(" ", 1<<20):                               "more than 262144 bytes",
		namespaces(20) + strings.Repeat(`<b x="" y=""/>`, 5_000): "more than 60000 attributes and namespaces, counted wherever they are in scope",
	} {
		err := w.refuse(bridge.CodeAnswerTooLarge, []byte(document), login)
		if _, _, detail := bridge.Explain(err); detail != want {
			t.Errorf("detail %q, want %q", detail, want)
		}
	}
}

// TestLargestGood is just inside all caps.
func TestLargestGood(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) {
		groups := find(t, doc, "//Attribute[@Name='memberOf']")
		for range 3500 {
			groups.CreateElement("saml:AttributeValue").SetText("g")
		}
	})), login)
	if len(id.Groups) != 3502 {
		t.Errorf("%d groups", len(id.Groups))
	}
}

func TestNotBase64(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	good := base64.StdEncoding.EncodeToString(append(w.mint(login, idptest.Hooks{}), "  "...))
	for name, encoded := range map[string]string{
		"url alphabet": "-_-_", "garbage": "<xml/>", "cut": good[:len(good)-3], "padding in the middle": good[:8] + "==" + good[8:],
		"spare bits": "QR==", "no padding": strings.TrimRight(good, "="), "empty": "",
	} {
		if name == "no padding" && !strings.HasSuffix(good, "=") {
			continue
		}
		answer := posted(nil, login)
		answer.Form.Set("SAMLResponse", encoded)
		id, proof, err := w.p.Finish(t.Context(), login, answer)
		w.checkRefused(bridge.CodeAnswerMalformed, id, proof, err)
	}
}
