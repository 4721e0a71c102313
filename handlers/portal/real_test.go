package portal_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// real is the portal on a port of localhost, with real providers of both kinds on 127.0.0.1, so that the SAML answer is a
// genuine cross-site POST; a browser that obeys SameSite and form-action; and SQLite.
type real struct {
	*world
	url  string // of the portal
	oidc *idptest.OIDC
	saml *idptest.SAML
	rows *store.SQLite
}

var realPeople = []idptest.Person{
	{Username: "alice", Password: "pw", Email: "alice@example.com", Name: "Alice", Groups: []string{"platform"}},
	{Username: "rita", Password: "pw", Email: "rita@example.com", Name: "Rita",
		RolePairs: []string{"arn:aws:iam::" + prod.ID + ":role/relayed,arn:aws:iam::" + prod.ID + ":saml-provider/Corp"}},
	{Username: "nobody", Password: "pw", Email: "nobody@example.com", Name: "Nobody"},
}

func newReal(t *testing.T, binding string, unsolicited bool, changes ...change) *real {
	t.Helper()
	r := &real{}
	r.serveProviders(t)
	var err error
	if r.rows, err = store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.rows.Close() })
	server, err := idptest.Serve(func(address string) (http.Handler, error) {
		r.url = strings.Replace(address, "127.0.0.1", "localhost", 1)
		site, err := handlers.New(handlers.Options{BaseURL: r.url})
		if err != nil {
			return nil, err
		}
		r.world = newWorld(t, func(w *world, o *portalOptions) {
			o.Site, o.Store, o.Now = site, r.rows, time.Now
			o.Providers = r.openProviders(t, w, binding, unsolicited)
			o.ConsoleFormHosts = []string{r.saml.EntityID()[:strings.LastIndexByte(r.saml.EntityID(), '/')]}
			w.console.home = r.saml.SSOURL()
			for _, c := range changes {
				c(w, o)
			}
		})
		return r.handler, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r.oidc.AddClient(idptest.Client{ID: "fedbridge", Secret: "client-secret", RedirectURIs: []string{r.url + "/oidc/web/callback"}})
	r.saml.AddSP(idptest.SP{EntityID: r.url + "/saml/corp/metadata", ACS: []string{r.url + "/saml/corp/acs"}})
	return r
}

func (r *real) serveProviders(t *testing.T) {
	t.Helper()
	for _, build := range []func(string) (http.Handler, error){
		func(address string) (h http.Handler, err error) {
			r.oidc, err = idptest.NewOIDC(idptest.OIDCOptions{Issuer: address, People: realPeople})
			return r.oidc, err
		},
		func(address string) (h http.Handler, err error) {
			r.saml, err = idptest.NewSAML(idptest.SAMLOptions{URL: address, People: realPeople, Audiences: []string{idptest.AWSAudience}})
			return r.saml, err
		},
	} {
		server, err := idptest.Serve(build)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
	}
}

func (r *real) openProviders(t *testing.T, w *world, binding string, unsolicited bool) []idp.IdentityProvider {
	t.Helper()
	t.Setenv("FEDBRIDGE_PORTAL_TEST_SECRET", "client-secret")
	web := &oidc.Config{Issuer: r.oidc.Issuer(), ClientID: "fedbridge", ClientSecret: "env:FEDBRIDGE_PORTAL_TEST_SECRET"}
	web.Name, web.Kind, web.Label = "web", idp.KindOIDC, "Web"
	corp := &saml.Config{Metadata: r.saml.MetadataURL(), Binding: binding, IdPInitiated: unsolicited, Audiences: []string{idptest.AWSAudience},
		Claims: saml.Claims{Email: "mail", Name: "displayName", Groups: saml.GroupsClaim{Claim: "memberOf"}}}
	corp.Name, corp.Kind, corp.Label = "corp", idp.KindSAML, "Example Corp"
	var all []idp.IdentityProvider
	for _, config := range []idp.Opener{web, corp} {
		if problems := config.Check(); len(problems) > 0 {
			t.Fatal(problems)
		}
		p, err := config.Open(idp.Deps{
			BaseURL: r.url, Replay: store.Guard{Store: r.rows}, Audit: w.audit, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// enter signs in by a link of the home page, through the provider's login page, back to the portal.
func (r *real) enter(t *testing.T, b *idptest.Browser, provider, who string) *idptest.Page {
	t.Helper()
	page, err := b.Get(r.url + "/login/" + provider)
	if err == nil && page.Find("form[data-autopost]") != nil { // the request travels by a form
		page, err = b.AutoSubmit()
	}
	if err == nil && page.Find("#login") != nil {
		page, err = b.SignIn(who, "pw")
	}
	if err == nil && !strings.HasPrefix(page.URL.String(), r.url) { // the answer travels by a form
		page, err = b.AutoSubmit()
	}
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestRealSignIn(t *testing.T) {
	for _, c := range []struct{ provider, binding string }{{"web", ""}, {"corp", "redirect"}, {"corp", "post"}} {
		t.Run(c.provider+c.binding, func(t *testing.T) {
			r := newReal(t, c.binding, false)
			b := idptest.NewBrowser()
			defer b.Close()
			page := r.enter(t, b, c.provider, "alice")
			if page.Status != 200 || page.URL.Path != "/" || !strings.Contains(page.Text(), "Alice") || page.Find("[formaction=/roles/shop-prod/admin/console]") == nil {
				t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text())
			}
			page, err := b.Press("[formaction=/roles/shop-prod/admin/credentials]", nil)
			if err != nil || page.Status != 200 || !strings.Contains(page.Body, "ASIAEXAMPLEEXAMPLE") {
				t.Fatalf("credentials: %v %+v", err, page)
			}
			if _, err = b.Get(r.url + "/"); err != nil {
				t.Fatal(err)
			}
			// The console's host stands in form-action: the browser follows the redirect of the form.
			if page, err = b.Press("[formaction=/roles/shop-prod/admin/console]", nil); err != nil || !strings.HasPrefix(page.URL.String(), r.saml.SSOURL()) {
				t.Fatalf("console: %v %+v", err, page)
			}
			if page, err = b.Get(r.url + "/whoami"); err != nil || !strings.Contains(page.Text(), "alice@example.com") {
				t.Fatalf("whoami: %v %s", err, page.Text())
			}
			page, err = b.Submit("form[action=/logout]", nil)
			if err != nil || page.Status != 200 || page.Find("[href=/whoami]") != nil {
				t.Fatalf("sign-out: %v %s", err, page.Text())
			}
		})
	}
}

// TestRealRelay: the very bytes that were verified go to STS.
func TestRealRelay(t *testing.T) {
	r := newReal(t, "", false)
	b := idptest.NewBrowser()
	defer b.Close()
	r.enter(t, b, "corp", "rita")
	page, err := b.Press("[formaction=/roles/shop-prod/relayed/credentials]", nil)
	if err != nil || page.Status != 200 {
		t.Fatalf("%v %+v", err, page)
	}
	ask := r.sts.asks[0]
	if xml, err := base64.StdEncoding.DecodeString(ask.Proof.Raw.Reveal()); err != nil || ask.Via != bridge.ViaSAML || !strings.Contains(string(xml), "rita@example.com") {
		t.Errorf("STS was asked %+v (%v)", ask, err)
	}
	// At the other provider the role says whom it is for.
	r.enter(t, b, "web", "rita")
	if page, err = b.Get(r.url + "/roles/shop-prod/relayed"); err != nil || !strings.Contains(page.Text(), "Sign in with Example Corp") {
		t.Errorf("%v %s", err, page.Text())
	}
}

// TestRealRefusals: lies of the providers end on a page with a code, without a session, without a cause.
func TestRealRefusals(t *testing.T) {
	for _, c := range []struct {
		provider string
		lie      idptest.Lie
		code     bridge.Code
	}{
		{"corp", idptest.WrongAudience, bridge.CodeAudience}, {"web", idptest.WrongAudience, bridge.CodeAudience},
		{"corp", idptest.Expired, bridge.CodeClock}, {"corp", idptest.UnsignedAssertion, bridge.CodeAnswerRejected},
		{"web", idptest.Expired, bridge.CodeClock},
	} {
		t.Run(fmt.Sprint(c.provider, c.lie), func(t *testing.T) {
			r := newReal(t, "", false)
			r.oidc.Lie(c.lie)
			r.saml.Lie(c.lie)
			b := idptest.NewBrowser()
			defer b.Close()
			page := r.enter(t, b, c.provider, "alice")
			if page.Status != handlers.Status(c.code) || !strings.Contains(page.Text(), string(c.code)) || strings.Contains(page.Body, idptest.Canary) {
				t.Errorf("%d %s", page.Status, page.Text())
			}
			if page, err := b.Get(r.url + "/whoami"); err != nil || page.URL.Path != "/login" {
				t.Errorf("signed in: %v %s", err, page.URL)
			}
			if e := r.audit.last(); e.Allowed || e.Code != c.code {
				t.Errorf("audit: %+v", e)
			}
		})
	}
}

// TestRealTile: a tile of the provider's dashboard works, without a loop, and by configuration with one question.
func TestRealTile(t *testing.T) {
	t.Run("begun again", func(t *testing.T) {
		r := newReal(t, "", false)
		b := idptest.NewBrowser()
		defer b.Close()
		page := r.tile(t, b)
		if page.URL.Path != "/" || !strings.Contains(page.Text(), "Alice") {
			t.Errorf("%d %s: %s", page.Status, page.URL, page.Text())
		}
	})
	t.Run("allowed", func(t *testing.T) {
		r := newReal(t, "", true)
		b := idptest.NewBrowser()
		defer b.Close()
		page := r.tile(t, b)
		if page.Status != 200 || !strings.Contains(page.Text(), "alice") || !strings.Contains(page.Text(), "Is this you?") {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text())
		}
		page, err := b.Submit("form[action=/login/corp]", nil)
		if err != nil || page.URL.Path != "/" || !strings.Contains(page.Text(), "Alice") {
			t.Errorf("%v %d %s: %s", err, page.Status, page.URL, page.Text())
		}
	})
}

// tile starts at the provider.
func (r *real) tile(t *testing.T, b *idptest.Browser) *idptest.Page {
	t.Helper()
	page, err := b.Get(r.saml.StartURL() + "?sp=" + r.url + "/saml/corp/metadata")
	for range 4 {
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.HasPrefix(page.URL.String(), r.url):
			return page
		case page.Find("#login") != nil:
			page, err = b.SignIn("alice", "pw")
		default:
			page, err = b.AutoSubmit()
		}
	}
	return page
}
