package mint_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/go-jose/go-jose/v4"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// strictAWS is an AWS that knows our issuer and our SAML metadata, and has the roles team/Dev and team/Admin. Their trust
// policies demand exactly what a usual request brings: audience, subject, tags, transitive keys and source identity.
type strictAWS struct {
	t      *testing.T
	aws    *ststest.AWS
	url    string
	issuer string
}

const samlProvider = "arn:aws:iam::" + shop + ":saml-provider/fedbridge"

func newStrictAWS(t *testing.T, issuer string, saml ststest.SAMLProvider, options ...ststest.Options) *strictAWS {
	t.Helper()
	o := ststest.Options{}
	if len(options) > 0 {
		o = options[0]
	}
	o.InsecureLoopbackIssuers = true
	w := &strictAWS{t: t, aws: ststest.New(o), issuer: issuer}
	server := httptest.NewServer(w.aws.STS())
	t.Cleanup(server.Close)
	w.url = server.URL
	host, entityID := strings.TrimPrefix(w.issuer, "http://"), w.issuer+"/saml/metadata"
	saml.ARN = samlProvider
	err := w.aws.Load(ststest.State{
		Accounts:      []ststest.Account{{ID: shop, Name: "shop"}},
		SAMLProviders: []ststest.SAMLProvider{saml},
		OIDCProviders: []ststest.OIDCProvider{{Account: shop, Issuer: w.issuer, ClientIDs: []string{"fedbridge:" + shop}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Dev", "Admin"} {
		what := `"aws:RequestTag/Team":"Größe/β @ 1","aws:RequestTag/Cost Centre":"4711","sts:SourceIdentity":"ada@example.com"`
		trusts := `{"Version":"2012-10-17","Statement":[` +
			statementFor("arn:aws:iam::"+shop+":oidc-provider/"+host, "sts:AssumeRoleWithWebIdentity",
				`{"StringEquals":{"`+host+`:aud":"fedbridge:`+shop+`",`+what+`},"StringLike":{"`+host+`:sub":"`+name+`/*"},`+
					`"Bool":{"sts:RoleAuthorizedByIdp":"true"},"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}}`,
				`{"StringEquals":{`+what+`},"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}}`) + `,` +
			statementFor(samlProvider, "sts:AssumeRoleWithSAML",
				`{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml","SAML:iss":"`+entityID+`","SAML:sub_type":"persistent",`+what+`}}`,
				`{"StringEquals":{`+what+`},"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}}`) + `]}`
		role := ststest.Role{ARN: "arn:aws:iam::" + shop + ":role/team/" + name, TrustPolicy: trusts, MaxSessionDuration: 12 * time.Hour}
		if err := w.aws.AddRole(role); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// statementFor lets a provider in, under a condition, and lets it send tags and a source identity under another.
func statementFor(provider, action, condition, extra string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"Federated":%q},"Action":%q,"Condition":%s},`+
		`{"Effect":"Allow","Principal":{"Federated":%[1]q},"Action":["sts:TagSession","sts:SetSourceIdentity"],"Condition":%[4]s}`, provider, action, condition, extra)
}

// publish serves discovery and key set of an issuer, which it returns.
func publish(t *testing.T, key heldKey) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(path string, v any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
	}
	answer("/.well-known/openid-configuration", map[string]any{
		"issuer": server.URL, "jwks_uri": server.URL + "/jwks", "response_types_supported": []string{"id_token"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{key.Algorithm},
	})
	answer("/jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public, KeyID: key.ID, Use: "sig", Algorithm: key.Algorithm}}})
	return server.URL
}

// metadataOf is what IAM is told about the issuer's SAML half.
func metadataOf(issuer string, key heldKey) ststest.SAMLProvider {
	return ststest.SAMLProvider{Metadata: []byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + issuer + `/saml/metadata"><IDPSSODescriptor ` +
		`protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
		`<X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(key.Certificate.Raw) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/></IDPSSODescriptor></EntityDescriptor>`)}
}

func (w *strictAWS) minter(token heldKey) *mint.Minter {
	return newMinter(w.t, signWith(token), func(c *mint.Config) { c.Issuer = w.issuer })
}

func (w *strictAWS) client(o sts.Options) *sts.Client {
	o.Region, o.BaseEndpoint, o.RetryMaxAttempts = "us-east-1", aws.String(w.url), 1
	return sts.New(o)
}

// session is what STS answered.
type session struct {
	arn, source, subject string
	seconds              time.Duration
}

// assume takes a proof to STS with the real SDK, and asks with the credentials who they are.
func (w *strictAWS) assume(proof bridge.Proof, req bridge.MintRequest) (session, error) {
	w.t.Helper()
	began := time.Now()
	role, seconds := aws.String(req.Role.ARN.String()), aws.Int32(int32(req.Duration/time.Second))
	var out session
	var key, secret, token *string
	var expires *time.Time
	if proof.Kind == bridge.ProofSAML {
		got, err := w.client(sts.Options{}).AssumeRoleWithSAML(w.t.Context(), &sts.AssumeRoleWithSAMLInput{
			RoleArn: role, PrincipalArn: aws.String(req.Role.SAMLProvider.String()), SAMLAssertion: aws.String(proof.Raw.Reveal()), DurationSeconds: seconds,
		})
		if err != nil {
			return session{}, err
		}
		out.source, out.subject = aws.ToString(got.SourceIdentity), aws.ToString(got.Subject)
		key, secret, token, expires = got.Credentials.AccessKeyId, got.Credentials.SecretAccessKey, got.Credentials.SessionToken, got.Credentials.Expiration
	} else {
		got, err := w.client(sts.Options{}).AssumeRoleWithWebIdentity(w.t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: role, RoleSessionName: aws.String(req.SessionName), WebIdentityToken: aws.String(proof.Raw.Reveal()), DurationSeconds: seconds,
		})
		if err != nil {
			return session{}, err
		}
		out.source, out.subject = aws.ToString(got.SourceIdentity), aws.ToString(got.SubjectFromWebIdentityToken)
		key, secret, token, expires = got.Credentials.AccessKeyId, got.Credentials.SecretAccessKey, got.Credentials.SessionToken, got.Credentials.Expiration
	}
	out.seconds = expires.Sub(began).Round(time.Minute)
	who, err := w.client(sts.Options{Credentials: credentials.NewStaticCredentialsProvider(*key, *secret, *token)}).GetCallerIdentity(w.t.Context(), nil)
	if err != nil {
		return session{}, err
	}
	out.arn = *who.Arn
	return out, nil
}

// TestSTSTakesWhatIsMinted: AWS as strict as it gets lets both kinds in, of both algorithms, for twelve hours, with tags and
// source identity.
func TestSTSTakesWhatIsMinted(t *testing.T) {
	for _, key := range []heldKey{esKey(), rsKey()} {
		issuer := publish(t, key)
		w := newStrictAWS(t, issuer, metadataOf(issuer, samlKey()))
		m := w.minter(key)
		var subjects []string
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			req := forRole(kind)
			got, err := w.assume(minted(t, m, req), req)
			if err != nil {
				t.Errorf("%s, %s: %v", key.Algorithm, kind, err)
				continue
			}
			want := session{"arn:aws:sts::" + shop + ":assumed-role/Dev/ada@example.com-abcdefghij", "ada@example.com", got.subject, 12 * time.Hour}
			if got != want {
				t.Errorf("%s, %s: got %+v, want %+v", key.Algorithm, kind, got, want)
			}
			subjects = append(subjects, strings.TrimPrefix(got.subject, "Dev/"))
		}
		if len(subjects) == 2 && subjects[0] != subjects[1] {
			t.Errorf("one person, two subjects: %q", subjects)
		}
	}
}

// TestSTSRefusesTheRest: what is minted for one role and person opens nothing else.
func TestSTSRefusesTheRest(t *testing.T) {
	issuer := publish(t, esKey())
	w := newStrictAWS(t, issuer, metadataOf(issuer, samlKey()))
	m := w.minter(esKey())
	admin := func(r *bridge.MintRequest) { r.Role.ARN.Name = "Admin" }
	for name, c := range map[string]struct {
		minted, asked bridge.MintRequest
		code          string
	}{
		"token for another role":    {forRole(bridge.ProofIDToken), forRole(bridge.ProofIDToken, admin), "InvalidIdentityToken"},
		"response for another role": {forRole(bridge.ProofSAML), forRole(bridge.ProofSAML, admin), "AccessDenied"},
		"another audience": {forRole(bridge.ProofIDToken, func(r *bridge.MintRequest) { r.Role.Audience = "fedbridge:444455556666" }),
			forRole(bridge.ProofIDToken), "InvalidIdentityToken"},
		"another tag": {forRole(bridge.ProofIDToken, func(r *bridge.MintRequest) { r.Tags = []bridge.Tag{{Key: "Team", Value: "other"}} }),
			forRole(bridge.ProofIDToken), "AccessDenied"},
		"another tag, SAML": {forRole(bridge.ProofSAML, func(r *bridge.MintRequest) { r.Tags = []bridge.Tag{{Key: "Team", Value: "other"}} }),
			forRole(bridge.ProofSAML), "AccessDenied"},
		"more goes on": {forRole(bridge.ProofIDToken, func(r *bridge.MintRequest) { r.Role.TransitiveTags = []string{"Team", "Cost Centre"} }),
			forRole(bridge.ProofIDToken), "AccessDenied"},
		"another person": {forRole(bridge.ProofSAML, func(r *bridge.MintRequest) { r.SourceIdentity = "bob@example.com" }),
			forRole(bridge.ProofSAML), "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.assume(minted(t, m, c.minted), c.asked)
			if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	t.Run("foreign key", func(t *testing.T) {
		foreign := holdKey(esKey().ID, "RS256", rsKey().private, nil)
		_, err := w.assume(minted(t, w.minter(foreign), forRole(bridge.ProofIDToken)), forRole(bridge.ProofIDToken))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InvalidIdentityToken" {
			t.Errorf("got %v", err)
		}
	})
}

// TestSTSTakesHostileNames: what people may be called, at the limits of STS: nothing of it reaches a place where it means
// something else.
func TestSTSTakesHostileNames(t *testing.T) {
	issuer := publish(t, esKey())
	w := newStrictAWS(t, issuer, metadataOf(issuer, samlKey()))
	m := w.minter(esKey())
	for _, subject := range []string{"a:b", "*", `"`, "]]>", "<!--", "a\x00b", "\u202e", "../..", "Admin/x", strings.Repeat("x", 64)} {
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			req := forRole(kind, func(r *bridge.MintRequest) {
				r.Identity.Subject, r.Identity.Name, r.Identity.Email = subject, subject, subject
				r.SessionName = bridge.SessionName(r.Identity, false)
			})
			got, err := w.assume(minted(t, m, req), req)
			if err != nil || got.arn != "arn:aws:sts::"+shop+":assumed-role/Dev/"+req.SessionName {
				t.Errorf("%s, %q: %v, %v", kind, subject, got, err)
			}
		}
	}
}

// TestSTSDecrypts: a provider that demands encryption gets it, decrypts it with its own key alone, and takes nothing in clear.
func TestSTSDecrypts(t *testing.T) {
	issuer := publish(t, esKey())
	provider := metadataOf(issuer, samlKey())
	provider.UUID, provider.Encryption, provider.PrivateKeys = "SAMLSP0123456789ABCDEFGH", "Required", []string{privatePEM(t, awsKey())}
	w := newStrictAWS(t, issuer, provider)
	req := forRole(bridge.ProofSAML, encrypted)
	if got, err := w.assume(minted(t, w.minter(esKey()), req), req); err != nil || got.source != "ada@example.com" {
		t.Errorf("%+v, %v", got, err)
	}
	foreign := newMinter(t, func(c *mint.Config) {
		c.Issuer, c.Encryption = issuer, map[string]*x509.Certificate{"file:aws.pem": rsKey().Certificate}
	})
	for name, proof := range map[string]bridge.Proof{
		"in clear": minted(t, w.minter(esKey()), forRole(bridge.ProofSAML)), "for another key": minted(t, foreign, req),
	} {
		_, err := w.assume(proof, req)
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InvalidIdentityToken" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSTSTakesWhatARingSigns: with the keys that a Ring made, and the documents that it published, also once the token key
// was replaced.
func TestSTSTakesWhatARingSigns(t *testing.T) {
	rings := newRingWorld(t)
	ring := rings.open()
	step(t, ring)
	w := newStrictAWS(t, rings.issuer, ststest.SAMLProvider{Metadata: ring.Documents().Metadata})
	m := newMinter(t, func(c *mint.Config) { c.Issuer, c.Keys = rings.issuer, ring })
	try := func() {
		t.Helper()
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			req := forRole(kind)
			if _, err := w.assume(minted(t, m, req), req); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	try()
	before := current(t, ring, mint.UseToken).ID
	if _, _, err := ring.Rotate(t.Context(), mint.UseToken); err != nil {
		t.Fatal(err)
	}
	step(t, ring)
	rings.clock.pass(2 * time.Hour) // the ring's clock alone
	step(t, ring)
	if current(t, ring, mint.UseToken).ID == before {
		t.Fatal("the key was not replaced")
	}
	try()
}

// TestFullTags: fifty tags of 256 characters, which STS takes in a token only as long as it has 20,000 characters: larger
// ones are refused here, in words. In SAML the largest fit, as long as they aren't encrypted.
func TestFullTags(t *testing.T) {
	m := newMinter(t)
	full := func(kind bridge.ProofKind, letter string) bridge.MintRequest {
		return forRole(kind, func(r *bridge.MintRequest) {
			r.Tags, r.Role.TransitiveTags = nil, nil
			for i := range 50 {
				r.Tags = append(r.Tags, bridge.Tag{Key: fmt.Sprintf("k%02d", i), Value: strings.Repeat(letter, 256)})
				r.Role.TransitiveTags = append(r.Role.TransitiveTags, r.Tags[i].Key)
			}
		})
	}
	if proof := minted(t, m, full(bridge.ProofIDToken, "a")); len(proof.Raw.Reveal()) > 20_000 {
		t.Errorf("a token of %d characters", len(proof.Raw.Reveal()))
	}
	for _, letter := range []string{"ß", "語", "\U00020000"} {
		err := refusedMint(t, m, full(bridge.ProofIDToken, letter), bridge.CodeSessionTooLarge)
		if _, _, detail := bridge.Explain(err); !strings.Contains(detail, "at most 20000") {
			t.Errorf("the detail %q doesn't name the limit", detail)
		}
	}
	widest := strings.Repeat("\U00020000", 256)
	proof := minted(t, m, full(bridge.ProofSAML, "\U00020000"))
	if got := attributesOf(parsed(t, proof).FindElement("./Assertion"))["https://aws.amazon.com/SAML/Attributes/PrincipalTag:k49"]; len(got) != 1 || got[0] != widest {
		t.Errorf("the last tag is %q", got)
	}
	req := full(bridge.ProofSAML, "\U00020000") // base64 in base64
	encrypted(&req)
	refusedMint(t, m, req, bridge.CodeSessionTooLarge)
}
