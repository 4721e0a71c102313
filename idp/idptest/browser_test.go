package idptest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// web is a few sites on one loopback server, and a browser that finds them by name.
func web(t *testing.T, routes map[string]http.HandlerFunc) *idptest.Browser {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.HandleFunc(pattern, handler)
	}
	server := httptest.NewServer(mux)
	b := idptest.NewBrowser()
	address := strings.TrimPrefix(server.URL, "http://")
	b.Hosts = map[string]string{}
	for _, host := range []string{"bridge.localhost", "idp.localhost", "www.example.com", "sso.example.com", "evil.test"} {
		b.Hosts[host+":80"] = address
	}
	t.Cleanup(func() { b.Close(); server.Close() })
	return b
}

func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// echo shows what the server saw.
func echo(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	fmt.Fprintf(w, "<p>%s cookie=%q site=%s origin=%s referer=%s form=%s</p>", r.Method, r.Header.Get("Cookie"),
		r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin"), r.Header.Get("Referer"), r.PostForm.Encode())
}

// setAll sets one cookie of each SameSite kind.
func setAll(w http.ResponseWriter, _ *http.Request) {
	for _, c := range []string{
		"strict=1; Path=/; SameSite=Strict", "lax=1; Path=/; SameSite=Lax", "plain=1; Path=/",
		"none=1; Path=/; Secure; SameSite=None", "__Host-lax=1; Path=/; Secure; SameSite=Lax; HttpOnly",
	} {
		w.Header().Add("Set-Cookie", c)
	}
}

func get(t *testing.T, b *idptest.Browser, address string) *idptest.Page {
	t.Helper()
	p, err := b.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBrowserSameSite(t *testing.T) {
	routes := map[string]http.HandlerFunc{
		"bridge.localhost/set": setAll,
		"bridge.localhost/":    echo,
		"bridge.localhost/form": page(
			`<form method="post" action="/acs"><button>go</button></form><a href="/echo">go</a>`),
		"bridge.localhost/see": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo", http.StatusSeeOther) },
		"bridge.localhost/keep": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
		},
		"idp.localhost/form": page(
			`<form method="post" action="http://bridge.localhost/acs"><button>go</button></form><a href="http://bridge.localhost/echo">go</a>`),
		"idp.localhost/see": page(`<form method="post" action="http://bridge.localhost/see"><button>go</button></form>`),
		"idp.localhost/keep": page(
			`<form method="post" action="http://bridge.localhost/keep"><button>go</button></form>`),
	}
	submit := func(b *idptest.Browser) (*idptest.Page, error) { return b.Submit("", nil) }
	click := func(b *idptest.Browser) (*idptest.Page, error) { return b.Click("go") }
	const all = "strict lax plain none __Host-lax"
	for _, test := range []struct {
		name, from string
		act        func(*idptest.Browser) (*idptest.Page, error)
		want       string
	}{
		{"typed", "", nil, all},
		{"own form", "http://bridge.localhost/form", submit, all},
		{"own link", "http://bridge.localhost/form", click, all},
		// The SAML answer: a Lax cookie stays at home, a None one travels.
		{"foreign form", "http://idp.localhost/form", submit, "none"},
		{"foreign link", "http://idp.localhost/form", click, "lax plain none __Host-lax"},
		// After the ACS has answered 303 the browser comes by GET, still sent by the foreign site.
		{"foreign form, then see other", "http://idp.localhost/see", submit, "lax plain none __Host-lax"},
		{"foreign form, then 307", "http://idp.localhost/keep", submit, "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := web(t, routes)
			get(t, b, "http://bridge.localhost/set")
			p := get(t, b, cmpOr(test.from, "http://bridge.localhost/echo"))
			if test.act != nil {
				var err error
				if p, err = test.act(b); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for name := range strings.FieldsSeq(test.want) {
				want = append(want, name+"=1")
			}
			if text := fmt.Sprintf("cookie=%q", strings.Join(want, "; ")); !strings.Contains(p.Text(), text) {
				t.Errorf("the server saw %q, want %s", p.Text(), text)
			}
		})
	}
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func TestBrowserRefusesCookies(t *testing.T) {
	for _, test := range []struct {
		name, site, cookie string
		kept               bool
	}{
		{"plain", "http://evil.test", "a=1", true},
		{"secure on localhost", "http://bridge.localhost", "a=1; Secure", true},
		{"host on localhost", "http://bridge.localhost", "__Host-a=1; Secure; Path=/", true},
		{"domain", "http://www.example.com", "a=1; Domain=example.com", true},
		{"secure over http", "http://evil.test", "a=1; Secure", false},
		{"none without secure", "http://bridge.localhost", "a=1; SameSite=None", false},
		{"host without secure", "http://bridge.localhost", "__Host-a=1; Path=/", false},
		{"host with a path", "http://bridge.localhost", "__Host-a=1; Secure; Path=/x", false},
		{"host with a domain", "http://bridge.localhost", "__Host-a=1; Secure; Path=/; Domain=bridge.localhost", false},
		{"host in lower case", "http://bridge.localhost", "__host-a=1; Path=/", false},
		{"secure prefix", "http://bridge.localhost", "__Secure-a=1", false},
		{"other domain", "http://evil.test", "a=1; Domain=example.com", false},
		{"public suffix", "http://www.example.com", "a=1; Domain=com", false},
		{"other path", "http://evil.test", "a=1; Path=/other", false},
		{"expired", "http://evil.test", "a=1; Max-Age=0", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := web(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Set-Cookie", test.cookie)
			}})
			get(t, b, test.site+"/")
			name, _, _ := strings.Cut(test.cookie, "=")
			if kept := b.Cookie(test.site+"/", name) != nil; kept != test.kept {
				t.Errorf("%s from %s: kept %t", test.cookie, test.site, kept)
			}
		})
	}
}

func TestBrowserCookieScope(t *testing.T) {
	b := web(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "host=1; Path=/; Max-Age=60")
		w.Header().Add("Set-Cookie", "wide=1; Domain=example.com; Path=/")
	}})
	get(t, b, "http://www.example.com/")
	if b.Cookie("http://sso.example.com/", "wide") == nil || b.Cookie("http://sso.example.com/", "host") != nil {
		t.Errorf("sso.example.com is sent %v", b.Cookies("http://sso.example.com/"))
	}
	if b.Cookie("http://www.example.com:8080/", "host") == nil {
		t.Error("ports of one host share cookies")
	}
	b.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	if b.Cookie("http://www.example.com/", "host") != nil {
		t.Error("a cookie outlived its Max-Age")
	}
	b.SetCookie("http://www.example.com/", &http.Cookie{Name: "wide", Domain: "example.com", Path: "/", MaxAge: -1})
	if b.Cookie("http://www.example.com/", "wide") != nil {
		t.Error("a deleted cookie is still there")
	}
}

func TestBrowserHeaders(t *testing.T) {
	link := `<a href="http://www.example.com/echo">go</a><form method="post" action="http://www.example.com/echo"></form>`
	hidden := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Referrer-Policy", "no-referrer")
		io.WriteString(w, `<form method="post" action="/echo"></form>`)
	}
	routes := map[string]http.HandlerFunc{
		"/echo": echo, "idp.localhost/a": page(link), "sso.example.com/a": page(link), "www.example.com/a": page(link),
		"bridge.localhost/a": hidden, "evil.test/a": page(`<form method="post" action="http://bridge.localhost/keep"></form>`),
		"bridge.localhost/keep": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://idp.localhost/echo", http.StatusPermanentRedirect)
		},
	}
	for _, test := range []struct{ name, from, want string }{
		// Sec-Fetch-Site is told to trustworthy places only, so plain http://www.example.com doesn't hear it.
		{"cross-site", "http://idp.localhost/a", "site= origin=http://idp.localhost referer=http://idp.localhost/ "},
		{"same site", "http://sso.example.com/a", "site= origin=http://sso.example.com referer=http://sso.example.com/ "},
		{"same origin", "http://www.example.com/a", "site= origin=http://www.example.com referer=http://www.example.com/a "},
		{"no referrer", "http://bridge.localhost/a", "site=same-origin origin=null referer= "},
		{"redirected through a third", "http://evil.test/a", "site=cross-site origin=null referer=http://evil.test/ "},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := web(t, routes)
			get(t, b, test.from)
			p, err := b.AutoSubmit()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(p.Text(), test.want) {
				t.Errorf("the server saw %q, want %q", p.Text(), test.want)
			}
		})
	}
	b := web(t, routes)
	if p := get(t, b, "http://bridge.localhost/echo"); !strings.Contains(p.Text(), "site=none origin= referer= ") {
		t.Errorf("typed: %q", p.Text())
	}
}

func TestBrowserFormAction(t *testing.T) {
	for _, test := range []struct {
		policy string
		goes   bool
	}{
		{"default-src 'none'", true}, // default-src is no fallback for form-action
		{"form-action 'self' http://idp.localhost", true},
		{"form-action 'self' http:", true},
		{"form-action 'self'", false}, // the first hop is ours, the second isn't
		{"form-action 'none'", false},
		{"form-action 'self' http://idp.localhost:8443", false},
		{"form-action 'self' https://idp.localhost", false},
		{"form-action 'self' http://idp.localhost, form-action 'self'", false},
	} {
		t.Run(test.policy, func(t *testing.T) {
			b := web(t, map[string]http.HandlerFunc{
				"bridge.localhost/": func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Security-Policy", test.policy)
					io.WriteString(w, `<form method="post" action="/go"></form>`)
				},
				"bridge.localhost/go": func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "http://idp.localhost/", http.StatusSeeOther)
				},
				"idp.localhost/": page("there"),
			})
			get(t, b, "http://bridge.localhost/")
			_, err := b.AutoSubmit()
			if (err == nil) != test.goes {
				t.Errorf("error: %v", err)
			}
		})
	}
}

const formPage = `<!doctype html><title>A form</title>
<form id="one" method="post" action="/echo?x=1"><input name="a" value="1"><input type="checkbox" name="b" value="2">
<input type="checkbox" name="c" checked><select name="d"><option value="3">x<option selected>four</select>
<textarea name="e">five</textarea><input name="f" disabled value="no"><button name="how" value="first">One</button>
<button id="second" name="how" value="second" formaction="/echo/other">Two</button></form>
<form id="two"><input name="q"></form><input name="g" value="7" form="one">
<p>Hello, <b>you</b>!</p><script>no</script>`

func TestBrowserForms(t *testing.T) {
	b := web(t, map[string]http.HandlerFunc{"/": page(formPage), "/echo": echo, "/echo/": echo})
	for _, test := range []struct {
		name string
		act  func() (*idptest.Page, error)
		want string
	}{
		{"submit", func() (*idptest.Page, error) { return b.Submit("#one", map[string]string{"a": "new"}) },
			"a=new&c=on&d=four&e=five&g=7&how=first"},
		{"press", func() (*idptest.Page, error) { return b.Press("#second", nil) }, "how=second"},
	} {
		p := get(t, b, "http://evil.test/")
		if p.Title() != "A form" || !strings.Contains(p.Text(), "Hello, you!") || strings.Contains(p.Text(), "no") {
			t.Errorf("text is %q", p.Text())
		}
		after, err := test.act()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(after.Text(), test.want) {
			t.Errorf("%s: %q, want %q", test.name, after.Text(), test.want)
		}
	}
	if p := get(t, b, "http://evil.test/"); p != b.Page() || len(p.Forms()) != 2 {
		t.Error("the page is not the current one, or has lost a form")
	}
	if _, err := b.AutoSubmit(); err == nil {
		t.Error("a page with two forms doesn't post itself")
	}
	if _, err := b.Submit("#three", nil); err == nil {
		t.Error("submitted a form that isn't there")
	}
	if _, err := b.Press("#one", nil); err == nil {
		t.Error("pressed something that is no button")
	}
	got, err := b.Submit("#two", map[string]string{"q": "a b"})
	if err != nil || got.URL.RawQuery != (url.Values{"q": {"a b"}}).Encode() {
		t.Errorf("a form by GET went to %v, %v", got, err)
	}
}

func TestBrowserStaysForDownloads(t *testing.T) {
	b := web(t, map[string]http.HandlerFunc{
		"/": page(`<a href="/file">get</a>`),
		"/file": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", `attachment; filename="credentials"`)
			io.WriteString(w, "secret")
		},
		"/loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) },
	})
	home := get(t, b, "http://evil.test/")
	p, err := b.Click("get")
	if err != nil || p.Body != "secret" || b.Page() != home {
		t.Errorf("download: %v, %v; now at %s", p, err, b.Page().URL)
	}
	if _, err := b.Get("http://evil.test/loop"); err == nil {
		t.Error("followed redirects for ever")
	}
	if _, err := b.Get("javascript:alert(1)"); err == nil {
		t.Error("went to an address that is not of the web")
	}
}
