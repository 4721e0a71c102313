package oidc_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

const (
	rejected  = bridge.CodeAnswerRejected
	malformed = bridge.CodeAnswerMalformed
)

// TestHostileHeaders: threats O1, O2, O3, O17, O22, O23. None of them makes us ask anybody anything but the key set.
func TestHostileHeaders(t *testing.T) {
	header := func(h string) func(*scene, string) string {
		return func(_ *scene, payload string) string { return sign("RS256", rsaKey(), h, payload) }
	}
	edit := func(change func(string) string) func(*scene, string) string {
		return func(s *scene, payload string) string { return change(s.mintPayload(payload)) }
	}
	part := func(n int, change func(string) string) func(*scene, string) string {
		return edit(func(token string) string {
			parts := strings.Split(token, ".")
			parts[n] = change(parts[n])
			return strings.Join(parts, ".")
		})
	}
	strangerJWK := string(must(json.Marshal(newSigner("evil", rsaKey2()).jwk())))
	tests := map[string]struct {
		token func(s *scene, payload string) string
		want  bridge.Code
	}{
		"alg none":            {func(_ *scene, p string) string { return b64(`{"alg":"none"}`) + "." + b64(p) + "." }, rejected},
		"alg none, signature": {header(`{"alg":"none","kid":"k1"}`), rejected},
		"alg NONE":            {header(`{"alg":"NONE","kid":"k1"}`), rejected},
		"alg missing":         {header(`{"kid":"k1"}`), rejected},
		"alg null":            {header(`{"alg":null,"kid":"k1"}`), rejected},
		"alg a list":          {header(`{"alg":["RS256"],"kid":"k1"}`), rejected},
		"alg in lower case":   {header(`{"alg":"rs256","kid":"k1"}`), rejected},
		"alg not configured":  {func(_ *scene, p string) string { return sign("RS512", rsaKey(), `{"alg":"RS512","kid":"k1"}`, p) }, rejected},
		"alg twice":           {header(`{"alg":"RS256","alg":"RS256","kid":"k1"}`), rejected},
		"alg look-alike":      {header(`{"alg":"RS256","Alg":"none","kid":"k1"}`), rejected},
		"HS256 with the public key": {func(_ *scene, p string) string {
			der := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
			message := b64(`{"alg":"HS256","kid":"k1"}`) + "." + b64(p)
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			mac.Write([]byte(message))
			return message + "." + b64(string(mac.Sum(nil)))
		}, rejected},
		"PS256 under RS256": {func(_ *scene, p string) string { return sign("PS256", rsaKey(), `{"alg":"RS256","kid":"k1"}`, p) }, rejected},

		"signed by a stranger": {func(_ *scene, p string) string { return sign("RS256", rsaKey2(), `{"alg":"RS256","kid":"k1"}`, p) }, rejected},
		"jwk in the header": {func(_ *scene, p string) string {
			return sign("RS256", rsaKey2(), `{"alg":"RS256","kid":"evil","jwk":`+strangerJWK+`}`, p)
		}, rejected},
		"good key, jwk beside it": {header(`{"alg":"RS256","kid":"k1","jwk":{}}`), rejected},
		"jku":                     {header(`{"alg":"RS256","kid":"k1","jku":"https://evil.example/jwks"}`), rejected},
		"x5u of a stranger": {func(_ *scene, p string) string {
			return sign("RS256", rsaKey2(), `{"alg":"RS256","kid":"k1","x5u":"https://evil.example/cert"}`, p)
		}, rejected},
		"crit":            {header(`{"alg":"RS256","kid":"k1","crit":["exp"]}`), rejected},
		"b64":             {header(`{"alg":"RS256","kid":"k1","b64":true}`), rejected},
		"zip":             {header(`{"alg":"RS256","kid":"k1","zip":"DEF"}`), rejected},
		"cty":             {header(`{"alg":"RS256","kid":"k1","cty":"JWT"}`), rejected},
		"typ at+jwt":      {header(`{"alg":"RS256","kid":"k1","typ":"at+jwt"}`), rejected},
		"typ logout+jwt":  {header(`{"alg":"RS256","kid":"k1","typ":"logout+jwt"}`), rejected},
		"typ null":        {header(`{"alg":"RS256","kid":"k1","typ":null}`), rejected},
		"typ empty":       {header(`{"alg":"RS256","kid":"k1","typ":""}`), rejected},
		"kid a path":      {header(`{"alg":"RS256","kid":"../../etc/passwd"}`), rejected},
		"kid SQL":         {header(`{"alg":"RS256","kid":"k1' OR '1'='1"}`), rejected},
		"kid control":     {header(`{"alg":"RS256","kid":"k1\u0000"}`), rejected},
		"kid number":      {header(`{"alg":"RS256","kid":1}`), rejected},
		"kid null":        {header(`{"alg":"RS256","kid":null}`), rejected},
		"kid long":        {header(`{"alg":"RS256","kid":"` + strings.Repeat("k", 257) + `"}`), rejected},
		"kid unknown":     {header(`{"alg":"RS256","kid":"k2"}`), rejected},
		"header a list":   {header(`["RS256"]`), rejected},
		"header trailing": {header(`{"alg":"RS256","kid":"k1"}{}`), rejected},
		"header not JSON": {header(`alg=RS256`), rejected},

		"empty":            {func(*scene, string) string { return " " }, rejected},
		"two parts":        {edit(func(s string) string { return s[:strings.LastIndexByte(s, '.')] }), rejected},
		"four parts":       {edit(func(s string) string { return s + ".x" }), rejected},
		"five parts":       {edit(func(s string) string { return s + ".x.y" }), rejected},
		"JSON form":        {edit(jsonForm), rejected},
		"white space":      {edit(func(s string) string { return " " + s }), rejected},
		"line break":       {part(1, func(s string) string { return s[:8] + "\n" + s[8:] }), rejected},
		"line end":         {edit(func(s string) string { return s + "\r\n" }), rejected},
		"padding":          {part(2, func(s string) string { return s + "==" }), rejected},
		"plain base64":     {part(1, func(s string) string { return "+" + s[1:] }), rejected},
		"no signature":     {part(2, func(string) string { return "" }), rejected},
		"unused bits":      {part(2, unusedBits), rejected},
		"payload changed":  {part(1, func(s string) string { return b64(`{"sub":"root"}`) }), rejected},
		"signature halved": {part(2, func(s string) string { return s[:len(s)/2] }), rejected},
		"64 KB": {func(s *scene, p string) string {
			return s.mintPayload(p[:len(p)-1] + `,"x":"` + strings.Repeat("x", 64<<10) + `"}`)
		}, bridge.CodeAnswerTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			id, proof, err := s.finish(test.token(s, string(must(json.Marshal(s.claims())))))
			wantCode(t, test.want, id, proof, err)
			for path := range s.idp.fetches {
				if path != "/jwks" && path != "/token" && path != "/.well-known/openid-configuration" {
					t.Errorf("%s was asked for", path)
				}
			}
		})
	}
}

// TestRefusedBeforeTheKeys: what the form or the header gives away costs no key set and no signature.
func TestRefusedBeforeTheKeys(t *testing.T) {
	s := newScene(t, nil)
	payload := string(must(json.Marshal(s.claims())))
	for _, token := range []string{
		sign("RS256", rsaKey(), `{"alg":"RS256","kid":"`+strings.Repeat("k", 257)+`"}`, payload),
		sign("RS256", rsaKey(), `{"alg":"RS256","jku":"https://evil.example/jwks"}`, payload),
		b64(`{"alg":"none"}`) + "." + b64(payload) + ".", strings.Repeat("x", 20<<10),
	} {
		if id, _, err := s.finish(token); err == nil || id.Subject != "" {
			t.Errorf("%.40s: %v", token, err)
		}
	}
	if n := s.idp.count("/jwks"); n != 0 {
		t.Errorf("%d fetches of the keys", n)
	}
}

func jsonForm(token string) string {
	p := strings.Split(token, ".")
	return fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, p[1], p[0], p[2])
}

// unusedBits sets one of the four bits that the last character of 256 bytes in base64 leaves over.
func unusedBits(signature string) string {
	last := signature[len(signature)-1]
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		other := signature[:len(signature)-1] + string(c)
		got, _ := base64.RawURLEncoding.DecodeString(other)
		want, _ := base64.RawURLEncoding.DecodeString(signature)
		if byte(c) != last && string(got) == string(want) {
			return other
		}
	}
	panic("no other spelling")
}

// TestHostileClaims: threats O8, O9, O13, O16 to O21, O24, O26, O27. The claim that people must be able to have mended is
// named.
func TestHostileClaims(t *testing.T) {
	set := func(name string, value any) func(*scene, map[string]any) {
		return func(_ *scene, c map[string]any) { c[name] = value }
	}
	drop := func(name string) func(*scene, map[string]any) {
		return func(_ *scene, c map[string]any) { delete(c, name) }
	}
	at := func(name string, d time.Duration) func(*scene, map[string]any) {
		return func(s *scene, c map[string]any) { c[name] = s.clock.now().Add(d).Unix() }
	}
	tests := map[string]struct {
		config func(*oidc.Config)
		change func(*scene, map[string]any)
		want   bridge.Code
		detail string
	}{
		"iss missing":       {change: drop("iss"), want: rejected},
		"iss null":          {change: set("iss", nil), want: rejected},
		"iss a list":        {change: set("iss", []string{issuer}), want: rejected},
		"iss of another":    {change: set("iss", "https://evil.example"), want: rejected},
		"iss with a slash":  {change: set("iss", issuer+"/"), want: rejected},
		"iss in upper case": {change: set("iss", "https://IDP.example"), want: rejected},
		"iss without https": {change: set("iss", "idp.example"), want: rejected},

		"aud missing":         {change: drop("aud"), want: bridge.CodeAudience, detail: clientID},
		"aud null":            {change: set("aud", nil), want: bridge.CodeAudience},
		"aud empty":           {change: set("aud", []string{}), want: bridge.CodeAudience},
		"aud other":           {change: set("aud", "other"), want: bridge.CodeAudience, detail: `"other"`},
		"aud prefix":          {change: set("aud", clientID+"2"), want: bridge.CodeAudience},
		"aud in upper case":   {change: set("aud", "FEDBRIDGE"), want: bridge.CodeAudience},
		"aud a stranger too":  {change: set("aud", []string{clientID, "other"}), want: bridge.CodeAudience},
		"aud a number":        {change: set("aud", 7), want: bridge.CodeClaim, detail: "aud"},
		"aud mixed":           {change: set("aud", []any{clientID, 7}), want: bridge.CodeClaim, detail: "aud"},
		"aud an object":       {change: set("aud", map[string]any{"a": clientID}), want: bridge.CodeClaim, detail: "aud"},
		"aud configured only": {config: func(c *oidc.Config) { c.Audiences = []string{"account"} }, change: set("aud", "account"), want: bridge.CodeAudience},
		"azp other":           {change: set("azp", "other"), want: bridge.CodeAudience, detail: `"other"`},
		"azp empty":           {change: set("azp", ""), want: bridge.CodeAudience},
		"azp a list":          {change: set("azp", []string{clientID}), want: bridge.CodeClaim, detail: "azp"},

		"nonce missing":  {change: drop("nonce"), want: rejected},
		"nonce empty":    {change: set("nonce", ""), want: rejected},
		"nonce other":    {change: set("nonce", "other"), want: rejected},
		"nonce a number": {change: set("nonce", 1), want: rejected},
		"nonce a list":   {change: func(s *scene, c map[string]any) { c["nonce"] = []string{s.login.Nonce} }, want: rejected},
		"events":         {change: set("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}), want: rejected},
		"events null":    {change: set("events", nil), want: rejected},

		"exp missing":        {change: drop("exp"), want: bridge.CodeClaim, detail: "exp"},
		"exp null":           {change: set("exp", nil), want: bridge.CodeClaim, detail: "exp"},
		"exp a text":         {change: set("exp", "2999999999"), want: bridge.CodeClaim, detail: "exp"},
		"exp huge":           {change: set("exp", 1e300), want: bridge.CodeClaim, detail: "exp"},
		"exp exponent":       {change: set("exp", json.RawMessage("3e9")), want: bridge.CodeClaim, detail: "exp"},
		"exp negative":       {change: set("exp", -1), want: bridge.CodeClaim, detail: "exp"},
		"exp zero":           {change: set("exp", 0), want: bridge.CodeClaim, detail: "exp"},
		"exp a list":         {change: set("exp", []int{1}), want: bridge.CodeClaim, detail: "exp"},
		"exp past":           {change: at("exp", -4*time.Minute), want: bridge.CodeClock},
		"exp at the skew":    {change: func(s *scene, c map[string]any) { at("exp", -150*time.Second)(s, c); at("iat", -time.Hour)(s, c) }, want: bridge.CodeClock},
		"exp before iat":     {change: func(s *scene, c map[string]any) { at("exp", 0)(s, c); at("iat", time.Minute)(s, c) }, want: bridge.CodeClock},
		"life of 25 h":       {change: at("exp", 25*time.Hour), want: bridge.CodeClock},
		"life of ten years":  {change: at("exp", 87600*time.Hour), want: bridge.CodeClock},
		"iat missing":        {change: drop("iat"), want: bridge.CodeClaim, detail: "iat"},
		"iat a text":         {change: set("iat", "1"), want: bridge.CodeClaim, detail: "iat"},
		"iat future":         {change: at("iat", 4*time.Minute), want: bridge.CodeClock},
		"iat long ago":       {change: at("iat", -25*time.Hour), want: bridge.CodeClock},
		"nbf future":         {change: at("nbf", 4*time.Minute), want: bridge.CodeClock},
		"nbf a text":         {change: set("nbf", "soon"), want: bridge.CodeClaim, detail: "nbf"},
		"auth_time future":   {change: at("auth_time", time.Hour), want: bridge.CodeClock},
		"auth_time a text":   {change: set("auth_time", "now"), want: bridge.CodeClaim, detail: "auth_time"},
		"auth_time too old":  {config: func(c *oidc.Config) { c.MaxAge = time.Hour }, change: at("auth_time", -2*time.Hour), want: bridge.CodeClaim, detail: "auth_time"},
		"auth_time not sent": {config: func(c *oidc.Config) { c.MaxAge = time.Hour }, change: drop("auth_time"), want: bridge.CodeClaim, detail: "auth_time"},
		"not fresh":          {change: func(s *scene, c map[string]any) { s.login.Fresh = true; at("auth_time", -time.Hour)(s, c) }, want: bridge.CodeClaim, detail: "auth_time"},
		"acr not reached":    {config: func(c *oidc.Config) { c.ACRValues = []string{"urn:mfa"} }, change: set("acr", "urn:pwd"), want: bridge.CodeClaim, detail: "acr"},
		"acr not sent":       {config: func(c *oidc.Config) { c.ACRValues = []string{"urn:mfa"} }, change: drop("acr"), want: bridge.CodeClaim, detail: "acr"},

		"at_hash other":         {change: set("at_hash", halfHash("other")), want: rejected},
		"at_hash null":          {change: set("at_hash", nil), want: rejected},
		"c_hash other":          {change: set("c_hash", halfHash("code-2")), want: rejected},
		"sub missing":           {change: drop("sub"), want: bridge.CodeSubjectMissing},
		"sub null":              {change: set("sub", nil), want: bridge.CodeSubjectMissing},
		"sub empty":             {change: set("sub", ""), want: bridge.CodeSubjectMissing},
		"sub a number":          {change: set("sub", 42), want: bridge.CodeClaim, detail: "sub"},
		"sub a list":            {change: set("sub", []string{"a"}), want: bridge.CodeClaim, detail: "sub"},
		"sub long":              {change: set("sub", strings.Repeat("x", 256)), want: bridge.CodeClaim, detail: "sub"},
		"sub control":           {change: set("sub", "a\x00b"), want: bridge.CodeClaim, detail: "sub"},
		"sub line break":        {change: set("sub", "a\nb"), want: bridge.CodeClaim, detail: "sub"},
		"sub bidi":              {change: set("sub", "a\u202eb"), want: bridge.CodeClaim, detail: "sub"},
		"sub zero width":        {change: set("sub", "a\u200bb"), want: bridge.CodeClaim, detail: "sub"},
		"sub unassigned":        {change: set("sub", "a\u0378b"), want: bridge.CodeClaim, detail: "sub"},
		"email a list":          {change: set("email", []string{"a@b"}), want: bridge.CodeClaim, detail: "email"},
		"email with line break": {change: set("email", "ada@example.com\nBcc: x"), want: bridge.CodeClaim, detail: "email"},

		"look-alike of sub":    {change: set("\u017fub", "root"), want: bridge.CodeClaim, detail: "\u017fub"},
		"Sub":                  {change: set("Sub", "root"), want: bridge.CodeClaim, detail: "Sub"},
		"EMAIL_VERIFIED":       {change: set("EMAIL_VERIFIED", true), want: bridge.CodeClaim},
		"Groups":               {change: set("Groups", []string{"admin"}), want: bridge.CodeClaim, detail: "Groups"},
		"look-alike by Kelvin": {config: mapGroups("link"), change: set("lin\u212a", []string{"admin"}), want: bridge.CodeClaim},
		"look-alike of a mapped claim": {
			config: mapGroups("memberOf"), change: set("memberof", []string{"admin"}), want: bridge.CodeClaim, detail: "memberof",
		},
		"look-alike on the path": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm", "roles"}} },
			change: set("realm", map[string]any{"roles": []string{"dev"}, "Roles": []string{"admin"}}), want: bridge.CodeClaim, detail: "Roles",
		},
		"path through a text": {
			config: func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"realm", "roles"}} },
			change: set("realm", "admin"), want: bridge.CodeClaim, detail: "realm.roles",
		},
		"one name by two ways": {change: func(_ *scene, c map[string]any) {
			c["a.b"], c["a"] = "1", map[string]any{"b": "2"}
		}, want: bridge.CodeClaim, detail: "a.b"},

		"groups an object":       {change: set("groups", map[string]any{"admin": true}), want: bridge.CodeClaim, detail: "groups"},
		"groups of objects":      {change: set("groups", []any{map[string]any{"id": "admin"}}), want: bridge.CodeClaim, detail: "groups"},
		"groups of numbers":      {change: set("groups", []int{1, 2}), want: bridge.CodeClaim, detail: "groups"},
		"groups with a number":   {change: set("groups", []any{"dev", 2}), want: bridge.CodeClaim, detail: "groups"},
		"groups with a null":     {change: set("groups", []any{"dev", nil}), want: bridge.CodeClaim, detail: "groups"},
		"groups a number":        {change: set("groups", 1), want: bridge.CodeClaim, detail: "groups"},
		"groups true":            {change: set("groups", true), want: bridge.CodeClaim, detail: "groups"},
		"groups in lists":        {change: set("groups", []any{[]string{"dev"}}), want: bridge.CodeClaim, detail: "groups"},
		"groups with line break": {change: set("groups", []string{"dev\nadmin"}), want: bridge.CodeClaim, detail: "groups"},
		"Entra overage": {change: func(_ *scene, c map[string]any) {
			delete(c, "groups")
			c["_claim_names"] = map[string]any{"groups": "src1"}
			c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://graph.windows.net/t/users/u/getMemberObjects"}}
		}, want: bridge.CodeGroupOverage},
		"overage without a source":  {change: set("_claim_names", map[string]any{"groups": "src1"}), want: bridge.CodeGroupOverage},
		"overage of a mapped claim": {config: mapGroups("roles"), change: set("_claim_names", map[string]any{"roles": "src1"}), want: bridge.CodeGroupOverage},
		"odd _claim_names":          {change: set("_claim_names", "groups"), want: bridge.CodeClaim, detail: "_claim_names"},
		"hasgroups":                 {change: func(_ *scene, c map[string]any) { delete(c, "groups"); c["hasgroups"] = true }, want: bridge.CodeGroupOverage},

		"hd of another":   {config: hosted, change: set("hd", "evil.example"), want: bridge.CodeTenant},
		"hd missing":      {config: hosted, change: drop("hd"), want: bridge.CodeTenant},
		"hd a list":       {config: hosted, change: set("hd", []string{"example.com"}), want: bridge.CodeTenant},
		"hd a sub-domain": {config: hosted, change: set("hd", "x.example.com"), want: bridge.CodeTenant},
		"tid of another":  {config: tenant, change: set("tid", "t-2"), want: bridge.CodeTenant},
		"tid missing":     {config: tenant, change: drop("tid"), want: bridge.CodeTenant},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			claims := s.claims()
			test.change(s, claims)
			id, proof, err := s.finish(s.mint(claims))
			wantCode(t, test.want, id, proof, err)
			if _, _, detail := bridge.Explain(err); !strings.Contains(detail, test.detail) {
				t.Errorf("people read %q; %q is not in it", detail, test.detail)
			}
		})
	}
}

func mapGroups(name string) func(*oidc.Config) {
	return func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: name} }
}
func hosted(c *oidc.Config) { c.HostedDomains = []string{"example.com"} }
func tenant(c *oidc.Config) { c.Tenants = []string{"t-1"} }

// TestHostileJSON: threats O20, O21, O23, in payloads that no encoder would write.
func TestHostileJSON(t *testing.T) {
	after := func(text string) func(string) string {
		return func(good string) string { return good[:len(good)-1] + "," + text + "}" }
	}
	tests := map[string]struct {
		change func(good string) string
		want   bridge.Code
	}{
		"sub twice":            {after(`"sub":"root"`), bridge.CodeClaim},
		"sub twice by escapes": {after(`"\u0073ub":"root"`), bridge.CodeClaim},
		"unread claim twice":   {after(`"x":1,"x":1`), bridge.CodeClaim},
		"inner twice":          {after(`"x":{"a":1,"a":2}`), bridge.CodeClaim},
		"late twice":           {after(manyMembers(40) + `,"m3":1`), bridge.CodeClaim},
		"trailing object":      {func(g string) string { return g + `{"sub":"root"}` }, malformed},
		"trailing text":        {func(g string) string { return g + "x" }, malformed},
		"trailing NUL":         {func(g string) string { return g + "\x00" }, malformed},
		"BOM":                  {func(g string) string { return "\ufeff" + g }, malformed},
		"invalid UTF-8":        {after("\"x\":\"\xff\""), malformed},
		"overlong UTF-8":       {after("\"x\":\"\xc0\xaf\""), malformed},
		"encoded surrogate":    {after("\"x\":\"\xed\xa0\x80\""), malformed},
		"invalid in a name":    {after("\"\xff\":1"), malformed},
		"invalid after escape": {after("\"x\":\"\\n\xff\""), malformed},
		"lone surrogate":       {after(`"x":"\ud800"`), malformed},
		"low surrogate first":  {after(`"x":"\udc00\ud800"`), malformed},
		"surrogate and text":   {after(`"x":"\ud800a"`), malformed},
		"bad escape":           {after(`"x":"\x41"`), malformed},
		"short escape":         {after(`"x":"\u00"`), malformed},
		"raw control":          {after("\"x\":\"a\tb\""), malformed},
		"single quotes":        {after(`'x':1`), malformed},
		"comment":              {after(`/**/"x":1`), malformed},
		"trailing comma":       {func(g string) string { return g[:len(g)-1] + ",}" }, malformed},
		"leading zero":         {after(`"x":01`), malformed},
		"plus":                 {after(`"x":+1`), malformed},
		"bare point":           {after(`"x":1.`), malformed},
		"NaN":                  {after(`"x":NaN`), malformed},
		"hex":                  {after(`"x":0x1`), malformed},
		"True":                 {after(`"x":True`), malformed},
		"unquoted":             {after(`x:1`), malformed},
		"no colon":             {after(`"x" 1`), malformed},
		"a list":               {func(g string) string { return "[" + g + "]" }, malformed},
		"a text":               {func(g string) string { return `"x"` }, malformed},
		"nothing":              {func(string) string { return " " }, malformed},
		"cut off":              {func(g string) string { return g[:len(g)-1] }, malformed},
		"deep lists":           {after(`"x":` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000)), malformed},
		"deep objects":         {after(`"x":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)), malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			id, proof, err := s.finish(s.mintPayload(test.change(string(must(json.Marshal(s.claims()))))))
			wantCode(t, test.want, id, proof, err)
		})
	}
	t.Run("odd but well-formed", func(t *testing.T) {
		s := newScene(t, nil)
		good := string(must(json.Marshal(s.claims())))
		id, _, err := s.finish(s.mintPayload(" \r\n\t" + after(` "x" : [ "\ud83d\ude00\/\u0041" , -0.5e+3 , true ] `)(good) + "\n"))
		if err != nil || strings.Join(id.Claims["x"], "|") != "\U0001f600/A|-0.5e+3|true" {
			t.Fatalf("%q, %v", id.Claims["x"], err)
		}
	})
}

func manyMembers(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(parts, ",")
}

// TestWrongKeyForAlgorithm: a key signs by the one algorithm that its type, curve and alg say (threats O1, O4).
func TestWrongKeyForAlgorithm(t *testing.T) {
	tests := map[string]struct {
		key     func() *signer
		alg     string
		private crypto.Signer
	}{
		"ES384 by a P-256 key":       {func() *signer { return newSigner("k1", p256()) }, "ES384", p256()},
		"ES256 by a P-384 key":       {func() *signer { return newSigner("k1", p384()) }, "ES256", p384()},
		"RS256 by a key for PS256":   {func() *signer { k := newSigner("k1", rsaKey()); k.alg = "PS256"; return k }, "RS256", rsaKey()},
		"RS512 by a key for RS256":   {func() *signer { k := newSigner("k1", rsaKey()); k.alg = "RS256"; return k }, "RS512", rsaKey()},
		"EdDSA header, RSA key":      {func() *signer { return newSigner("k1", rsaKey()) }, "EdDSA", ed25519Key()},
		"a key without a kid, asked": {func() *signer { return newSigner("", rsaKey()) }, "RS256", rsaKey()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) {
				c.Algorithms = []string{"RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"}
			})
			s.idp.keys = []*signer{test.key()}
			payload := string(must(json.Marshal(s.claims())))
			id, proof, err := s.finish(sign(test.alg, test.private, `{"alg":"`+test.alg+`","kid":"k1"}`, payload))
			wantCode(t, rejected, id, proof, err)
		})
	}
}
