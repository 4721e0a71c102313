package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
)

// TestTrustFiles: what the aws CLI printed and bare policies are read; whatever else lies there is named, and stops nothing.
func TestTrustFiles(t *testing.T) {
	w := issuerWorld(t)
	dir := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	role := func(account, path, name, document string) string {
		return `{"Role": {"Path": "` + path + `", "RoleName": "` + name + `", "RoleId": "AROAEXAMPLE", "Arn": "arn:aws:iam::` + account + `:role` + path + name +
			`", "CreateDate": "2026-01-01T00:00:00+00:00", "MaxSessionDuration": 43200, "AssumeRolePolicyDocument": ` + document + `}}`
	}
	policy := w.policyFor("Good")
	put(trustShop+"/Good.json", policy)
	put(trustShop+"/roles/tagged-role.json", role(trustShop, "/", "Tagged", policy))
	put(trustShop+"/Lost.json", "\x00\x01 not JSON")
	put(trustShop+"/Signed.json", role("123456789012", "/", "Signed", policy))
	put("data/Relayed.json", role(trustData, "/team/", "Relayed", `"%7B%22Statement%22%3A%5B%5D%7D"`))
	put("data/providers/Corp.json", `{"SAMLMetadataDocument": "<x/>", "ValidUntil": "2030-01-01T00:00:00+00:00", "AssertionEncryptionMode": "Allowed", "PrivateKeyList": [{"KeyId": "A"}]}`)
	put(trustShop+"/providers/ours.json", `{"Url": "`+strings.TrimPrefix(w.issuer, "http://")+`", "ClientIDList": ["fedbridge:`+trustShop+`"]}`)
	put(trustShop+"/Stranger.json", policy)
	put(trustShop+"/users.json", `{"Users": []}`)
	put(trustShop+"/notes.txt", "call me")
	put("123456789012/Good.json", policy)
	put("README.md", "hello")

	file, problems := config.Load(w.config)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules, _ := file.Policy()
	needs, err := file.Needs(rules.Roles(), config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := readPolicies(dir, file.BridgeAccounts())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]trust.Found{}
	for _, n := range needs {
		found[roleName(n.Role)] = files.Found(t.Context(), n)
	}
	if f := found["shop/good"]; f.Role.Reading != trust.Read || string(f.Role.TrustPolicy) != policy || f.Role.MaxSession != 0 ||
		f.OIDC.Reading != trust.Read || len(f.OIDC.ClientIDs) != 1 {
		t.Errorf("good: %+v", f)
	}
	if f := found["shop/tagged"].Role; f.Reading != trust.Read || string(f.TrustPolicy) != policy || f.MaxSession != 12*time.Hour {
		t.Errorf("tagged: %+v", f)
	}
	for name, want := range map[string]string{"shop/lost": "Lost.json: not a JSON object", "shop/signed": `is about "arn:aws:iam::123456789012:role/Signed"`} {
		if f := found[name].Role; f.Reading != trust.Unreadable || !strings.Contains(f.Why, want) || f.TrustPolicy != nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := found["data/relayed"]; f.Role.Reading != trust.Missing || !strings.Contains(f.Role.Why, "role/team/Relayed") ||
		f.SAML.Reading != trust.Read || f.SAML.EncryptionMode != "Allowed" || f.SAML.PrivateKeys != 1 || f.SAML.ValidUntil.Year() != 2030 {
		t.Errorf("relayed: %+v", f)
	}
	strangers := strings.Join(files.strangers(rules.Roles()), "\n")
	for _, want := range []string{
		"123456789012: no account of this name or id is configured", "README.md: files belong into a folder",
		"Stranger.json: no configured role", "users.json: neither a trust policy nor", "notes.txt: not a .json file",
	} {
		if !strings.Contains(strangers, want) {
			t.Errorf("no %q in\n%s", want, strangers)
		}
	}

	code, out, errs := w.run("check", "--policies", dir)
	if code == exitUsage || !strings.Contains(out, "not used: 123456789012: no account") || strings.ContainsAny(out, "\x00\x1b") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, _, errs := w.run("check", "--policies", filepath.Join(dir, "none")); code != exitFault || !strings.Contains(errs, "--policies: open ") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestTrustFilesTooLarge: a file beyond all reason isn't read.
func TestTrustFilesTooLarge(t *testing.T) {
	w := issuerWorld(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shop"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "shop", "Good.json")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxPolicyFile+1); err != nil {
		t.Fatal(err)
	}
	r := w.check(exitUnavailable, "--policies", dir, "good")
	if got := w.find(r, "shop/good").Read["role"]; got.Result != trust.Unreadable || !strings.Contains(got.Why, "larger than 4 MiB") {
		t.Errorf("%+v", got)
	}
	// A role that no file is about can't be judged.
	r = w.check(exitUnavailable, "--policies", dir, "lost")
	if got := w.find(r, "shop/lost").Read["role"]; got.Result != trust.Unreadable || !strings.Contains(got.Why, "there is no file") {
		t.Errorf("%+v", got)
	}
}
