package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/mint"
)

// issuing is the configuration of an issuer that listens at an address.
func issuing(dir, issuer, listen string) string {
	return fmt.Sprintf(`
server: {url: "http://localhost:8080", listen: %q}
store: "sqlite:%[3]s/state.db"
audit: ["file:%[3]s/audit.jsonl"]
aws: {endpoints: {sts: "http://127.0.0.1:1", signin: "http://127.0.0.1:1", console: "http://127.0.0.1:1"}}
issuer: {url: %[2]q, keys: "file:%[3]s/keys", publish_ahead: 0s}
providers:
  - {name: corp, kind: saml, metadata: "http://127.0.0.1:1/metadata"}
accounts: [{id: "444455556666", name: shop-dev}]
roles:
  - {name: readonly, arn: "arn:aws:iam::444455556666:role/ReadOnly"}
  - {name: reports, arn: "arn:aws:iam::444455556666:role/Reports", mint: saml}
rules:
  - {name: staff, groups: [staff], roles: [readonly, reports]}
`, listen, issuer, dir)
}

// command runs fedbridge, which must end well, and gives what it printed.
func command(t *testing.T, args ...string) string {
	t.Helper()
	binary, err := exec.LookPath("fedbridge")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		t.Fatalf("fedbridge %s: %v\n%s", strings.Join(args, " "), err, faults.String())
	}
	return out.String()
}

// keysUntil lists keys, as an operator would, until they are as wanted: their states by use, those that sign first.
func keysUntil(t *testing.T, config string, want string) []mint.KeyInfo {
	t.Helper()
	for deadline := time.Now().Add(hangs); ; time.Sleep(100 * time.Millisecond) {
		var keys []mint.KeyInfo
		if err := json.Unmarshal([]byte(command(t, "keys", "list", "--json", "--config", config)), &keys); err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, k := range keys {
			have = append(have, string(k.Use)+" "+string(k.State))
		}
		if strings.Join(have, ", ") == want {
			return keys
		}
		if time.Now().After(deadline) {
			t.Fatalf("the keys are %v, want %s", have, want)
		}
	}
}

// TestKeysBesideServe: two nodes on one store, commands beside them, and a node that is killed in the middle of a rotation.
// What they publish is what is exported, to the byte.
func TestKeysBesideServe(t *testing.T) {
	t.Parallel()
	address, _ := freeAddress(t)
	issuer := "http://" + address
	dir := t.TempDir()
	config := writeFile(t, dir, "one.yaml", issuing(dir, issuer, address))
	one := startServe(t, config)
	first := keysUntil(t, config, "saml active, token active")
	startServe(t, writeFile(t, dir, "two.yaml", issuing(dir, issuer, "127.0.0.1:0")))

	command(t, "keys", "rotate", "--config", config)
	one.kill() // it may have read the key back, or not
	one = startServe(t, config)
	second := keysUntil(t, config, "token active, saml active, token old")
	if second[0].ID == first[1].ID || second[2].ID != first[1].ID {
		t.Errorf("the keys were %+v, and are %+v", first, second)
	}

	out := command(t, "keys", "retire", "--config", config, second[2].ID)
	if !strings.Contains(out, "is retired") || strings.Contains(out, "In its place") {
		t.Errorf("retire says: %s", out)
	}
	files := filepath.Join(dir, "public")
	command(t, "issuer", "export", "--config", config, files)
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration", "/saml/metadata"} {
		want, err := os.ReadFile(filepath.Join(files, path))
		if err != nil {
			t.Fatal(err)
		}
		have := ""
		for deadline := time.Now().Add(hangs); have != string(want) && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			have = string(get(t, issuer+path))
		}
		if have != string(want) {
			t.Errorf("%s is served as:\n%s\nand exported as:\n%s", path, have, want)
		}
	}
	if strings.Contains(string(get(t, issuer+"/jwks")), first[1].ID) {
		t.Error("a retired key is published")
	}
	if log := one.log(); strings.Contains(log, "PRIVATE KEY") || strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log says:\n%s", log)
	}
	audit := command(t, "audit", filepath.Join(dir, "audit.jsonl"))
	for _, words := range []string{"token key " + first[1].ID + " was made", "token key " + second[0].ID + " was activated", "token key " + first[1].ID + " was retired"} {
		if !strings.Contains(audit, words) {
			t.Errorf("the audit log doesn't say %q:\n%s", words, audit)
		}
	}
}
