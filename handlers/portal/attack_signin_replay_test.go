package portal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp/saml"
)

func containsCode(answer *httptest.ResponseRecorder, code bridge.Code) bool {
	return strings.Contains(answer.Body.String(), string(code))
}

// TestAttackReplayOnNodes: one answer, a hundred times at once, at two nodes with one database: one session. Afterwards it
// is worth nothing at either, in the same browser, in another, or for another sign-in (threats P10, O12).
func TestAttackReplayOnNodes(t *testing.T) {
	for _, provider := range []string{"corp", "web"} {
		t.Run(provider, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			nodes := []*node{newNode(t, path, nil), newNode(t, path, nil)}
			first := nodes[0].browser()
			answer := first.ask(provider, "alice")
			var won atomic.Int32
			var wait sync.WaitGroup
			for i := range 100 {
				b := first.copyOf(nodes[i%2].world)
				wait.Go(func() {
					got := b.bring(provider, answer)
					switch {
					case got.Code == http.StatusSeeOther && b.cookies[portal.SessionCookie] != nil:
						won.Add(1)
					case !isCode(got, bridge.CodeLoginStale, bridge.CodeAnswerRejected, bridge.CodeRateLimited):
						t.Errorf("%d %.300s", got.Code, got.Body)
					}
				})
			}
			wait.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d were signed in", won.Load())
			}
			for _, n := range nodes {
				if got := first.copyOf(n.world).bring(provider, answer); !isCode(got, bridge.CodeLoginStale) {
					t.Errorf("again in the same browser: %d %.300s", got.Code, got.Body)
				}
				if got := n.browser().bring(provider, answer); !isCode(got, bridge.CodeCookies) {
					t.Errorf("in a browser without cookies: %d %.300s", got.Code, got.Body)
				}
				// The thief begins a sign-in and puts the stolen part of the answer into it.
				thief := n.browser()
				own := thief.ask(provider, "bob")
				for _, field := range []string{"SAMLResponse", "code"} {
					if own.Has(field) {
						own[field] = answer[field]
					}
				}
				if got := thief.bring(provider, own); !isCode(got, bridge.CodeLoginStale, bridge.CodeAnswerRejected) {
					t.Errorf("in a thief's own sign-in: %d %.300s", got.Code, got.Body)
				}
			}
		})
	}
}

// killed is a store whose process dies before a session is written.
type killed struct{ *store.SQLite }

func (killed) CreateSession(context.Context, store.Hash, store.Session) error { panic("killed") }

// failing is one that can't write it.
type failing struct{ *store.SQLite }

func (failing) CreateSession(context.Context, store.Hash, store.Session) error { return errDown }

// TestAttackKilledBetween: the process ends after the answer's id was remembered and before there is a session. Another
// process over the same database takes the answer no second time, from whomever; the person begins anew (threat P10).
func TestAttackKilledBetween(t *testing.T) {
	for name, wrap := range map[string]func(*store.SQLite) portal.Store{
		"killed": func(s *store.SQLite) portal.Store { return killed{s} }, "store down": func(s *store.SQLite) portal.Store { return failing{s} },
	} {
		for _, provider := range []string{"corp", "web"} {
			t.Run(name+" "+provider, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.db")
				dying := newNode(t, path, wrap)
				b := dying.browser()
				answer := b.ask(provider, "alice")
				before := b.copyOf(dying.world)
				if got := b.bring(provider, answer); got.Code < 500 || b.cookies[portal.SessionCookie] != nil {
					t.Fatalf("%d %.300s", got.Code, got.Body)
				}
				after := newNode(t, path, nil)
				for _, again := range []*browser{b.copyOf(after.world), before.copyOf(after.world)} {
					if got := again.bring(provider, answer); !isCode(got, bridge.CodeLoginStale) {
						t.Errorf("the same answer after the restart: %d %.300s", got.Code, got.Body)
					}
				}
				fresh := b.copyOf(after.world)
				if got := fresh.bring(provider, fresh.ask(provider, "alice")); got.Code != http.StatusSeeOther || fresh.cookies[portal.SessionCookie] == nil {
					t.Errorf("a new sign-in: %d %.300s", got.Code, got.Body)
				}
			})
		}
	}
}

// TestAttackUnsolicitedReplay: where unsolicited answers are taken, nothing but the memory of ids stands between one and
// its second use: at both nodes, at once, after a restart, and after the first was or wasn't confirmed (threats P4, P10).
func TestAttackUnsolicitedReplay(t *testing.T) {
	allowed := func(c *saml.Config) { c.IdPInitiated = true }
	path := filepath.Join(t.TempDir(), "state.db")
	nodes := []*node{newNode(t, path, nil, allowed), newNode(t, path, nil, allowed)}
	answer := unasked(t, "alice")
	var asked atomic.Int32
	winner := make(chan *browser, 100)
	var wait sync.WaitGroup
	for i := range 40 {
		b := nodes[i%2].browser()
		wait.Go(func() {
			switch got := b.bring("corp", answer); {
			case got.Code == http.StatusOK:
				asked.Add(1)
				winner <- b
			case !isCode(got, bridge.CodeAnswerRejected, bridge.CodeRateLimited):
				t.Errorf("%d %.300s", got.Code, got.Body)
			}
		})
	}
	wait.Wait()
	if asked.Load() != 1 {
		t.Fatalf("%d people were asked", asked.Load())
	}
	third := newNode(t, path, nil, allowed)
	if got := third.browser().bring("corp", answer); !isCode(got, bridge.CodeAnswerRejected) {
		t.Errorf("after a restart: %d %.300s", got.Code, got.Body)
	}
	// The word of the one who was asked counts once, whoever has copies of the cookies.
	b := <-winner
	var won atomic.Int32
	for i := range 20 {
		c := b.copyOf(nodes[i%2].world)
		wait.Go(func() {
			if got := c.post("/login/corp"); got.Code == http.StatusSeeOther && c.cookies[portal.SessionCookie] != nil {
				won.Add(1)
			} else if !isCode(got, bridge.CodeLoginStale) {
				t.Errorf("%d %.300s", got.Code, got.Body)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d were signed in by one word", won.Load())
	}
}

// TestAttackMemoryOfIDs: what was used is remembered for longer than any clock takes it for valid (threat P10).
func TestAttackMemoryOfIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	n := newNode(t, path, nil, func(c *saml.Config) { c.IdPInitiated = true })
	answer := unasked(t, "alice")
	if got := n.browser().bring("corp", answer); got.Code != http.StatusOK {
		t.Fatalf("%d %.300s", got.Code, got.Body)
	}
	if _, err := n.rows.Sweep(t.Context(), time.Now().Add(8*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := n.browser().bring("corp", answer); !isCode(got, bridge.CodeAnswerRejected) {
		t.Errorf("after the store was cleaned: %d %.300s", got.Code, got.Body)
	}
}
