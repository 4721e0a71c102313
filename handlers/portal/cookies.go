package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Names of our cookies. The prefix __Host- makes browsers demand Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2), so
// that no sibling host can plant one. Over http on localhost Chrome and Firefox keep them, too.
const (
	sessionCookie = "__Host-fedbridge"
	confirmCookie = "__Host-fedbridge-confirm"
	againCookie   = "__Host-fedbridge-again"
	loginPrefix   = "__Host-fedbridge-login-"
)

const (
	// usedUp is the value of a login cookie whose sign-in was taken: it tells an answer that comes twice from a browser
	// that keeps no cookies.
	usedUp = "used"
	// loginCookieAge is longer than idp.LoginLifetime, so that an answer which comes too late finds the cookie and is told
	// so, rather than that cookies are blocked.
	loginCookieAge = time.Hour
	// maxLogins bounds the pending sign-ins of one browser (one a tab).
	maxLogins = 8
)

// loginCookie names the cookie of one attempt by its state, so that several tabs can sign in at once.
func loginCookie(state string) string {
	sum := sha256.Sum256([]byte(state))
	return loginPrefix + hex.EncodeToString(sum[:8])
}

// setCookie sets one of our cookies. crossSite is for what must come along with a provider's POST, from which browsers
// withhold SameSite=Lax (threat W4); it is short-lived and opens nothing but a pending sign-in.
func setCookie(w http.ResponseWriter, name, value string, age time.Duration, crossSite bool) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if crossSite {
		c.SameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, c)
}

func dropCookie(w http.ResponseWriter, name string, crossSite bool) {
	setCookie(w, name, "", -time.Second, crossSite)
}

// cookie gives the value of a cookie that is there exactly once; "" otherwise.
func cookie(r *http.Request, name string) string {
	if all := r.CookiesNamed(name); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// hasOurs tells whether the browser keeps any cookie of ours.
func hasOurs(r *http.Request) bool {
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, sessionCookie) {
			return true
		}
	}
	return false
}

// makeRoom drops the login cookies of earlier attempts when there are too many: all of them, because a cookie doesn't say
// how old it is.
func makeRoom(w http.ResponseWriter, r *http.Request) {
	names := map[string]bool{}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, loginPrefix) {
			names[c.Name] = true
		}
	}
	if len(names) < maxLogins {
		return
	}
	for name := range names {
		dropCookie(w, name, true)
	}
}
