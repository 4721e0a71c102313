package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/oauth2"

	"github.com/fedbridge/fedbridge/bridge"
)

// tokenSet is what the token endpoint gave. Both tokens are secrets.
type tokenSet struct {
	idToken string
	access  string
	bearer  bool // the access token is a bearer token
}

// exchange trades the code for tokens (OpenID Connect Core §3.1.3, RFC 7636 §4.5). The client's bounds apply: ten
// seconds, 256 KB, no redirect.
func (p *provider) exchange(ctx context.Context, doc *document, code, verifier string) (tokenSet, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	withClient := context.WithValue(ctx, oauth2.HTTPClient, p.client)
	token, err := p.oauth(doc).Exchange(withClient, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return tokenSet{}, exchangeFault(ctx, err)
	}
	idToken, ok := token.Extra("id_token").(string)
	if !ok || idToken == "" {
		return tokenSet{}, malformed("token endpoint: no id_token in the answer (is the scope openid granted?)")
	}
	return tokenSet{idToken: idToken, access: token.AccessToken, bearer: strings.EqualFold(token.Type(), "Bearer")}, nil
}

// exchangeFault tells an outage, a wrong setting and a refused code apart (RFC 6749 §5.2). The body of an answer stays out
// of the log.
func exchangeFault(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if isNoAnswer(err) {
			return malformed("token endpoint: %w", err)
		}
		return unreachable(ctx, "token endpoint", err)
	}
	cause := fmt.Errorf("oidc: token endpoint: %d %s %s", refused.Response.StatusCode, quote(refused.ErrorCode), quote(refused.ErrorDescription))
	switch refused.ErrorCode {
	case "invalid_grant":
		// An old, used, foreign or injected code, or another verifier. They share one text.
		return bridge.Fail(bridge.CodeAnswerRejected, cause)
	case "temporarily_unavailable", "server_error", "slow_down":
		return bridge.Fail(bridge.CodeProviderDown, cause)
	}
	return bridge.Fail(bridge.CodeProviderConfig, cause)
}

// isNoAnswer tells whether the endpoint answered, but not with tokens.
func isNoAnswer(err error) bool {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return true
	}
	text := err.Error() // x/oauth2 has no types for these
	return strings.HasPrefix(text, "oauth2: cannot parse") || strings.HasPrefix(text, "oauth2: server response missing")
}
