package templates_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// TestInBrowser opens every page in a real browser at the width of a small phone: nothing hostile runs, nothing breaks the
// policy, nothing makes the page wider than the screen. With FEDBRIDGE_TEST_SHOTS=DIR it leaves screenshots there.
func TestInBrowser(t *testing.T) {
	pages := samples(time.Now().Add(5 * time.Minute))
	b := newBrowser(t, pages)
	for _, s := range pages {
		t.Run(s.name, func(t *testing.T) { b.checkPage(t, s.name) })
	}
}

func (b *browser) checkPage(t *testing.T, name string) {
	b.do(t, chromedp.EmulateViewport(360, 740), chromedp.Navigate(b.url+"/"+name))
	if strings.HasPrefix(name, "postform/") || strings.HasPrefix(name, "consolepost/") {
		return // has left, or was held back by form-action
	}
	if troubles := eval[[]string](t, b, `window.troubles`); len(troubles) > 0 {
		t.Errorf("troubles: %q", troubles)
	}
	if wide := eval[int](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		t.Errorf("%d pixels wider than a phone", wide)
	}
	if !eval[bool](t, b, `document.documentElement.classList.contains("js")`) {
		t.Error("the script did not run")
	}
	b.shoot(t, name)
}

func (b *browser) shoot(t *testing.T, name string) {
	dir := os.Getenv("FEDBRIDGE_TEST_SHOTS")
	if dir == "" {
		return
	}
	eval[bool](t, b, `document.querySelectorAll("details").forEach((d, i) => d.open = i % 2 == 0), true`)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
				t.Fatal(err)
			}
			b.do(t, chromedp.EmulateViewport(width, 800))
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			file := fmt.Sprintf("%s-%s-%d.png", strings.ReplaceAll(name, "/", "-"), scheme, width)
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// open goes to a sample, at the width of a desk.
func (b *browser) open(t *testing.T, name string) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(b.url+"/"+name))
}

// slash presses the key as a browser reports it: one event that may still become a character. (chromedp.KeyEvent sends the
// character by itself, whatever the page made of the key.)
func (b *browser) slash(t *testing.T) {
	t.Helper()
	key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Code: "Slash", Text: "/", WindowsVirtualKeyCode: 191}
	if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, key); err != nil {
		t.Fatal(err)
	}
}

const visibleRoles = `[...document.querySelectorAll(".role")].filter((e) => e.checkVisibility()).map((e) => e.querySelector("bdi").textContent)`

func TestSearchInBrowser(t *testing.T) {
	b := newBrowser(t, samples(time.Now()))
	b.open(t, "picker/usual")
	b.slash(t)
	if got := eval[string](t, b, `document.activeElement.id + " " + q.value`); got != "q " {
		t.Fatalf("/ went to %q", got)
	}
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"analyst", []string{"Analyst"}},
		{"READ shop", []string{"Read only", "Read only"}},
		{"1111 adm", []string{"Administrator"}},
		{"owner: data@", []string{"Analyst"}},
		{"development", []string{"Administrator", "Read only"}},
		{"incidents", []string{"Administrator"}}, // of the description
		{"console", []string{}},                  // what every row says finds nothing
		{"", []string{"Analyst", "Administrator", "Read only", "Administrator", "Deploy", "Read only"}},
	} {
		eval[bool](t, b, fmt.Sprintf(`q.value = %q, q.dispatchEvent(new Event("input"))`, tt.query))
		if diff := cmp.Diff(tt.want, eval[[]string](t, b, visibleRoles)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tt.query, diff)
		}
		if empty := eval[bool](t, b, `none.checkVisibility()`); empty != (len(tt.want) == 0) {
			t.Errorf("%q: says that nothing matches: %v", tt.query, empty)
		}
		if sections := eval[int](t, b, `document.querySelectorAll("section:not([hidden]) .role:not([hidden])").length`); sections != len(tt.want) {
			t.Errorf("%q: %d roles in visible accounts", tt.query, sections)
		}
	}
	b.do(t, chromedp.KeyEvent("read dev"), chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(chromedp.CSS("pre")))
	if got := eval[string](t, b, `location.pathname`); got != "/roles/444455556666/readonly" {
		t.Errorf("Enter led to %q", got)
	}
	b.open(t, "picker/usual")
	b.slash(t)
	b.do(t, chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	if got := eval[string](t, b, `document.activeElement.pathname`); got != "/roles/444455556666/admin" {
		t.Errorf("two arrows went to %q", got)
	}
}

// TestBackInBrowser: a page that comes out of the browser's memory asks anew who is here; after a sign-out on a shared
// computer it would show who was. Without somebody signed in there is nothing to ask.
func TestBackInBrowser(t *testing.T) {
	b := newBrowser(t, samples(time.Now().Add(time.Hour)))
	for name, asks := range map[string]bool{"picker/usual": true, "signedout/usual": false} {
		b.open(t, name)
		eval[bool](t, b, `window.before = true, dispatchEvent(new PageTransitionEvent("pageshow", { persisted: false }))`)
		if !eval[bool](t, b, `window.before === true`) {
			t.Errorf("%s: a page that was loaded just now is loaded again", name)
		}
		eval[bool](t, b, `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`)
		again := false
		for i := range 50 {
			if again = eval[bool](t, b, `window.before !== true`); again || !asks && i == 5 {
				break
			}
			b.do(t, chromedp.Sleep(20*time.Millisecond))
		}
		if again != asks {
			t.Errorf("%s: loaded again: %v", name, again)
		}
	}
}

func TestManyRolesInBrowser(t *testing.T) {
	b := newBrowser(t, []sample{{"picker/many", many(2500)}})
	b.open(t, "picker/many")
	took := eval[float64](t, b, `(() => { const type = (text) => { const t = performance.now(); q.value = text; q.dispatchEvent(new Event("input")); return performance.now() - t };
		type("x"); return Math.max(...["t", "te", "team 7 re", "zzz", ""].map(type)) })()`)
	t.Logf("2,500 roles: the slowest of five searches took %.1f ms of script", took)
	eval[bool](t, b, `q.value = "team-7-prod readonly", q.dispatchEvent(new Event("input"))`)
	if got := eval[[]string](t, b, visibleRoles); len(got) < 2 || !strings.HasPrefix(got[0], "readonly-") {
		t.Errorf("found %q", got)
	}
}

func TestSecretsInBrowser(t *testing.T) {
	b := newBrowser(t, samples(time.Now()))
	b.open(t, "credentials/usual")
	const pre = `document.querySelector("pre").innerText`
	if got := eval[string](t, b, pre); strings.Contains(got, "wJalr") || !strings.Contains(got, "ASIAIOSFODNN7EXAMPLE") {
		t.Errorf("covered: %s", got)
	}
	eval[bool](t, b, `navigator.clipboard.writeText = async (text) => { window.copied = text }, true`)
	b.do(t, chromedp.Click(chromedp.CSS(`[data-copy=t0]`)))
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[string](`window.copied && document.querySelector("#live").textContent`)); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, b, `window.copied`); !strings.Contains(got, "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n") {
		t.Errorf("copied %q", got)
	}
	b.do(t, chromedp.Click(chromedp.CSS(`[data-show=t0]`)))
	if got := eval[string](t, b, pre); !strings.Contains(got, "wJalrXUtnFEMI") {
		t.Errorf("shown: %s", got)
	}
	b.do(t, chromedp.Click(chromedp.CSS(`label[for=f2]`)))
	if got := eval[[]string](t, b, `[...document.querySelectorAll("pre")].filter((e) => e.checkVisibility()).map((e) => e.id)`); len(got) != 1 || got[0] != "t2" {
		t.Errorf("the third tab shows %q", got)
	}
	if got := eval[string](t, b, `document.querySelector("[data-countdown]").textContent`); !strings.HasSuffix(got, " left") {
		t.Errorf("countdown %q", got)
	}
	b.do(t, chromedp.Click(chromedp.CSS(`[form=s2]`)), chromedp.WaitNotPresent(chromedp.CSS("#live")))
	if got := eval[string](t, b, `document.body.innerText`); got != "/roles/444455556666/readonly/credentials?format=ps1" {
		t.Errorf("downloaded by %q", got)
	}
}

// TestWithoutScript: nothing that a person needs is lost.
func TestWithoutScript(t *testing.T) {
	b := newBrowser(t, samples(time.Now()))
	off := emulation.SetScriptExecutionDisabledParams{Value: true}
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, off); err != nil {
		t.Fatal(err)
	}
	b.open(t, "credentials/usual")
	if got := eval[string](t, b, `document.querySelector("pre").innerText`); !strings.Contains(got, "wJalrXUtnFEMI") {
		t.Errorf("without script: %s", got)
	}
	if eval[bool](t, b, `document.querySelector("[data-copy]").checkVisibility() || document.querySelector("[data-show]").checkVisibility()`) {
		t.Error("buttons that need script are there without it")
	}
	b.do(t, chromedp.Click(chromedp.CSS(`label[for=f3]`)))
	if !eval[bool](t, b, `t3.checkVisibility() && !t0.checkVisibility()`) {
		t.Error("the tabs need script")
	}
	if got := eval[string](t, b, `document.querySelector("time").textContent`); !strings.HasSuffix(got, " UTC") {
		t.Errorf("time without script: %q", got)
	}
	b.open(t, "picker/usual")
	if !eval[bool](t, b, `document.querySelector(".search button").checkVisibility()`) {
		t.Error("the search can't be sent")
	}
	b.do(t, chromedp.Click(chromedp.CSS(`[formaction$="/777788889999/analyst/credentials"]`)), chromedp.WaitNotPresent(chromedp.CSS("#live")))
	if got := eval[string](t, b, `document.body.innerText`); got != "/roles/777788889999/analyst/credentials?" {
		t.Errorf("the button posted %q", got)
	}
	b.open(t, "role/usual")
	b.do(t, chromedp.Click(chromedp.CSS(`label[for=d3]`)), chromedp.Click(chromedp.CSS(`[formaction$="/credentials"]`)), chromedp.WaitNotPresent(chromedp.CSS("#live")))
	if got := eval[string](t, b, `document.body.innerText`); got != "/roles/111122223333/admin/credentials?duration=2h&region=eu-west-1&to=" {
		t.Errorf("the form posted %q", got)
	}
}
