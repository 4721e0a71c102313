package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromiumRuns is the one Chromium of all tests.
var chromiumRuns struct {
	sync.Mutex
	ctx context.Context
}

// chromium starts the shared Chromium, or gives the one that runs. It can reach this machine and nothing else.
func chromium(t testing.TB) context.Context {
	t.Helper()
	path := need(t, "chromium", "a real browser")
	chromiumRuns.Lock()
	defer chromiumRuns.Unlock()
	if chromiumRuns.ctx != nil {
		return chromiumRuns.ctx
	}
	profile, err := os.MkdirTemp("", "fedbridge-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.Env("TZ=Europe/Berlin"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeAll := chromedp.NewContext(allocator)
	atEnd(func() {
		closeAll()
		stop()
		os.RemoveAll(profile)
	})
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatalf("Chromium doesn't start: %v", err)
	}
	chromiumRuns.ctx = ctx
	return ctx
}

// browser is one tab in a browser of its own: nobody else's cookies.
type browser struct {
	t   testing.TB
	ctx context.Context

	mu   sync.Mutex
	sent []*network.EventRequestWillBeSent       // what the tab has asked for, in order
	went map[network.RequestID][]network.Headers // as it went out: the n-th of an id belongs to the n-th that was sent
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	return openTab(t, chromium(t), chromedp.WithNewBrowserContext())
}

// tab is another tab of the same browser: the same cookies.
func (b *browser) tab() *browser {
	b.t.Helper()
	return openTab(b.t, b.ctx)
}

func openTab(t testing.TB, parent context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(parent, options...)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // opens it; a time limit here would be the limit of the tab's whole life
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx, went: map[network.RequestID][]network.Headers{}}
	b.do(chromedp.EmulateViewport(1280, 900))
	limit := int64(1 << 20) // a SAML response is sent by POST
	call(b, network.Enable, network.EnableParams{MaxPostDataSize: &limit})
	if err := chromedp.Listen(ctx, b.overhear); err != nil {
		t.Fatal(err)
	}
	return b
}

// do runs steps, and fails with what the page shows.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, hangs)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail("%v", err)
	}
}

// fail ends the test and says where the browser is and what it shows.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	b.t.Fatalf("%s\nThe browser is at %s and shows:\n%s", fmt.Sprintf(format, args...), b.tried(`location.href`),
		b.tried(`document.body ? document.body.innerText : "nothing"`))
}

func (b *browser) tried(expression string) string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return err.Error()
	}
	return text
}

// eval gives what an expression is in the page. It works where the page's own script is off, too.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, hangs)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.fail("%s: %v", expression, err)
	}
	return value
}

// waitFor waits until an expression is true, through navigations. what says it in words.
func (b *browser) waitFor(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, hangs)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		// An error says that the page is just being left: the next one is asked.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+expression+`)`)); err == nil && yes {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			b.fail("waited in vain for %s", what)
		}
	}
}

const loaded = `!window.left && document.readyState === "complete" && location.href !== "about:blank"`

// open goes to a URL as if it were typed.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// reload asks for the page again.
func (b *browser) reload() {
	b.t.Helper()
	b.do(chromedp.Reload())
}

// visible is an expression that is true when an element is there to be seen.
func visible(selector string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility())`, selector)
}

// waitVisible waits until an element is there to be seen, on this page or one that follows by itself.
func (b *browser) waitVisible(selector string) {
	b.t.Helper()
	b.waitFor(selector, visible(selector))
}

// waitText waits until the page shows a text, on this page or one that follows by itself.
func (b *browser) waitText(text string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("the text %q", text), fmt.Sprintf(`document.body && document.body.innerText.includes(%q)`, text))
}

// waitURL waits until the browser is at a URL that begins so, and the page is complete.
func (b *browser) waitURL(prefix string) {
	b.t.Helper()
	b.waitFor("the page "+prefix, fmt.Sprintf(`location.href.startsWith(%q) && document.readyState === "complete"`, prefix))
}

// has tells whether an element is there to be seen now.
func (b *browser) has(selector string) bool {
	b.t.Helper()
	return eval[bool](b, visible(selector))
}

const still = `((e) => {
	e.scrollIntoView({block: "nearest", behavior: "instant"});
	const {x, y} = e.getBoundingClientRect(), was = window.stood;
	window.stood = e.tagName + x + " " + y;
	return was === window.stood;
})(document.querySelector(%q))`

// click presses the mouse on an element, once it stands still: a busy machine lays a page out late.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.waitVisible(selector)
	b.waitFor(selector+" to stand still", fmt.Sprintf(still, selector))
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// follow clicks, and waits for the page that it leads to.
func (b *browser) follow(selector string) {
	b.t.Helper()
	b.waitVisible(selector)
	eval[bool](b, `window.left = true`)
	b.click(selector)
	b.waitFor("the page behind "+selector, loaded)
}

const labelled = `[...document.querySelectorAll("a, button, input[type=submit], label, summary")].filter((e) => e.checkVisibility())
	.find((e) => (e.innerText || e.value || "").replace(/\s+/g, " ").trim().includes(%q))`

// labelled gives a selector of the first visible link, button or label whose text contains this.
func (b *browser) labelled(text string) string {
	b.t.Helper()
	find := fmt.Sprintf(labelled, text)
	b.waitFor(fmt.Sprintf("something to press that says %q", text), find)
	return fmt.Sprintf(`[data-pressed="%s"]`, eval[string](b, `(`+find+`).dataset.pressed ||= Math.random().toString(36)`))
}

// press clicks on the link, button or label whose text contains this; the page may stay.
func (b *browser) press(text string) {
	b.t.Helper()
	b.click(b.labelled(text))
}

// pressOn is press, and waits for the page that it leads to.
func (b *browser) pressOn(text string) {
	b.t.Helper()
	b.follow(b.labelled(text))
}

// fill types into a field in place of what is there.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.waitVisible(selector)
	eval[bool](b, fmt.Sprintf(`((e) => (e.focus(), e.select(), true))(document.querySelector(%q))`, selector))
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// text is what an element shows; of several, each on a line of its own.
func (b *browser) text(selector string) string {
	b.t.Helper()
	all := eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.innerText)`, selector))
	return strings.TrimSpace(strings.Join(all, "\n"))
}

// value is what a form's field holds, hidden or not.
func (b *browser) value(name string) string {
	b.t.Helper()
	b.waitFor("a field "+name, fmt.Sprintf(`document.querySelector("[name=%s]")`, name))
	return eval[string](b, fmt.Sprintf(`document.querySelector("[name=%s]").value`, name))
}

// html is the page as the browser has it now.
func (b *browser) html() string {
	b.t.Helper()
	return eval[string](b, `document.documentElement.outerHTML`)
}

// url is where the browser is.
func (b *browser) url() string {
	b.t.Helper()
	return eval[string](b, `location.href`)
}

// scriptOff keeps pages from running script, from the next page on.
func (b *browser) scriptOff() {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// scriptOn lets pages run script again, from the next page on.
func (b *browser) scriptOn() {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
}
