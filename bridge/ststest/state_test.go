package ststest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

func TestStateRefuses(t *testing.T) {
	w := newWorld(t)
	strict := ststest.New(ststest.Options{})
	if err := strict.AddAccount(ststest.Account{ID: target}); err != nil {
		t.Fatal(err)
	}
	metadata := string(w.idp.metadata())
	saml := func(old, new string) error {
		return w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: []byte(strings.Replace(metadata, old, new, 1))})
	}
	oidc := func(a *ststest.AWS, issuer string, clients ...string) error {
		_, err := a.AddOIDCProvider(ststest.OIDCProvider{Account: target, Issuer: issuer, ClientIDs: clients})
		return err
	}
	user := func(u ststest.User) error { _, err := w.aws.AddUser(u); return err }
	const policy = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}}`
	for name, err := range map[string]error{
		"account":            w.aws.AddAccount(ststest.Account{ID: "1234"}),
		"partition":          w.aws.AddAccount(ststest.Account{ID: home, Partition: "azure"}),
		"user's account":     user(ststest.User{Account: "000000000000", Name: "a"}),
		"user's name":        user(ststest.User{Account: home, Name: "a b"}),
		"user's path":        user(ststest.User{Account: home, Name: "a", Path: "x"}),
		"user's key":         user(ststest.User{Account: home, Name: "a", AccessKeyID: "ASIANOBODYSKEY234567", SecretAccessKey: "x"}),
		"user's secret":      user(ststest.User{Account: home, Name: "a", AccessKeyID: "AKIANOBODYSKEY234567"}),
		"SAML ARN":           w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: samlRole, Metadata: w.idp.metadata()}),
		"SAML account":       w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: "arn:aws:iam::000000000000:saml-provider/Corp", Metadata: w.idp.metadata()}),
		"short metadata":     w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: []byte("<x/>")}),
		"metadata's mark":    saml("<EntityDescriptor", "\ufeff<EntityDescriptor"),
		"metadata no XML":    saml("</EntityDescriptor>", ""),
		"metadata namespace": saml("urn:oasis:names:tc:SAML:2.0:metadata", "urn:other"),
		"no entityID":        saml(`entityID="`+entity+`"`, ""),
		"no IdP":             saml("IDPSSODescriptor", "SPSSODescriptor"),
		"no sign-on service": saml("SingleSignOnService", "SingleLogoutService"),
		"no signing key":     saml(`use="signing"`, `use="encryption"`),
		"broken certificate": saml("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
		"issuer http":        oidc(strict, "http://127.0.0.1:8080"),
		"issuer port":        oidc(strict, "https://idp.example.com:8443"),
		"issuer query":       oidc(strict, "https://idp.example.com?x=y"),
		"issuer user":        oidc(strict, "https://a@idp.example.com"),
		"issuer text":        oidc(strict, "idp.example.com"),
		"issuer http abroad": oidc(w.aws, "http://idp.example.com"),
		"issuer port abroad": oidc(w.aws, "https://192.0.2.1:8443"),
		"built-in issuer":    oidc(w.aws, "https://cognito-identity.amazonaws.com"),
		"101 client ids":     oidc(w.aws, "https://idp.example.com", strings.Split(strings.Repeat("x,", 100)+"x", ",")...),
		"empty client id":    oidc(w.aws, "https://idp.example.com", ""),
		"role's ARN":         w.aws.AddRole(ststest.Role{ARN: "Dev", TrustPolicy: policy}),
		"role's account":     w.aws.AddRole(ststest.Role{ARN: "arn:aws:iam::000000000000:role/Dev", TrustPolicy: policy}),
		"role's partition":   w.aws.AddRole(ststest.Role{ARN: "arn:aws-cn:iam::" + target + ":role/Other", TrustPolicy: policy}),
		"role's policy":      w.aws.AddRole(ststest.Role{ARN: samlRole, TrustPolicy: `{}`}),
		"role too short":     w.aws.AddRole(ststest.Role{ARN: samlRole, TrustPolicy: policy, MaxSessionDuration: time.Minute}),
		"role too long":      w.aws.AddRole(ststest.Role{ARN: samlRole, TrustPolicy: policy, MaxSessionDuration: 13 * time.Hour}),
		"role's name taken":  w.aws.AddRole(ststest.Role{ARN: "arn:aws:iam::" + target + ":role/other/DEV", TrustPolicy: policy}),
		"everything":         w.aws.Load(ststest.State{Roles: []ststest.Role{{}}, Users: []ststest.User{{}}}),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, err := range map[string]error{
		"https issuer with path": oidc(strict, "https://idp.example.com/realms/staff", "a"),
		"role again":             w.aws.AddRole(ststest.Role{ARN: samlRole, TrustPolicy: policy}),
		"key of one's own":       user(ststest.User{Account: home, Name: "a", AccessKeyID: "AKIANOBODYSKEY234567", SecretAccessKey: "x"}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProviderExpires: a provider whose metadata has run out is as good as none.
func TestProviderExpires(t *testing.T) {
	w := newWorld(t)
	metadata := strings.Replace(string(w.idp.metadata()), "entityID=", `validUntil="`+w.now().Add(time.Hour).UTC().Format(time.RFC3339)+`" entityID=`, 1)
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: corpARN, Metadata: []byte(metadata)}); err != nil {
		t.Fatal(err)
	}
	if a := w.post(w.samlForm(w.response(samlSpec{}))); a.status != 200 {
		t.Fatal(a.message)
	}
	w.pass(time.Hour)
	w.refused(t, w.post(w.samlForm(w.response(samlSpec{}))), refusal{400, "InvalidIdentityToken", "Specified provider doesn't exist."})
}
