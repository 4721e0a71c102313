package idptest

import (
	"cmp"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"crypto/rand"

	"github.com/beevik/etree"
)

// Status codes (SAML Core §3.2.2.2).
const (
	statusSuccess        = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusRequester      = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	statusResponder      = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusDenied         = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
	statusNoPassive      = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
	statusNoAuthnContext = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
	statusNameIDPolicy   = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
)

const (
	methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	methodHolder = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
	otherACS     = "https://other-sp.example/acs"
	otherSP      = "https://other-sp.example/metadata"
	otherIdP     = "https://other-provider.example/metadata"

	classPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
)

// backdate is how far NotBefore lies before now: clocks differ.
const backdate = time.Minute

// draft is an answer before it is signed.
type draft struct {
	s      *SAML
	p      Person
	r      AuthnRequest
	at     session
	lies   told
	issued time.Time
}

// newID is an xs:ID: it doesn't begin with a digit (SAML Core §1.3.4).
func newID() string {
	var b [20]byte
	rand.Read(b[:])
	return "_" + hex.EncodeToString(b[:])
}

// document writes the response (SAML Core §3.3.3, Profiles §4.1.4.2). Each element that may be signed or encrypted
// declares its own namespaces, so that it means the same wherever it stands.
func (d *draft) document() *etree.Document {
	switch {
	case d.lies[Expired]:
		d.issued = d.issued.Add(-2 * time.Hour)
	case d.lies[FutureDated]:
		d.issued = d.issued.Add(time.Hour + backdate)
	}
	if d.lies[Unsolicited] || d.lies[MissingRequest] {
		d.r.ID = ""
	}
	if d.lies[WrongRequest] {
		d.r.ID = newID()
	}
	doc := etree.NewDocument()
	// Response itself is written as the failures are; Success comes with an assertion.
	root := d.response(doc)
	d.status(root)
	root.AddChild(d.assertion(d.nameID()))
	if d.lies[TwoAssertions] {
		root.AddChild(d.assertion(Intruder))
	}
	return doc
}

func (d *draft) response(doc *etree.Document) *etree.Element {
	root := doc.CreateElement("samlp:Response")
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", newID())
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(d.issued))
	if !d.lies[MissingDestination] {
		root.CreateAttr("Destination", pick(d.lies[WrongDestination], otherACS, d.r.ACS))
	}
	if d.r.ID != "" {
		root.CreateAttr("InResponseTo", d.r.ID)
	}
	root.CreateElement("saml:Issuer").SetText(d.issuer())
	return root
}

func (d *draft) status(root *etree.Element) {
	code := root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode")
	code.CreateAttr("Value", statusSuccess)
	if d.lies[NestedStatus] {
		code.CreateAttr("Value", statusResponder)
		code.CreateElement("samlp:StatusCode").CreateAttr("Value", statusSuccess)
	}
}

func (d *draft) issuer() string {
	return pick(d.lies[WrongIssuer], otherIdP, d.s.options.EntityID)
}

func pick(lie bool, wrong, right string) string {
	if lie {
		return wrong
	}
	return right
}

// assertion is SAML Core §2.3.3.
func (d *draft) assertion(nameID string) *etree.Element {
	a := etree.NewElement("saml:Assertion")
	a.CreateAttr("xmlns:saml", nsAssertion)
	a.CreateAttr("ID", newID())
	a.CreateAttr("Version", "2.0")
	a.CreateAttr("IssueInstant", instant(d.issued))
	a.CreateElement("saml:Issuer").SetText(d.issuer())
	d.subject(a, nameID)
	d.conditions(a)
	d.statement(a)
	d.attributes(a)
	return a
}

// subject is SAML Core §2.4.1 and Profiles §4.1.4.2: one bearer confirmation with all that it must hold.
func (d *draft) subject(a *etree.Element, name string) {
	subject := a.CreateElement("saml:Subject")
	if !d.lies[NoSubject] {
		nameID := subject.CreateElement("saml:NameID")
		nameID.CreateAttr("Format", d.format())
		nameID.SetText(name)
	}
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateAttr("Method", pick(d.lies[NotBearer], methodHolder, methodBearer))
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	if d.r.ID != "" {
		data.CreateAttr("InResponseTo", d.r.ID)
	}
	data.CreateAttr("NotOnOrAfter", instant(d.issued.Add(d.s.options.Lifetime)))
	data.CreateAttr("Recipient", pick(d.lies[WrongRecipient], otherACS, d.r.ACS))
}

func (d *draft) format() string {
	switch {
	case d.lies[TransientNameID]:
		return NameIDTransient
	case d.r.NameIDFormat == "" || d.r.NameIDFormat == NameIDUnspecified:
		return d.s.options.NameIDFormat
	}
	return d.r.NameIDFormat
}

func (d *draft) nameID() string {
	if d.lies[EmptyNameID] {
		return ""
	}
	switch d.format() {
	case NameIDTransient:
		return newID()
	case NameIDEmail:
		return d.p.Email
	case NameIDUnspecified:
		return d.p.Username
	}
	return d.p.subject()
}

// conditions is SAML Core §2.5.1.
func (d *draft) conditions(a *etree.Element) {
	conditions := a.CreateElement("saml:Conditions")
	conditions.CreateAttr("NotBefore", instant(d.issued.Add(-backdate)))
	conditions.CreateAttr("NotOnOrAfter", instant(d.issued.Add(d.s.options.Lifetime)))
	if d.lies[MissingAudience] {
		return
	}
	restriction := conditions.CreateElement("saml:AudienceRestriction")
	if d.lies[WrongAudience] {
		restriction.CreateElement("saml:Audience").SetText(otherSP)
		return
	}
	for _, audience := range append([]string{d.r.Issuer}, d.s.options.Audiences...) {
		restriction.CreateElement("saml:Audience").SetText(audience)
	}
}

// statement is SAML Core §2.7.2.
func (d *draft) statement(a *etree.Element) {
	statement := a.CreateElement("saml:AuthnStatement")
	statement.CreateAttr("AuthnInstant", instant(d.at.began))
	statement.CreateAttr("SessionIndex", "_"+d.at.id)
	if d.s.options.SessionLifetime > 0 {
		statement.CreateAttr("SessionNotOnOrAfter", instant(d.at.began.Add(d.s.options.SessionLifetime)))
	}
	statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(classPassword)
}

// AWS's attributes.
const (
	awsRole        = "https://aws.amazon.com/SAML/Attributes/Role"
	awsSessionName = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
)

// attributes is SAML Core §2.7.3: the person's fields under the configured names, AWS's own, then the person's claims.
func (d *draft) attributes(a *etree.Element) {
	names := d.s.options.Attributes
	all := map[string][]string{}
	set := func(name string, values ...string) {
		if name != "-" && len(values) > 0 && values[0] != "" {
			all[name] = values
		}
	}
	set(names.Email, d.p.Email)
	set(names.Name, d.p.Name)
	set(names.Groups, d.p.Groups...)
	if len(d.p.RolePairs) > 0 {
		set(awsRole, d.p.RolePairs...)
		set(awsSessionName, cmp.Or(d.p.RoleSessionName, d.p.Email))
	}
	maps.Copy(all, d.p.Claims)
	if len(all) == 0 {
		return // an AttributeStatement holds at least one
	}
	statement := a.CreateElement("saml:AttributeStatement")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		attribute := statement.CreateElement("saml:Attribute")
		attribute.CreateAttr("Name", name)
		attribute.CreateAttr("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:"+
			pick(strings.Contains(name, ":"), "uri", "basic"))
		if d.s.options.FriendlyNames {
			attribute.CreateAttr("FriendlyName", path.Base(name))
		}
		for _, value := range all[name] {
			v := attribute.CreateElement("saml:AttributeValue")
			v.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
			v.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
			v.CreateAttr("xsi:type", "xs:string")
			v.SetText(value)
		}
	}
}

// fail writes a response without an assertion (SAML Core §3.2.2), signed where responses are signed.
func (s *SAML) fail(r AuthnRequest, status, second, message string) ([]byte, error) {
	d := draft{s: s, r: r, issued: s.now()}
	doc := etree.NewDocument()
	root := d.response(doc)
	st := root.CreateElement("samlp:Status")
	code := st.CreateElement("samlp:StatusCode")
	code.CreateAttr("Value", status)
	code.CreateElement("samlp:StatusCode").CreateAttr("Value", second)
	if message != "" {
		st.CreateElement("samlp:StatusMessage").SetText(message)
	}
	if s.options.Sign != SignAssertion {
		if err := s.Sign(root); err != nil {
			return nil, err
		}
	}
	return doc.WriteToBytes()
}
