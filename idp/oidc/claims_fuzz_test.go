package oidc

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var fuzzNames = newNameSet(protocolClaims, personalClaims, []string{"memberOf"})

// FuzzDecodeClaims: what the strict decoder accepts, encoding/json accepts, and both read the same values; and no name
// that a case-folding reader takes for a claim that is read stands in any other spelling.
func FuzzDecodeClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"sub":"a"}`, `{"sub":"a","sub":"b"}`, `{"ſub":"a"}`, `{"Sub":"a","sub":"b"}`, `{"memberof":[]}`,
		`{"a":{"b":{"c":[1,"x",true,null]}},"d":[{}],"e":[[]]}`, `{"a":"\ud83d\ude00\u0000\/"}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
		`{"a":1.5e-3,"b":-0,"c":1e400}`, `{"a":01}`, ` {"a":[]} `, `{"a":1}x`, "\ufeff{}", `{"a":"]","b":["]","]"]}`,
		`{"Kid":1,"aud":["a","b"],"exp":1e9}`, strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		claims, err := decodeClaims(payload, fuzzNames)
		if err != nil {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(payload))
		decoder.UseNumber()
		var reference map[string]any
		if err := decoder.Decode(&reference); err != nil {
			t.Fatalf("accepted; encoding/json: %v", err)
		}
		if ours := plain(node{kind: kindObject, members: claims}, reference); !reflect.DeepEqual(ours, any(reference)) {
			t.Fatalf("read as %#v; encoding/json reads %#v", ours, reference)
		}
		for name := range reference {
			for _, read := range fuzzNames {
				if name != read && strings.EqualFold(name, read) {
					t.Fatalf("%q was accepted beside %q", name, read)
				}
			}
		}
		// encoding/json folds names into fields: whatever it finds must be the exact claim.
		var folded struct {
			Sub    json.RawMessage `json:"sub"`
			Groups json.RawMessage `json:"memberOf"`
		}
		if json.Unmarshal([]byte(payload), &folded) == nil {
			_, sub := reference["sub"]
			_, groups := reference["memberOf"]
			if folded.Sub != nil && !sub || folded.Groups != nil && !groups {
				t.Fatal("another reader finds a claim that isn't there")
			}
		}
	})
}

// plain is our tree as encoding/json would give it. The kinds of scalars in a list, and what stands in a mixed one, aren't
// kept by our reader: those are taken from the reference after their texts were compared.
func plain(n node, reference any) any {
	switch n.kind {
	case kindNull:
		return nil
	case kindText:
		return n.text
	case kindNumber:
		return json.Number(n.text)
	case kindBool:
		return n.text == "true"
	case kindObject:
		inner, _ := reference.(map[string]any)
		out := make(map[string]any, len(n.members))
		for _, m := range n.members {
			out[m.name] = plain(m.node, inner[m.name])
		}
		return out
	}
	list, ok := reference.([]any)
	if !ok {
		return n.kind
	}
	texts, scalars, strings := scalarTexts(list)
	if scalars != (n.kind == kindList) || scalars && (!slices.Equal(texts, n.values) || strings != n.texts) {
		return n.values
	}
	return list
}

func scalarTexts(list []any) (texts []string, scalars, strings bool) {
	scalars, strings = true, true
	for _, v := range list {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case json.Number:
			texts, strings = append(texts, v.String()), false
		case bool:
			texts, strings = append(texts, map[bool]string{true: "true", false: "false"}[v]), false
		default:
			return nil, false, false
		}
	}
	return texts, scalars, strings
}
