package idptest

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// jar keeps cookies by RFC 6265bis. net/http/cookiejar stores SameSite but sends the cookie anyway; this one doesn't.
// A cookie without SameSite is treated as Lax, without Chromium's grace of two minutes for young ones, because Firefox
// and Safari have none and nothing may depend on it.
type jar struct{ cookies []stored }

type stored struct {
	http.Cookie
	host     string // of the one who set it
	hostOnly bool
	made     time.Time
}

// store takes what a top-level answer sets (RFC 6265bis §5.7).
func (j *jar) store(from *url.URL, headers []string, now time.Time) {
	for _, header := range headers {
		c, err := http.ParseSetCookie(header)
		if err != nil {
			continue
		}
		s := stored{Cookie: *c, host: strings.ToLower(from.Hostname()), hostOnly: c.Domain == "", made: now}
		s.Domain = strings.ToLower(strings.TrimPrefix(c.Domain, "."))
		if !strings.HasPrefix(s.Path, "/") {
			s.Path = defaultPath(from)
		}
		if !s.admissible(from) || j.shadows(s, from) {
			continue
		}
		if old := slices.IndexFunc(j.cookies, s.same); old >= 0 {
			s.made = j.cookies[old].made
			j.cookies = slices.Delete(j.cookies, old, old+1)
		}
		if s.ends(now).After(now) {
			j.cookies = append(j.cookies, s)
		}
	}
}

// admissible is RFC 6265bis §5.7 steps on Domain, Secure, SameSite and prefixes.
func (s *stored) admissible(from *url.URL) bool {
	if !s.hostOnly {
		suffix, _ := publicsuffix.PublicSuffix(s.Domain)
		if !domainMatch(s.host, s.Domain) || (suffix == s.Domain && s.Domain != s.host) {
			return false
		}
		if s.Domain == suffix { // a host that is itself a public suffix gets a host-only cookie
			s.hostOnly = true
		}
	}
	if s.Secure && !trustworthy(from) {
		return false
	}
	if s.SameSite == http.SameSiteNoneMode && !s.Secure {
		return false
	}
	name := strings.ToLower(s.Name) // prefixes are matched without case (§5.4)
	if strings.HasPrefix(name, "__secure-") && !s.Secure {
		return false
	}
	if strings.HasPrefix(name, "__host-") && (!s.Secure || !s.hostOnly || s.Domain != "" || s.Path != "/") {
		return false
	}
	return true
}

// shadows: a plain-text site can't replace or overlay a Secure cookie (§5.7, "leave secure cookies alone").
func (j *jar) shadows(s stored, from *url.URL) bool {
	return !s.Secure && !trustworthy(from) && slices.ContainsFunc(j.cookies, func(old stored) bool {
		return old.Secure && old.Name == s.Name && (domainMatch(old.host, s.host) || domainMatch(s.host, old.host)) &&
			pathMatch(s.Path, old.Path)
	})
}

func (s *stored) same(old stored) bool {
	return old.Name == s.Name && old.Path == s.Path && old.hostOnly == s.hostOnly && old.scope() == s.scope()
}

// scope is the host or domain that the cookie goes back to.
func (s *stored) scope() string {
	if s.hostOnly {
		return s.host
	}
	return s.Domain
}

// ends is when the cookie is over: Max-Age before Expires; a cookie with neither lasts as long as the browser.
func (s *stored) ends(now time.Time) time.Time {
	switch {
	case s.MaxAge < 0:
		return time.Time{}
	case s.MaxAge > 0:
		return s.made.Add(time.Duration(s.MaxAge) * time.Second)
	case !s.Expires.IsZero():
		return s.Expires
	}
	return now.AddDate(100, 0, 0)
}

// header writes the Cookie header of a top-level navigation (RFC 6265bis §5.8.3).
func (j *jar) header(to *url.URL, sameSite bool, method string, now time.Time) string {
	var out []string
	for _, s := range j.matching(to, now) {
		if s.travels(sameSite, method) {
			out = append(out, s.Name+"="+s.Value)
		}
	}
	return strings.Join(out, "; ")
}

// travels is SameSite (§5.6.7): Strict stays within the site; Lax also comes along when the person goes there by a safe
// method; None always travels.
func (s *stored) travels(sameSite bool, method string) bool {
	switch s.SameSite {
	case http.SameSiteNoneMode:
		return true
	case http.SameSiteStrictMode:
		return sameSite
	}
	return sameSite || method == http.MethodGet || method == http.MethodHead
}

// matching are the cookies for an address, longest path first, then oldest first.
func (j *jar) matching(to *url.URL, now time.Time) []stored {
	host := strings.ToLower(to.Hostname())
	j.cookies = slices.DeleteFunc(j.cookies, func(s stored) bool { return !s.ends(now).After(now) })
	var found []stored
	for _, s := range j.cookies {
		if (s.hostOnly && s.host != host) || (!s.hostOnly && !domainMatch(host, s.Domain)) {
			continue
		}
		if pathMatch(cmp.Or(to.Path, "/"), s.Path) && (!s.Secure || trustworthy(to)) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b stored) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), a.made.Compare(b.made))
	})
	return found
}

func domainMatch(host, domain string) bool {
	return host == domain || (net.ParseIP(host) == nil && strings.HasSuffix(host, "."+domain))
}

func pathMatch(path, cookie string) bool {
	return path == cookie || (strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/'))
}

func defaultPath(u *url.URL) string {
	cut := strings.LastIndexByte(u.Path, '/')
	if cut <= 0 {
		return "/"
	}
	return u.Path[:cut]
}

// Cookies are the cookies that a visit of an address by the person would send, with their attributes.
func (b *Browser) Cookies(address string) []*http.Cookie {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var out []*http.Cookie
	for _, s := range b.jar.matching(u, b.Now()) {
		c := s.Cookie
		out = append(out, &c)
	}
	return out
}

// Cookie finds one cookie of an address; nil if there is none.
func (b *Browser) Cookie(address, name string) *http.Cookie {
	for _, c := range b.Cookies(address) {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// SetCookie sets a cookie as an answer from the address would; the same rules apply.
func (b *Browser) SetCookie(address string, c *http.Cookie) {
	if u, err := url.Parse(address); err == nil {
		b.jar.store(u, []string{c.String()}, b.Now())
	}
}

// ForgetCookies empties the jar.
func (b *Browser) ForgetCookies() { b.jar.cookies = nil }
