package trust

import "strings"

// Condition keys that the call surely doesn't have if the Request doesn't give them: they come from parameters, an
// assertion or a token, and whoever asks knows what he sends. All others have a value whether or not anybody tells, or
// are no keys at all as far as this package knows.

// sent are keys that follow from what is sent with a call. A trailing * stands for any rest.
var sent = []string{
	"sts:externalid", "sts:sourceidentity", "sts:transitivetagkeys", "aws:tagkeys", "aws:requesttag/*",
}

// claims are what a condition key can ask of a token of any OIDC provider (aws-facts 3.7), and of the two built-in
// providers whose tokens are opaque (aws-facts 3.1).
var claims = map[string]bool{"aud": true, "oaud": true, "azp": true, "amr": true, "sub": true}

var builtinClaims = map[string]bool{
	"www.amazon.com:app_id": true, "www.amazon.com:user_id": true, "graph.facebook.com:app_id": true, "graph.facebook.com:id": true,
}

// lacks tells whether a call of this caller for this action surely lacks a key about which the Request says nothing.
func (c *context) lacks(key string) bool {
	scope, ok := scoped[key]
	switch {
	case ok && scope != c.action: // shown to another action
		return true
	case matchesAny(sent, key):
		return true
	case key == "aws:username": // only users have a name
		return c.caller.Kind == AWS && strings.HasPrefix(c.caller.ID, "arn:") && strings.Contains(c.caller.ID, ":assumed-role/")
	case strings.HasPrefix(key, "saml:"):
		return attributes[key] && !c.caller.vouchedBy("saml-provider/")
	}
	provider, claim, ok := cutLast(key, ":")
	if !ok || !claims[claim] && !builtinClaims[key] || !isProvider(provider) {
		return false
	}
	return c.caller.Kind != Federated || provider != c.caller.provider()
}

// isProvider tells whether the first part of a key is an OIDC provider's and not a service's.
func isProvider(s string) bool { return strings.ContainsAny(s, "./:") }

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// attributes are the keys of SAML-based federation (aws-facts 2.5; IAM User Guide, "IAM and AWS STS condition context
// keys").
var attributes = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`aud iss doc sub sub_type namequalifier cn commonname givenname surname mail name uid
		primarygroupsid organizationstatus x500uniqueidentifier eduorghomepageuri eduorgidentityauthnpolicyuri eduorglegalname
		eduorgsuperioruri eduorgwhitepagesuri edupersonaffiliation edupersonassurance edupersonentitlement edupersonnickname
		edupersonorgdn edupersonorgunitdn edupersonprimaryaffiliation edupersonprimaryorgunitdn edupersonprincipalname
		edupersonscopedaffiliation edupersontargetedid`) {
		set["saml:"+name] = true
	}
	return set
}()

// documented tells whether IAM documents a key of this name at all, as far as this package knows.
func documented(key string) bool {
	provider, claim, _ := cutLast(key, ":")
	return attributes[key] || scoped[key] != "" || matchesAny(sent, key) || matchesAny(global, key) || builtinClaims[key] ||
		claims[claim] && isProvider(provider)
}

// global are the keys of all services, and the rest of STS's and IAM's, that can stand in the authorisation of a call to
// STS. A trailing * stands for any rest.
var global = strings.Fields(`aws:currenttime aws:epochtime aws:tokenissuetime aws:multifactorauthpresent aws:multifactorauthage
	aws:principalaccount aws:principalarn aws:principaltype aws:principalorgid aws:principalorgpaths aws:principaltag/*
	aws:principalisawsservice aws:principalservicename aws:principalservicenameslist aws:userid aws:username aws:useragent
	aws:referer aws:requestedregion aws:resourceaccount aws:resourceorgid aws:resourceorgpaths aws:resourcetag/* iam:resourcetag/*
	aws:securetransport aws:sourceaccount aws:sourcearn aws:sourceidentity aws:sourceip aws:sourceorgid aws:sourceorgpaths
	aws:sourcevpc aws:sourcevpcarn aws:sourcevpce aws:vpceaccount aws:vpceorgid aws:vpceorgpaths aws:vpcsourceip aws:viaawsservice
	aws:calledvia aws:calledviafirst aws:calledvialast aws:federatedprovider aws:chatbotsourcearn aws:assumedroot
	aws:ec2instancesourcevpc aws:ec2instancesourceprivateipv4 ec2:sourceinstancearn ec2:roledelivery lambda:sourcefunctionarn
	glue:roleassumedby glue:credentialissuingservice ssm:sourceinstancearn identitystore:userid sts:rolesessionname
	sts:requestcontext/* sts:requestcontextproviders`)
