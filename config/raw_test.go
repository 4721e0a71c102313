package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/config"
)

// Files that are no configuration at all get one line, not a list of all that they lack.
func TestRaw(t *testing.T) {
	const deep = "nested too deeply: nothing here is more than a few levels deep"
	for name, c := range map[string]struct{ text, want string }{
		"empty":                  {"", "f.yaml: the file is empty; `fedbridge.example.yaml` shows what belongs in it"},
		"line ends":              {"\n\r\n\n", "f.yaml: the file is empty; `fedbridge.example.yaml` shows what belongs in it"},
		"a comment":              {"# nothing yet", "f.yaml: the file is empty; `fedbridge.example.yaml` shows what belongs in it"},
		"the mark of a document": {"---\n", "f.yaml: the file is empty; `fedbridge.example.yaml` shows what belongs in it"},
		"null":                   {"null\n", "f.yaml: the file is empty; `fedbridge.example.yaml` shows what belongs in it"},
		"a text":                 {"hello\n", "f.yaml:1:1: expects keys and values, found text"},
		"a number":               {"42\n", "f.yaml:1:1: expects keys and values, found a number"},
		"a list":                 {"- server\n- store\n", "f.yaml:1:1: expects keys and values, found a list"},
		"braces without keys":    {"{}\n", "f.yaml:1:1: no keys: write some"},
		"a tab":                  {"\tserver: x\n", "f.yaml:1:7: a tab: YAML is indented with spaces"},
		"NUL":                    {"server: x\x00y\n", "f.yaml:1:10: holds a NUL byte: this is not a text file, or not UTF-8; save it as UTF-8"},
		"UTF-16":                 {"\xff\xfes\x00e\x00", "f.yaml:1:1: not UTF-8 text: save the file as UTF-8"},
		"UTF-16 without a mark":  {"s\x00e\x00r\x00", "f.yaml:1:2: holds a NUL byte: this is not a text file, or not UTF-8; save it as UTF-8"},
		"Latin-1":                {"# x\nserver: caf\xe9\n", "f.yaml:2:12: not UTF-8 text: save the file as UTF-8"},
		"a surrogate":            {"a: \xed\xa0\x80\n", "f.yaml:1:4: not UTF-8 text: save the file as UTF-8"},
		"half a character":       {"a: \xc3", "f.yaml:1:4: not UTF-8 text: save the file as UTF-8"},
		"two marks":              {"\ufeff\ufeffa: b\n", `f.yaml:1:1: holds the invisible character U+FEFF: remove it, or write it in double quotes as "\uFEFF"`},
		"two documents":          {"---\na: b\n---\nc: d\n", "f.yaml:3:1: a second YAML document begins here: write one only"},
		"a directive":            {"%YAML 1.2\n---\na: b\n", "f.yaml:1:1: directives (%) are not used here: write the value out; a text that begins with % stands in quotes"},
		"brackets":               {"a: " + strings.Repeat("[", 100_000), "f.yaml:1:35: " + deep},
		"closed brackets":        {"a: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "f.yaml:1:35: " + deep},
		"braces":                 {"a: " + strings.Repeat("{b: ", 100_000), "f.yaml:1:128: " + deep},
		"dashes":                 {strings.Repeat("- ", 100_000), "f.yaml:1:65: " + deep},
		"indentation":            {indented(100), "f.yaml:33:34: " + deep},
		"many keys":              {strings.Repeat("a: b\n", 100_000), "f.yaml:5001:2: more than 5000 keys in one place"},
		"many keys in braces":    {"a: {" + strings.Repeat("a: b, ", 100_000) + "}", "f.yaml:1:30006: more than 5000 keys in one place"},
		"an open quote":          {`a: "` + strings.Repeat("x", 1_000_000), "f.yaml:1:4: not YAML: this quote is never closed"},
		"JSON that is cut":       {`{"server": {"url": `, "f.yaml:1:18: not YAML: could not find map value"},
	} {
		t.Run(name, func(t *testing.T) {
			file, problems := config.Parse("f.yaml", []byte(c.text))
			if file != nil || len(problems) != 1 || problems[0].String() != c.want {
				t.Errorf("reported %v; wanted %s", problems, c.want)
			}
		})
	}
}

func indented(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// Aliases that would grow to a billion, and a thousand tags: twenty lines say enough.
func TestManyOfOneKind(t *testing.T) {
	for _, text := range []string{strings.Repeat("a: &a x\n", 1000), strings.Repeat("a: !x y\n", 1000), "a: '" + strings.Repeat("\u200b", 1000) + "'\n"} {
		if _, problems := config.Parse("f.yaml", []byte(text)); len(problems) != 20 {
			t.Errorf("%d faults", len(problems))
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#\n", 5<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "can't be read: no such file or directory",
		dir:                             "can't be read: is a directory",
		large:                           "can't be read: larger than 8 MiB",
		"/dev/zero":                     "can't be read: larger than 8 MiB",
	} {
		file, problems := config.Load(path)
		if file != nil || len(problems) != 1 || problems[0].String() != path+": "+want {
			t.Errorf("%s: %v; wanted %s", path, problems, want)
		}
	}
	file, problems := config.Load(filepath.Join("..", "fedbridge.example.yaml"))
	if file == nil || len(problems) != 0 {
		t.Errorf("the example: %v", problems)
	}
}

// TestAccepted: one configuration in the many forms that YAML and editors give it.
func TestAccepted(t *testing.T) {
	base := readFile(t, "testdata", "base.yaml")
	change := func(old, text string) string {
		if strings.Count(base, old) != 1 {
			t.Fatalf("%q stands %d times in the base", old, strings.Count(base, old))
		}
		return strings.Replace(base, old, text, 1)
	}
	for name, text := range map[string]string{
		"as it is":              base,
		"a byte order mark":     "\ufeff" + base,
		"Windows line ends":     strings.ReplaceAll(base, "\n", "\r\n"),
		"no line end":           strings.TrimSuffix(base, "\n"),
		"marks of a document":   "# x\n---\n" + base + "...\n# y\n",
		"an empty document":     base + "---\n# nothing\n",
		"blank lines, comments": strings.ReplaceAll(base, "\n", " # é\n\n"),
		"an expression in a block": change(`when: '"FTE" in claims.employmentType'`,
			"when: |\n      \"FTE\" in claims.employmentType\n      && identity.email != \"\""),
		"an expression that is folded": change(`when: '"FTE" in claims.employmentType'`,
			"when: >-\n      \"FTE\" in claims.employmentType\n      && identity.email != \"\""),
		"keys in quotes":        change("log: json", `"log": 'json'`),
		"a day":                 change("force_authn: false", "allow_sha1_until: 2027-03-31"),
		"true":                  change("force_authn: false", "force_authn: true"),
		"groups of a claim":     change("groups: {path: [realm_access, roles]}", "groups: roles"),
		"groups with a blank":   change("groups: {path: [realm_access, roles]}", `groups: {claim: roles, separator: " "}`),
		"via as a list":         change("via: assume_role", "via: [assume_role]"),
		"a session policy":      change("source_identity: identity.email", "session_policy: |\n      {\"Version\": \"2012-10-17\",\n       \"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}"),
		"an escaped character":  change("label: Example Corp", `label: "Example\u202eCorp"`),
		"letters that join":     change("label: Example Corp", "label: می\u200cخواهم"),
		"one address":           change("[10.0.0.0/8]", `[192.0.2.7/32, "2001:db8::/32"]`),
		"a port":                change("https://bridge.example.com\n", "https://bridge.example.com:8443\n"),
		"an address":            change("https://bridge.example.com\n", "https://[2001:db8::1]:8443\n"),
		"via left out":          change("    via: assume_role\n", ""),
		"via in its order":      change("via: assume_role", "via: [assume_role, issuer]"),
		"an issuer at its root": change("url: https://bridge.example.com/aws", "url: https://bridge.example.com"),
		"an issuer of its own":  change("url: https://bridge.example.com/aws", "url: https://issuer.example.org/a/b-c_d~e.f"),
		"an issuer of 255":      change("url: https://bridge.example.com/aws", "url: https://bridge.example.com/"+strings.Repeat("x", 228)),
		"an issuer on loopback": change("  fips: false\nissuer:\n  url: https://bridge.example.com/aws",
			"  endpoints: {sts: 'http://127.0.0.1:4000'}\nissuer:\n  url: http://127.0.0.1:8080/aws"),
		"an issuer on loopback by https": change("  fips: false\nissuer:\n  url: https://bridge.example.com/aws",
			"  partitions: {aws-cn: {endpoints: {sts: 'http://[::1]:4000'}}}\n  endpoints: {sts: 'http://127.0.0.1:4000', iam: 'http://127.0.0.1:4000'}\nissuer:\n  url: https://localhost:8080"),
		"RS256":                      change("algorithm: ES256", "algorithm: RS256"),
		"one audience for all":       change("audience: fedbridge:{account}", "audience: sts.amazonaws.com"),
		"keys that rotate never":     change("rotate: 2160h", "rotate: never"),
		"keys that are used at once": change("publish_ahead: 1h", "publish_ahead: 0s"),
		"keys as a list":             change("keys: file:/etc/fedbridge/keys", "keys: [file:/etc/fedbridge/keys]"),
		"SAML by the directory":      change("  saml_keys: \"kms:arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10\"\n", ""),
		"federation for SAML":        change("console: saml_post", "console: federation"),
		"a list with dashes":         change("audit: [stdout,", "audit:\n- stdout\n#"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := config.Parse("f.yaml", []byte(text)); len(problems) > 0 {
				t.Errorf("%v", problems)
			}
		})
	}
}
