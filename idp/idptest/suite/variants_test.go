package suite_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/idptest/suite"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestOIDCVariants: the ways in which real OIDC providers differ.
func TestOIDCVariants(t *testing.T) {
	for name, v := range map[string]struct {
		theirs func(*idptest.OIDCOptions)
		ours   func(*oidc.Config)
	}{
		"keys without kid and alg": {theirs: func(o *idptest.OIDCOptions) { o.BareKeys = true }},
		"EdDSA": {
			func(o *idptest.OIDCOptions) { o.Algorithm = "EdDSA" }, func(c *oidc.Config) { c.Algorithms = []string{"EdDSA"} },
		},
		"PS512": {
			func(o *idptest.OIDCOptions) { o.Algorithm = "PS512" }, func(c *oidc.Config) { c.Algorithms = []string{"PS512"} },
		},
		"form_post":          {nil, func(c *oidc.Config) { c.ResponseMode = oidc.ModeFormPost }},
		"client_secret_post": {func(o *idptest.OIDCOptions) { o.ClientAuth = []string{"client_secret_post"} }, nil},
		"public client": {
			func(o *idptest.OIDCOptions) { o.Clients[0].Secret = "" }, func(c *oidc.Config) { c.ClientSecret = "" },
		},
		"issuer with a path":  {func(o *idptest.OIDCOptions) { o.Issuer += "/realms/staff" }, nil},
		"issuer with a slash": {func(o *idptest.OIDCOptions) { o.Issuer += "/" }, nil},
		"separated groups": {
			func(o *idptest.OIDCOptions) { o.GroupsShape, o.GroupsSeparator = idptest.GroupsSeparated, ";" },
			func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "groups", Separator: ";"} },
		},
		"nested groups": {
			func(o *idptest.OIDCOptions) { o.GroupsShape = idptest.GroupsNested },
			func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm_access", "roles"}} },
		},
		"groups at UserInfo only": {
			func(o *idptest.OIDCOptions) { o.GroupsShape = idptest.GroupsUserInfo }, func(c *oidc.Config) { c.UserInfo = true },
		},
		"no iss parameter": {func(o *idptest.OIDCOptions) { o.ResponseIss = false }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			provider, o := openOIDC(t, "corp", deps(), v.theirs, v.ours)
			signIn(t, suite.ForOIDC(provider, o))
		})
	}
}

// TestSAMLVariants: the ways in which real SAML identity providers differ.
func TestSAMLVariants(t *testing.T) {
	key, cert, certificate := keyPair(t)
	decrypt := func(digests ...string) func(*saml.Config) {
		return func(c *saml.Config) {
			c.Decryption = saml.Decryption{Key: key, Certificate: cert, AllowCBC: true, OAEPDigests: digests}
		}
	}
	encrypt := func(e idptest.Encryption, signs idptest.Signs) func(*idptest.SAMLOptions) {
		return func(o *idptest.SAMLOptions) {
			o.Encrypt, o.Sign, o.SPs[0].EncryptionCertificate = e, signs, certificate
		}
	}
	signed := func(c *saml.Config) { c.Signing = saml.KeyPair{Key: key, Certificate: cert} }
	for name, v := range map[string]struct {
		theirs func(*idptest.SAMLOptions)
		ours   func(*saml.Config)
	}{
		"signed response":  {func(o *idptest.SAMLOptions) { o.Sign = idptest.SignResponse }, nil},
		"signed both":      {func(o *idptest.SAMLOptions) { o.Sign = idptest.SignBoth }, nil},
		"two keys":         {func(o *idptest.SAMLOptions) { o.SecondKey = true }, nil},
		"ECDSA":            {func(o *idptest.SAMLOptions) { o.Key = idptest.KeyECDSA }, nil},
		"AWS's audience":   {func(o *idptest.SAMLOptions) { o.Audiences = []string{idptest.AWSAudience} }, nil},
		"no validUntil":    {func(o *idptest.SAMLOptions) { o.MetadataLifetime = -1 }, nil},
		"no session end":   {func(o *idptest.SAMLOptions) { o.SessionLifetime = -1 }, nil},
		"friendly names":   {func(o *idptest.SAMLOptions) { o.FriendlyNames = true }, nil},
		"by POST":          {nil, func(c *saml.Config) { c.Binding = "post" }},
		"ForceAuthn":       {nil, func(c *saml.Config) { c.ForceAuthn = true }},
		"signed, redirect": {wantSigned(certificate), signed},
		"signed, POST":     {wantSigned(certificate), func(c *saml.Config) { signed(c); c.Binding = "post" }},
		"AES-128-GCM": {
			encrypt(idptest.Encryption{Cipher: idptest.CipherGCM128}, idptest.SignAssertion), decrypt("sha1"),
		},
		"AES-256-GCM, OAEP SHA-256": {
			encrypt(idptest.Encryption{Cipher: idptest.CipherGCM256, Transport: idptest.TransportOAEPSHA256}, idptest.SignBoth),
			decrypt("sha256"),
		},
		"AES-256-GCM, OAEP SHA-256 over MGF1 SHA-1": {
			encrypt(idptest.Encryption{Cipher: idptest.CipherGCM256, Transport: idptest.TransportOAEPMixed}, idptest.SignResponse),
			decrypt("sha1", "sha256"),
		},
		"AES-128-CBC": {encrypt(idptest.Encryption{Cipher: idptest.CipherCBC128}, idptest.SignBoth), decrypt("sha1")},
		"AES-256-CBC, key beside": {
			encrypt(idptest.Encryption{Cipher: idptest.CipherCBC256, KeyBeside: true}, idptest.SignAssertion), decrypt("sha1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			provider, s := openSAML(t, "corp", deps(), v.theirs, v.ours)
			signIn(t, suite.ForSAML(provider, s))
		})
	}
}

func wantSigned(cert *x509.Certificate) func(*idptest.SAMLOptions) {
	return func(o *idptest.SAMLOptions) {
		o.WantSignedRequests = true
		o.SPs[0].SigningCertificates = []*x509.Certificate{cert}
	}
}

// keyPair writes the service provider's key and certificate to files.
func keyPair(t *testing.T) (key, cert bridge.SecretRef, parsed *x509.Certificate) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, block []byte) bridge.SecretRef {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block}), 0o600); err != nil {
			t.Fatal(err)
		}
		return bridge.SecretRef("file:" + path)
	}
	return write("sp.key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)), write("sp.crt", "CERTIFICATE", der), parsed
}
