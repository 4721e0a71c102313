package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestAttackTags breaks XML in the unsigned half of a document, where no digest would notice: whoever repairs it reads
// something else than its neighbour (rule R1).
func TestAttackTags(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	good := string(w.mint(login, idptest.Hooks{}))
	const at = "<samlp:Status>"
	inserts := map[string]string{
		"no value": `<a b/>`, "no quotes": `<a b=/>`, "one quote": `<a b='/>`, "other quote": `<a b='"/>`, "no name": `<a =''/>`, "two names": `<a b c=''/>`,
		"a bare tag": `<>`, "a bare end": `</>`, "a slash": `</ a>`, "space before the name": `< a/>`, "colon first": `<:a/>`, "colon last": `<a:/>`,
		"two colons": `<a::b/>`, "digit first": `<1a/>`, "hyphen first": `<-a/>`, "dot first": `<.a/>`, "slash in the tag": `<a/b>`, "end with more": `<a></a b>`,
		"an unclosed element": `<a>`, "an unclosed empty one": `<a/`, "closed twice": `<a/></a>`, "other case": `<a></A>`, "crossed": `<a><b></a></b>`,
		"CDATA in an element": `<a><![CDATA[x]]></a>`, "unfinished CDATA": `<a><![CDATA[x]]</a>`, "CDATA by half": `<![CDATA`,
		"xml under a prefix": `<a xmlns:y="http://www.w3.org/XML/1998/namespace"/>`, "xml as default": `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`,
		"xmlns under a prefix": `<a xmlns:y="http://www.w3.org/2000/xmlns/"/>`, "xmlns as default": `<a xmlns="http://www.w3.org/2000/xmlns/"/>`,
		"xml bound anew": `<a xmlns:xml="urn:x"/>`, "a prefix undone": `<a xmlns:samlp=""/>`, "prefix of nothing": `<y:a/>`, "attribute of nothing": `<a y:b=""/>`,
		"xmlns twice": `<a xmlns="urn:x" xmlns="urn:y"/>`, "prefix twice": `<a xmlns:y="urn:x" xmlns:y="urn:y"/>`,
		"attribute by two prefixes": `<a xmlns:y="urn:x" xmlns:z="urn:x" y:b="1" z:b="2"/>`, "attribute twice": `<a b="1" b="2"/>`,
		"&": `<a b="&"/>`, "& alone": `<a>&</a>`, "& without end": `<a>&amp</a>`, "an entity of HTML": `<a>&copy;</a>`, "an entity's other case": `<a>&AMP;</a>`,
		"&#;": `<a>&#;</a>`, "&#x;": `<a>&#x;</a>`, "&#X41;": `<a>&#X41;</a>`, "signed": `<a>&#+65;</a>`, "grouped": `<a>&#1_0;</a>`, "prefixed": `<a>&#0x41;</a>`,
		"&#8;": `<a>&#8;</a>`, "&#x1F;": `<a>&#x1F;</a>`, "&#xFFFE;": `<a>&#xFFFE;</a>`, "&#xFFFF;": `<a>&#xFFFF;</a>`, "&#xD800;": `<a>&#xD800;</a>`,
		"&#xDFFF;": `<a>&#xDFFF;</a>`, "&#x110000;": `<a>&#x110000;</a>`, "&#4294967361;": `<a>&#4294967361;</a>`, "& in an attribute": `<a b="&#0;"/>`,
		"less in a value": `<a b="<"/>`, "section end": `<a>]]></a>`, "a comment": `<!-- x -->`, "a bad comment": `<!-- x -- y -->`, "an instruction": `<?php x?>`,
		"a late declaration": `<?xml version="1.0"?>`, "a declaration": `<!ATTLIST a b CDATA #IMPLIED>`, "a letter beyond ASCII": `<é/>`, "no space": `<a b="1"c="2"/>`,
	}
	for name, insert := range inserts {
		t.Run(name, func(t *testing.T) {
			w.refuse(bridge.CodeAnswerMalformed, []byte(strings.Replace(good, at, insert+at, 1)), login)
		})
	}
	end := strings.LastIndex(good, "</samlp:Response>")
	for name, document := range map[string]string{
		"no end": good[:end], "an end begun": good[:end] + "</", "an end without >": good[:end] + "</samlp:Response", "an end with more": good[:end] + "</samlp:Response x='y'>",
		"CDATA behind": good + "<![CDATA[x]]>", "CDATA before": "<![CDATA[x]]>" + good, "text behind": good + ".", "another root": good + "<a/>",
		"end tag behind": good + "</samlp:Response>", "a comment behind": good + "<!-- -->", "an instruction behind": good + "<?x?>", "nothing but space": "  ",
		"nothing but a declaration": `<?xml version="1.0"?>`,
	} {
		t.Run(name, func(t *testing.T) { w.refuse(bridge.CodeAnswerMalformed, []byte(document), login) })
	}
	w.accept([]byte(good), login)
}

// TestAttackHonest are documents that look odd and are in order: the guards above must not cost honest people their way.
func TestAttackHonest(t *testing.T) {
	add := func(path, xml string) func(*etree.Document) {
		return func(doc *etree.Document) {
			find(t, doc, path).AddChild(fragment(t, "<f "+samlNS+">"+xml+"</f>").ChildElements()[0].Copy())
		}
	}
	drop := func(path, name string) func(*etree.Document) {
		return func(doc *etree.Document) { find(t, doc, path).RemoveAttr(name) }
	}
	set := func(path, name, value string) func(*etree.Document) {
		return func(doc *etree.Document) { find(t, doc, path).CreateAttr(name, value) }
	}
	for name, change := range map[string]func(*etree.Document){
		"used once": add("//Conditions", "<saml:OneTimeUse/>"), "no proxies": add("//Conditions", `<saml:ProxyRestriction Count="0"/>`),
		"no begin": drop("//Conditions", "NotBefore"), "no end of session": drop("//AuthnStatement", "SessionNotOnOrAfter"),
		"no session index": drop("//AuthnStatement", "SessionIndex"), "issuer as entity": set("//Assertion/Issuer", "Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"),
		"outer issuer as entity": set("/Response/Issuer", "Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"),
		"an encrypted attribute": add("//AttributeStatement", "<saml:EncryptedAttribute/>"), "advice": add("//Assertion", "<saml:Advice/>"),
		"an address": set("//SubjectConfirmationData", "Address", "192.0.2.1"), "qualifiers": set("//NameID", "SPNameQualifier", entityID),
		"another audience first": func(doc *etree.Document) {
			find(t, doc, "//AudienceRestriction").InsertChildAt(0, fragment(t, `<saml:Audience `+samlNS+`>urn:x</saml:Audience>`))
		},
		"two attributes of one namespace": set("//AttributeValue", "xsi:nil", "false"), "a name with a space": func(doc *etree.Document) { find(t, doc, "//Attribute").CreateAttr("Name", "a b") },
		"a prefix bound twice": func(doc *etree.Document) {
			doc.Root().CreateAttr("xmlns:e", "urn:1")
			find(t, doc, "//Assertion").CreateAttr("xmlns:e", "urn:2")
			find(t, doc, "//AttributeValue").CreateAttr("e:x", "1")
		},
		"no default": set("//AttributeValue", "xmlns", ""), "wide letters": func(doc *etree.Document) { find(t, doc, "//AttributeValue").SetText("ｄｅｖ ﬁ \U0001f600") },
		"status with a message": add("/Response/Status", "<samlp:StatusMessage>fine</samlp:StatusMessage>"),
		"a consent":             set("/Response", "Consent", "urn:oasis:names:tc:SAML:2.0:consent:obtained"),
	} {
		for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
			t.Run(name+" "+string(sign), func(t *testing.T) {
				w := signedWorld(t, sign)
				login := w.login()
				w.accept(w.mint(login, before(change)), login)
			})
		}
	}
	t.Run("an attribute in two lines", func(t *testing.T) { // XML 1.0 §3.3.3: a line end in an attribute is a space, also to who signs
		w := newWorld(t, setup{config: func(c *saml.Config) { c.Claims.Name = "a b" }})
		login := w.login()
		document := w.mint(login, before(func(doc *etree.Document) { find(t, doc, "//Attribute[@Name='displayName']").CreateAttr("Name", "a b") }))
		for _, white := range []string{"\n", "\t", "\r\n", "\r"} {
			id, proof, err := w.finish(replaced(t, document, `"a b"`, `"a`+white+`b"`), login)
			if err != nil && bridge.CodeOf(err) == bridge.CodeAnswerRejected && strings.Contains(err.Error(), "used before") {
				continue // the signature was good each time
			}
			if err != nil || id.Name != "Alice Liddell" {
				t.Errorf("%q: %v %+v %v", white, err, id, proof.Kind)
			}
		}
	})
}
