package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// complaints collects what the browser complains of: a policy that forbids something, a file that isn't there, an error
// in a script.
func (b *browser) complaints() func() []string {
	b.t.Helper()
	var mu sync.Mutex
	var all []string
	call(b, log.Enable, cdp.Empty{})
	err := chromedp.Listen(b.ctx, func(ev any) {
		if ev, ok := ev.(*log.EventEntryAdded); ok && ev.Entry.Level == log.EntryLevelError {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, ev.Entry.Text+" "+ev.Entry.URL)
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// TestDemoInChromium goes the whole way at both of the demo's providers, as a newcomer goes it.
func TestDemoInChromium(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ name, role, arn, via string }{
		{"corp", "shop-prod/admin", "arn:aws:sts::" + shopProd + ":assumed-role/Admin/ada@example.com", "AssumeRoleWithSAML"},
		{"web", "data-lab/analyst", "arn:aws:sts::" + dataLab + ":assumed-role/Analyst/ada@example.com-", "AssumeRoleWithWebIdentity"},
	} {
		t.Run(way.name, func(t *testing.T) {
			b := newBrowser(t)
			complaints := b.complaints()
			_, demo := startDemo(t)
			signInAsNewcomer(b, demo, way.name)

			// The page of a role, its credentials, and who one is with them.
			account, role, _ := strings.Cut(way.role, "/")
			b.fill("#q", account+" "+map[string]string{"admin": "administrator"}[role])
			b.waitFor("one role", `[...document.querySelectorAll("li.role")].filter((e) => e.checkVisibility()).length < 3`)
			b.follow(`a[href="/roles/` + way.role + `"]`)
			b.press("30 minutes")
			b.pressOn("Get credentials")
			b.waitText("Valid until")
			if text := b.text("#t0"); !strings.Contains(text, "AWS_SECRET_ACCESS_KEY='•") {
				t.Errorf("secrets are not covered: %s", text)
			}
			b.press("JSON")
			name, file := b.download(func() { b.press("Download") })
			creds := readCredentials(t, file)
			if name != "aws-"+account+"-"+role+".json" || time.Until(creds.Expiration) > 31*time.Minute {
				t.Errorf("%s holds credentials until %s", name, creds.Expiration)
			}
			if arn := callerIdentity(t, demo.STS, creds); !strings.HasPrefix(arn, way.arn) {
				t.Errorf("STS says %s", arn)
			}

			// The console.
			b.open(demo.Portal)
			b.click(`button[formaction="/roles/` + way.role + `/console"]`)
			b.waitURL(demo.SignIn)
			b.waitVisible("#arn")
			if arn, via := b.text("#arn"), b.text("#via"); !strings.HasPrefix(arn, way.arn) || via != way.via {
				t.Errorf("the console says %s by %s", arn, via)
			}

			b.open(demo.Portal)
			b.pressOn("About me")
			b.waitText(`Rule "platform team" gives you this role.`)
			b.open(demo.Portal)
			b.pressOn("Sign out")
			b.waitText("You are signed out")
			b.do(chromedp.NavigateBack()) // also out of the browser's memory: nobody is there
			b.waitText("or choose")
			b.open(demo.Portal + "/whoami")
			b.waitText("or choose")
			if all := complaints(); len(all) > 0 {
				t.Errorf("the browser complains: %q", all)
			}
		})
	}
}

// signInAsNewcomer finds the way from the address that the demo printed: by e-mail to one provider, by its button to the
// other; then a click on ada fills the form in.
func signInAsNewcomer(b *browser, demo demoReady, provider string) {
	b.t.Helper()
	b.open(demo.Portal)
	if provider == "corp" {
		b.fill("#hint", "ada@example.com")
		b.press("Continue")
		b.waitURL(demo.SAML)
	} else {
		b.press("Example Web")
		b.waitURL(demo.OIDC)
	}
	b.waitVisible("#login")
	b.pressOn("Ada Lovelace")
	b.click("#sign-in")
	b.waitURL(demo.Portal + "/")
	b.waitText("7 roles in 3 accounts")
}

// The picture in README.
const (
	pictureWidth, pictureHeight = 1160, 836 // in CSS pixels
	pictureScale                = 2
)

// TestPages looks at every page of the demo: none is wider than a phone. It makes the pictures, too: with
// FEDBRIDGE_SCREENSHOTS=DIR the one in README, as DIR/picker.png, with FEDBRIDGE_TEST_SHOTS=DIR all pages in light, in dark
// and on a phone.
func TestPages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	_, demo := startDemo(t)
	ada := personNamed(t, "ada")
	visit := func(provider string, person demoPerson) {
		b.clearCookies()
		b.open(demo.Portal + "/login/" + provider)
		b.waitVisible("#login")
		b.fill("#username", person.Username)
		b.fill("#password", person.Password)
		b.click("#sign-in")
		b.waitURL(demo.Portal + "/")
		b.waitVisible("nav")
	}
	open := func(path string) { b.open(demo.Portal + path) }

	open("/")
	look(t, b, "sign-in")
	b.open(demo.Portal + "/login/corp")
	b.waitVisible("#login")
	look(t, b, "provider")
	visit("corp", ada)
	look(t, b, "picker")
	if dir := os.Getenv("FEDBRIDGE_SCREENSHOTS"); dir != "" {
		b.do(chromedp.EmulateViewport(pictureWidth, pictureHeight))
		eval[bool](b, `(document.querySelector(".until time").textContent = "6:00 PM", document.activeElement.blur(), true)`)
		b.screenshot(filepath.Join(dir, "picker.png"), shot{width: pictureWidth, height: pictureHeight, scale: pictureScale})
	}
	open("/?q=nothing-of-the-kind")
	look(t, b, "picker-nothing-found")
	open("/roles/shop-prod/admin?to=https://eu-west-1.console.aws.amazon.com/s3/home&region=eu-west-1")
	look(t, b, "role")
	open("/roles/data-lab/analyst")
	look(t, b, "role-blocked")
	open("/roles/shop-dev/readonly")
	b.pressOn("Get credentials")
	look(t, b, "credentials")
	b.press("Show")
	look(t, b, "credentials-shown")
	open("/whoami")
	look(t, b, "about-me")
	open("/")
	b.click(`button[formaction="/roles/shop-dev/readonly/console"]`)
	b.waitURL(demo.SignIn)
	look(t, b, "console")
	open("/roles/shop-dev/unknown")
	look(t, b, "refused")
	open("/nowhere")
	look(t, b, "not-found")
	open("/")
	b.pressOn("Sign out")
	look(t, b, "signed-out")
	visit("web", personNamed(t, "nora"))
	look(t, b, "no-role")
	visit("corp", personNamed(t, "leo"))
	look(t, b, "denied")
}

// look makes the page as narrow as a phone, and says whether it fits; where it is asked for, it keeps pictures.
func look(t *testing.T, b *browser, name string) {
	t.Helper()
	b.waitFor("the whole page", `document.readyState === "complete"`)
	b.do(chromedp.EmulateViewport(390, 844))
	if wide := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		t.Errorf("%s is %d pixels wider than a phone", name, wide)
	}
	if dir := os.Getenv("FEDBRIDGE_TEST_SHOTS"); dir != "" {
		for _, dark := range []bool{false, true} {
			for _, width := range []int64{1280, 390} {
				file := fmt.Sprintf("%s-%s-%d.png", name, map[bool]string{false: "light", true: "dark"}[dark], width)
				b.screenshot(filepath.Join(dir, file), shot{width: width, dark: dark, full: true})
			}
		}
	}
	b.do(chromedp.EmulateViewport(1280, 900))
}
