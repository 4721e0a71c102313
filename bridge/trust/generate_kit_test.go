package trust_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// signer is a key with which a fedbridge or an IdP signs.
type signer struct {
	mint.Key
	private *rsa.PrivateKey
}

// Keys are made once: RSA keys are slow to find.
var (
	bridgeKey = sync.OnceValue(func() signer { return newSigner("bridge") })
	idpKey    = sync.OnceValue(func() signer { return newSigner("idp") })
	otherKey  = sync.OnceValue(func() signer { return newSigner("other") })
	awsKey    = sync.OnceValue(func() signer { return newSigner("aws") }) // IAM decrypts with it
)

func newSigner(id string) signer {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	sign := func(_ context.Context, digest []byte) ([]byte, error) {
		return private.Sign(rand.Reader, digest, crypto.SHA256)
	}
	return signer{mint.Key{ID: id, Algorithm: "RS256", Public: private.Public(), Certificate: certificate, Sign: sign}, private}
}

// Current makes one key serve for tokens and SAML.
func (s signer) Current(mint.Use) (mint.Key, error) { return s.Key, nil }

func bridgeMetadata() []byte { return metadataFor(loopEntity, bridgeKey()) }
func idpMetadata() []byte    { return metadataFor(idpEntity, idpKey()) }

func metadataFor(entity string, keys ...signer) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=%q>\n"+
		"  <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n", entity)
	for _, key := range keys {
		b.WriteString("    <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>" +
			base64.StdEncoding.EncodeToString(key.Certificate.Raw) + "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\n")
	}
	b.WriteString("    <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://bridge.example.com/\"/>\n" +
		"  </IDPSSODescriptor>\n</EntityDescriptor>\n")
	return []byte(b.String())
}

// published answers for the issuers of the loop as the internet would, so that they have the URLs that AWS demands.
type published struct{}

func (published) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	url := r.URL.String()
	for issuer, key := range map[string]signer{loopIssuer: bridgeKey(), idpIssuer: idpKey(), googleURL: idpKey()} {
		switch url {
		case issuer + "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]any{
				"issuer": issuer, "jwks_uri": issuer + "/jwks", "response_types_supported": []string{"id_token"},
				"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
			})
		case issuer + "/jwks":
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public, KeyID: key.ID, Use: "sig", Algorithm: "RS256"}}})
		}
	}
	if w.Body.Len() == 0 {
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

// stage is an AWS with what one Need calls for, and everybody who might ask for the role.
type stage struct {
	t    *testing.T
	need trust.Need
	aws  *ststest.AWS
	sts  *httptest.Server
}

// newStage registers a role with this policy, and the providers as the plan has them.
func newStage(t *testing.T, n trust.Need, account trust.AccountPlan, policy string) *stage {
	t.Helper()
	partition := n.Role.ARN.Partition
	p, _ := bridge.PartitionByID(partition)
	w := &stage{t: t, need: n, aws: ststest.New(ststest.Options{Region: p.DefaultRegion, HTTPClient: &http.Client{Transport: published{}}})}
	w.sts = httptest.NewServer(w.aws.STS())
	t.Cleanup(w.sts.Close)
	w.must(w.aws.AddAccount(ststest.Account{ID: loopShop, Partition: partition}))
	w.must(w.aws.AddAccount(ststest.Account{ID: loopHome, Partition: partition}))
	for _, p := range account.OIDC {
		_, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: loopShop, Issuer: p.URL, ClientIDs: append(slices.Clone(p.ClientIDs), strangeClient)})
		w.must(err)
	}
	for _, p := range account.SAML {
		v := ststest.SAMLProvider{ARN: p.ARN, Metadata: p.Metadata}
		if p.Encrypted {
			v.UUID, v.Encryption = providerUUID, "Required"
			v.PrivateKeys = []string{string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(awsKey().private)}))}
		}
		w.must(w.aws.AddSAMLProvider(v))
	}
	w.role(n.Role.ARN, policy, account.Roles[0].MaxSession)
	everything := ststest.Permissions{AllowAssume: []string{"*"}}
	for _, name := range []string{"svc/fedbridge", "svc/stranger"} {
		w.must(w.aws.AddRole(ststest.Role{
			ARN: "arn:" + partition + ":iam::" + loopHome + ":role/" + name, Permissions: everything,
			TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
		}))
	}
	return w
}

func (w *stage) role(arn bridge.RoleARN, policy string, longest time.Duration) {
	w.t.Helper()
	w.must(w.aws.AddRole(ststest.Role{ARN: arn.String(), TrustPolicy: policy, MaxSessionDuration: longest}))
}

func (w *stage) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// asking is what somebody asks of STS, by default what fedbridge asks.
type asking struct {
	role      bridge.Role // as the one who asks has it configured
	issuer    signer
	audience  string
	subject   string
	bare      bool // an ID token that says nothing of AWS's, signed as fedbridge's own
	recipient string
	caller    string // role name under /svc/
	tags      []bridge.Tag
	source    string
	duration  time.Duration
}

// usual is what fedbridge asks with: with all tags.
func (w *stage) usual() asking {
	n := w.need
	a := asking{role: n.Role, issuer: bridgeKey(), caller: "svc/fedbridge", duration: min(n.Role.MaxSession, 12*time.Hour)}
	if n.Via == bridge.ViaSAML || n.Via == bridge.ViaWebIdentity {
		a.issuer = idpKey()
	}
	if n.Via == bridge.ViaAssumeRole {
		a.duration = min(a.duration, time.Hour)
	}
	if len(n.ClientIDs) > 0 {
		a.audience = n.ClientIDs[0]
	}
	if a.subject = "somebody-else"; len(n.Role.RelaySubjects) > 0 {
		a.subject = n.Role.RelaySubjects[0]
	}
	if len(n.Recipient) > 0 {
		a.recipient = n.Recipient[0]
	}
	for _, key := range n.Role.TagKeys {
		a.tags = append(a.tags, bridge.Tag{Key: key, Value: "v"})
	}
	if n.Role.HasSourceIdentity {
		a.source = "ada@example.com"
	}
	return a
}

// try asks STS with fedbridge's own client.
func (w *stage) try(a asking) error {
	w.t.Helper()
	id := bridge.Identity{Provider: "corp", Issuer: idpIssuer, Subject: "u-4711", Email: "ada@example.com"}
	request := bridge.ExchangeRequest{
		Role: a.role, Via: w.need.Via, SessionName: bridge.SessionName(id, false), Duration: a.duration, Tags: a.tags, SourceIdentity: a.source,
	}
	request.Proof = w.proof(a, request, id)
	// What is asked for is the role of the stage, whatever the proof was made for.
	request.Role.ARN = w.need.Role.ARN
	_, err := w.client(a).Exchange(w.t.Context(), request)
	return err
}

func (w *stage) proof(a asking, q bridge.ExchangeRequest, id bridge.Identity) bridge.Proof {
	w.t.Helper()
	switch w.need.Via {
	case bridge.ViaIssuer:
		if a.bare {
			return bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(w.idToken(a))}
		}
		return w.minted(loopIssuer, loopEntity, a, q, id)
	case bridge.ViaSAML:
		q.Role.Mint = bridge.ProofSAML
		return w.minted(idpIssuer, idpEntity, a, q, id)
	case bridge.ViaWebIdentity:
		return bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(w.idToken(a))}
	}
	return bridge.Proof{}
}

// minted is what bridge/mint makes, for ourselves or in the IdP's place.
func (w *stage) minted(issuer, entity string, a asking, q bridge.ExchangeRequest, id bridge.Identity) bridge.Proof {
	w.t.Helper()
	m, err := mint.New(mint.Config{
		Issuer: issuer, EntityID: entity, Keys: a.issuer, SubjectKey: []byte("a key of thirty-two bytes, and more"),
		Encryption: map[string]*x509.Certificate{"file:aws.pem": awsKey().Certificate},
	})
	w.must(err)
	proof, err := m.Mint(w.t.Context(), bridge.MintRequest{
		Role: q.Role, Identity: id, SessionName: q.SessionName, Duration: q.Duration, Tags: q.Tags, SourceIdentity: q.SourceIdentity,
		Recipient: a.recipient,
	})
	w.must(err)
	return proof
}

func (w *stage) idToken(a asking) string {
	w.t.Helper()
	key := jose.JSONWebKey{Key: a.issuer.private, KeyID: a.issuer.ID}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	w.must(err)
	now := time.Now()
	raw, err := jwt.Signed(s).Claims(jwt.Claims{
		Issuer: w.need.Issuer, Subject: a.subject, Audience: jwt.Audience{a.audience},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}).Serialize()
	w.must(err)
	return raw
}

func (w *stage) client(a asking) *awssts.Client {
	w.t.Helper()
	c := awssts.Config{Endpoint: w.sts.URL}
	if w.need.Via == bridge.ViaAssumeRole {
		got, err := w.aws.Instance("arn:"+w.need.Role.ARN.Partition+":iam::"+loopHome+":role/"+a.caller, "i-0123456789abcdef0", time.Hour)
		w.must(err)
		c.Credentials = &awssts.Credentials{
			AccessKeyID: got.AccessKeyID, SecretAccessKey: bridge.NewSecret(got.SecretAccessKey), SessionToken: bridge.NewSecret(got.SessionToken),
		}
	}
	client, err := awssts.New(c)
	w.must(err)
	return client
}
