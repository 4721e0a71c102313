package idptest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// navigation is one trip to another page.
type navigation struct {
	method string
	url    *url.URL
	body   string
	form   bool  // a form is submitted: form-action applies
	from   *Page // who sends the browser there; nil: the person
}

// Hop is one request of a navigation, with its answer.
type Hop struct {
	Method  string
	URL     *url.URL
	Request http.Header // as sent, Cookie included
	Status  int
	Header  http.Header // of the answer
}

// maxHops is where browsers give up following redirects.
const maxHops = 20

// trip is what changes from hop to hop.
type trip struct {
	navigation
	passed   []*url.URL
	policy   string   // Referrer-Policy in force
	referrer *url.URL // what Referer says; nil: nothing
	origin   string   // what Origin says on a POST
}

// navigate follows redirects to a page, and makes it the current one unless it is a download.
func (b *Browser) navigate(nav navigation) (*Page, error) {
	t := trip{navigation: nav, origin: "null"}
	if nav.from != nil {
		t.policy, t.referrer, t.origin = nav.from.referrerPolicy(), nav.from.URL, originOf(nav.from.URL)
	}
	var hops []Hop
	for range maxHops {
		if err := t.allowed(); err != nil {
			return nil, err
		}
		request, response, err := b.hop(&t)
		if err != nil {
			return nil, err
		}
		body, err := readBody(response)
		if err != nil {
			return nil, fmt.Errorf("browser: %s: %w", t.url, err)
		}
		hops = append(hops, Hop{t.method, t.url, request.Header, response.StatusCode, response.Header})
		next, err := t.redirected(response)
		if err != nil {
			return nil, err
		}
		if !next {
			page := &Page{URL: t.url, Status: response.StatusCode, Header: response.Header, Body: body, Hops: hops}
			if !page.stays() {
				b.page = page
			}
			return page, nil
		}
	}
	return nil, fmt.Errorf("browser: more than %d redirects, the last one to %s", maxHops, t.url)
}

// allowed obeys form-action at every hop, as Chromium does (CSP 3 §6.4.2).
func (t *trip) allowed() error {
	if t.url.Scheme != "http" && t.url.Scheme != "https" {
		return fmt.Errorf("browser: %s is not an address of the web", t.url)
	}
	if t.form && t.from != nil && !formActionAllows(t.from, t.url) {
		return fmt.Errorf("browser: the policy of %s forbids its form to go to %s (form-action)", t.from.URL, t.url)
	}
	return nil
}

// hop sends one request.
func (b *Browser) hop(t *trip) (*http.Request, *http.Response, error) {
	t.passed = append(t.passed, t.url)
	request, err := http.NewRequest(t.method, t.url.String(), strings.NewReader(t.body))
	if err != nil {
		return nil, nil, fmt.Errorf("browser: %w", err)
	}
	if t.method == http.MethodGet {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	t.headers(request.Header)
	now := b.Now()
	if cookies := b.jar.header(t.url, t.sameSite(), t.method, now); cookies != "" {
		request.Header.Set("Cookie", cookies)
	}
	response, err := b.transport().RoundTrip(request)
	if err != nil {
		return nil, nil, fmt.Errorf("browser: %s %s: %w", t.method, t.url, err)
	}
	b.jar.store(t.url, response.Header.Values("Set-Cookie"), now)
	return request, response, nil
}

// sameSite is RFC 6265bis §5.2: the site that sends the browser there against the one it goes to. Chromium doesn't
// count the redirects in between.
func (t *trip) sameSite() bool { return t.from == nil || sameSite(t.from.URL, t.url) }

func (t *trip) headers(h http.Header) {
	h.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	h.Set("Accept-Language", "en")
	h.Set("User-Agent", "idptest/1.0")
	if t.method == http.MethodPost {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		h.Set("Origin", t.originHeader())
	}
	// Fetch §4.1: what a hop leaves out of the referrer stays out at the next.
	if t.referrer = refererFor(t.policy, t.referrer, t.url); t.referrer != nil {
		h.Set("Referer", t.referrer.String())
	}
	if trustworthy(t.url) { // Fetch Metadata §3
		h.Set("Sec-Fetch-Site", t.fetchSite())
		h.Set("Sec-Fetch-Mode", "navigate")
		h.Set("Sec-Fetch-Dest", "document")
		h.Set("Sec-Fetch-User", "?1")
	}
}

// originHeader is Fetch §3.2 (append a request Origin header): the referrer policy can hide the origin even from a POST.
func (t *trip) originHeader() string {
	if t.from == nil {
		return "null"
	}
	switch t.policy {
	case "no-referrer":
		return "null"
	case "same-origin":
		if t.origin != originOf(t.url) {
			return "null"
		}
	case "", "strict-origin", "strict-origin-when-cross-origin", "no-referrer-when-downgrade":
		if t.from.URL.Scheme == "https" && t.url.Scheme != "https" {
			return "null"
		}
	}
	return t.origin
}

// fetchSite is Fetch Metadata §2.2: the farthest of all the addresses passed.
func (t *trip) fetchSite() string {
	if t.from == nil {
		return "none"
	}
	value := "same-origin"
	for _, u := range t.passed {
		switch {
		case !sameSite(t.from.URL, u):
			return "cross-site"
		case originOf(t.from.URL) != originOf(u):
			value = "same-site"
		}
	}
	return value
}

// redirected turns to where the answer points (Fetch §4.4).
func (t *trip) redirected(r *http.Response) (bool, error) {
	location := r.Header.Get("Location")
	if !slices.Contains([]int{301, 302, 303, 307, 308}, r.StatusCode) || location == "" {
		return false, nil
	}
	to, err := t.url.Parse(location)
	if err != nil {
		return false, fmt.Errorf("browser: %s redirects to %q: %w", t.url, location, err)
	}
	if policy := lastPolicy(r.Header.Values("Referrer-Policy")); policy != "" {
		t.policy = policy
	}
	if t.method == http.MethodPost && r.StatusCode <= 303 {
		t.method, t.body = http.MethodGet, ""
	}
	// Fetch §4.4: an origin that was carried through a foreign one is not to be believed.
	if originOf(to) != originOf(t.url) && t.origin != originOf(t.url) {
		t.origin = "null"
	}
	t.url = to
	return true, nil
}
