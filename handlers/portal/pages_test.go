package portal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/fedbridge/fedbridge/bridge"
)

func TestPicker(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	has := func(query, path string) bool { return strings.Contains(b.get("/"+query).Body.String(), path) }
	if !has("", "/roles/shop-prod/admin") || !has("", "/roles/shop-dev/readonly") || has("", "/roles/shop-prod/relayed") {
		t.Error("the picker doesn't show exactly alice's roles")
	}
	for query, want := range map[string][2]bool{ // prod/admin, dev/readonly
		"?q=prod": {true, false}, "?q=READ": {false, true}, "?q=" + dev.ID: {false, true}, "?q=shop+admin": {true, false},
		"?q=production": {true, false}, "?q=platform@": {true, false}, "?q=nothing": {false, false}, "?q=admin+dev": {false, false},
	} {
		if got := [2]bool{has(query, "/roles/shop-prod/admin"), has(query, "/roles/shop-dev/readonly")}; got != want {
			t.Errorf("%s shows %v, want %v", query, got, want)
		}
	}
	wantCode(t, b.get("/?q=a&q=b"), bridge.CodeBadRequest)
}

// TestNoRole: who has no role lands on a page that says why, and whom to ask.
func TestNoRole(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"nobody", "eve"} {
		b := w.browser().signIn(w.corp, who)
		a := b.get("/")
		notice, _ := bridge.NoticeOf(bridge.CodeNoRole)
		page := a.Body.String()
		if a.Code != 403 || !strings.Contains(page, notice.Message) || !strings.Contains(page, "platform@example.com") ||
			!strings.Contains(page, "because of the rules") {
			t.Errorf("%s: %d %s", who, a.Code, page)
		}
		if !strings.Contains(w.log.String(), `"code":"no-role"`) {
			t.Error("the log doesn't say so")
		}
		if a := b.get("/whoami"); a.Code != 200 || !strings.Contains(a.Body.String(), notice.Message) {
			t.Errorf("whoami of %s: %d", who, a.Code)
		}
	}
	if page := w.browser().signIn(w.corp, "eve").get("/whoami").Body.String(); !strings.Contains(page, "leavers") {
		t.Error("the rule that took the roles away isn't named")
	}
}

func TestWhoAmI(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "rita")
	page := b.get("/whoami").Body.String()
	for _, want := range []string{"rita", bridge.AttributeRole, "platform team", "readonly", "admin", "relayed", "when you signed in"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	a := b.get("/whoami?format=json")
	var about struct {
		Identity bridge.Identity
		Roles    []bridge.Explanation
	}
	if err := json.Unmarshal(a.Body.Bytes(), &about); err != nil || about.Identity.Subject != "rita" || len(about.Roles) != 3 {
		t.Errorf("%v %s", err, a.Body)
	}
	if !strings.HasPrefix(a.Header().Get("Content-Disposition"), "attachment") {
		t.Error("not a download")
	}
}

// TestWhoAmIIsCut: the page stays short where thousands of roles are configured; what the person has is never cut.
func TestWhoAmIIsCut(t *testing.T) {
	w := newWorld(t, func(w *world, _ *portalOptions) {
		manyRoles(w.policy, 1000)
		w.policy.gives["bob"] = []string{prod.ID + "/role-0999"}
	})
	b := w.browser().signIn(w.corp, "bob")
	page := b.get("/whoami").Body.String()
	if n := strings.Count(page, "<summary>"); n > 210 || n < 100 {
		t.Errorf("%d roles on the page", n)
	}
	if !strings.Contains(page, "/roles/shop-prod/role-0999") || !strings.Contains(page, "/whoami?all=1") {
		t.Error("bob's own role, or the link to all, is cut")
	}
	if n := strings.Count(b.get("/whoami?all=1").Body.String(), "<summary>"); n < 1000 {
		t.Errorf("%d roles on the full page", n)
	}
}

func TestMetadata(t *testing.T) {
	w := newWorld(t)
	a := w.browser().get("/saml/corp/metadata")
	if a.Code != 200 || a.Header().Get("Content-Type") != "application/samlmetadata+xml" || a.Body.String() != "<EntityDescriptor/>" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	wantCode(t, w.browser().get("/saml/web/metadata"), bridge.CodeProviderUnknown)
	wantCode(t, w.browser().get("/saml/none/metadata"), bridge.CodeProviderUnknown)
}

// TestHostileClaims: claims that try to be markup stay text on every page (threat W12), and never become a header (W16).
func TestHostileClaims(t *testing.T) {
	w := newWorld(t)
	w.corp.unsolicited = true
	b := w.browser().signIn(w.web, "hostile")
	bad := "%3Cscript%3Ealert(1)%3C/script%3E%22'%3E%3Cimg+src=x+onerror=alert(1)%3E"
	pages := map[string]string{
		"picker": b.get("/").Body.String(), "search": b.get("/?q=" + bad).Body.String(), "whoami": b.get("/whoami?q=" + bad).Body.String(),
		"claims": b.get("/whoami").Body.String(), "role": b.get("/roles/shop-prod/admin?to=" + bad).Body.String(),
		"sign-in": b.get("/login?hint=" + bad + "&return_to=" + bad).Body.String(), "credentials": b.post(credentialsPath).Body.String(),
		"obstacle": b.get("/roles/shop-prod/relayed").Body.String(), "not found": b.get("/" + bad).Body.String(),
		"refused": b.post("/roles/x/y/console").Body.String(), "signed out": b.post("/logout").Body.String(),
		"confirm": b.send("POST", "/saml/corp/acs", formOf("SAMLResponse", "hostile"), true).Body.String(),
	}
	for name, page := range pages {
		if page == "" {
			t.Errorf("%s is empty", name)
		}
		checkMarkup(t, name, page)
	}
}

// checkMarkup parses a page: one script, ours; no inline style, no event attribute, no picture from elsewhere.
func checkMarkup(t *testing.T, name, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" || n.Data == "iframe" || n.Data == "base" || n.Data == "object" {
			t.Errorf("%s: <%s>", name, n.Data)
		}
		for _, a := range n.Attr {
			own := strings.HasPrefix(a.Val, "/assets/")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" && !own || a.Key == "href" && n.Data == "link" && !own ||
				strings.Contains(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "script" && n.FirstChild != nil {
			t.Errorf("%s: inline script %q", name, n.FirstChild.Data)
		}
	}
}
