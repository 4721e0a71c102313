package saml

import (
	"encoding/base64"
	"encoding/xml"
	"slices"

	crewjam "github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/bridge"
)

// Metadata implements idp.MetadataPublisher: our side, for the provider to import (SAML Metadata §2.4.4). It names an
// encryption key only where decryption is configured, and no logout, since none is spoken.
func (p *provider) Metadata() (document []byte, contentType string, err error) {
	yes, signed := true, p.signing != nil
	role := spDescriptor{SPSSODescriptor: crewjam.SPSSODescriptor{
		AuthnRequestsSigned: &signed, WantAssertionsSigned: &yes,
		AssertionConsumerServices: []crewjam.IndexedEndpoint{
			{Binding: bindingPOST, Location: p.terms.acs, Index: 0, IsDefault: &yes},
		},
	}}
	role.ProtocolSupportEnumeration = nsProtocol
	if p.signing != nil {
		role.KeyDescriptors = append(role.KeyDescriptors, keyDescriptor{KeyDescriptor: descriptor("signing", p.signing)})
	}
	if p.encrypt != nil {
		role.KeyDescriptors = append(role.KeyDescriptors,
			keyDescriptor{KeyDescriptor: descriptor("encryption", p.encrypt), EncryptionMethods: p.decrypter.methods()})
	}
	if format := p.config.nameIDFormat(); format != "" {
		role.NameIDFormats = []crewjam.NameIDFormat{crewjam.NameIDFormat(format)}
	}
	text, err := xml.MarshalIndent(entityDescriptor{EntityID: p.entityID, SPSSODescriptor: role}, "", "  ")
	if err != nil {
		return nil, "", bridge.Fail(bridge.CodeInternal, err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), "application/samlmetadata+xml", nil
}

// entityDescriptor is crewjam's without validUntil: that one writes the year 1 where there is no end, and a provider that
// minds it would refuse us as expired.
type entityDescriptor struct {
	XMLName         xml.Name     `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID        string       `xml:"entityID,attr"`
	SPSSODescriptor spDescriptor `xml:"SPSSODescriptor"`
}

// spDescriptor is crewjam's, with keys that can say all that XML Encryption has to say about a method.
type spDescriptor struct {
	KeyDescriptors []keyDescriptor `xml:"KeyDescriptor"` // first (SAML Metadata §2.4.1)
	crewjam.SPSSODescriptor
}

type keyDescriptor struct {
	crewjam.KeyDescriptor
	EncryptionMethods []encryptionMethod `xml:"EncryptionMethod"`
}

type encryptionMethod struct {
	Algorithm string        `xml:"Algorithm,attr"`
	Digest    *algorithmRef `xml:"http://www.w3.org/2000/09/xmldsig# DigestMethod"`
	Mask      *algorithmRef `xml:"http://www.w3.org/2009/xmlenc11# MGF"`
}

type algorithmRef struct {
	Algorithm string `xml:"Algorithm,attr"`
}

func descriptor(use string, pair *keyPair) crewjam.KeyDescriptor {
	encoded := base64.StdEncoding.EncodeToString(pair.cert.Raw)
	return crewjam.KeyDescriptor{Use: use, KeyInfo: crewjam.KeyInfo{
		X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{{Data: encoded}}},
	}}
}

// methods lists what is accepted, the best first. Shibboleth, for one, encrypts as it is told here.
func (d *decrypter) methods() []encryptionMethod {
	list := []encryptionMethod{
		{Algorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm"}, {Algorithm: "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
	}
	if d.cbc {
		list = append(list, encryptionMethod{Algorithm: "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
			encryptionMethod{Algorithm: "http://www.w3.org/2001/04/xmlenc#aes128-cbc"})
	}
	for _, name := range []string{"sha256", "sha384", "sha512"} {
		if slices.Contains(d.digests, name) {
			list = append(list, encryptionMethod{
				Algorithm: oaep11, Digest: &algorithmRef{nsEncrypt + name}, Mask: &algorithmRef{nsEncrypt11 + "mgf1" + name},
			})
		}
	}
	if slices.Contains(d.digests, "sha1") {
		list = append(list, encryptionMethod{Algorithm: oaepMGF1P})
	}
	return list
}
