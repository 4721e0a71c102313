package saml_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/idp"
)

// TestVouched: what IAM must hold of the provider is what we hold of it.
func TestVouched(t *testing.T) {
	w, remote := remoteWorld(t)
	got, err := w.p.(idp.Voucher).Vouched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.EntityID != w.idp.EntityID() || len(got.Certificates) != 1 || !bytes.Equal(got.Certificates[0], w.idp.Certificate().Raw) ||
		!bytes.Equal(got.Metadata, w.idp.Metadata()) {
		t.Errorf("%s, %d certificates, metadata of %d bytes", got.EntityID, len(got.Certificates), len(got.Metadata))
	}
	got.Metadata[0], got.Certificates[0][0] = 'x', 0
	again, err := w.p.(idp.Voucher).Vouched(t.Context())
	if err != nil || again.Metadata[0] == 'x' || again.Certificates[0][0] == 0 {
		t.Error("a caller can change what is held")
	}

	// Of a document that describes several, IAM takes nothing.
	many := `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + withoutProlog(string(w.idp.Metadata())) + `</EntitiesDescriptor>`
	remote.publish([]byte(many))
	w.open()
	got, err = w.p.(idp.Voucher).Vouched(t.Context())
	if err != nil || got.Metadata != nil || len(got.Certificates) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func withoutProlog(document string) string {
	if _, rest, ok := strings.Cut(document, "?>"); ok {
		return rest
	}
	return document
}
