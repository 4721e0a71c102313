package config_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/config"
)

// publisher is where the documents of an issuer are read.
type publisher struct {
	*httptest.Server
	mu    sync.Mutex
	serve http.HandlerFunc
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{serve: http.NotFound}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.serve(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) set(serve http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve = serve
}

// publishes serves what the world would publish.
func publishes(w *config.World) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		documents := w.Keys.Documents()
		out.Write(map[string][]byte{
			"/aws/.well-known/openid-configuration": documents.Discovery, "/aws/jwks": documents.JWKS, "/aws/saml/metadata": documents.Metadata,
		}[r.URL.Path])
	}
}

// issuing is a configuration whose files are in dir, and whose issuer is published at the address.
func issuing(t *testing.T, dir, address, keys string) *config.File {
	t.Helper()
	file, problems := config.Parse("f.yaml", fmt.Appendf(nil, `
server: {url: "http://localhost:8080", listen: "127.0.0.1:8080"}
store: "sqlite:%[1]s/state.db"
audit: ["file:%[1]s/audit.jsonl"]
aws: {endpoints: {sts: "http://127.0.0.1:1", signin: "http://127.0.0.1:1"}}
issuer: {url: "%[2]s/aws", %[3]s, publish_ahead: 0s}
providers:
  - {name: staff, kind: oidc, issuer: "http://127.0.0.1:1", client_id: fedbridge, client_secret: "file:%[1]s/secret"}
accounts:
  - {id: "111122223333", name: shop, saml_encryption: {certificate: "file:%[1]s/shop.pem", provider_id: SAMLP1}}
  - {id: "444455556666", name: lab, saml_encryption: {certificate: "file:%[1]s/lab.pem", provider_id: SAMLP2}}
roles:
  - {name: minted, accounts: [shop, lab], arn: "arn:aws:iam::{account}:role/Minted"}
  - {name: asserted, accounts: [shop, lab], arn: "arn:aws:iam::{account}:role/Asserted", mint: saml}
rules:
  - {name: all, groups: [all], roles: [minted, asserted]}
`, dir, address, keys))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return file
}

// files writes what a configuration made by issuing needs.
func files(t *testing.T, dir string) {
	t.Helper()
	write(t, dir, "secret", []byte("s3cret\n"))
	write(t, dir, "shop.pem", certificate(t, rsaKey()))
	write(t, dir, "lab.pem", certificate(t, rsaKey()))
}

func write(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rsaKey is made once: it takes its time.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// ask asks every part, and gives what failed by name.
func ask(w *config.World) map[string]error {
	failed := map[string]error{}
	for _, part := range w.Parts() {
		failed[part.Name] = part.Ask(context.Background())
	}
	return failed
}

// TestOpenIssuer: the first start makes keys, which sign once they were read back; then everything can be minted, and
// check --online says so.
func TestOpenIssuer(t *testing.T) {
	dir, at := t.TempDir(), newPublisher(t)
	files(t, dir)
	world, err := issuing(t, dir, at.URL, `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	said := ask(world)
	for name, want := range map[string]string{"issuer keys": "not read back yet", "issuer": "answers with status 404"} {
		if said[name] == nil || !strings.Contains(said[name].Error(), want) {
			t.Errorf("%s: %v", name, said[name])
		}
	}
	at.set(publishes(world))
	if err := world.Keys.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	if said := ask(world); said["issuer keys"] != nil || said["issuer"] != nil {
		t.Errorf("%v", said)
	}
	for _, name := range []string{"minted", "asserted"} {
		role, _ := world.Policy.Role(bridge.RoleKey{Account: "444455556666", Name: name})
		proof, err := world.Minter.Mint(context.Background(), bridge.MintRequest{
			Role: role, Identity: bridge.Identity{Provider: "staff", Subject: "ann"}, SessionName: "ann", Duration: time.Hour,
		})
		if err != nil || proof.Kind != role.Mint {
			t.Errorf("%s: %q, %v", name, proof.Kind, err)
		}
		if xml, _ := base64.StdEncoding.DecodeString(proof.Raw.Reveal()); strings.Contains(string(xml), "EncryptedAssertion") != (name == "asserted") {
			t.Errorf("%s: %s", name, xml)
		}
	}
}

// TestAskIssuer: whatever else stands where AWS reads is named.
func TestAskIssuer(t *testing.T) {
	dir, at := t.TempDir(), newPublisher(t)
	files(t, dir)
	world, err := issuing(t, dir, at.URL, `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	own := publishes(world)
	for want, serve := range map[string]http.HandlerFunc{
		"/aws/jwks has another document": func(w http.ResponseWriter, r *http.Request) {
			own(w, r)
			if r.URL.Path == "/aws/jwks" {
				w.Write([]byte(" "))
			}
		},
		"/aws/saml/metadata has another document": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/aws/saml/metadata" {
				own(w, r)
			}
		},
		"status 302": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere"+r.URL.Path, http.StatusFound)
		},
		"has another document than fedbridge publishes": func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 2<<20)) },
	} {
		at.set(serve)
		if err := ask(world)["issuer"]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	at.Close()
	if err := ask(world)["issuer"]; err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
}

// TestOpenIssuerReadOnly: who only looks makes no key, and isn't told that keys are missing which serve will make.
func TestOpenIssuerReadOnly(t *testing.T) {
	dir, at := t.TempDir(), newPublisher(t)
	files(t, dir)
	world, err := issuing(t, dir, at.URL, `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	said := ask(world)
	if said["issuer keys"] != nil || said["issuer"] == nil || !strings.Contains(said["issuer"].Error(), "serve` makes the first keys") {
		t.Errorf("%v", said)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "keys", "*")); len(found) > 0 {
		t.Errorf("made %q", found)
	}
}

// TestSubjectsStay: whoever had one sub before a restart has it afterwards, on every node with this store.
func TestSubjectsStay(t *testing.T) {
	dir, at := t.TempDir(), newPublisher(t)
	files(t, dir)
	var keys [][]byte
	for range 2 {
		world, err := issuing(t, dir, at.URL, `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{})
		if err != nil {
			t.Fatal(err)
		}
		key, err := world.Store.Key(context.Background(), "issuer-subject")
		if err != nil || world.Close() != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if !slices.Equal(keys[0], keys[1]) || len(keys[0]) < 32 {
		t.Error("the key of subjects changed")
	}
}

// TestOpenIssuerReportsEverything: keys that others can read and certificates that nothing can be encrypted for are told
// together.
func TestOpenIssuerReportsEverything(t *testing.T) {
	key := rsaKey()
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	good := certificate(t, key)
	for name, c := range map[string]struct {
		certificate []byte
		want        string
	}{
		"none":          {nil, "no such file"},
		"empty":         {[]byte("\n"), "holds 0 certificates in PEM"},
		"two":           {slices.Concat(good, good), "holds 2 certificates in PEM"},
		"no PEM":        {[]byte("MIIB"), "holds 0 certificates in PEM"},
		"a key":         {slices.Concat(good, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), "holds a private key"},
		"an RSA key":    {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: private}), "holds a private key"},
		"not X.509":     {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "x509: "},
		"EC":            {certificate(t, ecKey(t, elliptic.P256())), "IAM decrypts with RSA only"},
		"too large":     {make([]byte, 65<<10), "more than 64 KiB"},
		"a public key":  {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "holds 0 certificates in PEM"},
		"not a request": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("x")}), "holds 0 certificates in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "shop.pem", good)
			if c.certificate != nil {
				write(t, dir, "lab.pem", c.certificate)
			}
			if err := os.Mkdir(filepath.Join(dir, "keys"), 0o755); err != nil {
				t.Fatal(err)
			}
			world, err := issuing(t, dir, "http://127.0.0.1:1", `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{})
			if err == nil || world != nil {
				t.Fatal("opened")
			}
			for _, part := range []string{`providers[0] "staff": `, "accounts[1].saml_encryption.certificate: ", "issuer: keys: "} {
				if !strings.Contains("\n"+err.Error(), "\n"+part) {
					t.Errorf("%q isn't reported:\n%v", part, err)
				}
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "chmod 700") || strings.Contains(err.Error(), "accounts[0]") {
				t.Error(err)
			}
		})
	}
}

// A small key is refused, too; it can't be made with today's Go, so it was made before.
func TestSmallEncryptionKey(t *testing.T) {
	dir := t.TempDir()
	files(t, dir)
	write(t, dir, "lab.pem", []byte(readFile(t, "testdata", "rsa1024.pem")))
	_, err := issuing(t, dir, "http://127.0.0.1:1", `keys: "file:`+dir+`/keys"`).Open(context.Background(), config.Outside{})
	if err == nil || !strings.Contains(err.Error(), "RSA key has 1024 bits") {
		t.Error(err)
	}
}

// fakeKMS holds keys by their ARN.
type fakeKMS map[string]crypto.Signer

func (k fakeKMS) PublicKey(_ context.Context, arn string) (crypto.PublicKey, error) {
	if k[arn] == nil {
		return nil, bridge.Fail(bridge.CodeIssuerKMS, errors.New("kms: NotFoundException"))
	}
	return k[arn].Public(), nil
}

func (k fakeKMS) Sign(_ context.Context, arn, _ string, digest []byte) ([]byte, error) {
	if k[arn] == nil {
		return nil, bridge.Fail(bridge.CodeIssuerKMS, errors.New("kms: NotFoundException"))
	}
	return k[arn].Sign(rand.Reader, digest, crypto.SHA256)
}

const (
	tokenARN = "arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"
	nextARN  = "arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c11"
	samlARN  = "arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c12"
)

// TestOpenIssuerInKMS: a KMS that refuses is no reason not to open, and every key that is missing or of another kind than
// configured is told, before anybody needs it.
func TestOpenIssuerInKMS(t *testing.T) {
	p256, rsa2048 := ecKey(t, elliptic.P256()), rsaKey()
	all := func(change func(fakeKMS)) fakeKMS {
		k := fakeKMS{tokenARN: p256, nextARN: ecKey(t, elliptic.P256()), samlARN: rsa2048}
		change(k)
		return k
	}
	for name, c := range map[string]struct {
		kms  fakeKMS
		want []string
	}{
		"well":         {all(func(fakeKMS) {}), nil},
		"nothing":      {fakeKMS{}, []string{"NotFoundException"}},
		"RSA, not EC":  {all(func(k fakeKMS) { k[nextARN] = rsa2048 }), []string{nextARN + " can't sign by ES256", "ECC_NIST_P256"}},
		"EC, not RSA":  {all(func(k fakeKMS) { k[samlARN] = p256 }), []string{samlARN + " can't sign by RS256", "RSA_2048"}},
		"other curve":  {all(func(k fakeKMS) { k[tokenARN] = ecKey(t, elliptic.P384()) }), []string{tokenARN + " can't sign by ES256"}},
		"the last one": {all(func(k fakeKMS) { delete(k, nextARN) }), []string{"NotFoundException"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, at := t.TempDir(), newPublisher(t)
			files(t, dir)
			file := issuing(t, dir, at.URL, fmt.Sprintf(`keys: ["kms:%s", "kms:%s"], saml_keys: "kms:%s"`, tokenARN, nextARN, samlARN))
			world, err := file.Open(context.Background(), config.Outside{KMS: mint.KMS(c.kms)})
			if err != nil {
				t.Fatal(err)
			}
			defer world.Close()
			at.set(publishes(world))
			world.Keys.Step(context.Background()) // what fails is told below
			said := ask(world)["issuer keys"]
			if c.want == nil && said != nil {
				t.Error(said)
			}
			for _, want := range c.want {
				if said == nil || !strings.Contains(said.Error(), want) {
					t.Errorf("%v; want %s", said, want)
				}
			}
		})
	}
}
