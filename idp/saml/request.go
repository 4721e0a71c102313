package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// Begin implements idp.IdentityProvider: it makes the AuthnRequest (SAML Core §3.4.1) and says how it travels.
func (p *provider) Begin(ctx context.Context, login idp.Login) (idp.Challenge, error) {
	if err := p.owns(login); err != nil {
		return idp.Challenge{}, err
	}
	metadata, err := p.source.get(ctx)
	if err != nil {
		return idp.Challenge{}, err
	}
	if len(current(metadata.certs, p.now())) == 0 { // whatever came back could not be verified
		return idp.Challenge{}, configFault("every certificate of the provider has expired, or isn't valid yet")
	}
	binding, location, err := p.endpoint(metadata)
	if err != nil {
		return idp.Challenge{}, err
	}
	request := p.request(login, location)
	if binding == bindingPOST {
		return p.post(request, location, login.State)
	}
	return p.redirect(request, location, login.State)
}

// request builds the message. The answer goes to our configured address, whatever the request came in by (threat W15).
func (p *provider) request(login idp.Login, location string) *crewjam.AuthnRequest {
	yes := true
	request := &crewjam.AuthnRequest{
		ID: login.RequestID, Version: "2.0", IssueInstant: p.now().UTC(), Destination: location,
		Issuer:                      &crewjam.Issuer{Value: p.entityID},
		AssertionConsumerServiceURL: p.terms.acs, ProtocolBinding: bindingPOST,
	}
	if p.wantsFresh(login) {
		request.ForceAuthn = &yes
	}
	if login.Silent {
		request.IsPassive = &yes
	}
	if format := p.config.nameIDFormat(); format != "" {
		request.NameIDPolicy = &crewjam.NameIDPolicy{Format: &format, AllowCreate: &yes}
	}
	if len(p.terms.contexts) > 0 {
		request.RequestedAuthnContext = &crewjam.RequestedAuthnContext{
			Comparison: "exact", AuthnContextClassRef: p.terms.contexts[0],
		}
	}
	return request
}

// wantsFresh tells whether the person must prove presence anew. A silent login can't ask for that as well.
func (p *provider) wantsFresh(login idp.Login) bool {
	return (login.Fresh || p.config.ForceAuthn) && !login.Silent
}

// element is the message as XML, with the class references that crewjam's type has no room for.
func (p *provider) element(request *crewjam.AuthnRequest) *etree.Element {
	el := request.Element()
	if len(p.terms.contexts) > 1 {
		for child := range el.ChildElementsSeq() {
			if child.Tag != "RequestedAuthnContext" {
				continue
			}
			for _, class := range p.terms.contexts[1:] {
				child.CreateElement("saml:AuthnContextClassRef").SetText(class)
			}
		}
	}
	return el
}

// redirect: SAML Bindings §3.4. The signature is over the query as it is sent, in this order (§3.4.4.1); every value is
// escaped, RelayState too.
func (p *provider) redirect(request *crewjam.AuthnRequest, location, state string) (idp.Challenge, error) {
	text, err := etree.NewDocumentWithRoot(p.element(request)).WriteToBytes()
	if err != nil {
		return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, err)
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, err)
	}
	w.Write(text) // to memory
	w.Close()
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes())) +
		"&RelayState=" + url.QueryEscape(state)
	if p.signing != nil {
		query += "&SigAlg=" + url.QueryEscape(signRSASHA256)
		sum := sha256.Sum256([]byte(query))
		signature, err := rsa.SignPKCS1v15(rand.Reader, p.signing.key, crypto.SHA256, sum[:])
		if err != nil {
			return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, fmt.Errorf("saml: sign request: %w", err))
		}
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	}
	separator := "?"
	if strings.Contains(location, "?") { // an address may have a query of its own
		separator = "&"
	}
	return idp.Challenge{URL: location + separator + query}, nil
}

// post: SAML Bindings §3.5, signed as enveloped.
func (p *provider) post(request *crewjam.AuthnRequest, location, state string) (idp.Challenge, error) {
	el := p.element(request)
	if p.signing != nil {
		signer, err := dsig.NewSigningContext(p.signing.key, [][]byte{p.signing.cert.Raw})
		if err != nil {
			return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, err)
		}
		signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		signature, err := signer.ConstructSignature(el, true)
		if err != nil {
			return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, fmt.Errorf("saml: sign request: %w", err))
		}
		el.InsertChildAt(1, signature) // after the Issuer (SAML Core §3.2.1)
	}
	text, err := etree.NewDocumentWithRoot(el).WriteToBytes()
	if err != nil {
		return idp.Challenge{}, bridge.Fail(bridge.CodeInternal, err)
	}
	return idp.Challenge{URL: location, Form: url.Values{
		"SAMLRequest": {base64.StdEncoding.EncodeToString(text)}, "RelayState": {state},
	}}, nil
}
