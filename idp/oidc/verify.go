package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

const (
	// skew is how far the provider's clock and ours may differ (threat P9 and O18 allow three minutes at most).
	skew = 150 * time.Second
	// maxLife is the longest life of an ID token.
	maxLife = 24 * time.Hour
)

// expected is a token and what it must belong to.
type expected struct {
	raw         string
	login       idp.Login
	code        string
	accessToken string
}

// verified is an ID token that passed, with what was read of it.
type verified struct {
	token     *token
	key       *key
	claims    claimSet
	login     idp.Login
	issuer    string
	subject   string
	audiences []string
	party     string // azp
	expires   time.Time
	authTime  time.Time
	acr       string
}

// verify decides whether an ID token is to be believed (OpenID Connect Core §3.1.3.7; the numbers below are its steps).
func (p *provider) verify(ctx context.Context, want expected) (*verified, error) {
	t, err := parseToken(want.raw, p.algorithms)
	if err != nil {
		return nil, err
	}
	// 6 to 8: go-oidc, with our keys. Its other checks come with it; their errors have no types, so ours speak first.
	a := &attempt{token: t}
	_, libraryErr := p.verifier.Verify(context.WithValue(ctx, attemptKey{}, a), want.raw)
	if a.err != nil {
		return nil, a.err
	}
	if a.key == nil {
		return nil, rejected("%w", libraryErr)
	}
	claims, err := decodeClaims(t.payload, p.names)
	if err != nil {
		return nil, err
	}
	v := &verified{token: t, key: a.key, claims: claims, login: want.login}
	for _, check := range []func(*verified) error{p.checkIssuer, p.checkAudience, p.checkTimes, p.checkSubject, p.checkContext} {
		if err := check(v); err != nil {
			return nil, err
		}
	}
	if err := v.checkBinding(want); err != nil {
		return nil, err
	}
	if err := overage(claims, p.config.Claims.Groups.path()[0]); err != nil {
		return nil, err
	}
	if libraryErr != nil {
		return nil, rejected("%w", libraryErr)
	}
	return v, nil
}

// checkIssuer: 2, exact text. A multi-tenant issuer's tokens name their tenant's own, and the tenant is on the list; so are
// the tenant of a single-tenant issuer and Google's hosted domain, where configured (threats O8, O9).
func (p *provider) checkIssuer(v *verified) error {
	iss, _, err := v.claims.text("iss")
	if err != nil || iss == "" {
		return rejected("no iss")
	}
	tenant, hasTenant, _ := v.claims.text("tid")
	if p.issuer.template != "" && (!hasTenant || !tenantID.MatchString(tenant)) {
		return bridge.Fail(bridge.CodeTenant, fmt.Errorf("oidc: no tid"))
	}
	if want := p.issuer.forTenant(tenant); iss != want {
		return rejected("iss is %s, want %s", quote(iss), quote(want))
	}
	if len(p.config.Tenants) > 0 && (!hasTenant || !slices.Contains(p.config.Tenants, tenant)) {
		return bridge.Fail(bridge.CodeTenant, fmt.Errorf("oidc: tid %s is not among the tenants", quote(tenant)))
	}
	if domain, ok, _ := v.claims.text("hd"); len(p.config.HostedDomains) > 0 && (!ok || !slices.Contains(p.config.HostedDomains, domain)) {
		return bridge.Fail(bridge.CodeTenant, fmt.Errorf("oidc: hd %s is not among the hosted domains", quote(domain)))
	}
	// Entra says of each key of a shared set for which issuer it signs.
	if own := v.key.issuer; own != "" && strings.ReplaceAll(own, tenantPlace, tenant) != iss {
		return rejected("a key of issuer %s signed a token of %s", quote(own), quote(iss))
	}
	v.issuer = iss
	return nil
}

// checkAudience: 3 to 5. Our client is among the audiences, every other audience is configured, and the authorised party
// is we, or one that is configured (threat O16).
func (p *provider) checkAudience(v *verified) error {
	audiences, err := v.claims.list("aud")
	if err != nil {
		return err
	}
	known := func(aud string) bool { return aud == p.config.ClientID || slices.Contains(p.config.Audiences, aud) }
	stranger := slices.IndexFunc(audiences, func(aud string) bool { return !known(aud) })
	if stranger >= 0 || !slices.Contains(audiences, p.config.ClientID) {
		return audienceFault("audience", p.config.ClientID, audiences)
	}
	party, ok, err := v.claims.text("azp")
	if err != nil {
		return err
	}
	if ok && party != p.config.ClientID && !slices.Contains(p.config.AuthorizedParties, party) {
		return audienceFault("authorised party (azp)", p.config.ClientID, []string{party})
	}
	v.audiences, v.party = audiences, party
	return nil
}

func audienceFault(what, want string, got []string) error {
	list := "none"
	if len(got) > 0 {
		list = quote(strings.Join(got, ", "))
	}
	detail := fmt.Sprintf("%s: expected %s, got %s", what, quote(want), list)
	return bridge.FailWith(bridge.CodeAudience, detail, fmt.Errorf("oidc: %s", detail))
}

// checkTimes: 9 and 10, and RFC 7519 §4.1.4 to 4.1.6. Threat O18.
func (p *provider) checkTimes(v *verified) error {
	now := p.deps.Now()
	exp, hasExp, err1 := v.claims.time("exp")
	iat, hasIat, err2 := v.claims.time("iat")
	nbf, hasNbf, err3 := v.claims.time("nbf")
	auth, hasAuth, err4 := v.claims.time("auth_time")
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return err
		}
	}
	clock := func(format string, args ...any) error {
		return bridge.Fail(bridge.CodeClock, fmt.Errorf("oidc: "+format, args...))
	}
	switch {
	case !hasExp:
		return claimFault("exp", "no exp")
	case !hasIat:
		return claimFault("iat", "no iat")
	case !now.Add(-skew).Before(exp):
		return clock("the ID token ended %s ago", now.Sub(exp).Round(time.Second))
	case iat.After(now.Add(skew)):
		return clock("the ID token is from %s in the future", iat.Sub(now).Round(time.Second))
	case !exp.After(iat) || exp.Sub(iat) > maxLife:
		return clock("the ID token lives %s; more than none and at most %s is accepted", exp.Sub(iat), maxLife)
	case hasNbf && (nbf.After(now.Add(skew)) || !exp.After(nbf)):
		return clock("the ID token is not valid before %s", nbf.UTC().Format(time.RFC3339))
	case hasAuth && auth.After(now.Add(skew)):
		return clock("auth_time is %s in the future", auth.Sub(now).Round(time.Second))
	}
	v.expires, v.authTime = exp, auth
	return nil
}

// checkSubject: §2, sub is a text of at most 255 characters (threat O24).
func (p *provider) checkSubject(v *verified) error {
	sub, ok := v.claims.get("sub")
	switch {
	case !ok || sub.kind == kindText && sub.text == "":
		return bridge.Fail(bridge.CodeSubjectMissing, fmt.Errorf("oidc: no sub"))
	case sub.kind != kindText || len(sub.text) > 255 || !cleanText(sub.text):
		return claimFault("sub", "sub is not a text of 1 to 255 visible characters")
	}
	v.subject = sub.text
	return nil
}

// checkContext: 12 and 13, what was asked of the authentication itself.
func (p *provider) checkContext(v *verified) error {
	if acr, ok := v.claims.get("acr"); ok && acr.kind == kindText {
		v.acr = acr.text
	}
	if len(p.config.ACRValues) > 0 && !slices.Contains(p.config.ACRValues, v.acr) {
		return claimFault("acr", "acr is %s", quote(v.acr))
	}
	if p.config.MaxAge > 0 && !v.login.Fresh {
		if v.authTime.IsZero() || p.deps.Now().Sub(v.authTime) > p.config.MaxAge+skew {
			return claimFault("auth_time", "presence was last proved longer ago than max_age")
		}
	}
	// A provider that ignored prompt=login tells so in auth_time. One that sends none leaves AuthTime empty, and nothing
	// may count such a sign-in as fresh.
	if v.login.Fresh && !v.authTime.IsZero() && v.authTime.Before(v.login.Began.Add(-skew)) {
		return claimFault("auth_time", "a fresh sign-in was asked for; presence was proved before that")
	}
	return nil
}

// checkBinding: 11, the nonce is the one of this login (threat O13); §3.1.3.8, at_hash; §3.3.2.11, c_hash (threat O19).
// A logout token (Back-Channel Logout §2.4) has events and no nonce, and is no ID token (threat O17).
func (v *verified) checkBinding(want expected) error {
	if v.claims.has("events") {
		return rejected("a token with events is not an ID token")
	}
	nonce, ok := v.claims.get("nonce")
	if !ok || nonce.kind != kindText || subtle.ConstantTimeCompare([]byte(nonce.text), []byte(want.login.Nonce)) != 1 {
		return rejected("nonce is not the one of this login")
	}
	if err := v.checkHash("at_hash", want.accessToken); err != nil {
		return err
	}
	return v.checkHash("c_hash", want.code)
}

// checkHash compares the left half of a hash: the hash is the one of the token's algorithm.
func (v *verified) checkHash(name, of string) error {
	if !v.claims.has(name) {
		return nil
	}
	claim, _ := v.claims.get(name)
	h := v.token.alg.hash.New()
	h.Write([]byte(of))
	sum := h.Sum(nil)
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if claim.kind != kindText || subtle.ConstantTimeCompare([]byte(claim.text), []byte(want)) != 1 {
		return rejected("%s is not the one of what came with the ID token", name)
	}
	return nil
}
