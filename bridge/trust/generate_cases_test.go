package trust_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// The world of the loop: one fedbridge, one IdP of each kind, and an account in each partition.
const (
	loopIssuer = "https://bridge.example.com/aws"
	loopEntity = loopIssuer + "/saml/metadata"
	loopACS    = "https://bridge.example.com/saml/corp/acs"
	idpEntity  = "https://sso.example.com/idp"
	idpIssuer  = "https://sso.example.org/realms/staff"
	googleURL  = "https://accounts.google.com"
	loopShop   = "111122223333"
	loopHome   = "999988887777"
	externalID = "6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"
)

// loopCase is one way to ask for a role, with everything that can come with it.
type loopCase struct {
	name    string
	need    trust.Need
	options trust.Options
}

// loopCases crosses ways, partitions and what is sent.
func loopCases() []loopCase {
	var out []loopCase
	for _, partition := range []string{"aws", "aws-us-gov", "aws-cn", "aws-eusc"} {
		for _, way := range ways(partition) {
			for _, extra := range extras(way.need) {
				c := loopCase{name: strings.Join(strings.Fields(partition+" "+way.name+" "+extra.name), "-"), need: way.need, options: extra.options}
				if extra.change != nil {
					extra.change(&c.need)
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// baseRole is a role that nothing is sent for.
func baseRole(partition string, via bridge.Via) bridge.Role {
	return bridge.Role{
		Key:     bridge.RoleKey{Account: loopShop, Name: "readonly"},
		Account: bridge.Account{ID: loopShop, Name: "shop-prod", Partition: partition},
		ARN:     bridge.RoleARN{Partition: partition, Account: loopShop, Path: "/team/", Name: "ReadOnly"},
		Via:     []bridge.Via{via}, MaxSession: time.Hour,
	}
}

func ways(partition string) []loopCase {
	of := func(via bridge.Via, change func(*trust.Need)) trust.Need {
		n := trust.Need{Role: baseRole(partition, via), Via: via}
		change(&n)
		return n
	}
	p, _ := bridge.PartitionByID(partition)
	provider := func(name string) bridge.SAMLProviderARN {
		return bridge.SAMLProviderARN{Partition: partition, Account: loopShop, Name: name}
	}
	out := []loopCase{
		{name: "issuer", need: of(bridge.ViaIssuer, func(n *trust.Need) {
			n.Issuer, n.Role.Audience = loopIssuer, "fedbridge:"+loopShop
		})},
		{name: "assume_role", need: of(bridge.ViaAssumeRole, func(n *trust.Need) {
			n.Caller = "arn:" + partition + ":iam::" + loopHome + ":role/svc/fedbridge"
		})},
		{name: "web_identity", need: of(bridge.ViaWebIdentity, func(n *trust.Need) {
			n.Issuer, n.ClientIDs = idpIssuer, []string{"fedbridge", "mobile"}
		})},
		{name: "web_identity google", need: of(bridge.ViaWebIdentity, func(n *trust.Need) {
			n.Issuer, n.ClientIDs = googleURL, []string{"1234.apps.googleusercontent.com"}
			n.Role.RelaySubjects = []string{"104000000000000000001", "104000000000000000002"}
		})},
	}
	if p.SAMLAudience == "" {
		return out // what AWS calls itself there isn't public, so that no response can be for it
	}
	return append(out,
		loopCase{name: "issuer saml", need: of(bridge.ViaIssuer, func(n *trust.Need) {
			n.Role.Mint, n.EntityID, n.Role.SAMLProvider = bridge.ProofSAML, loopEntity, provider("fedbridge")
			n.Recipient = []string{"https://" + p.SignInHost + "/saml"}
			n.Metadata, n.Certificates = bridgeMetadata(), [][]byte{bridgeKey().Certificate.Raw}
		})},
		loopCase{name: "saml", need: of(bridge.ViaSAML, func(n *trust.Need) {
			n.EntityID, n.Role.SAMLProvider, n.Recipient = idpEntity, provider("Corp"), []string{loopACS}
			n.Metadata, n.Certificates = idpMetadata(), [][]byte{idpKey().Certificate.Raw}
		})},
	)
}

type extra struct {
	name    string
	change  func(*trust.Need)
	options trust.Options
}

// extras are what can come with a way.
func extras(n trust.Need) []extra {
	out := []extra{
		{name: ""},
		{name: "12h", change: func(n *trust.Need) { n.Role.MaxSession = 12 * time.Hour }},
		{name: "15min", change: func(n *trust.Need) { n.Role.MaxSession = 15 * time.Minute }},
	}
	if n.Via == bridge.ViaSAML || n.Via == bridge.ViaWebIdentity {
		return out // what is relayed is combined with nothing
	}
	tags := func(n *trust.Need, keys ...string) {
		n.Role.HasTags, n.Role.TagKeys = true, keys
	}
	out = append(out,
		extra{name: "tags", change: func(n *trust.Need) { tags(n, "Cost Centre", "Team") }},
		extra{name: "transitive", change: func(n *trust.Need) {
			tags(n, "Cost Centre", "Team")
			n.Role.TransitiveTags = []string{"Team"}
		}},
		extra{name: "optional", change: func(n *trust.Need) {
			tags(n, "Cost Centre", "Team", "Site")
			n.Role.OptionalTags, n.Role.TransitiveTags = []string{"Site", "Team"}, []string{"Site"}
		}},
		extra{name: "all optional", change: func(n *trust.Need) {
			tags(n, "Team")
			n.Role.OptionalTags = []string{"Team"}
		}},
		extra{name: "source", change: func(n *trust.Need) { n.Role.HasSourceIdentity = true }},
		extra{name: "everything", change: func(n *trust.Need) {
			tags(n, "Cost Centre", "Team")
			n.Role.TransitiveTags, n.Role.HasSourceIdentity, n.Role.MaxSession = []string{"Cost Centre", "Team"}, true, 8*time.Hour
		}},
		extra{name: "many tags", change: func(n *trust.Need) {
			tags(n)
			for i := range 50 {
				n.Role.TagKeys = append(n.Role.TagKeys, fmt.Sprintf("A rather long key of a tag no. %02d", i))
			}
			n.Role.HasSourceIdentity = true
		}},
		extra{name: "some tags", change: func(n *trust.Need) {
			tags(n)
			for i := range 25 {
				n.Role.TagKeys = append(n.Role.TagKeys, fmt.Sprintf("A long key of a tag no. %02d", i))
			}
			n.Role.HasSourceIdentity = true
		}},
	)
	switch {
	case n.Via == bridge.ViaAssumeRole:
		with := func(e extra) extra {
			return extra{name: strings.TrimSpace("external id " + e.name), change: func(n *trust.Need) {
				if n.Role.ExternalID = externalID; e.change != nil {
					e.change(n)
				}
			}}
		}
		for _, e := range out[:len(out):len(out)] {
			out = append(out, with(e))
		}
	case n.Role.Mint == bridge.ProofSAML:
		out = append(out,
			extra{name: "encrypted", change: func(n *trust.Need) {
				n.Role.Encryption = bridge.SAMLEncryption{Certificate: "file:aws.pem", ProviderID: providerUUID}
			}},
			extra{name: "console", change: func(n *trust.Need) {
				n.Role.ConsolePost = true
				n.Recipient = append(n.Recipient[:1:1], "https://eu-west-1."+strings.TrimPrefix(n.Recipient[0], "https://"))
			}})
	default:
		for _, e := range out[:len(out):len(out)] {
			e.name, e.options.RoleAuthorizedByIDP = strings.TrimSpace("authorized "+e.name), true
			out = append(out, e)
		}
	}
	return out
}

const providerUUID = "SAMLSP0123456789ABCDEFGHIJ"
