package saml_test

import (
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// Documents as providers of this world send them: made up, but in their spelling, down to prefixes, order and white space.

const (
	microsoft = "http://schemas.microsoft.com/"
	xmlsoap   = "http://schemas.xmlsoap.org/"
)

// realProvider is one of them, with the settings that it needs.
type realProvider struct {
	name   string
	config func(*saml.Config)
	lines  string // between lines of base64 in signatures
	// What comes out.
	subject, format, email string
	groups, skipped        []string
	// How it encrypts, where it does, and what that takes.
	sealing *sealing
	decrypt func(*saml.Decryption)
}

var realProviders = []realProvider{
	{ // Valid for 70 minutes, presence proved last month, two keys, WS-Federation in the metadata, default namespaces.
		name: "entra",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: xmlsoap + "ws/2005/05/identity/claims/emailaddress", Name: microsoft + "identity/claims/displayname",
				Groups: saml.GroupsClaim{Claim: microsoft + "ws/2008/06/identity/claims/groups"}}
		},
		subject: "ada@example.com", format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", email: "ada@example.com",
		groups: []string{"0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d", "7e6d5c4b-3a29-4180-8f7e-6d5c4b3a2918"},
	},
	{ // No NameID unless a claim rule issues one, an http URI as entity id, Consent, AES-256-CBC, KeyInfo of another prefix.
		name: "adfs",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: xmlsoap + "ws/2005/05/identity/claims/emailaddress", Groups: saml.GroupsClaim{Claim: xmlsoap + "claims/Group"}}
			c.Subject.Attribute = c.Claims.Email
		},
		subject: "ada@example.com", format: "attribute:" + xmlsoap + "ws/2005/05/identity/claims/emailaddress", email: "ada@example.com",
		groups:  []string{`EXAMPLE\aws-platform`, `EXAMPLE\Domain Users`},
		sealing: &cbc256, decrypt: func(d *saml.Decryption) { d.AllowCBC = true },
	},
	{ // Both signed, prefix lists, Issuer with a Format, the key beside the ciphertext with a RetrievalMethod.
		name: "okta",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: "email", Groups: saml.GroupsClaim{Claim: "groups"}}
		},
		lines:   "\n",
		subject: "ada@example.com", format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", email: "ada@example.com",
		groups: []string{"Everyone", "aws-platform"}, sealing: &gcm256,
	},
	{ // Wants signed requests, signs the Response, base64 with carriage returns as references, one attribute per value.
		name: "keycloak",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: "urn:oid:1.2.840.113549.1.9.1", Groups: saml.GroupsClaim{Claim: "Role"}}
		},
		lines:   "\r\n",
		subject: "G-4f1c2d3e-0000-4000-8000-000000000001", format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", email: "ada@example.com",
		groups:  []string{"offline_access", "aws-platform"},
		sealing: &gcmSHA256, decrypt: func(d *saml.Decryption) { d.OAEPDigests = []string{"sha256"} },
	},
	{ // Transient by default, a value that holds elements, comments and other roles in the metadata, an Address.
		name: "shibboleth",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: "urn:oid:0.9.2342.19200300.100.1.3", Groups: saml.GroupsClaim{Claim: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"}}
			c.Subject.Attribute = "urn:oasis:names:tc:SAML:attribute:subject-id"
		},
		lines:   "\n",
		subject: "ada@example.edu", format: "attribute:urn:oasis:names:tc:SAML:attribute:subject-id", email: "ada@example.edu",
		groups: []string{"urn:mace:example.edu:aws-platform"}, skipped: []string{"urn:oid:1.3.6.1.4.1.5923.1.1.1.10"}, sealing: &gcm128,
	},
	{ // Query in addresses and entity id, an attribute without values, validUntil.
		name:    "google",
		config:  func(c *saml.Config) { c.Claims = saml.Claims{Email: "mail", Groups: saml.GroupsClaim{Claim: "groups"}} },
		lines:   "\n",
		subject: "ada@example.com", format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", email: "ada@example.com",
		groups: []string{"aws-platform"},
	},
	{ // SHA-1 by its old default, a URN as entity id, values that say they are booleans.
		name: "auth0",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: xmlsoap + "ws/2005/05/identity/claims/emailaddress", Groups: saml.GroupsClaim{Claim: "groups"}}
			c.AllowSHA1Until = time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
		},
		subject: "auth0|5f7c8ec7c33c6c004bbafe82", format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", email: "ada@example.com",
		groups: []string{"aws-platform"},
	},
	{ // Space inside of SignedInfo, namespaces from the Response, no `use`, AES-128-CBC without a digest method.
		name: "simplesamlphp",
		config: func(c *saml.Config) {
			c.Claims = saml.Claims{Email: "mail", Groups: saml.GroupsClaim{Claim: "eduPersonAffiliation"}}
			c.Subject.Attribute = "uid"
		},
		subject: "ada", format: "attribute:uid", email: "ada@example.net", groups: []string{"staff", "aws-platform"},
		sealing: &cbc128, decrypt: func(d *saml.Decryption) { d.AllowCBC = true },
	},
}

func TestRealProviders(t *testing.T) {
	for _, real := range realProviders {
		t.Run(real.name, func(t *testing.T) {
			r := openReal(t, real, nil)
			challenge, err := r.w.p.Begin(t.Context(), r.w.login())
			if err != nil || !strings.HasPrefix(challenge.URL, "https://") {
				t.Fatalf("begin: %q, %v", challenge.URL, err)
			}
			login := r.w.login()
			id, proof := r.w.accept(r.document(login, nil), login)
			r.check(id)
			if proof.Encrypted {
				t.Error("said to be encrypted")
			}
		})
		if real.sealing == nil {
			continue
		}
		t.Run(real.name+", encrypted", func(t *testing.T) {
			r := openReal(t, real, nil)
			login := r.w.login()
			id, proof := r.w.accept(r.document(login, real.sealing), login)
			r.check(id)
			if !proof.Encrypted {
				t.Error("not said to be encrypted")
			}
		})
	}
}

// TestRealRefusals: what real providers do by default, and can't be accepted, is refused with the way out.
func TestRealRefusals(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		config         func(*saml.Config)
		values         map[string]string
		sealed         bool
		code           bridge.Code
		says           []string // in the notice or its detail
	}{
		{"transient", "shibboleth", func(c *saml.Config) { c.Subject = saml.Subject{} }, nil, false,
			bridge.CodeSubjectTransient, []string{"persistent", "subject: {attribute: …}"}},
		{"no NameID", "adfs", func(c *saml.Config) { c.Subject = saml.Subject{} }, nil, false,
			bridge.CodeSubjectMissing, []string{"claim rule", "subject: {attribute: …}"}},
		{"no such attribute", "adfs", func(c *saml.Config) { c.Subject.Attribute = "employeeNumber" }, nil, false,
			bridge.CodeSubjectMissing, []string{"employeeNumber"}},
		{"the value that holds elements", "shibboleth", func(c *saml.Config) { c.Subject.Attribute = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10" }, nil, false,
			bridge.CodeSubjectMissing, []string{"urn:oid:1.3.6.1.4.1.5923.1.1.1.10"}},
		{"SHA-1", "auth0", func(c *saml.Config) { c.AllowSHA1Until = "" }, nil, false,
			bridge.CodeStrength, []string{"allow_sha1_until", "rsa-sha1"}},
		{"AES-CBC", "adfs", func(c *saml.Config) { c.Decryption.AllowCBC = false }, nil, true,
			bridge.CodeEncryption, []string{"decryption.allow_cbc", "aes256-cbc"}},
		{"OAEP with SHA-256", "keycloak", func(c *saml.Config) { c.Decryption.OAEPDigests = nil }, nil, true,
			bridge.CodeEncryption, []string{"decryption.oaep_digests", "sha256"}},
		{"no key", "okta", func(c *saml.Config) { c.Decryption = saml.Decryption{} }, nil, true,
			bridge.CodeEncryption, []string{"`decryption`"}},
		{"a slash in the reply URL", "okta", nil, map[string]string{"ACS": acs + "/"}, false,
			bridge.CodeDestination, []string{acs, `"` + acs + `/"`}},
		{"a reply URL by http", "entra", nil, map[string]string{"ACS": strings.Replace(acs, "https", "http", 1)}, false,
			bridge.CodeDestination, []string{acs, `"http://bridge`}},
		{"another entity id", "google", nil, map[string]string{"SP": baseURL}, false,
			bridge.CodeAudience, []string{entityID, `"` + baseURL + `"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			real := realNamed(c.provider)
			r := openReal(t, real, c.config)
			for name, value := range c.values {
				r.values[name] = value
			}
			how := real.sealing
			if !c.sealed {
				how = nil
			}
			login := r.w.login()
			err := r.w.refuse(c.code, r.document(login, how), login)
			_, notice, detail := bridge.Explain(err)
			for _, words := range c.says {
				if !strings.Contains(notice.Remedy+detail, words) {
					t.Errorf("neither %q nor %q says %q", notice.Remedy, detail, words)
				}
			}
		})
	}
}

// TestOAEP: the ways in which providers name digest and mask function, each of which may be another hash (XML Encryption 1.1
// §5.5.2).
func TestOAEP(t *testing.T) {
	const (
		older  = `<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">`
		newer  = `<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">`
		end    = `</xenc:EncryptionMethod>`
		ds1    = `<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>`
		ds256  = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`
		ds384  = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/>`
		ds512  = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>`
		mgf1   = `<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha1"/>`
		mgf256 = `<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>`
		mgf512 = `<MGF xmlns="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha512"></MGF>`
	)
	for _, c := range []struct {
		name, method string
		digest, mask crypto.Hash
		accepted     []string // oaep_digests
	}{
		{"older, nothing said", older + end, crypto.SHA1, crypto.SHA1, nil},
		{"older, SHA-1", older + ds1 + end, crypto.SHA1, crypto.SHA1, []string{"sha1"}},
		{"older, SHA-256", older + ds256 + end, crypto.SHA256, crypto.SHA1, []string{"sha256"}},
		{"older, SHA-512, mask said", older + ds512 + mgf1 + end, crypto.SHA512, crypto.SHA1, []string{"sha512"}},
		{"newer, nothing said", newer + end, crypto.SHA1, crypto.SHA1, nil},
		{"newer, SHA-256 alone", newer + ds256 + end, crypto.SHA256, crypto.SHA1, []string{"sha256"}},
		{"newer, mask alone", newer + mgf256 + end, crypto.SHA1, crypto.SHA256, []string{"sha1", "sha256"}},
		{"newer, SHA-256 and mask", newer + ds256 + mgf256 + end, crypto.SHA256, crypto.SHA256, []string{"sha256"}},
		{"newer, mask before digest", newer + mgf256 + ds256 + end, crypto.SHA256, crypto.SHA256, []string{"sha256"}},
		{"newer, SHA-384 and SHA-1", newer + ds384 + mgf1 + end, crypto.SHA384, crypto.SHA1, []string{"sha384"}},
		{"newer, SHA-512", newer + ds512 + mgf512 + end, crypto.SHA512, crypto.SHA512, []string{"sha512"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := openReal(t, realNamed("keycloak"), func(config *saml.Config) { config.Decryption.OAEPDigests = c.accepted })
			r.method = c.method
			login := r.w.login()
			id, _ := r.w.accept(r.document(login, &sealing{keySize: 32, oaep: c.digest, oaepMGF: c.mask}), login)
			r.check(id)
		})
	}
}

func realNamed(name string) realProvider {
	return realProviders[slices.IndexFunc(realProviders, func(r realProvider) bool { return r.name == name })]
}

// TestWantsSignedRequests: Keycloak's default. Without a key of ours the start says what to set.
func TestWantsSignedRequests(t *testing.T) {
	r := openReal(t, realNamed("keycloak"), nil)
	r.w.config.Signing = saml.KeyPair{}
	if _, err := r.w.config.Open(r.w.deps); err == nil || !strings.Contains(err.Error(), "set signing") {
		t.Errorf("open says %v", err)
	}
}
