package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestAttackMixedRequests: two sign-ins are under way, and the answer mixes them: each of RelayState, InResponseTo of the
// Response and InResponseTo of the assertion names one of both, or none (threats P3, P4). Only what names one and the same
// thrice is an answer; the Response's may be missing, since the signed assertion repeats it.
func TestAttackMixedRequests(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	a, b := w.login(), w.login()
	const none, empty = "none", ""
	for _, relay := range []string{a.State, b.State, none} {
		for _, outer := range []string{a.RequestID, b.RequestID, strings.ToLower(a.RequestID), " " + a.RequestID, a.RequestID + "x", empty, none} {
			for _, inner := range []string{a.RequestID, b.RequestID, strings.ToUpper(a.RequestID), a.RequestID + " ", a.RequestID[:20], a.State, empty, none} {
				document := w.mint(a, before(func(doc *etree.Document) {
					for path, value := range map[string]string{"/Response": outer, "//SubjectConfirmationData": inner} {
						if el := find(t, doc, path); value == none {
							el.RemoveAttr("InResponseTo")
						} else {
							el.CreateAttr("InResponseTo", value)
						}
					}
				}))
				answer := posted(document, idp.Login{State: relay})
				if relay == none {
					answer.Form.Del("RelayState")
				}
				good := relay == a.State && inner == a.RequestID && (outer == a.RequestID || outer == none)
				id, proof, err := w.p.Finish(t.Context(), a, answer)
				if good && err != nil {
					t.Errorf("relay %q, outer %q, inner %q: %v", relay, outer, inner, err)
				} else if !good {
					w.checkRefused(bridge.CodeLoginStale, id, proof, err)
				}
			}
		}
	}
}

// TestAttackUnsolicitedMixed: where answers to nobody are taken, one that says anywhere that somebody asked is not one, and
// none of them ends a sign-in that is under way.
func TestAttackUnsolicitedMixed(t *testing.T) {
	for _, sign := range []idptest.Signs{idptest.SignAssertion, idptest.SignBoth} {
		w := newWorld(t, setup{
			idp: func(o *idptest.SAMLOptions) { o.Sign = sign }, config: func(c *saml.Config) { c.IdPInitiated = true },
		})
		login := w.login()
		unasked := func(path, value string) idp.Answer {
			document, err := w.idp.Respond(alice, idptest.AuthnRequest{Issuer: entityID, ACS: acs}, before(func(doc *etree.Document) {
				if path != "" {
					find(t, doc, path).CreateAttr("InResponseTo", value)
				}
			}))
			if err != nil {
				t.Fatal(err)
			}
			return posted(document, login)
		}
		for _, path := range []string{"/Response", "//SubjectConfirmationData"} {
			for _, value := range []string{login.RequestID, "", "_x"} {
				id, proof, err := w.p.(idp.UnsolicitedFinisher).FinishUnsolicited(t.Context(), unasked(path, value))
				w.checkRefused(bridge.CodeLoginStale, id, proof, err)
			}
		}
		for _, path := range []string{"", "/Response"} {
			id, proof, err := w.p.Finish(t.Context(), login, unasked(path, login.RequestID))
			w.checkRefused(bridge.CodeLoginStale, id, proof, err)
		}
		// The answer to a sign-in at the other door, with the request's id cut out of the unsigned half.
		document := w.mint(login, before(func(doc *etree.Document) { doc.Root().RemoveAttr("InResponseTo") }))
		id, proof, err := w.p.(idp.UnsolicitedFinisher).FinishUnsolicited(t.Context(), posted(document, login))
		w.checkRefused(bridge.CodeLoginStale, id, proof, err)
	}
}

// TestAttackUnsolicitedForm: the other door holds answers to the same form, and they live short (threats P4, P16).
func TestAttackUnsolicitedForm(t *testing.T) {
	w := newWorld(t, setup{transport: noNetwork{t}, config: func(c *saml.Config) { c.IdPInitiated = true }})
	finisher := w.p.(idp.UnsolicitedFinisher)
	fresh := func() idp.Answer {
		document, err := w.idp.Respond(alice, idptest.AuthnRequest{Issuer: entityID, ACS: acs}, idptest.Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		return posted(document, idp.Login{})
	}
	for name, change := range map[string]func(*idp.Answer){
		"GET": func(a *idp.Answer) { a.Method = http.MethodGet; a.Query = a.Form },
		"two": func(a *idp.Answer) {
			a.Form["SAMLResponse"] = append(a.Form["SAMLResponse"], a.Form["SAMLResponse"]...)
		},
		"in the query too": func(a *idp.Answer) { a.Query = url.Values{"SAMLResponse": a.Form["SAMLResponse"]} },
		"artifact":         func(a *idp.Answer) { a.Form = url.Values{"SAMLart": {"AAQAAMFbLinlXaCM"}} },
		"two states":       func(a *idp.Answer) { a.Form["RelayState"] = []string{"a", "b"} },
	} {
		answer := fresh()
		change(&answer)
		id, proof, err := finisher.FinishUnsolicited(t.Context(), answer)
		t.Log(name)
		w.checkRefused(bridge.CodeAnswerMalformed, id, proof, err)
	}
	// Five minutes and the skew, however long the provider thinks that it lives.
	answer := fresh()
	w.clock.advance(7 * time.Minute)
	if _, _, err := finisher.FinishUnsolicited(t.Context(), answer); err != nil {
		t.Errorf("within the skew: %v", err)
	}
	answer = fresh()
	w.clock.advance(9 * time.Minute)
	id, proof, err := finisher.FinishUnsolicited(t.Context(), answer)
	w.checkRefused(bridge.CodeClock, id, proof, err)
}

// TestAttackEncodings: what isn't base64 of UTF-8 XML, in the many ways in which a parser might help itself (rule R1).
func TestAttackEncodings(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	good := string(w.mint(login, idptest.Hooks{}))
	utf16 := func(bom string, big bool) string {
		var out strings.Builder
		out.WriteString(bom)
		for i := range len(good) {
			if big {
				out.WriteString("\x00" + good[i:i+1])
			} else {
				out.WriteString(good[i:i+1] + "\x00")
			}
		}
		return out.String()
	}
	for name, document := range map[string]string{
		"UTF-16BE": utf16("\xfe\xff", true), "UTF-16LE": utf16("\xff\xfe", false), "UTF-16 without mark": utf16("", true),
		"UTF-32": "\x00\x00\xfe\xff" + good, "UTF-7": "+/v8-" + good, "EBCDIC": "\x4c\x6f\xa7\x94" + good,
		"two marks": "\ufeff\ufeff" + good, "mark behind space": " \ufeff" + good,
		"overlong": strings.Replace(good, "alice-0001", "\xc1\xa1lice-0001", 1), "surrogate in UTF-8": strings.Replace(good, "alice", "\xed\xa0\x80alice", 1),
		"beyond Unicode": strings.Replace(good, "alice", "\xf4\x90\x80\x80", 1), "NUL": good + "\x00", "form feed": strings.Replace(good, " ID=", "\fID=", 1),
		"no-break space": strings.Replace(good, " ID=", "\u00a0ID=", 1), "line separator": strings.Replace(good, " ID=", "\u2028ID=", 1),
		"twice encoded": base64.StdEncoding.EncodeToString([]byte(good)), "gzip": "\x1f\x8b\x08" + good, "zlib": "\x78\x9c" + good,
		"quoted": "'" + good + "'", "declaration in capitals": `<?XML version="1.0"?>` + good,
		"declaration of more": `<?xml version="1.0" encoding="UTF-8" x="y"?>` + good, "encoding twice": `<?xml version="1.0" encoding="UTF-8" encoding="UTF-8"?>` + good,
		"encoding padded": `<?xml version="1.0" encoding=" UTF-8"?>` + good, "UTF8": `<?xml version="1.0" encoding="UTF8"?>` + good,
		"version 1.00": `<?xml version="1.00"?>` + good, "an SGML comment": "<!- x ->" + good, "empty declaration": "<!>" + good,
		"conditional section": "<![INCLUDE[" + good + "]]>", "ELEMENT": "<!ELEMENT x ANY>" + good, "doctype in lower case": "<!doctype x>" + good,
	} {
		if document == good {
			t.Fatalf("%s: nothing changed", name)
		}
		t.Run(name, func(t *testing.T) { w.refuse(bridge.CodeAnswerMalformed, []byte(document), login) })
	}
	w.accept([]byte(good), login)
}
