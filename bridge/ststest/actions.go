package ststest

import "strings"

const (
	tagSession        = "sts:TagSession"
	setSourceIdentity = "sts:SetSourceIdentity"
)

// stsAPI is STS: the operations and the parameters of each (aws-facts 1.4–1.9). Everything else is InvalidAction.
var stsAPI = &api{
	service: "sts", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", version: "2011-06-15",
	faults: func(a *AWS) *Faults { return a.Faults },
}

func init() { // not a literal: the operations call back into what reads this table
	const session = "RoleArn DurationSeconds Policy PolicyArns PolicyArns.member.arn MinimumSessionTokenSize "
	stsAPI.operations = map[string]action{
		"AssumeRole": {true, parameters(session + "RoleSessionName Tags Tags.member.Key Tags.member.Value TransitiveTagKeys " +
			"TransitiveTagKeys.member ExternalId SerialNumber TokenCode SourceIdentity ProvidedContexts " +
			"ProvidedContexts.member.ProviderArn ProvidedContexts.member.ContextAssertion"), assumeRole},
		"AssumeRoleWithSAML":        {false, parameters(session + "PrincipalArn SAMLAssertion"), assumeRoleWithSAML},
		"AssumeRoleWithWebIdentity": {false, parameters(session + "RoleSessionName WebIdentityToken ProviderId"), assumeRoleWithWebIdentity},
		"GetCallerIdentity":         {true, parameters(""), getCallerIdentity},
	}
}

func parameters(names string) map[string]bool {
	set := map[string]bool{"Action": true, "Version": true}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}
