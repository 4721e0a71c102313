package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestOwnMetadata compares the whole document, so that nothing stands in it that a provider could trip over.
func TestOwnMetadata(t *testing.T) {
	w := newWorld(t, setup{})
	document, kind, err := w.p.(idp.MetadataPublisher).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if kind != "application/samlmetadata+xml" {
		t.Errorf("type %s", kind)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `">
  <SPSSODescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" AuthnRequestsSigned="false" WantAssertionsSigned="true">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + acs + `" index="0" isDefault="true"></AssertionConsumerService>
  </SPSSODescriptor>
</EntityDescriptor>
`
	if string(document) != want {
		t.Errorf("got\n%s\nwant\n%s", document, want)
	}
}

// TestOwnMetadataMethods: whoever encrypts by one of the methods that we publish is understood; what we don't take isn't there.
func TestOwnMetadataMethods(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*saml.Decryption)
		want   []string
	}{
		"default": {nil, []string{"aes256-gcm", "aes128-gcm", "rsa-oaep-mgf1p"}},
		"all": {func(d *saml.Decryption) {
			d.AllowCBC, d.OAEPDigests = true, []string{"sha1", "sha512", "sha384", "sha256"}
		},
			[]string{"aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc", "rsa-oaep sha256 mgf1sha256", "rsa-oaep sha384 mgf1sha384",
				"rsa-oaep sha512 mgf1sha512", "rsa-oaep-mgf1p"}},
		"SHA-256 alone": {func(d *saml.Decryption) { d.OAEPDigests = []string{"sha256"} },
			[]string{"aes256-gcm", "aes128-gcm", "rsa-oaep sha256 mgf1sha256"}},
	} {
		w := newWorld(t, setup{encrypt: true, config: func(config *saml.Config) {
			if c.change != nil {
				c.change(&config.Decryption)
			}
		}})
		document, _, err := w.p.(idp.MetadataPublisher).Metadata()
		if err != nil {
			t.Fatal(err)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(document); err != nil {
			t.Fatal(err)
		}
		fragment := func(el *etree.Element) string {
			algorithm := el.SelectAttrValue("Algorithm", "")
			return algorithm[strings.Index(algorithm, "#")+1:]
		}
		key := find(t, doc, "//KeyDescriptor[@use='encryption']")
		var got []string
		for _, method := range key.SelectElements("EncryptionMethod") {
			words := []string{fragment(method)}
			for _, parameter := range method.ChildElements() {
				words = append(words, fragment(parameter))
				if ns := map[string]string{"DigestMethod": xmldsig, "MGF": "http://www.w3.org/2009/xmlenc11#"}[parameter.Tag]; parameter.NamespaceURI() != ns {
					t.Errorf("%s is of namespace %s", parameter.Tag, parameter.NamespaceURI())
				}
			}
			got = append(got, strings.Join(words, " "))
		}
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %q in %s", name, got, document)
		}
		// The schema's order (SAML Metadata §2.4.1, §2.4.1.1, §2.4.4): KeyInfo, methods; keys, addresses.
		if key.ChildElements()[0].Tag != "KeyInfo" || key.Index() > find(t, doc, "//AssertionConsumerService").Index() {
			t.Errorf("%s: out of order: %s", name, document)
		}
	}
}

// TestOwnMetadataEncryption: the key is offered only where something can open what is encrypted for it.
func TestOwnMetadataEncryption(t *testing.T) {
	w := newWorld(t, setup{encrypt: true})
	document, _, err := w.p.(idp.MetadataPublisher).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`<KeyDescriptor`, `use="encryption"`, "xmlenc11#aes256-gcm"} {
		if !strings.Contains(string(document), part) {
			t.Errorf("no %s in %s", part, document)
		}
	}
}
