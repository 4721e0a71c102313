package trust_test

import (
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// asPlanned is what an account holds once the owner has done what the generator printed.
func asPlanned(account trust.AccountPlan) trust.Found {
	r := account.Roles[0]
	f := trust.Found{Role: trust.FoundRole{Reading: trust.Read, TrustPolicy: []byte(r.Policy), MaxSession: r.MaxSession}}
	for _, p := range account.OIDC {
		f.OIDC = trust.FoundOIDC{Reading: trust.Read, URL: p.URL[len("https://"):], ClientIDs: p.ClientIDs}
	}
	for _, p := range account.SAML {
		f.SAML = trust.FoundSAML{Reading: trust.Read, Metadata: p.Metadata, ValidUntil: time.Now().AddDate(100, 0, 0)}
		if p.Encrypted {
			f.SAML.EncryptionMode, f.SAML.UUID, f.SAML.PrivateKeys = "Required", providerUUID, 1
		}
	}
	return f
}

// TestDoctorPassesTheGenerator: what the generator prints, the doctor has nothing to say about.
func TestDoctorPassesTheGenerator(t *testing.T) {
	for _, c := range loopCases() {
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Accounts) != 1 || len(plan.Accounts[0].Roles) != 1 {
				t.Fatalf("%d accounts", len(plan.Accounts))
			}
			role := plan.Accounts[0].Roles[0]
			if role.Characters > trust.DefaultCharacters {
				t.Errorf("%d characters", role.Characters)
			}
			found := asPlanned(plan.Accounts[0])
			for _, f := range trust.Diagnose(c.need, found, time.Now()) {
				t.Errorf("%s: %s\n%s\n%s", f.Code, f.Summary, f.Detail, f.Fix)
			}
			if v := trust.Judge(c.need, found, time.Now()); v.Answer != trust.Allow {
				t.Errorf("verdict %+v", v)
			}
			if t.Failed() {
				t.Log(role.Policy)
			}
		})
	}
}
