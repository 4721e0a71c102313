package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	cdpbrowser "github.com/chromedp/cdproto/browser"
)

// call asks the browser's debugger for one thing.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, hangs)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.fail("%v", err)
	}
	return answer
}

// overhear remembers what the tab asks for.
func (b *browser) overhear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.sent = append(b.sent, ev)
	case *network.EventRequestWillBeSentExtraInfo:
		b.went[ev.RequestID] = append(b.went[ev.RequestID], ev.Headers)
	}
}

// asked gives the last request whose URL contains this; nil for none.
func (b *browser) asked(part string) *network.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range slices.Backward(b.sent) {
		if strings.Contains(ev.Request.URL, part) {
			return ev.Request
		}
	}
	return nil
}

// headers gives the headers, cookies included, of the last request whose URL contains this. A redirect keeps the id of the
// request that it answers.
func (b *browser) headers(part string) network.Headers {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, ev := range slices.Backward(b.sent) {
		if !strings.Contains(ev.Request.URL, part) {
			continue
		}
		nth := 0
		for _, earlier := range b.sent[:i] {
			if earlier.RequestID == ev.RequestID {
				nth++
			}
		}
		if nth < len(b.went[ev.RequestID]) {
			return b.went[ev.RequestID][nth]
		}
	}
	return nil
}

// posted gives the form of the last POST whose URL contains this.
func (b *browser) posted(part string) url.Values {
	b.t.Helper()
	r := b.asked(part)
	if r == nil || r.Method != "POST" {
		b.fail("no POST to %s", part)
	}
	return b.form(r)
}

func (b *browser) form(r *network.Request) url.Values {
	b.t.Helper()
	var body strings.Builder
	for _, entry := range r.PostDataEntries {
		body.Write(entry.Bytes)
	}
	values, err := url.ParseQuery(body.String())
	if err != nil {
		b.fail("the body of a request to %s: %v", r.URL, err)
	}
	return values
}

// hold lets act do something, catches the request that follows to a URL with this in it, and doesn't let it out: an answer
// that was made and never arrived. It gives the request's URL and form.
func (b *browser) hold(part string, act func()) (string, url.Values) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, hangs)
	defer stop()
	caught := chromedp.Events(ctx, fetch.RequestPaused)
	call(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*" + part + "*"}}})
	defer call(b, fetch.Disable, cdp.Empty{})
	act()
	for ev, err := range caught {
		if err != nil {
			b.fail("no request to %s: %v", part, err)
		}
		call(b, fetch.FailRequest, fetch.FailRequestParams{RequestID: ev.RequestID, ErrorReason: network.ErrorReasonAborted})
		return ev.Request.URL, b.form(ev.Request)
	}
	b.fail("no request to %s", part)
	return "", nil
}

// cookies gives the cookies that the browser would send to a URL, by name.
func (b *browser) cookies(url string) map[string]*network.Cookie {
	b.t.Helper()
	all := map[string]*network.Cookie{}
	for _, c := range call(b, network.GetCookies, network.GetCookiesParams{URLs: []string{url}}).Cookies {
		all[c.Name] = c
	}
	return all
}

// setCookie puts a cookie back that the browser had before.
func (b *browser) setCookie(url string, c *network.Cookie) {
	b.t.Helper()
	call(b, network.SetCookie, network.SetCookieParams{
		Name: c.Name, Value: c.Value, URL: url, Path: c.Path, Secure: &c.Secure, HTTPOnly: &c.HTTPOnly, SameSite: c.SameSite,
	})
}

// clearCookies forgets all cookies.
func (b *browser) clearCookies() {
	b.t.Helper()
	call(b, network.ClearBrowserCookies, cdp.Empty{})
}

// download lets act begin a download, and gives the file's name and content once it is whole.
func (b *browser) download(act func()) (name string, content []byte) {
	b.t.Helper()
	dir, yes := b.t.TempDir(), true
	params := cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, EventsEnabled: &yes,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}
	ctx, stop := context.WithTimeout(b.ctx, hangs)
	defer stop()
	if _, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, params); err != nil {
		b.fail("%v", err)
	}
	progress := chromedp.BrowserEvents(ctx, cdpbrowser.DownloadProgress)
	act()
	for ev, err := range progress {
		if err != nil {
			b.fail("no download: %v", err)
		}
		// Other tabs download, too; the folder is this one's.
		if ev.State != cdpbrowser.DownloadProgressStateCompleted || filepath.Dir(ev.FilePath) != dir {
			continue
		}
		content, err := os.ReadFile(ev.FilePath)
		if err != nil {
			b.fail("%v", err)
		}
		return filepath.Base(ev.FilePath), content
	}
	b.fail("no download")
	return "", nil
}

// shot says how to look at a page. Zero values are a desk in daylight.
type shot struct {
	width, height int64
	scale         float64
	dark          bool
	full          bool // the whole page, however long
}

// screenshot writes what the page looks like as a PNG.
func (b *browser) screenshot(path string, s shot) {
	b.t.Helper()
	if s.width == 0 {
		s.width = 1280
	}
	if s.height == 0 {
		s.height = 900
	}
	if s.scale == 0 {
		s.scale = 1
	}
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.do(chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)))
	take := chromedp.CaptureScreenshot()
	if s.full {
		take = chromedp.FullScreenshot(100)
	}
	ctx, cancel := context.WithTimeout(b.ctx, hangs)
	defer cancel()
	png, err := chromedp.Run(ctx, take)
	if err != nil {
		b.fail("screenshot: %v", err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
