package portal_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// newWorldOf is newWorld with another STS.
func newWorldOf(t testing.TB, sts bridge.STSExchanger, changes ...change) *world {
	t.Helper()
	var o portal.Options
	w := newWorld(t, append(changes, func(_ *world, options *portal.Options) { o = *options })...)
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	var err error
	if o.Bridge, err = bridge.New(bridge.Options{
		Authorizer: w.policy, Roles: w.policy, Minter: w.minter, STS: sts, Console: w.console, Audit: w.audit, Log: log, Now: w.now,
	}); err != nil {
		t.Fatal(err)
	}
	if o.Site, err = handlers.New(handlers.Options{BaseURL: base, Log: log, Now: w.now}); err != nil {
		t.Fatal(err)
	}
	if w.portal, err = portal.New(o); err != nil {
		t.Fatal(err)
	}
	w.handler = o.Site.Handler(w.portal)
	return w
}

// held is an STS that waits until it is let go.
type held struct {
	fakeSTS
	entered, release chan struct{}
}

func newHeld() *held {
	return &held{entered: make(chan struct{}, 10_000), release: make(chan struct{})}
}

func (h *held) Exchange(ctx context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	h.entered <- struct{}{}
	<-h.release
	return h.fakeSTS.Exchange(ctx, req)
}

// TestAttackSignOutDuringExchange: a request that was decided before the sign-out is finished and recorded; none that
// comes after it is decided at all, also not with a copy of the cookie (threats W6, A15).
func TestAttackSignOutDuringExchange(t *testing.T) {
	sts := newHeld()
	w := newWorldOf(t, sts)
	b := w.browser().signIn(w.corp, "alice")
	thief := w.browser()
	stolen := *b.cookies[portal.SessionCookie]
	thief.cookies[portal.SessionCookie] = &stolen
	running := w.browser()
	running.cookies[portal.SessionCookie] = &stolen
	under := make(chan *httptest.ResponseRecorder)
	go func() { under <- running.post(credentialsPath) }()
	<-sts.entered
	if a := b.post("/logout"); a.Code != 200 {
		t.Fatalf("sign-out while STS works: %d", a.Code)
	}
	wantCode(t, thief.post(credentialsPath), bridge.CodeSessionEnded)
	wantCode(t, thief.post(consolePath), bridge.CodeSessionEnded)
	close(sts.release)
	if a := <-under; a.Code != 200 {
		t.Errorf("what was decided before: %d", a.Code)
	}
	want := "decide true  alice|sign-out true  alice|outcome true  alice"
	if lines := w.audit.lines(); strings.Join(lines[len(lines)-3:], "|") != want {
		t.Errorf("audited %q", lines)
	}
	if n := sts.count(); n != 1 {
		t.Errorf("STS was asked %d times", n)
	}
}

// TestAttackSlowSTS: hundreds wait for STS, and everybody else is served: pages, sign-in, sign-out (promise 7).
func TestAttackSlowSTS(t *testing.T) {
	const waiting = 200
	sts := newHeld()
	w := newWorldOf(t, sts)
	b := w.browser().signIn(w.corp, "alice")
	kept := *b.cookies[portal.SessionCookie]
	var all sync.WaitGroup
	for range waiting {
		all.Go(func() {
			one := w.browser()
			one.cookies[portal.SessionCookie] = &kept
			one.header.Set("Accept", "application/json")
			if a := one.post(credentialsPath); a.Code != 200 {
				t.Errorf("%d", a.Code)
			}
		})
	}
	for range waiting {
		<-sts.entered
	}
	other := w.browser().signIn(w.web, "bob")
	for _, path := range []string{"/", "/whoami", "/roles/shop-dev/readonly", "/login"} {
		if a := other.get(path); a.Code != 200 {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
	if a := other.post("/logout"); a.Code != 200 {
		t.Errorf("sign-out: %d", a.Code)
	}
	close(sts.release)
	all.Wait()
}

// namedSTS gives everybody credentials with their own name in them.
type namedSTS struct{ fakeSTS }

func (f *namedSTS) Exchange(_ context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	own := strings.NewReplacer("@", "", "-", "", ".", "").Replace(req.SessionName) + req.Role.Key.Account + req.Role.Key.Name
	return bridge.Credentials{
		AccessKeyID: "ASIAEXAMPLEEXAMPLE", SecretAccessKey: bridge.NewSecret("secret" + own), SessionToken: bridge.NewSecret("token" + own),
		Expires: time.Now().Add(req.Duration), AssumedRoleARN: req.Role.ARN.AssumedRole(req.SessionName),
	}, nil
}

// TestAttackTwoGrants: many people, two tabs each, all in one instant: each answer holds its asker's credentials of the
// role that was asked for, and nobody else's (threats A13, A14).
func TestAttackTwoGrants(t *testing.T) {
	const people, rounds = 10, 5
	w := newWorldOf(t, &namedSTS{}, func(w *world, _ *portal.Options) {
		for i := range people {
			who := fmt.Sprint("person", i)
			w.corp.people[who] = bridge.Identity{Subject: who, Email: "same@example.com"}
			w.policy.gives[who] = []string{dev.ID + "/readonly", prod.ID + "/admin"}
		}
	})
	var all sync.WaitGroup
	for i := range people {
		b := w.browser().signIn(w.corp, fmt.Sprint("person", i))
		session := b.cookies[portal.SessionCookie]
		id := bridge.Identity{Provider: "corp", Issuer: "https://idp.example", Subject: fmt.Sprint("person", i), Email: "same@example.com"}
		name := strings.NewReplacer("@", "", "-", "", ".", "").Replace(bridge.SessionName(id, false))
		for path, role := range map[string]string{credentialsPath: prod.ID + "admin", "/roles/shop-dev/readonly/credentials": dev.ID + "readonly"} {
			all.Go(func() {
				tab := w.browser()
				tab.cookies[portal.SessionCookie] = session
				for range rounds {
					text := tab.post(path).Body.String()
					if !strings.Contains(text, "secret"+name+role) || strings.Count(text, "secretsame") != strings.Count(text, "secret"+name+role) {
						t.Errorf("%s of person %d got another's credentials", path, i)
					}
				}
			})
		}
	}
	all.Wait()
	granted := 0
	for _, line := range w.audit.lines() {
		if strings.HasPrefix(line, "outcome true") {
			granted++
		}
	}
	if granted != people*2*rounds {
		t.Errorf("%d outcomes in the audit log", granted)
	}
}
