package trust_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// seeds are policies of every kind, good and odd.
func seeds() []string {
	out := []string{samlExample, oidcExample, externalExample,
		statement("Allow", federated(samlARN), `"sts:*"`, `{"StringEquals":{"saml:aud":"x"}}`),
		statement("Allow", `{"AWS":["111122223333","*"]}`, `"*"`, ``),
		statement("Allow", `"*"`, `"*"`, ``),
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"1"},"NotAction":"sts:*"}}`,
		statement("Allow", `{"AWS":"arn:aws:iam::999988887777:root"}`, `"*"`, `{"ForAllValues:StringNotLikeIfExists":{"k":["${x}"]}}`),
		statement("Allow", `{"AWS":"999988887777"}`, `"sts:*"`, `{"DateLessThan":{"k":"2030-01-01"},"NumericLessThan":{"k":5},"IpAddress":{"k":"::/0"}}`),
		statement("Deny", `{"AWS":"999988887777"}`, `"sts:*"`, `{"StringLike":{"k":"a*${k, 'b'}?${*}"},"ArnLike":{"k":"arn:aws:*:${k}:*:*"}}`),
		statement("Deny", `{"CanonicalUser":"x","Service":["ec2.amazonaws.com"]}`, `"sts:*"`, `{"Null":{"k":true},"Bool":{"k":[false,true]}}`),
		`{"Version":"2008-10-17","Id":"x","Statement":[]}`, `[`, `{"Statement":{"Effect":"Allow","Effect":"Deny"}}`,
	}
	for i, s := range out {
		if i < 4 {
			out = append(out, strings.Replace(s, "Allow", "Deny", 1))
		}
	}
	return out
}

// FuzzTrustParse: what parses is JSON for everybody, within the limits, and the same policy every time; what doesn't
// parse gives no policy and a reason.
func FuzzTrustParse(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := trust.Parse(raw)
		if err != nil {
			if p != nil || err.Error() == "" {
				t.Fatalf("a policy and %q", err)
			}
			return
		}
		if !json.Valid(raw) || len(raw) > 64<<10 || p.Characters() > trust.MaxCharacters {
			t.Fatalf("takes %d bytes of %d characters", len(raw), p.Characters())
		}
		var compact, indented strings.Builder
		encoder := json.NewEncoder(&compact)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(json.RawMessage(raw))
		encoder = json.NewEncoder(&indented)
		encoder.SetIndent("", "\t")
		_ = encoder.Encode(json.RawMessage(raw))
		for _, written := range []string{compact.String(), indented.String()} {
			again, err := trust.Parse([]byte(written))
			if len(written) > 64<<10 || err != nil && strings.Contains(err.Error(), "characters") { // <, >, & escaped
				continue
			}
			if err != nil || again.Evaluate(guest("sts:AssumeRole", "k", "v")).Effect != p.Evaluate(guest("sts:AssumeRole", "k", "v")).Effect {
				t.Fatalf("written otherwise it is another policy (%v):\n%s\n%s", err, raw, written)
			}
		}
	})
}

func guest(action, key, value string) trust.Request {
	return trust.Request{
		Principal: trust.Principal{
			Kind: trust.AWS, ID: "arn:aws:sts::999988887777:assumed-role/Guest/me", Role: "arn:aws:iam::999988887777:role/Guest",
		},
		Action: action, Context: map[string][]string{key: {value}},
	}
}

// FuzzTrustEvaluate: whatever the policy says, nobody is let in whom no statement's Principal names, who knows less is
// never told something else, and the reason is one printable line. The oracle reads the principals with encoding/json,
// not with this package.
func FuzzTrustEvaluate(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, "sts:AssumeRole", "k", "v")
		f.Add(s, "sts:TagSession", "saml:aud", "2026-11-21T10:00:00Z")
		f.Add(s, "sts:AssumeRole", "K", "203.0.113.7")
	}
	f.Fuzz(func(t *testing.T, raw, action, key, value string) {
		p, err := trust.Parse([]byte(raw))
		if err != nil {
			return
		}
		r := guest(action, key, value)
		d := p.Evaluate(r)
		if d.Effect == trust.Allow && !named(t, raw, r.Principal) {
			t.Fatalf("let in by %+v, though no principal names it:\n%s", d, raw)
		}
		if !slices.Contains([]trust.Effect{trust.Allow, trust.Deny, trust.Unknown}, d.Effect) || d.Reason == "" || !oneLine(d.Reason) {
			t.Fatalf("answers %+v:\n%s", d, raw)
		}
		less := r
		less.Context, less.Opaque = nil, []string{"*"}
		if after := p.Evaluate(less); after.Effect != d.Effect && after.Effect != trust.Unknown {
			t.Fatalf("%s, and knowing less %s:\n%s", d.Effect, after.Effect, raw)
		}
		if all := p.EvaluateAll(r, "sts:TagSession"); all.Effect == trust.Allow && d.Effect != trust.Allow {
			t.Fatalf("two actions are allowed, and one of them isn't:\n%s", raw)
		}
	})
}

func named(t *testing.T, raw string, who trust.Principal) bool {
	t.Helper()
	var policy struct{ Statement any }
	if err := json.Unmarshal([]byte(raw), &policy); err != nil {
		t.Fatalf("Parse took what encoding/json refuses: %v", err)
	}
	list, ok := policy.Statement.([]any)
	if !ok {
		list = []any{policy.Statement}
	}
	for _, s := range list {
		principal, _ := s.(map[string]any)["Principal"].(map[string]any)
		values, ok := principal["AWS"].([]any)
		if !ok {
			values = []any{principal["AWS"]}
		}
		for _, v := range values {
			switch v {
			case "*", who.ID, who.Role, "999988887777", "arn:aws:iam::999988887777:root":
				return true
			}
		}
	}
	return false
}

// FuzzMatch: a pattern matches what a regular expression made of it matches.
func FuzzMatch(f *testing.F) {
	for _, c := range [][2]string{{"a*b?", "axbc"}, {"*", ""}, {"??*", "中é"}, {"*.*", "a.b"}, {"${*}", "*"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 64 || len(s) > 256 || strings.Contains(pattern, "${*}") || !valid(pattern) || !valid(s) {
			return
		}
		if got, want := trust.Match(pattern, s), globbed(pattern, s); got != want {
			t.Fatalf("Match(%q, %q) = %t, the regular expression says %t", pattern, s, got, want)
		}
	})
}

func valid(s string) bool { return strings.ToValidUTF8(s, "") == s && !strings.Contains(s, "\ufffd") }
