package idptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Browser goes from page to page as a person's browser does, without running scripts. It keeps cookies by the rules of
// RFC 6265bis as Chromium applies them (SameSite, Secure, __Host-), sends Origin, Referer and Sec-Fetch-Site truthfully,
// follows redirects, and obeys the page's form-action. It is for one goroutine.
type Browser struct {
	// RootCAs are trusted for https beside the system's; nil: the system's alone.
	RootCAs *x509.CertPool
	// Hosts maps a host:port of a URL to the address that is dialled, so that several sites can live on loopback.
	// localhost is 127.0.0.1 always.
	Hosts map[string]string
	Now   func() time.Time

	jar    jar
	page   *Page
	client http.RoundTripper
}

// NewBrowser opens a browser without cookies.
func NewBrowser() *Browser { return &Browser{Now: time.Now} }

// Page is the current page; nil at first.
func (b *Browser) Page() *Page { return b.page }

// Get goes to an address as if the person had typed it: no other site asked for it, so every cookie is sent.
func (b *Browser) Get(address string) (*Page, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b.navigate(navigation{method: http.MethodGet, url: u})
}

// Follow goes to an address as a link on the current page does. A relative address is the page's.
func (b *Browser) Follow(href string) (*Page, error) {
	if b.page == nil {
		return nil, errors.New("browser: there is no page to follow a link from")
	}
	u, err := b.page.URL.Parse(href)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b.navigate(navigation{method: http.MethodGet, url: u, from: b.page})
}

// Click follows the link with this text, or the one that the selector finds.
func (b *Browser) Click(textOrSelector string) (*Page, error) {
	if b.page == nil {
		return nil, errors.New("browser: there is no page to click on")
	}
	for _, link := range b.page.Links() {
		if link.Text == textOrSelector {
			return b.Follow(link.Href)
		}
	}
	if node := b.page.Find(textOrSelector); node != nil && node.Data == "a" {
		return b.Follow(attr(node, "href"))
	}
	return nil, fmt.Errorf("browser: %s has no link %q", b.page.URL, textOrSelector)
}

// Post posts a form to an address, as a form on the current page would; with no page, as no site would.
func (b *Browser) Post(address string, form url.Values) (*Page, error) {
	u, err := url.Parse(address)
	if b.page != nil && err == nil {
		u, err = b.page.URL.Parse(address)
	}
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b.navigate(navigation{method: http.MethodPost, url: u, body: form.Encode(), form: true, from: b.page})
}

// Submit fills in the form that the selector finds ("" when the page has one only) and presses its first button.
func (b *Browser) Submit(selector string, fields map[string]string) (*Page, error) {
	if b.page == nil {
		return nil, errors.New("browser: there is no page to submit")
	}
	form, err := b.page.Form(selector)
	if err != nil {
		return nil, err
	}
	return b.send(form, fields)
}

// Press fills in the form of the button that the selector finds and presses it.
func (b *Browser) Press(button string, fields map[string]string) (*Page, error) {
	if b.page == nil {
		return nil, errors.New("browser: there is no page to press on")
	}
	form, err := b.page.pressed(button)
	if err != nil {
		return nil, err
	}
	return b.send(form, fields)
}

// AutoSubmit does what the script of a page does that posts itself. The page must have exactly one form, which posts.
func (b *Browser) AutoSubmit() (*Page, error) {
	if b.page == nil {
		return nil, errors.New("browser: there is no page to submit")
	}
	form, err := b.page.Form("")
	if err != nil {
		return nil, err
	}
	if form.Method != http.MethodPost {
		return nil, fmt.Errorf("browser: the form of %s doesn't post", b.page.URL)
	}
	return b.send(form, nil)
}

// SignIn fills in the login page of a provider of this package.
func (b *Browser) SignIn(username, password string) (*Page, error) {
	return b.Submit("#login", map[string]string{"username": username, "password": password})
}

func (b *Browser) send(form *Form, fields map[string]string) (*Page, error) {
	values := form.Fields
	for name, value := range fields {
		values.Set(name, value)
	}
	nav := navigation{method: form.Method, url: form.Action, form: true, from: b.page}
	if form.Method == http.MethodPost {
		nav.body = values.Encode()
	} else {
		target := *form.Action
		target.RawQuery = values.Encode() // a form by GET replaces the query (HTML §4.10.22.3)
		nav.url = &target
	}
	return b.navigate(nav)
}

// maxPage bounds what is read of a page.
const maxPage = 16 << 20

// transport dials where Hosts says, and never a proxy.
func (b *Browser) transport() http.RoundTripper {
	if b.client != nil {
		return b.client
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	b.client = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: b.RootCAs, MinVersion: tls.VersionTLS12},
		// A browser test that hangs should say where.
		ResponseHeaderTimeout: 30 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if to, ok := b.Hosts[address]; ok {
				address = to
			} else if host, port, err := net.SplitHostPort(address); err == nil && isLocalhost(host) {
				address = net.JoinHostPort("127.0.0.1", port)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
	return b.client
}

func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Close closes idle connections.
func (b *Browser) Close() {
	if t, ok := b.client.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

func readBody(r *http.Response) (string, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = errors.New("the page is larger than 16 MB")
	}
	return string(body), err
}
