package trust_test

import (
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// organisation is a plan for thirteen accounts: one role is the same in all, one is in some, one differs, and one account
// has things of its own.
func organisation(t *testing.T) *trust.Plan {
	t.Helper()
	var needs []trust.Need
	for i, id := range []string{
		"111122223333", "222233334444", "333344445555", "444455556666", "555566667777", "666677778888", "100000000001",
		"100000000002", "100000000003", "100000000004", "100000000005", "100000000006", "100000000007",
	} {
		role := func(name, arn string, via bridge.Via) bridge.Role {
			return bridge.Role{
				Key: bridge.RoleKey{Account: id, Name: name}, Account: bridge.Account{ID: id, Name: "account-" + id[:4], Partition: "aws"},
				ARN: bridge.RoleARN{Partition: "aws", Account: id, Path: "/", Name: arn}, MaxSession: 8 * time.Hour, Audience: "fedbridge:" + id,
				SAMLProvider: bridge.SAMLProviderARN{Partition: "aws", Account: id, Name: "fedbridge"}, Via: []bridge.Via{via},
			}
		}
		readonly := role("readonly", "ReadOnly", bridge.ViaIssuer)
		readonly.TagKeys = []string{"Team"}
		needs = append(needs, trust.Need{Role: readonly, Via: bridge.ViaIssuer, Issuer: loopIssuer})
		if i < 12 {
			vendor := role("vendor", "Vendor", bridge.ViaAssumeRole)
			vendor.ExternalID = "customer-" + id
			needs = append(needs, trust.Need{Role: vendor, Via: bridge.ViaAssumeRole, Caller: "arn:aws:iam::" + loopHome + ":role/svc/fedbridge"})
		}
		if i%2 == 0 {
			admin := role("admin", "Admin", bridge.ViaIssuer)
			admin.ARN.Path, admin.MaxSession, admin.Mint = "/team/", time.Hour, bridge.ProofSAML
			needs = append(needs, trust.Need{
				Role: admin, Via: bridge.ViaIssuer, EntityID: loopEntity, Recipient: []string{"https://signin.aws.amazon.com/saml"}, Metadata: metadataOfNobody(),
			})
		}
		if i == 3 { // the account that fedbridge runs in
			own := role("read-only", "read-only", bridge.ViaAssumeRole)
			needs = append(needs, trust.Need{Role: own, Via: bridge.ViaAssumeRole, Caller: "arn:aws:iam::" + id + ":role/svc/fedbridge"})
		}
	}
	plan, err := trust.Generate(needs, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// everything is a plan for one account and role that is asked for in every way, by providers whose metadata isn't at hand.
func everything(t *testing.T) *trust.Plan {
	t.Helper()
	var needs []trust.Need
	for _, w := range ways("aws") {
		w.need.Metadata = nil
		if w.need.Via == bridge.ViaIssuer || w.need.Via == bridge.ViaAssumeRole {
			w.need.Role.TagKeys, w.need.Role.TransitiveTags, w.need.Role.HasSourceIdentity = []string{"Team", "Cost Centre"}, []string{"Team"}, true
		}
		w.need.Role.Key.Name = "readonly-" + w.name
		w.need.Role.ARN.Name = []string{"ReadOnly", "read-only", "Read.Only", "R"}[len(needs)%4]
		needs = append(needs, w.need)
	}
	needs[4].Role.Encryption = bridge.SAMLEncryption{Certificate: "file:aws.pem", ProviderID: providerUUID}
	plan, err := trust.Generate(needs, trust.Options{RoleAuthorizedByIDP: true, Command: "fedbridge trust terraform --require-role-claim"})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// metadataOfNobody is the same in every run, for golden files.
func metadataOfNobody() []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + loopEntity + `">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", ${braces}, %{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
`)
}
