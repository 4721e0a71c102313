package ststest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const (
	claimRoles  = "https://aws.amazon.com/roles"
	claimTags   = "https://aws.amazon.com/tags"
	claimSource = "https://aws.amazon.com/source_identity"
	noKey       = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
	noJWT       = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)

func TestTokenRefusals(t *testing.T) {
	w := newWorld(t)
	now := w.now().Unix()
	rsaKey := jose.JSONWebKey{Key: w.issuer.key, KeyID: "k1"}
	good := w.token()
	part := strings.Split(good, ".")
	token := func(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }
	for name, c := range map[string]struct {
		token string
		want  refusal
	}{
		"access token":      {"ya29.a0AfH6SMBx", token(noJWT)},
		"two parts":         {part[0] + "." + part[1], token(noJWT)},
		"padding":           {good + "==", token(noJWT)},
		"no payload":        {part[0] + ".e30x." + part[2], token(noJWT)},
		"claims in a list":  {signToken(t, []byte(`[]`), jose.RS256, rsaKey), token(noJWT)},
		"doubled claim":     {signToken(t, []byte(`{"iss":"a","iss":"`+w.issuer.url()+`"}`), jose.RS256, rsaKey), token(noJWT)},
		"HS256":             {signToken(t, w.claims(), jose.HS256, []byte(strings.Repeat("k", 32))), token(noJWT)},
		"PS256":             {signToken(t, w.claims(), jose.PS256, rsaKey), token(noJWT)},
		"none":              {"eyJhbGciOiJub25lIn0." + part[1] + ".e30", token(noJWT)},
		"no kid":            {signToken(t, w.claims(), jose.RS256, w.issuer.key), token(noKey)},
		"other kid":         {signToken(t, w.claims(), jose.RS256, jose.JSONWebKey{Key: w.issuer.key, KeyID: "k2"}), token(noKey)},
		"other algorithm":   {signToken(t, w.claims(), jose.RS512, rsaKey), token(noKey)},
		"other key":         {signToken(t, w.claims(), jose.RS256, jose.JSONWebKey{Key: otherIdP().key, KeyID: "k1"}), token("signature")},
		"EC key, RSA kid":   {signToken(t, w.claims(), jose.ES256, jose.JSONWebKey{Key: ecKey(t), KeyID: "k1"}), token(noKey)},
		"changed payload":   {part[0] + "." + strings.Split(w.token("sub", "admin-1"), ".")[1] + "." + part[2], token("signature")},
		"no iss":            {w.token("iss", nil), token("Missing a required claim: iss")},
		"no sub":            {w.token("sub", nil), token("Missing a required claim: sub")},
		"no aud":            {w.token("aud", nil), token("Missing a required claim: aud")},
		"no exp":            {w.token("exp", nil), token("Missing a required claim: exp")},
		"no iat":            {w.token("iat", nil), token("Missing a required claim: iat")},
		"sub as number":     {w.token("sub", 7), token(noJWT)},
		"short sub":         {w.token("sub", "ada12"), token("6 to 255")},
		"long sub":          {w.token("sub", strings.Repeat("a", 256)), token("6 to 255")},
		"other issuer":      {w.token("iss", "https://other.example.com"), token("No OpenIDConnect provider found in your account for https://other.example.com")},
		"issuer with slash": {w.token("iss", w.issuer.url()+"/"), token("No OpenIDConnect provider found in your account for ")},
		"other audience":    {w.token("aud", "client-2"), token("Incorrect token audience")},
		"two audiences":     {w.token("aud", []string{"client-1", "client-2"}), token("Incorrect token audience")},
		"azp decides":       {w.token("aud", "client-1", "azp", "client-2"), token("Incorrect token audience")},
		"aud as number":     {w.token("aud", 1), token(noJWT)},
		"azp as number":     {w.token("azp", 1), token(noJWT)},
		"fraction":          {signToken(t, []byte(fmt.Sprintf(`{"iss":%q,"sub":"u-7f3c","aud":"client-1","iat":%d,"exp":%d.5}`, w.issuer.url(), now, now+300)), jose.RS256, rsaKey), token("exp is no integer")},
		"exponent":          {signToken(t, []byte(fmt.Sprintf(`{"iss":%q,"sub":"u-7f3c","aud":"client-1","iat":%d,"exp":2e10}`, w.issuer.url(), now)), jose.RS256, rsaKey), token("exp is no integer")},
		"time as text":      {w.token("iat", "now"), token("iat is no integer")},
		"expired":           {w.token("exp", now-301), refusal{400, "ExpiredTokenException", fmt.Sprintf("must be before the expiration date/time %d", now-301)}},
		"nbf to come":       {w.token("nbf", now+400), token("not yet valid")},
		"iat to come":       {w.token("iat", now+400), token("not yet valid")},

		// aws-facts 3.5
		"roles of another type": {w.token(claimRoles, 7), token("The roles claim is not in a supported format")},
		"roles with a number":   {w.token(claimRoles, []any{webRole, 7}), token("The roles claim is not in a supported format")},
		"roles by name":         {w.token(claimRoles, []string{"Web"}), token("The roles claim contains no valid role ARNs")},
		"roles empty":           {w.token(claimRoles, []string{}), token("The roles claim contains no valid role ARNs")},
		"roles wildcard":        {w.token(claimRoles, "arn:aws:iam::*:role/*"), token("The roles claim contains no valid role ARNs")},
		"roles in one string":   {w.token(claimRoles, crossRole+";"+webRole), token("The target role ARN is not present")},
		"roles without ours":    {w.token(claimRoles, []string{crossRole}), token("The target role ARN is not present in the roles claim of the identity token")},
		"roles, other case":     {w.token(claimRoles, strings.Replace(webRole, "Web", "web", 1)), token("The target role ARN is not present")},
		"tags as text":          {w.token(claimTags, "Team=Shop"), token("tags claim")},
		"tag as text":           {w.token(claimTags, map[string]any{"principal_tags": map[string]any{"Team": "Shop"}}), token("tags claim")},
		"tag of two values":     {w.token(claimTags, map[string]any{"principal_tags": map[string]any{"Team": []string{"a", "b"}}}), token("tags claim")},
		"tag of no value":       {w.token(claimTags+"/principal_tags/Team", []string{}), token("tags claim")},
		"transitive as text":    {w.token(claimTags, map[string]any{"transitive_tag_keys": "Team"}), token("tags claim")},
		"transitive, no tag":    {w.token(claimTags+"/transitive_tag_keys", []string{"Team"}), token("transitive tag key must be included")},
		"tag twice":             {w.token(claimTags, map[string]any{"principal_tags": map[string]any{"Team": []string{"a"}}}, claimTags+"/principal_tags/team", "b"), token("Duplicate tag keys")},
		"tag's shape":           {w.token(claimTags+"/principal_tags/Te*am", "a"), token("principalTags.key")},
		"source as list":        {w.token(claimSource, []string{"ada"}), token("Source Identity must match")},
		"source shape":          {w.token(claimSource, "a b"), token("Source Identity must match")},
		"source of AWS":         {w.token(claimSource, "aws:ada"), token("Source Identity must match")},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(w.webForm(c.token)), c.want) })
	}
	if a := w.post(w.webForm("Atza|IwEBIK", "ProviderId", "www.amazon.com")); a.status != 403 || a.code != "IDPRejectedClaim" {
		t.Errorf("opaque token: %d %s", a.status, a.code)
	}
}

func TestTokensAccepted(t *testing.T) {
	w := newWorld(t)
	now := w.now().Unix()
	key := ecKey(t)
	w.issuer.mu.Lock()
	w.issuer.keys = append(w.issuer.keys, jose.JSONWebKey{Key: key.Public(), KeyID: "ec", Use: "sig", Algorithm: "ES256"})
	w.issuer.mu.Unlock()
	for name, token := range map[string]string{
		"usual":                    w.token(),
		"ES256":                    signToken(t, w.claims(), jose.ES256, jose.JSONWebKey{Key: key, KeyID: "ec"}),
		"list of one audience":     w.token("aud", []string{"client-1"}),
		"azp":                      w.token("aud", []string{"other", "another"}, "azp", "client-1"),
		"expired four minutes ago": w.token("exp", now-240),
		"nbf in a moment":          w.token("nbf", now+60),
		"our role":                 w.token(claimRoles, []string{crossRole, webRole}),
		"our role as text":         w.token(claimRoles, webRole),
		"nested tags":              w.token(claimTags, map[string]any{"principal_tags": map[string]any{"Team": []string{"Shop"}}, "transitive_tag_keys": []string{"Team"}}),
		"flattened tags":           w.token(claimTags+"/principal_tags/Team", "Shop", claimTags+"/transitive_tag_keys", []string{"Team"}),
		"source identity":          w.token(claimSource, "ada@example.com"),
	} {
		if a := w.post(w.webForm(token)); a.status != 200 {
			t.Errorf("%s: %d %s: %s", name, a.status, a.code, a.message)
		}
	}
}

// TestDiscovery: what an issuer must publish (aws-facts 3.3).
func TestDiscovery(t *testing.T) {
	var many []jose.JSONWebKey
	for i := range 101 {
		many = append(many, jose.JSONWebKey{Key: issuerKey().Public(), KeyID: fmt.Sprint("k", i), Use: "sig", Algorithm: "RS256"})
	}
	pub := issuerKey().Public()
	for name, c := range map[string]struct {
		change func(*oidcIssuer)
		want   refusal
	}{
		"other issuer":         {func(i *oidcIssuer) { i.discovery["issuer"] = "https://other" }, refusal{400, "InvalidIdentityToken", noKey}},
		"no jwks_uri":          {func(i *oidcIssuer) { i.discovery["jwks_uri"] = nil }, refusal{400, "InvalidIdentityToken", noKey}},
		"jwks_uri not https":   {func(i *oidcIssuer) { i.discovery["jwks_uri"] = "http://192.0.2.1/jwks" }, refusal{400, "InvalidIdentityToken", noKey}},
		"jwks_uri missing":     {func(i *oidcIssuer) { i.discovery["jwks_uri"] = i.url() + "/nothing" }, refusal{400, "InvalidIdentityToken", noKey}},
		"no response types":    {func(i *oidcIssuer) { i.discovery["response_types_supported"] = nil }, refusal{400, "InvalidIdentityToken", noKey}},
		"no subject types":     {func(i *oidcIssuer) { i.discovery["subject_types_supported"] = []string{} }, refusal{400, "InvalidIdentityToken", noKey}},
		"no algorithms":        {func(i *oidcIssuer) { i.discovery["id_token_signing_alg_values_supported"] = nil }, refusal{400, "InvalidIdentityToken", noKey}},
		"too large":            {func(i *oidcIssuer) { i.discovery["x"] = strings.Repeat("x", 1<<20) }, refusal{400, "InvalidIdentityToken", noKey}},
		"no JSON":              {func(i *oidcIssuer) { i.rawKeys = "<html>" }, refusal{400, "InvalidIdentityToken", noKey}},
		"keys of another kind": {func(i *oidcIssuer) { i.rawKeys = `{"keys":{}}` }, refusal{400, "InvalidIdentityToken", noKey}},
		"keys twice":           {func(i *oidcIssuer) { i.keys = append(i.keys, i.keys[0]) }, refusal{400, "InvalidIdentityToken", noKey}},
		"key without use":      {func(i *oidcIssuer) { i.keys = []jose.JSONWebKey{{Key: pub, KeyID: "k1", Algorithm: "RS256"}} }, refusal{400, "InvalidIdentityToken", noKey}},
		"key without alg":      {func(i *oidcIssuer) { i.keys = []jose.JSONWebKey{{Key: pub, KeyID: "k1", Use: "sig"}} }, refusal{400, "InvalidIdentityToken", noKey}},
		"key for encryption": {func(i *oidcIssuer) {
			i.keys = []jose.JSONWebKey{{Key: pub, KeyID: "k1", Use: "enc", Algorithm: "RS256"}}
		}, refusal{400, "InvalidIdentityToken", noKey}},
		"101 keys":     {func(i *oidcIssuer) { i.keys = many }, refusal{400, "InvalidIdentityToken", "too many keys"}},
		"not found":    {func(i *oidcIssuer) { i.status = 404 }, refusal{400, "InvalidIdentityToken", noKey}},
		"redirect":     {func(i *oidcIssuer) { i.status = 302 }, refusal{400, "InvalidIdentityToken", noKey}},
		"server error": {func(i *oidcIssuer) { i.status = 500 }, refusal{400, "IDPCommunicationError", "status 500"}},
		"down":         {func(i *oidcIssuer) { go i.server.CloseClientConnections(); i.server.Listener.Close() }, refusal{400, "IDPCommunicationError", "no answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.issuer.mu.Lock()
			c.change(w.issuer)
			w.issuer.mu.Unlock()
			w.refused(t, w.post(w.webForm(w.token())), c.want)
		})
	}
}

func TestLenientKeysAndSubjects(t *testing.T) {
	w := newWorld(t, func(o *ststest.Options) {
		o.AcceptBareKeys, o.AcceptShortSubjects, o.AcceptRoleList, o.ProviderAsARN = true, true, true, true
	})
	w.issuer.mu.Lock()
	w.issuer.keys = []jose.JSONWebKey{{Key: w.issuer.key.Public(), KeyID: "k1"}}
	w.issuer.mu.Unlock()
	a := w.post(w.webForm(w.token("sub", "ada", claimRoles, crossRole+";"+webRole)))
	contains(t, []byte(a.body), "<Provider>"+w.webPlain+"</Provider>")
}

// TestThumbprint: a certificate that no root vouches for.
func TestThumbprint(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if _, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: target, Issuer: server.URL, ClientIDs: []string{"client-1"}}); err != nil {
		t.Fatal(err)
	}
	w.refused(t, w.post(w.webForm(w.token("iss", server.URL))),
		refusal{400, "InvalidIdentityToken", "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"})
}

// TestKeyCache: keys are kept, an unknown kid looks again, and a withdrawn key ends with the cache.
func TestKeyCache(t *testing.T) {
	w := newWorld(t)
	fetches := func() int {
		w.issuer.mu.Lock()
		defer w.issuer.mu.Unlock()
		return w.issuer.fetches
	}
	for range 3 {
		if a := w.post(w.webForm(w.token())); a.status != 200 {
			t.Fatal(a.message)
		}
	}
	if n := fetches(); n != 2 {
		t.Errorf("%d fetches for three tokens of one key", n)
	}
	key := ecKey(t)
	w.issuer.mu.Lock()
	w.issuer.keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: "ec", Use: "sig", Algorithm: "ES256"}}
	w.issuer.mu.Unlock()
	if a := w.post(w.webForm(signToken(t, w.claims(), jose.ES256, jose.JSONWebKey{Key: key, KeyID: "ec"}))); a.status != 200 {
		t.Errorf("a new key: %s", a.message)
	}
	w.pass(2 * time.Minute)
	w.refused(t, w.post(w.webForm(w.token())), refusal{400, "InvalidIdentityToken", noKey})
}

func TestWebConditions(t *testing.T) {
	w := newWorld(t)
	prefix := strings.TrimPrefix(w.issuer.url(), "http://")
	token := func() string {
		return w.token("aud", []string{"x", "y"}, "azp", "client-1", "amr", []string{"pwd", "mfa"}, claimSource, "ada@example.com")
	}
	for condition, ok := range map[string]bool{
		`{"StringEquals":{"` + prefix + `:aud":"client-1","` + prefix + `:azp":"client-1","` + prefix + `:sub":"u-7f3c"}}`: true,
		`{"ForAnyValue:StringEquals":{"` + prefix + `:oaud":"y"}}`:                                                         true,
		`{"ForAnyValue:StringLike":{"` + prefix + `:amr":"m*"}}`:                                                           true,
		`{"StringLike":{"sts:RoleSessionName":"*@example.com"}}`:                                                           true,
		`{"StringEquals":{"` + prefix + `:email":"ada@example.com"}}`:                                                      false,
		`{"StringEquals":{"` + prefix + `:aud":"x"}}`:                                                                      false,
		`{"StringLike":{"` + prefix + `:sub":"role/*"}}`:                                                                   false,
		`{"Bool":{"sts:RoleAuthorizedByIdp":"true"}}`:                                                                      false, // the token has no roles claim
		`{"BoolIfExists":{"sts:RoleAuthorizedByIdp":"true"}}`:                                                              false, // and what AWS then says isn't known
		`{"StringEquals":{"sts:ExternalId":"x"}}`:                                                                          false,
	} {
		w.role(webRole, `{"Federated":"`+w.webPlain+`"}`, `"sts:*"`, condition)
		if a := w.post(w.webForm(token())); (a.status == 200) != ok {
			t.Errorf("%s: got %d %s", condition, a.status, a.message)
		}
	}
}

// TestRoleAuthorizedByIdp: the key belongs to AssumeRoleWithWebIdentity alone, so tags need a statement of their own.
func TestRoleAuthorizedByIdp(t *testing.T) {
	for name, c := range map[string]struct {
		lenient, tags bool
		status        int
	}{
		"no tags":         {false, false, 200},
		"tags":            {false, true, 403},
		"tags, leniently": {true, true, 200},
	} {
		w := newWorld(t, func(o *ststest.Options) { o.RoleAuthorizedByIdpWithTags = c.lenient })
		w.role(webRole, `{"Federated":"`+w.webPlain+`"}`, `"sts:*"`, `{"Bool":{"sts:RoleAuthorizedByIdp":"true"}}`)
		pairs := []any{claimRoles, []string{webRole}}
		if c.tags {
			pairs = append(pairs, claimTags+"/principal_tags/Team", "Shop")
		}
		if a := w.post(w.webForm(w.token(pairs...))); a.status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, a.status, a.message, c.status)
		}
	}
}

// TestGoogle: a built-in issuer needs no provider; azp is its aud, and the token's aud its oaud (aws-facts 3.1).
func TestGoogle(t *testing.T) {
	issuer := newIssuer(t)
	w := newWorld(t, func(o *ststest.Options) { o.HTTPClient = &http.Client{Transport: redirectTo{issuer.url()}} })
	issuer.discovery["issuer"], issuer.discovery["jwks_uri"] = "https://accounts.google.com", "https://www.googleapis.com/jwks"
	w.role(webRole, `{"Federated":"accounts.google.com"}`, `"sts:AssumeRoleWithWebIdentity"`,
		`{"StringEquals":{"accounts.google.com:aud":"web-client","accounts.google.com:oaud":"server"}}`)
	google := func(aud, azp string) string {
		return w.token("iss", "https://accounts.google.com", "aud", aud, "azp", azp)
	}
	a := w.post(w.webForm(google("server", "web-client")))
	contains(t, []byte(a.body), "<Provider>https://accounts.google.com</Provider>")
	w.refused(t, w.post(w.webForm(google("other", "web-client"))),
		refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"})
	if _, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: target, Issuer: "https://accounts.google.com"}); err == nil {
		t.Error("a provider for a built-in issuer")
	}
}

// redirectTo sends every request to a server on loopback.
type redirectTo struct{ base string }

func (d redirectTo) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(d.base)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, to.Host
	return http.DefaultTransport.RoundTrip(r)
}

func TestWebDenied(t *testing.T) {
	w := newWorld(t)
	w.role("arn:aws:iam::"+target+":role/NoTags", `{"Federated":"`+w.webPlain+`"}`, `"sts:AssumeRoleWithWebIdentity"`, "")
	w.role("arn:aws:iam::"+home+":role/Elsewhere", `{"Federated":"`+w.webPlain+`"}`, `"sts:*"`, "")
	denied := refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	noTags := "arn:aws:iam::" + target + ":role/NoTags"
	for name, c := range map[string]struct {
		form url.Values
		want refusal
	}{
		"no such role":       {w.webForm(w.token(), "RoleArn", "arn:aws:iam::"+target+":role/None"), denied},
		"a role for others":  {w.webForm(w.token(), "RoleArn", crossRole), denied},
		"tags not allowed":   {w.webForm(w.token(claimTags+"/principal_tags/Team", "a"), "RoleArn", noTags), denied},
		"source not allowed": {w.webForm(w.token(claimSource, "ada"), "RoleArn", noTags), denied},
		"provider of another account": {w.webForm(w.token(), "RoleArn", "arn:aws:iam::"+home+":role/Elsewhere"),
			refusal{400, "InvalidIdentityToken", "No OpenIDConnect provider found"}},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(c.form), c.want) })
	}
}

// TestTokenInClaimOrder: a payload with the claims in any order and white space reads the same.
func TestTokenInClaimOrder(t *testing.T) {
	w := newWorld(t)
	pretty, err := json.MarshalIndent(w.claims(), " ", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if a := w.post(w.webForm(signToken(t, pretty, jose.RS256, jose.JSONWebKey{Key: w.issuer.key, KeyID: "k1"}))); a.status != 200 {
		t.Error(a.message)
	}
}
