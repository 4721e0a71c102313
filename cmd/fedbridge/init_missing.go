package main

import (
	"errors"
	"strings"
)

// question is something that a first configuration can't do without, or is better with.
type question struct {
	flag   string
	words  string // where there is a prompt
	hint   string // what it is and where to find it
	value  *string
	list   *[]string // instead of value
	preset string
	after  bool // it is known only once the provider knows us
}

// questions are all that make sense with the answers so far, in the order in which they are asked.
func (f *initFlags) questions() []question {
	all := []question{
		{flag: "url", words: "Address", value: &f.URL,
			hint: "The address of fedbridge, as people, the identity provider and AWS will see it: https, and no port."},
		{flag: "idp", words: "Identity provider", value: &f.idp,
			hint: "Who signs your people in? One of " + strings.Join(initIdPIDs(), ", ") + ". With another one, saml or oidc."},
	}
	accounts := question{flag: "accounts", words: "Accounts",
		hint: "Your AWS accounts: a file, as CSV (id,name,environment,owner) or as the JSON of \"aws organizations list-accounts\";\n" +
			"or one account, such as 111122223333,shop-dev."}
	if f.IdP.ID == "" {
		return append(all, accounts)
	}
	if len(f.IdP.Kinds) > 1 {
		all = append(all, question{flag: "kind", words: "Protocol", value: &f.Kind, preset: f.IdP.Kinds[0],
			hint: f.IdP.Title + " speaks both oidc and saml. With fedbridge they are worth the same; the one in brackets is less work."})
	}
	p := f.complete()
	all = append(all, accounts)
	if p.ByEmail() {
		all = append(all, question{flag: "email", words: "E-mail address", list: &f.Emails,
			hint: "Who gets the first role? Google tells no groups to an OIDC client, so name a person, by e-mail address."})
	} else {
		all = append(all, question{flag: "group", words: "Group", list: &f.Groups,
			hint: "Who gets the first role? Write " + f.IdP.GroupHint + "."})
	}
	all = append(all,
		question{flag: "role", words: "IAM role", list: &f.Roles, preset: "ReadOnly",
			hint: "Which IAM role do they get? It needn't be there yet."},
		question{flag: "region", words: "Region", value: &f.Region, preset: p.Region,
			hint: "The AWS region whose STS is asked, and in which the console opens."})
	return append(all, f.providerQuestions(p)...)
}

// providerQuestions ask for what the provider knows once it knows us.
func (f *initFlags) providerQuestions(p initPlan) []question {
	if p.Kind == "saml" {
		return []question{{flag: "metadata", words: "Metadata", value: &f.Metadata, after: true, hint: capital(p.IdP.MetadataHint) + "."}}
	}
	var all []question
	switch {
	case p.IdP.Tenant && f.Issuer == "":
		all = append(all, question{flag: "tenant", words: "Tenant", value: &f.Tenant, after: true, hint: "The Directory (tenant) ID on the app's Overview."})
	case p.IdP.Issuer == "":
		all = append(all, question{flag: "issuer", words: "Issuer", value: &f.Issuer, after: true, hint: capital(p.IdP.IssuerHint) + "."})
	}
	if p.IdP.ID == "google" {
		all = append(all, question{flag: "hosted-domain", words: "Domain", list: &f.HostedDomains, after: true,
			hint: "The domain of your Google Workspace. Anybody can have an account at Google; only people of this domain come in."})
	}
	return append(all, question{flag: "client-id", words: "Client ID", value: &f.ClientID, after: true, hint: capital(p.IdP.ClientIDHint) + "."})
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' || strings.HasPrefix(s, "http") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// answered tells whether a question needs no answer any more.
func (f *initFlags) answered(q question) bool {
	switch {
	case q.flag == "accounts":
		return len(f.Accounts) > 0
	case q.list != nil:
		return len(*q.list) > 0
	case q.value != nil:
		return *q.value != ""
	}
	return false
}

// missing are the questions without an answer and without a default.
func (f *initFlags) missing() []question {
	var open []question
	for _, q := range f.questions() {
		if q.preset == "" && !f.answered(q) {
			open = append(open, q)
		}
	}
	return open
}

// missingError names the flags that would answer.
func (f *initFlags) missingError(open []question) error {
	var faults []error
	after := false
	for _, q := range open {
		after = after || q.after
		faults = append(faults, usagef("--%s is missing. %s", q.flag, strings.ReplaceAll(q.hint, "\n", " ")))
	}
	if after {
		faults = append(faults, usagef("with --steps, init says how to register fedbridge at %s, which then knows these", f.IdP.Title))
	}
	return errors.Join(faults...)
}
