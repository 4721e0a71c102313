package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// initSaid are flags that say all that a provider needs.
func initSaid(idp initIdP, kind string) []string {
	args := []string{"init", "--url", "https://bridge.example.com", "--idp", idp.ID, "--account", "111122223333,shop-dev,development,dev@example.com"}
	if len(idp.Kinds) > 1 {
		args = append(args, "--kind", kind)
	}
	switch {
	case kind == "saml":
		args = append(args, "--metadata", "https://sso.example.com/metadata")
	case idp.Tenant:
		args = append(args, "--tenant", "0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d", "--client-id", "client")
	case idp.Issuer != "":
		args = append(args, "--hosted-domain", "example.com", "--client-id", "client")
	default:
		args = append(args, "--issuer", "https://sso.example.com", "--client-id", "client")
	}
	if idp.ID == "google" && kind == "oidc" {
		return append(args, "--email", "ann@example.com")
	}
	return append(args, "--group", "7e6d5c4b-3a29-4180-8f7e-6d5c4b3a2918")
}

// eachIdP runs a test for every provider and kind.
func eachIdP(t *testing.T, test func(t *testing.T, idp initIdP, kind string)) {
	for _, idp := range initIdPs {
		for _, kind := range idp.Kinds {
			t.Run(idp.ID+" "+kind, func(t *testing.T) { test(t, idp, kind) })
		}
	}
}

// runWith is runCommand with something on standard input.
func runWith(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, faults bytes.Buffer
	code = run(args, strings.NewReader(stdin), &out, &faults)
	return code, out.String(), faults.String()
}

// TestInitWritesWhatCheckTakes: for every provider, kind and option.
func TestInitWritesWhatCheckTakes(t *testing.T) {
	list := filepath.Join(t.TempDir(), "accounts.csv")
	text := "id,name,partition,owner\n111122223333,\"Web shop: \"\"prod\"\" #1 {x}\",aws,\"a, b: c # d\"\n444455556666,b,aws-us-gov,\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options := map[string][]string{
		"plain":      nil,
		"a proxy":    {"--proxy", "10.0.0.0/24", "--proxy", "10.1.0.0/24", "--listen", "10.0.0.5:8080"},
		"a folder":   {"--dir", filepath.Join(t.TempDir(), "a folder: #1")},
		"names":      {"--name", "staff-1", "--label", `Staff "1": #`, "--domain", "example.com,example.org", "--region", "eu-west-1"},
		"a port":     {"--url", "https://bridge.example.com:8443", "--public-url", "https://keys.example.com/bridge"},
		"no https":   {"--url", "Bridge.Example.COM/"},
		"China":      {"--partition", "aws-cn"},
		"two worlds": {"--account", "", "--accounts", list},
		"two roles":  {"--group", `EXAMPLE\Cloud "Ops": [x], {y} # z`, "--role", "team/Admin", "--role", "other/Admin"},
	}
	eachIdP(t, func(t *testing.T, idp initIdP, kind string) {
		for name, option := range options {
			args := initSaid(idp, kind)
			if name == "two worlds" {
				at := slices.Index(args, "--account")
				args, option = slices.Delete(args, at, at+2), option[2:]
			}
			if name == "two roles" && slices.Contains(args, "--email") {
				option = []string{"--email", "ben@example.com", "--role", "team/Admin", "--role", "other/Admin"}
			}
			out := filepath.Join(t.TempDir(), "fedbridge.yaml")
			code, stdout, stderr := runCommand(append(append(args, option...), "--out", out)...)
			if code != exitOK || stderr != "" {
				t.Errorf("%s: init ends with %d\n%s", name, code, stderr)
				continue
			}
			checkWritten(t, name, out)
			checkPrinted(t, name, stdout)
		}
	})
}

// checkWritten holds the file to what init promises of it.
func checkWritten(t *testing.T, name, path string) {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", name, info.Mode(), err)
	}
	if code, stdout, stderr := runCommand("check", path); code != exitOK || !strings.Contains(stdout, "no faults") {
		t.Errorf("%s: check ends with %d\n%s", name, code, stderr)
	}
	text := readFile(t, path)
	file, problems := config.Parse(name, []byte(text))
	if file == nil {
		t.Fatal(problems)
	}
	if len(file.Roles[0].Via) > 0 || file.Issuer == nil || len(file.Tests) < 2 {
		t.Errorf("%s: not with fedbridge as issuer, or untested:\n%s", name, text)
	}
	for _, at := range []string{file.Issuer.Keys[0], file.Audit[0]} {
		if !strings.HasPrefix(at, "file:/") {
			t.Errorf("%s: %s is nowhere", name, at)
		}
	}
	// What stands there as an example can be used, too.
	example := regexp.MustCompile(`(?m)^( +)# (- name:|  [a-z_]+:|[a-z_]+: )`).ReplaceAllString(text, "$1$2")
	if example == text {
		t.Errorf("%s: no examples", name)
	}
	if _, problems := config.Parse(name, []byte(example)); len(problems) > 0 {
		t.Errorf("%s: with its examples: %v\n%s", name, problems, example)
	}
	for line := range strings.Lines(text) {
		if printable(strings.TrimSuffix(line, "\n")) != strings.TrimSuffix(line, "\n") || strings.HasSuffix(line, " \n") {
			t.Errorf("%s: %q", name, line)
		}
	}
}

func checkPrinted(t *testing.T, name, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if clean := strings.TrimSuffix(line, "\n"); printable(clean) != clean || strings.HasSuffix(clean, " ") {
			t.Errorf("%s: prints %q", name, line)
		}
	}
	for _, residue := range []string{"<no value>", "{{", "%!", "\n\n\n"} {
		if strings.Contains(text, residue) {
			t.Errorf("%s: prints %q:\n%s", name, residue, text)
		}
	}
}

// TestInitProviders: what must be so at each provider, and is forgotten easily.
func TestInitProviders(t *testing.T) {
	eachIdP(t, func(t *testing.T, idp initIdP, kind string) {
		code, text, stderr := runCommand(append(initSaid(idp, kind), "--out", "-")...)
		file, problems := config.Parse("init", []byte(text))
		if code != exitOK || file == nil {
			t.Fatal(code, stderr, problems)
		}
		site, provider := "https://bridge.example.com/", file.Providers[0].Common.Name
		must := []string{site + "saml/" + provider + "/acs", site + "saml/" + provider + "/metadata"}
		switch c := file.Providers[0].Opener.(type) {
		case *oidc.Config:
			must = []string{site + "oidc/" + provider + "/callback", "/etc/fedbridge/" + provider + ".secret"}
			if c.ClientSecret != bridge.SecretRef("file:/etc/fedbridge/"+provider+".secret") {
				t.Errorf("the secret is %s", c.ClientSecret)
			}
			if c.Shared() && len(c.HostedDomains)+len(c.Tenants) == 0 {
				t.Error("everybody in the world could sign in")
			}
		case *saml.Config:
			if c.Claims.Email == "" || c.Claims.Groups.Claim == "" {
				t.Error("no e-mail, or no groups")
			}
		default:
			t.Fatalf("%T", c)
		}
		for _, words := range must {
			if !strings.Contains(stderr, words) {
				t.Errorf("what to do at the provider doesn't have %s:\n%s", words, stderr)
			}
		}
		// The same is said before anything is known of the provider.
		code, steps, _ := runCommand("init", "--steps", "--url", "bridge.example.com", "--idp", idp.ID, "--kind", kind)
		if code != exitOK || !strings.Contains(steps, must[0]) || !strings.Contains(steps, "GROUP") && !slices.Contains(initSaid(idp, kind), "--email") {
			t.Errorf("--steps ends with %d:\n%s", code, steps)
		}
		checkPrinted(t, "steps", steps)
	})
}

// TestInitInjection: whatever is said, it is one value of the configuration, and says nothing else.
func TestInitInjection(t *testing.T) {
	for _, hostile := range []string{
		`a", admin: "b`, `a"]` + "\\", `*anchor`, `&a`, `!!str x`, `{a: b}`, `- x`, `# x`, `a: b`, `'`, `%`, "`", `@x`, `null`, `~`, `yes`, `0123`, `1e3`,
		`<<`, `{{.URL}}`, `$(id)`, `é`, `🦊`, `\x41`, `\u0041`, strings.Repeat("x", 1000),
	} {
		p := initPlan{
			URL: "https://bridge.example.com", Metadata: "file:/etc/" + hostile, Label: hostile,
			Groups: []string{hostile, "x"}, Roles: []string{"A", "B"},
			Accounts: []config.Account{{ID: "111122223333", Name: "a", Label: hostile, Environment: hostile, Owner: hostile}},
		}
		p.IdP, _ = findInitIdP("saml")
		text, file, problems, err := p.complete().render()
		if err != nil {
			t.Fatal(err)
		}
		if len(problems) > 0 {
			t.Errorf("%q: %v\n%s", hostile, problems, text)
			continue
		}
		a := file.Accounts[0]
		c := file.Providers[0].Opener.(*saml.Config)
		got := []string{a.Label, a.Environment, a.Owner, c.Label, file.Rules[0].Groups[0], file.Tests[0].Identity.Groups[0], c.Metadata}
		want := []string{hostile, hostile, hostile, hostile, hostile, hostile, p.Metadata}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if len(file.Providers) != 1 || len(file.Accounts) != 1 || len(file.Roles) != 2 || len(file.Rules) != 2 {
			t.Errorf("%q adds to the configuration", hostile)
		}
	}
}

// FuzzInitFile: whatever may be said is one value of the configuration, to the byte, and says nothing else.
func FuzzInitFile(f *testing.F) {
	f.Add("aws-readonly", "Web shop", "a: b # c")
	f.Add(`"]}`, `\`, "{{.URL}}")
	f.Add("é\U0001F98A", "'", "- x")
	f.Fuzz(func(t *testing.T, group, label, owner string) {
		for _, text := range []string{group, label, owner} {
			if text == "" || wordFault(text) != "" {
				return
			}
		}
		p := initPlan{
			URL: "https://bridge.example.com", Metadata: "https://example.com/", Label: label, Groups: []string{group},
			Accounts: []config.Account{{ID: "111122223333", Name: "a", Owner: owner}},
		}
		p.IdP, _ = findInitIdP("adfs")
		text, file, problems, err := p.complete().render()
		if err != nil || len(problems) > 0 {
			t.Fatalf("%v %v\n%s", err, problems, text)
		}
		got := []string{file.Rules[0].Groups[0], file.Providers[0].Common.Label, file.Accounts[0].Owner}
		if diff := cmp.Diff([]string{group, label, owner}, got); diff != "" || len(file.Rules) != 1 || len(file.Accounts) != 1 || len(runTests(file)) > 0 {
			t.Errorf("%s\n%s", diff, text)
		}
	})
}

// TestInitManyAccounts: a large organisation fits.
func TestInitManyAccounts(t *testing.T) {
	var list strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&list, "%012d,Team account %d,production,owner@example.com\n", i, i)
	}
	idp, _ := findInitIdP("saml")
	args := initSaid(idp, "saml")
	at := slices.Index(args, "--account")
	args = append(slices.Delete(args, at, at+2), "--accounts", "-", "--out", filepath.Join(t.TempDir(), "f.yaml"))
	code, stdout, stderr := runWith(list.String(), args...)
	if code != exitOK || !strings.Contains(stdout, "5000 accounts, 1 role, 1 rule") {
		t.Errorf("init ends with %d: %s%s", code, stdout, stderr)
	}
}
