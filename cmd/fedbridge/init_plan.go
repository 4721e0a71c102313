package main

import (
	"cmp"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

// initPlan is what a first configuration is made of: what was asked, or said in flags.
type initPlan struct {
	URL       string
	PublicURL string // where AWS reads our keys, if not at URL
	IdP       initIdP
	Kind      string
	Name      string // of the provider
	Label     string

	Metadata, Issuer, Tenant string
	ClientID, ClientSecret   string
	Domains, HostedDomains   []string

	Accounts  []config.Account
	Partition string
	Region    string

	Groups, Emails []string // who gets Roles: the first the first, and so on
	Roles          []string // names of IAM roles, with their paths

	Listen  string
	Proxies []string
	Dir     string // all that fedbridge keeps, instead of the usual places
}

// complete fills in what has a default, and writes addresses as browsers do.
func (p initPlan) complete() initPlan {
	p.URL, p.PublicURL = siteAddress(p.URL), siteAddress(p.PublicURL)
	p.Kind = cmp.Or(p.Kind, p.IdP.Kinds[0])
	p.Name, p.Label = cmp.Or(p.Name, p.IdP.Name), cmp.Or(p.Label, p.IdP.Label)
	p.Issuer = cmp.Or(p.IdP.address(p.Issuer), p.IdP.issuer(p.Tenant))
	p.Partition = cmp.Or(p.Partition, "aws")
	if partition, ok := bridge.PartitionByID(p.Partition); ok {
		p.Region = cmp.Or(p.Region, partition.DefaultRegion)
	}
	if len(p.Roles) == 0 {
		p.Roles = []string{"ReadOnly"}
	}
	p.Listen = cmp.Or(p.Listen, ":8443")
	if p.Kind == "oidc" {
		p.ClientSecret = cmp.Or(p.ClientSecret, "file:"+p.SecretPath())
	}
	if p.Metadata != "" && filepath.IsAbs(p.Metadata) {
		p.Metadata = "file:" + p.Metadata
	}
	return p
}

// siteAddress takes an address as people write it: without https, in capitals, with a slash or the port of https at the
// end. What else is wrong with it, the configuration's own check says.
func siteAddress(text string) string {
	text = strings.TrimSpace(text)
	if text != "" && !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return text
	}
	return "https://" + strings.ToLower(strings.TrimSuffix(u.Host, ":443")) + strings.TrimSuffix(u.EscapedPath(), "/")
}

// Where things are: as README's installation and the systemd unit have it, or all in one folder.

func (p initPlan) etc(name string) string {
	return filepath.Join(cmp.Or(p.Dir, "/etc/fedbridge"), name)
}
func (p initPlan) lib(name string) string {
	return filepath.Join(cmp.Or(p.Dir, "/var/lib/fedbridge"), name)
}

// CertPath and its like are where serve will look.
func (p initPlan) CertPath() string   { return p.etc("tls.crt") }
func (p initPlan) KeyPath() string    { return p.etc("tls.key") }
func (p initPlan) SecretPath() string { return p.etc(p.Name + ".secret") }
func (p initPlan) SPKeyPath() string  { return p.etc("sp.key") }
func (p initPlan) SPCertPath() string { return p.etc("sp.crt") }
func (p initPlan) ConfigPath() string { return p.etc("fedbridge.yaml") }
func (p initPlan) KeysPath() string   { return p.lib("keys") }
func (p initPlan) StorePath() string  { return p.lib("state.db") }
func (p initPlan) AuditPath() string {
	return filepath.Join(cmp.Or(p.Dir, "/var/log/fedbridge"), "audit.jsonl")
}

// What the identity provider must know of us.

func (p initPlan) RedirectURI() string { return p.URL + "/oidc/" + p.Name + "/callback" }
func (p initPlan) ACS() string         { return p.URL + "/saml/" + p.Name + "/acs" }
func (p initPlan) EntityID() string    { return p.URL + "/saml/" + p.Name + "/metadata" }
func (p initPlan) LoginURL() string    { return p.URL + "/login/" + p.Name }

// IssuerURL is our own as an identity provider of AWS.
func (p initPlan) IssuerURL() string { return cmp.Or(p.PublicURL, p.URL) }

// ByEmail tells that the provider sends no groups, so that rules name people.
func (p initPlan) ByEmail() bool { return p.IdP.ID == "google" && p.Kind == "oidc" }

// Group is the first one, for examples.
func (p initPlan) Group() string {
	if len(p.Groups) == 0 {
		return "GROUP"
	}
	return p.Groups[0]
}

// initRole is an entry of roles.
type initRole struct {
	Name, ARN string
	Accounts  []string
	People    []string // groups, or e-mail addresses
}

// RoleEntries makes an entry for each role and partition, since an ARN names its partition.
func (p initPlan) RoleEntries() []initRole {
	byPartition := map[string][]string{}
	var partitions []string
	for _, a := range p.Accounts {
		id := cmp.Or(a.Partition, "aws")
		if byPartition[id] == nil {
			partitions = append(partitions, id)
		}
		byPartition[id] = append(byPartition[id], a.Name)
	}
	var entries []initRole
	for _, granted := range p.Grants() {
		for _, id := range partitions {
			entry := initRole{Name: granted.Name, ARN: "arn:" + id + ":iam::{account}:role/" + granted.ARN, Accounts: byPartition[id]}
			if len(partitions) == 1 {
				entry.Accounts = []string{"*"}
			}
			entries = append(entries, entry)
		}
	}
	return entries
}

// Another is a role for an example.
func (p initPlan) Another() string {
	name := "admin"
	for slices.ContainsFunc(p.Grants(), func(r initRole) bool { return r.Name == name }) {
		name = "another-" + name
	}
	return name
}

// AnotherARN is its ARN, in the partition of the first account.
func (p initPlan) AnotherARN() string {
	return "arn:" + cmp.Or(p.Accounts[0].Partition, "aws") + ":iam::{account}:role/" + p.Another()
}

// Grants are the roles with those who get them. ARN is only its end here: the path and the name.
func (p initPlan) Grants() []initRole {
	people := p.Groups
	if p.ByEmail() {
		people = p.Emails
	}
	var grants []initRole
	at, taken := map[string]int{}, map[string]bool{}
	for i, role := range p.Roles {
		first, known := at[role]
		if !known {
			first = len(grants)
			at[role] = first
			grants = append(grants, initRole{Name: shortRoleName(role, taken), ARN: role})
		}
		if i < len(people) {
			grants[first].People = append(grants[first].People, people[i])
		}
	}
	return grants
}

// shortRoleName is what rules and links call a role: the last part of its IAM name.
func shortRoleName(role string, taken map[string]bool) string {
	base := role[strings.LastIndexByte(role, '/')+1:]
	base = strings.ToLower(strings.Join(strings.FieldsFunc(base, func(r rune) bool { return !isWord(r) }), "-"))
	base = cmp.Or(strings.TrimLeft(cut(base, longestName-3), ".-"), "role")
	name := base
	for n := 2; taken[name]; n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	taken[name] = true
	return name
}
