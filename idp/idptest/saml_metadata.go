package idptest

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// Namespaces and names of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypt   = "http://www.w3.org/2001/04/xmlenc#"

	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// instant writes a time as SAML wants it: UTC (SAML Core §1.3.3).
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// Metadata describes the provider (SAML Metadata §2.4.3), certificates wrapped at 64 columns as most providers print
// them.
func (s *SAML) Metadata() []byte {
	doc := etree.NewDocument()
	entity := doc.CreateElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", s.options.EntityID)
	if s.options.MetadataLifetime > 0 {
		entity.CreateAttr("validUntil", instant(s.now().Add(s.options.MetadataLifetime)))
	}
	idp := entity.CreateElement("md:IDPSSODescriptor")
	idp.CreateAttr("WantAuthnRequestsSigned", fmt.Sprint(s.options.WantSignedRequests))
	idp.CreateAttr("protocolSupportEnumeration", nsProtocol)
	current, next := s.Keys()
	addKey(idp, current.Certificate)
	if next != nil {
		addKey(idp, next.Certificate)
	}
	idp.CreateElement("md:NameIDFormat").SetText(s.options.NameIDFormat)
	for _, binding := range []string{bindingRedirect, bindingPost} {
		sso := idp.CreateElement("md:SingleSignOnService")
		sso.CreateAttr("Binding", binding)
		sso.CreateAttr("Location", s.SSOURL())
	}
	doc.Indent(2)
	out, err := doc.WriteToBytes()
	if err != nil {
		panic(fmt.Errorf("idptest: metadata: %w", err)) // written to memory
	}
	return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"), out...)
}

func addKey(role *etree.Element, cert *x509.Certificate) {
	key := role.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", "signing")
	data := key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText("\n" + wrap(base64.StdEncoding.EncodeToString(cert.Raw)))
}

// wrap breaks text into lines of 64.
func wrap(text string) string {
	var out strings.Builder
	for len(text) > 64 {
		out.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	out.WriteString(text + "\n")
	return out.String()
}

func (s *SAML) metadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(s.Metadata())
}

// SPFromMetadata reads a service provider's metadata (SAML Metadata §2.4.4).
func SPFromMetadata(document []byte) (SP, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		return SP{}, fmt.Errorf("idptest: sp metadata: %w", err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "EntityDescriptor" || root.NamespaceURI() != nsMetadata {
		return SP{}, errors.New("idptest: sp metadata: no EntityDescriptor")
	}
	sp := SP{EntityID: root.SelectAttrValue("entityID", "")}
	role := root.SelectElement("SPSSODescriptor")
	if role == nil || sp.EntityID == "" {
		return SP{}, errors.New("idptest: sp metadata: no SPSSODescriptor, or no entityID")
	}
	for _, acs := range role.SelectElements("AssertionConsumerService") {
		if acs.SelectAttrValue("Binding", "") == bindingPost {
			sp.ACS = append(sp.ACS, acs.SelectAttrValue("Location", ""))
		}
	}
	if len(sp.ACS) == 0 {
		return SP{}, errors.New("idptest: sp metadata: no AssertionConsumerService by HTTP-POST")
	}
	return sp, sp.readKeys(role)
}

// readKeys sorts the keys by use; a key without one serves both (SAML Metadata §2.4.1.1).
func (sp *SP) readKeys(role *etree.Element) error {
	for _, key := range role.SelectElements("KeyDescriptor") {
		text := key.FindElement(".//X509Certificate")
		if text == nil {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text.Text()), ""))
		if err != nil {
			return fmt.Errorf("idptest: sp metadata: certificate: %w", err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("idptest: sp metadata: certificate: %w", err)
		}
		use := key.SelectAttrValue("use", "")
		if use != "encryption" {
			sp.SigningCertificates = append(sp.SigningCertificates, cert)
		}
		if use != "signing" {
			sp.EncryptionCertificate = cert
		}
	}
	return nil
}
