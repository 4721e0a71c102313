package saml_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/idp"
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
