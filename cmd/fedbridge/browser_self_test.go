package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestBrowser holds the tools of the other tests against a site of a few lines.
func TestBrowser(t *testing.T) {
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><body>"+text)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "kept", Value: "1", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		page(w, `<form method=post action=/said><input id=what name=what value=old><button>Say it</button></form>
			<a href=/file>Save</a><p id=script hidden>script</p><script>document.querySelector("#script").hidden = false</script>`)
	})
	var heard []string
	mux.HandleFunc("POST /said", func(w http.ResponseWriter, r *http.Request) {
		heard = append(heard, r.PostFormValue("what"))
		page(w, "<h1>Heard</h1>")
	})
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="some file.txt"`)
		io.WriteString(w, "content")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	b := newBrowser(t)
	b.open(server.URL)
	if !b.has("#script") || b.asked("/said") != nil {
		t.Errorf("script runs: %v; asked: %v", b.has("#script"), b.asked("/said"))
	}
	b.fill("#what", "never arrives")
	url, form := b.hold("/said", func() { b.press("Say it") })
	if url != server.URL+"/said" || form.Get("what") != "never arrives" {
		t.Errorf("held %s %v", url, form)
	}
	b.open(server.URL)
	b.fill("#what", "hello")
	b.pressOn("Say it")
	b.waitURL(server.URL + "/said")
	b.waitText("Heard")
	if b.text("h1") != "Heard" || b.posted("/said").Get("what") != "hello" || !slices.Equal(heard, []string{"hello"}) {
		t.Errorf("%s; posted %v; heard %q", b.text("h1"), b.posted("/said"), heard)
	}
	b.scriptOff()
	b.open(server.URL + "/")
	if b.has("#script") || !strings.Contains(b.html(), "Say it") {
		t.Error("script runs although it is off")
	}
	name, content := b.download(func() { b.press("Save") })
	if name != "some file.txt" || string(content) != "content" {
		t.Errorf("downloaded %q: %q", name, content)
	}
	kept := b.cookies(b.url())["kept"]
	b.clearCookies()
	if len(b.cookies(b.url())) != 0 {
		t.Error("cookies stayed")
	}
	b.setCookie(b.url(), kept)
	if c := b.cookies(b.url())["kept"]; c == nil || c.Value != "1" || !c.HTTPOnly {
		t.Errorf("put back: %+v", c)
	}
	b.scriptOn()
	b.reload()
	b.waitVisible("#script")
	b.screenshot(filepath.Join(t.TempDir(), "page.png"), shot{dark: true, width: 390, scale: 2, full: true})

	next := b.tab()
	next.open(server.URL + "/nothing")
	if next.cookies(server.URL)["kept"] == nil {
		t.Error("tabs of one browser don't share cookies")
	}
	other := newBrowser(t)
	other.open(server.URL + "/nothing")
	if len(other.cookies(server.URL)) != 0 {
		t.Error("browsers share cookies")
	}
}

// TestDemoEnds: it says when it is ready, and ends when it is asked to, by either signal, or at once.
func TestDemoEnds(t *testing.T) {
	asked, ready := startDemo(t)
	if code := asked.signal(syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d after SIGINT: %s", code, asked.log())
	}
	if asked.printed() == "" || ready.Portal == "" {
		t.Errorf("printed %q", asked.printed())
	}
	_, port := freeAddress(t)
	again, ready := startDemo(t, "--listen", "127.0.0.1:"+port)
	if ready.Portal != "http://localhost:"+port {
		t.Errorf("the portal is at %s", ready.Portal)
	}
	again.stop()
	killed, ready := startDemo(t, "--dir", t.TempDir())
	killed.kill()
	alone := startServe(t, ready.Config) // without the identity providers and the AWS that went with the demo
	alone.stop()

	typo := startInstance(t, nil, "serve", "--config", writeFile(t, t.TempDir(), "typo.yaml", "servr: {}\n"))
	if code := typo.wait(); code != exitFault || !strings.Contains(typo.log(), "server") {
		t.Errorf("exit code %d: %s", code, typo.log())
	}
}
