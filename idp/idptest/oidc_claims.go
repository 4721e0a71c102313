package idptest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Sign mints any token by the current key. alg, kid and typ are filled in where the header hasn't got them; a nil value
// leaves one out. An alg of none or HS256 (keyed with the public key's PEM) is obeyed. It panics when header or claims
// can't be written as JSON, which is a mistake in the test.
func (o *OIDC) Sign(header, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Errorf("idptest: sign: %w", err))
	}
	return o.SignRaw(header, payload)
}

// SignRaw is Sign for a payload that no JSON encoder would write.
func (o *OIDC) SignRaw(header map[string]any, payload []byte) string {
	return o.signBy(o.Keys()[0], header, payload)
}

// SignByStranger is SignRaw by a key that was never published, under the kid of the current key.
func (o *OIDC) SignByStranger(header map[string]any, payload []byte) string {
	stranger := *o.Stranger()
	stranger.Kid = o.Keys()[0].Kid
	return o.signBy(&stranger, header, payload)
}

func (o *OIDC) signBy(key *Key, header map[string]any, payload []byte) string {
	full := map[string]any{"alg": key.Algorithm, "typ": "JWT"}
	if !o.options.BareKeys {
		full["kid"] = key.Kid
	}
	maps.Copy(full, header)
	maps.DeleteFunc(full, func(_ string, value any) bool { return value == nil })
	token, err := key.compact(full, payload)
	if err != nil {
		panic(fmt.Errorf("idptest: sign: %w", err))
	}
	return token
}

// IDTokenClaims are the true claims of a person for a client, to change and to Sign.
func (o *OIDC) IDTokenClaims(p Person, clientID, nonce string) map[string]any {
	return o.trueClaims(grant{
		client: clientID, nonce: nonce, scope: []string{"openid", "email", "profile"}, person: p,
		session: session{began: o.now(), id: random()},
	})
}

// trueClaims is OIDC Core §2.
func (o *OIDC) trueClaims(g grant) map[string]any {
	now := o.now()
	claims := o.personClaims(g.person, g.scope, false)
	maps.Copy(claims, map[string]any{
		"iss": o.options.Issuer, "sub": g.person.subject(), "aud": g.client,
		"iat": now.Unix(), "exp": now.Add(o.options.TokenLifetime).Unix(),
		"auth_time": g.session.began.Unix(), "sid": g.session.id,
		"acr": "urn:example:password", "amr": []string{"pwd"},
	})
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return claims
}

// personClaims is OIDC Core §5.1 and §5.4, then groups in the configured spelling, then the person's own.
func (o *OIDC) personClaims(p Person, scope []string, userInfo bool) map[string]any {
	claims := map[string]any{}
	if slices.Contains(scope, "email") && p.Email != "" {
		claims["email"], claims["email_verified"] = p.Email, !o.told()[EmailUnverified]
	}
	if slices.Contains(scope, "profile") {
		claims["preferred_username"] = p.Username
		if p.Name != "" {
			claims["name"] = p.Name
		}
	}
	if len(p.Groups) > 0 && (userInfo || o.options.GroupsShape != GroupsUserInfo) {
		o.addGroups(claims, p.Groups)
	}
	for name, values := range p.Claims {
		if len(values) == 1 {
			claims[name] = values[0]
		} else {
			claims[name] = values
		}
	}
	return claims
}

func (o *OIDC) addGroups(claims map[string]any, groups []string) {
	switch o.options.GroupsShape {
	case GroupsString:
		claims[o.options.GroupsClaim] = groups
		if len(groups) == 1 {
			claims[o.options.GroupsClaim] = groups[0]
		}
	case GroupsSeparated:
		claims[o.options.GroupsClaim] = strings.Join(groups, o.options.GroupsSeparator)
	case GroupsNested:
		path := o.options.GroupsPath
		var value any = groups
		for _, part := range slices.Backward(path[1:]) {
			value = map[string]any{part: value}
		}
		claims[path[0]] = value
	default:
		claims[o.options.GroupsClaim] = groups
	}
}

// idToken writes the ID token of a grant, or a lie.
func (o *OIDC) idToken(g grant, access string) string {
	lies := o.told()
	if lies[ReplayedAnswer] {
		if last, ok := o.lastToken.Load(g.client); ok {
			return last.(string)
		}
	}
	claims := o.trueClaims(g)
	claims["at_hash"] = atHash(o.options.Algorithm, access)
	o.lieInClaims(lies, g, claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Errorf("idptest: id token: %w", err))
	}
	token := o.lieInToken(lies, lieInJSON(lies, payload))
	if len(lies) == 0 {
		o.lastToken.Store(g.client, token)
	}
	return token
}

// lieInClaims tells the lies that are values of claims.
func (o *OIDC) lieInClaims(lies told, g grant, claims map[string]any) {
	now := o.now()
	change := map[Lie]map[string]any{
		WrongAudience:    {"aud": "another-client"},
		MissingAud:       {"aud": nil},
		ExtraAudience:    {"aud": []string{g.client, "another-client"}},
		OtherParty:       {"aud": []string{g.client, "another-client"}, "azp": "another-client"},
		WrongIssuer:      {"iss": "https://other-provider.example"},
		Expired:          {"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-time.Hour).Unix(), "auth_time": now.Add(-2 * time.Hour).Unix()},
		FutureDated:      {"iat": now.Add(time.Hour).Unix(), "nbf": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()},
		MissingExp:       {"exp": nil},
		MissingIat:       {"iat": nil},
		EndlessToken:     {"exp": now.AddDate(10, 0, 0).Unix()},
		WrongRequest:     {"nonce": random()},
		MissingRequest:   {"nonce": nil},
		NoSubject:        {"sub": nil},
		EmptySub:         {"sub": ""},
		NullSub:          {"sub": json.RawMessage("null")},
		NumericSub:       {"sub": 12345},
		BadAtHash:        {"at_hash": atHash(o.options.Algorithm, random())},
		TenantMismatch:   {"tid": "99999999-0000-4000-8000-000000000000", "hd": "evil.example"},
		LogoutToken:      {"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}},
		HugeToken:        {"padding": strings.Repeat("x", 64<<10)},
		GroupsAsObject:   {o.options.GroupsClaim: map[string]any{"admins": true}},
		GroupsAsNumbers:  {o.options.GroupsClaim: []int{1, 2}},
		CaseVariantClaim: {"Sub": Intruder},
		FoldedClaim:      {"ſub": Intruder}, // U+017F folds to s
		// What Entra sends instead of more than 200 groups.
		GroupOverage: {
			o.options.GroupsClaim: nil, "_claim_names": map[string]any{o.options.GroupsClaim: "src1"},
			"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": o.base + "/graph/getMemberObjects"}},
		},
	}
	for lie := range lies {
		for name, value := range change[lie] {
			if value == nil {
				delete(claims, name)
			} else {
				claims[name] = value
			}
		}
	}
}

// lieInJSON tells the lies that a JSON encoder can't.
func lieInJSON(lies told, payload []byte) []byte {
	text := string(payload)
	if lies[DuplicateClaim] {
		text = `{"sub":"` + Intruder + `",` + text[1:]
	}
	if lies[InvalidUTF8] {
		text = "{\"name\":\"\xff\xfe\"," + text[1:]
	}
	if lies[TrailingData] {
		text += `{"sub":"` + Intruder + `"}`
	}
	return []byte(text)
}

// lieInToken signs, truly or in one of the ways that must not be believed.
func (o *OIDC) lieInToken(lies told, payload []byte) string {
	switch {
	case lies[AlgNone]:
		return o.SignRaw(map[string]any{"alg": "none"}, payload)
	case lies[HMACWithPublicKey]:
		return o.SignRaw(map[string]any{"alg": "HS256"}, payload)
	case lies[StrangerKey]:
		return o.SignByStranger(nil, payload)
	case lies[UnknownKid]:
		return o.signBy(o.Stranger(), map[string]any{"kid": o.Stranger().Kid}, payload)
	case lies[JWKHeader]:
		return o.signBy(o.Stranger(), map[string]any{"jwk": o.Stranger().public(false)}, payload)
	case lies[JKUHeader]:
		return o.signBy(o.Stranger(), map[string]any{"jku": o.base + "/stranger-jwks"}, payload)
	case lies[X5CHeader]:
		return o.signBy(o.Stranger(), map[string]any{"x5c": strangerChain(o.Stranger())}, payload)
	case lies[LogoutToken]:
		return o.SignRaw(map[string]any{"typ": "logout+jwt"}, payload)
	case lies[AccessTokenTyp]:
		return o.SignRaw(map[string]any{"typ": "at+jwt"}, payload)
	}
	token := o.SignRaw(nil, payload)
	if lies[BadSignature] {
		return breakSignature(token)
	}
	return token
}

// breakSignature changes the first byte of a token's signature.
func breakSignature(token string) string {
	cut := strings.LastIndexByte(token, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(token[cut:])
	if err != nil || len(raw) == 0 {
		return token + "AAAA"
	}
	raw[len(raw)/2] ^= 1
	return token[:cut] + base64.RawURLEncoding.EncodeToString(raw)
}

func strangerChain(k *Key) []string {
	cert, err := selfSign(k.Private, "stranger", time.Now())
	if err != nil {
		panic(fmt.Errorf("idptest: %w", err))
	}
	return []string{base64.StdEncoding.EncodeToString(cert.Raw)}
}

// Answer is what comes back to the redirect URI when this person signs in at the URL that a relying party sends the
// browser to: the whole of the protocol without the pages.
func (o *OIDC) Answer(authorizeURL, username string) (url.Values, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return nil, fmt.Errorf("idptest: %w", err)
	}
	req, refused, err := o.parse(u.Query())
	if err != nil {
		return nil, fmt.Errorf("idptest: %w", err)
	}
	if refused != nil {
		return o.errorResponse(req, *refused), nil
	}
	p, ok := find(o.people, username)
	if !ok {
		return nil, fmt.Errorf("idptest: nobody is called %q", username)
	}
	return o.response(req, p, session{username: p.Username, began: o.now(), id: random()}), nil
}
