package mint_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// onRecord opens a ring on the record of a file, to look at it.
func onRecord(t *testing.T, path string) *mint.Ring {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	state := newMemoryState()
	if _, err := state.Swap(t.Context(), "issuer-keys:https://id.example.com/aws", 0, text); err != nil {
		t.Fatal(err)
	}
	r, err := mint.OpenRing(t.Context(), mint.RingConfig{
		Issuer: "https://id.example.com/aws", SignInURL: "https://bridge.example.com", Dir: filepath.Join(t.TempDir(), "none"),
		SAMLDir: filepath.Join(t.TempDir(), "none"), State: state, ReadOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDocumentsGolden: one record gives one text, to the byte, on every node and in every version. The record itself stays
// readable, too (threat Z14).
func TestDocumentsGolden(t *testing.T) {
	folder := filepath.Join("testdata", "ring")
	docs := onRecord(t, filepath.Join(folder, "record.json")).Documents()
	for name, have := range map[string][]byte{"discovery.json": docs.Discovery, "jwks.json": docs.JWKS, "metadata.xml": docs.Metadata} {
		path := filepath.Join(folder, name)
		if *updateGolden {
			if err := os.WriteFile(path, have, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is:\n%s\nwant:\n%s", name, have, want)
		}
	}
}

// TestDocumentsStock: a stock OIDC client finds the keys by the issuer's address alone, and verifies with them.
func TestDocumentsStock(t *testing.T) {
	for _, algorithm := range []string{mint.ES256, mint.RS256} {
		w := newRingWorld(t)
		r := w.open(func(c *mint.RingConfig) { c.Algorithm = algorithm })
		step(t, r)
		provider, err := oidc.NewProvider(t.Context(), w.issuer)
		if err != nil {
			t.Fatal(err)
		}
		m := newMinter(t, func(c *mint.Config) { c.Issuer, c.Keys = w.issuer, r })
		verify := func() {
			t.Helper()
			proof := minted(t, m, forRole(bridge.ProofIDToken))
			if _, err := provider.Verifier(&oidc.Config{ClientID: "fedbridge:" + shop}).Verify(context.Background(), proof.Raw.Reveal()); err != nil {
				t.Errorf("%s: %v", algorithm, err)
			}
		}
		verify()
		before := current(t, r, mint.UseToken).ID
		rotate(t, r, mint.UseToken)
		step(t, r)
		w.clock.pass(time.Hour)
		step(t, r)
		if verify(); current(t, r, mint.UseToken).ID == before {
			t.Error("the key was not replaced")
		}
		var said struct {
			Endpoint string   `json:"authorization_endpoint"`
			Claims   []string `json:"claims_supported"`
			Types    []string `json:"response_types_supported"`
		}
		if err := provider.Claims(&said); err != nil || said.Endpoint != "" || len(said.Claims) < 7 || len(said.Types) != 1 {
			t.Errorf("discovery says %+v, %v", said, err)
		}
	}
}

// TestDocumentsMetadata: a SAML library and IAM, as strict as it gets, take the metadata; it is valid as long as its
// certificates.
func TestDocumentsMetadata(t *testing.T) {
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	rotate(t, r, mint.UseSAML)
	text := r.Documents().Metadata
	if n := utf8.RuneCount(text); n < 1000 || !utf8.Valid(text) || bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		t.Fatalf("%d characters: %s", n, text)
	}
	var d saml.EntityDescriptor
	if err := xml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.EntityID != w.issuer+"/saml/metadata" || len(d.IDPSSODescriptors) != 1 || len(d.IDPSSODescriptors[0].SingleSignOnServices) != 1 {
		t.Fatalf("%+v", d)
	}
	idp := d.IDPSSODescriptors[0]
	signs := map[string]bool{}
	for _, k := range idp.KeyDescriptors {
		if k.Use != "signing" {
			t.Errorf("a key for %q", k.Use)
		}
		for _, c := range k.KeyInfo.X509Data.X509Certificates {
			signs[c.Data] = true
		}
	}
	active := current(t, r, mint.UseSAML)
	if !signs[base64.StdEncoding.EncodeToString(active.Certificate.Raw)] || len(signs) != 2 {
		t.Errorf("%d certificates, that of the key that signs among them: %v", len(signs), signs[base64.StdEncoding.EncodeToString(active.Certificate.Raw)])
	}
	if d.ValidUntil.Before(active.Certificate.NotAfter) || d.ValidUntil.Sub(w.clock.now()) < 9*365*24*time.Hour {
		t.Errorf("valid until %v", d.ValidUntil)
	}
	aws := ststest.New(ststest.Options{})
	if err := aws.AddAccount(ststest.Account{ID: shop}); err != nil {
		t.Fatal(err)
	}
	if err := aws.AddSAMLProvider(ststest.SAMLProvider{ARN: samlProvider, Metadata: text}); err != nil {
		t.Error(err)
	}
}

// An address with characters that mean something in XML, and one as long as it may be, come out whole.
func TestDocumentsSignInURL(t *testing.T) {
	w := newRingWorld(t)
	at := `https://bridge.example.com/?a="<&>'` + strings.Repeat("é", 100)
	r := w.open(func(c *mint.RingConfig) { c.SignInURL = at })
	var d saml.EntityDescriptor
	if err := xml.Unmarshal(r.Documents().Metadata, &d); err != nil {
		t.Fatal(err)
	}
	if got := d.IDPSSODescriptors[0].SingleSignOnServices[0].Location; got != at {
		t.Errorf("%q became %q", at, got)
	}
}

// TestRecordRefused: a record that isn't as this version writes it is refused, not half understood: another key under an
// id, two keys that sign, a file elsewhere, an unknown field, a later format.
func TestRecordRefused(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "ring", "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join("testdata", "ring", "discovery.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	var parsed struct{ Keys []struct{ ID, Public string } }
	if err := json.Unmarshal(good, &parsed); err != nil {
		t.Fatal(err)
	}
	for _, k := range parsed.Keys {
		ids = append(ids, k.ID)
	}
	replace := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the record has no %q", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for name, text := range map[string]string{
		"nothing":               "",
		"something else":        string(other),
		"cut off":               string(good[:len(good)-10]),
		"more behind":           string(good) + "{}",
		"a later format":        replace(`"format":1`, `"format":2`),
		"no format":             replace(`"format":1,`, ``),
		"an unknown field":      replace(`"use":"token"`, `"use":"token","extra":1`),
		"an unknown use":        replace(`"use":"token"`, `"use":"sauce"`),
		"an unknown state":      replace(`"state":"next"`, `"state":"soon"`),
		"two that sign":         replace(`"state":"next"`, `"state":"active"`),
		"another key's id":      replace(ids[0], ids[1]),
		"another key":           replace(parsed.Keys[0].Public, parsed.Keys[1].Public),
		"another algorithm":     replace(`"algorithm":"ES256"`, `"algorithm":"RS256"`),
		"a path":                replace(`"file":"token-`, `"file":"../token-`),
		"a relative directory":  replace(`"dir":"/`, `"dir":"`),
		"both, a file and KMS":  replace(`"state":"next"`, `"kms":"arn","state":"next"`),
		"a key without a place": replace(`"dir":"/etc/fedbridge/keys","file":"token-ES256-`+ids[0]+`.pem",`, ``),
	} {
		state := newMemoryState()
		if _, err := state.Swap(t.Context(), "issuer-keys:https://id.example.com", 0, []byte(text)); err != nil {
			t.Fatal(err)
		}
		_, err := mint.OpenRing(t.Context(), mint.RingConfig{Issuer: "https://id.example.com", Dir: filepath.Join(t.TempDir(), "keys"), State: state})
		if err == nil || !strings.Contains(err.Error(), "the record of keys") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
