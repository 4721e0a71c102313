package config_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
)

const manyWays = `
server: {url: "https://bridge.example.com", listen: "127.0.0.1:8080", trusted_proxies: ["127.0.0.1/32"]}
store: "sqlite:/var/lib/fedbridge/state.db"
audit: [stdout]
issuer: {url: "https://bridge.example.com/aws", keys: "file:/etc/fedbridge/keys"}
providers:
  - {name: corp, kind: saml, metadata: "https://sso.example.com/metadata", audiences: ["urn:amazon:webservices"]}
  - {name: staff, kind: oidc, issuer: "https://sso.example.org/realms/staff", client_id: fedbridge, client_secret: "env:SECRET", authorized_parties: [android]}
accounts:
  - {id: "111122223333", name: shop}
  - {id: "222233334444", name: china, partition: aws-cn}
roles:
  - {name: minted, accounts: [shop], arn: "arn:aws:iam::{account}:role/Minted"}
  - {name: posted, accounts: [china], arn: "arn:aws-cn:iam::{account}:role/Posted", mint: saml, console: saml_post, region: cn-northwest-1}
  - {name: relayed, accounts: [shop], arn: "arn:aws:iam::{account}:role/Relayed", via: [saml, assume_role], provider: corp, saml_provider: "arn:aws:iam::{account}:saml-provider/Corp"}
  - {name: token, accounts: [shop], arn: "arn:aws:iam::{account}:role/Relayed", via: web_identity, provider: staff}
rules:
  - {name: all, groups: [all], roles: [minted, posted, relayed, token]}
`

func TestNeeds(t *testing.T) {
	file, problems := config.Parse("f.yaml", []byte(manyWays))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules, _ := file.Policy()
	ours := []byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><IDPSSODescriptor>` +
		`<KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString([]byte("ours")) +
		"\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><KeyDescriptor use=\"encryption\"><ds:KeyInfo><ds:X509Data>" +
		`<ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`)
	needs, err := file.Needs(rules.Roles(), config.Known{
		Metadata: ours, Callers: map[string]string{"aws": "arn:aws:iam::999988887777:user/fedbridge"},
		Vouched: map[string]idp.Vouched{"corp": {EntityID: "https://sso.example.com/idp", Certificates: [][]byte{[]byte("theirs")}, Metadata: []byte("<theirs/>")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string, via bridge.Via) trust.Need {
		t.Helper()
		for _, n := range needs {
			if n.Role.Key.Name == name && n.Via == via {
				return n
			}
		}
		t.Fatalf("no need for %s via %s", name, via)
		return trust.Need{}
	}
	if len(needs) != 5 {
		t.Fatalf("%d needs", len(needs))
	}
	minted := find("minted", bridge.ViaIssuer)
	if minted.Issuer != "https://bridge.example.com/aws" || minted.EntityID != "" || minted.Recipient != nil || minted.Role.Audience != "fedbridge:111122223333" {
		t.Errorf("minted: %+v", minted)
	}
	posted := find("posted", bridge.ViaIssuer)
	if posted.EntityID != "https://bridge.example.com/aws/saml/metadata" || string(posted.Metadata) != string(ours) ||
		len(posted.Certificates) != 1 || string(posted.Certificates[0]) != "ours" ||
		!slices.Equal(posted.Recipient, []string{"https://signin.amazonaws.cn/saml", "https://cn-northwest-1.signin.amazonaws.cn/saml"}) {
		t.Errorf("posted: %+v", posted)
	}
	relayed := find("relayed", bridge.ViaSAML)
	if relayed.EntityID != "https://sso.example.com/idp" || string(relayed.Metadata) != "<theirs/>" || len(relayed.Certificates) != 1 ||
		!slices.Equal(relayed.Recipient, []string{"https://bridge.example.com/saml/corp/acs"}) || len(relayed.Besides) != 2 {
		t.Errorf("relayed: %+v", relayed)
	}
	if own := find("relayed", bridge.ViaAssumeRole); own.Caller != "arn:aws:iam::999988887777:user/fedbridge" {
		t.Errorf("assume_role: %+v", own)
	}
	token := find("token", bridge.ViaWebIdentity)
	if token.Issuer != "https://sso.example.org/realms/staff" || strings.Join(token.ClientIDs, " ") != "fedbridge android" {
		t.Errorf("web_identity: %+v", token)
	}

	// Nothing known is no fault: the doctor says what it couldn't look at.
	bare, err := file.Needs(rules.Roles(), config.Known{Metadata: []byte("no XML")})
	if err != nil || len(bare) != 5 {
		t.Errorf("%d needs, %v", len(bare), err)
	}
}
