package handlers_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
)

// TestAttackLogFlood: who sends thirty kilobytes doesn't write them into the log, and one request is one line whatever it
// holds (threats W16, Z5).
func TestAttackLogFlood(t *testing.T) {
	long := strings.Repeat("M", 30_000)
	routes := []handlers.Route{{Method: "GET", Path: "/x", Page: page("x")}, {Method: "POST", Path: "/x", Page: page("x")}}
	cases := map[string]func(f fixture) *httptest.ResponseRecorder{
		"method":       func(f fixture) *httptest.ResponseRecorder { return f.do(long, "/x", "") },
		"other method": func(f fixture) *httptest.ResponseRecorder { return f.do(long, "/nowhere", "") },
		"path":         func(f fixture) *httptest.ResponseRecorder { return f.do("GET", "/"+long, "") },
		"query":        func(f fixture) *httptest.ResponseRecorder { return f.do("GET", "/x?"+long, "") },
		"escape":       func(f fixture) *httptest.ResponseRecorder { return f.do("GET", "/x?a=%"+long, "") },
		"body":         func(f fixture) *httptest.ResponseRecorder { return f.do("POST", "/x", "%"+long) },
		"type":         func(f fixture) *httptest.ResponseRecorder { return f.do("POST", "/x", "a", "Content-Type", long) },
		"origin": func(f fixture) *httptest.ResponseRecorder {
			return f.do("POST", "/x", "a", "Origin", long, "Sec-Fetch-Site", long)
		},
		"forwarded": func(f fixture) *httptest.ResponseRecorder {
			return f.do("GET", "/x", "", "X-Forwarded-For", long, "X-Request-Id", long, "Host", long)
		},
		"agent": func(f fixture) *httptest.ResponseRecorder {
			return f.do("GET", "/x", "", "User-Agent", long, "Accept", long)
		},
	}
	for name, attack := range cases {
		f := serve(t, routes...)
		a := attack(f)
		if log := f.log.String(); len(log) > 600 || strings.Count(log, "\n") != 1 || strings.Contains(log, long[:50]) {
			t.Errorf("%s: %d bytes in the log: %.300s", name, len(log), log)
		}
		for header, values := range a.Header() {
			if len(strings.Join(values, "")) > 600 {
				t.Errorf("%s: %s has %d bytes", name, header, len(values[0]))
			}
		}
	}
}

// TestAttackLogLine: a cause made of what somebody sent stays one line of the log.
func TestAttackLogLine(t *testing.T) {
	hostile := "a\nlevel=ERROR msg=forged\r\n{\"level\":\"INFO\",\"msg\":\"request\"}\u2028\x00\x1b[2J\xff"
	f := serve(t, handlers.Route{Method: "GET", Path: "/x", Page: failing(bridge.FailWith(bridge.CodeClaim, hostile, errors.New(hostile)))})
	f.do("GET", "/x", "")
	if log := f.log.String(); strings.Count(log, "\n") != 1 || strings.ContainsAny(log, "\r\x00\x1b\u2028") {
		t.Errorf("log: %q", log)
	}
}
