package idptest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// chromium starts a real browser; without one the test is skipped, unless everything is required.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all" {
			t.Fatalf("chromium is required: %v", err)
		}
		t.Skip("no chromium here: the fake browser isn't compared with a real one")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// seen is what a server saw of a request, in an order that doesn't depend on the browser.
func seen(w http.ResponseWriter, r *http.Request) {
	var cookies []string
	for _, c := range r.Cookies() {
		cookies = append(cookies, c.Name)
	}
	slices.Sort(cookies)
	fmt.Fprintf(w, "<p id=seen>%s cookies=%v site=%s origin=%s referer=%s</p>", r.Method, cookies,
		r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin"), r.Header.Get("Referer"))
}

// crossroads are pages that send the browser to the bridge in every way.
func crossroads(port string, blocked chan<- struct{}) http.Handler {
	mux := http.NewServeMux()
	bridge, idp := "http://bridge.localhost:"+port, "http://idp.localhost:"+port
	form := func(to string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<form id=f method=post action="%s"><button id=go>go</button></form><a id=link href="%s">link</a>`, to, to)
		}
	}
	to := func(where string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, status) }
	}
	for pattern, handler := range map[string]http.HandlerFunc{
		"bridge.localhost/seen": seen, "idp.localhost/seen": seen, "www.bridge.localhost/seen": seen,
		"bridge.localhost/set": func(w http.ResponseWriter, _ *http.Request) {
			for _, c := range []string{
				"strict=1; Path=/; SameSite=Strict", "lax=1; Path=/; SameSite=Lax", "none=1; Path=/; Secure; SameSite=None",
				"__Host-lax=1; Path=/; Secure; SameSite=Lax; HttpOnly", "wide=1; Domain=bridge.localhost; Path=/; SameSite=Lax",
				"bare-none=1; Path=/; SameSite=None", "__Host-path=1; Path=/x; Secure", "__Host-plain=1; Path=/",
				"other=1; Domain=idp.localhost", "old=1; Path=/; Max-Age=0",
			} {
				w.Header().Add("Set-Cookie", c)
			}
			io.WriteString(w, "<p id=seen>set</p>")
		},
		"bridge.localhost/see":       to("/seen", http.StatusSeeOther),
		"bridge.localhost/found":     to("/seen", http.StatusFound),
		"bridge.localhost/keep":      to("/seen", http.StatusTemporaryRedirect),
		"bridge.localhost/away":      to(idp+"/back", http.StatusTemporaryRedirect),
		"idp.localhost/back":         to(bridge+"/seen", http.StatusTemporaryRedirect),
		"bridge.localhost/own":       form("/seen"),
		"bridge.localhost/hidden":    form("/seen", "Referrer-Policy", "no-referrer"),
		"bridge.localhost/roundtrip": form("/away"),
		"bridge.localhost/subdomain": form("http://www.bridge.localhost:" + port + "/seen"),
		"idp.localhost/direct":       form(bridge + "/seen"),
		"idp.localhost/hidden":       form(bridge+"/seen", "Referrer-Policy", "no-referrer"),
		"idp.localhost/origin":       form(bridge+"/seen", "Referrer-Policy", "origin"),
		"idp.localhost/same":         form(bridge+"/seen", "Referrer-Policy", "same-origin"),
		"idp.localhost/see":          form(bridge + "/see"),
		"idp.localhost/found":        form(bridge + "/found"),
		"idp.localhost/keep":         form(bridge + "/keep"),
		"bridge.localhost/closed":    form("/away", "Content-Security-Policy", "form-action 'self'; report-uri /report"),
		"bridge.localhost/report":    func(http.ResponseWriter, *http.Request) { blocked <- struct{}{} },
		"bridge.localhost/open":      form("/away", "Content-Security-Policy", "form-action 'self' "+idp),
	} {
		mux.HandleFunc(pattern, handler)
	}
	return mux
}

// TestBrowserAgreesWithChromium: what the fake browser sends is what a real one sends. What Chromium does otherwise on
// purpose (its two minutes of grace for cookies without SameSite) is not among the cases.
func TestBrowserAgreesWithChromium(t *testing.T) {
	ctx := chromium(t)
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	blocked := make(chan struct{}, 8)
	server.Config.Handler = crossroads(port, blocked)
	server.Start()
	t.Cleanup(server.Close)
	fake := idptest.NewBrowser()
	t.Cleanup(fake.Close)
	address := func(place string) string {
		host, path, _ := strings.Cut(place, "/")
		return "http://" + host + ".localhost:" + port + "/" + path
	}
	do := func(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(t *testing.T, page *idptest.Page) {
		t.Helper()
		real, err := chromedp.Run(ctx, chromedp.Text("#seen"))
		if err != nil {
			t.Fatal(err)
		}
		if page.TextOf("#seen") != real {
			t.Errorf("\nfake: %s\nreal: %s", page.TextOf("#seen"), real)
		}
	}
	get(t, fake, address("bridge/set"))
	do(t, chromedp.Navigate(address("bridge/set")))
	for _, start := range []string{
		"bridge/own", "bridge/hidden", "bridge/roundtrip", "bridge/subdomain", "bridge/open",
		"idp/direct", "idp/hidden", "idp/origin", "idp/same", "idp/see", "idp/found", "idp/keep",
	} {
		t.Run(start+" form", func(t *testing.T) {
			get(t, fake, address(start))
			page, err := fake.Press("#go", nil)
			if err != nil {
				t.Fatal(err)
			}
			do(t, chromedp.Navigate(address(start)), chromedp.Click("#go"), chromedp.WaitReady("#seen"))
			compare(t, page)
		})
		t.Run(start+" link", func(t *testing.T) {
			get(t, fake, address(start))
			page, err := fake.Click("#link")
			if err != nil {
				t.Fatal(err)
			}
			do(t, chromedp.Navigate(address(start)), chromedp.Click("#link"), chromedp.WaitReady("#seen"))
			compare(t, page)
		})
	}
	t.Run("typed", func(t *testing.T) {
		do(t, chromedp.Navigate(address("bridge/seen")))
		compare(t, get(t, fake, address("bridge/seen")))
	})
	t.Run("forbidden by form-action", func(t *testing.T) {
		get(t, fake, address("bridge/closed"))
		if _, err := fake.Press("#go", nil); err == nil {
			t.Error("the fake browser went where form-action forbids")
		}
		do(t, chromedp.Navigate(address("bridge/closed")), chromedp.Click("#go"))
		select {
		case <-blocked:
		case <-ctx.Done():
			t.Error("Chromium doesn't report that form-action stopped it")
		}
	})
}
