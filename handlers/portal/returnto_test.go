package portal_test

import (
	"net/url"
	"strings"
	"testing"
)

var returnTos = map[string]string{
	"/": "/", "": "/", "/whoami": "/whoami", "/whoami?q=x": "/whoami?q=x", "/?q=a+b": "/?q=a+b",
	"/roles/shop-prod/admin":                          "/roles/shop-prod/admin",
	"/roles/shop-prod/admin?region=eu-west-1&to=x":    "/roles/shop-prod/admin?region=eu-west-1&to=x",
	"/roles/shop-prod/admin?to=https://evil.example/": "/roles/shop-prod/admin?to=https%3A%2F%2Fevil.example%2F",
	"https://evil.example/":                           "/",
	"//evil.example/":                                 "/",
	"///evil.example/":                                "/",
	"/\\evil.example/":                                "/",
	"\\\\evil.example/":                               "/",
	"/\t/evil.example/":                               "/",
	"/\n/evil.example/":                               "/",
	"\t//evil.example/":                               "/",
	" //evil.example/":                                "/",
	"/%09/evil.example/":                              "/",
	"/%2f/evil.example/":                              "/",
	"/%5cevil.example/":                               "/",
	"/.//evil.example/":                               "/",
	"/whoami/..//evil.example":                        "/",
	"/whoami//evil.example":                           "/",
	"javascript:alert(1)":                             "/",
	"data:text/html,x":                                "/",
	"http:whoami":                                     "/",
	"whoami":                                          "/",
	"?q=x":                                            "/",
	"#x":                                              "/",
	"/whoami#@evil.example":                           "/whoami",
	"/@evil.example":                                  "/",
	"//user@evil.example/whoami":                      "/",
	"/login":                                          "/",
	"/login/corp":                                     "/",
	"/logout":                                         "/",
	"/roles/shop-prod/admin/console":                  "/",
	"/roles/shop-prod/admin/credentials":              "/",
	"/saml/corp/acs":                                  "/",
	"/oidc/web/callback?code=x":                       "/",
	"/assets/app.css":                                 "/",
	"/whoami?a;b":                                     "/",
	"/whoami?%zz":                                     "/",
	"/whoami/":                                        "/",
	"/whoami\u202e":                                   "/",
	"/roles/shop%2dprod/admin":                        "/",
	"/roles/a%2fb/admin":                              "/",
	"/roles/../whoami":                                "/",
	"/whoami?x=%0d%0aSet-Cookie:%20a=b":               "/whoami?x=%0D%0ASet-Cookie%3A+a%3Db",
	"/whoami?" + strings.Repeat("a", 3000):            "/",
}

func TestReturnTo(t *testing.T) {
	w := newWorld(t)
	for text, want := range returnTos {
		if got := w.portal.ReturnTo(text); got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

// TestReturnToEndToEnd: a sign-in ends on a page of ours, whatever the link said.
func TestReturnToEndToEnd(t *testing.T) {
	w := newWorld(t)
	for text, want := range returnTos {
		b := w.browser()
		state := b.begin(w.web, "?return_to="+url.QueryEscape(text))
		wantRedirect(t, b.answer(w.web, state, "alice"), want)
	}
}

// FuzzReturnTo: whatever goes in, what comes out is a path of ours that a browser resolves to our own host.
func FuzzReturnTo(f *testing.F) {
	for text := range returnTos {
		f.Add(text)
	}
	w := newWorld(f)
	home, _ := url.Parse(base + "/login")
	f.Fuzz(func(t *testing.T, text string) {
		got := w.portal.ReturnTo(text)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\t\r\n ") {
			t.Fatalf("%q leads to %q", text, got)
		}
		to, err := home.Parse(got)
		if err != nil || to.Scheme != "https" || to.Host != "bridge.example.com" || to.User != nil {
			t.Fatalf("%q leads to %v (%v)", text, to, err)
		}
		if path, _, _ := strings.Cut(got, "?"); path != "/" && path != "/whoami" && !strings.HasPrefix(path, "/roles/") {
			t.Fatalf("%q leads to %q, which is no landing", text, got)
		}
		if again := w.portal.ReturnTo(got); again != got {
			t.Fatalf("%q leads to %q, and that to %q", text, got, again)
		}
	})
}
