package portal_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// manyRoles replaces the roles by n, twenty an account, in the first account's name.
func manyRoles(p *fakePolicy, n int) {
	p.roles = nil
	for i := range n {
		p.roles = append(p.roles, testRole(prod, fmt.Sprintf("role-%04d", i), bridge.ViaAssumeRole))
	}
}

// BenchmarkSignIn is a whole sign-in through the handlers: begin, answer, session, redirect. The provider is a fake, so
// this is what the portal adds to the verification of the answer.
func BenchmarkSignIn(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		w.browser().signIn(w.corp, "alice")
		w.audit.events = nil
	}
}

// BenchmarkPicker renders the home page of people with few and with many roles.
func BenchmarkPicker(b *testing.B) {
	for _, n := range []int{60, 2500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b, func(w *world, _ *portalOptions) { manyRoles(w.policy, n); w.policy.gives["alice"] = []string{"*"} })
			user := w.browser().signIn(w.corp, "alice")
			var size int
			for b.Loop() {
				size = user.get("/").Body.Len()
			}
			b.ReportMetric(float64(size)/1024, "KB/page")
		})
	}
}

// BenchmarkSessionCheck holds the check of a session against gorilla's CookieStore with the same identity in it. rows is
// the check over a map, sqlite over the embedded store, get with gorilla's registry around it.
func BenchmarkSessionCheck(b *testing.B) {
	w := newWorld(b)
	cookie := w.browser().signIn(w.corp, "rita").cookies[portal.SessionCookie]
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			if err := w.portal.CheckSession(context.Background(), cookie.Value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.portal.Sessions().Get(requestWith(cookie), portal.SessionCookie); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sqlite", func(b *testing.B) {
		rows, err := store.OpenSQLite(context.Background(), filepath.Join(b.TempDir(), "state.db"))
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		w := newWorld(b, func(_ *world, o *portalOptions) { o.Store = rows })
		cookie := w.browser().signIn(w.corp, "rita").cookies[portal.SessionCookie]
		for b.Loop() {
			if err := w.portal.CheckSession(context.Background(), cookie.Value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gorilla-CookieStore", func(b *testing.B) {
		cookies := sessions.NewCookieStore(make([]byte, 32), make([]byte, 32))
		a := httptest.NewRecorder()
		session, _ := cookies.New(httptest.NewRequest("GET", "/", nil), "s")
		session.Values["subject"], session.Values["email"], session.Values["expires"] = "rita", "rita@example.com", time.Now().Unix()
		session.Values["groups"] = "platform"
		if err := session.Save(httptest.NewRequest("GET", "/", nil), a); err != nil {
			b.Fatal(err)
		}
		cookie := a.Result().Cookies()[0]
		for b.Loop() {
			if _, err := cookies.Get(requestWith(cookie), "s"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func requestWith(c *http.Cookie) *http.Request {
	r := &http.Request{Method: "GET", Header: http.Header{}}
	r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	return r
}
