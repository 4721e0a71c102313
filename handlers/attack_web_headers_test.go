package handlers_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
)

// TestAttackHeadersEverywhere: no way to fail is without the headers that keep an answer from being framed, sniffed, cached
// or read by another site, and none opens CORS (threats W9, W11, W13, W14, W22, W24).
func TestAttackHeadersEverywhere(t *testing.T) {
	routes := []handlers.Route{
		{Method: "GET", Path: "/good", Page: page("x")},
		{Method: "POST", Path: "/form", Page: page("x")},
		{Method: "POST", Path: "/answer", Answer: true, Page: failing(bridge.Fail(bridge.CodeAnswerRejected, nil))},
		{Method: "GET", Path: "/panic", Page: func(http.ResponseWriter, *http.Request) error { panic("x") }},
		{Method: "GET", Path: "/undo", Page: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Location", "https://signin.example/CANARY")
			w.Header().Set("Refresh", "0; url=https://signin.example/CANARY")
			w.Header().Set("Content-Disposition", "attachment")
			w.Header().Set("Cache-Control", "public")
			return errors.New("half way")
		}},
	}
	for _, code := range bridge.Codes() {
		routes = append(routes, handlers.Route{Method: "GET", Path: "/" + string(code), Page: failing(bridge.Fail(code, nil))})
	}
	f := serve(t, routes...)
	big := "a=" + strings.Repeat("x", handlers.BodyLimit)
	answers := map[string]*httptest.ResponseRecorder{
		"200": f.do("GET", "/good", ""), "HEAD": f.do("HEAD", "/good", ""), "404": f.do("GET", "/none", ""), "root": f.do("GET", "/", ""),
		"odd path": f.do("GET", "/good%2f", ""), "405": f.do("DELETE", "/good", ""), "OPTIONS": f.do("OPTIONS", "/good", "", "Origin", "https://evil.example"),
		"preflight": f.do("OPTIONS", "/form", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"),
		"413":       f.do("POST", "/form", big), "400": f.do("POST", "/form", "%zz"), "query": f.do("GET", "/good?%zz", ""),
		"403": f.do("POST", "/form", "a", "Sec-Fetch-Site", "cross-site"), "415": f.do("POST", "/form", "a", "Content-Type", "text/plain"),
		"answer": f.do("POST", "/answer", "a", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"),
		"panic":  f.do("GET", "/panic", ""), "undo": f.do("GET", "/undo", ""), "CORS": f.do("GET", "/good", "", "Origin", "https://evil.example"),
	}
	for _, code := range bridge.Codes() {
		for _, accept := range []string{"text/html", "application/json"} {
			answers[string(code)+" "+accept] = f.do("GET", "/"+string(code), "", "Accept", accept)
		}
	}
	for name, a := range answers {
		h := a.Header()
		for header, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000", "Location": "", "Refresh": "", "Content-Disposition": "",
		} {
			if got := strings.Join(h.Values(header), "|"); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		policy := strings.Join(h.Values("Content-Security-Policy"), "|")
		for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("%s: policy is %q", name, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.ContainsAny(policy, "*|\r\n") {
			t.Errorf("%s: policy is %q", name, policy)
		}
		for header := range h {
			if strings.HasPrefix(header, "Access-Control-") || header == "Server" || header == "X-Powered-By" || header == "Set-Cookie" {
				t.Errorf("%s: sends %s", name, header)
			}
		}
		if a.Body.Len() > 0 && h.Get("Content-Type") == "" && name != "200" && name != "CORS" {
			t.Errorf("%s: no content type", name)
		}
	}
}
