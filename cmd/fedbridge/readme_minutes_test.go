package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// minutesBlocks are the blocks that TestReadmeMinutes runs.
var minutesBlocks = []string{
	"minutes-accounts", "minutes-okta", "minutes-entra", "minutes-steps", "minutes-install", "minutes-check",
	"minutes-stackset", "minutes-account", "minutes-terraform", "minutes-live",
}

const organisation = `{"Accounts": [
  {"Id": "111122223333", "Arn": "arn:aws:organizations::999988887777:account/o-a1b2c3d4e5/111122223333", "Email": "a@example.com", "Name": "shop-prod", "Status": "ACTIVE"},
  {"Id": "444455556666", "Arn": "arn:aws:organizations::999988887777:account/o-a1b2c3d4e5/444455556666", "Email": "b@example.com", "Name": "shop-dev", "Status": "ACTIVE"},
  {"Id": "777788889999", "Arn": "arn:aws:organizations::999988887777:account/o-a1b2c3d4e5/777788889999", "Email": "c@example.com", "Name": "old", "Status": "SUSPENDED"}]}`

// cloudFormationFlags are those of `aws cloudformation` that README uses.
var cloudFormationFlags = map[string][]string{
	"create-stack-set":       {"--stack-set-name", "--template-body", "--permission-model", "--auto-deployment", "--capabilities", "--parameters"},
	"create-stack-instances": {"--stack-set-name", "--regions", "--deployment-targets"},
	"deploy":                 {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides"},
}

// minutes is what README's ten minutes find outside: a provider that does as Okta does, and an AWS.
type minutes struct {
	*testing.T
	shell    *shell
	bash     string
	aws      *ststest.AWS
	sts      *httptest.Server
	okta     *idptest.OIDC
	provider *idptest.Server
}

// TestReadmeMinutes goes through README's ten minutes, block by block, to a person who signs in and takes a role. What is
// outside is on loopback; nothing else is changed in what init wrote.
func TestReadmeMinutes(t *testing.T) {
	m := newMinutes(t)
	m.do("minutes-accounts")
	m.do("minutes-okta")
	okta := m.written()
	m.do("minutes-entra")
	if entra := m.written(); entra.file.Providers[0].Common.Kind != "saml" || len(entra.file.Accounts) != 2 {
		t.Errorf("with Entra ID:\n%s", entra.text)
	}
	if steps := m.do("minutes-steps"); !strings.Contains(steps, "https://bridge.example.com/oidc/keycloak/callback") {
		t.Errorf("--steps prints\n%s", steps)
	}
	m.shell.write(m.path("fedbridge.yaml"), okta.text)
	m.rollOut()

	portal := m.moveToLoopback(okta.text)
	m.do("minutes-install")
	startServe(t, m.shell.root+"/etc/fedbridge/fedbridge.yaml")
	m.awaitKeys()
	m.compare("minutes-check")
	m.trust()
	m.compare("minutes-live")

	v := newVisit(t, portal)
	page := v.signIn("/login/okta", demoPerson{Username: "ann", Password: "password"})
	if got := roles(page); len(got) != 2 || got["shop-dev/readonly"] != "" {
		t.Fatalf("the picker has %v: %s", got, page.Text())
	}
	if arn := callerIdentity(t, m.sts.URL, v.take("shop-dev/readonly")); !strings.HasPrefix(arn, "arn:aws:sts::444455556666:assumed-role/ReadOnly/ann@example.com") {
		t.Errorf("became %s", arn)
	}
}

// TestReadmeMinutesTables: README and init name the same fields, and say the same for them.
func TestReadmeMinutesTables(t *testing.T) {
	for id, title := range map[string]string{"okta": "### Okta\n", "entra": "### Entra ID\n"} {
		_, table, _ := strings.Cut(readFile(t, readmePath), title)
		table, _, found := strings.Cut(table, "<!-- sh:")
		if !found {
			t.Fatalf("README has no chapter %q", title)
		}
		_, steps, _ := runCommand("init", "--steps", "--url", "bridge.example.com", "--idp", id, "--group", "aws-readonly")
		rows := regexp.MustCompile(`(?m)^\|.*\|\n`).FindAllString(table, -1)
		words := regexp.MustCompile("\\*([^*`|]+)\\*|`([^`]+)`").FindAllStringSubmatch(strings.Join(rows, ""), -1)
		if len(words) < 10 {
			t.Errorf("%s: %d fields and values", id, len(words))
		}
		for _, word := range words {
			if !strings.Contains(steps, word[1]+word[2]) && word[1] != "Create a new app integration" && word[1] != "New Web App Integration" {
				t.Errorf("%s: init doesn't say %q:\n%s", id, word[1]+word[2], steps)
			}
		}
	}
}

func newMinutes(t *testing.T) *minutes {
	t.Helper()
	m := &minutes{T: t, bash: need(t, "bash", "a shell to run README's commands"), shell: newShell(t)}
	m.shell.write(m.path("organisation.json"), organisation)
	// What AWS would say of the organisation; all else is written down.
	stand := noteCall + "[ \"$1\" = organizations ] && exec cat organisation.json\nexit 0\n"
	if err := os.WriteFile(filepath.Join(m.shell.root, "stand-ins", "aws"), []byte(stand), 0o755); err != nil {
		t.Fatal(err)
	}
	m.shell.write(m.path("okta.secret"), "secret\n")
	for _, dir := range []string{"/etc/fedbridge", "/var/lib/fedbridge", "/var/log/fedbridge"} {
		if err := os.MkdirAll(m.shell.root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.aws = ststest.New(ststest.Options{Region: "us-east-1", InsecureLoopbackIssuers: true})
	m.sts = httptest.NewServer(m.aws.STS())
	t.Cleanup(m.sts.Close)
	return m
}

func (m *minutes) path(name string) string { return filepath.Join(m.shell.work, name) }

// do runs a block.
func (m *minutes) do(name string) string {
	m.Helper()
	b := readmeBlock(m, "sh", name)
	b.account = "999988887777" // the organisation's own
	return m.shell.run(m.bash, b)
}

// compare runs a block, and holds what it prints to what README says.
func (m *minutes) compare(name string) {
	m.Helper()
	printed := m.do(name)
	if name == "minutes-check" { // the certificate was taken out, since AWS can't be on loopback by https
		printed = strings.Replace(printed, "ok    sts\n", "ok    sts\nok    certificate\n", 1)
	}
	out := readmeBlock(m, "out", name)
	keep(m, out.from, out.to, printed)
}

// initWritten is a configuration that init wrote.
type initWritten struct {
	text string
	file *config.File
}

// written gives the configuration, and takes it away.
func (m *minutes) written() initWritten {
	m.Helper()
	path := m.path("fedbridge.yaml")
	text := readFile(m, path)
	file, problems := config.Parse(path, []byte(text))
	if file == nil {
		m.Fatal(problems)
	}
	if err := os.Remove(path); err != nil {
		m.Fatal(err)
	}
	return initWritten{text, file}
}

// rollOut runs the blocks that create something in AWS, and looks at what is asked of it.
func (m *minutes) rollOut() {
	m.Helper()
	m.shell.called()
	for _, name := range []string{"minutes-stackset", "minutes-account", "minutes-terraform"} {
		m.do(name)
	}
	for _, call := range m.shell.called() {
		if call[0] != "aws" {
			continue
		}
		known := cloudFormationFlags[call[3]]
		if call[2] != "cloudformation" || known == nil {
			m.Fatalf("no call of aws cloudformation that this test knows: %q", call)
		}
		for _, word := range call[4:] {
			if strings.HasPrefix(word, "--") && !slices.Contains(known, word) {
				m.Errorf("aws cloudformation %s has no flag %s", call[3], word)
			}
		}
	}
	for _, file := range []string{"fedbridge-trust.yaml", "shop-dev.yaml"} {
		template := readFile(m, m.path(file))
		if !strings.Contains(template, "PermissionsReadOnly:") || !strings.Contains(template, "bridge.example.com:aud") {
			m.Errorf("%s:\n%s", file, template)
		}
	}
	if !strings.Contains(readFile(m, m.path("fedbridge-trust.tf")), `resource "aws_iam_role" "readonly_111122223333"`) {
		m.Error("Terraform lacks the role")
	}
}

// moveToLoopback puts what is on loopback in place of what is outside.
func (m *minutes) moveToLoopback(text string) (portal string) {
	m.Helper()
	public, port := freeAddress(m)
	ops, _ := freeAddress(m)
	portal = "http://localhost:" + port
	m.openOkta(portal)
	m.shell.env = append(m.shell.env, "OPS="+ops)
	for _, r := range [][2]string{
		{`url: "https://bridge.example.com" #`, `url: "` + portal + `" #`},
		{`listen: ":8443"`, `listen: "` + public + `"`},
		{`ops_listen: "127.0.0.1:9090"`, `ops_listen: "` + ops + `"`},
		{`  url: "https://bridge.example.com"` + "\n", `  url: "http://127.0.0.1:` + port + `"` + "\n"},
		{`aws: {region: "us-east-1"}`, `aws: {region: "us-east-1", endpoints: {sts: "` + m.sts.URL + `"}}`},
		{`issuer: "https://example.okta.com"`, `issuer: "` + m.okta.Issuer() + `"`},
	} {
		if !strings.Contains(text, r[0]) {
			m.Fatalf("init writes no %s:\n%s", r[0], text)
		}
		text = strings.Replace(text, r[0], r[1], 1)
	}
	text = regexp.MustCompile(`(?m)^  tls: .*\n`).ReplaceAllString(text, "")
	m.shell.write(m.path("fedbridge.yaml"), m.shell.placed(text))
	return portal
}

func (m *minutes) openOkta(portal string) {
	m.Helper()
	var err error
	m.provider, err = idptest.Serve(func(issuer string) (http.Handler, error) {
		m.okta, err = idptest.NewOIDC(idptest.OIDCOptions{
			Issuer: issuer, People: []idptest.Person{{Username: "ann", Password: "password", Subject: "00u1", Email: "ann@example.com", Groups: []string{"aws-readonly"}}},
			Clients: []idptest.Client{{ID: "0oa1b2c3d4E5f6G7h8i9", Secret: "secret", RedirectURIs: []string{portal + "/oidc/okta/callback"}}},
		})
		return m.okta, err
	})
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(m.provider.Close)
}

// awaitKeys waits until the first key was read back from where AWS reads it.
func (m *minutes) awaitKeys() {
	m.Helper()
	ops := strings.TrimPrefix(m.shell.env[len(m.shell.env)-1], "OPS=")
	for deadline := time.Now().Add(hangs); ; {
		answer, err := http.Get("http://" + ops + "/readyz")
		if err != nil {
			m.Fatal(err)
		}
		var ready struct {
			Parts []struct{ Name, Problem string } `json:"parts"`
		}
		_ = json.NewDecoder(answer.Body).Decode(&ready)
		answer.Body.Close()
		if len(ready.Parts) > 0 && !slices.ContainsFunc(ready.Parts, func(p struct{ Name, Problem string }) bool { return p.Problem != "" }) {
			return
		}
		if time.Now().After(deadline) {
			m.Fatalf("not ready: %+v", ready)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// trust creates in AWS what `trust policy` prints.
func (m *minutes) trust() {
	m.Helper()
	path := m.shell.root + "/etc/fedbridge/fedbridge.yaml"
	code, printed, stderr := runCommand("trust", "policy", "--config", path)
	file, problems := config.Load(path)
	if code != exitOK || file == nil {
		m.Fatal(stderr, problems)
	}
	var state ststest.State
	for _, a := range file.Accounts {
		state.Accounts = append(state.Accounts, ststest.Account{ID: a.ID})
		state.OIDCProviders = append(state.OIDCProviders, ststest.OIDCProvider{Account: a.ID, Issuer: file.Issuer.URL, ClientIDs: []string{"fedbridge:" + a.ID}})
	}
	for _, part := range regexp.MustCompile(`(?ms)^# (arn:\S+)\n(\{.*?^\})$`).FindAllStringSubmatch(printed, -1) {
		state.Roles = append(state.Roles, ststest.Role{ARN: part[1], TrustPolicy: part[2], MaxSessionDuration: 8 * time.Hour})
	}
	if len(state.Roles) != len(file.Accounts) {
		m.Fatalf("trust policy prints\n%s", printed)
	}
	if err := m.aws.Load(state); err != nil {
		m.Fatal(err)
	}
}
