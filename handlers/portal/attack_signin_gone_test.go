package portal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// abandoned is a store during whose work the person leaves.
type abandoned struct {
	*store.SQLite
	leave *context.CancelFunc
	when  string
}

func (l abandoned) TakePending(ctx context.Context, h store.Hash, now time.Time) (store.Pending, error) {
	if l.when == "before" {
		(*l.leave)()
	}
	p, err := l.SQLite.TakePending(ctx, h, now)
	if l.when == "after" {
		(*l.leave)()
	}
	return p, err
}

// TestAttackLeaving: a person, or somebody who wishes for alarms, leaves in the middle of a sign-in. Nobody is signed in, it
// isn't called an outage of the store, and nothing is left that a second answer could use.
func TestAttackLeaving(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		for _, provider := range []string{"corp", "web"} {
			t.Run(when+" "+provider, func(t *testing.T) {
				var leave context.CancelFunc
				path := filepath.Join(t.TempDir(), "state.db")
				n := newNode(t, path, func(s *store.SQLite) portal.Store { return abandoned{s, &leave, when} })
				b := n.browser()
				answer := b.ask(provider, "alice")
				var r *http.Request
				if provider == "corp" {
					r = httptest.NewRequest("POST", "/saml/corp/acs", strings.NewReader(answer.Encode()))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				} else {
					r = httptest.NewRequest("GET", "/oidc/web/callback?"+answer.Encode(), nil)
				}
				for name, c := range b.cookies {
					r.AddCookie(&http.Cookie{Name: name, Value: c.Value})
				}
				var ctx context.Context
				ctx, leave = context.WithCancel(t.Context())
				defer leave()
				from := len(n.log.String())
				a := httptest.NewRecorder()
				n.handler.ServeHTTP(a, r.WithContext(ctx))
				if !isCode(a, bridge.CodeClientGone) {
					t.Errorf("%d %.300s", a.Code, a.Body)
				}
				if lines := requestLines(t, n.world, from); len(lines) != 1 || lines[0]["code"] != string(bridge.CodeClientGone) || lines[0]["level"] == "ERROR" {
					t.Errorf("the log has %v", lines)
				}
				if lines := strings.Join(n.audit.lines(), "\n"); strings.Contains(lines, "sign-in") {
					t.Errorf("audit: %q", lines)
				}
				// Whatever had been taken before they left is gone; what hadn't is still theirs.
				again := b.bring(provider, answer)
				if when == "after" && !isCode(again, bridge.CodeLoginStale) || when == "before" && again.Code != http.StatusSeeOther && !isCode(again, bridge.CodeLoginStale, bridge.CodeClientGone) {
					t.Errorf("the same answer again: %d %.300s", again.Code, again.Body)
				}
			})
		}
	}
}
