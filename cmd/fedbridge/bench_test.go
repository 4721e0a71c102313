package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// The benchmarks of this package measure fedbridge as a whole: the real configuration, store, audit file and handlers.
// .ci/bench runs them together with those of the parts and prints one table.

// benchConfig is a configuration of some size: 20 roles an account. One person has the roles of every account.
var benchConfig = template.Must(template.New("bench").Parse(`
server:
  url: {{.URL}}
  listen: {{.Listen}}
  ops_listen: {{.Ops}}
{{- if .TLS}}
  tls: {cert: "file:{{.TLS}}.crt", key: "file:{{.TLS}}.key"}
{{- end}}
store: sqlite:{{.Dir}}/state.db
audit: ["file:{{.Dir}}/audit.jsonl"]
aws: {region: eu-west-1, endpoints: {sts: "{{.STS}}"}}
providers:
  - {name: corp, kind: saml, metadata: "{{.SAML}}", claims: {email: mail, name: displayName, groups: memberOf}}
  - {name: web, kind: oidc, issuer: "{{.Issuer}}", client_id: bench, client_secret: "file:{{.Dir}}/secret"}
accounts:
{{- range .Accounts}}
  - {id: "{{.}}", name: account-{{.}}, label: Account {{.}}, environment: production, owner: team@example.com}
{{- end}}
roles:
{{- range .Roles}}
  - {name: {{.}}, accounts: ["*"], arn: "arn:aws:iam::{account}:role/{{.}}", via: assume_role, source_identity: identity.email}
{{- end}}
rules:
  - {name: the team, groups: [group-00], roles: [{{range .Roles}}{{.}}, {{end}}]}
  - {name: leavers, when: '"leaving" in claims.status', deny: ["*"]}
`))

// The people of the benchmarks: what their providers say of them has the two sizes that people have.
const (
	benchSmall = "small" // 2 roles and 3 groups: a response of 6 KB
	benchLarge = "large" // 60 roles and 25 groups: 23 KB
)

func benchPerson(name string, roles, groups int) idptest.Person {
	p := idptest.Person{Username: name, Password: "x", Subject: "u-" + name, Email: name + "@example.com", Name: "Ada Lovelace"}
	for i := range groups {
		p.Groups = append(p.Groups, fmt.Sprintf("group-%02d", i))
		if i > 0 {
			p.Groups[i] = fmt.Sprintf("cn=aws-group-%02d,ou=groups,dc=example,dc=com", i)
		}
	}
	for i := range roles {
		account := fmt.Sprint(benchAccount(i / 20))
		p.RolePairs = append(p.RolePairs, "arn:aws:iam::"+account+":role/role-"+fmt.Sprint(i%20)+",arn:aws:iam::"+account+":saml-provider/Corp")
	}
	return p
}

func benchAccount(i int) int { return 111122220000 + i }

// benchWorld is a configuration with what it finds outside. The providers' own work is counted, to be subtracted.
type benchWorld struct {
	dir, url, config string
	oidc             *idptest.OIDC
	saml             *idptest.SAML
	outside          atomic.Int64 // nanoseconds that were spent in the providers and STS
}

// newBenchWorld makes a world of this many roles, with its files in dir.
func newBenchWorld(b *testing.B, scheme, dir string, roles int) *benchWorld {
	b.Helper()
	w := &benchWorld{dir: dir}
	listen, ops := benchPort(b), benchPort(b)
	_, port, _ := net.SplitHostPort(listen)
	w.url = scheme + "://localhost:" + port
	people := []idptest.Person{benchPerson(benchSmall, 2, 3), benchPerson(benchLarge, 60, 25)}
	issuer := w.serve(b, func(url string) (handler http.Handler, err error) {
		w.oidc, err = idptest.NewOIDC(idptest.OIDCOptions{Issuer: url, People: people, Clients: []idptest.Client{
			{ID: "bench", Secret: "secret", RedirectURIs: []string{w.url + "/oidc/web/callback"}},
		}})
		return w.oidc, err
	})
	w.serve(b, func(url string) (handler http.Handler, err error) {
		w.saml, err = idptest.NewSAML(idptest.SAMLOptions{URL: url, People: people, SPs: []idptest.SP{
			{EntityID: w.url + "/saml/corp/metadata", ACS: []string{w.url + "/saml/corp/acs"}},
		}})
		return w.saml, err
	})
	values := map[string]any{
		"URL": w.url, "Listen": listen, "Ops": ops, "Dir": w.dir, "Issuer": issuer, "SAML": w.saml.MetadataURL(),
		"STS": w.serve(b, func(string) (http.Handler, error) { return http.HandlerFunc(answerAsSTS), nil }),
	}
	perAccount := min(roles, 20)
	var accounts, names []string
	for i := range roles / perAccount {
		accounts = append(accounts, fmt.Sprint(benchAccount(i)))
	}
	for i := range perAccount {
		names = append(names, fmt.Sprintf("role-%d", i))
	}
	values["Accounts"], values["Roles"] = accounts, names
	if scheme == "https" {
		values["TLS"] = filepath.Join(w.dir, "tls")
		if err := writeSelfSigned(filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")); err != nil {
			b.Fatal(err)
		}
	}
	var text bytes.Buffer
	if err := benchConfig.Execute(&text, values); err != nil {
		b.Fatal(err)
	}
	w.config = filepath.Join(w.dir, "fedbridge.yaml")
	for path, content := range map[string]string{w.config: text.String(), filepath.Join(w.dir, "secret"): "secret\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

func (w *benchWorld) serve(b *testing.B, build func(url string) (http.Handler, error)) string {
	b.Helper()
	server, err := idptest.Serve(func(url string) (http.Handler, error) {
		inner, err := build(url)
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			began := time.Now()
			inner.ServeHTTP(rw, r)
			w.outside.Add(int64(time.Since(began)))
		}), err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	return server.URL
}

// answerAsSTS grants every AssumeRole at once, so that what is measured is the way there.
func answerAsSTS(w http.ResponseWriter, r *http.Request) {
	arn := strings.FieldsFunc(r.PostFormValue("RoleArn"), func(c rune) bool { return c == ':' || c == '/' })
	if len(arn) < 6 {
		http.Error(w, "no role", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>`+
		`<AssumedRoleId>AROAEXAMPLE:x</AssumedRoleId><Arn>arn:aws:sts::%s:assumed-role/%s/%s</Arn></AssumedRoleUser>`+
		`<SourceIdentity>%s</SourceIdentity><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId>`+
		`<SecretAccessKey>c2VjcmV0</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>`+
		`</AssumeRoleResult></AssumeRoleResponse>`,
		arn[3], arn[len(arn)-1], r.PostFormValue("RoleSessionName"), r.PostFormValue("SourceIdentity"),
		strings.Repeat("dG9r", 250), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// open makes the handlers of this world, in this process.
func (w *benchWorld) open(b *testing.B) http.Handler {
	b.Helper()
	file, err := load(os.Stderr, w.config)
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.Discard, nil)) // lines are made, and thrown away
	world, err := file.Open(context.Background(), config.Outside{Stdout: io.Discard, Log: log, Credentials: &awssts.Credentials{
		AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("secret"),
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { world.Close() })
	app, err := newApp(context.Background(), world, log)
	if err != nil {
		b.Fatal(err)
	}
	return app.public
}

// benchPort is an address with a free port.
func benchPort(b *testing.B) string {
	b.Helper()
	own, err := takePort("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	own.free()
	return own.address
}

// benchVisitor is a browser without a network: requests go straight to the handler.
type benchVisitor struct {
	b       *testing.B
	site    http.Handler
	base    string
	cookies map[string]string
	spent   time.Duration // in the handler
	cpu     time.Duration // of the process meanwhile
}

func (w *benchWorld) visitor(b *testing.B, site http.Handler) *benchVisitor {
	return &benchVisitor{b: b, site: site, base: w.url, cookies: map[string]string{}}
}

func (v *benchVisitor) do(method, path, form string, headers ...string) *httptest.ResponseRecorder {
	v.b.Helper()
	r := httptest.NewRequest(method, v.base+path, strings.NewReader(form))
	r.RemoteAddr = "127.0.0.1:1234" // plain http is served to this machine only
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	began, used := time.Now(), cpuTime()
	v.site.ServeHTTP(answer, r)
	v.spent, v.cpu = v.spent+time.Since(began), v.cpu+cpuTime()-used
	for _, c := range answer.Result().Cookies() {
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	return answer
}

// must is do for an answer that has to have this status.
func (v *benchVisitor) must(status int, method, path, form string, headers ...string) *httptest.ResponseRecorder {
	v.b.Helper()
	answer := v.do(method, path, form, headers...)
	if answer.Code != status {
		v.b.Fatalf("%s %s: %d, want %d: %s", method, path, answer.Code, status, answer.Body)
	}
	return answer
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // has no reason to fail
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
