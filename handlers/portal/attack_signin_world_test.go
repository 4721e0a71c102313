package portal_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// theirs are the identity providers of the sign-in attacks: real protocols and signatures, no sockets. Made once.
var theirs = sync.OnceValue(func() (all struct {
	saml *idptest.SAML
	oidc *idptest.OIDC
}) {
	people := []idptest.Person{
		{Username: "alice", Subject: "alice", Email: "alice@example.com", Name: "Alice"}, {Username: "bob", Subject: "bob", Email: "bob@example.com", Name: "Bob"},
	}
	var err error
	if all.saml, err = idptest.NewSAML(idptest.SAMLOptions{
		URL: "https://idp.example.com", People: people, Key: idptest.KeyECDSA,
		SPs: []idptest.SP{{EntityID: base + "/saml/corp/metadata", ACS: []string{base + "/saml/corp/acs"}}},
	}); err != nil {
		panic(err)
	}
	if all.oidc, err = idptest.NewOIDC(idptest.OIDCOptions{
		Issuer: "https://web.example.com", People: people, Algorithm: "ES256", ResponseIss: true,
		Clients: []idptest.Client{{ID: "fedbridge", Secret: "client-secret", RedirectURIs: []string{base + "/oidc/web/callback"}}},
	}); err != nil {
		panic(err)
	}
	return all
})

// handlerTransport serves requests by a handler, without a network.
type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// node is a portal with real providers over a database that other nodes share.
type node struct {
	*world
	rows *store.SQLite
}

// newNode opens a node over the database at path. wrap, where given, stands between the portal and the database.
func newNode(t *testing.T, path string, wrap func(*store.SQLite) portal.Store, changes ...func(*saml.Config)) *node {
	t.Helper()
	rows, err := store.OpenSQLite(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	n := &node{rows: rows}
	n.world = newWorld(t, func(w *world, o *portalOptions) {
		o.Store, o.Now = rows, time.Now
		if wrap != nil {
			o.Store = wrap(rows)
		}
		o.Providers = openTheirs(t, w, rows, changes)
	})
	theirs().saml.Lie()
	theirs().oidc.Lie()
	return n
}

func openTheirs(t *testing.T, w *world, rows *store.SQLite, changes []func(*saml.Config)) []idp.IdentityProvider {
	t.Helper()
	t.Setenv("FEDBRIDGE_PORTAL_TEST_SECRET", "client-secret")
	metadata := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(metadata, theirs().saml.Metadata(), 0o600); err != nil {
		t.Fatal(err)
	}
	corp := &saml.Config{Metadata: "file:" + metadata}
	corp.Name, corp.Kind = "corp", idp.KindSAML
	for _, change := range changes {
		change(corp)
	}
	web := &oidc.Config{Issuer: theirs().oidc.Issuer(), ClientID: "fedbridge", ClientSecret: "env:FEDBRIDGE_PORTAL_TEST_SECRET", Algorithms: []string{"ES256"}}
	web.Name, web.Kind = "web", idp.KindOIDC
	var all []idp.IdentityProvider
	for _, config := range []idp.Opener{corp, web} {
		p, err := config.Open(idp.Deps{
			BaseURL: base, Replay: store.Guard{Store: rows}, Audit: w.audit, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: time.Now,
			Transport: handlerTransport{theirs().oidc},
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// ask begins at the provider and gives what comes back for this person.
func (b *browser) ask(provider, who string) url.Values {
	b.w.t.Helper()
	to := b.get("/login/" + provider).Header().Get("Location")
	var answer url.Values
	var err error
	if provider == "corp" {
		answer, err = theirs().saml.Answer(to, nil, who)
	} else {
		answer, err = theirs().oidc.Answer(to, who)
	}
	if err != nil {
		b.w.t.Fatal(err)
	}
	return answer
}

// bring brings an answer to where it belongs.
func (b *browser) bring(provider string, answer url.Values) *httptest.ResponseRecorder {
	if provider == "corp" {
		return b.send("POST", "/saml/corp/acs", answer, true)
	}
	return b.send("GET", "/oidc/web/callback?"+answer.Encode(), nil, true)
}

// unasked is an answer to nobody, as a dashboard's tile sends it.
func unasked(t testing.TB, who string) url.Values {
	t.Helper()
	r := idptest.AuthnRequest{Issuer: base + "/saml/corp/metadata", ACS: base + "/saml/corp/acs"}
	document, err := theirs().saml.Respond(idptest.Person{Username: who, Subject: who, Email: who + "@example.com"}, r, idptest.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return theirs().saml.Form(document, r)
}

// copyOf is another browser with the same cookies, as a thief or a hundred tabs would have it, at this node.
func (b *browser) copyOf(w *world) *browser {
	c := w.browser()
	for name, value := range b.cookies {
		c.cookies[name] = value
	}
	return c
}

// isCode tells whether the answer is the page of one of these codes, and nobody was signed in.
func isCode(answer *httptest.ResponseRecorder, codes ...bridge.Code) bool {
	for _, c := range answer.Result().Cookies() {
		if c.Name == portal.SessionCookie && c.MaxAge >= 0 {
			return false
		}
	}
	for _, code := range codes {
		if got := answer.Header().Get("Location"); answer.Code >= 400 && got == "" && containsCode(answer, code) {
			return true
		}
	}
	return false
}
