package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

type portalOptions = portal.Options

// paths gives a real path for a pattern.
func realPath(pattern string) string {
	return strings.NewReplacer("{$}", "", "{account}", "shop-prod", "{role}", "admin", "{file}", "app.css", "/oidc/{provider}", "/oidc/web",
		"/saml/{provider}", "/saml/corp", "{provider}", "web").Replace(pattern)
}

// anybody lists what answers people without a session. Whatever else answers them is a mistake (threat W21).
var anybody = []string{
	"GET /{$}", "GET /login", "GET /login/{provider}", "POST /login/{provider}", "POST /logout", "GET /oidc/{provider}/callback",
	"POST /oidc/{provider}/callback", "POST /saml/{provider}/acs", "GET /saml/{provider}/metadata", "GET /assets/{file}",
}

func TestUnauthenticatedSweep(t *testing.T) {
	w := newWorld(t)
	for _, route := range w.portal.Map() {
		if slices.Contains(anybody, route.Method+" "+route.Path) {
			continue
		}
		for name, prepare := range map[string]func(b *browser){
			"html": func(*browser) {},
			"json": func(b *browser) { b.header.Set("Accept", "application/json") },
		} {
			b := w.browser()
			prepare(b)
			a := b.send(route.Method, realPath(route.Path), formFor(route.Method), false)
			sent := a.Code == http.StatusSeeOther && strings.HasPrefix(a.Header().Get("Location"), "/login?return_to=")
			if a.Code != http.StatusUnauthorized && !(sent && name == "html" && route.Method == "GET") {
				t.Errorf("%s %s (%s): %d", route.Method, route.Path, name, a.Code)
			}
		}
	}
	if len(w.audit.lines()) != 0 || w.sts.count() != 0 {
		t.Error("something was decided")
	}
}

func formFor(method string) url.Values {
	if method == "POST" {
		return url.Values{"x": {"y"}}
	}
	return nil
}

// TestCrossOriginSweep: no other site can make a browser change anything (threats W1, W10, W22).
func TestCrossOriginSweep(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	session := *b.cookies[portal.SessionCookie]
	attacks := map[string]http.Header{
		"form":           {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		"sibling":        {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://evil.bridge.example.com"}},
		"old browser":    {"Sec-Fetch-Site": {""}, "Origin": {"https://evil.example"}},
		"null origin":    {"Sec-Fetch-Site": {""}, "Origin": {"null"}},
		"no origin":      {"Sec-Fetch-Site": {""}, "Origin": {""}},
		"another scheme": {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://bridge.example.com"}},
		"another port":   {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://bridge.example.com:8443"}},
		"made-up site":   {"Sec-Fetch-Site": {"same-origin, cross-site"}, "Origin": {"https://evil.example"}},
	}
	for _, route := range w.portal.Map() {
		if route.Method != "POST" || route.Answer {
			continue
		}
		for name, header := range attacks {
			kept := session // an attacker's best case: the cookie comes along
			b.cookies[portal.SessionCookie] = &kept
			b.header = header.Clone()
			a := b.send("POST", realPath(route.Path), formFor("POST"), false)
			wantCode(t, a, bridge.CodeCrossOrigin)
			if a.Code != http.StatusForbidden {
				t.Errorf("%s: %s got through", route.Path, name)
			}
			if a.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: CORS", route.Path)
			}
		}
	}
	if w.sts.count() != 0 || w.store.sessions() != 1 {
		t.Error("something was changed")
	}
	good := w.browser()
	good.cookies[portal.SessionCookie] = &session
	good.header = http.Header{"Sec-Fetch-Site": {""}} // an old browser of our own page
	if a := good.post(credentialsPath); a.Code != 200 {
		t.Errorf("our own page was refused: %d", a.Code)
	}
}

// TestHeaders parses the policy of every route, errors included (threats W9, W11, W13, W14, W24).
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"", "alice"} {
		for _, route := range append(w.portal.Map(), portal.RouteInfo{Method: "GET", Path: "/nowhere"}, portal.RouteInfo{Method: "POST", Path: "/"}) {
			b := w.browser()
			if who != "" {
				b.signIn(w.corp, who)
			}
			a := b.send(route.Method, realPath(route.Path), formFor(route.Method), false)
			h := a.Header()
			for name, want := range map[string]string{
				"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store",
			} {
				if name == "Cache-Control" && strings.HasPrefix(route.Path, "/assets/") {
					continue
				}
				if h.Get(name) != want {
					t.Errorf("%s %s: %s is %q", route.Method, route.Path, name, h.Get(name))
				}
			}
			if h.Get("X-Request-Id") == "" {
				t.Errorf("%s %s: no request id", route.Method, route.Path)
			}
			checkPolicy(t, route.Method+" "+route.Path, h.Values("Content-Security-Policy"))
		}
	}
}

func checkPolicy(t *testing.T, where string, policies []string) {
	t.Helper()
	if len(policies) != 1 {
		t.Fatalf("%s: %d policies", where, len(policies))
	}
	got := map[string]string{}
	for _, directive := range strings.Split(policies[0], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		got[name] = value
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "img-src": "'self'", "font-src": "'self'",
		"connect-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
	} {
		if got[name] != want {
			t.Errorf("%s: %s is %q", where, name, got[name])
		}
	}
	if strings.Contains(policies[0], "unsafe-") || strings.Contains(policies[0], "data:") || !strings.HasPrefix(got["form-action"], "'self'") {
		t.Errorf("%s: policy %s", where, policies[0])
	}
}

// TestFormAction: role forms may lead to the console's hosts, other forms may not (threat W13).
func TestFormAction(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	const hosts = "form-action 'self' https://signin.aws.amazon.com https://*.console.aws.amazon.com"
	for path, want := range map[string]bool{"/": true, "/roles/shop-prod/admin": true, "/whoami": false, "/login": false, "/nowhere": false} {
		if got := strings.Contains(b.get(path).Header().Get("Content-Security-Policy"), hosts); got != want {
			t.Errorf("%s names the console's hosts: %t", path, got)
		}
	}
}

// TestHostHeader: what a request says about our name changes nothing (threat W15).
func TestHostHeader(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for _, route := range w.portal.Map() {
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Prefix"} {
			b.header.Set(name, "host=evil.example;proto=evil.example")
		}
		b.header.Set("X-Original-Url", "/logout")
		r := httptest.NewRequest(route.Method, realPath(route.Path), nil)
		r.Host = "evil.example"
		r.Header = b.header
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		b.header = http.Header{}
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		text := a.Body.String()
		for _, values := range a.Header() {
			text += strings.Join(values, "\n")
		}
		if strings.Contains(text, "evil.example") {
			t.Errorf("%s %s: %v %s", route.Method, route.Path, a.Header(), a.Body)
		}
	}
	if w.store.sessions() != 1 {
		t.Error("a header chose the route")
	}
}

// TestPathConfusion: a path has one spelling (threat W17).
func TestPathConfusion(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	spellings := []string{
		"/roles/shop-prod/admin/credentials/", "//roles/shop-prod/admin/credentials", "/roles//shop-prod/admin/credentials",
		"/roles/shop-prod//admin/credentials", "/roles/shop-prod/admin//credentials", "/./roles/shop-prod/admin/credentials",
		"/roles/./shop-prod/admin/credentials", "/x/../roles/shop-prod/admin/credentials", "/roles/shop-prod/admin/x/../credentials",
		"/roles/shop-prod/admin/credentials/.", "/roles/shop-prod/admin/credentials/..", "/roles/shop-prod/admin/credentials;x=y",
		"/roles;x/shop-prod/admin/credentials", "/roles/shop-prod/..;/shop-prod/admin/credentials", "/roles/shop-prod/admin%2fcredentials",
		"/roles/shop-prod/admin%2Fcredentials", "/roles%2fshop-prod/admin/credentials", "/%2froles/shop-prod/admin/credentials",
		"/roles/shop-prod/%61dmin/credentials", "/%72oles/shop-prod/admin/credentials", "/roles/shop%2dprod/admin/credentials",
		"/roles/shop-prod/admin/credentials%00", "/roles/shop-prod/admin/credentials%20", "/roles/shop-prod/admin/credentials%0a",
		"/roles/shop-prod/admin/credentials%3f", "/roles/shop-prod/admin/credentials%23", "/roles/shop-prod/admin%5ccredentials",
		"\\roles\\shop-prod\\admin\\credentials", "/roles\\shop-prod/admin/credentials", "/ROLES/shop-prod/admin/credentials",
		"/Roles/shop-prod/admin/credentials", "/roles/shop-prod/admin/CREDENTIALS", "/roles/shop-prod/admin/credentials.json",
		"/roles/shop-prod/admin/credentials/a.css", "/roles/shop-prod/admin/credentials%252f", "/roles/shop-prod/admin/%63redentials",
		"/roles/shop-prod/admin/credentials%2e", "/%2e/roles/shop-prod/admin/credentials", "/%2e%2e/roles/shop-prod/admin/credentials",
		"/roles/shop-prod/admin/credentials~", "/r%C3%B6les/shop-prod/admin/credentials", "/assets/../roles/shop-prod/admin/credentials",
		"/roles/shop-prod/admin/credentials,", "/roles/shop-prod/admin/credentials+", "http:/roles/shop-prod/admin/credentials",
	}
	if len(spellings) < 40 {
		t.Fatalf("%d spellings", len(spellings))
	}
	for _, spelling := range spellings {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			a := rawRequest(t, b, method, spelling)
			if a.Code != http.StatusNotFound || a.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d %s", method, spelling, a.Code, a.Header().Get("Location"))
			}
		}
	}
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}

// rawRequest sends a request line as it stands.
func rawRequest(t *testing.T, b *browser, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil { // net/http would answer 400 itself
		a := httptest.NewRecorder()
		a.Code = http.StatusNotFound
		return a
	}
	r := httptest.NewRequest(method, "/", nil)
	r.URL, r.RequestURI = u, target
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	c := b.cookies[portal.SessionCookie]
	r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	a := httptest.NewRecorder()
	b.w.handler.ServeHTTP(a, r)
	return a
}

// TestHead: HEAD answers as GET does, without a body of its own making, and begins or ends nothing.
func TestHead(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for _, path := range []string{"/", "/whoami", "/roles/shop-prod/admin", "/login", "/saml/corp/metadata"} {
		if a := b.send("HEAD", path, nil, false); a.Code != 200 {
			t.Errorf("HEAD %s: %d", path, a.Code)
		}
	}
	if a := b.send("HEAD", "/logout", nil, false); a.Code != http.StatusMethodNotAllowed || w.store.sessions() != 1 {
		t.Errorf("HEAD /logout: %d", a.Code)
	}
}

// TestLeaks: no cause of a failure, no proof, no id of a session reaches a body or a header (promise 2).
func TestLeaks(t *testing.T) {
	down := []func(*world){
		func(*world) {},
		func(w *world) { w.store.setDown(true) },
		func(w *world) { w.audit.setDown(true) },
		func(w *world) { w.sts.err = bridge.Fail(bridge.CodeSTSRefused, errDown) },
		func(w *world) { w.sts.err = errDown },
		func(w *world) { w.console.err = errDown },
		func(w *world) { w.web.beginErr = errDown },
		func(w *world) { w.corp.unsolicited = true },
	}
	for i, breakIt := range down {
		for _, who := range []string{"rita", "alice", "bob", "eve"} {
			w := newWorld(t)
			b := w.browser().signIn(w.corp, who)
			state := b.begin(w.corp, "")
			id := b.cookies[portal.SessionCookie].Value
			breakIt(w)
			var answers []*httptest.ResponseRecorder
			for _, accept := range []string{"text/html", "application/json"} {
				for _, route := range w.portal.Map() {
					b.header.Set("Accept", accept)
					answers = append(answers, b.send(route.Method, realPath(route.Path), formFor(route.Method), false))
				}
				b.header.Set("Accept", accept)
				answers = append(answers, b.answer(w.corp, state, "fail:sts-down"),
					b.post("/roles/shop-prod/relayed/console"), b.post("/roles/shop-prod/relayed/credentials"))
			}
			for _, a := range answers {
				text := a.Body.String()
				for name, values := range a.Header() {
					if name != "Set-Cookie" {
						text += strings.Join(values, "\n")
					}
				}
				if strings.Contains(text, canary) || strings.Contains(text, id) {
					t.Errorf("case %d, %s: %v %s", i, who, a.Header(), a.Body)
				}
			}
		}
	}
}
