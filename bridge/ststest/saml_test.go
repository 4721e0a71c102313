package ststest_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// set changes an attribute of the element at the path below e.
func set(path, name, value string) func(*etree.Element, *etree.Element) {
	return func(_, e *etree.Element) {
		if path != "" {
			e = e.FindElement(path)
		}
		if value == "" {
			e.RemoveAttr(name)
		} else {
			e.CreateAttr(name, value)
		}
	}
}

func drop(path string) func(*etree.Element, *etree.Element) {
	return func(_, e *etree.Element) { x := e.FindElement(path); x.Parent().RemoveChild(x) }
}

func text(path, value string) func(*etree.Element, *etree.Element) {
	return func(_, e *etree.Element) { e.FindElement(path).SetText(value) }
}

func double(path string) func(*etree.Element, *etree.Element) {
	return func(_, e *etree.Element) { x := e.FindElement(path); x.Parent().AddChild(x.Copy()) }
}

func TestSAMLRefusals(t *testing.T) {
	w := newWorld(t)
	in := func(d time.Duration) string { return w.now().UTC().Add(d).Format(time.RFC3339) }
	attr := func(name string, values ...string) samlSpec {
		return samlSpec{attributes: map[string][]string{aws_ + name: values}}
	}
	edit := func(f func(_, a *etree.Element)) samlSpec { return samlSpec{edit: f} }
	const (
		unreadable = "Invalid SAMLResponse"
		signature  = "Response signature invalid"
		audience   = "Response does not contain the required audience."
		denied     = "Not authorized to perform sts:AssumeRoleWithSAML"
		shape      = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"
		source     = `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`
	)
	token := func(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }
	old := func(message string) refusal { return refusal{400, "ExpiredTokenException", message} }
	no := refusal{403, "AccessDenied", denied}
	for name, c := range map[string]struct {
		spec samlSpec
		want refusal
	}{
		// §2.4
		"no session name": {attr("RoleSessionName"), token("RoleSessionName is required in AuthnResponse")},
		"blank in name":   {attr("RoleSessionName", "ada l"), token(shape)},
		"short name":      {attr("RoleSessionName", "a"), token(shape)},
		"long name":       {attr("RoleSessionName", strings.Repeat("a", 65)), token(shape)},
		"two names":       {attr("RoleSessionName", "ada", "bob"), token(shape)},
		"source shape":    {attr("SourceIdentity", "a b"), token(source)},
		"source of AWS":   {attr("SourceIdentity", "aws:x"), token(source)},
		"two sources":     {attr("SourceIdentity", "ada", "bob"), token(source)},
		"other key":       {samlSpec{idp: otherIdP()}, token(signature)},
		"unsigned":        {samlSpec{unsigned: true}, token(signature)},
		"only Response":   {samlSpec{unsigned: true, signOuter: true}, token(signature)},
		"SHA-1":           {samlSpec{method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, token(signature)},
		"changed after":   {samlSpec{after: func(r *etree.Element) { r.FindElement("./Assertion//NameID").SetText("u-0000") }}, token(signature)},
		"outer changed":   {samlSpec{signOuter: true, after: func(r *etree.Element) { r.CreateAttr("Destination", "https://elsewhere") }}, token(signature)},
		"issuer":          {edit(text("./Issuer", "https://other.example.com")), token("Issuer not present in specified provider")},
		"audience": {edit(func(_, a *etree.Element) {
			a.FindElements("./Conditions//Audience")[1].SetText("urn:amazon:webservices:govcloud")
		}), token(audience)},
		"no audience":   {edit(drop("./Conditions/AudienceRestriction")), token(audience)},
		"no conditions": {edit(drop("./Conditions")), token(audience)},
		"ACS as audience": {edit(func(_, a *etree.Element) {
			a.FindElements("./Conditions//Audience")[1].SetText("https://signin.aws.amazon.com/saml")
		}), token(audience)},
		"second restriction": {edit(func(_, a *etree.Element) {
			r := a.FindElement("./Conditions/AudienceRestriction").Copy()
			r.RemoveChild(r.FindElements("./Audience")[1])
			a.FindElement("./Conditions").AddChild(r)
		}), token(audience)},

		// Times.
		"six minutes old":     {samlSpec{issued: w.now().Add(-6 * time.Minute)}, old("Token must be redeemed within 5 minutes of issuance")},
		"confirmation over":   {edit(set("./Subject//SubjectConfirmationData", "NotOnOrAfter", in(-time.Second))), old("expired")},
		"conditions over":     {edit(set("./Conditions", "NotOnOrAfter", in(-time.Second))), old("expired")},
		"session over":        {edit(set("./AuthnStatement", "SessionNotOnOrAfter", in(-time.Second))), old("expired")},
		"conditions to come":  {edit(set("./Conditions", "NotBefore", in(time.Minute))), token("not yet valid")},
		"issued in future":    {edit(set("", "IssueInstant", in(time.Minute))), token("not yet valid")},
		"issue time unread":   {edit(set("", "IssueInstant", "yesterday")), token(unreadable)},
		"no issue time":       {edit(set("", "IssueInstant", "")), token(unreadable)},
		"NotBefore unread":    {edit(set("./Conditions", "NotBefore", "soon")), token(unreadable)},
		"NotOnOrAfter unread": {edit(set("./Conditions", "NotOnOrAfter", "later")), token(unreadable)},
		"session end unread":  {edit(set("./AuthnStatement", "SessionNotOnOrAfter", "later")), token(unreadable)},

		// Subject.
		"no NameID":             {edit(drop("./Subject/NameID")), no},
		"empty NameID":          {edit(text("./Subject/NameID", "")), no},
		"no subject":            {edit(drop("./Subject")), no},
		"nested in NameID":      {edit(func(_, a *etree.Element) { a.FindElement("./Subject/NameID").CreateElement("x") }), token(unreadable)},
		"two NameIDs":           {edit(double("./Subject/NameID")), token(unreadable)},
		"no confirmation":       {edit(drop("./Subject/SubjectConfirmation")), token(unreadable)},
		"two confirmations":     {edit(double("./Subject/SubjectConfirmation")), token(unreadable)},
		"confirmation's method": {edit(set("./Subject/SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")), token(unreadable)},
		"no recipient":          {edit(set("./Subject//SubjectConfirmationData", "Recipient", "")), token(unreadable)},
		"no end":                {edit(set("./Subject//SubjectConfirmationData", "NotOnOrAfter", "")), token(unreadable)},
		"other recipient":       {edit(set("./Subject//SubjectConfirmationData", "Recipient", "https://elsewhere")), no},

		// Roles, tags, durations.
		"no Role":               {attr("Role"), no},
		"other role":            {attr("Role", crossRole+","+corpARN), no},
		"other provider":        {attr("Role", samlRole+","+corpARN+"2"), no},
		"role's case":           {attr("Role", strings.Replace(samlRole, "/Dev", "/dev", 1)+","+corpARN), no},
		"Role attribute's case": {samlSpec{attributes: map[string][]string{aws_ + "Role": nil, aws_ + "role": {samlRole + "," + corpARN}}}, no},
		"duration in words":     {attr("SessionDuration", "1h"), token("SessionDuration")},
		"short duration":        {attr("SessionDuration", "899"), token("SessionDuration")},
		"long duration":         {attr("SessionDuration", "43201"), token("SessionDuration")},
		"two tag values":        {attr("PrincipalTag:Team", "a", "b"), token("exactly one value")},
		"tag's shape":           {attr("PrincipalTag:Team", "a;b"), token("principalTags.value")},
		"tag of AWS":            {attr("PrincipalTag:aws:x", "a"), token("must not begin")},
		"tags that fold":        {samlSpec{attributes: map[string][]string{aws_ + "PrincipalTag:Team": {"a"}, aws_ + "PrincipalTag:team": {"b"}}}, token("Duplicate tag keys")},
		"transitive, no tag":    {attr("TransitiveTagKeys", "Team"), token("transitive tag key must be included")},

		// The document.
		"failed": {samlSpec{edit: func(r, _ *etree.Element) {
			r.FindElement("./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
		}}, token(unreadable)},
		"no status":       {samlSpec{edit: func(r, _ *etree.Element) { r.RemoveChild(r.FindElement("./Status")) }}, token(unreadable)},
		"version":         {samlSpec{edit: func(r, _ *etree.Element) { r.CreateAttr("Version", "1.1") }}, token(unreadable)},
		"other namespace": {samlSpec{edit: func(r, _ *etree.Element) { r.CreateAttr("xmlns:samlp", "urn:other") }}, token(unreadable)},
		"encrypted":       {samlSpec{edit: func(r, a *etree.Element) { r.RemoveChild(a); r.CreateElement("saml:EncryptedAssertion") }}, token(unreadable)},
		"two assertions":  {samlSpec{after: func(r *etree.Element) { r.AddChild(r.FindElement("./Assertion").Copy()) }}, token(unreadable)},
		"hidden assertion": {samlSpec{after: func(r *etree.Element) {
			r.CreateElement("samlp:Extensions").AddChild(r.FindElement("./Assertion").Copy())
		}}, token(unreadable)},
		"wrapped":             {samlSpec{after: wrap}, token(unreadable)},
		"signature elsewhere": {samlSpec{after: func(r *etree.Element) { r.AddChild(r.FindElement("./Assertion/Signature")) }}, token(signature)},
		"comment":             {samlSpec{after: func(r *etree.Element) { r.FindElement("./Assertion//NameID").CreateComment("x") }}, token(unreadable)},
		"instruction":         {samlSpec{after: func(r *etree.Element) { r.CreateProcInst("x", "y") }}, token(unreadable)},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(w.samlForm(w.response(c.spec))), c.want) })
	}
}

// wrap is signature wrapping: the signed assertion moves into an extension of a forged one.
func wrap(r *etree.Element) {
	genuine := r.FindElement("./Assertion")
	forged := genuine.Copy()
	forged.CreateAttr("ID", "_evil")
	forged.FindElement("./Subject/NameID").SetText("admin")
	forged.RemoveChild(forged.FindElement("./Signature"))
	r.RemoveChild(genuine)
	forged.InsertChildAt(1, genuine.FindElement("./Signature").Copy())
	forged.CreateElement("saml:Advice").AddChild(genuine)
	r.AddChild(forged)
}

func TestSAMLDocuments(t *testing.T) {
	w := newWorld(t)
	good := w.response(samlSpec{})
	raw, _ := base64.StdEncoding.DecodeString(good)
	doc := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, c := range map[string][2]string{
		"no base64":    {"not base64!", "Invalid base64 SAMLResponse"},
		"line ends":    {good[:76] + "\r\n" + good[76:], "Invalid base64 SAMLResponse"},
		"URL alphabet": {strings.NewReplacer("+", "-", "/", "_").Replace(doc(string(raw) + "\n<!-- ??>> -->")), "Invalid"},
		"no XML":       {doc("hello world"), "Invalid SAMLResponse"},
		"DOCTYPE":      {doc(`<!DOCTYPE x [<!ENTITY a "b">]>` + string(raw)), "Invalid SAMLResponse"},
		"two roots":    {doc(string(raw) + string(raw)), "Invalid SAMLResponse"},
		"text after":   {doc(string(raw) + "x"), "Invalid SAMLResponse"},
		"cut":          {doc(string(raw[:len(raw)-9])), "Invalid SAMLResponse"},
		"deep":         {doc(strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50)), "Invalid SAMLResponse"},
		"wide":         {doc("<a>" + strings.Repeat("<b/>", 1000) + "</a>"), "Invalid SAMLResponse"},
		"doubled attr": {doc(strings.Replace(string(raw), `ID="_r1"`, `ID="_r1" ID="_r2"`, 1)), "Invalid SAMLResponse"},
		"assertion":    {doc(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`), "Invalid SAMLResponse"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, w.post(w.samlForm(c[0])), refusal{400, "InvalidIdentityToken", c[1]})
		})
	}
}

func TestSAMLAccepted(t *testing.T) {
	w := newWorld(t, func(o *ststest.Options) {
		o.AcceptSignedResponse, o.AcceptSHA1, o.AcceptWrappedBase64, o.AcceptACSAsAudience = true, true, true, true
		o.SAMLSkew = 2 * time.Minute
	})
	good := w.response(samlSpec{})
	if a := w.post(w.samlForm(good)); a.status != 200 {
		t.Errorf("usual: %s", a.message)
	}
	if a := w.post(w.samlForm(good)); a.status != 200 { // aws-facts 2.2: several uses inside the five minutes
		t.Errorf("the same again: %s", a.message)
	}
	if a := w.post(w.samlForm(good[:76] + "\r\n" + good[76:])); a.status != 200 {
		t.Errorf("line ends: %s", a.message)
	}
	for name, spec := range map[string]samlSpec{
		"both signed":    {signOuter: true},
		"only Response":  {unsigned: true, signOuter: true},
		"SHA-1":          {method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
		"SHA-512":        {method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"},
		"provider first": {attributes: map[string][]string{aws_ + "Role": {corpARN + ", " + samlRole}}},
		"several pairs":  {attributes: map[string][]string{aws_ + "Role": {crossRole + "," + corpARN, samlRole + "," + corpARN}}},
		"clock ahead":    {issued: w.now().Add(time.Minute)},
		"ACS as audience": {edit: func(_, a *etree.Element) {
			a.FindElements("./Conditions//Audience")[1].SetText("https://signin.aws.amazon.com/saml")
		}},
		"nested attribute": {edit: func(_, a *etree.Element) {
			a.FindElement("./AttributeStatement").CreateElement("saml:Attribute").CreateElement("saml:AttributeValue").CreateElement("saml:NameID")
		}},
		"300 groups":        {attributes: map[string][]string{"groups": strings.Split(strings.Repeat("g,", 300), ",")}},
		"a tag of no value": {attributes: map[string][]string{aws_ + "PrincipalTag:Team": {""}}},
	} {
		if a := w.post(w.samlForm(w.response(spec))); a.status != 200 {
			t.Errorf("%s: %d %s: %s", name, a.status, a.code, a.message)
		}
	}
}

// TestTwoCertificates: during a rollover either key is good, wherever it stands.
func TestTwoCertificates(t *testing.T) {
	w := newWorld(t)
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: w.idp.metadata(otherIdP())}); err != nil {
		t.Fatal(err)
	}
	for _, idp := range []*samlIdP{w.idp, otherIdP()} {
		if a := w.post(w.samlForm(w.response(samlSpec{idp: idp}))); a.status != 200 {
			t.Errorf("%d %s", a.status, a.message)
		}
	}
}

func TestSAMLAsked(t *testing.T) {
	w := newWorld(t)
	w.role("arn:aws:iam::"+target+":role/AWSReservedSSO_Admin_1", `{"Federated":"`+corpARN+`"}`, `"sts:*"`, "")
	w.role("arn:aws:iam::"+target+":role/NoTags", `{"Federated":"`+corpARN+`"}`, `"sts:AssumeRoleWithSAML"`, "")
	pair := func(role string) samlSpec {
		return samlSpec{attributes: map[string][]string{aws_ + "Role": {role + "," + corpARN}}}
	}
	with := func(s samlSpec, name, value string) samlSpec { s.attributes[aws_+name] = []string{value}; return s }
	const denied = "Not authorized to perform sts:AssumeRoleWithSAML"
	reserved, noTags := "arn:aws:iam::"+target+":role/AWSReservedSSO_Admin_1", "arn:aws:iam::"+target+":role/NoTags"
	for name, c := range map[string]struct {
		spec  samlSpec
		pairs []string
		want  refusal
	}{
		"provider unknown":          {samlSpec{}, []string{"PrincipalArn", corpARN + "2"}, refusal{400, "InvalidIdentityToken", "Specified provider doesn't exist."}},
		"provider of a wrong shape": {samlSpec{}, []string{"PrincipalArn", samlRole}, refusal{400, "InvalidIdentityToken", "Specified provider doesn't exist."}},
		"no such role":              {pair("arn:aws:iam::" + target + ":role/None"), []string{"RoleArn", "arn:aws:iam::" + target + ":role/None"}, refusal{403, "AccessDenied", denied}},
		"role's case":               {pair("arn:aws:iam::" + target + ":role/team/dev"), []string{"RoleArn", "arn:aws:iam::" + target + ":role/team/dev"}, refusal{403, "AccessDenied", denied}},
		"role of Identity Center":   {pair(reserved), []string{"RoleArn", reserved}, refusal{403, "AccessDenied", denied}},
		"trust policy of another":   {pair(crossRole), []string{"RoleArn", crossRole}, refusal{403, "AccessDenied", denied}},
		"tags not allowed":          {with(pair(noTags), "PrincipalTag:Team", "a"), []string{"RoleArn", noTags}, refusal{403, "AccessDenied", denied}},
		"source not allowed":        {with(pair(noTags), "SourceIdentity", "ada"), []string{"RoleArn", noTags}, refusal{403, "AccessDenied", denied}},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(w.samlForm(w.response(c.spec), c.pairs...)), c.want) })
	}
	if a := w.post(w.samlForm(w.response(pair(noTags)), "RoleArn", noTags)); a.status != 200 {
		t.Errorf("without tags: %s", a.message)
	}
}

// TestSAMLConditions: what a trust policy can ask of an assertion (aws-facts 2.5), the test vector of 1.5 included.
func TestSAMLConditions(t *testing.T) {
	w := newWorld(t)
	spec := samlSpec{attributes: map[string][]string{
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.1": {"staff", "member"}, "urn:oid:2.5.4.3": {"Ada"},
		aws_ + "PrincipalTag:Team": {"Shop"}, aws_ + "TransitiveTagKeys": {"Team"}, aws_ + "SourceIdentity": {"ada"},
	}}
	for condition, ok := range map[string]bool{
		`{"StringEquals":{"SAML:iss":"` + entity + `","saml:sub":"u-7f3c","saml:sub_type":"persistent","saml:doc":"` + target + `/Corp"}}`: true,
		`{"ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}}`:                                                               true,
		`{"StringEquals":{"saml:cn":"Ada","sts:RoleSessionName":"ada@example.com"}}`:                                                       true,
		`{"StringEquals":{"aws:RequestTag/team":"Shop","sts:SourceIdentity":"ada"}}`:                                                       true,
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["Team"],"sts:TransitiveTagKeys":["Team"]}}`:                                          true,
		`{"StringEquals":{"saml:aud":"urn:amazon:webservices"}}`:                                                                           false,
		`{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"}}`:                                                               false,
		`{"StringEquals":{"saml:namequalifier":"other"}}`:                                                                                  false,
		`{"StringEquals":{"saml:edupersonaffiliation":"staff"}}`:                                                                           false,
		`{"StringEquals":{"saml:cn":"ada"}}`:                                                                                               false,
		`{"IpAddress":{"aws:SourceIp":"127.0.0.1/32"}}`:                                                                                    true,
		`{"Null":{"saml:mail":"true","saml:iss":"false"}}`:                                                                                 true,
		`{"Null":{"saml:uid":"true"}}`:                                                                                                     false,
		`{"Null":{"aws:PrincipalTag/Team":"true"}}`:                                                                                        false,
		`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`:                                                                                    false,
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`:                                                                                   false,
	} {
		w.role(samlRole, `{"Federated":"`+corpARN+`"}`, `"sts:*"`, condition)
		a := w.post(w.samlForm(w.response(spec)))
		if (a.status == 200) != ok {
			t.Errorf("%s: got %d %s", condition, a.status, a.message)
		}
	}
}

// TestNameQualifier is the test vector of aws-facts 1.5.
func TestNameQualifier(t *testing.T) {
	w := newWorld(t)
	const arn, issuer = "arn:aws:iam::123456789012:saml-provider/MySAMLIdP", "https://example.com/saml"
	metadata := strings.Replace(string(w.idp.metadata()), entity, issuer, 1)
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: arn, Metadata: []byte(metadata)}); err != nil {
		t.Fatal(err)
	}
	w.role(samlRole, `{"Federated":"`+arn+`"}`, `"sts:*"`, `{"StringEquals":{"saml:namequalifier":"1uAJanUnBc2XeUkHURMht+xam2c="}}`)
	a := w.post(w.samlForm(w.response(samlSpec{
		edit: text("./Issuer", issuer), attributes: map[string][]string{aws_ + "Role": {samlRole + "," + arn}},
	}), "PrincipalArn", arn))
	contains(t, []byte(a.body), "<NameQualifier>1uAJanUnBc2XeUkHURMht+xam2c=</NameQualifier>")
}

func TestSubjectType(t *testing.T) {
	w := newWorld(t)
	for format, want := range map[string]string{
		"urn:oasis:names:tc:SAML:2.0:nameid-format:transient":    "transient",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
	} {
		a := w.post(w.samlForm(w.response(samlSpec{edit: set("./Subject/NameID", "Format", format)})))
		contains(t, []byte(a.body), "<SubjectType>"+want+"</SubjectType>")
	}
}

// TestECDSA: off by default; with the option, r and s side by side are a signature, and ASN.1 isn't.
func TestECDSA(t *testing.T) {
	for name, c := range map[string]struct {
		accept, der bool
		status      int
	}{
		"by default": {false, false, 400}, "with the option": {true, false, 200}, "as ASN.1": {true, true, 400},
	} {
		w := newWorld(t, func(o *ststest.Options) { o.AcceptECDSA = c.accept })
		idp := idpOf(ecKey(t))
		idp.der = c.der
		if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: append(idp.metadata(), strings.Repeat(" ", 400)...)}); err != nil {
			t.Fatal(err)
		}
		a := w.post(w.samlForm(w.response(samlSpec{idp: idp, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"})))
		if a.status != c.status || c.status == 400 && a.message != "Response signature invalid" {
			t.Errorf("%s: %d %s", name, a.status, a.message)
		}
	}
}
