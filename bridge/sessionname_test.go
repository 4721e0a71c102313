package bridge_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
)

func TestSessionName(t *testing.T) {
	cases := []struct {
		id       bridge.Identity
		readable string // before the dash and the hash
		exact    string // with session_name: exact; "" where that falls back to the hash
	}{
		{bridge.Identity{Email: "ada@example.com", Name: "Ada", Subject: "1"}, "ada@example.com", "ada@example.com"},
		{bridge.Identity{Name: "Ada Lovelace", Subject: "1"}, "Ada-Lovelace", ""},
		{bridge.Identity{Subject: "employee+7"}, "employee+7", "employee+7"},
		{bridge.Identity{Subject: "x"}, "x", ""},
		{bridge.Identity{Subject: "日本"}, "--", ""},
		{bridge.Identity{Subject: "a:b*c/d\n"}, "a-b-c-d-", ""},
		{bridge.Identity{Subject: strings.Repeat("a", 64)}, strings.Repeat("a", 53), strings.Repeat("a", 64)},
		{bridge.Identity{Subject: strings.Repeat("a", 65)}, strings.Repeat("a", 53), ""},
		{bridge.Identity{}, "u", ""},
	}
	for _, c := range cases {
		name := bridge.SessionName(c.id, false)
		readable, hash := name[:len(name)-11], name[len(name)-11:]
		if readable != c.readable || hash[0] != '-' || strings.Trim(hash[1:], "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%+v: %q", c.id, name)
		}
		want := c.exact
		if want == "" {
			want = name
		}
		if got := bridge.SessionName(c.id, true); got != want {
			t.Errorf("%+v, exact: %q, want %q", c.id, got, want)
		}
		if !bridge.ValidSessionName(name) || name != bridge.SessionName(c.id, false) {
			t.Errorf("%q doesn't fit, or changes", name)
		}
	}
}

// TestSameReadablePart: people who look alike don't share a name, whatever part of them differs.
func TestSameReadablePart(t *testing.T) {
	base := bridge.Identity{Provider: "corp", Issuer: "https://idp", Subject: "1", Email: "ada@example.com"}
	others := []func(*bridge.Identity){
		func(id *bridge.Identity) { id.Provider = "partner" },
		func(id *bridge.Identity) { id.Issuer = "https://idp/" },
		func(id *bridge.Identity) { id.Subject = "2" },
		func(id *bridge.Identity) { id.Format = "persistent" },
		func(id *bridge.Identity) { id.Provider, id.Issuer = "corphttps", "://idp" }, // the same text, cut elsewhere
		func(id *bridge.Identity) { id.Format, id.Subject = "1", "" },
	}
	names := map[string]int{bridge.SessionName(base, false): -1}
	for i, change := range others {
		id := base
		change(&id)
		name := bridge.SessionName(id, false)
		if other, taken := names[name]; taken {
			t.Errorf("persons %d and %d share %s", i, other, name)
		}
		names[name] = i
	}
	// E-mail and name are for reading: they don't make another person, but the same one never turns into somebody else.
	renamed := base
	renamed.Email = "ada.l@example.com"
	if bridge.SessionName(renamed, false)[len("ada.l@example.com"):] != bridge.SessionName(base, false)[len("ada@example.com"):] {
		t.Error("the hash depends on the e-mail")
	}
}

func TestValidSessionName(t *testing.T) {
	for _, good := range []string{"ab", "a_b+c=d,e.f@g-h", strings.Repeat("a", 64)} {
		if !bridge.ValidSessionName(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "a", strings.Repeat("a", 65), "a b", "a/b", "a:b", "ab\n", "aü", "a*", "a\x00", "ａｂ"} {
		if bridge.ValidSessionName(bad) {
			t.Errorf("%q passes", bad)
		}
	}
}

// FuzzSessionName: fits STS's alphabet and 2 to 64; two people never share one.
func FuzzSessionName(f *testing.F) {
	f.Add("corp", "https://idp", "", "ada", "ada@example.com", "corp", "https://idp", "", "eve", "ada@example.com")
	f.Add("a", "b", "", "c", "", "ab", "", "", "c", "")
	f.Add("", "", "", "", "", "", "", "", "日本\x00\xff", strings.Repeat("x", 100))
	f.Fuzz(func(t *testing.T, p1, i1, f1, s1, e1, p2, i2, f2, s2, e2 string) {
		one := bridge.Identity{Provider: p1, Issuer: i1, Format: f1, Subject: s1, Email: e1}
		two := bridge.Identity{Provider: p2, Issuer: i2, Format: f2, Subject: s2, Email: e2}
		for _, id := range []bridge.Identity{one, two} {
			for _, exact := range []bool{false, true} {
				if name := bridge.SessionName(id, exact); !bridge.ValidSessionName(name) {
					t.Errorf("%+v has name %q", id, name)
				}
			}
		}
		same := p1 == p2 && i1 == i2 && f1 == f2 && s1 == s2
		if (one.PersonKey() == two.PersonKey()) != same {
			t.Errorf("%+v and %+v: the same person? %v", one, two, same)
		}
		if !same && bridge.SessionName(one, false) == bridge.SessionName(two, false) {
			t.Errorf("%+v and %+v share %s", one, two, bridge.SessionName(one, false))
		}
	})
}

// TestPersonKey: random people out of few letters, so that their parts often run into each other.
func TestPersonKey(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	part := func() string {
		out := make([]byte, random.IntN(4))
		for i := range out {
			out[i] = "ab\x00\x01\x02"[random.IntN(5)]
		}
		return string(out)
	}
	seen := map[string][4]string{}
	for range 200_000 {
		who := [4]string{part(), part(), part(), part()}
		id := bridge.Identity{Provider: who[0], Issuer: who[1], Format: who[2], Subject: who[3]}
		if other, taken := seen[id.PersonKey()]; taken && other != who {
			t.Fatalf("%q and %q have one key", who, other)
		}
		seen[id.PersonKey()] = who
	}
	long := bridge.Identity{Subject: strings.Repeat("a", 300)}
	if long.PersonKey() == (bridge.Identity{Subject: strings.Repeat("a", 301)}).PersonKey() {
		t.Error("long subjects run together")
	}
}
