package mint_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

func subOf(t testing.TB, m *mint.Minter, id bridge.Identity, changes ...func(*bridge.MintRequest)) string {
	t.Helper()
	req := forRole("", changes...)
	req.Identity = id
	return claimsOf(t, minted(t, m, req))["sub"].(string)
}

// TestSubject: two people never share one, whatever they are called (threats A8, A20); one person always has the same.
func TestSubject(t *testing.T) {
	m := newMinter(t)
	ada := bridge.Identity{Provider: "corp", Issuer: "https://idp", Subject: "ada", Email: "ada@example.com", Name: "Ada"}
	people := map[string]bridge.Identity{"ada": ada}
	add := func(name string, change func(*bridge.Identity)) {
		id := ada
		change(&id)
		people[name] = id
	}
	add("same e-mail and name, another subject", func(i *bridge.Identity) { i.Subject = "ada2" })
	add("another provider", func(i *bridge.Identity) { i.Provider = "corp2" })
	add("another issuer", func(i *bridge.Identity) { i.Issuer = "https://idp2" })
	add("another format", func(i *bridge.Identity) { i.Format = "attribute:uid" })
	add("case", func(i *bridge.Identity) { i.Subject = "Ada" })
	add("a blank behind", func(i *bridge.Identity) { i.Subject = "ada " })
	add("parts moved", func(i *bridge.Identity) { i.Issuer, i.Subject = "https://idpa", "da" })
	add("a:b", func(i *bridge.Identity) { i.Subject = "a:b" })
	add("a and b", func(i *bridge.Identity) { i.Provider, i.Subject = "corp:a", "b" })
	add("*", func(i *bridge.Identity) { i.Subject = "*" })
	add("slashes", func(i *bridge.Identity) { i.Subject = "Admin/*" })
	add("quotes", func(i *bridge.Identity) { i.Subject = `"]]>` })
	add("control", func(i *bridge.Identity) { i.Subject = "a\x00b" })
	add("not UTF-8", func(i *bridge.Identity) { i.Subject = "a\xffb" })
	add("not UTF-8 either", func(i *bridge.Identity) { i.Subject = "a\xfeb" })
	add("U+FFFD", func(i *bridge.Identity) { i.Subject = "a\uFFFDb" })
	add("long", func(i *bridge.Identity) { i.Subject = strings.Repeat("x", 64) })
	add("longer", func(i *bridge.Identity) { i.Subject = strings.Repeat("x", 65) })
	seen := map[string]string{}
	for name, id := range people {
		sub := subOf(t, m, id)
		role, hash, _ := strings.Cut(sub, "/")
		if other, taken := seen[sub]; taken {
			t.Errorf("%s and %s share %s", name, other, sub)
		}
		if role != "Dev" || len(hash) != 52 || strings.Trim(hash, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%s: sub %q", name, sub)
		}
		seen[sub] = name
	}
	again := ada
	again.Email, again.Name, again.Groups, again.Claims = "ada.lovelace@example.com", "Countess", []string{"x"}, nil
	if subOf(t, newMinter(t), again) != subOf(t, m, ada) {
		t.Error("another name made another person")
	}
	other := newMinter(t, func(c *mint.Config) { c.SubjectKey = []byte("another key of thirty-two bytes, too") })
	if subOf(t, other, ada) == subOf(t, m, ada) {
		t.Error("the hash has no key")
	}
}

// TestSubjectOfRole: the role's name stands before the slash, whole: 64 characters, and any that IAM lets into a name.
func TestSubjectOfRole(t *testing.T) {
	m := newMinter(t)
	for _, name := range []string{"D", strings.Repeat("r", 64), "a+b=c,d.e@f-g_h"} {
		sub := subOf(t, m, forRole("").Identity, func(r *bridge.MintRequest) { r.Role.ARN.Name = name })
		if role, _, _ := strings.Cut(sub, "/"); role != name || len(sub) < 6 || len(sub) > 255 {
			t.Errorf("%s: sub %q", name, sub)
		}
	}
}
