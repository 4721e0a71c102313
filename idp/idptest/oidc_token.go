package idptest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// grant is what a code or an access token stands for.
type grant struct {
	client      string
	redirectURI string
	challenge   string
	nonce       string
	scope       []string
	person      Person
	session     session
	expires     time.Time
}

// grants keeps what was issued.
type grants struct {
	sync.Mutex
	codes  map[string]grant
	access map[string]grant
}

func (g *grants) init() { g.codes, g.access = map[string]grant{}, map[string]grant{} }

// issue makes a code, and forgets what has expired.
func (g *grants) issue(what grant, now time.Time) string {
	g.Lock()
	defer g.Unlock()
	for _, kept := range []map[string]grant{g.codes, g.access} {
		for key, old := range kept {
			if now.After(old.expires) {
				delete(kept, key)
			}
		}
	}
	code := random()
	g.codes[code] = what
	return code
}

// redeem takes a code, once (RFC 6749 §4.1.2).
func (g *grants) redeem(code string, now time.Time) (grant, bool) {
	g.Lock()
	defer g.Unlock()
	what, ok := g.codes[code]
	delete(g.codes, code)
	return what, ok && now.Before(what.expires)
}

func (g *grants) allow(what grant) string {
	g.Lock()
	defer g.Unlock()
	token := random()
	g.access[token] = what
	return token
}

func (g *grants) allowed(token string, now time.Time) (grant, bool) {
	g.Lock()
	defer g.Unlock()
	what, ok := g.access[token]
	return what, ok && now.Before(what.expires)
}

// token is the token endpoint (OIDC Core §3.1.3).
func (o *OIDC) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		tokenError(w, http.StatusMethodNotAllowed, "invalid_request", "POST only")
		return
	}
	if err := r.ParseForm(); err != nil {
		tokenError(w, http.StatusBadRequest, "invalid_request", "the body is not a form")
		return
	}
	client, ok := o.authenticateClient(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`) // RFC 6749 §5.2
		tokenError(w, http.StatusUnauthorized, "invalid_client", "unknown client, or wrong secret")
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		tokenError(w, http.StatusBadRequest, "unsupported_grant_type", "authorization_code only")
		return
	}
	what, ok := o.grants.redeem(r.PostForm.Get("code"), o.now())
	if !ok || what.client != client.ID || what.redirectURI != r.PostForm.Get("redirect_uri") {
		tokenError(w, http.StatusBadRequest, "invalid_grant", "the code is unknown, was used, or isn't yours; "+Canary)
		return
	}
	if !o.told()[IgnorePKCE] && !verified(what.challenge, r.PostForm.Get("code_verifier")) {
		tokenError(w, http.StatusBadRequest, "invalid_grant", "code_verifier doesn't fit; "+Canary)
		return
	}
	o.sendTokens(w, what)
}

func (o *OIDC) sendTokens(w http.ResponseWriter, what grant) {
	what.expires = o.now().Add(o.options.TokenLifetime)
	access := o.grants.allow(what)
	response := map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(o.options.TokenLifetime.Seconds()),
		"scope": strings.Join(what.scope, " "),
	}
	if !o.told()[NoIDToken] {
		response["id_token"] = o.idToken(what, access)
	}
	writeJSON(w, http.StatusOK, response)
}

// verified is RFC 7636 §4.6: a verifier is demanded exactly when there was a challenge (RFC 9700 §2.1.1, downgrade).
func verified(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if len(verifier) < 43 || len(verifier) > 128 { // §4.1
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// authenticateClient is RFC 6749 §2.3.1: by header or by form, and not by both.
func (o *OIDC) authenticateClient(r *http.Request) (Client, bool) {
	id, secret, basic := r.BasicAuth()
	method := "client_secret_basic"
	if basic {
		var err1, err2 error
		id, err1 = url.QueryUnescape(id) // the header carries form-urlencoded values
		secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil || r.PostForm.Has("client_secret") {
			return Client{}, false
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
		method = "client_secret_post"
		if secret == "" {
			method = "none"
		}
	}
	client, ok := o.client(id)
	if !ok || !slices.Contains(o.options.ClientAuth, method) {
		return Client{}, false
	}
	return client, subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) == 1
}

func tokenError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// userInfo is OIDC Core §5.3.
func (o *OIDC) userInfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	what, known := o.grants.allowed(token, o.now())
	if !ok || !known {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		tokenError(w, http.StatusUnauthorized, "invalid_token", "unknown or expired")
		return
	}
	claims := o.personClaims(what.person, what.scope, true)
	claims["sub"] = what.person.subject()
	if o.told()[OtherSubjectAtUserInfo] {
		claims["sub"] = Intruder
	}
	writeJSON(w, http.StatusOK, claims)
}

// hintedClient finds the client in an ID token hint, which only serves to choose where to go back to.
func (o *OIDC) hintedClient(token string) (Client, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Client{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Client{}, false
	}
	var claims struct {
		Audience any `json:"aud"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return Client{}, false
	}
	id, _ := claims.Audience.(string)
	return o.client(id)
}
