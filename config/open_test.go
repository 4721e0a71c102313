package config_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/config"
)

// local is a configuration whose files are in dir, and whose world outside doesn't answer.
func local(t *testing.T, dir string) *config.File {
	t.Helper()
	file, problems := config.Parse("f.yaml", fmt.Appendf(nil, `
server: {url: "http://localhost:8080", listen: "127.0.0.1:8080"}
store: "sqlite:%[1]s/state.db"
audit: ["file:%[1]s/audit.jsonl"]
aws: {endpoints: {sts: "http://127.0.0.1:1", signin: "http://127.0.0.1:1"}}
providers:
  - {name: corp, kind: saml, metadata: "file:%[1]s/idp.xml"}
  - {name: staff, kind: oidc, issuer: "http://127.0.0.1:1", client_id: fedbridge, client_secret: "file:%[1]s/secret"}
  - {name: guests, kind: oidc, issuer: "http://127.0.0.1:1/guests", client_id: fedbridge, client_secret: "file:%[1]s/secret"}
accounts:
  - {id: "111122223333", name: shop}
roles:
  - {name: readonly, accounts: [shop], arn: "arn:aws:iam::{account}:role/ReadOnly", via: web_identity, provider: staff}
rules:
  - {name: all, groups: [all], roles: [readonly]}
`, dir))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return file
}

// TestOpenReportsEverything: whoever mends one thing after the other starts as often as things are broken.
func TestOpenReportsEverything(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"state.db", "audit.jsonl"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	world, err := local(t, dir).Open(context.Background(), config.Outside{})
	if err == nil || world != nil {
		t.Fatal("opened")
	}
	for _, part := range []string{"store: ", "audit: ", `providers[0] "corp": `, `providers[1] "staff": `, `providers[2] "guests": `} {
		if !strings.Contains("\n"+err.Error(), "\n"+part) {
			t.Errorf("%q isn't reported:\n%v", part, err)
		}
	}
}

// TestOpen: what doesn't answer is no reason not to open, and is asked by its name.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	metadata := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`
	for name, text := range map[string]string{"secret": "s3cret\n", "idp.xml": metadata} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := local(t, dir)
	file.Providers = slices.Delete(file.Providers, 0, 1) // its metadata names no certificate
	world, err := file.Open(context.Background(), config.Outside{})
	if err != nil {
		t.Fatal(err)
	}
	var ok, failed []string
	for _, part := range world.Parts() {
		if err := part.Ask(context.Background()); err != nil {
			failed = append(failed, part.Name)
		} else {
			ok = append(ok, part.Name)
		}
	}
	if !slices.Equal(ok, []string{"store", "audit"}) || !slices.Equal(failed, []string{"provider staff", "provider guests", "sts"}) {
		t.Errorf("ok %q, failed %q", ok, failed)
	}
	if err := world.Close(); err != nil {
		t.Error(err)
	}
}
