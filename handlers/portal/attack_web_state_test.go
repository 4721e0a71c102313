package portal_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers/portal"
)

// TestAttackStolenDatabase: whoever has every file of the database reads no name, no proof and no cookie in them, and
// finds no key: none of all runs of 32 bytes that stand in its rows opens any of its sealed values (threat W6, promise 2).
func TestAttackStolenDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	rows, err := store.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	personKey, err := rows.Key(t.Context(), "person")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(_ *world, o *portalOptions) { o.Store, o.PersonKey = rows, personKey })
	b := w.browser().signIn(w.corp, "rita")
	id := b.cookies[portal.SessionCookie].Value
	state := b.begin(w.corp, "?login_hint=rita@example.com&return_to=/whoami")
	files, _ := filepath.Glob(path + "*")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{id, string(decodeID(t, id)), "rita", "Rita", canary, state, w.corp.lastLogin().Verifier, "whoami", "relayed"} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds %q", filepath.Base(file), secret)
			}
		}
	}
	values, sealed := readAll(t, path)
	if len(sealed) < 4 {
		t.Fatalf("%d sealed values: the test no longer reads what is kept", len(sealed))
	}
	// The owner's own cookie opens it: the search below searches rightly.
	if !portal.Opens([32]byte(decodeID(t, id)), sealed) {
		t.Fatal("not even the cookie opens the session")
	}
	for _, value := range values {
		for i := 0; i+32 <= len(value); i++ {
			if portal.Opens([32]byte(value[i:i+32]), sealed) {
				t.Fatal("the database holds a key to itself")
			}
		}
	}
}

// readAll reads every binary value of every table, as a thief would; sealed are those that a key opens.
func readAll(t *testing.T, path string) (values [][]byte, sealed []portal.Sealed) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, query := range []string{
		`SELECT value, value FROM keys`, `SELECT person, idp_session FROM session`, `SELECT handle, sealed FROM pending`,
		`SELECT id, wrapped_key FROM session`, `SELECT id, sealed FROM session_identity`, `SELECT id, sealed FROM session_proof`,
	} {
		found, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			var row, value []byte
			if err := found.Scan(&row, &value); err != nil {
				t.Fatal(err)
			}
			values = append(values, row, value)
			if len(row) == 32 && len(value) > 32 {
				sealed = append(sealed, portal.Sealed{Row: [32]byte(row), Value: value})
			}
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return values, sealed
}

// TestAttackClock: a clock that is set back doesn't lengthen a session by more than nodes may differ, and one that jumps
// ahead ends it for good (threat Z3).
func TestAttackClock(t *testing.T) {
	for name, c := range map[string]struct {
		jump time.Duration
		want bridge.Code
	}{
		"a little back": {-4 * time.Minute, ""}, "far back": {-10 * time.Minute, bridge.CodeSessionEnded},
		"years back": {-20 * 365 * 24 * time.Hour, bridge.CodeSessionEnded},
		"ahead":      {10 * time.Minute, ""}, "past its idle end": {2 * time.Hour, bridge.CodeSessionEnded},
		"past 2038": {20 * 365 * 24 * time.Hour, bridge.CodeSessionEnded},
	} {
		w := newWorld(t)
		b := w.browser().signIn(w.corp, "alice")
		w.pass(c.jump)
		b.header.Set("Accept", "application/json")
		a := b.post(credentialsPath)
		if c.want == "" && a.Code != 200 {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
		if c.want != "" {
			wantCode(t, a, c.want)
		}
		if n := w.sts.count(); n != 0 && c.want != "" {
			t.Errorf("%s: STS was asked", name)
		}
	}
}

// TestAttackEnds walks both ends of a session by the second: before them it grants, at them it doesn't, and use moves only
// the idle one.
func TestAttackEnds(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	w.pass(time.Hour - time.Second)
	if a := b.post(credentialsPath); a.Code != 200 {
		t.Fatalf("a second before the idle end: %d", a.Code)
	}
	for range 11 { // used every 59 minutes: alive until the twelve hours are over
		w.pass(59 * time.Minute)
		if a := b.post(credentialsPath); a.Code != 200 {
			t.Fatalf("in use: %d", a.Code)
		}
	}
	w.pass(12*time.Hour - (time.Hour - time.Second) - 11*59*time.Minute - time.Second)
	if a := b.post(credentialsPath); a.Code != 200 {
		t.Errorf("a second before the end: %d", a.Code)
	}
	asked := w.sts.count()
	w.pass(time.Second)
	wantCode(t, b.post(credentialsPath), bridge.CodeSessionEnded)
	idle := w.browser().signIn(w.corp, "alice")
	w.pass(time.Hour)
	wantCode(t, idle.post(credentialsPath), bridge.CodeSessionEnded)
	if w.sts.count() != asked {
		t.Error("a session that ended was granted a role")
	}
}
