package portal_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/handlers/portal"
	"github.com/fedbridge/fedbridge/idp"
)

const base = "https://bridge.example.com"

// world is a portal with everything around it.
type world struct {
	t       testing.TB
	portal  *portal.Server
	handler http.Handler
	store   *memory
	audit   *fakeAudit
	sts     *fakeSTS
	minter  *fakeMinter
	mints   bridge.Minter // minter, or a real one
	console *fakeConsole
	policy  *fakePolicy
	corp    *fakeIDP // SAML, answers by cross-site POST
	web     *fakeIDP // OIDC, answers by redirect
	apple   *fakeIDP // OIDC, answers by form_post
	log     *lockedBuffer
	desk    *fakeDesk // alice operates

	mu    sync.Mutex
	clock time.Time
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// change adjusts the world before the portal is made.
type change func(*world, *portal.Options)

func newWorld(t testing.TB, changes ...change) *world {
	t.Helper()
	w := &world{t: t, store: newMemory(), audit: &fakeAudit{}, sts: &fakeSTS{}, minter: &fakeMinter{}, console: &fakeConsole{}, log: &lockedBuffer{}, desk: &fakeDesk{}}
	w.clock = time.Now().Truncate(time.Second)
	people := testPeople(w.clock)
	w.corp = &fakeIDP{info: idp.Info{Name: "corp", Kind: idp.KindSAML, Label: "Example Corp", CrossSite: true,
		Domains: []string{"example.com"}, FormHosts: []string{"https://idp.example"}}, people: people, now: w.now}
	w.web = &fakeIDP{info: idp.Info{Name: "web", Kind: idp.KindOIDC, Label: "Web", Issuer: "https://web.example.com"}, people: people, now: w.now}
	w.apple = &fakeIDP{info: idp.Info{Name: "apple", Kind: idp.KindOIDC, Label: "Apple", CrossSite: true}, people: people, now: w.now}
	w.policy = testPolicy()
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	o := portal.Options{
		Providers: []idp.IdentityProvider{w.corp, w.web, w.apple}, Store: w.store,
		Accounts: []bridge.Account{prod, dev}, Session: portal.Session{Length: 12 * time.Hour, Idle: time.Hour},
		ConsoleFormHosts: []string{"https://signin.aws.amazon.com", "https://*.console.aws.amazon.com"},
		PersonKey:        bytes.Repeat([]byte{7}, 32), DefaultRegions: map[string]string{"aws": "eu-central-1"}, Regions: []string{"eu-west-1", "us-east-1", "cn-north-1"},
		Trust: w.desk, Operator: func(id bridge.Identity) bool { return id.Subject == "alice" },
		Log: log, Now: w.now,
	}
	for _, c := range changes {
		c(w, &o)
	}
	if w.mints == nil {
		w.mints = w.minter
	}
	var err error
	if o.Bridge, err = bridge.New(bridge.Options{
		Authorizer: w.policy, Roles: w.policy, Minter: w.mints, STS: w.sts, Console: w.console, Audit: w.audit, Log: log, Now: w.now,
	}); err != nil {
		t.Fatal(err)
	}
	if o.Site == nil {
		if o.Site, err = handlers.New(handlers.Options{BaseURL: base, Log: log, Now: w.now}); err != nil {
			t.Fatal(err)
		}
	}
	if w.portal, err = portal.New(o); err != nil {
		t.Fatal(err)
	}
	w.handler = o.Site.Handler(w.portal)
	return w
}

var (
	prod = bridge.Account{ID: "111122223333", Name: "shop-prod", Partition: "aws", Label: "Shop", Environment: "production", Owner: "platform@example.com"}
	dev  = bridge.Account{ID: "444455556666", Name: "shop-dev", Partition: "aws", Label: "Shop dev"}
)

func testRole(a bridge.Account, name string, via bridge.Via) bridge.Role {
	return bridge.Role{
		Key: bridge.RoleKey{Account: a.ID, Name: name}, Account: a, Label: name, Via: []bridge.Via{via},
		ARN:        bridge.RoleARN{Partition: "aws", Account: a.ID, Path: "/", Name: name},
		MaxSession: 8 * time.Hour, Region: "eu-west-1", RelayProvider: "corp",
		SAMLProvider: bridge.SAMLProviderARN{Partition: "aws", Account: a.ID, Name: "Corp"},
	}
}

func testPolicy() *fakePolicy {
	readonly := testRole(dev, "readonly", bridge.ViaAssumeRole)
	readonly.Region = "" // the operator's default
	return &fakePolicy{
		roles: []bridge.Role{
			readonly,
			testRole(prod, "admin", bridge.ViaAssumeRole),
			testRole(prod, "relayed", bridge.ViaSAML),
		},
		gives: map[string][]string{
			"alice":   {dev.ID + "/readonly", prod.ID + "/admin"},
			"bob":     {dev.ID + "/readonly"},
			"rita":    {prod.ID + "/relayed"},
			"hostile": {"*"},
			"eve":     {"*"},
		},
		denies: map[string]string{"eve": "leavers"},
	}
}

// hostileText is what a claim may say at its worst.
const hostileText = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\u202e\r\nSet-Cookie: x=y"

func testPeople(now time.Time) map[string]bridge.Identity {
	pair := "arn:aws:iam::" + prod.ID + ":role/relayed,arn:aws:iam::" + prod.ID + ":saml-provider/Corp"
	return map[string]bridge.Identity{
		"alice":  {Subject: "alice", Name: "Alice", Email: "alice@example.com", Groups: []string{"platform"}},
		"bob":    {Subject: "bob", Name: "Bob", Email: "bob@example.com"},
		"nobody": {Subject: "nobody", Name: "Nobody"},
		"eve":    {Subject: "eve", Name: "Eve"},
		"rita": {Subject: "rita", Name: "Rita", SessionIndex: "s-1", Claims: bridge.Claims{
			bridge.AttributeRole: {pair}, bridge.AttributeSessionName: {"rita@example.com"},
		}},
		"short": {Subject: "alice", Name: "Alice", SessionEnd: now.Add(30 * time.Minute)},
		"over":  {Subject: "alice", Name: "Alice", SessionEnd: now.Add(-time.Minute)},
		"empty": {},
		"hostile": {Subject: "hostile", Name: hostileText, Email: hostileText, Groups: []string{hostileText},
			Claims: bridge.Claims{hostileText: {hostileText, strings.Repeat("long", 100)}}},
	}
}

// browser keeps cookies as browsers do, SameSite included.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	header  http.Header // of the next request
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]*http.Cookie{}, header: http.Header{}}
}

// send makes one request. Cookies go along as SameSite allows.
func (b *browser) send(method, target string, form url.Values, crossSite bool) *httptest.ResponseRecorder {
	var r *http.Request
	if form == nil {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Host = "bridge.example.com"
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if crossSite {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://idp.example")
	} else {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", base)
	}
	for name, values := range b.header {
		r.Header.Del(name)
		for _, v := range values {
			if v != "" {
				r.Header.Add(name, v)
			}
		}
	}
	b.header = http.Header{}
	for _, name := range sortedKeys(b.cookies) {
		if c := b.cookies[name]; !crossSite || method == "GET" && c.SameSite == http.SameSiteLaxMode || c.SameSite == http.SameSiteNoneMode {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	answer := httptest.NewRecorder()
	b.w.handler.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return answer
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.send("GET", target, nil, false)
}

func (b *browser) post(target string, pairs ...string) *httptest.ResponseRecorder {
	return b.send("POST", target, formOf(pairs...), false)
}

func formOf(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

// begin follows the link of a provider and gives the state that went along.
func (b *browser) begin(p *fakeIDP, query string) string {
	b.w.t.Helper()
	answer := b.get("/login/" + p.info.Name + query)
	if answer.Code != http.StatusSeeOther && answer.Code != http.StatusOK {
		b.w.t.Fatalf("begin: %d %s", answer.Code, answer.Body)
	}
	return p.lastLogin().State
}

// answer brings a provider's answer.
func (b *browser) answer(p *fakeIDP, state, who string) *httptest.ResponseRecorder {
	switch {
	case p.info.Kind == idp.KindSAML:
		return b.send("POST", "/saml/"+p.info.Name+"/acs", formOf("SAMLResponse", who, "RelayState", state), true)
	case p.info.CrossSite:
		return b.send("POST", "/oidc/"+p.info.Name+"/callback", formOf("code", who, "state", state), true)
	}
	return b.send("GET", "/oidc/"+p.info.Name+"/callback?"+formOf("code", who, "state", state).Encode(), nil, true)
}

// signIn goes the whole way.
func (b *browser) signIn(p *fakeIDP, who string) *browser {
	b.w.t.Helper()
	answer := b.answer(p, b.begin(p, ""), who)
	if answer.Code != http.StatusSeeOther || b.cookies[portal.SessionCookie] == nil {
		b.w.t.Fatalf("sign-in of %s: %d %s", who, answer.Code, answer.Body)
	}
	return b
}

// wantCode checks the status and the code on the page.
func wantCode(t testing.TB, answer *httptest.ResponseRecorder, code bridge.Code) {
	t.Helper()
	if answer.Code != handlers.Status(code) {
		t.Errorf("status is %d, want %d for %s: %.300s", answer.Code, handlers.Status(code), code, answer.Body)
	}
	if !strings.Contains(answer.Body.String(), string(code)) {
		t.Errorf("the page doesn't name %s: %.600s", code, answer.Body)
	}
}

func wantRedirect(t testing.TB, answer *httptest.ResponseRecorder, to string) {
	t.Helper()
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != to {
		t.Errorf("answer is %d to %q, want 303 to %q", answer.Code, answer.Header().Get("Location"), to)
	}
}

func decodeID(t testing.TB, value string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatalf("cookie value %q: %v", value, err)
	}
	return raw
}
