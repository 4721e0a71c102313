package ststest

import (
	"encoding/xml"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

type assumeRoleWithWebIdentityResult struct {
	XMLName xml.Name
	assumed
	SubjectFromWebIdentityToken string
	Audience                    string
	Provider                    string
}

// assumeRoleWithWebIdentity is AssumeRoleWithWebIdentity (aws-facts 1.6, 3.4, 3.5).
func assumeRoleWithWebIdentity(c *call, _ *caller) (any, error) {
	var v violations
	a, err := c.common(&v)
	if err != nil {
		return nil, err
	}
	a.name = v.required(c, "RoleSessionName", sessionNameRule)
	raw := v.required(c, "WebIdentityToken", webTokenRule)
	providerID := v.optional(c, "ProviderId", providerIDRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := a.resolve(); err != nil {
		return nil, err
	}
	if providerID != "" {
		return nil, opaqueToken(providerID, raw)
	}
	token, provider, err := c.verifyToken(raw, a)
	if err != nil {
		return nil, err
	}
	if err := a.fromToken(token, provider); err != nil {
		return nil, err
	}
	if err := a.authorizeUnsigned(); err != nil {
		return nil, err
	}
	out, err := a.grant(unsignedTooLong)
	if err != nil {
		return nil, err
	}
	shown := token.issuer
	if c.aws.options.ProviderAsARN {
		shown = provider.arn
	}
	return assumeRoleWithWebIdentityResult{
		XMLName: named(c.action), assumed: out, SubjectFromWebIdentityToken: token.subject,
		Audience: token.audience, Provider: shown,
	}, nil
}

// opaqueToken answers for the OAuth 2.0 access tokens of Login with Amazon and Facebook: neither runs here, so no token
// of theirs is good. An ID token never comes with a ProviderId (aws-facts 1.6).
func opaqueToken(providerID, raw string) error {
	switch {
	case providerID != "www.amazon.com" && providerID != "graph.facebook.com":
		return errValidation("Unsupported identity provider: " + providerID)
	case compactJWS.MatchString(raw):
		return errValidation("ProviderId is for OAuth 2.0 access tokens only")
	}
	return errIDPRejected("The identity provider reported that authentication failed")
}

// verifyToken finds the provider in the role's account, and checks audience, signature and times.
func (c *call) verifyToken(raw string, a *assumption) (*webToken, *oidcProvider, error) {
	token, err := parseToken(raw)
	if err != nil {
		return nil, nil, err
	}
	provider := c.aws.oidcProvider(a.arn.Account, token.issuer)
	if provider == nil {
		return nil, nil, errIdentityToken("No OpenIDConnect provider found in your account for " + token.issuer)
	}
	if builtin[token.issuer] == "" && !slices.Contains(provider.ClientIDs, token.audience) {
		return nil, nil, errIdentityToken("Incorrect token audience")
	}
	if token.kid == "" {
		return nil, nil, errNoKey()
	}
	key, err := provider.keys.key(c.http.Context(), c.aws, token.issuer, token.kid)
	if err != nil {
		return nil, nil, err
	}
	if err := token.verify(key); err != nil {
		return nil, nil, err
	}
	if err := token.checkTimes(c.aws.options.Now()); err != nil {
		return nil, nil, err
	}
	n := utf8.RuneCountInString(token.subject)
	if n > 255 || n < 6 && !c.aws.options.AcceptShortSubjects {
		return nil, nil, errIdentityToken("The sub claim must have 6 to 255 characters")
	}
	return token, provider, nil
}

// oidcProvider finds a provider by the issuer, compared as text. Built-in ones are in every account.
func (a *AWS) oidcProvider(account, issuer string) *oidcProvider {
	a.mu.Lock()
	defer a.mu.Unlock()
	host := builtin[issuer]
	if host == "" {
		return a.oidc[account+" "+issuer]
	}
	p := a.oidc[host]
	if p == nil {
		p = &oidcProvider{OIDCProvider: OIDCProvider{Issuer: issuer}, arn: host}
		a.oidc[host] = p
	}
	return p
}

// fromToken takes over what the token says about the session.
func (a *assumption) fromToken(t *webToken, provider *oidcProvider) (err error) {
	if v, ok := t.claims[claimPrefix+"source_identity"]; ok {
		s, isText := v.(string)
		if !isText || !bridge.ValidSessionName(s) || reserved(s) {
			return errIdentityToken(`Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)
		}
		a.sourceIdentity = s
	}
	if a.tags, err = t.tags(); err != nil {
		return err
	}
	prefix := bareIssuer(t.issuer) + ":" // aws-facts 3.7
	a.context = map[string][]string{     // a key without a value is one that the token doesn't give
		prefix + "aud": {t.audience}, prefix + "oaud": t.original, prefix + "sub": {t.subject}, prefix + "azp": nil, prefix + "amr": nil,
	}
	if t.azp != "" {
		a.context[prefix+"azp"] = []string{t.azp}
	}
	if amr, ok := texts(t.claims["amr"]); ok {
		a.context[prefix+"amr"] = amr
	}
	a.via, a.provider = viaWebIdentity, provider.arn
	a.principal = trust.Principal{Kind: trust.Federated, ID: provider.arn}
	return a.checkRoles(t)
}

// checkRoles enforces the roles claim, before and apart from the trust policy (aws-facts 3.5). Without the claim it is
// not known what sts:RoleAuthorizedByIdp says.
func (a *assumption) checkRoles(t *webToken) error {
	v, ok := t.claims[claimPrefix+"roles"]
	if !ok {
		a.opaque = []string{"sts:RoleAuthorizedByIdp"}
		return nil
	}
	list, ok := texts(v)
	if !ok {
		return errIdentityToken("The roles claim is not in a supported format")
	}
	if _, one := v.(string); one && a.call.aws.options.AcceptRoleList {
		list = strings.Split(list[0], ";")
	}
	valid := slices.ContainsFunc(list, func(s string) bool {
		_, err := bridge.ParseRoleARN(s)
		return err == nil
	})
	switch {
	case !valid:
		return errIdentityToken("The roles claim contains no valid role ARNs")
	case !slices.Contains(list, a.roleARN):
		return errIdentityToken("The target role ARN is not present in the roles claim of the identity token")
	}
	a.context["sts:RoleAuthorizedByIdp"] = []string{"true"}
	return nil
}
