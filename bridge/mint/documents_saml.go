package mint

import (
	"encoding/base64"
	"time"
)

const (
	nsMetadata      = "urn:oasis:names:tc:SAML:2.0:metadata"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
)

// metadataOf writes our metadata as a SAML IdP (SAML Metadata §2.4.3) in the form that IAM takes: entityID, validUntil, the
// signing certificates, a SingleSignOnService (aws-facts 2.6). It is valid until the last of its certificates ends, so that
// it says the same each time. Nobody is signed in by an AuthnRequest: what AWS gets is minted unasked, and the sign-in page
// is where people begin.
func metadataOf(entityID, signIn string, keys []entry) []byte {
	var until time.Time
	for _, e := range keys {
		if e.certificate.NotAfter.After(until) {
			until = e.certificate.NotAfter
		}
	}
	out := appendAttr([]byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<EntityDescriptor xmlns="`+nsMetadata+`" entityID="`), entityID)
	out = until.UTC().AppendFormat(append(out, `" validUntil="`...), samlTime)
	out = append(out, `">`+"\n"+`  <IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="`+nsProtocol+`">`+"\n"...)
	for _, e := range keys {
		out = append(out, `    <KeyDescriptor use="signing">`+"\n"+`      <KeyInfo xmlns="`+nsSignature+`"><X509Data><X509Certificate>`...)
		out = base64.StdEncoding.AppendEncode(out, e.Certificate)
		out = append(out, `</X509Certificate></X509Data></KeyInfo>`+"\n"+`    </KeyDescriptor>`+"\n"...)
	}
	out = append(out, `    <NameIDFormat>`+formatPersistent+`</NameIDFormat>`+"\n"+`    <SingleSignOnService Binding="`+bindingRedirect+`" Location="`...)
	out = appendAttr(out, signIn)
	return append(out, `"></SingleSignOnService>`+"\n"+`  </IDPSSODescriptor>`+"\n"+`</EntityDescriptor>`+"\n"...)
}
