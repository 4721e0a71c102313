package portal_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// TestAttackReturnPaths: every way that a browser, a proxy or a parser has of reading a path as another place. The sign-in
// ends on a page of ours, and no link before it leads elsewhere (threat W7).
func TestAttackReturnPaths(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{
		"//evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "/\r\n/evil.example", "/\x00/evil.example", "\u2028//evil.example", "/\u200b/evil.example",
		"/%2f%2fevil.example", "/%2fevil.example", "/%5cevil.example", "%2f%2fevil.example", "/%09/evil.example", "/%0d%0aLocation:%20https://evil.example", "/%00",
		"/．／evil.example", "/／evil.example", "／／evil.example", "//evil%E3%80%82example", "//evil.example%2f@bridge.example.com", "//bridge.example.com@evil.example",
		"https:evil.example", "https:/evil.example", "https:///evil.example", "https:\\\\evil.example", "HTTPS://evil.example", "https://bridge.example.com.evil.example/", "https://bridge.example.com@evil.example/",
		"http://bridge.example.com/", "https://bridge.example.com/", "//bridge.example.com/whoami", "javascript:alert(1)//whoami", "java\tscript:alert(1)", "vbscript:x", "blob:x", "data:,x", "view-source:x",
		"/;//evil.example", "/whoami;x=//evil.example", "/whoami/../..//evil.example", "/./whoami", "/whoami/.", "/whoami/..", "/..", "/../evil", "/%2e%2e/evil", "/.%2e/evil", "/whoami/%2e%2e/logout",
		"/roles/shop-prod/admin/../admin/console", "/roles/shop-prod/admin%2fconsole", "/roles//admin", "/roles/shop-prod/", "/roles/shop-prod/admin/", "/ROLES/shop-prod/admin", "/logout", "/login/corp", "/login?return_to=//evil.example",
		"/saml/corp/acs", "/oidc/web/callback", "/assets/app.js", "/@evil.example", "/:@evil.example", "/evil.example", ".evil.example", "@evil.example", ":80/x", "?//evil.example", "#//evil.example", "/#@evil.example", "",
	} {
		for _, path := range []string{"/login/web?return_to=", "/login/corp?return_to="} {
			p := w.web
			if strings.Contains(path, "corp") {
				p = w.corp
			}
			b := w.browser()
			begun := b.get(path + url.QueryEscape(to))
			if begun.Code != http.StatusSeeOther {
				t.Errorf("%q: begin is %d", to, begun.Code)
				continue
			}
			wantRedirect(t, b.answer(p, p.lastLogin().State, "alice"), "/")
		}
		page := w.browser().get("/login?return_to=" + url.QueryEscape(to))
		if body := page.Body.String(); page.Code != 200 || strings.Contains(body, "evil") || strings.Contains(body, "return_to") {
			t.Errorf("%q: the choice of providers carries it along: %d", to, page.Code)
		}
	}
	// What other software calls the same thing is nothing here, and RelayState is an id of ours or nothing.
	b := w.browser()
	b.get("/login/web?target_link_uri=https://evil.example/&redirect_uri=https://evil.example/&next=//evil.example&RelayState=https://evil.example/&returnTo=/whoami")
	wantRedirect(t, b.answer(w.web, w.web.lastLogin().State, "alice"), "/")
	for _, relay := range []string{"https://evil.example/", "//evil.example", "/whoami", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("A", 42) + "+", strings.Repeat("a", 4000)} {
		wantRedirect(t, w.browser().send("POST", "/saml/corp/acs", formOf("SAMLResponse", "alice", "RelayState", relay), true), "/login/corp?again=1")
	}
}

// TestAttackDoubledFields: a field that is there twice is refused, wherever it stands, and takes no sign-in with it.
func TestAttackDoubledFields(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{
		"/login/web?return_to=/&return_to=/", "/login/web?login_hint=a&login_hint=a", "/login?return_to=/&return_to=/whoami", "/login?hint=a&hint=b",
		"/login?iss=https://web.example.com&iss=https://web.example.com", "/login?iss=https://web.example.com&login_hint=a&login_hint=b", "/login?iss=https://web.example.com&return_to=/&return_to=/",
	} {
		if a := w.browser().get(target); !isCode(a, bridge.CodeBadRequest) {
			t.Errorf("%s: %d", target, a.Code)
		}
	}
	if n := len(w.store.pending); n != 0 {
		t.Errorf("%d sign-ins were begun", n)
	}
	b := w.browser()
	state := b.begin(w.web, "")
	for _, query := range []string{"code=alice&state=" + state + "&state=" + state, "code=alice&state=&state=" + state, "code=alice;state=" + state, "code=alice&state=" + state + ";state=x", "code=%zz&state=" + state} {
		if a := b.send("GET", "/oidc/web/callback?"+query, nil, true); !isCode(a, bridge.CodeAnswerMalformed, bridge.CodeBadRequest) {
			t.Errorf("%s: %d", query, a.Code)
		}
	}
	wantRedirect(t, b.answer(w.web, state, "alice"), "/")
	saml := w.browser()
	relay := saml.begin(w.corp, "")
	for _, form := range []url.Values{{"SAMLResponse": {"alice"}, "RelayState": {relay, relay}}, {"SAMLResponse": {"alice"}, "RelayState": {"", relay}}} {
		if a := saml.send("POST", "/saml/corp/acs", form, true); !isCode(a, bridge.CodeAnswerMalformed) {
			t.Errorf("%v: %d", form, a.Code)
		}
	}
	wantRedirect(t, saml.answer(w.corp, relay, "alice"), "/")
}

// endless is a body without an end, whose length nobody says.
type endless struct {
	text string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[(e.read+int64(i))%int64(len(e.text))]
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestAttackBodies: bodies that are too long, of another kind than they say, or full of fields: each is refused with a page,
// read no further than the limit, and takes no sign-in with it (threats P16, W19).
func TestAttackBodies(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	w := newWorld(t)
	b := w.browser()
	state := b.begin(w.corp, "")
	good := formOf("SAMLResponse", "alice", "RelayState", state).Encode()
	for name, c := range map[string]struct {
		kind []string
		body io.Reader
		size int64 // as the header says; 0: as long as it is
	}{
		"endless":            {[]string{form}, &endless{text: "SAMLResponse=AAAA"}, -1},
		"endless fields":     {[]string{form}, &endless{text: "a=b&"}, -1},
		"endless separators": {[]string{form}, &endless{text: "&"}, -1},
		"a gigabyte said":    {[]string{form}, strings.NewReader(good), 1 << 30},
		"JSON":               {[]string{"application/json"}, strings.NewReader(`{"SAMLResponse":"alice","RelayState":"` + state + `"}`), 0},
		"a form as JSON":     {[]string{"application/json"}, strings.NewReader(good), 0},
		"text":               {[]string{"text/plain"}, strings.NewReader(good), 0},
		"multipart":          {[]string{"multipart/form-data; boundary=x"}, strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"SAMLResponse\"\r\n\r\nalice\r\n--x--\r\n"), 0},
		"XML":                {[]string{"application/samlassertion+xml"}, strings.NewReader("<x/>"), 0},
		"no kind":            {nil, strings.NewReader(good), 0},
		"an odd kind":        {[]string{form + "; charset"}, strings.NewReader(good), 0},
		"kind of a list":     {[]string{"text/plain, " + form}, strings.NewReader(good), 0},
		"broken escapes":     {[]string{form}, strings.NewReader("SAMLResponse=%zz&RelayState=" + state), 0},
		"semicolons":         {[]string{form}, strings.NewReader("SAMLResponse=alice;RelayState=" + state), 0},
		"100,000 fields":     {[]string{form}, strings.NewReader(strings.Repeat("a=b&", 100_000) + good), 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/saml/corp/acs", c.body)
			if c.size != 0 {
				r.ContentLength = c.size
			}
			r.Header["Content-Type"] = c.kind
			for cookie, v := range b.cookies {
				r.AddCookie(&http.Cookie{Name: cookie, Value: v.Value})
			}
			a := httptest.NewRecorder()
			w.handler.ServeHTTP(a, r)
			if a.Code < 400 || a.Code >= 500 || a.Header().Get("Location") != "" || len(a.Result().Cookies()) != 0 {
				t.Errorf("%d %v", a.Code, a.Header())
			}
			if e, ok := c.body.(*endless); ok && e.read > 1<<20 {
				t.Errorf("%d bytes were read", e.read)
			}
		})
	}
	wantRedirect(t, b.answer(w.corp, state, "alice"), "/")
}

// TestAttackHeaders: what a client may write into headers changes neither who it is nor where it is sent (threats W15, W17).
func TestAttackHeaders(t *testing.T) {
	for name, values := range map[string][]string{
		"Host": {"evil.example", "bridge.example.com:1234", ""}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example;proto=http"},
		"X-Original-URL": {"/logout"}, "X-Rewrite-URL": {"/logout"}, "X-HTTP-Method-Override": {"GET", "DELETE"}, "X-Request-Id": {"a\r\nSet-Cookie: x=y", "someoneelses"},
		"X-Forwarded-For": {"203.0.113.9", strings.Repeat("1.1.1.1,", 2000)}, "Referer": {"https://evil.example/"}, "Cookie": {"__Host-fedbridge=" + strings.Repeat("A", 43), strings.Repeat("a=b; ", 3000)},
		"Accept": {"application/json", strings.Repeat("a/b,", 5000), "\x00"}, "Accept-Language": {strings.Repeat("x", 60_000)},
	} {
		for _, value := range values {
			w := newWorld(t)
			b := w.browser()
			b.header.Set(name, value)
			begun := b.get("/login/corp")
			if to := begun.Header().Get("Location"); begun.Code != http.StatusSeeOther || !strings.HasPrefix(to, "https://idp.example/authorize?state=") {
				t.Errorf("%s %.40q: %d to %q", name, value, begun.Code, to)
				continue
			}
			b.header.Set(name, value)
			a := b.answer(w.corp, w.corp.lastLogin().State, "alice")
			if name != "Cookie" { // which takes the place of the browser's own
				wantRedirect(t, a, "/")
				if e := w.audit.last(); e.Source != "192.0.2.1" || strings.Contains(e.RequestID, "else") {
					t.Errorf("%s %.40q: audit %+v", name, value, e)
				}
			}
			for _, c := range append(begun.Result().Cookies(), a.Result().Cookies()...) {
				if !strings.HasPrefix(c.Name, portal.SessionCookie) || !c.Secure || c.Domain != "" {
					t.Errorf("%s %.40q: cookie %v", name, value, c)
				}
			}
		}
	}
}
