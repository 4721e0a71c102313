package awssts_test

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
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// minted is the whole way from a decision to credentials: a Bridge whose minter is the real one, this package, and a
// strict AWS that knows fedbridge as its OIDC and SAML provider.
type minted struct {
	aws    *ststest.AWS
	bridge *bridge.Bridge
	minter *mint.Minter
	grant  bridge.Grant
	audit  *audited
	sts    string
}

// audited is an audit log in memory.
type audited struct{ events []bridge.AuditEvent }

func (a *audited) Record(_ context.Context, e bridge.AuditEvent) error {
	a.events = append(a.events, e)
	return nil
}

// one is a policy that gives everybody one role.
type one struct{ grant *bridge.Grant }

func (p one) Entitlements(bridge.Identity) []bridge.Entitlement {
	return []bridge.Entitlement{p.grant.Entitlement}
}
func (p one) Explain(bridge.Identity, bridge.RoleKey) bridge.Explanation {
	return bridge.Explanation{}
}
func (p one) Grant(bridge.Identity, bridge.RoleKey) (bridge.Grant, error) { return *p.grant, nil }
func (p one) Role(bridge.RoleKey) (bridge.Role, bool)                     { return p.grant.Role, true }
func (p one) Roles() []bridge.Role                                        { return []bridge.Role{p.grant.Role} }

// signing is one key for both uses.
type signing struct{ key mint.Key }

func (s signing) Current(mint.Use) (mint.Key, error) { return s.key, nil }

const entityID = "https://bridge.example.com/saml/metadata"

func newMinted(t *testing.T, encrypt bool) *minted {
	t.Helper()
	private, key := signingKey(t)
	issuer := httptest.NewServer(nil)
	t.Cleanup(issuer.Close)
	publish(issuer, key)
	w := &minted{aws: ststest.New(ststest.Options{InsecureLoopbackIssuers: true}), audit: &audited{}}
	w.fill(t, issuer.URL, key, private, encrypt)
	server := httptest.NewServer(w.aws.STS())
	t.Cleanup(server.Close)
	w.sts = server.URL
	config := mint.Config{
		Issuer: issuer.URL, EntityID: entityID, Keys: signing{key}, SubjectKey: make([]byte, 32),
		Encryption: map[string]*x509.Certificate{"file:aws.pem": key.Certificate},
	}
	var err error
	if w.minter, err = mint.New(config); err != nil {
		t.Fatal(err)
	}
	w.bridge, err = bridge.New(bridge.Options{
		Authorizer: one{&w.grant}, Roles: one{&w.grant}, Minter: w.minter, STS: client(t, awssts.Config{Endpoint: w.sts}),
		Console: nothing{}, Audit: w.audit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// nothing is a console that nobody opens here.
type nothing struct{ bridge.ConsoleLinker }

func signingKey(t *testing.T) (*rsa.PrivateKey, mint.Key) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fedbridge"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return private, mint.Key{
		ID: "k1", Algorithm: "RS256", Public: private.Public(), Certificate: certificate,
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return private.Sign(rand.Reader, digest, crypto.SHA256)
		},
	}
}

func publish(issuer *httptest.Server, key mint.Key) {
	public := key.Public.(*rsa.PublicKey)
	encode := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "kid": key.ID, "use": "sig", "alg": key.Algorithm, "n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": issuer.URL, "jwks_uri": issuer.URL + "/jwks", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{key.Algorithm},
		})
	})
	issuer.Config.Handler = mux
}

// fill registers fedbridge in the account, and the role that trusts it.
func (w *minted) fill(t *testing.T, issuer string, key mint.Key, private *rsa.PrivateKey, encrypt bool) {
	t.Helper()
	metadata := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `"><IDPSSODescriptor ` +
		`protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
		`<X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(key.Certificate.Raw) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/></IDPSSODescriptor></EntityDescriptor>`
	provider := ststest.SAMLProvider{ARN: "arn:aws:iam::" + account + ":saml-provider/fedbridge", Metadata: []byte(metadata)}
	if encrypt {
		pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
		provider.Encryption, provider.PrivateKeys = "Required", []string{string(pkcs1)}
	}
	host := strings.TrimPrefix(issuer, "http://")
	oidc := "arn:aws:iam::" + account + ":oidc-provider/" + host
	statement := `{"Effect":"Allow","Principal":{"Federated":%q},"Action":[%q,"sts:TagSession","sts:SetSourceIdentity"]}`
	err := w.aws.Load(ststest.State{
		Accounts:      []ststest.Account{{ID: account}},
		SAMLProviders: []ststest.SAMLProvider{provider},
		OIDCProviders: []ststest.OIDCProvider{{Account: account, Issuer: issuer, ClientIDs: []string{"fedbridge:" + account}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"2012-10-17","Statement":[` + fmt.Sprintf(statement, oidc, "sts:AssumeRoleWithWebIdentity") + "," +
		fmt.Sprintf(statement, provider.ARN, "sts:AssumeRoleWithSAML") + `]}`
	for _, arn := range []string{assumed, assumed + "Admin"} {
		if err := w.aws.AddRole(ststest.Role{ARN: arn, MaxSessionDuration: 12 * time.Hour, TrustPolicy: trust}); err != nil {
			t.Fatal(err)
		}
	}
	w.grant = bridge.Grant{Entitlement: bridge.Entitlement{MaxSession: 12 * time.Hour}, Role: role("Dev")}
	w.grant.Role.Via, w.grant.Role.Audience = []bridge.Via{bridge.ViaIssuer}, "fedbridge:"+account
	w.grant.Role.SAMLProvider.Name = "fedbridge"
	if encrypt {
		w.grant.Role.Encryption.Certificate = "file:aws.pem"
	}
	w.grant.Entitlement.Role = w.grant.Role.Key
}

func (w *minted) assume() (bridge.Credentials, error) {
	return w.bridge.Assume(context.Background(), bridge.AssumeRequest{
		Identity: bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "ada", Email: "ada@example.com"},
		Role:     w.grant.Role.Key, Duration: 12 * time.Hour,
	})
}

// TestMintedAtStrictSTS: twelve hours without AWS credentials, with tags, source identity and session policy.
func TestMintedAtStrictSTS(t *testing.T) {
	for name, c := range map[string]struct {
		kind    bridge.ProofKind
		encrypt bool
		action  string
	}{
		"token": {bridge.ProofIDToken, false, "AssumeRoleWithWebIdentity"}, "response": {bridge.ProofSAML, false, "AssumeRoleWithSAML"},
		"encrypted": {bridge.ProofSAML, true, "AssumeRoleWithSAML"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newMinted(t, c.encrypt)
			w.grant.Role.Mint, w.grant.SourceIdentity = c.kind, "ada@example.com"
			w.grant.Role.SessionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
			w.grant.Tags, w.grant.Role.TransitiveTags = []bridge.Tag{{Key: "Cost", Value: "4711"}, {Key: "Team", Value: "Größe"}}, []string{"Team"}
			got, err := w.assume()
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(got.Expires); left < 12*time.Hour-time.Minute || got.CapReason != bridge.CapNone || got.Utilization == 0 || len(got.DroppedTags) > 0 {
				t.Errorf("%s left, cap %q, %d %% of the token, without %v", left, got.CapReason, got.Utilization, got.DroppedTags)
			}
			form := w.aws.Captured()[0].Form
			if form.Get("Action") != c.action || form.Get("Policy") != w.grant.Role.SessionPolicy {
				t.Errorf("asked %s with policy %q", form.Get("Action"), form.Get("Policy"))
			}
			if e := w.audit.events[1]; e.MintedID == "" || e.AccessKeyID != got.AccessKeyID || e.SourceIdentity != "ada@example.com" || len(e.Tags) != 2 {
				t.Errorf("audited %+v", e)
			}
		})
	}
}

// TestDropAtStrictSTS: tags that make the session token too large go in their order until it fits, each time with a proof of
// its own; the meter says how full it is.
func TestDropAtStrictSTS(t *testing.T) {
	for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
		w := newMinted(t, false)
		w.grant.Role.Mint = kind
		for i := range 13 {
			tag := bridge.Tag{Key: fmt.Sprintf("k%02d", i), Value: strings.Repeat("v", 256)}
			w.grant.Tags = append(w.grant.Tags, tag)
			w.grant.Role.OptionalTags = append(w.grant.Role.OptionalTags, tag.Key)
		}
		slices.Reverse(w.grant.Role.OptionalTags)
		w.grant.Role.TransitiveTags = []string{"k00", "k12"}
		got, err := w.assume()
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"k12", "k11", "k10"}; !slices.Equal(got.DroppedTags, want) || got.Utilization < 80 || got.Utilization > 100 {
			t.Errorf("%s: left out %v, want %v; %d %% used", kind, got.DroppedTags, want, got.Utilization)
		}
		seen := map[string]bool{}
		for _, asked := range w.aws.Captured() {
			seen[asked.Form.Get("WebIdentityToken")+asked.Form.Get("SAMLAssertion")] = true
		}
		if len(seen) != 3 || len(w.aws.Captured()) != 3 {
			t.Errorf("%s: %d questions with %d proofs", kind, len(w.aws.Captured()), len(seen))
		}
		// Nothing optional is left: the refusal stands.
		w.grant.Role.OptionalTags = []string{"k12"}
		_, err = w.assume()
		wantCode(t, err, bridge.CodeSTSPacked)
	}
}

// TestMintedRefused: what the account's owner must mend reads so, with the command that tells what.
func TestMintedRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(w *minted)
		want bridge.Code
	}{
		"another audience":      {func(w *minted) { w.grant.Role.Audience = "fedbridge:999999999999" }, bridge.CodeSTSInvalidProof},
		"no such role":          {func(w *minted) { w.grant.Role.ARN.Name = "dev" }, bridge.CodeSTSRefused},
		"no such SAML provider": {func(w *minted) { w.grant.Role.Mint, w.grant.Role.SAMLProvider.Name = bridge.ProofSAML, "other" }, bridge.CodeSTSInvalidProof},
	} {
		w := newMinted(t, false)
		w.grant.Role.Account.Name = "shop-prod"
		c.edit(w)
		_, err := w.assume()
		wantCode(t, err, c.want)
		if _, _, detail := bridge.Explain(err); detail != "fedbridge trust check shop-prod/Dev" {
			t.Errorf("%s: %q", name, detail)
		}
	}
}

// TestAttackMintedForAnother: what was minted for one role or session is refused for every other, also where both roles
// trust fedbridge alike; and nothing of it is in the refusal.
func TestAttackMintedForAnother(t *testing.T) {
	for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
		w := newMinted(t, false)
		own := w.grant.Role
		own.Mint = kind
		proof, err := w.minter.Mint(context.Background(), bridge.MintRequest{
			Role: own, Identity: bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "ada"}, SessionName: person, Duration: time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		c := client(t, awssts.Config{Endpoint: w.sts})
		ask := func(edit func(*bridge.ExchangeRequest)) (bridge.Credentials, error) {
			q := bridge.ExchangeRequest{Role: own, Via: bridge.ViaIssuer, Proof: proof, SessionName: person, Duration: time.Hour}
			edit(&q)
			return c.Exchange(context.Background(), q)
		}
		if _, err := ask(func(*bridge.ExchangeRequest) {}); err != nil {
			t.Fatal(err)
		}
		for name, edit := range map[string]func(*bridge.ExchangeRequest){
			"another role":    func(q *bridge.ExchangeRequest) { q.Role.ARN.Name += "Admin" },
			"another account": func(q *bridge.ExchangeRequest) { q.Role.ARN.Account, q.Role.SAMLProvider.Account = home, home },
			"another session": func(q *bridge.ExchangeRequest) { q.SessionName = "eve@example.com" },
		} {
			got, err := ask(edit)
			if name == "another session" && kind == bridge.ProofIDToken {
				wantCode(t, err, "") // the name is no part of a token
				continue
			}
			if err == nil || got.AccessKeyID != "" {
				t.Errorf("%s: %s is taken", kind, name)
				continue
			}
			for _, part := range strings.Split(proof.Raw.Reveal(), ".") {
				if strings.Contains(err.Error(), part[:min(len(part), 40)]) {
					t.Errorf("%s: %s: the cause holds what was minted: %v", kind, name, err)
				}
			}
		}
	}
}
