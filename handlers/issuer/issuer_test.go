package issuer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/issuer"
)

type fixed mint.Documents

func (f *fixed) Documents() mint.Documents { return mint.Documents(*f) }

func some() *fixed {
	return &fixed{Discovery: []byte(`{"issuer":"x"}` + "\n"), JWKS: []byte(`{"keys":[1]}`), Metadata: []byte("<EntityDescriptor/>")}
}

// serve starts a site with the door alone.
func serve(t *testing.T, issuerURL string, source issuer.Source) *httptest.Server {
	t.Helper()
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	door, err := issuer.New(issuer.Options{Site: site, Issuer: issuerURL, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site.Handler(door))
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	a, err := http.DefaultTransport.RoundTrip(r) // follows nothing
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(body)
}

// What is sent is what the source gave, byte for byte, cacheable, without a cookie; below the issuer's path and nowhere
// else.
func TestDocuments(t *testing.T) {
	for _, prefix := range []string{"", "/sso", "/a/b-c"} {
		t.Run("path "+prefix, func(t *testing.T) {
			server := serve(t, "https://id.example.com"+prefix, some())
			for path, want := range map[string]struct{ kind, body string }{
				"/.well-known/openid-configuration": {"application/json", string(some().Discovery)},
				"/jwks":                             {"application/json", string(some().JWKS)},
				"/saml/metadata":                    {"application/samlmetadata+xml", string(some().Metadata)},
			} {
				a, body := ask(t, "GET", server.URL+prefix+path)
				if a.StatusCode != 200 || body != want.body || a.Header.Get("Content-Type") != want.kind {
					t.Errorf("GET %s: %d %s %q", path, a.StatusCode, a.Header.Get("Content-Type"), body)
				}
				if got := a.Header.Get("Cache-Control"); got != "public, max-age=300" || len(a.Cookies()) != 0 {
					t.Errorf("GET %s: Cache-Control %q, cookies %v", path, got, a.Cookies())
				}
				head, empty := ask(t, "HEAD", server.URL+prefix+path)
				if head.StatusCode != 200 || empty != "" || head.ContentLength != a.ContentLength || head.Header.Get("ETag") != a.Header.Get("ETag") {
					t.Errorf("HEAD %s: %d, %d bytes announced, tag %s", path, head.StatusCode, head.ContentLength, head.Header.Get("ETag"))
				}
				if prefix != "" {
					if a, _ := ask(t, "GET", server.URL+path); a.StatusCode != 404 {
						t.Errorf("GET %s without the issuer's path: %d", path, a.StatusCode)
					}
				}
			}
		})
	}
}

func TestNotModified(t *testing.T) {
	source := some()
	server := serve(t, "https://id.example.com", source)
	a, _ := ask(t, "GET", server.URL+"/jwks")
	tag := a.Header.Get("ETag")
	for _, has := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		a, body := ask(t, "GET", server.URL+"/jwks", "If-None-Match", has)
		if a.StatusCode != 304 || body != "" || a.Header.Get("ETag") != tag || a.Header.Get("Cache-Control") == "" {
			t.Errorf("If-None-Match %s: %d %q, tag %s", has, a.StatusCode, body, a.Header.Get("ETag"))
		}
	}
	for _, has := range []string{`"other"`, strings.Trim(tag, `"`), ""} {
		if a, _ := ask(t, "GET", server.URL+"/jwks", "If-None-Match", has); a.StatusCode != 200 {
			t.Errorf("If-None-Match %s: %d", has, a.StatusCode)
		}
	}
	source.JWKS = []byte(`{"keys":[1,2]}`)
	if a, body := ask(t, "GET", server.URL+"/jwks", "If-None-Match", tag); a.StatusCode != 200 || body != `{"keys":[1,2]}` {
		t.Errorf("after a change: %d %q", a.StatusCode, body)
	}
}

func TestMethods(t *testing.T) {
	server := serve(t, "https://id.example.com", some())
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		a, _ := ask(t, method, server.URL+"/jwks", "Accept", "application/json")
		if a.StatusCode != 405 || a.Header.Get("Allow") != "GET, HEAD" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, Allow %q, Cache-Control %q", method, a.StatusCode, a.Header.Get("Allow"), a.Header.Get("Cache-Control"))
		}
	}
}

// What there is not is not cached, and a key set without keys is an outage, not a key set.
func TestNothingToPublish(t *testing.T) {
	source := some()
	source.JWKS, source.Metadata = nil, nil
	server := serve(t, "https://id.example.com", source)
	for path, want := range map[string]struct {
		status int
		code   string
	}{"/jwks": {503, "issuer-no-key"}, "/saml/metadata": {404, "not-found"}, "/jwks/": {404, "not-found"}} {
		a, body := ask(t, "GET", server.URL+path, "Accept", "application/json")
		if a.StatusCode != want.status || !strings.Contains(body, want.code) || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("ETag") != "" {
			t.Errorf("%s: %d %s, Cache-Control %q, tag %q", path, a.StatusCode, body, a.Header.Get("Cache-Control"), a.Header.Get("ETag"))
		}
	}
}

func TestNewRefuses(t *testing.T) {
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []issuer.Options{
		{Site: site, Source: some()}, {Site: site, Source: some(), Issuer: "id.example.com"}, {Site: site, Source: some(), Issuer: "https://id.example.com/"},
		{Site: site, Issuer: "https://id.example.com"}, {Source: some(), Issuer: "https://id.example.com"},
	} {
		if _, err := issuer.New(o); err == nil {
			t.Errorf("%q was taken", o.Issuer)
		}
	}
}
