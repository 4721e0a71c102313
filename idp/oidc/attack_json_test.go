package oidc_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// brokenJSON are texts that a reader might repair, each into something else. %s is a place for good members.
var brokenJSON = map[string]string{
	"no quote before a name": `{%s,a":1}`, "no quotes": `{%s,a:1}`, "one quote": `{%s,"a:1}`, "apostrophes": `{%s,'a':1}`, "no colon": `{%s,"a"1}`,
	"an equals sign": `{%s,"a"=1}`, "no value": `{%s,"a":}`, "a name alone": `{%s,"a"}`, "a trailing comma": `{%s,}`, "two commas": `{%s,,"a":1}`,
	"a comma first": `{,%s}`, "no comma": `{%s "a":1}`, "a semicolon": `{%s;"a":1}`, "a number as name": `{%s,1:1}`, "null as name": `{%s,null:1}`,
	"half a literal": `{%s,"a":tru}`, "a literal and more": `{%s,"a":truex}`, "a literal in capitals": `{%s,"a":True}`, "NaN": `{%s,"a":NaN}`, "Infinity": `{%s,"a":-Infinity}`,
	"undefined": `{%s,"a":undefined}`, "a leading zero": `{%s,"a":01}`, "a plus": `{%s,"a":+1}`, "a minus alone": `{%s,"a":-}`, "a dot first": `{%s,"a":.5}`,
	"a dot last": `{%s,"a":1.}`, "an exponent alone": `{%s,"a":1e}`, "an exponent's sign alone": `{%s,"a":1e+}`, "hexadecimal": `{%s,"a":0x1}`, "grouped": `{%s,"a":1_0}`,
	"an unknown escape": `{%s,"a":"\q"}`, "a hexadecimal escape": `{%s,"a":"\x41"}`, "an escape cut": `{%s,"a":"\u12"}`, "an escape of others": `{%s,"a":"\u00zz"}`,
	"a colon in an escape": `{%s,"a":"\u00:0"}`, "an at in an escape": `{%s,"a":"\u00@0"}`, "a grave in an escape": "{%s,\"a\":\"\\u00`0\"}", "a G in an escape": `{%s,"a":"\u00G0"}`,
	"a slash in an escape": `{%s,"a":"\u00/0"}`, "a big U": `{%s,"a":"\U00000041"}`, "a high surrogate": `{%s,"a":"\ud800"}`, "a low surrogate": `{%s,"a":"\udc00"}`,
	"two high ones": `{%s,"a":"\ud800\ud800"}`, "the wrong order": `{%s,"a":"\udc00\ud800"}`, "a surrogate before a letter": `{%s,"a":"\ud800x"}`,
	"a surrogate before an escape": `{%s,"a":"\ud800\n"}`, "a surrogate and an odd escape": `{%s,"a":"\ud800\xdc00"}`, "a raw line end": "{%s,\"a\":\"x\ny\"}", "a raw tab": "{%s,\"a\":\"x\ty\"}",
	"a raw NUL": "{%s,\"a\":\"\x00\"}", "a raw control after an escape": "{%s,\"a\":\"\\n\x01\"}", "invalid UTF-8": "{%s,\"a\":\"\xff\"}", "invalid UTF-8 after an escape": "{%s,\"a\":\"\\n\xff\"}",
	"invalid UTF-8 in a name": "{%s,\"\xc0\xaf\":1}", "a surrogate in UTF-8": "{%s,\"a\":\"\xed\xa0\x80\"}", "an open text": `{%s,"a":"x}`, "an open escape": `{%s,"a":"\`,
	"an open list": `{%s,"a":[1}`, "an open object": `{%s,"a":{}`, "closed by another": `{%s,"a":[1}]`, "a list's trailing comma": `{%s,"a":[1,]}`, "a list's comma first": `{%s,"a":[,1]}`,
	"not closed": `{%s`, "closed twice": `{%s}}`, "another object": `{%s}{%s}`, "another value": `{%s}1`, "a NUL behind": "{%s}\x00", "a comma behind": `{%s},`, "a comment": `{%s/**/}`,
	"a line comment": "{%s//\n}", "a mark before": "\ufeff{%s}", "a list": `[{%s}]`, "a text": `"{%s}"`, "null": `null`, "a number": `1`, "space alone": ` `, "a form feed": "{\f%s}",
	"a no-break space": "{\u00a0%s}", "a vertical tab": "{\v%s}", "JSONP": `f({%s})`, "a guard": `)]}',{%s}`, "17 levels": `{%s,"a":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`,
	"17 objects": `{%s,"a":` + strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17) + `}`, "open without end": `{%s,"a":` + strings.Repeat("[", 100_000),
}

// TestAttackJSON: where nobody but our own decoder reads, at UserInfo, and in an ID token whose signature is good (threats
// O20 to O23).
func TestAttackJSON(t *testing.T) {
	for name, text := range brokenJSON {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.UserInfo = true })
			s.idp.userInfo = strings.ReplaceAll(text, "%s", `"sub":"u-7f3c","groups":["admin"]`)
			id, proof, err := s.finish(s.mint(s.claims()))
			wantCode(t, malformed, id, proof, err)

			s = newScene(t, nil)
			good := string(must(json.Marshal(s.claims())))
			id, proof, err = s.finish(s.mintPayload(strings.ReplaceAll(text, "%s", good[1:len(good)-1])))
			if code := bridge.CodeOf(err); code != malformed && (code != bridge.CodeAnswerTooLarge || name != "open without end") {
				t.Errorf("in the ID token: %v", err)
			}
			wantCode(t, bridge.CodeOf(err), id, proof, err)
		})
	}
}

// TestAttackSpelling: what JSON lets one write in several ways means the same in all of them, and is one member.
func TestAttackSpelling(t *testing.T) {
	s := newScene(t, func(c *oidc.Config) { c.UserInfo = true })
	s.idp.userInfo = " {\r\n\t\"s\\u0075b\" : \"\\u0075-7f3c\", \"groups\" : [ ] , \"x\" : \"\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\", \"n\" : -0.5E+10 , \"deep\":{\"a\":{}} }\n"
	claims := s.claims()
	delete(claims, "groups")
	id, _, err := s.finish(s.mint(claims))
	if err != nil || id.Claims["x"][0] != "\U0001f600/\b\f\n\r\t\\\"" || id.Claims["n"][0] != "-0.5E+10" {
		t.Errorf("%v %q", err, id.Claims)
	}
	for _, twice := range []string{`"sub":"root","s\u0075b":"u-7f3c"`, `"sub":"u-7f3c","x":{"a":1,"\u0061":2}`, `"sub":"u-7f3c","x":[{"a":1,"a":1}]`} {
		s.newLogin()
		s.idp.userInfo = "{" + twice + "}"
		id, proof, err := s.finish(s.mint(s.claims()))
		wantCode(t, bridge.CodeClaim, id, proof, err)
	}
}
