package idptest

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"

	"github.com/beevik/etree"
)

// AuthnRequest is what an answer answers (SAML Core §3.4.1). Without an ID the answer is an unsolicited one.
type AuthnRequest struct {
	ID         string
	Issuer     string // the SP's entity id
	ACS        string // where the answer goes; default: the SP's first
	RelayState string

	NameIDFormat string // default: the provider's
	ForceAuthn   bool
	IsPassive    bool
	AuthnContext []string // classes of which one is asked for; empty: any
}

// Hooks change an answer while it is made.
type Hooks struct {
	BeforeSigning    func(*etree.Document) // nothing is signed yet
	BeforeEncrypting func(*etree.Document) // the assertion is signed, where it is signed at all
	AfterSigning     func(*etree.Document) // everything is done
}

func (h Hooks) call(hook func(*etree.Document), doc *etree.Document) {
	if hook != nil {
		hook(doc)
	}
}

// Respond mints the answer to a request, with the lies in force and the changes of the hooks: a samlp:Response, not yet
// in base64.
func (s *SAML) Respond(p Person, r AuthnRequest, hooks Hooks) ([]byte, error) {
	return s.respond(p, r, session{username: p.Username, began: s.now(), id: random()}, hooks)
}

func (s *SAML) respond(p Person, r AuthnRequest, at session, hooks Hooks) ([]byte, error) {
	sp, ok := s.sp(r.Issuer)
	if !ok {
		return nil, fmt.Errorf("idptest: there is no service provider %q", r.Issuer)
	}
	if r.ACS == "" && len(sp.ACS) > 0 {
		r.ACS = sp.ACS[0]
	}
	lies := s.told()
	if lies[FailureStatus] {
		return s.fail(r, statusResponder, statusDenied, "the provider says "+Canary)
	}
	if last, ok := s.last.Load(r.Issuer); ok && lies[ReplayedAnswer] {
		return last.([]byte), nil
	}
	d := draft{s: s, p: p, r: r, at: at, lies: lies, issued: s.now()}
	doc := d.document()
	hooks.call(hooks.BeforeSigning, doc)
	if err := s.seal(doc, sp, lies, hooks); err != nil {
		return nil, err
	}
	d.lieAfterSigning(doc)
	hooks.call(hooks.AfterSigning, doc)
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("idptest: write response: %w", err)
	}
	if lies[DoctypeEntity] {
		out = append([]byte(`<!DOCTYPE r [<!ENTITY % p SYSTEM "`+s.base+`/entity"> %p;]>`), out...)
	}
	if len(lies) == 0 {
		s.last.Store(r.Issuer, out)
	}
	return out, nil
}

// seal signs and encrypts: the assertion first, then the cipher around it, then the response around all.
func (s *SAML) seal(doc *etree.Document, sp SP, lies told, hooks Hooks) error {
	how := s.method(lies)
	what := s.options.Sign
	if lies[WrappedSignature1] || lies[WrappedSignature2] {
		what = SignResponse
	} else if slices.ContainsFunc(WrappedSignatures, func(l Lie) bool { return lies[l] }) {
		what = SignAssertion // a signature around the forged part would be a true one
	}
	if what != SignResponse && !lies[UnsignedAssertion] {
		for _, assertion := range doc.Root().SelectElements("Assertion") {
			if err := how.sign(assertion); err != nil {
				return err
			}
		}
	}
	wrapAssertion(doc, lies)
	hooks.call(hooks.BeforeEncrypting, doc)
	if err := s.options.Encrypt.encryptAll(doc, sp); err != nil {
		return err
	}
	if what != SignAssertion && !lies[UnsignedAssertion] {
		if err := how.sign(doc.Root()); err != nil {
			return err
		}
	}
	wrapResponse(doc, lies)
	return nil
}

// method is how this answer is signed.
func (s *SAML) method(lies told) method {
	current, _ := s.Keys()
	how := method{pair: current, hash: crypto.SHA256, keyInfo: true}
	switch {
	case lies[KeyInfoOfStranger]:
		how.pair = s.Stranger()
	case lies[StrangerKey]:
		// Signed by the stranger; KeyInfo shows the certificate that would be trusted.
		how.pair = &Pair{s.Stranger().Key, current.Certificate}
	}
	if lies[SHA1Signature] {
		how.hash = crypto.SHA1
	}
	how.hmac, how.twice = lies[HMACSignature], lies[TwoReferences]
	return how
}

// Form is what the browser posts to the ACS (SAML Bindings §3.5.4).
func (s *SAML) Form(response []byte, r AuthnRequest) url.Values {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(response)}}
	// RelayState comes back exactly when it was sent.
	if r.RelayState != "" && !s.told()[Unsolicited] {
		form.Set("RelayState", r.RelayState)
	}
	return form
}

// Answer is what comes back to the ACS when this person signs in at the URL, with the form where there is one, that an
// SP sends the browser to: the whole of the protocol without the pages.
func (s *SAML) Answer(ssoURL string, form url.Values, username string) (url.Values, error) {
	r, err := s.read(ssoURL, form)
	if err != nil {
		return nil, err
	}
	p, ok := find(s.people, username)
	if !ok {
		return nil, fmt.Errorf("idptest: nobody is called %q", username)
	}
	var response []byte
	if status := s.unable(r); status != "" {
		response, err = s.fail(r, statusRequester, status, "")
	} else {
		response, err = s.Respond(p, r, Hooks{})
	}
	if err != nil {
		return nil, err
	}
	return s.Form(response, r), nil
}
