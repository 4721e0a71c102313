package idptest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

const (
	clientID = "bridge"
	secret   = "s3cret&more"
	redirect = "http://bridge.localhost/callback"
)

// openOIDC serves a provider that knows one client with a secret and one without.
func openOIDC(t *testing.T, change func(*idptest.OIDCOptions)) *idptest.OIDC {
	t.Helper()
	var o *idptest.OIDC
	server, err := idptest.Serve(func(url string) (http.Handler, error) {
		options := idptest.OIDCOptions{
			Issuer: url + "/realms/staff", People: people,
			Clients: []idptest.Client{
				{ID: clientID, Secret: secret, RedirectURIs: []string{redirect}, PostLogoutRedirectURIs: []string{redirect}},
				{ID: "public", RedirectURIs: []string{redirect}},
			},
		}
		if change != nil {
			change(&options)
		}
		var err error
		o, err = idptest.NewOIDC(options)
		return o, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return o
}

// party is an independent relying party: go-oidc and x/oauth2.
func party(t *testing.T, o *idptest.OIDC) (*oauth2.Config, *oidc.Provider) {
	t.Helper()
	provider, err := oidc.NewProvider(context.Background(), o.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	return &oauth2.Config{
		ClientID: clientID, ClientSecret: secret, RedirectURL: redirect, Endpoint: provider.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, provider
}

const verifier = "an-unguessable-verifier-of-forty-three-chars-x"

func ask(config *oauth2.Config, more ...oauth2.AuthCodeOption) string {
	return config.AuthCodeURL("state", append(more, oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier))...)
}

// callbacks is a browser that finds the relying party, which shows what came back.
func callbacks(t *testing.T) *idptest.Browser {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		io.WriteString(w, r.Form.Encode())
	}))
	b := idptest.NewBrowser()
	b.Hosts = map[string]string{"bridge.localhost:80": strings.TrimPrefix(server.URL, "http://")}
	t.Cleanup(func() { b.Close(); server.Close() })
	return b
}

func answerOf(t *testing.T, p *idptest.Page) url.Values {
	t.Helper()
	values, err := url.ParseQuery(p.Body)
	if err != nil || p.URL.Hostname() != "bridge.localhost" {
		t.Fatalf("the browser is at %s: %s", p.URL, p.Text())
	}
	return values
}

// TestOIDCSignIn goes the whole way, with an independent relying party, for each algorithm.
func TestOIDCSignIn(t *testing.T) {
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			o := openOIDC(t, func(options *idptest.OIDCOptions) { options.Algorithm = algorithm })
			config, provider := party(t, o)
			b := callbacks(t)
			get(t, b, ask(config))
			if p, err := b.SignIn("ada", "wrong"); err != nil || p.Status != http.StatusUnauthorized || p.Find("#sign-in") == nil {
				t.Fatalf("wrong password: %v, %v", p, err)
			}
			p, err := b.SignIn("ada", "engine")
			if err != nil {
				t.Fatal(err)
			}
			values := answerOf(t, p)
			if values.Get("state") != "state" || values.Has("iss") {
				t.Errorf("answer is %v", values)
			}
			token, err := config.Exchange(context.Background(), values.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := provider.Verifier(&oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{algorithm}}).
				Verify(context.Background(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Errorf("at_hash: %v", err)
			}
			if id.Subject != "u-1" || id.Nonce != "nonce" {
				t.Errorf("token is for %q with nonce %q", id.Subject, id.Nonce)
			}
			info, err := provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
			if err != nil || info.Subject != "u-1" || info.Email != "ada@example.com" {
				t.Errorf("userinfo: %v, %v", info, err)
			}
			// RFC 6749 §4.1.2: a code works once.
			if _, err := config.Exchange(context.Background(), values.Get("code"), oauth2.VerifierOption(verifier)); err == nil {
				t.Error("a code was taken twice")
			}
		})
	}
}

func TestOIDCAuthorizeRefuses(t *testing.T) {
	o := openOIDC(t, func(options *idptest.OIDCOptions) { options.ResponseIss = true })
	config, _ := party(t, o)
	for _, test := range []struct {
		name, field, value string
		want               string // error code; empty: a page of the provider's own
	}{
		{"unknown client", "client_id", "nobody", ""},
		{"foreign redirect", "redirect_uri", "https://evil.test/", ""},
		{"redirect with a suffix", "redirect_uri", redirect + "/x", ""},
		{"no openid", "scope", "email", "invalid_request"},
		{"token flow", "response_type", "token", "unsupported_response_type"},
		{"plain PKCE", "code_challenge_method", "plain", "invalid_request"},
		{"short challenge", "code_challenge", "short", "invalid_request"},
		{"fragment", "response_mode", "fragment", "invalid_request"},
		{"nobody is there", "prompt", "none", "login_required"},
		{"none and login", "prompt", "none login", "invalid_request"},
		{"odd age", "max_age", "-1", "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u, _ := url.Parse(ask(config))
			query := u.Query()
			query.Set(test.field, test.value)
			u.RawQuery = query.Encode()
			p := get(t, callbacks(t), u.String())
			if test.want == "" {
				if p.Status != http.StatusBadRequest || p.URL.Host != u.Host {
					t.Errorf("answered %d at %s", p.Status, p.URL)
				}
				return
			}
			values := answerOf(t, p)
			if values.Get("error") != test.want || values.Get("state") != "state" || values.Get("iss") != o.Issuer() {
				t.Errorf("answer is %v", values)
			}
		})
	}
	doubled := ask(config) + "&state=other"
	if p := get(t, callbacks(t), doubled); p.Status != http.StatusBadRequest {
		t.Errorf("a doubled parameter: %d", p.Status)
	}
}

func TestOIDCTokenRefuses(t *testing.T) {
	o := openOIDC(t, nil)
	config, _ := party(t, o)
	code := func() string {
		values, err := o.Answer(ask(config), "ada")
		if err != nil {
			t.Fatal(err)
		}
		return values.Get("code")
	}
	for _, test := range []struct {
		name   string
		change func(url.Values)
		want   string
	}{
		{"nothing wrong", func(url.Values) {}, ""},
		{"wrong secret", func(f url.Values) { f.Set("client_secret", "x") }, "invalid_client"},
		{"no secret", func(f url.Values) { f.Del("client_secret") }, "invalid_client"},
		{"code of another client", func(f url.Values) { f.Set("client_id", "public"); f.Del("client_secret") }, "invalid_grant"},
		{"unknown code", func(f url.Values) { f.Set("code", "x") }, "invalid_grant"},
		{"other redirect", func(f url.Values) { f.Set("redirect_uri", "x") }, "invalid_grant"},
		{"no verifier", func(f url.Values) { f.Del("code_verifier") }, "invalid_grant"},
		{"other verifier", func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, "invalid_grant"},
		{"other grant", func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
	} {
		form := url.Values{
			"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {secret},
			"code": {code()}, "redirect_uri": {redirect}, "code_verifier": {verifier},
		}
		test.change(form)
		response, err := http.PostForm(o.Issuer()+"/token", form)
		if err != nil {
			t.Fatal(err)
		}
		var body struct{ Error string }
		json.NewDecoder(response.Body).Decode(&body)
		response.Body.Close()
		if body.Error != test.want {
			t.Errorf("%s: %d %q, want %q", test.name, response.StatusCode, body.Error, test.want)
		}
	}
	public := *config
	public.ClientID, public.ClientSecret = "public", ""
	if values, err := o.Answer(public.AuthCodeURL("state"), "ada"); err != nil || values.Get("error") != "invalid_request" {
		t.Errorf("a public client without PKCE: %v, %v", values, err)
	}
}

func TestOIDCSession(t *testing.T) {
	o := openOIDC(t, func(options *idptest.OIDCOptions) { options.SessionCookie = "oidc_session" })
	config, _ := party(t, o)
	b := callbacks(t)
	p := get(t, b, ask(config, oauth2.SetAuthURLParam("login_hint", "ada@example.com"), oauth2.SetAuthURLParam("response_mode", "form_post")))
	form, err := p.Form("#login")
	if err != nil || form.Fields.Get("username") != "ada" || form.Fields.Get("password") != "" {
		t.Fatalf("login_hint: %v, %v", form, err)
	}
	if p, err = b.SignIn("ada", "engine"); err != nil || p.URL.Hostname() != "127.0.0.1" {
		t.Fatalf("form_post went to %v, %v", p, err)
	}
	if p, err = b.AutoSubmit(); err != nil || answerOf(t, p).Get("code") == "" || p.URL.RawQuery != "" {
		t.Fatalf("form_post: %v, %v", p, err)
	}
	if answerOf(t, get(t, b, ask(config, oauth2.SetAuthURLParam("prompt", "none")))).Get("code") == "" {
		t.Error("prompt=none has no answer from somebody who is signed in")
	}
	if p := get(t, b, ask(config, oauth2.SetAuthURLParam("prompt", "login"))); p.Find("#sign-in") == nil {
		t.Error("prompt=login doesn't ask")
	}
	if p := get(t, b, ask(config, oauth2.SetAuthURLParam("max_age", "3600"))); answerOf(t, p).Get("code") == "" {
		t.Error("max_age asks too early")
	}
	out := get(t, b, o.Issuer()+"/end_session?"+url.Values{
		"client_id": {clientID}, "post_logout_redirect_uri": {redirect}, "state": {"bye"},
	}.Encode())
	if answerOf(t, out).Get("state") != "bye" {
		t.Errorf("end_session went to %s", out.URL)
	}
	if answerOf(t, get(t, b, ask(config, oauth2.SetAuthURLParam("prompt", "none")))).Get("error") != "login_required" {
		t.Error("prompt=none after the sign-out")
	}
	if p := get(t, b, o.Issuer()+"/end_session?client_id=bridge&post_logout_redirect_uri=http://evil.test/"); p.URL.Hostname() != "127.0.0.1" {
		t.Errorf("end_session is an open redirect to %s", p.URL)
	}
}

// claimsOf decodes a token's header and claims without verifying anything.
func claimsOf(t *testing.T, token string) (header, claims map[string]any, payload string) {
	t.Helper()
	parts := strings.Split(token, ".")
	var raw [2][]byte
	for i := range raw {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(parts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(raw[0], &header); err != nil {
		t.Fatal(err)
	}
	json.NewDecoder(strings.NewReader(string(raw[1]))).Decode(&claims)
	return header, claims, string(raw[1])
}

// idToken signs somebody in and gives the ID token as it came.
func idToken(t *testing.T, o *idptest.OIDC) string {
	t.Helper()
	config, _ := party(t, o)
	values, err := o.Answer(ask(config), "ada")
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(context.Background(), values.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	return raw
}

func TestOIDCGroups(t *testing.T) {
	for _, test := range []struct {
		shape idptest.GroupsShape
		want  string
	}{
		{idptest.GroupsArray, `"groups":["dev","ops"]`},
		{idptest.GroupsString, `"groups":["dev","ops"]`},
		{idptest.GroupsSeparated, `"groups":"dev,ops"`},
		{idptest.GroupsNested, `"realm_access":{"roles":["dev","ops"]}`},
		{idptest.GroupsUserInfo, ""},
	} {
		o := openOIDC(t, func(options *idptest.OIDCOptions) { options.GroupsShape = test.shape })
		_, _, payload := claimsOf(t, idToken(t, o))
		if !strings.Contains(payload, test.want) || (test.want == "" && strings.Contains(payload, "ops")) {
			t.Errorf("%s: %s", test.shape, payload)
		}
	}
}

// TestOIDCLies: each lie is in the answer, and an answer after it is true again.
func TestOIDCLies(t *testing.T) {
	o := openOIDC(t, nil)
	truth := idToken(t, o)
	is := func(name string, want any) func(*testing.T, string) {
		return func(t *testing.T, token string) {
			if _, claims, _ := claimsOf(t, token); claims[name] != want {
				t.Errorf("%s is %v", name, claims[name])
			}
		}
	}
	heads := func(name string, want any) func(*testing.T, string) {
		return func(t *testing.T, token string) {
			if header, _, _ := claimsOf(t, token); (want == nil && header[name] == nil) || (want != nil && header[name] != want) {
				t.Errorf("header's %s is %v", name, header[name])
			}
		}
	}
	holds := func(text string) func(*testing.T, string) {
		return func(t *testing.T, token string) {
			if _, _, payload := claimsOf(t, token); !strings.Contains(payload, text) {
				t.Errorf("no %q in %.300s", text, payload)
			}
		}
	}
	later := func(name string, least, most time.Duration) func(*testing.T, string) {
		return func(t *testing.T, token string) {
			_, claims, _ := claimsOf(t, token)
			at, _ := claims[name].(float64)
			if d := time.Until(time.Unix(int64(at), 0)); d < least || d > most {
				t.Errorf("%s is %v from now", name, d)
			}
		}
	}
	differs := func(t *testing.T, token string) {
		if token == truth {
			t.Error("the same token as before")
		}
	}
	for lie, check := range map[idptest.Lie]func(*testing.T, string){
		idptest.WrongAudience: is("aud", "another-client"), idptest.WrongIssuer: is("iss", "https://other-provider.example"),
		idptest.MissingSub: is("sub", nil), idptest.EmptySub: is("sub", ""), idptest.NullSub: holds(`"sub":null`),
		idptest.NumericSub: is("sub", 12345.0), idptest.MissingExp: is("exp", nil), idptest.MissingIat: is("iat", nil),
		idptest.MissingAud: is("aud", nil), idptest.NoNonce: is("nonce", nil), idptest.EmailUnverified: is("email_verified", false),
		idptest.OtherParty: is("azp", "another-client"), idptest.ExtraAudience: holds(`"aud":["bridge","another-client"]`),
		idptest.AlgNone: heads("alg", "none"), idptest.HMACWithPublicKey: heads("alg", "HS256"),
		idptest.JWKHeader: heads("jwk", nil), idptest.JKUHeader: heads("jku", o.Issuer()+"/stranger-jwks"),
		idptest.X5CHeader: heads("x5c", nil), idptest.UnknownKid: heads("kid", o.Stranger().Kid),
		idptest.LogoutToken: heads("typ", "logout+jwt"), idptest.AccessTokenTyp: heads("typ", "at+jwt"),
		idptest.FoldedClaim: holds(`"ſub":"` + idptest.Intruder), idptest.CaseVariantClaim: is("Sub", idptest.Intruder),
		idptest.DuplicateClaim: holds(`{"sub":"` + idptest.Intruder), idptest.TrailingData: holds(`}{"sub"`),
		idptest.InvalidUTF8: holds("\xff\xfe"), idptest.HugeToken: holds(strings.Repeat("x", 64<<10)),
		idptest.GroupOverage: holds(`"_claim_names":{"groups"`), idptest.GroupsAsObject: holds(`"groups":{`),
		idptest.GroupsAsNumbers: holds(`"groups":[1,2]`), idptest.TenantMismatch: is("hd", "evil.example"),
		idptest.Expired:      later("exp", -61*time.Minute, -59*time.Minute),
		idptest.NotYetValid:  later("nbf", 59*time.Minute, 61*time.Minute),
		idptest.EndlessToken: later("exp", 9*365*24*time.Hour, 11*366*24*time.Hour),
		idptest.WrongNonce:   differs, idptest.BadAtHash: differs, idptest.StrangerKey: differs, idptest.BadSignature: differs,
		idptest.ReplayedAnswer: func(t *testing.T, token string) {
			if token != truth {
				t.Error("another token than before")
			}
		},
	} {
		t.Run(string(lie), func(t *testing.T) {
			o.Lie(lie)
			defer o.Lie()
			check(t, idToken(t, o))
		})
	}
	_, claims, _ := claimsOf(t, idToken(t, o))
	if claims["sub"] != "u-1" || claims["nonce"] != "nonce" {
		t.Errorf("not true again: %v", claims)
	}
}

// TestOIDCForgedSignatures: what must not verify doesn't.
func TestOIDCForgedSignatures(t *testing.T) {
	o := openOIDC(t, nil)
	_, provider := party(t, o)
	check := provider.Verifier(&oidc.Config{ClientID: clientID})
	for _, lie := range []idptest.Lie{
		idptest.StrangerKey, idptest.BadSignature, idptest.UnknownKid, idptest.AlgNone, idptest.HMACWithPublicKey,
		idptest.JWKHeader, idptest.JKUHeader, idptest.X5CHeader,
	} {
		o.Lie(lie)
		if _, err := check.Verify(context.Background(), idToken(t, o)); err == nil {
			t.Errorf("%s verifies", lie)
		}
	}
	o.Lie()
	token := o.Sign(nil, o.IDTokenClaims(people[0], clientID, "n"))
	if _, err := check.Verify(context.Background(), token); err != nil {
		t.Errorf("a minted token: %v", err)
	}
	if err := o.RotateKey(); err != nil {
		t.Fatal(err)
	}
	if _, err := check.Verify(context.Background(), token); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
	o.RemoveOldKeys()
	fresh := oidc.NewVerifier(o.Issuer(), oidc.NewRemoteKeySet(context.Background(), o.Issuer()+"/jwks"), &oidc.Config{ClientID: clientID})
	if _, err := fresh.Verify(context.Background(), token); err == nil {
		t.Error("a removed key still verifies")
	}
}

func TestOIDCWireLies(t *testing.T) {
	o := openOIDC(t, func(options *idptest.OIDCOptions) { options.ResponseIss = true })
	config, provider := party(t, o)
	for lie, wrong := range map[idptest.Lie]func(url.Values) bool{
		idptest.IssuerMixUp:  func(v url.Values) bool { return v.Get("iss") != o.Issuer() && v.Has("iss") },
		idptest.MissingIss:   func(v url.Values) bool { return !v.Has("iss") },
		idptest.WrongState:   func(v url.Values) bool { return v.Get("state") != "state" },
		idptest.CodeAndError: func(v url.Values) bool { return v.Has("code") && v.Has("error") },
		idptest.ErrorAnswer: func(v url.Values) bool {
			return v.Get("error") == "access_denied" && strings.Contains(v.Get("error_description"), idptest.Canary)
		},
	} {
		o.Lie(lie)
		values, err := o.Answer(ask(config), "ada")
		if err != nil || !wrong(values) {
			t.Errorf("%s: %v, %v", lie, values, err)
		}
	}
	o.Lie(idptest.IgnorePKCE, idptest.OtherSubjectAtUserInfo)
	values, _ := o.Answer(ask(config), "ada")
	token, err := config.Exchange(context.Background(), values.Get("code"))
	if err != nil {
		t.Fatalf("IgnorePKCE: %v", err)
	}
	info, err := provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != idptest.Intruder {
		t.Errorf("OtherSubjectAtUserInfo: %v, %v", info, err)
	}
	o.Lie(idptest.DiscoveryIssuer)
	if _, err := oidc.NewProvider(context.Background(), o.Issuer()); err == nil {
		t.Error("DiscoveryIssuer is not in the document")
	}
}

func TestFaults(t *testing.T) {
	o := openOIDC(t, nil)
	fetch := func(path string) (int, string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, o.Issuer()+path, nil)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return response.StatusCode, string(body), err
	}
	for fault, as := range map[idptest.Fault]func(int, string, error) bool{
		idptest.FaultHang: func(status int, _ string, err error) bool { return err != nil && status == 0 },
		idptest.FaultSlow: func(status int, _ string, err error) bool { return err != nil && status == 200 },
		idptest.FaultCut:  func(_ int, _ string, err error) bool { return err != nil },
		idptest.FaultError: func(status int, body string, _ error) bool {
			return status == 500 && strings.Contains(body, idptest.Canary)
		},
		idptest.FaultRedirect: func(status int, body string, _ error) bool {
			return status == 200 && strings.Contains(body, "keys") && o.Fetches("/elsewhere/jwks") == 1
		},
		idptest.FaultHuge:    func(_ int, body string, _ error) bool { return len(body) == 1<<20 },
		idptest.FaultEmpty:   func(status int, body string, err error) bool { return status == 200 && body == "" && err == nil },
		idptest.FaultGarbage: func(status int, body string, _ error) bool { return status == 200 && strings.HasPrefix(body, "<") },
	} {
		before := o.Fetches("/jwks")
		o.SetFault("/jwks", fault)
		if status, body, err := fetch("/jwks"); !as(status, body, err) {
			t.Errorf("%s: %d, %d bytes, %v", fault, status, len(body), err)
		}
		if o.Fetches("/jwks") != before+1 {
			t.Errorf("%s: not counted", fault)
		}
		if status, _, err := fetch("/.well-known/openid-configuration"); status != 200 || err != nil {
			t.Errorf("%s reaches other paths: %d, %v", fault, status, err)
		}
		o.SetFault("/jwks", idptest.FaultNone)
	}
	if status, body, err := fetch("/jwks"); status != 200 || !strings.Contains(body, `"keys"`) || err != nil {
		t.Errorf("afterwards: %d, %v", status, err)
	}
	o.SetFault("*", idptest.FaultError)
	if status, _, _ := fetch("/.well-known/openid-configuration"); status != 500 {
		t.Errorf("a fault everywhere: %d", status)
	}
}

func TestOIDCPagesAreStrict(t *testing.T) {
	o := openOIDC(t, func(options *idptest.OIDCOptions) { options.ShowPeople = true })
	config, _ := party(t, o)
	b := callbacks(t)
	p := get(t, b, ask(config))
	policy := p.Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || p.Find("style") != nil {
		t.Errorf("policy is %q", policy)
	}
	if !strings.Contains(p.Text(), "Many roles") || !strings.Contains(p.Text(), "engine") {
		t.Errorf("the demo's people aren't listed: %s", p.Text())
	}
	for _, link := range p.FindAll("link") {
		for _, a := range link.Attr {
			if a.Key == "href" && !strings.HasPrefix(a.Val, "data:") {
				asset, err := idptest.NewBrowser().Get(p.URL.ResolveReference(&url.URL{Path: a.Val}).String())
				if err != nil || asset.Status != 200 {
					t.Errorf("asset %s: %v, %v", a.Val, asset, err)
				}
			}
		}
	}
	// A click on a person fills in the form; pressing the button signs in.
	person := slices.IndexFunc(p.Links(), func(l idptest.Link) bool { return strings.Contains(l.Text, "Ada") })
	if _, err := b.Follow(p.Links()[person].Href); err != nil {
		t.Fatal(err)
	}
	done, err := b.Press("#sign-in", nil)
	if err != nil || answerOf(t, done).Get("code") == "" {
		t.Errorf("sign-in by a click on a person: %v, %v", done, err)
	}
}

func TestOIDCChecks(t *testing.T) {
	for name, options := range map[string]idptest.OIDCOptions{
		"no issuer": {}, "ftp": {Issuer: "ftp://x"}, "query": {Issuer: "http://x/?a=b"}, "algorithm": {Issuer: "http://x", Algorithm: "HS256"},
	} {
		if _, err := idptest.NewOIDC(options); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
