package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// realPeople can sign in at both kinds of provider, with the same password.
var realPeople = []realPerson{
	{"ada-1815", "Ada Lovelace", "ada@example.com", []string{"readers", "analysts"}},
	{"ann-1900", "Ann Auditor", "ann@example.com", []string{"auditors", "night shift"}},
	{"nora-1999", "Nora Newcomer", "nora@example.com", []string{"everyone"}},
}

type realPerson struct {
	login, name, email string
	groups             []string
}

const realPassword = "enough-for-a-test"

// child runs a program until the test is over, gives the first line it prints that begins with "ready", and shows what it
// wrote if the test fails. The program must end when its standard input does, so that it can't outlive the test.
func child(t testing.TB, env []string, command string, args ...string) (ready string) {
	t.Helper()
	out := newTranscript()
	cmd := exec.Command(command, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
		out.end()
	}()
	t.Cleanup(func() {
		stdin.Close()
		select {
		case <-ended:
		case <-time.After(hangs):
			cmd.Process.Kill()
			t.Errorf("%s did not end with its standard input", command)
		}
		if t.Failed() {
			t.Logf("%s wrote:\n%s", command, out)
		}
	})
	text, ok := out.until(func(text string) bool { return readyLine.MatchString(text) })
	if !ok {
		t.Fatalf("%s is not ready:\n%s", command, text)
	}
	return readyLine.FindStringSubmatch(text)[1]
}

var readyLine = regexp.MustCompile(`(?m)^ready ?(.*)\n`)

// oidcClient is how server.mjs reads a client.
type oidcClient struct {
	ID          string `json:"id"`
	Secret      string `json:"secret"`
	RedirectURI string `json:"redirect_uri"`
	Algorithm   string `json:"alg"`
}

// startOIDCProviders starts the npm package oidc-provider twice in one process: the first puts the claims of scopes into
// the ID token, the second keeps them at UserInfo. It gives the two issuers.
func startOIDCProviders(t testing.TB, inToken, atUserInfo []oidcClient) (issuers []string) {
	t.Helper()
	node := need(t, "node", "Node.js, to run an OIDC provider that is not ours")
	server := filepath.Join("testdata", "oidc-provider", "server.mjs")
	need(t, filepath.Join("testdata", "oidc-provider", "node_modules", "oidc-provider", "package.json"), "the npm package oidc-provider")
	people := map[string]any{}
	for _, p := range realPeople {
		people[p.login] = map[string]any{"name": p.name, "email": p.email, "email_verified": true, "groups": p.groups}
	}
	options, err := json.Marshal(map[string]any{
		"people": people,
		"issuers": []map[string]any{
			{"claims_in_id_token": true, "clients": inToken},
			{"claims_in_id_token": false, "clients": atUserInfo},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	issuers = strings.Fields(child(t, nil, node, server, string(options)))
	if len(issuers) != 2 {
		t.Fatalf("oidc-provider listens at %q", issuers)
	}
	return issuers
}

// samlSP is how saml20-sp-remote.php reads a service provider.
type samlSP struct {
	EntityID         string   `json:"entity_id"`
	ACS              string   `json:"acs"`
	SignResponse     bool     `json:"sign_response"`
	SignAssertion    bool     `json:"sign_assertion"`
	Encrypt          bool     `json:"encrypt"`
	Cipher           string   `json:"cipher"` // AES128_GCM, AES256_GCM; "" for its own, AES-128-CBC
	ValidateRequests bool     `json:"validate_requests"`
	Certificate      string   `json:"certificate"` // base64; "" for none
	Persistent       bool     `json:"persistent"`
	AWSRoles         []string `json:"aws_roles"`
}

const simpleSAMLFolder = "/usr/share/simplesamlphp/www"

// startSimpleSAML runs Debian's SimpleSAMLphp in PHP's own server, and gives the URL of the IdP's metadata.
func startSimpleSAML(t testing.TB, sps []samlSP) (metadata string) {
	t.Helper()
	php := need(t, "php", "PHP, to run a SAML identity provider that is not ours")
	need(t, simpleSAMLFolder+"/index.php", "Debian's simplesamlphp")
	dir := t.TempDir()
	writeKeyPair(t, dir, "idp")
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	address, _ := freeAddress(t)
	url := "http://" + address
	var people []map[string]any
	for _, p := range realPeople {
		people = append(people, map[string]any{"username": p.login, "password": realPassword, "attributes": map[string][]string{
			"uid": {p.login}, "displayName": {p.name}, "mail": {p.email}, "memberOf": p.groups,
		}})
	}
	options, err := json.Marshal(map[string]any{"url": url, "dir": dir, "salt": rand.Text(), "people": people, "sps": sps})
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs(filepath.Join("testdata", "simplesamlphp"))
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"SIMPLESAMLPHP_CONFIG_DIR=" + config, "FEDBRIDGE_TEST_SAML_OPTIONS=" + writeFile(t, dir, "options.json", string(options))}
	// PHP's server doesn't mind its standard input; the shell around it does.
	child(t, env, "sh", "-c", `"$0" -q -d log_errors=1 -d error_log=/dev/stderr -S "$1" -t "$2" & echo ready; read -r _; kill $!; wait $!`, php, address, simpleSAMLFolder)
	metadata = url + "/saml2/idp/metadata.php"
	get(t, metadata)
	return metadata
}

// get asks until somebody answers, and expects a document.
func get(t testing.TB, url string) []byte {
	t.Helper()
	for late := time.Now().Add(hangs); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.Get(url)
		if err != nil {
			if time.Now().After(late) {
				t.Fatal(err)
			}
			continue
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v:\n%s", url, r.Status, err, body)
		}
		return body
	}
}

// writeKeyPair writes NAME.key and NAME.crt: an RSA key and its certificate. It gives the certificate's content.
func writeKeyPair(t testing.TB, dir, name string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	writeFile(t, dir, name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	return cert
}
