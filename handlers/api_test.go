package handlers_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
)

// inCapitals is the format of an API that speaks a protocol of its own.
func inCapitals(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("Content-Type", "text/x-capitals")
	w.WriteHeader(http.StatusTeapot)
	io.WriteString(w, strings.ToUpper(string(bridge.CodeOf(err))))
}

func echo(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bridge.Fail(bridge.CodeTooLarge, err)
	}
	_, err = w.Write(body)
	return err
}

// TestAPI: a route for programs takes what other sites can make a browser send, because no cookie opens it; it has the
// limit and the errors of its own protocol, whatever goes wrong.
func TestAPI(t *testing.T) {
	api := &handlers.API{BodyLimit: 16, Fail: inCapitals}
	f := serve(t,
		handlers.Route{Method: "POST", Path: "/echo", Page: echo, API: api},
		handlers.Route{Method: "POST", Path: "/fails", Page: failing(bridge.Fail(bridge.CodeClock, errors.New("CANARY"))), API: api},
		handlers.Route{Method: "POST", Path: "/panics", Page: func(http.ResponseWriter, *http.Request) error { panic("CANARY") }, API: api},
		handlers.Route{Method: "POST", Path: "/form", Page: page("form")},
	)
	foreign := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "application/x-amz-json-1.1"}
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		answer               string
	}{
		"from another site":      {"POST", "/echo", "{}", 200, "{}"},
		"at the limit":           {"POST", "/echo", strings.Repeat("x", 16), 200, strings.Repeat("x", 16)},
		"over it":                {"POST", "/echo", strings.Repeat("x", 17), http.StatusTeapot, "TOO-LARGE"},
		"fails":                  {"POST", "/fails", "", http.StatusTeapot, "CLOCK-MISMATCH"},
		"panics":                 {"POST", "/panics", "", http.StatusTeapot, "INTERNAL"},
		"wrong method":           {"GET", "/echo", "", http.StatusTeapot, "METHOD-NOT-ALLOWED"},
		"a query read in part":   {"POST", "/echo?a=1;b=2", "", http.StatusTeapot, "BAD-REQUEST"},
		"a form of ours guarded": {"POST", "/form", "", 403, ""},
	} {
		a := f.do(c.method, c.target, c.body, foreign...)
		if a.Code != c.status || (c.answer != "" && a.Body.String() != c.answer) || strings.Contains(a.Body.String(), "CANARY") {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
		if a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, a.Header())
		}
	}
	r := httptest.NewRequest("POST", "/echo", io.MultiReader(strings.NewReader(strings.Repeat("x", 17)))) // no length given
	a := httptest.NewRecorder()
	if f.ServeHTTP(a, r); a.Code != http.StatusTeapot {
		t.Errorf("a long body without a length: %d %s", a.Code, a.Body)
	}
	if log := f.log.String(); !strings.Contains(log, `"code":"clock-mismatch"`) || f.recorder.panics != 1 {
		t.Errorf("not logged or not counted: %s", log)
	}
}

type slashedDoor struct{ door }

func (slashedDoor) Slashed() []string { return []string{"/sts/"} }

// TestSlashed: a slash at the end is taken where a door asks for it, and nowhere else.
func TestSlashed(t *testing.T) {
	site, err := handlers.New(handlers.Options{BaseURL: "https://bridge.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	h := site.Handler(slashedDoor{door{site, []handlers.Route{
		{Method: "GET", Path: "/sts", Page: page("sts")}, {Method: "GET", Path: "/sts/{$}", Page: page("sts/")},
		{Method: "GET", Path: "/other/{x}", Page: page("other")},
	}}})
	for target, want := range map[string]int{
		"/sts": 200, "/sts/": 200, "/sts/?x=1": 200, "/sts//": 404, "//sts/": 404, "/sts/.": 404, "/sts/%2e": 404, "/sts%2f": 404,
		"/sts/x": 404, "/other/": 404, "/other/a/": 404, "/other/a": 200, "/STS/": 404, "/sts/;a": 404, "/./sts/": 404,
	} {
		a := httptest.NewRecorder()
		h.ServeHTTP(a, httptest.NewRequest("GET", "http://bridge.example.com"+target, nil))
		if a.Code != want {
			t.Errorf("%s: %d, want %d", target, a.Code, want)
		}
	}
}
