package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Kinds of provider, as Provider.Kind has them.
const (
	kindSAML = "saml"
	kindOIDC = "oidc"
)

// vias are the ways to ask STS, the default first.
var vias = []bridge.Via{bridge.ViaIssuer, bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaWebIdentity}

func viaNames() []string {
	var names []string
	for _, via := range vias {
		names = append(names, string(via))
	}
	return names
}

func (e *entry) has(via bridge.Via) bool { return slices.Contains(e.base.Via, via) }

// checkVia holds the limits of relaying: whoever has a relayed answer can take it to STS without us, so nothing may be
// combined with it that only we would enforce.
func (e *entry) checkVia() {
	path := e.path + ".via"
	for i, via := range e.r.Via {
		if !slices.Contains(vias, via) {
			e.problem(path, "%q is not known; write issuer, assume_role, saml or web_identity%s", via, didYouMean(string(via), viaNames()))
		}
		if slices.Index(e.r.Via, via) < i {
			e.problem(path, "%q is written twice", via)
		}
	}
	saml, web := e.has(bridge.ViaSAML), e.has(bridge.ViaWebIdentity)
	switch {
	case saml && web:
		e.problem(path, "saml and web_identity relay answers of different providers: write two entries")
	case saml:
		e.checkRelay("saml", kindSAML)
		if e.r.SAMLProvider == "" {
			e.problem(e.path+".saml_provider", "missing: via saml needs the ARN of the IAM SAML provider")
		}
	case web:
		e.checkWebIdentity(e.checkRelay("web_identity", kindOIDC))
	case e.r.Provider != "":
		e.problem(e.path+".provider", "is for via saml and web_identity only")
	}
	if !web && len(e.r.Subjects) > 0 {
		e.problem(e.path+".subjects", "is for via web_identity only: nothing else would hold to it")
	}
}

// checkRelay refuses what would be dropped without a word, and finds the provider whose proof is relayed.
func (e *entry) checkRelay(via, kind string) Provider {
	for _, other := range []struct {
		key string
		set bool
	}{
		{"tags", len(e.r.Tags) > 0},
		{"optional_tags", len(e.r.OptionalTags) > 0},
		{"transitive_tags", len(e.r.TransitiveTags) > 0},
		{"source_identity", e.r.SourceIdentity != ""},
		{"session_policy", e.r.SessionPolicy != ""},
		{"session_policy_arns", len(e.r.SessionPolicyARNs) > 0},
		{"external_id", e.r.ExternalID != ""},
	} {
		if other.set {
			e.problem(e.path+"."+other.key, "can't be combined with via %s: whoever holds the relayed answer can take it "+
				"to STS without it. Use issuer or assume_role alone", via)
		}
	}
	name := e.r.Provider
	if name == "" {
		only, count := e.onlyProvider(kind)
		switch {
		case count != 1 && e.unread.Providers:
			return Provider{}
		case count == 0:
			e.problem(e.path+".via", "%s relays the answer of a provider of kind %s, and none is configured", via, kind)
			return Provider{}
		case count > 1:
			e.problem(e.path+".provider", "missing: several providers are of kind %s; name the one whose answer is relayed", kind)
			return Provider{}
		}
		name = only
	}
	provider, ok := e.provider(name)
	switch {
	case !ok && e.unread.Providers:
		return Provider{}
	case !ok:
		e.problem(e.path+".provider", "no provider is called %q%s", name, didYouMean(name, e.providerNames()))
		return Provider{}
	case provider.Kind != kind:
		e.problem(e.path+".provider", "%q is of kind %s; via %s relays the answer of one of kind %s", name, provider.Kind, via, kind)
		return Provider{}
	}
	e.base.RelayProvider = name
	return provider
}

// checkWebIdentity: a token of a shared issuer or a public client can be had by anybody, so that the trust policy must
// name the subjects.
func (e *entry) checkWebIdentity(provider Provider) {
	path := e.path + ".subjects"
	if e.r.Subjects != nil && len(e.r.Subjects) == 0 {
		e.problem(path, "names nobody: list the subjects, or leave the key out")
	}
	for i, subject := range e.r.Subjects {
		switch {
		case strings.TrimSpace(subject) == "":
			e.problem(fmt.Sprintf("%s[%d]", path, i), "is empty")
		case isGlob(subject):
			e.problem(fmt.Sprintf("%s[%d]", path, i), "%q: subjects are exact, without wildcards", subject)
		}
	}
	switch {
	case provider.Name == "":
	case !provider.STSAlgorithms:
		e.problem(e.path+".via", "provider %q signs with no algorithm that STS takes (RS256, RS384, RS512, ES256, ES384, ES512)", provider.Name)
	case len(e.r.Subjects) > 0:
	case provider.Shared:
		e.problem(path, "missing: anybody can get an account at the issuer of %q, so list the exact subjects that the "+
			"trust policy's sub condition admits", provider.Name)
	case provider.Public:
		e.problem(path, "missing: %q is a public client, so list the exact subjects that the trust policy's sub condition "+
			"admits", provider.Name)
	}
}

func (e *entry) samlProvider(account bridge.Account) bridge.SAMLProviderARN {
	if e.r.SAMLProvider == "" {
		return bridge.SAMLProviderARN{}
	}
	path := e.path + ".saml_provider"
	arn, err := bridge.ParseSAMLProviderARN(strings.ReplaceAll(e.r.SAMLProvider, accountPlace, account.ID))
	switch {
	case err != nil:
		e.once(path, "%v", err)
	case arn.Account != account.ID:
		e.once(path, "is in account %s, but the role is in account %s (%s): write {account}", arn.Account, account.Name, account.ID)
	case arn.Partition != account.Partition && knownPartition(account.Partition):
		e.once(path, "is in partition %s, but account %s is in %s", arn.Partition, account.Name, account.Partition)
	}
	return arn
}
