package mint_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// tool finds a command, or a file by its path. Where it is missing the test is skipped and says what would be needed; with
// FEDBRIDGE_TEST_REQUIRE=all it fails.
func tool(t testing.TB, commandOrPath, what string) string {
	t.Helper()
	path, err := exec.LookPath(commandOrPath)
	if strings.Contains(commandOrPath, "/") {
		_, err = os.Stat(commandOrPath)
		path = commandOrPath
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all":
		t.Fatalf("%s is not here: %s (FEDBRIDGE_TEST_REQUIRE=all); `make deps` installs it", commandOrPath, what)
	}
	t.Skipf("SKIPPED: needs %s, %s; `make deps` installs it", commandOrPath, what)
	return ""
}

// verdict is what node's jose or node-saml said.
type verdict struct {
	Error   string
	Claims  map[string]any
	Header  map[string]any
	Profile map[string]any
}

// askNode gives cases to relying parties in one node process.
func askNode(t *testing.T, cases ...map[string]any) []verdict {
	t.Helper()
	node := tool(t, "node", "to run relying parties that are not ours")
	tool(t, filepath.Join("testdata", "node", "node_modules", "@node-saml", "node-saml", "package.json"), "the npm packages jose and node-saml")
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "verify.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = filepath.Join("testdata", "node"), bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []verdict
	if err := json.Unmarshal(out, &verdicts); err != nil || len(verdicts) != len(cases) {
		t.Fatalf("%d cases, %d verdicts: %v", len(cases), len(verdicts), err)
	}
	return verdicts
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func privatePEM(t testing.TB, key heldKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key.private)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

// TestTokenWithJose: node's jose takes our tokens of both algorithms and reads in them what we wrote, and takes none that
// was changed or is for somebody else.
func TestTokenWithJose(t *testing.T) {
	var cases []map[string]any
	var want []map[string]any
	for _, key := range []heldKey{esKey(), rsKey()} {
		proof := minted(t, newMinter(t, signWith(key)), forRole(bridge.ProofIDToken))
		claims := claimsOf(t, proof)
		good := map[string]any{
			"token": proof.Raw.Reveal(), "issuer": issuerURL, "audience": "fedbridge:" + shop,
			"jwk": jose.JSONWebKey{Key: key.Public, KeyID: key.ID, Algorithm: key.Algorithm, Use: "sig"},
		}
		other, changed, elsewhere := with(good, "audience", "fedbridge:444455556666"), with(good, "token", tampered(proof.Raw.Reveal())), with(good, "issuer", issuerURL+"/")
		cases = append(cases, good, other, changed, elsewhere)
		want = append(want, claims, nil, nil, nil)
	}
	for i, got := range askNode(t, cases...) {
		if (want[i] == nil) != (got.Error != "") {
			t.Errorf("case %d: %q", i, got.Error)
		} else if diff := cmp.Diff(want[i], got.Claims); diff != "" {
			t.Errorf("case %d: %s", i, diff)
		}
	}
}

func with(m map[string]any, name string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	out[name] = value
	return out
}

// tampered makes the token one of another role, and keeps the signature.
func tampered(token string) string {
	part := strings.Split(token, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(part[1])
	part[1] = base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(payload, []byte("Dev"), []byte("Adm")))
	return strings.Join(part, ".")
}

func encrypted(r *bridge.MintRequest) {
	r.Role.Encryption = bridge.SAMLEncryption{Certificate: "file:aws.pem", ProviderID: "SAMLSP0"}
}

// TestSAMLWithNodeSAML: an independent service provider takes our responses, in clear and encrypted, and takes none that was
// changed, is for somebody else, or is encrypted for somebody else.
func TestSAMLWithNodeSAML(t *testing.T) {
	m := newMinter(t)
	plain, sealed := minted(t, m, forRole(bridge.ProofSAML)), minted(t, m, forRole(bridge.ProofSAML, encrypted))
	good := map[string]any{
		"response": plain.Raw.Reveal(), "certificate": pemOf("CERTIFICATE", samlKey().Certificate.Raw),
		"audience": "urn:amazon:webservices", "recipient": plain.Recipient,
	}
	secret := with(with(good, "response", sealed.Raw.Reveal()), "key", privatePEM(t, awsKey()))
	raw, _ := base64.StdEncoding.DecodeString(plain.Raw.Reveal())
	changed := base64.StdEncoding.EncodeToString(bytes.ReplaceAll(raw, []byte("role/team/Dev"), []byte("role/team/Adm")))
	got := askNode(t, good, secret,
		with(good, "response", changed), with(good, "audience", "urn:amazon:webservices:govcloud"),
		with(good, "certificate", pemOf("CERTIFICATE", rsKey().Certificate.Raw)), with(secret, "key", privatePEM(t, rsKey())))
	for i, v := range got[2:] {
		if v.Error == "" {
			t.Errorf("bad case %d was taken: %v", i, v.Profile)
		}
	}
	const prefix = "https://aws.amazon.com/SAML/Attributes/"
	for i, v := range got[:2] {
		if v.Error != "" {
			t.Fatalf("case %d: %s", i, v.Error)
		}
		for name, want := range map[string]any{
			"issuer": entityID, "nameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "nameID": parsed(t, plain).FindElement("//NameID").Text(),
			prefix + "RoleSessionName": "ada@example.com-abcdefghij", prefix + "SessionDuration": "43200", prefix + "SourceIdentity": "ada@example.com",
			prefix + "PrincipalTag:Team": "Größe/β @ 1", prefix + "PrincipalTag:Cost Centre": "4711", prefix + "TransitiveTagKeys": "Team",
			prefix + "Role": "arn:aws:iam::" + shop + ":role/team/Dev,arn:aws:iam::" + shop + ":saml-provider/fedbridge",
		} {
			if v.Profile[name] != want {
				t.Errorf("case %d: %s is %v, want %v", i, name, v.Profile[name], want)
			}
		}
	}
}

// xmlsec runs Debian's xmlsec1, which is libxmlsec1 on libxml2 and OpenSSL.
func xmlsec(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool(t, "xmlsec1", "to verify and decrypt what is minted"), arguments...).CombinedOutput()
	return string(out), err
}

// TestSAMLWithXmlsec1: it verifies what we sign, decrypts what we encrypt, and verifies what it decrypted.
func TestSAMLWithXmlsec1(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	document := func(proof bridge.Proof) string {
		raw, err := base64.StdEncoding.DecodeString(proof.Raw.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	certificate := write("signing.pem", pemOf("CERTIFICATE", samlKey().Certificate.Raw))
	private, foreign := write("aws.pem", privatePEM(t, awsKey())), write("foreign.pem", privatePEM(t, rsKey()))
	verify := func(path string) (string, error) {
		return xmlsec(t, "--verify", "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "--trusted-pem", certificate, path)
	}
	m := newMinter(t)
	plain := document(minted(t, m, forRole(bridge.ProofSAML)))
	if out, err := verify(write("plain.xml", plain)); err != nil {
		t.Errorf("plain: %v\n%s", err, out)
	}
	if out, err := verify(write("changed.xml", strings.Replace(plain, "43200", "43201", 1))); err == nil {
		t.Errorf("changed: taken\n%s", out)
	}

	sealed := document(minted(t, m, forRole(bridge.ProofSAML, encrypted)))
	for _, word := range []string{"ada@example.com", "role/team/Dev", "<saml:Assertion "} {
		if strings.Contains(sealed, word) {
			t.Errorf("%q is in clear", word)
		}
	}
	path := write("sealed.xml", sealed)
	opened := filepath.Join(dir, "opened.xml")
	if out, err := xmlsec(t, "--decrypt", "--privkey-pem", private, "--output", opened, path); err != nil {
		t.Fatalf("decrypt: %v\n%s", err, out)
	}
	if out, err := verify(opened); err != nil {
		t.Errorf("opened: %v\n%s", err, out)
	}
	if out, err := xmlsec(t, "--decrypt", "--privkey-pem", foreign, path); err == nil {
		t.Errorf("decrypted with a foreign key\n%s", out)
	}

	// Each with all that hostile people can bring along.
	for i, name := range []string{"a-b", "__", "+=,.@-", strings.Repeat("x", 64)} {
		hostile := minted(t, newMinter(t, func(c *mint.Config) { c.EntityID = `https://bridge/"&<>']]>` }), forRole(bridge.ProofSAML, func(r *bridge.MintRequest) {
			r.SessionName, r.SourceIdentity, r.Recipient = name, name, `https://signin/?a="&b=<`
		}))
		if out, err := verify(write("hostile.xml", document(hostile))); err != nil {
			t.Errorf("hostile %d: %v\n%s", i, err, out)
		}
	}
}
