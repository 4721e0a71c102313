package ststest

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// nameQualifier is base64(sha1(Issuer + AccountId + "/" + ProviderFriendlyName)) (aws-facts 1.5). SHA-1 is AWS's choice; it
// names, and protects nothing.
func nameQualifier(issuer string, provider bridge.SAMLProviderARN) string {
	sum := sha1.Sum([]byte(issuer + provider.Account + "/" + provider.Name))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// subjectType is the NameID's format, without the prefix of SAML 2.0's own.
func subjectType(format string) string {
	return strings.TrimPrefix(format, "urn:oasis:names:tc:SAML:2.0:nameid-format:")
}

// mapped are the attributes that become condition keys (aws-facts 2.5).
var mapped = map[string]string{
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.1":                                   "saml:eduPersonAffiliation",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.3":                                   "saml:eduPersonOrgDN",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.6":                                   "saml:eduPersonPrincipalName",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.7":                                   "saml:eduPersonEntitlement",
	"urn:oid:2.5.4.3":                                                    "saml:cn",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "saml:mail",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":    "saml:givenName",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":      "saml:surname",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":         "saml:name",
}

// conditionKeys are what a trust policy can ask about an assertion.
func (a *assertion) conditionKeys(provider bridge.SAMLProviderARN) map[string][]string {
	out := map[string][]string{
		"saml:aud": {a.recipient}, // the Recipient, not the Audience
		"saml:iss": {a.issuer}, "saml:sub": {a.subject}, "saml:sub_type": {subjectType(a.format)},
		"saml:doc":           {provider.Account + "/" + provider.Name},
		"saml:namequalifier": {nameQualifier(a.issuer, provider)},
	}
	for name, key := range mapped {
		out[key] = append(out[key], a.attributes[name]...) // without a value: one that the assertion doesn't give
	}
	return out
}
