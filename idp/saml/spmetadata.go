package saml

import (
	"encoding/base64"
	"encoding/xml"

	crewjam "github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/bridge"
)

// Metadata implements idp.MetadataPublisher: our side, for the provider to import (SAML Metadata §2.4.4). It names an
// encryption key only where decryption is configured, and no logout, since none is spoken.
func (p *provider) Metadata() (document []byte, contentType string, err error) {
	yes, signed := true, p.signing != nil
	role := crewjam.SPSSODescriptor{
		AuthnRequestsSigned: &signed, WantAssertionsSigned: &yes,
		AssertionConsumerServices: []crewjam.IndexedEndpoint{
			{Binding: bindingPOST, Location: p.terms.acs, Index: 0, IsDefault: &yes},
		},
	}
	role.ProtocolSupportEnumeration = nsProtocol
	if p.signing != nil {
		role.KeyDescriptors = append(role.KeyDescriptors, descriptor("signing", p.signing))
	}
	if p.encrypt != nil {
		key := descriptor("encryption", p.encrypt)
		key.EncryptionMethods = p.decrypter.methods()
		role.KeyDescriptors = append(role.KeyDescriptors, key)
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
	XMLName         xml.Name                `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID        string                  `xml:"entityID,attr"`
	SPSSODescriptor crewjam.SPSSODescriptor `xml:"SPSSODescriptor"`
}

func descriptor(use string, pair *keyPair) crewjam.KeyDescriptor {
	encoded := base64.StdEncoding.EncodeToString(pair.cert.Raw)
	return crewjam.KeyDescriptor{Use: use, KeyInfo: crewjam.KeyInfo{
		X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{{Data: encoded}}},
	}}
}

// methods lists what is accepted, the best first.
func (d *decrypter) methods() []crewjam.EncryptionMethod {
	list := []crewjam.EncryptionMethod{
		{Algorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm"}, {Algorithm: "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
	}
	if d.cbc {
		list = append(list, crewjam.EncryptionMethod{Algorithm: "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
			crewjam.EncryptionMethod{Algorithm: "http://www.w3.org/2001/04/xmlenc#aes128-cbc"})
	}
	return append(list, crewjam.EncryptionMethod{Algorithm: oaepMGF1P})
}
