package portal_test

import (
	"encoding/json"
	"errors"
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

const mintedPage, mintedCredentials = "/roles/shop-prod/minted", "/roles/shop-prod/minted/credentials"

// TestSessionShown: what goes into the session is on the role's page and on the page about the person, before anybody asks
// for it: names of tags, this person's values, the source identity, and for how long.
func TestSessionShown(t *testing.T) {
	w := newWorld(t, withMinted)
	b := w.browser().signIn(w.corp, "alice")
	name := bridge.SessionName(bridge.Identity{Provider: "corp", Issuer: "https://idp.example", Subject: "alice", Email: "alice@example.com"}, false)
	common := []string{
		"<code><bdi>" + name + "</bdi></code>", "<dt>Source identity</dt><dd><code><bdi>alice@example.com</bdi></code>",
		`<code><bdi>Cost centre</bdi></code> = <bdi>4711</bdi> <span class="chip">may be left out</span>`,
		"<code><bdi>Größe</bdi></code> = <bdi>of alice</bdi>", `<code><bdi>Team</bdi></code> = <bdi>Shop</bdi> <span class="chip">transitive</span>`,
	}
	for path, want := range map[string][]string{
		mintedPage: append([]string{`value="12h"`, "At most 12 hours."}, common...),
		"/whoami":  append([]string{"<dt>How long</dt><dd>up to 12 hours</dd>", "<dt>How long</dt><dd>up to 8 hours</dd>"}, common...),
	} {
		page := html.UnescapeString(b.get(path).Body.String())
		for _, part := range want {
			if !strings.Contains(page, part) {
				t.Errorf("%s lacks %s", path, part)
			}
		}
		if strings.Contains(page, "<meter") {
			t.Errorf("%s has a meter, and nothing was measured", path)
		}
	}
	if page := b.get("/roles/shop-dev/readonly").Body.String(); strings.Contains(page, "Session tags") || !strings.Contains(page, "Session name") {
		t.Errorf("a role without tags:\n%s", page)
	}
	if w.sts.count() != 0 || len(w.minter.asks) != 0 {
		t.Error("looking at it asked for it")
	}
}

// about is /whoami as JSON, as far as these tests read it.
type about struct {
	Roles []struct {
		Role    bridge.RoleKey `json:"role"`
		Allowed bool           `json:"allowed"`
		Session map[string]any `json:"session"`
	} `json:"roles"`
}

func (b *browser) about(t *testing.T) map[string]map[string]any {
	t.Helper()
	b.header.Set("Accept", "application/json")
	var got about
	if err := json.Unmarshal(b.get("/whoami").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	sessions := map[string]map[string]any{}
	for _, role := range got.Roles {
		sessions[role.Role.Name] = role.Session
		if (role.Session != nil) != role.Allowed {
			t.Errorf("%s: allowed %t, session %v", role.Role.Name, role.Allowed, role.Session)
		}
	}
	return sessions
}

func TestSessionJSON(t *testing.T) {
	w := newWorld(t, withMinted)
	got := w.browser().signIn(w.corp, "alice").about(t)
	name := bridge.SessionName(bridge.Identity{Provider: "corp", Issuer: "https://idp.example", Subject: "alice", Email: "alice@example.com"}, false)
	want := map[string]map[string]any{
		"readonly": {"longest_seconds": 28800.0}, "admin": {"longest_seconds": 28800.0}, "relayed": nil,
		"minted": {"longest_seconds": 43200.0, "session_name": name, "source_identity": "alice@example.com", "tags": []any{
			map[string]any{"key": "Cost centre", "value": "4711", "optional": true}, map[string]any{"key": "Größe", "value": "of alice", "optional": true},
			map[string]any{"key": "Team", "value": "Shop", "transitive": true},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestClaimDoesNotFit: a claim that no tag can be made of is told on the pages, with its name, before the role is asked
// for; no form is offered that could only fail.
func TestClaimDoesNotFit(t *testing.T) {
	w := newWorld(t, withMinted)
	w.policy.adorn = func(_ bridge.Identity, g *bridge.Grant) error {
		if g.Role.Key.Name == "minted" {
			return bridge.FailWith(bridge.CodeTagValue, "Cost centre", errors.New(canary))
		}
		return nil
	}
	b := w.browser().signIn(w.corp, "alice")
	notice, _ := bridge.NoticeOf(bridge.CodeTagValue)
	for _, path := range []string{mintedPage, "/whoami"} {
		page := html.UnescapeString(b.get(path).Body.String())
		if !strings.Contains(page, notice.Message) || !strings.Contains(page, "Cost centre") || strings.Contains(page, canary) {
			t.Errorf("%s:\n%s", path, page)
		}
		if path == mintedPage && strings.Contains(page, "/minted/console") {
			t.Error("the role is offered all the same")
		}
	}
	if got := b.about(t)["minted"]["problem"]; got != notice.Message+" (Cost centre)" {
		t.Errorf("JSON says %q", got)
	}
	wantCode(t, b.post(mintedCredentials), bridge.CodeTagValue)
}

// TestMeter: a session token that is nearly full shows on the page of the credentials, and afterwards on the role's, until
// it has room again; what was left out of it is named. Files and JSON for AWS's tools stay as they are.
func TestMeter(t *testing.T) {
	w := newWorld(t, withMinted)
	alice, bob := w.browser().signIn(w.corp, "alice"), w.browser().signIn(w.corp, "bob")
	const used, last = "The session token uses 91 % of the size", "Last time, the session token used 91 % of the size"
	const dropped = "Left out to fit: <code><bdi>Cost centre</bdi></code>, <code><bdi>Größe</bdi></code>."
	says := func(page string, parts ...string) (all bool) {
		page, all = html.UnescapeString(page), true
		for _, part := range parts {
			all = all && strings.Contains(page, part)
		}
		return all
	}

	w.sts.used = 79
	if page := alice.post(mintedCredentials).Body.String(); says(page, "<meter") || says(page, "Left out") {
		t.Error("79 %: said so")
	}
	w.sts.used = 91
	if page := alice.post(mintedCredentials).Body.String(); !says(page, used) || says(page, "Left out") {
		t.Errorf("91 %%:\n%s", page)
	}
	if page := alice.get(mintedPage).Body.String(); !says(page, last) {
		t.Error("91 %: not on the role's page")
	}
	w.sts.room = 1
	a := alice.post(mintedCredentials)
	if !says(a.Body.String(), used, dropped) {
		t.Errorf("left out:\n%s", a.Body)
	}
	if e := w.audit.last(); !cmp.Equal(e.DroppedTags, []string{"Cost centre", "Größe"}) || len(e.Tags) != 1 {
		t.Errorf("audited %+v", e)
	}
	if page := alice.get(mintedPage).Body.String(); !says(page, last, dropped) {
		t.Errorf("left out, on the role's page:\n%s", page)
	}
	want := map[string]any{"session_token_percent": 91.0, "dropped_tags": []any{"Cost centre", "Größe"}}
	if diff := cmp.Diff(want, alice.about(t)["minted"]["last"]); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	// Nobody else reads it, and no other role has it.
	if page := bob.get(mintedPage).Body.String() + alice.get("/roles/shop-prod/admin").Body.String(); says(page, "Last time") || says(page, "Left out") {
		t.Error("another's meter is shown")
	}
	for name, ask := range map[string]func() (status int, percent, keys, body string){
		"file": func() (int, string, string, string) {
			a := alice.post(mintedCredentials, "format", "json", "download", "1")
			return a.Code, a.Header().Get("Fedbridge-Session-Token-Percent"), a.Header().Get("Fedbridge-Dropped-Tags"), a.Body.String()
		},
		"JSON": func() (int, string, string, string) {
			alice.header.Set("Accept", "application/json")
			a := alice.post(mintedCredentials)
			return a.Code, a.Header().Get("Fedbridge-Session-Token-Percent"), a.Header().Get("Fedbridge-Dropped-Tags"), a.Body.String()
		},
	} {
		status, percent, keys, body := ask()
		if status != 200 || percent != "91" || keys != "Cost%20centre,Gr%C3%B6%C3%9Fe" {
			t.Errorf("%s: %d, %q, %q", name, status, percent, keys)
		}
		var exact map[string]any
		if err := json.Unmarshal([]byte(body), &exact); err != nil || len(exact) != 6 {
			t.Errorf("%s: %v, %d keys in %s", name, err, len(exact), body)
		}
	}
	w.sts.used, w.sts.room = 40, 0
	alice.post(mintedCredentials)
	if page := alice.get(mintedPage).Body.String(); says(page, "Last time") {
		t.Error("it has room again, and the page doesn't know")
	}
}

// TestMeterOfConsole: the console's link leads away at once; the role's page tells when one comes back.
func TestMeterOfConsole(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	w.sts.used = 95
	b.post(consolePath)
	if page := b.get("/roles/shop-prod/admin").Body.String(); !strings.Contains(page, "Last time, the session token used 95 %") {
		t.Errorf("not on the role's page:\n%s", page)
	}
}
