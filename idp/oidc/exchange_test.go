package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestExchangeFaults: what the token endpoint can answer but tokens.
func TestExchangeFaults(t *testing.T) {
	refuse := func(status int, code string) answer {
		return answer{status: status, body: `{"error":"` + code + `","error_description":"` + canary + `"}`}
	}
	tests := map[string]struct {
		answer answer
		want   bridge.Code
	}{
		"unreachable":          {answer{err: errors.New("connection refused")}, bridge.CodeProviderDown},
		"time-out":             {answer{err: context.DeadlineExceeded}, bridge.CodeProviderDown},
		"500":                  {answer{status: 500, body: canary}, bridge.CodeProviderDown},
		"503 with a code":      {refuse(503, "invalid_client"), bridge.CodeProviderDown},
		"429":                  {answer{status: 429, body: canary}, bridge.CodeProviderDown},
		"redirect":             {answer{status: 307, header: http.Header{"Location": {"https://evil.example/token"}}}, bridge.CodeProviderDown},
		"too long":             {answer{status: 200, body: strings.Repeat(" ", 300<<10)}, bridge.CodeProviderDown},
		"invalid_client":       {refuse(401, "invalid_client"), bridge.CodeProviderConfig},
		"invalid_client, 200":  {refuse(200, "invalid_client"), bridge.CodeProviderConfig},
		"unauthorized_client":  {refuse(400, "unauthorized_client"), bridge.CodeProviderConfig},
		"invalid_grant":        {refuse(400, "invalid_grant"), bridge.CodeAnswerRejected},
		"temporarily":          {refuse(400, "temporarily_unavailable"), bridge.CodeProviderDown},
		"404":                  {answer{status: 404, body: canary}, bridge.CodeProviderConfig},
		"403 page":             {answer{status: 403, body: "<html>" + canary}, bridge.CodeProviderConfig},
		"garbage":              {answer{status: 200, body: "<html>" + canary}, bridge.CodeAnswerMalformed},
		"empty":                {answer{status: 200}, bridge.CodeAnswerMalformed},
		"no access token":      {answer{status: 200, body: `{"id_token":"a.b.c","token_type":"Bearer"}`}, bridge.CodeAnswerMalformed},
		"no id_token":          {answer{status: 200, body: `{"access_token":"x","token_type":"Bearer"}`}, bridge.CodeAnswerMalformed},
		"id_token null":        {answer{status: 200, body: `{"access_token":"x","id_token":null}`}, bridge.CodeAnswerMalformed},
		"id_token empty":       {answer{status: 200, body: `{"access_token":"x","id_token":""}`}, bridge.CodeAnswerMalformed},
		"id_token an object":   {answer{status: 200, body: `{"access_token":"x","id_token":{}}`}, bridge.CodeAnswerMalformed},
		"id_token not a token": {answer{status: 200, body: `{"access_token":"x","id_token":"` + canary + `"}`}, bridge.CodeAnswerRejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			s.idp.fault["/token"] = func() answer { return test.answer }
			id, proof, err := s.finish("")
			wantCode(t, test.want, id, proof, err)
			if n := s.idp.count("/token"); n != 1 {
				t.Errorf("the code was sent %d times", n)
			}
		})
	}
}

// TestClientAuthentication: OpenID Connect Core §9; chosen before, never tried out with the code.
func TestClientAuthentication(t *testing.T) {
	tests := map[string]struct {
		config    func(*oidc.Config)
		announced []string
		basic     bool
		secret    string // in the form
	}{
		"nothing announced":    {basic: true},
		"both announced":       {announced: []string{"client_secret_post", "client_secret_basic"}, basic: true},
		"only post announced":  {announced: []string{"client_secret_post"}, secret: "s3cret"},
		"post configured":      {config: func(c *oidc.Config) { c.TokenEndpointAuth = oidc.AuthPost }, announced: []string{"client_secret_basic"}, secret: "s3cret"},
		"basic configured":     {config: func(c *oidc.Config) { c.TokenEndpointAuth = oidc.AuthBasic }, announced: []string{"client_secret_post"}, basic: true},
		"public: no secret":    {config: func(c *oidc.Config) { c.ClientSecret = "" }},
		"public, all the same": {config: func(c *oidc.Config) { c.ClientSecret = "" }, announced: []string{"client_secret_basic"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			s.idp.discovery = func(d map[string]any) {
				if test.announced != nil {
					d["token_endpoint_auth_methods_supported"] = test.announced
				}
			}
			if _, _, err := s.finish(s.mint(s.claims())); err != nil {
				t.Fatal(err)
			}
			form, header := s.idp.exchanged[0], s.idp.auth[0]
			if (header != "") != test.basic || form.Get("client_secret") != test.secret {
				t.Errorf("header %q, form %v", header, form)
			}
			if !test.basic && form.Get("client_id") != clientID {
				t.Errorf("form %v", form)
			}
		})
	}
}

// TestUserInfo: OpenID Connect Core §5.3, threat O28. The ID token wins, and addresses aren't mixed.
func TestUserInfo(t *testing.T) {
	tests := map[string]struct {
		token func(map[string]any)
		info  string
		want  bridge.Code
		check func(*testing.T, bridge.Identity)
	}{
		"groups at UserInfo": {
			token: func(c map[string]any) { delete(c, "groups") },
			info:  `{"sub":"u-7f3c","groups":["ops"],"department":"eng"}`,
			check: func(t *testing.T, id bridge.Identity) {
				wantGroups("ops")(t, id)
				if !cmp.Equal(id.Claims["department"], []string{"eng"}) {
					t.Errorf("claims %v", id.Claims)
				}
			},
		},
		"the ID token wins":     {info: `{"sub":"u-7f3c","groups":["admin"]}`, check: wantGroups("dev", "ops")},
		"address from UserInfo": {token: noEmail, info: `{"sub":"u-7f3c","email":"x@example.com","email_verified":true}`, check: wantEmail("x@example.com")},
		"a flag alone verifies nothing": {
			token: func(c map[string]any) { delete(c, "email_verified") },
			info:  `{"sub":"u-7f3c","email":"other@example.com","email_verified":true}`, check: wantEmail(""),
		},
		"a flag in the token verifies no other address": {
			token: func(c map[string]any) { delete(c, "email") },
			info:  `{"sub":"u-7f3c","email":"other@example.com"}`, check: wantEmail(""),
		},
		"protocol claims stay out": {
			info: `{"sub":"u-7f3c","acr":"high","amr":["mfa"],"auth_time":1,"tid":"t","hd":"h","azp":"x","aud":"y","iss":"z","exp":1}`,
			check: func(t *testing.T, id bridge.Identity) {
				if id.ACR != "" || id.AMR != nil || !id.AuthTime.IsZero() || id.Claims["tid"] != nil || id.Claims["hd"] != nil || id.Issuer != issuer {
					t.Errorf("%+v", id)
				}
			},
		},
		"another subject":    {info: `{"sub":"u-0000","groups":["admin"]}`, want: bridge.CodeUserInfo},
		"subject missing":    {info: `{"groups":["admin"]}`, want: bridge.CodeUserInfo},
		"subject null":       {info: `{"sub":null}`, want: bridge.CodeUserInfo},
		"subject a list":     {info: `{"sub":["u-7f3c"]}`, want: bridge.CodeUserInfo},
		"subject by case":    {info: `{"sub":"U-7F3C"}`, want: bridge.CodeUserInfo},
		"subject twice":      {info: `{"sub":"u-7f3c","sub":"u-7f3c"}`, want: bridge.CodeClaim},
		"subject look-alike": {info: "{\"sub\":\"u-7f3c\",\"\u017fub\":\"root\"}", want: bridge.CodeClaim},
		"not JSON":           {info: "<html>" + canary, want: bridge.CodeAnswerMalformed},
		"empty":              {info: "", want: bridge.CodeAnswerMalformed},
		"overage":            {info: `{"sub":"u-7f3c","_claim_names":{"groups":"src1"}}`, want: bridge.CodeGroupOverage},
		"groups an object": {
			token: func(c map[string]any) { delete(c, "groups") },
			info:  `{"sub":"u-7f3c","groups":{"admin":true}}`, want: bridge.CodeClaim,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.UserInfo = true })
			claims := s.claims()
			if test.token != nil {
				test.token(claims)
			}
			s.idp.userInfo = test.info
			id, proof, err := s.finish(s.mint(claims))
			if test.want != "" {
				wantCode(t, test.want, id, proof, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			test.check(t, id)
		})
	}
}

func noEmail(c map[string]any) { delete(c, "email"); delete(c, "email_verified") }

func TestUserInfoFaults(t *testing.T) {
	good := `{"sub":"u-7f3c"}`
	tests := map[string]struct {
		answer answer
		token  map[string]any // changes of the token response
		want   bridge.Code
	}{
		"500":          {answer: answer{status: 500}, want: bridge.CodeProviderDown},
		"unreachable":  {answer: answer{err: errors.New("connection refused")}, want: bridge.CodeProviderDown},
		"redirect":     {answer: answer{status: 302}, want: bridge.CodeProviderDown},
		"401":          {answer: answer{status: 401}, want: bridge.CodeProviderConfig},
		"404":          {answer: answer{status: 404, body: good}, want: bridge.CodeProviderConfig},
		"201":          {answer: answer{status: 201, body: good}, want: bridge.CodeProviderConfig},
		"a JWT":        {answer: answer{status: 200, body: "a.b.c", header: http.Header{"Content-Type": {"application/jwt"}}}, want: bridge.CodeProviderConfig},
		"too long":     {answer: answer{status: 200, body: good + strings.Repeat(" ", 300<<10)}, want: bridge.CodeProviderDown},
		"DPoP tokens":  {answer: answer{status: 200, body: good}, token: map[string]any{"token_type": "DPoP"}, want: bridge.CodeProviderConfig},
		"plain bearer": {answer: answer{status: 200, body: good}, token: map[string]any{"token_type": "bearer"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.UserInfo = true })
			token := s.mint(s.claims())
			s.idp.fault["/userinfo"] = func() answer { return test.answer }
			response := map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": token}
			maps.Copy(response, test.token)
			s.idp.fault["/token"] = func() answer { return answer{status: 200, body: string(must(json.Marshal(response)))} }
			id, proof, err := s.finish(token)
			if test.want != "" {
				wantCode(t, test.want, id, proof, err)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestGoogle: only the configured domains' people, and the claim decides, not the parameter (threat O9).
func TestGoogle(t *testing.T) {
	const google = "https://accounts.google.com"
	s := newScene(t, func(c *oidc.Config) { c.Issuer, c.HostedDomains = google, []string{"example.com"} })
	challenge, err := s.provider.Begin(t.Context(), s.login)
	if err != nil || !strings.Contains(challenge.URL, "hd=example.com") {
		t.Fatalf("%v, %s", err, challenge.URL)
	}
	claims := s.claims()
	claims["iss"], claims["hd"] = google, "example.com"
	if _, _, err := s.finish(s.mint(claims)); err != nil {
		t.Fatal(err)
	}
	s.newLogin()
	claims = s.claims()
	claims["iss"], claims["hd"] = "accounts.google.com", "example.com" // go-oidc takes it; the exact issuer is ours to keep
	id, proof, err := s.finish(s.mint(claims))
	wantCode(t, rejected, id, proof, err)
	s.newLogin()
	claims = s.claims()
	claims["iss"] = google // a private account has no hd
	id, proof, err = s.finish(s.mint(claims))
	wantCode(t, bridge.CodeTenant, id, proof, err)
}

// TestTimesMove: a login that began in time and comes back too late is refused, whatever the token says.
func TestTimesMove(t *testing.T) {
	s := newScene(t, nil)
	claims := s.claims()
	claims["exp"] = s.clock.now().Add(time.Hour).Unix()
	token := s.mint(claims)
	s.clock.advance(10 * time.Minute)
	id, proof, err := s.finish(token)
	wantCode(t, bridge.CodeLoginStale, id, proof, err)
}
