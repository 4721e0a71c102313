package main

import (
	"net/url"
	"slices"
	"strings"
)

// initIdP is an identity provider that init knows. How its configuration looks and what to type there stands in init/,
// in files called after ID and kind.
type initIdP struct {
	ID    string // for --idp
	Kinds []string
	Name  string // of the provider in the configuration, and so in addresses
	Label string // what people read
	Title string // what its administrators call it
	// The words of its own for what it gives to us.
	MetadataHint, IssuerHint, ClientIDHint, GroupHint string
	Tenant                                            bool   // the issuer is made from a tenant's id
	Issuer                                            string // the only one, or with {tenant}
}

var initIdPs = []initIdP{
	{
		ID: "okta", Kinds: []string{"oidc", "saml"}, Name: "okta", Label: "Okta", Title: "Okta",
		MetadataHint: "the Metadata URL on the app's Sign On tab, such as https://example.okta.com/app/exk1/sso/saml/metadata",
		IssuerHint:   "your Okta domain, such as https://example.okta.com (not the -admin one)",
		ClientIDHint: "the Client ID on the app's General tab",
		GroupHint:    "the name of an Okta group",
	},
	{
		ID: "entra", Kinds: []string{"saml", "oidc"}, Name: "entra", Label: "Microsoft", Title: "Entra ID", Tenant: true,
		Issuer:       "https://login.microsoftonline.com/{tenant}/v2.0",
		MetadataHint: "the App Federation Metadata Url, under SAML Certificates",
		IssuerHint:   "https://login.microsoftonline.com/TENANT/v2.0, or its like in a national cloud",
		ClientIDHint: "the Application (client) ID on the app's Overview",
		GroupHint:    "the Object Id of an Entra group (Groups, the group, Overview), since that is what Entra sends",
	},
	{
		ID: "keycloak", Kinds: []string{"oidc", "saml"}, Name: "keycloak", Label: "Keycloak", Title: "Keycloak",
		MetadataHint: "https://HOST/realms/REALM/protocol/saml/descriptor",
		IssuerHint:   "https://HOST/realms/REALM",
		ClientIDHint: "the Client ID that you gave to the client, such as fedbridge",
		GroupHint:    "the name of a Keycloak group",
	},
	{
		ID: "google", Kinds: []string{"oidc", "saml"}, Name: "google", Label: "Google", Title: "Google Workspace",
		Issuer:       "https://accounts.google.com",
		MetadataHint: "where you will put the metadata file that Google lets you download, such as file:/etc/fedbridge/google.xml",
		ClientIDHint: "the Client ID, which ends in .apps.googleusercontent.com",
		GroupHint:    "the name of a Google group that the app may see",
	},
	{
		ID: "adfs", Kinds: []string{"saml"}, Name: "adfs", Label: "Company account", Title: "AD FS",
		MetadataHint: "https://HOST/FederationMetadata/2007-06/FederationMetadata.xml",
		GroupHint:    "the name of an Active Directory group, without the domain",
	},
	{
		ID: "saml", Kinds: []string{"saml"}, Name: "corp", Label: "Company account", Title: "the SAML identity provider",
		MetadataHint: "the address of its metadata, or file:PATH where fedbridge will find it",
		GroupHint:    "a group as the provider sends it",
	},
	{
		ID: "oidc", Kinds: []string{"oidc"}, Name: "corp", Label: "Company account", Title: "the OIDC provider",
		IssuerHint:   "the issuer, exactly as its discovery document prints it",
		ClientIDHint: "the client id that it gave to fedbridge",
		GroupHint:    "a group as the provider sends it",
	},
}

func initIdPIDs() []string {
	var ids []string
	for _, p := range initIdPs {
		ids = append(ids, p.ID)
	}
	return ids
}

// findInitIdP takes the names that people give to it, too.
func findInitIdP(name string) (initIdP, bool) {
	id := strings.ToLower(strings.Join(strings.Fields(name), ""))
	also := map[string]string{
		"entraid": "entra", "azure": "entra", "azuread": "entra", "microsoft": "entra", "googleworkspace": "google", "workspace": "google",
		"ad-fs": "adfs", "openid": "oidc", "openidconnect": "oidc", "saml2": "saml",
	}
	if real, ok := also[id]; ok {
		id = real
	}
	at := slices.IndexFunc(initIdPs, func(p initIdP) bool { return p.ID == id })
	if at < 0 {
		return initIdP{}, false
	}
	return initIdPs[at], true
}

// address takes an issuer as people write it. Those of the providers that have a name here end without a slash; another's
// may end in one, and then it is part of it.
func (p initIdP) address(issuer string) string {
	if issuer == "" || p.ID == "oidc" {
		return issuer
	}
	return siteAddress(issuer)
}

// issuerFault tells of an address that looks right and isn't.
func (p initIdP) issuerFault(issuer string) string {
	if u, err := url.Parse(siteAddress(issuer)); p.ID == "okta" && err == nil && strings.Contains(u.Host, "-admin.") {
		return "is the address of the Admin Console: write it without -admin, https://" + strings.Replace(u.Host, "-admin.", ".", 1)
	}
	return ""
}

func (p initIdP) issuer(tenant string) string {
	if p.Tenant && tenant == "" {
		return ""
	}
	return strings.ReplaceAll(p.Issuer, "{tenant}", tenant)
}

func (p initIdP) hasKind(kind string) bool { return slices.Contains(p.Kinds, kind) }
