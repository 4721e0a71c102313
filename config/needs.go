package config

import (
	"encoding/base64"
	"encoding/xml"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// Known is what the configuration alone doesn't tell of the ways into AWS. All of it may be missing.
type Known struct {
	Metadata []byte                 // our own SAML metadata, as it is published
	Vouched  map[string]idp.Vouched // SAML providers, by name
	Callers  map[string]string      // ARN of fedbridge's own credentials, by partition
}

// Needs lists what roles ask of their accounts: one for each way of each role, in the order of the roles.
func (f *File) Needs(roles []bridge.Role, known Known) ([]trust.Need, error) {
	linker, err := awsconsole.New(f.AWS.console(f.Server.URL))
	if err != nil {
		return nil, err
	}
	var needs []trust.Need
	for _, role := range roles {
		for _, n := range trust.NeedsOf(role) {
			f.fill(&n, known, linker)
			needs = append(needs, n)
		}
	}
	return trust.Together(needs), nil
}

func (f *File) fill(n *trust.Need, known Known, linker *awsconsole.Linker) {
	switch n.Via {
	case bridge.ViaIssuer:
		n.Issuer = f.Issuer.URL
		if n.Role.Mint == bridge.ProofSAML {
			n.EntityID, n.Metadata, n.Certificates = f.Issuer.EntityID(), known.Metadata, signingCertificates(known.Metadata)
			n.Recipient = recipients(n.Role, linker)
		}
	case bridge.ViaAssumeRole:
		n.Caller = known.Callers[n.Role.ARN.Partition]
	case bridge.ViaSAML:
		vouched := known.Vouched[n.Role.RelayProvider]
		n.EntityID, n.Metadata, n.Certificates = vouched.EntityID, vouched.Metadata, vouched.Certificates
		n.Recipient = []string{f.Server.URL + "/saml/" + n.Role.RelayProvider + "/acs"}
	case bridge.ViaWebIdentity:
		for _, p := range f.Providers {
			if c, ok := p.Opener.(*oidc.Config); ok && c.Name == n.Role.RelayProvider {
				n.Issuer = c.Issuer
				// Where a token names the authorised party, AWS takes that for its audience (azp before aud).
				n.ClientIDs = append([]string{c.ClientID}, c.AuthorizedParties...)
			}
		}
	}
}

// recipients are where a minted response may be for, which AWS calls its audience: the partition's sign-in URL, to which
// the API is asked, and the one to which browsers post it.
func recipients(role bridge.Role, linker *awsconsole.Linker) []string {
	partition, _ := bridge.PartitionByID(role.ARN.Partition)
	all := []string{"https://" + partition.SignInHost + "/saml"}
	if role.ConsolePost {
		if url, _, err := linker.SignIn(role, bridge.Destination{}); err == nil && url != all[0] {
			all = append(all, url)
		}
	}
	return all
}

// signingCertificates reads our own metadata: what stands there is what may sign.
func signingCertificates(metadata []byte) [][]byte {
	var d struct {
		Keys []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor>KeyDescriptor"`
	}
	if xml.Unmarshal(metadata, &d) != nil {
		return nil
	}
	var all [][]byte
	for _, key := range d.Keys {
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err == nil && (key.Use == "" || key.Use == "signing") {
				all = append(all, der)
			}
		}
	}
	return all
}
