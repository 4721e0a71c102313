package handlers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
)

// door is routes without a package.
type door struct {
	site   *handlers.Site
	routes []handlers.Route
}

func (d door) Mount(mux *http.ServeMux) { d.site.Mount(mux, d.routes) }

// recorder counts in short lines.
type recorder struct {
	requests []string
	panics   int
}

func (r *recorder) Request(route string, status int, code bridge.Code, _ time.Duration) {
	r.requests = append(r.requests, strings.TrimSpace(fmt.Sprintf("%s %d %s", route, status, code)))
}
func (r *recorder) Panic()          { r.panics++ }
func (r *recorder) SessionCreated() {}

type fixture struct {
	http.Handler
	log      *bytes.Buffer
	recorder *recorder
}

func serve(t *testing.T, routes ...handlers.Route) fixture {
	t.Helper()
	f := fixture{log: &bytes.Buffer{}, recorder: &recorder{}}
	site, err := handlers.New(handlers.Options{
		BaseURL: "https://bridge.example.com", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Log: slog.New(slog.NewJSONHandler(f.log, nil)), Recorder: f.recorder,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Handler = site.Handler(door{site, routes})
	return f
}

func (f fixture) do(method, target string, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a := httptest.NewRecorder()
	f.ServeHTTP(a, r)
	return a
}

func page(text string) handlers.Page {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func failing(err error) handlers.Page {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

// TestStatus walks the catalogue: each code has a status of its own choice, and no status has no code.
func TestStatus(t *testing.T) {
	for _, code := range bridge.Codes() {
		status := handlers.Status(code)
		if status < 400 || status > 599 {
			t.Errorf("%s is %d", code, status)
		}
		if status == http.StatusInternalServerError && code != bridge.CodeInternal {
			t.Errorf("%s has no status in the map", code)
		}
	}
	if handlers.Status("made-up") != http.StatusInternalServerError {
		t.Error("an unknown code is not 500")
	}
}

// TestErrorPages: every code comes out as a page and as JSON, with remedy and id, and without its cause.
func TestErrorPages(t *testing.T) {
	for _, code := range bridge.Codes() {
		f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: failing(bridge.FailWith(code, "the <detail>", errors.New("CANARY")))})
		notice, _ := bridge.NoticeOf(code)
		html := f.do("GET", "/x", "", "Accept", "text/html")
		asJSON := f.do("GET", "/x", "", "Accept", "application/json")
		for _, a := range []*httptest.ResponseRecorder{html, asJSON} {
			if a.Code != handlers.Status(code) || strings.Contains(a.Body.String(), "CANARY") || a.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v %s", code, a.Code, a.Header(), a.Body)
			}
		}
		if !strings.Contains(html.Body.String(), html.Header().Get("X-Request-Id")) || strings.Contains(html.Body.String(), "<detail>") {
			t.Errorf("%s: the page lacks the id, or has markup of the detail", code)
		}
		var got map[string]string
		if err := json.Unmarshal(asJSON.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"code": string(code), "message": notice.Message, "remedy": notice.Remedy, "detail": "the <detail>",
			"request_id": asJSON.Header().Get("X-Request-Id")}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %q", code, key, got[key])
			}
		}
		if log := f.log.String(); strings.Count(log, "CANARY") != 2 || strings.Count(log, "\n") != 2 {
			t.Errorf("%s: not one log line a request with the cause: %s", code, log)
		}
	}
}

func TestPanic(t *testing.T) {
	f := serve(t,
		handlers.Route{Method: "GET", Path: "/early", Page: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Location", "https://signin.example/CANARY")
			panic("CANARY")
		}},
		handlers.Route{Method: "GET", Path: "/late", Page: func(w http.ResponseWriter, _ *http.Request) error {
			io.WriteString(w, "half a page")
			panic("CANARY")
		}},
	)
	a := f.do("GET", "/early", "")
	if a.Code != 500 || !strings.Contains(a.Body.String(), "internal") || strings.Contains(a.Body.String(), "CANARY") || a.Header().Get("Location") != "" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if a := f.do("GET", "/late", ""); a.Body.String() != "half a page" {
		t.Errorf("something was added to a page that was on its way: %s", a.Body)
	}
	if f.recorder.panics != 2 || strings.Count(f.log.String(), `"msg":"panic"`) != 2 || !strings.Contains(f.log.String(), "handlers_test.go") {
		t.Errorf("%d panics counted; log: %s", f.recorder.panics, f.log)
	}
}

func TestRequestID(t *testing.T) {
	f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, handlers.RequestOf(r.Context()).ID)
		return err
	}})
	seen := map[string]bool{}
	for range 100 {
		a := f.do("GET", "/x", "", "X-Request-Id", "chosen-by-the-client")
		id := a.Header().Get("X-Request-Id")
		if id == "chosen-by-the-client" || len(id) < 20 || seen[id] || a.Body.String() != id {
			t.Fatalf("id %q, page %q", id, a.Body)
		}
		seen[id] = true
	}
	if !strings.Contains(f.log.String(), `"request_id"`) || strings.Contains(f.log.String(), "chosen-by") {
		t.Errorf("log: %.300s", f.log)
	}
	viaProxy := func(id string) string {
		r := httptest.NewRequest("GET", "/x", nil)
		r.RemoteAddr = "10.1.2.3:4567"
		r.Header.Set("X-Request-Id", id)
		a := httptest.NewRecorder()
		f.ServeHTTP(a, r)
		return a.Header().Get("X-Request-Id")
	}
	if viaProxy("from-the-proxy.1") != "from-the-proxy.1" {
		t.Error("a trusted proxy's id isn't taken")
	}
	for _, bad := range []string{"short", "with blank in it", "line\u2028break-in-it", strings.Repeat("a", 65), "<script>alert</script>"} {
		if viaProxy(bad) == bad {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestSource: only what trusted proxies added is believed, from the right (threats W15, Z4).
func TestSource(t *testing.T) {
	f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, handlers.RequestOf(r.Context()).Source)
		return err
	}})
	cases := []struct {
		peer string
		xff  []string
		want string
	}{
		{"203.0.113.9:1", nil, "203.0.113.9"},
		{"203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		{"203.0.113.9:1", []string{"10.0.0.1"}, "203.0.113.9"},
		{"10.0.0.1:1", nil, "10.0.0.1"},
		{"10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"6.6.6.6, 198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"6.6.6.6", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"6.6.6.6, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"10.7.7.7, 10.9.9.9"}, "10.7.7.7"},
		{"10.0.0.1:1", []string{"6.6.6.6, unknown"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"6.6.6.6, unknown, 10.9.9.9"}, "10.9.9.9"},
		{"10.0.0.1:1", []string{"198.51.100.1:5555"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"[2001:db8::1]:5555"}, "2001:db8::1"},
		{"10.0.0.1:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"@", []string{"198.51.100.1"}, ""},
	}
	for _, c := range cases {
		r := httptest.NewRequest("GET", "/x", nil)
		r.RemoteAddr = c.peer
		for _, v := range c.xff {
			r.Header.Add("X-Forwarded-For", v)
		}
		r.Header.Set("X-Real-Ip", "6.6.6.6")
		r.Header.Set("Forwarded", "for=6.6.6.6")
		a := httptest.NewRecorder()
		f.ServeHTTP(a, r)
		if a.Body.String() != c.want {
			t.Errorf("%s %q: source is %q, want %q", c.peer, c.xff, a.Body, c.want)
		}
	}
}

func TestBodies(t *testing.T) {
	f := serve(t,
		handlers.Route{Method: "POST", Path: "/form", Page: func(w http.ResponseWriter, r *http.Request) error {
			v, err := handlers.One(r.PostForm, "a")
			if err == nil {
				_, err = io.WriteString(w, "a is "+v)
			}
			return err
		}},
		handlers.Route{Method: "POST", Path: "/answer", Answer: true, Page: page("taken")},
	)
	big := "a=" + strings.Repeat("x", handlers.BodyLimit)
	huge := "a=" + strings.Repeat("x", handlers.AnswerLimit)
	cases := []struct {
		name, path, body string
		headers          []string
		status           int
	}{
		{"good", "/form", "a=1", nil, 200},
		{"empty", "/form", "", nil, 200},
		{"charset", "/form", "a=1", []string{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}, 200},
		{"too large", "/form", big, nil, 413},
		{"large answer", "/answer", big, nil, 200},
		{"too large answer", "/answer", huge, nil, 413},
		{"doubled", "/form", "a=1&a=2", nil, 400},
		{"semicolon", "/form", "a=1;b=2", nil, 400},
		{"broken escape", "/form", "a=%g0", nil, 400},
		{"json", "/form", `{"a":1}`, []string{"Content-Type", "application/json"}, 400},
		{"text", "/form", "a=1", []string{"Content-Type", "text/plain"}, 400},
		{"no type", "/form", "a=1", []string{"Content-Type", ""}, 400},
		{"another site", "/form", "a=1", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another site's answer", "/answer", "a=1", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"large and from another site", "/form", big, []string{"Sec-Fetch-Site", "cross-site"}, 403},
	}
	for _, c := range cases {
		if a := f.do("POST", c.path, c.body, c.headers...); a.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, a.Code, c.status, a.Body)
		}
	}
	t.Run("no length", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/form", io.MultiReader(strings.NewReader(big)))
		r.ContentLength = -1
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a := httptest.NewRecorder()
		f.ServeHTTP(a, r)
		if a.Code != 413 {
			t.Errorf("%d", a.Code)
		}
	})
}

func TestMethodsAndPaths(t *testing.T) {
	f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: page("x")}, handlers.Route{Method: "POST", Path: "/x", Page: page("x")})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/x", 200, ""}, {"HEAD", "/x", 200, ""}, {"POST", "/x", 200, ""}, {"DELETE", "/x", 405, "GET, HEAD, POST"},
		{"OPTIONS", "/x", 405, "GET, HEAD, POST"}, {"GET", "/y", 404, ""}, {"POST", "/", 404, ""}, {"GET", "/x/", 404, ""},
		{"GET", "/x.css", 404, ""}, {"GET", "/x/a.css", 404, ""}, {"CONNECT", "/x", 405, "GET, HEAD, POST"},
	} {
		a := f.do(c.method, c.path, "")
		if a.Code != c.status || a.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %q", c.method, c.path, a.Code, a.Header().Get("Allow"))
		}
	}
	if got := f.recorder.requests; got[0] != "GET /x 200" || got[3] != "/x 405 method-not-allowed" || got[5] != "unmatched 404 not-found" {
		t.Errorf("counted: %q", got)
	}
	if a := f.do("GET", "/x?a=%zz", ""); a.Code != 400 {
		t.Errorf("broken query: %d", a.Code)
	}
}

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html": false, "application/json": true, "application/json, */*": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false, "application/json;q=0.9, text/html;q=0.8": true,
		"application/json;q=0.5, text/html": false, "application/json, text/html": false, "application/json;q=0": false,
		"application/json;q=abc": false, "json": false, "application/json; charset=utf-8": true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if got := handlers.PrefersJSON(r); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"", "bridge.example.com", "ftp://x", "https://", "https://x/path", "https://x?q", "https://u@x", "https://x#f", "javascript:x"} {
		if _, err := handlers.New(handlers.Options{BaseURL: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	site, err := handlers.New(handlers.Options{BaseURL: "http://localhost:8080/"})
	if err != nil || site.BaseURL() != "http://localhost:8080" {
		t.Fatalf("%v", err)
	}
	a := httptest.NewRecorder()
	site.Handler().ServeHTTP(a, httptest.NewRequest("GET", "/", nil))
	if a.Code != 404 || a.Header().Get("Strict-Transport-Security") != "" {
		t.Errorf("http: %d %v", a.Code, a.Header())
	}
}

// TestSignInAt: the way out stands on the page, and the code stays what it was.
func TestSignInAt(t *testing.T) {
	err := handlers.SignInAt(bridge.Fail(bridge.CodeProofStale, errors.New("CANARY")), "/login/corp?return_to=%2Fwhoami")
	f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: failing(err)})
	a := f.do("GET", "/x", "")
	if a.Code != 409 || !strings.Contains(a.Body.String(), `href="/login/corp?return_to=%2Fwhoami"`) || !strings.Contains(a.Body.String(), "proof-stale") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if handlers.SignInAt(nil, "/x") != nil {
		t.Error("an error was made of none")
	}
}

// TestLogLine: what a client sends stays one line, and paths, queries and cookies are not in it (threat W16).
func TestLogLine(t *testing.T) {
	f := serve(t, handlers.Route{Method: "GET", Path: "/x/{name}", Page: page("x")})
	f.do("GET", "/x/secret-name?token=CANARY", "", "Cookie", "s=CANARY", "User-Agent", "CANARY\nforged")
	log := f.log.String()
	if strings.Count(log, "\n") != 1 || strings.Contains(log, "CANARY") || strings.Contains(log, "secret-name") || !strings.Contains(log, "GET /x/{name}") {
		t.Errorf("log: %s", log)
	}
}
