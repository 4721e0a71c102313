package saml_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestAccept is the way that real providers differ, and must all work.
func TestAccept(t *testing.T) {
	signs := map[string]idptest.Signs{"assertion": idptest.SignAssertion, "response": idptest.SignResponse, "both": idptest.SignBoth}
	keys := map[string]idptest.KeyKind{"rsa": idptest.KeyRSA, "ecdsa": idptest.KeyECDSA}
	for name, sign := range signs {
		for kind, key := range keys {
			t.Run(name+" signed by "+kind, func(t *testing.T) {
				w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.Sign, o.Key = sign, key }})
				login := w.login()
				id, _ := w.accept(w.mint(login, idptest.Hooks{}), login)
				if id.Subject != "alice-0001" || id.Email != "alice@example.com" || len(id.Groups) != 2 {
					t.Errorf("identity %+v", id)
				}
			})
		}
	}
}

func TestIdentity(t *testing.T) {
	w := newWorld(t, setup{
		idp:    func(o *idptest.SAMLOptions) { o.FriendlyNames = true; o.Audiences = []string{idptest.AWSAudience} },
		config: func(c *saml.Config) { c.Audiences = []string{idptest.AWSAudience} },
	})
	login := w.login()
	document := w.mint(login, idptest.Hooks{})
	id, proof := w.accept(document, login)
	if id.AuthTime.IsZero() || id.SessionEnd.IsZero() || id.SessionIndex == "" {
		t.Errorf("session of the provider is missing: %+v", id)
	}
	if len(id.KeyFingerprint) != 64 || !strings.Contains(w.audit.details(), id.KeyFingerprint+" trusted at start") {
		t.Errorf("fingerprint %q, audit %s", id.KeyFingerprint, w.audit.details())
	}
	id.AuthTime, id.SessionEnd, id.SessionIndex, id.KeyFingerprint = time.Time{}, time.Time{}, "", ""
	want := bridge.Identity{
		Provider: "corp", Issuer: w.idp.EntityID(), Subject: "alice-0001", Format: idptest.NameIDPersistent,
		Email: "alice@example.com", Name: "Alice Liddell", Groups: []string{"dev", "aws-platform"},
		Claims: bridge.Claims{
			"mail": {"alice@example.com"}, "displayName": {"Alice Liddell"}, "memberOf": {"dev", "aws-platform"},
			"department": {"engineering"},
		},
		ACR: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
	}
	if diff := cmp.Diff(want, id); diff != "" {
		t.Error(diff)
	}
	if proof.Kind != bridge.ProofSAML || proof.Raw.Reveal() != base64.StdEncoding.EncodeToString(document) {
		t.Error("the proof is not what was posted")
	}
	if proof.Encrypted || proof.Recipient != acs || !cmp.Equal(proof.Audiences, []string{entityID, idptest.AWSAudience}) {
		t.Errorf("proof %+v", proof)
	}
	if left := proof.RelayUntil.Sub(w.clock.now()); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("relay for %s, want five minutes", left)
	}
}

// TestRelayEndsWithAssertion: STS takes nothing past NotOnOrAfter.
func TestRelayEndsWithAssertion(t *testing.T) {
	w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.Lifetime = time.Minute }})
	login := w.login()
	_, proof := w.accept(w.mint(login, idptest.Hooks{}), login)
	if left := proof.RelayUntil.Sub(w.clock.now()); left > time.Minute {
		t.Errorf("relay for %s, want a minute at most", left)
	}
}

// TestManyGroups: somebody in 1,200 groups, and somebody with as many attributes as a document may hold, are people.
func TestManyGroups(t *testing.T) {
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignResponse, idptest.SignBoth} {
		w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.Sign = sign }})
		login := w.login()
		document := w.mint(login, before(func(doc *etree.Document) { addGroups(t, doc, 1200) }))
		id, _ := w.accept(document, login)
		if len(id.Groups) != 1202 {
			t.Errorf("signed %q: %d groups", sign, len(id.Groups))
		}
	}
}

func addGroups(t testing.TB, doc *etree.Document, n int) {
	groups := find(t, doc, "//Attribute[@Name='memberOf']")
	for i := range n {
		groups.CreateElement("saml:AttributeValue").SetText(fmt.Sprintf("group-%d", i))
	}
}

// TestForms are spellings of the same answer that must not matter.
func TestForms(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"xml declaration":  func(s string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + s },
		"standalone":       func(s string) string { return `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>` + s },
		"byte order mark":  func(s string) string { return "\ufeff" + s },
		"space around":     func(s string) string { return "\n\t" + s + " \r\n" },
		"no KeyInfo":       cutKeyInfo,
		"wrapped value":    wrapSignatureValue,
		"single quotes":    func(s string) string { return strings.ReplaceAll(s, `Version="2.0"`, `Version='2.0'`) },
		"spaces in tags":   func(s string) string { return strings.ReplaceAll(s, `</saml:Issuer>`, "</saml:Issuer \n>") },
		"spaces in ends":   func(s string) string { return strings.ReplaceAll(s, `<samlp:Status>`, "<samlp:Status\n\t>") },
		"character ref":    func(s string) string { return strings.ReplaceAll(s, "alice-0001", "alice&#45;0001") },
		"hex ref":          func(s string) string { return strings.ReplaceAll(s, "alice-0001", "alice&#x2d;0001") },
		"cdata in a value": func(s string) string { return strings.ReplaceAll(s, ">dev<", "><![CDATA[dev]]><") },
		"carriage returns": func(s string) string { return strings.ReplaceAll(s, "><samlp:Status>", ">\r\n<samlp:Status>") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			plain := string(w.mint(login, idptest.Hooks{}))
			changed := change(plain)
			if changed == plain {
				t.Fatal("nothing changed")
			}
			id, _ := w.accept([]byte(changed), login)
			if id.Subject != "alice-0001" || id.Groups[0] != "dev" {
				t.Errorf("identity %+v", id)
			}
		})
	}
}

func cutKeyInfo(s string) string {
	from, to := strings.Index(s, "<ds:KeyInfo>"), strings.Index(s, "</ds:KeyInfo>")
	return s[:from] + s[to+len("</ds:KeyInfo>"):]
}

func wrapSignatureValue(s string) string {
	at := strings.Index(s, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
	return s[:at] + "\n    " + s[at:at+40] + "\r\n\t " + s[at+40:]
}

// TestLineBreaksInBase64: some providers wrap the field.
func TestLineBreaksInBase64(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	answer := posted(w.mint(login, idptest.Hooks{}), login)
	encoded := answer.Form["SAMLResponse"][0]
	var wrapped strings.Builder
	for len(encoded) > 76 {
		wrapped.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	answer.Form.Set("SAMLResponse", wrapped.String()+encoded)
	if _, _, err := w.p.Finish(t.Context(), login, answer); err != nil {
		t.Fatal(err)
	}
	answer.Form.Set("SAMLResponse", encoded[:10]+" "+encoded[10:])
	id, proof, err := w.p.Finish(t.Context(), login, answer)
	w.checkRefused(bridge.CodeAnswerMalformed, id, proof, err)
}

// TestPrefixList: OpenSAML signs with InclusiveNamespaces, and namespaces may be declared far outside.
func TestPrefixList(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	signed := resign(t, w, w.mint(login, idptest.Hooks{}), resigning{element: "Assertion", prefixes: "xs", declareOutside: true})
	id, _ := w.accept(signed, login)
	if id.Subject != "alice-0001" {
		t.Errorf("identity %+v", id)
	}
}

func TestSubjectAttribute(t *testing.T) {
	byDepartment := func(c *saml.Config) { c.Subject.Attribute = "department" }
	for name, lie := range map[string]idptest.Lie{"persistent": "", "transient": idptest.TransientNameID, "none": idptest.NoNameID} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{config: byDepartment})
			if lie != "" {
				w.idp.Lie(lie)
			}
			login := w.login()
			id, _ := w.accept(w.mint(login, idptest.Hooks{}), login)
			if id.Subject != "engineering" || id.Format != "attribute:department" {
				t.Errorf("subject %q of format %q", id.Subject, id.Format)
			}
		})
	}
}

func TestGroupsSeparated(t *testing.T) {
	w := newWorld(t, setup{config: func(c *saml.Config) { c.Claims.Groups = saml.GroupsClaim{Claim: "list", Separator: ";"} }})
	login := w.login()
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) {
		addAttribute(t, doc, "list", "<saml:AttributeValue>a;b c;;d</saml:AttributeValue>")
	})), login)
	if !cmp.Equal(id.Groups, []string{"a", "b c", "d"}) {
		t.Errorf("groups %q", id.Groups)
	}
}

func addAttribute(t *testing.T, doc *etree.Document, name, values string) {
	t.Helper()
	text := `<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + values + `</saml:Attribute>`
	el := fragment(t, text)
	el.CreateAttr("Name", name)
	find(t, doc, "//AttributeStatement").AddChild(el)
}

// TestAttributes: exact names and whole values; what isn't text is skipped, and shown as skipped (threats S5, P19).
func TestAttributes(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) {
		addAttribute(t, doc, "eptid", `<saml:AttributeValue><saml:NameID>evil</saml:NameID></saml:AttributeValue>`)
		addAttribute(t, doc, "half", `<saml:AttributeValue>good</saml:AttributeValue><saml:AttributeValue>a<x/>b</saml:AttributeValue>`)
		addAttribute(t, doc, "Mail", `<saml:AttributeValue>other@example.com</saml:AttributeValue>`)
		addAttribute(t, doc, "mail ", `<saml:AttributeValue>padded@example.com</saml:AttributeValue>`)
		addAttribute(t, doc, "urn:oid:1", `<saml:AttributeValue>friendly</saml:AttributeValue>`)
		find(t, doc, "//Attribute[@Name='urn:oid:1']").CreateAttr("FriendlyName", "memberOf")
		addAttribute(t, doc, "spaces", `<saml:AttributeValue>  two, words  </saml:AttributeValue><saml:AttributeValue/>`)
		addAttribute(t, doc, "memberOf", `<saml:AttributeValue>again</saml:AttributeValue>`)
		addAttribute(t, doc, "nothing", ``)
	})), login)
	if id.Email != "alice@example.com" || !cmp.Equal(id.Groups, []string{"dev", "aws-platform", "again"}) {
		t.Errorf("e-mail %q, groups %q", id.Email, id.Groups)
	}
	if !cmp.Equal(id.Skipped, []string{"eptid", "half"}) {
		t.Errorf("skipped %q", id.Skipped)
	}
	if !cmp.Equal(id.Claims["half"], []string{"good"}) || id.Claims["eptid"] != nil || id.Claims["nothing"] != nil {
		t.Errorf("claims %q", id.Claims)
	}
	if !cmp.Equal(id.Claims["spaces"], []string{"  two, words  ", ""}) {
		t.Errorf("spaces %q", id.Claims["spaces"])
	}
}

// TestEmailOfSeveral: of two addresses neither is taken.
func TestEmailOfSeveral(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) {
		addAttribute(t, doc, "mail", `<saml:AttributeValue>second@example.com</saml:AttributeValue>`)
	})), login)
	if id.Email != "" || !cmp.Equal(id.Skipped, []string{"mail"}) {
		t.Errorf("e-mail %q, skipped %q", id.Email, id.Skipped)
	}
}
