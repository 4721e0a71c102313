package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// maxCode is the longest authorization code that is taken; Entra's have some 1,500 bytes.
const maxCode = 8 << 10

// Finish implements idp.IdentityProvider.
func (p *provider) Finish(ctx context.Context, login idp.Login, answer idp.Answer) (id bridge.Identity, proof bridge.Proof, err error) {
	// R2: a panic while reading foreign input is a refused login, and an alarm.
	defer func() {
		if r := recover(); r != nil {
			p.deps.Log.LogAttrs(ctx, slog.LevelError, "panic while an answer was read",
				slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			id, proof, err = bridge.Identity{}, bridge.Proof{}, rejected("panic: %v", r)
		}
	}()
	if err := p.owns(login); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	doc, err := p.discovery.get(ctx)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	code, err := p.readAnswer(login, answer, doc)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	tokens, err := p.exchange(ctx, doc, code, login.Verifier)
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	v, err := p.verify(ctx, expected{raw: tokens.idToken, login: login, code: code, accessToken: tokens.access})
	if err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	if p.config.UserInfo {
		if err := p.addUserInfo(ctx, doc, tokens, v); err != nil {
			return bridge.Identity{}, bridge.Proof{}, err
		}
	}
	if id, err = p.identity(v); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	// Last, so that an answer which was refused for a reason that can be mended isn't used up (R7).
	if err := p.useOnce(ctx, v); err != nil {
		return bridge.Identity{}, bridge.Proof{}, err
	}
	return id, p.proof(v), nil
}

// useOnce remembers the bytes that were signed: a signature can be rewritten without its key (ECDSA), they can't.
func (p *provider) useOnce(ctx context.Context, v *verified) error {
	sum := sha256.Sum256([]byte(v.token.signed))
	return p.deps.Replay.UseOnce(ctx, v.issuer, "id_token:"+hex.EncodeToString(sum[:]), v.expires.Add(skew+time.Second))
}

func (p *provider) proof(v *verified) bridge.Proof {
	audiences := v.audiences
	if v.party != "" {
		audiences = append([]string{v.party}, audiences...)
	}
	return bridge.Proof{
		Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(v.token.raw), RelayUntil: v.expires,
		Algorithm: v.token.algName, Audiences: audiences,
	}
}

// readAnswer reads the authorization response (OpenID Connect Core §3.1.2.5; RFC 6749 §4.1.2; RFC 9207) and returns the
// code. Threats O10, O12, O15.
func (p *provider) readAnswer(login idp.Login, answer idp.Answer, doc *document) (string, error) {
	values, err := p.parameters(answer)
	if err != nil {
		return "", err
	}
	// RFC 6749 §10.12: state ties the answer to the browser that began. Nothing else of the answer counts before.
	if subtle.ConstantTimeCompare([]byte(values.Get("state")), []byte(login.State)) != 1 {
		return "", bridge.Fail(bridge.CodeLoginStale, fmt.Errorf("oidc: state is not the one of this login"))
	}
	// RFC 9207 §2.4: compare iss before anything is sent anywhere; it must be there when it was announced.
	if values.Has("iss") || doc.answerNamesIssuer {
		if iss := values.Get("iss"); !p.issuer.names(iss, p.config.Tenants) {
			return "", rejected("the authorization response names issuer %s", quote(iss))
		}
	}
	hasCode, hasError := values.Get("code") != "", values.Has("error")
	switch {
	case hasCode && hasError:
		return "", malformed("both code and error came back")
	case hasError:
		return "", providerError(values.Get("error"))
	case !hasCode || len(values.Get("code")) > maxCode:
		return "", malformed("no code came back")
	}
	// We asked for a code alone (§3.1.2.1): tokens in the browser's hands mean that somebody asked for something else.
	for _, name := range []string{"id_token", "access_token", "response"} {
		if values.Has(name) {
			return "", malformed("%s came back through the browser", name)
		}
	}
	return values.Get("code"), nil
}

// parameters picks the parameters out of the place where the response mode puts them, each once.
func (p *provider) parameters(answer idp.Answer) (url.Values, error) {
	values, other, method := answer.Query, answer.Form, http.MethodGet
	if p.config.ResponseMode == ModeFormPost {
		// OAuth 2.0 Form Post Response Mode §2.
		values, other, method = answer.Form, answer.Query, http.MethodPost
	}
	if answer.Method != method {
		return nil, malformed("the answer came by %s; the response mode says %s", quote(answer.Method), method)
	}
	for _, name := range []string{"code", "state", "error", "iss", "id_token", "access_token", "response"} {
		if other.Has(name) {
			return nil, malformed("%s came in the wrong place", name)
		}
	}
	// RFC 6749 §3.1: response parameters MUST NOT be included more than once.
	for name, all := range values {
		if len(all) > 1 {
			return nil, malformed("parameter %s came %d times", quote(name), len(all))
		}
	}
	return values, nil
}

// providerError translates an error of the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). Its
// description isn't shown: who wrote it isn't known.
func providerError(code string) error {
	cause := fmt.Errorf("oidc: authorization endpoint: error %s", quote(code))
	switch {
	case slices.Contains([]string{"server_error", "temporarily_unavailable"}, code):
		return bridge.Fail(bridge.CodeProviderDown, cause)
	case slices.Contains([]string{
		"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client",
		"request_not_supported", "request_uri_not_supported", "registration_not_supported",
	}, code):
		return bridge.Fail(bridge.CodeProviderConfig, cause)
	}
	return bridge.Fail(bridge.CodeProviderRefused, cause)
}
