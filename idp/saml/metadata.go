package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
)

// snapshot is what one copy of the metadata says about the provider. It never changes.
type snapshot struct {
	entityID   string
	certs      []certificate     // usable for signatures, each once
	sso        map[string]string // binding -> address
	wantSigned bool              // WantAuthnRequestsSigned
	validUntil time.Time         // zero: no end
	cacheFor   time.Duration     // zero: not said
	fetched    time.Time
	document   []byte // as it came; nil where it isn't kept
}

// maxCertificates bounds what metadata can make us try (threat S22). A rollover needs two.
const maxCertificates = 10

// parseMetadata reads a document (SAML Metadata §2.3). A signature in it isn't looked at: https, or the operator's own
// file, is what vouches for it. Nothing in it lowers a demand: WantAssertionsSigned="false", say, is for others to obey.
func parseMetadata(document []byte, wanted string, log *slog.Logger) (*snapshot, error) {
	root, err := scan(string(document), metadataLimits)
	if err != nil {
		return nil, fmt.Errorf("not a metadata document: %w", err)
	}
	entity, err := findEntity(root, wanted)
	if err != nil {
		return nil, err
	}
	descriptor, err := decodeEntity(entity)
	if err != nil {
		return nil, err
	}
	// SAML Core §8.3.6. Without a name every Issuer that is empty would be it.
	if descriptor.EntityID == "" || len(descriptor.EntityID) > 1024 {
		return nil, errors.New("the metadata names no entityID of 1 to 1024 characters")
	}
	role, err := findRole(descriptor)
	if err != nil {
		return nil, err
	}
	out := &snapshot{entityID: descriptor.EntityID, cacheFor: descriptor.CacheDuration, sso: map[string]string{}}
	out.wantSigned = role.WantAuthnRequestsSigned != nil && *role.WantAuthnRequestsSigned
	if out.validUntil, err = validUntil(entity, role); err != nil {
		return nil, err
	}
	if err := out.readEndpoints(role); err != nil {
		return nil, err
	}
	if out.certs, err = signingCertificates(role, log); err != nil {
		return nil, err
	}
	return out, nil
}

// findEntity finds the provider: by name, or as the only one that is an identity provider.
func findEntity(root *etree.Element, wanted string) (*etree.Element, error) {
	var found []*etree.Element
	var names []string
	collectEntities(root, func(entity *etree.Element) {
		name, _ := attribute(entity, "entityID")
		if len(children(entity, nsMetadata, "IDPSSODescriptor")) == 0 {
			return
		}
		names = append(names, name)
		if wanted == "" || name == wanted {
			found = append(found, entity)
		}
	})
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(names) == 0:
		return nil, fmt.Errorf("the metadata describes no identity provider: it is a <%s> without an IDPSSODescriptor in it", root.FullTag())
	case len(found) == 0:
		return nil, fmt.Errorf("the metadata describes no identity provider %q, but %s", wanted, some(names))
	case wanted == "":
		return nil, fmt.Errorf("the metadata describes %d identity providers; set idp_entity_id to one of %s",
			len(names), some(names))
	}
	return nil, fmt.Errorf("the metadata describes %q twice", wanted)
}

func collectEntities(el *etree.Element, visit func(*etree.Element)) {
	switch {
	case is(el, nsMetadata, "EntityDescriptor"):
		visit(el)
	case is(el, nsMetadata, "EntitiesDescriptor"):
		for child := range el.ChildElementsSeq() {
			collectEntities(child, visit)
		}
	}
}

func some(names []string) string {
	if len(names) > 5 {
		return fmt.Sprintf("%q and more", names[:5])
	}
	return fmt.Sprintf("%q", names)
}

// decodeEntity reads one EntityDescriptor into crewjam's types.
func decodeEntity(entity *etree.Element) (*crewjam.EntityDescriptor, error) {
	alone := detach(entity)
	for _, signature := range children(alone, nsSignature, "Signature") {
		alone.RemoveChild(signature)
	}
	prune(alone)
	text, err := etree.NewDocumentWithRoot(alone).WriteToBytes()
	if err != nil {
		return nil, err
	}
	descriptor := new(crewjam.EntityDescriptor)
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(descriptor); err != nil {
		return nil, err
	}
	return descriptor, nil
}

// prune takes out what those types would read whatever its namespace: foreign elements, and attributes under a prefix
// (threat S3).
func prune(el *etree.Element) {
	for _, child := range el.ChildElements() {
		if ns := child.NamespaceURI(); ns != nsMetadata && ns != nsSignature {
			el.RemoveChild(child)
		} else {
			prune(child)
		}
	}
	el.Attr = slices.DeleteFunc(el.Attr, func(a etree.Attr) bool { return a.Space != "" && !isDeclaration(a) })
}

// findRole finds the one role that speaks SAML 2.0 as an identity provider.
func findRole(descriptor *crewjam.EntityDescriptor) (*crewjam.IDPSSODescriptor, error) {
	var found *crewjam.IDPSSODescriptor
	for i := range descriptor.IDPSSODescriptors {
		role := &descriptor.IDPSSODescriptors[i]
		if !slices.Contains(strings.Fields(role.ProtocolSupportEnumeration), nsProtocol) {
			continue
		}
		if found != nil {
			return nil, errors.New("the metadata describes the identity provider's role twice")
		}
		found = role
	}
	if found == nil {
		return nil, errors.New("the metadata describes no identity provider that speaks SAML 2.0")
	}
	return found, nil
}

// validUntil is the earliest end that the document names around and in the provider (SAML Metadata §2.3.1, §2.3.2).
func validUntil(entity *etree.Element, role *crewjam.IDPSSODescriptor) (time.Time, error) {
	var end time.Time
	if role.ValidUntil != nil {
		end = *role.ValidUntil
	}
	for el := entity; el != nil; el = el.Parent() {
		until, ok, err := timeAttribute(el, "validUntil")
		if err != nil {
			return end, err
		}
		if ok && (end.IsZero() || until.Before(end)) {
			end = until
		}
	}
	return end, nil
}

// readEndpoints takes the first address of each binding that we speak. An address that isn't https is a fault of the
// whole document: somebody tampered with it, or it would send people nowhere (threat S22).
func (s *snapshot) readEndpoints(role *crewjam.IDPSSODescriptor) error {
	for _, endpoint := range role.SingleSignOnServices {
		if endpoint.Binding != bindingRedirect && endpoint.Binding != bindingPOST || s.sso[endpoint.Binding] != "" {
			continue
		}
		u, err := url.Parse(endpoint.Location)
		if err != nil || !secureURL(u) {
			return fmt.Errorf("the metadata names a sign-in address that is not https: %.200q", endpoint.Location)
		}
		s.sso[endpoint.Binding] = endpoint.Location
	}
	if len(s.sso) == 0 {
		return errors.New("the metadata names no sign-in address for HTTP-Redirect or HTTP-POST")
	}
	return nil
}
