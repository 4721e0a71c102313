package portal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

const postPath = "/roles/shop-prod/minted/console"

// withMinted adds a role whose console is opened by a POST of what fedbridge mints, with tags and a source identity.
func withMinted(w *world, _ *portal.Options) {
	role := testRole(prod, "minted", bridge.ViaIssuer)
	role.Mint, role.ConsolePost, role.MaxSession = bridge.ProofSAML, true, 12*time.Hour
	role.HasTags, role.HasSourceIdentity = true, true
	role.TransitiveTags, role.OptionalTags = []string{"Team"}, []string{"Cost centre", "Größe"}
	w.policy.roles = append(w.policy.roles, role)
	for _, who := range []string{"alice", "bob"} {
		w.policy.gives[who] = append(w.policy.gives[who], role.Key.String())
	}
	w.policy.adorn = func(id bridge.Identity, g *bridge.Grant) error {
		if g.Role.Key == role.Key {
			g.SourceIdentity = id.Email
			g.Tags = []bridge.Tag{{Key: "Cost centre", Value: "4711"}, {Key: "Größe", Value: "of " + id.Subject}, {Key: "Team", Value: "Shop"}}
		}
		return nil
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// fieldsOf reads the hidden fields of a page.
func fieldsOf(page string) map[string]string {
	fields := map[string]string{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	return fields
}

// TestConsolePost: the answer is a form that leads to AWS and nowhere else, that posts itself and has a button, and that
// nobody keeps. STS isn't asked.
func TestConsolePost(t *testing.T) {
	w := newWorld(t, withMinted)
	b := w.browser().signIn(w.corp, "alice")
	a := b.post(postPath, "duration", "12h", "to", "https://console.aws.amazon.com/s3")
	page := a.Body.String()
	if a.Code != 200 || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Referrer-Policy") != "no-referrer" || a.Header().Get("Location") != "" {
		t.Fatalf("%d %v %s", a.Code, a.Header(), page)
	}
	for _, want := range []string{`<form method="post" action="https://signin.aws.amazon.com/saml" data-autopost>`, "<button", "minted</bdi> in <bdi>Shop</bdi>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	key := bridge.RoleKey{Account: prod.ID, Name: "minted"}
	fields := fieldsOf(page)
	if len(fields) != 2 || fields["SAMLResponse"] != minted("alice", key) || fields["RelayState"] != "https://console.aws.amazon.com/s3" {
		t.Errorf("fields %v", fields)
	}
	if n := strings.Count(page, "<form"); n != 1 {
		t.Errorf("%d forms, and the policy is for one", n)
	}
	policy := a.Header().Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "; form-action https://signin.aws.amazon.com https://*.console.aws.amazon.com") ||
		!strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	checkMarkup(t, "console", page)
	if ask := w.minter.asks[0]; ask.Duration != 12*time.Hour || ask.Recipient != "https://signin.aws.amazon.com/saml" || ask.Identity.Subject != "alice" {
		t.Errorf("minted for %+v", ask)
	}
	if e := w.audit.last(); e.Kind != bridge.AuditOutcome || !e.Allowed || e.Purpose != "console" || e.MintedID != "_1" || e.RequestID != a.Header().Get("X-Request-Id") {
		t.Errorf("audit: %+v", e)
	}
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}

// TestAttackConsolePostSecret: what was minted is in the one answer to the one who asked, and in no other answer, log line
// or audit event.
func TestAttackConsolePostSecret(t *testing.T) {
	w := newWorld(t, withMinted)
	b := w.browser().signIn(w.corp, "alice")
	var rest strings.Builder
	for _, accept := range []string{"text/html", "application/json"} {
		b.header.Set("Accept", accept)
		a := b.post(postPath)
		if !strings.Contains(a.Body.String(), "TUlOVEVE") {
			t.Errorf("%s: no response in %d %s", accept, a.Code, a.Body)
		}
		for _, values := range a.Header() {
			rest.WriteString(strings.Join(values, " "))
		}
		for _, route := range w.portal.Map() {
			if route.Method == "GET" {
				answer := b.get(realPath(route.Path))
				rest.WriteString(answer.Body.String() + fmt.Sprint(answer.Header()))
			}
		}
		rest.WriteString(b.get("/roles/shop-prod/minted").Body.String())
		rest.WriteString(b.post("/roles/shop-prod/minted/credentials").Body.String())
	}
	events, err := json.Marshal(w.audit.events)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"answers": rest.String(), "log": w.log.String(), "audit": string(events)} {
		if strings.Contains(text, "TUlOVEVE") {
			t.Errorf("%s have it", where)
		}
	}
}

func TestConsolePostRefused(t *testing.T) {
	cases := []struct {
		name, who string
		form      []string
		prepare   func(*world)
		code      bridge.Code
	}{
		{"not entitled", "nobody", nil, nil, bridge.CodeNotEntitled},
		{"denied", "eve", nil, nil, bridge.CodeDenied},
		{"too long", "alice", []string{"duration", "13h"}, nil, bridge.CodeDuration},
		{"elsewhere", "alice", []string{"to", "https://evil.example/"}, nil, bridge.CodeConsoleTarget},
		{"a region of another partition", "alice", []string{"region", "cn-north-1"}, nil, bridge.CodeRegion},
		{"no key", "alice", nil, func(w *world) { w.minter.err = bridge.Fail(bridge.CodeIssuerKey, errors.New(canary)) }, bridge.CodeIssuerKey},
		{"KMS", "alice", nil, func(w *world) { w.minter.err = bridge.Fail(bridge.CodeIssuerKMS, errors.New(canary)) }, bridge.CodeIssuerKMS},
		{"clock", "alice", nil, func(w *world) { w.minter.err = bridge.Fail(bridge.CodeIssuerClock, errors.New(canary)) }, bridge.CodeIssuerClock},
		{"audit down", "alice", nil, func(w *world) { w.audit.setDown(true) }, bridge.CodeAuditDown},
		{"a session policy", "alice", nil, func(w *world) {
			w.policy.adorn = func(_ bridge.Identity, g *bridge.Grant) error { g.Role.SessionPolicy = "{}"; return nil }
		}, bridge.CodeInternal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMinted)
			b := w.browser().signIn(w.web, c.who)
			if c.prepare != nil {
				c.prepare(w)
			}
			a := b.post(postPath, c.form...)
			wantCode(t, a, c.code)
			if text := a.Body.String(); strings.Contains(text, "SAMLResponse") || strings.Contains(text, canary) {
				t.Errorf("the page holds a form, or the cause: %s", text)
			}
			if !strings.Contains(a.Header().Get("Content-Security-Policy"), "form-action 'self'") {
				t.Error("the error page may lead to AWS")
			}
		})
	}
	w := newWorld(t, withMinted)
	b := w.browser().signIn(w.corp, "alice")
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		if a := b.send(method, postPath, nil, false); a.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, a.Code)
		}
	}
	wantCode(t, b.send("POST", postPath, formOf("x", "y"), true), bridge.CodeCrossOrigin)
	if len(w.minter.asks) != 0 {
		t.Error("something was minted")
	}
}

// TestAttackConsolePostSwap: many people at once: everybody's form holds what was minted for them (threats A13, A14).
func TestAttackConsolePostSwap(t *testing.T) {
	const people, rounds = 10, 10
	w := newWorld(t, withMinted, func(w *world, _ *portal.Options) {
		for i := range people {
			who := fmt.Sprint("person", i)
			w.corp.people[who] = bridge.Identity{Subject: who, Email: "same@example.com"}
			w.policy.gives[who] = []string{prod.ID + "/minted"}
		}
	})
	key := bridge.RoleKey{Account: prod.ID, Name: "minted"}
	var all sync.WaitGroup
	for i := range people {
		session := w.browser().signIn(w.corp, fmt.Sprint("person", i)).cookies[portal.SessionCookie]
		for range rounds {
			all.Go(func() {
				tab := w.browser()
				kept := *session
				tab.cookies[portal.SessionCookie] = &kept
				if got := fieldsOf(tab.post(postPath).Body.String())["SAMLResponse"]; got != minted(fmt.Sprint("person", i), key) {
					t.Errorf("person%d got %q", i, got)
				}
			})
		}
	}
	all.Wait()
}
