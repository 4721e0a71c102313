package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// vault knows every secret that there was, by what it is.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string
}

func (v *vault) add(what, secret string) {
	if len(secret) < keyLength {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets == nil {
		v.secrets = map[string]string{}
	}
	v.secrets[secret] = what
}

func (v *vault) count(what string) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range v.secrets {
		if w == what {
			n++
		}
	}
	return n
}

// keyLength is how much of a secret is looked up at every place of a text; what is shorter is looked for by itself.
const keyLength = 8

// forms are all secrets, as they are and encoded, by their first letters.
func (v *vault) forms() map[string][][2]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string][][2]string{}
	for secret, what := range v.secrets {
		part := middle(secret)
		for _, form := range []string{
			part, url.QueryEscape(part), url.QueryEscape(url.QueryEscape(part)), hex.EncodeToString([]byte(part)),
			base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		} {
			all[form[:keyLength]] = append(all[form[:keyLength]], [2]string{form, what})
		}
	}
	return all
}

// found names the secrets that a text holds; those in except may be there.
func found(forms map[string][][2]string, text string, except ...string) (all []string) {
	allowed := strings.Join(except, "\n")
	for at := 0; at+keyLength <= len(text); at++ {
		for _, f := range forms[text[at:at+keyLength]] {
			if strings.HasPrefix(text[at:], f[0]) && !strings.Contains(allowed, f[0]) {
				all = append(all, fmt.Sprintf("%s, after …%q", f[1], text[max(0, at-60):at]))
			}
		}
	}
	return all
}

// eavesdrop puts itself before the token endpoint, and keeps what is given there.
func eavesdrop(t testing.TB, w *demoWorld, v *vault) {
	t.Helper()
	address := strings.TrimPrefix(w.oidcServer.URL, "http://")
	w.oidcServer.Close()
	server, err := idptest.ServeOn(address, func(string) (http.Handler, error) {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/token" {
				w.oidc.ServeHTTP(rw, r)
				return
			}
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, _ := url.ParseQuery(string(body))
			v.add("a code", form.Get("code"))
			v.add("a PKCE verifier", form.Get("code_verifier"))
			answer := httptest.NewRecorder()
			w.oidc.ServeHTTP(answer, r)
			var tokens map[string]any
			if json.Unmarshal(answer.Body.Bytes(), &tokens) == nil {
				for _, name := range []string{"id_token", "access_token", "refresh_token"} {
					if text, ok := tokens[name].(string); ok {
						v.add("a token", text)
					}
				}
			}
			for name, values := range answer.Header() {
				rw.Header()[name] = values
			}
			rw.WriteHeader(answer.Code)
			rw.Write(answer.Body.Bytes())
		}), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.oidcServer = server
}

// watcher looks at every page of the portal while it is read.
type watcher struct {
	t     *testing.T
	r     *rig
	vault *vault
	pages []watched
}

// watched is an answer of the portal, and what it may hold: the credentials that it was asked for.
type watched struct {
	what, text string
	may        []string
}

var signatureValue = regexp.MustCompile(`<(?:\w+:)?SignatureValue>([^<]+)`)

func (w *watcher) see(p *idptest.Page) {
	for _, hop := range p.Hops {
		w.hop(hop)
	}
	if form, err := p.Form("#answer"); err == nil {
		answer := form.Fields.Get("SAMLResponse")
		w.vault.add("a SAML response", answer)
		text, _ := base64.StdEncoding.DecodeString(answer)
		for _, m := range signatureValue.FindAllSubmatch(text, -1) {
			w.vault.add("a SAML response", string(m[1]))
		}
	}
	if !strings.HasPrefix(p.URL.String(), w.r.url) {
		return
	}
	page := watched{what: p.URL.Path, text: html.UnescapeString(p.Body)}
	if strings.HasSuffix(p.URL.Path, "/credentials") && p.Status == http.StatusOK {
		page.may = w.credentials(p)
	}
	if m := postedResponse.FindStringSubmatch(page.text); m != nil && strings.HasSuffix(p.URL.Path, "/console") && p.Status == http.StatusOK {
		text, _ := base64.StdEncoding.DecodeString(m[1])
		for _, signed := range signatureValue.FindAllSubmatch(text, -1) {
			w.vault.add("a response of our own", string(signed[1]))
		}
		w.vault.add("a response of our own", m[1])
		page.text = strings.Replace(page.text, m[1], "", 1) // once, where it belongs
	}
	w.pages = append(w.pages, page)
}

// hop looks at the headers that the portal sent, and keeps what is secret in them: cookies, and the way to the console.
func (w *watcher) hop(h idptest.Hop) {
	for _, line := range h.Header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && len(c.Value) > 8 {
			w.vault.add("a cookie", c.Value)
		}
	}
	if !strings.HasPrefix(h.URL.String(), w.r.url) {
		return
	}
	headers := h.Header.Clone()
	headers.Del("Set-Cookie")
	if to, err := url.Parse(headers.Get("Location")); err == nil && to.Query().Get("SigninToken") != "" {
		w.vault.add("a sign-in token of the console", to.Query().Get("SigninToken"))
		headers.Del("Location")
	}
	w.pages = append(w.pages, watched{what: "headers of " + h.URL.Path, text: fmt.Sprint(headers)})
}

var postedResponse = regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`)

var shownSecrets = regexp.MustCompile(`<span class="secret">([^<]+)</span>`)

// credentials keeps the secret parts of credentials, from the page or the file.
func (w *watcher) credentials(p *idptest.Page) (own []string) {
	var file processCredentials
	if json.Unmarshal([]byte(p.Body), &file) == nil {
		own = append(own, file.SecretAccessKey, file.SessionToken)
	}
	for _, m := range shownSecrets.FindAllStringSubmatch(p.Body, -1) {
		own = append(own, html.UnescapeString(m[1]))
	}
	for _, secret := range own {
		w.vault.add("credentials", secret)
	}
	return own
}

// visit begins a visit whose every page is looked at.
func (w *watcher) visit() *visit {
	v := newVisit(w.t, w.r.url)
	v.seen = w.see
	return v
}
