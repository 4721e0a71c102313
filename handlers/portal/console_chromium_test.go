package portal_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

const ownEntity = "https://bridge.example.com/saml/metadata"

// oneKey is a key that signs SAML.
type oneKey struct{ key mint.Key }

func (k oneKey) Current(mint.Use) (mint.Key, error) { return k.key, nil }

func samlKey(t *testing.T) mint.Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fedbridge"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return mint.Key{
		ID: "k1", Algorithm: "RS256", Public: private.Public(), Certificate: certificate,
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return private.Sign(rand.Reader, digest, crypto.SHA256)
		},
	}
}

// newPosting is the real portal with a role whose console is opened by a POST of what a real minter minted, to an AWS that
// verifies it. The portal is at localhost, all the rest at 127.0.0.1: another site.
func newPosting(t *testing.T) (r *real, signIn string) {
	t.Helper()
	aws, key := ststest.New(ststest.Options{}), samlKey(t)
	server, err := idptest.Serve(func(string) (http.Handler, error) { return aws.SignIn(), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	provider := "arn:aws:iam::" + prod.ID + ":saml-provider/Corp"
	metadata := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + ownEntity + `"><IDPSSODescriptor ` +
		`protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
		`<X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(key.Certificate.Raw) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/></IDPSSODescriptor></EntityDescriptor>`
	err = aws.Load(ststest.State{
		Accounts:      []ststest.Account{{ID: prod.ID, Name: "shop-prod"}},
		SAMLProviders: []ststest.SAMLProvider{{ARN: provider, Metadata: []byte(metadata)}},
		Roles: []ststest.Role{{ARN: "arn:aws:iam::" + prod.ID + ":role/minted", MaxSessionDuration: 12 * time.Hour, TrustPolicy: fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":%q},"Action":["sts:AssumeRoleWithSAML","sts:TagSession",`+
				`"sts:SetSourceIdentity"],"Condition":{"StringEquals":{"SAML:aud":%q}}}]}`, provider, server.URL+"/saml")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	minter, err := mint.New(mint.Config{Issuer: "https://bridge.example.com", EntityID: ownEntity, Keys: oneKey{key}, SubjectKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	r = newReal(t, "", false, withMinted, func(w *world, o *portal.Options) {
		w.mints, w.console.signIn = minter, server.URL+"/saml"
		o.ConsoleFormHosts = []string{"https://signin.aws.amazon.com", server.URL}
	})
	return r, server.URL
}

// TestConsolePostInChromium: a real browser, held by the real policies, ends on the console page with what was promised on
// the role's page: by itself, or by the button where no script runs.
func TestConsolePostInChromium(t *testing.T) {
	r, signIn := newPosting(t)
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprintf("script %t", script), func(t *testing.T) {
			tab := newTab(t)
			if !script {
				if _, err := chromedp.Call(tab.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
					t.Fatal(err)
				}
			}
			tab.open(r.url + "/login/web")
			tab.wait(`document.querySelector("#login")`)
			tab.do(`document.querySelector("[name=username]").value = "alice"; document.querySelector("[name=password]").value = "pw"; document.querySelector("#login button").click()`)
			tab.wait(`document.querySelector("[href='/roles/shop-prod/minted']")`)
			tab.open(r.url + "/roles/shop-prod/minted")
			tab.wait(`document.querySelector("[value='12h']")`)
			tab.do(`document.querySelector("[value='12h']").checked = true; document.querySelector(".choose .go").click()`)
			if !script {
				tab.wait(`document.querySelector("form[data-autopost] button")`)
				tab.do(`document.querySelector("form[data-autopost] button").click()`)
			}
			tab.wait(`location.href.startsWith("` + signIn + `/console") && document.querySelector("#arn")`)
			text := tab.text(`document.body.innerText`)
			for _, want := range []string{
				"arn:aws:sts::" + prod.ID + ":assumed-role/minted/", "alice@example.com", "a SAML response at the sign-in page", "Cost centre", "4711",
				"Größe", "Team", "Shop", "transitive", "https://console.aws.amazon.com/",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("the console page lacks %q:\n%s", want, text)
				}
			}
			if left := tab.text(`document.querySelector("#seconds-left").textContent`); !strings.HasPrefix(left, "43") && !strings.HasPrefix(left, "42") {
				t.Errorf("%s seconds left", left)
			}
			if troubles := tab.text(`(window.troubles || []).join()`); troubles != "" {
				t.Errorf("the policy was broken: %s", troubles)
			}
			if ground := tab.text(`getComputedStyle(document.querySelector("header")).backgroundColor`); ground == "rgba(0, 0, 0, 0)" {
				t.Error("the policy kept the console's own style sheet away")
			}
			tab.shoot(fmt.Sprintf("console-post-script-%t", script))
		})
	}
}

// tab is one tab of a browser of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func newTab(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all" {
			t.Fatalf("chromium is required: %v", err)
		}
		t.Skip("SKIPPED: needs Chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.troubles = [];
		document.addEventListener("securitypolicyviolation", (e) => troubles.push(e.violatedDirective + " " + e.blockedURI));`}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, watch); err != nil {
		t.Fatal(err)
	}
	return &tab{t, ctx}
}

// shoot leaves a picture in the folder that FEDBRIDGE_TEST_SHOTS names.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("FEDBRIDGE_TEST_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) do(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script+"; true")); err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
}

func (b *tab) text(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

// wait polls through navigations, during which an evaluation fails.
func (b *tab) wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && yes {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s at %s", expression, b.text(`location.href + "\n" + document.body.innerText`))
		}
	}
}
