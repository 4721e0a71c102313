package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/config"
)

const (
	trustHome = "999988887777"
	trustShop = "111122223333"
	trustData = "444455556666"
)

// trustWorld is an AWS, an issuer that is published, and a configuration for both.
type trustWorld struct {
	*testing.T
	dir      string
	config   string
	aws      *ststest.AWS
	sts, iam *httptest.Server
	issuer   string
	provider string // ARN of the OIDC provider in the shop's account
	metadata []byte // of the issuer, as SAML IdP
}

// newTrustWorld starts one whose configuration has these roles.
func newTrustWorld(t *testing.T, roles string) *trustWorld {
	t.Helper()
	w := &trustWorld{T: t, dir: t.TempDir(), aws: ststest.New(ststest.Options{InsecureLoopbackIssuers: true})}
	w.sts, w.iam = httptest.NewServer(w.aws.STS()), httptest.NewServer(w.aws.IAM())
	t.Cleanup(w.sts.Close)
	t.Cleanup(w.iam.Close)
	published := http.NewServeMux()
	issuer := httptest.NewServer(published)
	t.Cleanup(issuer.Close)
	w.issuer = issuer.URL
	everything := ststest.Permissions{AllowIAM: []string{"iam:Get*"}, AllowAssume: []string{"*"}}
	err := w.aws.Load(ststest.State{
		Accounts:      []ststest.Account{{ID: trustHome}, {ID: trustShop}, {ID: trustData}},
		OIDCProviders: []ststest.OIDCProvider{{Account: trustShop, Issuer: w.issuer, ClientIDs: []string{"fedbridge:" + trustShop}}},
		Roles: []ststest.Role{{
			ARN: "arn:aws:iam::" + trustShop + ":role/TrustReader", Permissions: everything,
			TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + trustHome + `"},"Action":"sts:AssumeRole"}]}`,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.aws.AddUser(ststest.User{Account: trustHome, Name: "fedbridge", Permissions: everything})
	if err != nil {
		t.Fatal(err)
	}
	w.provider = "arn:aws:iam::" + trustShop + ":oidc-provider/" + strings.TrimPrefix(w.issuer, "http://")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key.AccessKeyID, "AWS_SECRET_ACCESS_KEY": key.SecretAccessKey, "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": filepath.Join(w.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(w.dir, "none"),
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	w.config = writeFile(t, w.dir, "fedbridge.yaml", fmt.Sprintf(`
server: {url: "http://localhost:8080", listen: "127.0.0.1:8080"}
store: "sqlite:%[1]s/state.db"
audit: ["file:%[1]s/audit.jsonl"]
aws: {endpoints: {sts: %[2]q, iam: %[3]q, signin: %[2]q}}
issuer: {url: %[4]q, keys: "file:%[1]s/keys", publish_ahead: 0s}
providers:
  - {name: corp, kind: saml, metadata: "http://127.0.0.1:1/metadata", audiences: ["urn:amazon:webservices"]}
accounts:
  - {id: %[5]q, name: shop}
  - {id: %[6]q, name: data}
roles:
%[7]s
rules:
  - {name: all, groups: [all], roles: ["shop/*", "data/*"]}
`, w.dir, w.sts.URL, w.iam.URL, w.issuer, trustShop, trustData, roles))
	w.publish(published)
	return w
}

// run is one command, with the configuration.
func (w *trustWorld) run(args ...string) (code int, stdout, stderr string) {
	w.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"trust"}, append(args, "--config", w.config)...), nil, &out, &errs)
	return code, out.String(), errs.String()
}

// anyExit is for tests that are not about the findings.
const anyExit = -1

// check is trust check as JSON.
func (w *trustWorld) check(wantCode int, args ...string) report {
	w.Helper()
	code, out, errs := w.run(append([]string{"check", "--json"}, args...)...)
	if code != wantCode && wantCode != anyExit {
		w.Fatalf("exit %d, want %d\n%s%s", code, wantCode, out, errs)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		w.Fatalf("%v\n%s%s", err, out, errs)
	}
	return r
}

func (w *trustWorld) role(name, policy string, longest time.Duration) {
	w.Helper()
	if err := w.aws.AddRole(ststest.Role{ARN: "arn:aws:iam::" + trustShop + ":role/" + name, TrustPolicy: policy, MaxSessionDuration: longest}); err != nil {
		w.Fatal(err)
	}
}

// policyFor is what a role must have for our issuer, with these actions.
func (w *trustWorld) policyFor(name string, actions ...string) string {
	host := strings.TrimPrefix(w.issuer, "http://")
	all, _ := json.Marshal(append([]string{"sts:AssumeRoleWithWebIdentity"}, actions...))
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + w.provider + `"},"Action":` + string(all) +
		`,"Condition":{"StringEquals":{"` + host + `:aud":"fedbridge:` + trustShop + `"},"StringLike":{"` + host + `:sub":"` + name + `/*"}}}]}`
}

func (w *trustWorld) entries() []audit.Entry {
	w.Helper()
	f, err := os.Open(filepath.Join(w.dir, "audit.jsonl"))
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	entries, err := audit.Read(f)
	if err != nil {
		w.Fatal(err)
	}
	return entries
}

// publish makes the issuer's keys, serves what AWS reads of them, and lets them sign.
func (w *trustWorld) publish(mux *http.ServeMux) {
	w.Helper()
	file, problems := config.Load(w.config)
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	world, err := file.Open(w.Context(), config.Outside{})
	if err != nil {
		w.Fatal(err)
	}
	defer world.Close()
	serve := func(path string, document func(mint.Documents) []byte) {
		mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, _ *http.Request) { rw.Write(document(world.Keys.Documents())) })
	}
	serve("/.well-known/openid-configuration", func(d mint.Documents) []byte { return d.Discovery })
	serve("/jwks", func(d mint.Documents) []byte { return d.JWKS })
	serve("/saml/metadata", func(d mint.Documents) []byte { return d.Metadata })
	if err := world.Keys.Step(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := world.Keys.Ready(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.metadata = world.Keys.Documents().Metadata
}
