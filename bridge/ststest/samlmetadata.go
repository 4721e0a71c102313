package ststest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
)

// samlProvider is an IAM SAML provider, its metadata parsed once.
type samlProvider struct {
	SAMLProvider
	keys         []*rsa.PrivateKey // parsed PrivateKeys
	created      time.Time
	arn          bridge.SAMLProviderARN
	entityID     string
	certificates []*x509.Certificate
	validUntil   time.Time // zero: no end
}

type entityDescriptor struct {
	XMLName    xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID   string    `xml:"entityID,attr"`
	ValidUntil time.Time `xml:"validUntil,attr"`
	IDPs       []struct {
		ValidUntil time.Time `xml:"validUntil,attr"`
		Keys       []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		SingleSignOn []struct {
			Location string `xml:"Location,attr"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
}

// parseMetadata reads an IdP's metadata as CreateSAMLProvider does (aws-facts 2.6).
func parseMetadata(raw []byte) (*samlProvider, error) {
	if n := utf8.RuneCount(raw); n < 1000 || n > 10_000_000 {
		return nil, fmt.Errorf("the metadata has %d characters; IAM takes 1000 to 10000000", n)
	}
	if !utf8.Valid(raw) || strings.HasPrefix(string(raw), "\ufeff") {
		return nil, unable("UTF-8 without a byte order mark")
	}
	var d entityDescriptor
	if err := xml.Unmarshal(raw, &d); err != nil {
		return nil, unable(err)
	}
	if d.EntityID == "" || len(d.IDPs) != 1 || len(d.IDPs[0].SingleSignOn) == 0 {
		return nil, unable("one entityID, one IDPSSODescriptor, a SingleSignOnService")
	}
	p := &samlProvider{entityID: d.EntityID, validUntil: d.ValidUntil}
	if end := d.IDPs[0].ValidUntil; p.validUntil.IsZero() || !end.IsZero() && end.Before(p.validUntil) {
		p.validUntil = end
	}
	for _, key := range d.IDPs[0].Keys {
		if key.Use != "" && key.Use != "signing" {
			continue
		}
		for _, text := range key.Certificates {
			certificate, err := parseCertificate(text)
			if err != nil {
				return nil, unable(err)
			}
			p.certificates = append(p.certificates, certificate)
		}
	}
	if n := len(p.certificates); n == 0 || n > 10 {
		return nil, unable(fmt.Sprintf("%d signing certificates; 1 to 10", n))
	}
	return p, nil
}

// unable is how IAM refuses metadata, with the reason that IAM keeps to itself.
func unable(why any) error { return fmt.Errorf("%s: %v", "Unable to parse metadata", why) }

func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
		return nil, fmt.Errorf("a key of %d bits; IAM takes 1024 or more", key.N.BitLen())
	}
	return certificate, nil
}
