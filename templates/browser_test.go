package templates_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fedbridge/fedbridge/templates"
)

// policy is as strict as the portal's: what a page does against it fails the test.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// chromium finds a browser, or skips: these tests need more than Go. Where everything is required, it fails instead.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all" {
		t.Fatal("no Chromium, and FEDBRIDGE_TEST_REQUIRE=all")
	}
	t.Skip("SKIPPED: needs Chromium")
	return ""
}

// watch runs before anything of a page does, and remembers what should not happen.
const watch = `window.troubles = [];
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { troubles.push(name) };
document.addEventListener("securitypolicyviolation", (e) => troubles.push("policy: " + e.violatedDirective + " " + e.blockedURI));
addEventListener("error", (e) => troubles.push("error: " + e.message));
addEventListener("unhandledrejection", (e) => troubles.push("rejection: " + e.reason));`

// browser is one tab on the server of the samples.
type browser struct {
	ctx context.Context
	url string
}

func newBrowser(t *testing.T, pages []sample) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Env("TZ=Europe/Berlin"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // starts it; a time limit would be the limit of the whole browser
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		t.Fatal(err)
	}
	return &browser{ctx: ctx, url: serve(t, pages).URL}
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// eval gives what an expression is in the page.
func eval[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// serve gives every sample at its name, and answers each form with what was sent to it.
func serve(t *testing.T, pages []sample) *httptest.Server {
	t.Helper()
	set := newSet(t)
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", templates.Assets())
	for _, s := range pages {
		mux.HandleFunc("GET /"+s.name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if err := set.Render(w, s.page); err != nil {
				t.Error(err)
			}
		})
	}
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte(r.URL.Path + "?" + r.PostForm.Encode()))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}
