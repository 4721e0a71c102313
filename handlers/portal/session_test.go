package portal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// signedIn tells whether the browser is shown roles.
func (b *browser) signedIn() bool { return strings.Contains(b.get("/").Body.String(), "/roles/") }

// TestLogout: a copy of the cookie is worth nothing afterwards (threat W6).
func TestLogout(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	thief := w.browser()
	stolen := *b.cookies[portal.SessionCookie]
	thief.cookies[portal.SessionCookie] = &stolen
	if !thief.signedIn() {
		t.Fatal("the copy doesn't open the session before the sign-out")
	}
	out := b.post("/logout")
	if out.Code != 200 || b.cookies[portal.SessionCookie] != nil || w.store.sessions() != 0 {
		t.Errorf("sign-out: %d, %d sessions", out.Code, w.store.sessions())
	}
	if !strings.Contains(out.Body.String(), "Example Corp") {
		t.Error("the page doesn't say where the person may still be signed in")
	}
	if thief.signedIn() {
		t.Error("the copy still opens the session")
	}
	wantCode(t, thief.post("/roles/shop-prod/admin/credentials"), bridge.CodeSessionEnded)
	if e := w.audit.last(); e.Kind != bridge.AuditSignOut || e.Subject != "alice" || !e.Allowed {
		t.Errorf("audit: %+v", e)
	}
	if a := w.browser().post("/logout"); a.Code != 200 {
		t.Errorf("without a session: %d", a.Code)
	}
}

func TestLogoutInAnOutage(t *testing.T) {
	t.Run("audit", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		w.audit.setDown(true)
		if a := b.post("/logout"); a.Code != 200 || w.store.sessions() != 0 {
			t.Errorf("%d, %d sessions: a person who wants to leave must be let go", a.Code, w.store.sessions())
		}
		if !strings.Contains(w.log.String(), "sign-out was not recorded") {
			t.Error("the log doesn't say so")
		}
	})
	t.Run("store", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		w.store.setDown(true)
		wantCode(t, b.post("/logout"), bridge.CodeStoreDown)
		w.store.setDown(false)
		if b.cookies[portal.SessionCookie] == nil {
			t.Error("the cookie is gone, the session isn't: it can't be ended any more")
		}
	})
}

func TestSessionEnds(t *testing.T) {
	t.Run("unused", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		for range 5 {
			w.pass(50 * time.Minute)
			if !b.signedIn() {
				t.Fatal("ended although it was used")
			}
		}
		w.pass(time.Hour)
		if b.signedIn() {
			t.Error("outlives session.idle")
		}
	})
	t.Run("absolute", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		for range 24 {
			w.pass(30*time.Minute - time.Second)
			b.signedIn()
		}
		w.pass(time.Minute)
		if b.signedIn() {
			t.Error("outlives session.length")
		}
	})
	t.Run("at the provider", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "short")
		w.pass(29 * time.Minute)
		if !b.signedIn() {
			t.Fatal("ended too early")
		}
		w.pass(time.Minute)
		if b.signedIn() {
			t.Error("outlives the session at the provider")
		}
	})
	t.Run("and says so", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		w.pass(2 * time.Hour)
		notice, _ := bridge.NoticeOf(bridge.CodeSessionEnded)
		if page := b.get("/").Body.String(); !strings.Contains(page, notice.Message) || !strings.Contains(page, "/login/corp") {
			t.Errorf("page: %s", page)
		}
		wantRedirect(t, b.get("/roles/shop-prod/admin?duration=2h"), "/login?return_to=%2Froles%2Fshop-prod%2Fadmin%3Fduration%3D2h")
		a := b.post("/roles/shop-prod/admin/console")
		wantCode(t, a, bridge.CodeSessionEnded)
		if !strings.Contains(a.Body.String(), "/login?return_to=%2Froles%2Fshop-prod%2Fadmin") {
			t.Error("no way back to the role")
		}
	})
}

// TestTouch: the use of a session is written down once a minute at most.
func TestTouch(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for range 10 {
		b.get("/")
		b.get("/whoami")
	}
	if w.store.touched != 0 {
		t.Errorf("%d writes within a minute of the sign-in", w.store.touched)
	}
	w.pass(61 * time.Second)
	for range 10 {
		b.get("/")
	}
	if w.store.touched != 1 {
		t.Errorf("%d writes, want 1", w.store.touched)
	}
}

// TestForgedCookies: whatever isn't byte for byte a session's id opens nothing (threat W5).
func TestForgedCookies(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	good := b.cookies[portal.SessionCookie].Value
	forged := []string{"", "x", strings.Repeat("A", 43), good + "=", good + "A", good[1:], strings.ToLower(good), good[:42] + "!",
		"used", strings.Repeat("A", 4000)}
	for i := range len(good) {
		flipped := []byte(good)
		flipped[i] ^= 1
		forged = append(forged, string(flipped))
	}
	// Every other spelling of the last character decodes to the same bytes in lenient base64.
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		forged = append(forged, good[:42]+string(c))
	}
	for _, value := range forged {
		if value == good {
			continue
		}
		f := w.browser()
		f.cookies[portal.SessionCookie] = &http.Cookie{Name: portal.SessionCookie, Value: value, SameSite: http.SameSiteLaxMode}
		if f.signedIn() {
			t.Errorf("%q opens a session", value)
		}
	}
	t.Run("doubled", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/whoami", nil)
		r.AddCookie(&http.Cookie{Name: portal.SessionCookie, Value: good})
		r.AddCookie(&http.Cookie{Name: portal.SessionCookie, Value: strings.Repeat("A", 43)})
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		if a.Code == 200 {
			t.Error("two session cookies: one was picked")
		}
	})
	t.Run("a cookie of one purpose sent as another", func(t *testing.T) {
		state := b.begin(w.corp, "")
		for name, c := range b.cookies {
			if strings.HasPrefix(name, "__Host-fedbridge-login-") {
				f := w.browser()
				f.cookies[portal.SessionCookie] = &http.Cookie{Name: portal.SessionCookie, Value: c.Value, SameSite: http.SameSiteLaxMode}
				if f.signedIn() {
					t.Error("a login handle opens a session")
				}
				c.Value = good // and the other way round
			}
		}
		wantCode(t, b.answer(w.corp, state, "alice"), bridge.CodeLoginStale)
	})
}

// TestMovedRows: a sealed part that stands in another row, or under another purpose, doesn't open. The session ends
// instead of becoming somebody else's.
func TestMovedRows(t *testing.T) {
	w := newWorld(t)
	alice := w.browser().signIn(w.corp, "alice")
	rita := w.browser().signIn(w.corp, "rita")
	a, r := rowOf(t, alice), rowOf(t, rita)
	good := w.store.rows[a]
	if w.store.rows[r].Proof == nil {
		t.Fatal("rita's proof isn't kept")
	}
	bad := map[string]store.Session{}
	moved := good
	moved.Identity = w.store.rows[r].Identity
	bad["another's identity"] = moved
	moved = good
	moved.Identity, moved.WrappedKey = w.store.rows[r].Identity, w.store.rows[r].WrappedKey
	bad["another's identity and key"] = moved
	moved = good
	moved.Proof, moved.ProofUntil = good.Identity, w.now().Add(time.Hour)
	bad["identity as proof"] = moved
	for i := range good.Identity {
		moved = good
		moved.Identity = bytes.Clone(good.Identity)
		moved.Identity[i] ^= 0x80
		bad["flipped"] = moved
		if i%16 == 0 {
			checkBad(t, w, alice, a, bad)
		}
	}
	checkBad(t, w, alice, a, bad)
	w.store.rows[a] = good
	if !alice.signedIn() {
		t.Error("the good row doesn't open")
	}
}

func checkBad(t *testing.T, w *world, b *browser, id store.Hash, bad map[string]store.Session) {
	t.Helper()
	for name, row := range bad {
		w.store.rows[id] = row
		if b.signedIn() {
			t.Errorf("%s: opens", name)
		}
	}
}

func rowOf(t *testing.T, b *browser) store.Hash {
	t.Helper()
	return sha256.Sum256(decodeID(t, b.cookies[portal.SessionCookie].Value))
}

// TestSeal: what is sealed for one purpose, or in one row, opens in no other, even under the same key.
func TestSeal(t *testing.T) {
	key, one, two := make([]byte, 32), [32]byte{1}, [32]byte{2}
	if err := portal.SealAndOpen(key, "a", "a", one, one); err != nil {
		t.Fatal(err)
	}
	if portal.SealAndOpen(key, "a", "b", one, one) == nil {
		t.Error("opens for another purpose")
	}
	if portal.SealAndOpen(key, "a", "a", one, two) == nil {
		t.Error("opens in another row")
	}
}

// TestNothingInClear: a stolen database names nobody and opens nothing (promise 2).
func TestNothingInClear(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "rita")
	b.begin(w.corp, "?login_hint=rita@example.com")
	for _, secret := range []string{"rita", "Rita", canary, "corp", w.corp.lastLogin().State, w.corp.lastLogin().Verifier, w.corp.lastLogin().RequestID} {
		for id, row := range w.store.rows {
			if dump, _ := json.Marshal(row); bytes.Contains(row.Identity, []byte(secret)) || bytes.Contains(row.Proof, []byte(secret)) ||
				strings.Contains(string(dump), secret) || bytes.Contains(id[:], []byte(secret)) {
				t.Errorf("%q is in a session row in clear", secret)
			}
		}
		for _, row := range w.store.pending {
			if bytes.Contains(row.Sealed, []byte(secret)) {
				t.Errorf("%q is in a pending row in clear", secret)
			}
		}
	}
	head := w.store.rows[rowOf(t, b)].Head
	if head.Person == (store.Hash{}) || head.IdPSession == (store.Hash{}) || head.Person == sha256.Sum256([]byte("rita")) {
		t.Error("the hashes that find sessions are missing, or not keyed")
	}
}

// TestProofIsKeptOnlyForRelay: and only until STS would no longer take it.
func TestProofIsKeptOnlyForRelay(t *testing.T) {
	w := newWorld(t)
	if a := w.browser().signIn(w.corp, "alice"); w.store.rows[rowOf(t, a)].Proof != nil {
		t.Error("a proof is kept that no role relays")
	}
	if r := w.browser().signIn(w.web, "rita"); w.store.rows[rowOf(t, r)].Proof != nil {
		t.Error("the proof of a provider is kept that no role relays")
	}
	b := w.browser().signIn(w.corp, "rita")
	if row := w.store.rows[rowOf(t, b)]; row.Proof == nil || !row.ProofUntil.Equal(w.now().Add(5*time.Minute)) {
		t.Fatalf("proof kept until %s", row.ProofUntil)
	}
	if a := b.post("/roles/shop-prod/relayed/credentials"); a.Code != 200 {
		t.Errorf("relay: %d %s", a.Code, a.Body)
	}
	if ask := w.sts.asks[0]; ask.Via != bridge.ViaSAML || ask.Proof.Raw.Reveal() != "proof "+canary {
		t.Errorf("STS was asked %+v", ask)
	}
	w.pass(5 * time.Minute)
	a := b.post("/roles/shop-prod/relayed/credentials")
	wantCode(t, a, bridge.CodeProofMissing)
	if !strings.Contains(a.Body.String(), "/login/corp?return_to=%2Froles%2Fshop-prod%2Frelayed") {
		t.Error("no way out")
	}
	page := b.get("/roles/shop-prod/relayed").Body.String()
	if !strings.Contains(page, "/login/corp?return_to=%2Froles%2Fshop-prod%2Frelayed") {
		t.Errorf("the role's page names no way out: %s", page)
	}
}

func TestStoreDownGrantsNothing(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	w.store.setDown(true)
	for _, a := range []*httptest.ResponseRecorder{
		b.get("/"), b.get("/whoami"), b.get("/roles/shop-prod/admin"),
		b.post("/roles/shop-prod/admin/console"), b.post("/roles/shop-prod/admin/credentials"),
	} {
		wantCode(t, a, bridge.CodeStoreDown)
	}
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}
