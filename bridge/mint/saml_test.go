package mint_test

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// parsed reads a minted response.
func parsed(t testing.TB, proof bridge.Proof) *etree.Element {
	t.Helper()
	raw, err := base64.StdEncoding.Strict().DecodeString(proof.Raw.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// attributesOf reads the attributes of an assertion.
func attributesOf(assertion *etree.Element) map[string][]string {
	out := map[string][]string{}
	for _, a := range assertion.FindElements("./AttributeStatement/Attribute") {
		for _, v := range a.FindElements("./AttributeValue") {
			out[a.SelectAttrValue("Name", "")] = append(out[a.SelectAttrValue("Name", "")], v.Text())
		}
	}
	return out
}

// validated is the assertion that goxmldsig found to be signed by the certificate.
func validated(t testing.TB, assertion *etree.Element, certificate *x509.Certificate) *etree.Element {
	t.Helper()
	signed, err := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}}).Validate(assertion)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestSAMLResponse: what a response says, to the letter.
func TestSAMLResponse(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 250e6, time.UTC)
	key := samlKey()
	old := *key.Certificate
	old.NotBefore = now.Add(-time.Hour)
	key.Certificate = &old
	m := newMinter(t, func(c *mint.Config) { c.Now, c.Keys = func() time.Time { return now }, heldKeys{mint.UseSAML: key} })
	proof := minted(t, m, forRole(bridge.ProofSAML))
	root := parsed(t, proof)
	const acs = "https://signin.aws.amazon.com/saml"
	at := func(path, attr string) string {
		e := root
		if path != "" {
			if e = root.FindElement(path); e == nil {
				t.Fatalf("there is no %s", path)
			}
		}
		if attr == "" {
			return e.Text()
		}
		return e.SelectAttrValue(attr, "")
	}
	for _, c := range [][3]string{
		{"", "Version", "2.0"}, {"", "IssueInstant", "2026-11-21T10:00:00Z"}, {"", "Destination", acs}, {"./Issuer", "", entityID},
		{"./Status/StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Success"},
		{"./Assertion", "Version", "2.0"}, {"./Assertion", "IssueInstant", "2026-11-21T10:00:00Z"}, {"./Assertion", "ID", proof.ID},
		{"./Assertion/Issuer", "", entityID},
		{"./Assertion/Subject/NameID", "Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
		{"./Assertion/Subject/SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer"},
		{"./Assertion/Subject/SubjectConfirmation/SubjectConfirmationData", "Recipient", acs},
		{"./Assertion/Subject/SubjectConfirmation/SubjectConfirmationData", "NotOnOrAfter", "2026-11-21T10:05:00Z"},
		{"./Assertion/Conditions", "NotBefore", "2026-11-21T09:59:00Z"}, {"./Assertion/Conditions", "NotOnOrAfter", "2026-11-21T10:05:00Z"},
		{"./Assertion/Conditions/AudienceRestriction/Audience", "", "urn:amazon:webservices"},
		{"./Assertion/AuthnStatement", "AuthnInstant", "2026-11-21T10:00:00Z"},
		{"./Assertion/AuthnStatement", "SessionNotOnOrAfter", "2026-11-21T22:00:01Z"},
		{"./Assertion/AuthnStatement/AuthnContext/AuthnContextClassRef", "", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"},
	} {
		if got := at(c[0], c[1]); got != c[2] {
			t.Errorf("%s/@%s is %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if at("", "ID") == proof.ID || !strings.HasPrefix(proof.ID, "_") || len(proof.ID) < 23 {
		t.Errorf("IDs %q and %q", at("", "ID"), proof.ID)
	}
	token := claimsOf(t, minted(t, newMinter(t), forRole(bridge.ProofIDToken)))
	if got := at("./Assertion/Subject/NameID", ""); "Dev/"+got != token["sub"] {
		t.Errorf("NameID %q, but sub %q", got, token["sub"])
	}
	want := map[string][]string{
		"https://aws.amazon.com/SAML/Attributes/Role":                     {"arn:aws:iam::" + shop + ":role/team/Dev,arn:aws:iam::" + shop + ":saml-provider/fedbridge"},
		"https://aws.amazon.com/SAML/Attributes/RoleSessionName":          {"ada@example.com-abcdefghij"},
		"https://aws.amazon.com/SAML/Attributes/SessionDuration":          {"43200"},
		"https://aws.amazon.com/SAML/Attributes/SourceIdentity":           {"ada@example.com"},
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:Cost Centre": {"4711"},
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:Team":        {"Größe/β @ 1"},
		"https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys":        {"Team"},
	}
	if diff := cmp.Diff(want, attributesOf(root.FindElement("./Assertion"))); diff != "" {
		t.Error(diff)
	}
	wantProof := bridge.Proof{
		Kind: bridge.ProofSAML, Raw: proof.Raw, ID: proof.ID, RelayUntil: now.Truncate(time.Second).Add(5 * time.Minute),
		Algorithm: "RS256", Audiences: []string{"urn:amazon:webservices"}, Recipient: acs,
	}
	if diff := cmp.Diff(wantProof, proof, cmp.Comparer(func(a, b bridge.Secret) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// TestSAMLPartitions: audience and sign-in URL are the partition's; where the audience isn't public, nothing is minted.
func TestSAMLPartitions(t *testing.T) {
	m := newMinter(t)
	in := func(partition string) bridge.MintRequest {
		return forRole(bridge.ProofSAML, func(r *bridge.MintRequest) {
			r.Role.ARN.Partition, r.Role.SAMLProvider.Partition = partition, partition
		})
	}
	for partition, want := range map[string][2]string{
		"aws":        {"urn:amazon:webservices", "https://signin.aws.amazon.com/saml"},
		"aws-us-gov": {"urn:amazon:webservices:govcloud", "https://signin.amazonaws-us-gov.com/saml"},
		"aws-cn":     {"urn:amazon:webservices:cn-north-1", "https://signin.amazonaws.cn/saml"},
	} {
		proof := minted(t, m, in(partition))
		root := parsed(t, proof)
		if got := root.FindElement("//Audience").Text(); got != want[0] || proof.Audiences[0] != want[0] {
			t.Errorf("%s: audience %q", partition, got)
		}
		if got := root.FindElement("//SubjectConfirmationData").SelectAttrValue("Recipient", ""); got != want[1] || proof.Recipient != want[1] {
			t.Errorf("%s: recipient %q", partition, got)
		}
	}
	for _, partition := range []string{"aws-eusc", "aws-iso", "aws-of-nobody"} {
		err := refusedMint(t, m, in(partition), bridge.CodeIssuerMint)
		if _, _, detail := bridge.Explain(err); !strings.Contains(detail, "partition "+partition) {
			t.Errorf("%s: the detail %q doesn't say why", partition, detail)
		}
	}
}

// TestSAMLRecipient: the browser's sign-in URL goes into the three places that name it.
func TestSAMLRecipient(t *testing.T) {
	const regional = "https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSP0?a=1&b='2'"
	proof := minted(t, newMinter(t), forRole(bridge.ProofSAML, func(r *bridge.MintRequest) { r.Recipient = regional }))
	root := parsed(t, proof)
	if got := root.SelectAttrValue("Destination", ""); got != regional {
		t.Errorf("Destination %q", got)
	}
	if got := root.FindElement("//SubjectConfirmationData").SelectAttrValue("Recipient", ""); got != regional || proof.Recipient != regional {
		t.Errorf("Recipient %q, the proof's %q", got, proof.Recipient)
	}
	refusedMint(t, newMinter(t), forRole(bridge.ProofSAML, func(r *bridge.MintRequest) { r.Recipient = "https://a\x00" }), bridge.CodeIssuerMint)
}

// TestSAMLSignature: goxmldsig finds the assertion signed, and what it hashed is byte for byte what is in the document.
func TestSAMLSignature(t *testing.T) {
	proof := minted(t, newMinter(t), forRole(bridge.ProofSAML))
	raw, _ := base64.StdEncoding.DecodeString(proof.Raw.Reveal())
	assertion := parsed(t, proof).FindElement("./Assertion")
	signed := validated(t, assertion, samlKey().Certificate)
	if got := signed.FindElement("./Subject/NameID"); got == nil || signed.SelectAttrValue("ID", "") != proof.ID {
		t.Fatal("another element was signed")
	}
	info, _ := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(assertion.FindElement("./Signature/SignedInfo").Copy())
	if !strings.Contains(string(raw), string(info)) {
		t.Errorf("SignedInfo is not in its canonical form: %s", info)
	}
	assertion.RemoveChild(assertion.FindElement("./Signature"))
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(assertion)
	if err != nil {
		t.Fatal(err)
	}
	from, to := strings.Index(string(raw), "<ds:Signature "), strings.Index(string(raw), "</ds:Signature>")+len("</ds:Signature>")
	plain := string(raw[strings.Index(string(raw), "<saml:Assertion"):from]) + strings.TrimSuffix(string(raw[to:]), "</samlp:Response>")
	if diff := cmp.Diff(string(canonical), plain); diff != "" {
		t.Error(diff)
	}
	for _, change := range []string{"ada@example.com", "43200", "urn:amazon:webservices", "role/team/Dev"} {
		forged := etree.NewDocument()
		if err := forged.ReadFromString(strings.ReplaceAll(string(raw), change, change+"x")); err != nil {
			t.Fatal(err)
		}
		store := &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{samlKey().Certificate}}
		if _, err := dsig.NewDefaultValidationContext(store).Validate(forged.FindElement("//Assertion")); err == nil {
			t.Errorf("with %s changed, the signature still holds", change)
		}
	}
}

// TestSAMLUnfit: nothing is signed for a role whose provider isn't its account's, or without a fit key.
func TestSAMLUnfit(t *testing.T) {
	for name, change := range map[string]func(*bridge.MintRequest){
		"no provider":       func(r *bridge.MintRequest) { r.Role.SAMLProvider = bridge.SAMLProviderARN{} },
		"provider's name":   func(r *bridge.MintRequest) { r.Role.SAMLProvider.Name = "a,b" },
		"another account":   func(r *bridge.MintRequest) { r.Role.SAMLProvider.Account = "444455556666" },
		"another partition": func(r *bridge.MintRequest) { r.Role.SAMLProvider.Partition = "aws-cn" },
		"not encrypted":     func(r *bridge.MintRequest) { r.Role.Encryption.ProviderID = "SAMLSP0" },
		"no certificate":    func(r *bridge.MintRequest) { r.Role.Encryption.Certificate = "file:other.pem" },
	} {
		t.Run(name, func(t *testing.T) {
			refusedMint(t, newMinter(t), forRole(bridge.ProofSAML, change), bridge.CodeIssuerMint)
		})
	}
	bare, other := samlKey(), samlKey()
	bare.Certificate, other.Certificate = nil, rsKey().Certificate
	for name, key := range map[string]heldKey{"no certificate": bare, "another's certificate": other, "EC": esKey()} {
		t.Run("key/"+name, func(t *testing.T) {
			m := newMinter(t, func(c *mint.Config) { c.Keys = heldKeys{mint.UseSAML: key} })
			refusedMint(t, m, forRole(bridge.ProofSAML), bridge.CodeIssuerKey)
		})
	}
	refusedMint(t, newMinter(t, func(c *mint.Config) { c.Keys = heldKeys{} }), forRole(bridge.ProofSAML), bridge.CodeIssuerKey)
}

// TestSAMLKeyChanges: KeyInfo is the signing key's, also after the key changed.
func TestSAMLKeyChanges(t *testing.T) {
	keys := usualKeys()
	m := newMinter(t, func(c *mint.Config) { c.Keys = keys })
	for _, key := range []heldKey{samlKey(), rsKey(), samlKey()} {
		keys[mint.UseSAML] = key
		validated(t, parsed(t, minted(t, m, forRole(bridge.ProofSAML))).FindElement("./Assertion"), key.Certificate)
	}
}
