package trust

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
)

// metadata is what matters here of an IdP's SAML metadata.
type metadata struct {
	entityID     string
	validUntil   time.Time
	certificates [][]byte // DER, of signing keys
}

type metadataXML struct {
	XMLName    xml.Name
	EntityID   string `xml:"entityID,attr"`
	ValidUntil string `xml:"validUntil,attr"`
	IDPs       []struct {
		ValidUntil string `xml:"validUntil,attr"`
		Keys       []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
}

// readMetadata reads what IAM holds. It is compared, never trusted: nothing is verified by these keys here.
func readMetadata(raw []byte) (metadata, error) {
	var x metadataXML
	if err := xml.Unmarshal(raw, &x); err != nil {
		return metadata{}, fmt.Errorf("not an XML document: %w", err)
	}
	switch {
	case x.XMLName.Local != "EntityDescriptor" || x.XMLName.Space != "urn:oasis:names:tc:SAML:2.0:metadata":
		return metadata{}, errors.New("its root is no EntityDescriptor")
	case len(x.IDPs) == 0:
		return metadata{}, errors.New("it describes no identity provider (IDPSSODescriptor)")
	}
	m := metadata{entityID: x.EntityID}
	ends := []string{x.ValidUntil}
	for _, idp := range x.IDPs {
		ends = append(ends, idp.ValidUntil)
		for _, key := range idp.Keys {
			if key.Use != "" && key.Use != "signing" {
				continue
			}
			for _, text := range key.Certificates {
				der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
				if err != nil {
					return metadata{}, errors.New("a certificate in it is not base64")
				}
				m.certificates = append(m.certificates, der)
			}
		}
	}
	for _, end := range ends {
		if end == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, end)
		if err != nil {
			return metadata{}, fmt.Errorf("validUntil %q is no time", end)
		}
		if m.validUntil.IsZero() || t.Before(m.validUntil) {
			m.validUntil = t
		}
	}
	return m, nil
}
