package main

import "github.com/fedbridge/fedbridge/idp/idptest"

// Accounts of the demo.
const (
	shopProd = "111122223333"
	shopDev  = "444455556666"
	dataLab  = "777788889999"
	hub      = "999988887777" // where fedbridge itself runs
)

const (
	demoClientID   = "fedbridge-demo"
	demoExternalID = "6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"
)

func samlProviderARN(account string) string {
	return "arn:aws:iam::" + account + ":saml-provider/ExampleCorp"
}

func rolePair(account, role string) string {
	return "arn:aws:iam::" + account + ":role/" + role + "," + samlProviderARN(account)
}

// demoPeople show different things. All can sign in at both providers.
var demoPeople = []idptest.Person{
	{
		Username: "ada", Password: "analytical", Subject: "u-1001-ada", Email: "ada@example.com", Name: "Ada Lovelace",
		Groups:    []string{"aws-platform", "everyone"},
		Claims:    map[string][]string{"department": {"Platform"}},
		RolePairs: []string{rolePair(shopProd, "team/Admin"), rolePair(shopDev, "Developer")},
		About:     "platform engineer: many roles in three accounts",
	},
	{
		Username: "grace", Password: "compiler", Subject: "u-1002-grace", Email: "grace@example.com", Name: "Grace Hopper",
		Groups:    []string{"aws-shop-dev-developer", "aws-shop-dev-readonly", "everyone"},
		Claims:    map[string][]string{"department": {"Shop"}},
		RolePairs: []string{rolePair(shopDev, "Developer")},
		About:     "developer: roles by the naming convention of her groups",
	},
	{
		Username: "carl", Password: "freelance", Subject: "u-1003-carl", Email: "carl@partner.example", Name: "Carl Contractor",
		Groups: []string{"contractors"},
		Claims: map[string][]string{"employmentType": {"contractor"}, "project": {"invoices"}},
		About:  "contractor: one narrow role",
	},
	{
		Username: "nora", Password: "newcomer", Subject: "u-1004-nora", Email: "nora@example.com", Name: "Nora Newcomer",
		Groups: []string{"everyone"},
		Claims: map[string][]string{"department": {"Shop"}},
		About:  "newcomer: no role at all, and a page that says why",
	},
	{
		Username: "leo", Password: "farewell", Subject: "u-1005-leo", Email: "leo@example.com", Name: "Leo Leaver",
		Groups: []string{"aws-platform", "everyone"},
		Claims: map[string][]string{"department": {"Platform"}, "status": {"leaving"}},
		About:  "leaver: would have roles, but a rule denies them",
	},
}
