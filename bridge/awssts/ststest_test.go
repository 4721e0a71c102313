package awssts_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const (
	home     = "999988887777"
	instance = "arn:aws:iam::" + home + ":role/Instance"
	assumed  = "arn:aws:iam::" + account + ":role/team/Dev"
)

// world is an AWS as strict as what is known of the real one: a role that demands an external ID, tags and a source
// identity, and one for tokens of an issuer.
type world struct {
	aws    *ststest.AWS
	sts    *httptest.Server
	key    ststest.Key
	issuer *httptest.Server
	signer jose.Signer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{aws: ststest.New(ststest.Options{InsecureLoopbackIssuers: true})}
	w.sts = httptest.NewServer(w.aws.STS())
	t.Cleanup(w.sts.Close)
	w.openIssuer(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.aws.AddAccount(ststest.Account{ID: home}))
	must(w.aws.AddAccount(ststest.Account{ID: account}))
	var err error
	everything := ststest.Permissions{AllowAssume: []string{"*"}}
	w.key, err = w.aws.AddUser(ststest.User{Account: home, Name: "fedbridge", Permissions: everything})
	must(err)
	provider, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account, Issuer: w.issuer.URL, ClientIDs: []string{"fedbridge"}})
	must(err)
	must(w.aws.AddRole(ststest.Role{ARN: instance, Permissions: everything, TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}))
	must(w.aws.AddRole(ststest.Role{ARN: assumed, MaxSessionDuration: 8 * time.Hour, TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"abc/1"}}},
		{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]}`}))
	must(w.aws.AddRole(ststest.Role{ARN: "arn:aws:iam::" + account + ":role/Web", TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`}))
	return w
}

func (w *world) openIssuer(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "k1", Use: "sig", Algorithm: "ES256"}
	if w.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jwk}, nil); err != nil {
		t.Fatal(err)
	}
	w.issuer = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jwks" {
			_ = json.NewEncoder(rw).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
			return
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + "/jwks", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	}))
	t.Cleanup(w.issuer.Close)
}

// token mints an ID token of ada's for an audience.
func (w *world) token(t *testing.T, audience string, issued time.Time) bridge.Proof {
	t.Helper()
	raw, err := jwt.Signed(w.signer).Claims(jwt.Claims{
		Issuer: w.issuer.URL, Subject: "ada-lovelace", Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(issued), Expiry: jwt.NewNumericDate(issued.Add(10 * time.Minute)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(raw)}
}

func (w *world) client(t *testing.T) *awssts.Client {
	t.Helper()
	return client(t, awssts.Config{Endpoint: w.sts.URL, Credentials: &awssts.Credentials{
		AccessKeyID: w.key.AccessKeyID, SecretAccessKey: bridge.NewSecret(w.key.SecretAccessKey),
	}})
}

// temporary is a client with the credentials of an instance.
func (w *world) temporary(t *testing.T, length time.Duration) *awssts.Client {
	t.Helper()
	c, err := w.aws.Instance(instance, "i-0123456789abcdef0", length)
	if err != nil {
		t.Fatal(err)
	}
	return client(t, awssts.Config{Endpoint: w.sts.URL, Credentials: &awssts.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: bridge.NewSecret(c.SecretAccessKey), SessionToken: bridge.NewSecret(c.SessionToken),
	}})
}

func assume(edit ...func(*bridge.ExchangeRequest)) bridge.ExchangeRequest {
	full := func(q *bridge.ExchangeRequest) {
		q.Role.ExternalID, q.SourceIdentity = "abc/1", "ada"
		q.Role.SessionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
		q.Tags, q.Role.TransitiveTags = []bridge.Tag{{Key: "Team", Value: "A & B"}, {Key: "Empty"}}, []string{"Team"}
		q.Tags[0].Value = "A+B = C/D"
	}
	return question(bridge.ViaAssumeRole, append([]func(*bridge.ExchangeRequest){full}, edit...)...)
}

func web(proof bridge.Proof) bridge.ExchangeRequest {
	return question(bridge.ViaWebIdentity, func(q *bridge.ExchangeRequest) {
		q.Role.ARN.Path, q.Role.ARN.Name, q.Proof = "/", "Web", proof
	})
}

// TestStrictSTS: the real protocol, against an STS that verifies signatures, tokens and trust policies.
func TestStrictSTS(t *testing.T) {
	w := newWorld(t)
	signed := exchange(t, w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Duration = 8 * time.Hour }))
	if left := time.Until(signed.Expires); left < 7*time.Hour || signed.Chained || signed.CapReason != bridge.CapNone {
		t.Errorf("signed: %s left, chained %v, cap %q", left, signed.Chained, signed.CapReason)
	}
	chained := exchange(t, w.temporary(t, 6*time.Hour), assume(func(q *bridge.ExchangeRequest) { q.Duration = 8 * time.Hour }))
	if left := time.Until(chained.Expires); left > time.Hour || !chained.Chained || chained.CapReason != bridge.CapChained {
		t.Errorf("chained: %s left, chained %v, cap %q", left, chained.Chained, chained.CapReason)
	}
	unsigned := exchange(t, client(t, awssts.Config{Endpoint: w.sts.URL}), web(w.token(t, "fedbridge", time.Now())))
	if unsigned.AssumedRoleARN != "arn:aws:sts::"+account+":assumed-role/Web/"+person {
		t.Errorf("web identity: %s", unsigned.AssumedRoleARN)
	}
	found := w.client(t).Check(context.Background(), []bridge.Role{{ARN: signed.Role.ARN, Via: []bridge.Via{bridge.ViaAssumeRole}}})
	if len(found) != 1 || found[0].Err != nil || found[0].Caller != "arn:aws:iam::"+home+":user/fedbridge" {
		t.Errorf("check: %+v", found)
	}
}

func TestStrictSTSRefuses(t *testing.T) {
	w := newWorld(t)
	old := time.Now().Add(-time.Hour)
	wrongKey := client(t, awssts.Config{Endpoint: w.sts.URL, Credentials: &awssts.Credentials{
		AccessKeyID: w.key.AccessKeyID, SecretAccessKey: bridge.NewSecret("wrong"),
	}})
	cases := map[string]struct {
		client *awssts.Client
		q      bridge.ExchangeRequest
		want   bridge.Code
	}{
		"wrong external id":    {w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Role.ExternalID = "abc/2" }), bridge.CodeSTSRefused},
		"no external id":       {w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Role.ExternalID = "" }), bridge.CodeSTSRefused},
		"no such role":         {w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Role.ARN.Name = "dev" }), bridge.CodeSTSRefused},
		"longer than the role": {w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Duration = 9 * time.Hour }), bridge.CodeSTSDuration},
		"broken policy":        {w.client(t), assume(func(q *bridge.ExchangeRequest) { q.Role.SessionPolicy = "{" }), bridge.CodeSTSPolicy},
		"wrong secret":         {wrongKey, assume(), bridge.CodeSTSCredentials},
		"unknown key":          {client(t, awssts.Config{Endpoint: w.sts.URL, Credentials: keys()}), assume(), bridge.CodeSTSCredentials},
		"expired credentials":  {w.temporary(t, -time.Minute), assume(), bridge.CodeSTSCredentials},
		"another audience":     {w.client(t), web(w.token(t, "another", time.Now())), bridge.CodeSTSInvalidProof},
		"expired token":        {w.client(t), web(w.token(t, "fedbridge", old)), bridge.CodeSTSExpired},
		"no token at all":      {w.client(t), question(bridge.ViaWebIdentity), bridge.CodeSTSInvalidProof},
		"no SAML provider":     {w.client(t), question(bridge.ViaSAML), bridge.CodeSTSInvalidProof},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.client.Exchange(context.Background(), c.q)
			if code := bridge.CodeOf(err); code != c.want {
				t.Errorf("code is %q, want %q (%v)", code, c.want, err)
			}
			if got.AccessKeyID != "" {
				t.Error("credentials came with the refusal")
			}
		})
	}
}

func TestStrictSTSMisbehaves(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ask := func() error {
		_, err := c.Exchange(context.Background(), assume())
		return err
	}
	w.aws.Throttled(1)
	wantCode(t, ask(), "")
	w.aws.Throttled(2)
	wantCode(t, ask(), bridge.CodeSTSThrottled)
	w.aws.Failing(http.StatusServiceUnavailable, 1)
	wantCode(t, ask(), "")
	w.aws.Failing(http.StatusServiceUnavailable, 2)
	wantCode(t, ask(), bridge.CodeSTSDown)
	w.aws.Cut(1)
	wantCode(t, ask(), "")
	w.aws.Cut(2)
	wantCode(t, ask(), bridge.CodeSTSDown)
	w.aws.WrongAccount(1)
	wantCode(t, ask(), bridge.CodeSTSWrongRole)
	w.aws.Refusing("RegionDisabledException", "STS is not activated in this region", http.StatusForbidden, 1)
	wantCode(t, ask(), bridge.CodeSTSRegion)
	wantCode(t, ask(), "")
}
