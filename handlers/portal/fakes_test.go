package portal_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/idp"
)

// canary stands in every cause and every secret: no answer may contain it, but credentials for the person who asked.
const canary = "CANARY"

// memory is a store.PendingStore and store.SessionStore that can be switched off.
type memory struct {
	mu      sync.Mutex
	down    bool
	late    bool // hands out what has expired: the portal must look itself
	pending map[store.Hash]store.Pending
	rows    map[store.Hash]store.Session
	touched int
}

func newMemory() *memory {
	return &memory{pending: map[store.Hash]store.Pending{}, rows: map[store.Hash]store.Session{}}
}

var errDown = errors.New("store: " + canary + " is down")

// enter locks; leave unlocks.
func (m *memory) enter() (leave func(), err error) {
	m.mu.Lock()
	if m.down {
		err = errDown
	}
	return m.mu.Unlock, err
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) sessions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.rows)
}

func (m *memory) PutPending(_ context.Context, h store.Hash, p store.Pending) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	m.pending[h] = p
	return nil
}

func (m *memory) TakePending(_ context.Context, h store.Hash, now time.Time) (store.Pending, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return store.Pending{}, err
	}
	p, ok := m.pending[h]
	delete(m.pending, h)
	if !ok || !now.Before(p.Expires) && !m.late {
		return store.Pending{}, store.ErrNotFound
	}
	return p, nil
}

func (m *memory) CreateSession(_ context.Context, id store.Hash, s store.Session) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	m.rows[id] = s
	return nil
}

func (m *memory) SessionHead(_ context.Context, id store.Hash, now time.Time) (store.Head, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return store.Head{}, err
	}
	s, ok := m.rows[id]
	if !ok || !now.Before(s.Expires) || !now.Before(s.Idle) {
		return store.Head{}, store.ErrNotFound
	}
	return s.Head, nil
}

func (m *memory) TouchSession(_ context.Context, id store.Hash, idle time.Time) error {
	leave, err := m.enter()
	defer leave()
	s, ok := m.rows[id]
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	s.Idle = idle
	m.rows[id] = s
	m.touched++
	return nil
}

func (m *memory) SessionIdentity(_ context.Context, id store.Hash) ([]byte, error) {
	leave, err := m.enter()
	defer leave()
	s, ok := m.rows[id]
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return s.Identity, err
}

func (m *memory) SessionProof(_ context.Context, id store.Hash, now time.Time) ([]byte, error) {
	leave, err := m.enter()
	defer leave()
	s := m.rows[id]
	if err == nil && (s.Proof == nil || !now.Before(s.ProofUntil)) {
		err = store.ErrNotFound
	}
	return s.Proof, err
}

func (m *memory) DeleteSession(_ context.Context, id store.Hash) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	delete(m.rows, id)
	return nil
}

func (m *memory) DeleteSessionsOf(context.Context, *store.Hash, *store.Hash) (int, error) {
	return 0, errors.New("not used here")
}

// fakeIDP is a provider whose answers name a person: SAMLResponse=alice, code=alice. "fail:CODE" fails with that code.
type fakeIDP struct {
	info        idp.Info
	people      map[string]bridge.Identity
	form        bool // Begin hands out a form
	beginErr    error
	unsolicited bool
	now         func() time.Time

	mu    sync.Mutex
	begun []idp.Login
}

func (f *fakeIDP) Info() idp.Info { return f.info }

func (f *fakeIDP) Begin(_ context.Context, login idp.Login) (idp.Challenge, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.beginErr != nil {
		return idp.Challenge{}, f.beginErr
	}
	f.begun = append(f.begun, login)
	if f.form {
		return idp.Challenge{URL: "https://idp.example/sso", Form: url.Values{
			"SAMLRequest": {"request"}, "RelayState": {login.State},
		}}, nil
	}
	return idp.Challenge{URL: "https://idp.example/authorize?state=" + login.State}, nil
}

func (f *fakeIDP) Finish(_ context.Context, login idp.Login, a idp.Answer) (bridge.Identity, bridge.Proof, error) {
	if login.Nonce == "" || login.Verifier == "" || login.RequestID == "" {
		return bridge.Identity{}, bridge.Proof{}, errors.New("the login came without its secrets")
	}
	return f.prove(a)
}

func (f *fakeIDP) AllowsUnsolicited() bool { return f.unsolicited }

func (f *fakeIDP) FinishUnsolicited(_ context.Context, a idp.Answer) (bridge.Identity, bridge.Proof, error) {
	return f.prove(a)
}

func (f *fakeIDP) prove(a idp.Answer) (bridge.Identity, bridge.Proof, error) {
	who := a.Query.Get("code")
	if a.Method == "POST" {
		who = a.Form.Get("code") + a.Form.Get("SAMLResponse")
	}
	if code, ok := strings.CutPrefix(who, "fail:"); ok {
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.Code(code), errors.New("answer: "+canary))
	}
	id, ok := f.people[who]
	if !ok {
		return bridge.Identity{}, bridge.Proof{}, bridge.Fail(bridge.CodeAnswerRejected, errors.New(canary+" unknown"))
	}
	id.Provider, id.Issuer, id.KeyFingerprint = f.info.Name, "https://idp.example", strings.Repeat("ab", 32)
	proof := bridge.Proof{
		Kind: bridge.ProofSAML, Raw: bridge.NewSecret("proof " + canary), RelayUntil: f.now().Add(5 * time.Minute),
		Audiences: []string{"urn:amazon:webservices"},
	}
	return id, proof, nil
}

func (f *fakeIDP) Metadata() ([]byte, string, error) {
	return []byte("<EntityDescriptor/>"), "application/samlmetadata+xml", nil
}

func (f *fakeIDP) lastLogin() idp.Login {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun[len(f.begun)-1]
}

// fakePolicy gives roles by subject, and takes some away.
type fakePolicy struct {
	roles  []bridge.Role
	gives  map[string][]string // subject -> role keys, or "*"
	denies map[string]string   // subject -> rule
	// adorn puts tags and a source identity into a grant, or fails.
	adorn func(bridge.Identity, *bridge.Grant) error

	once  sync.Once
	byKey map[bridge.RoleKey]bridge.Role
}

func (p *fakePolicy) Roles() []bridge.Role { return p.roles }

func (p *fakePolicy) Role(key bridge.RoleKey) (bridge.Role, bool) {
	p.once.Do(func() {
		p.byKey = map[bridge.RoleKey]bridge.Role{}
		for _, r := range p.roles {
			p.byKey[r.Key] = r
		}
	})
	r, ok := p.byKey[key]
	return r, ok
}

func (p *fakePolicy) has(id bridge.Identity, key bridge.RoleKey) bool {
	given := p.gives[id.Subject]
	return p.denies[id.Subject] == "" && (slices.Contains(given, key.String()) || slices.Contains(given, "*"))
}

func (p *fakePolicy) Entitlements(id bridge.Identity) []bridge.Entitlement {
	var all []bridge.Entitlement
	for _, r := range p.roles {
		if p.has(id, r.Key) {
			all = append(all, bridge.Entitlement{
				Role: r.Key, MaxSession: r.MaxSession, CapReason: bridge.CapRole, Rules: []string{"rule <b>of</b> " + r.Key.Name},
			})
		}
	}
	return all
}

func (p *fakePolicy) Explain(id bridge.Identity, key bridge.RoleKey) bridge.Explanation {
	e := bridge.Explanation{Role: key, Allowed: p.has(id, key), Reason: "because of the rules"}
	if rule := p.denies[id.Subject]; rule != "" {
		e.Rules = append(e.Rules, bridge.RuleReasoning{Rule: rule, Deny: true, Matched: true})
	}
	e.Rules = append(e.Rules, bridge.RuleReasoning{Rule: "platform team", Matched: e.Allowed})
	return e
}

func (p *fakePolicy) Grant(id bridge.Identity, key bridge.RoleKey) (bridge.Grant, error) {
	if p.denies[id.Subject] != "" {
		return bridge.Grant{}, bridge.FailWith(bridge.CodeDenied, p.denies[id.Subject], errors.New(canary))
	}
	for _, e := range p.Entitlements(id) {
		if e.Role == key {
			role, _ := p.Role(key)
			grant := bridge.Grant{Entitlement: e, Role: role}
			if p.adorn != nil {
				if err := p.adorn(id, &grant); err != nil {
					return bridge.Grant{}, err
				}
			}
			return grant, nil
		}
	}
	return bridge.Grant{}, bridge.Fail(bridge.CodeNotEntitled, errors.New(canary))
}

// fakeMinter mints who is meant, or fails.
type fakeMinter struct {
	mu   sync.Mutex
	err  error
	asks []bridge.MintRequest
}

func (f *fakeMinter) Mint(_ context.Context, q bridge.MintRequest) (bridge.Proof, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asks = append(f.asks, q)
	if f.err != nil {
		return bridge.Proof{}, f.err
	}
	return bridge.Proof{
		Kind: cmp.Or(q.Role.Mint, bridge.ProofIDToken), Raw: bridge.NewSecret(minted(q.Identity.Subject, q.Role.Key)), ID: fmt.Sprint("_", len(f.asks)),
	}, nil
}

// minted is what fakeMinter makes for a person and a role.
func minted(subject string, role bridge.RoleKey) string {
	return "TUlOVEVE" + base64.StdEncoding.EncodeToString([]byte(subject+" "+role.String()))
}

// fakeSTS gives credentials, or fails.
type fakeSTS struct {
	mu   sync.Mutex
	err  error
	asks []bridge.ExchangeRequest
	used int // percent of the session token's size
	room int // tags that fit; 0: any number
}

func (f *fakeSTS) Exchange(_ context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asks = append(f.asks, req)
	if f.err != nil {
		return bridge.Credentials{}, f.err
	}
	if f.room > 0 && len(req.Tags) > f.room {
		return bridge.Credentials{}, bridge.Fail(bridge.CodeSTSPacked, errors.New(canary))
	}
	return bridge.Credentials{
		Utilization: f.used,
		AccessKeyID: "ASIAEXAMPLEEXAMPLE", SecretAccessKey: bridge.NewSecret("secretKey/of+the/role"),
		SessionToken: bridge.NewSecret("sessionToken/of+the/role=="), Expires: time.Now().Add(req.Duration),
		AssumedRoleARN: req.Role.ARN.AssumedRole(req.SessionName),
	}, nil
}

func (f *fakeSTS) Longest(context.Context, bridge.Role, bridge.Via) (time.Duration, bridge.CapReason) {
	return 0, ""
}

func (f *fakeSTS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asks)
}

// fakeConsole links to a console with a token in the link.
type fakeConsole struct {
	err    error
	home   string // where the link leads; "" for AWS's own sign-in
	signIn string // URL of the SAML endpoint; "" for AWS's own
}

func (f *fakeConsole) Check(_ bridge.Role, to bridge.Destination) error {
	if to.URL != "" && !strings.HasPrefix(to.URL, "https://console.aws.amazon.com/") {
		return bridge.Fail(bridge.CodeConsoleTarget, errors.New(canary))
	}
	return nil
}

func (f *fakeConsole) Link(context.Context, bridge.Credentials, bridge.Destination) (bridge.Secret, error) {
	if f.home != "" {
		return bridge.NewSecret(f.home), f.err
	}
	return bridge.NewSecret("https://signin.aws.amazon.com/federation?SigninToken=SIGNINTOKEN"), f.err
}

func (f *fakeConsole) SignIn(role bridge.Role, to bridge.Destination) (string, string, error) {
	return cmp.Or(f.signIn, "https://signin.aws.amazon.com/saml"), cmp.Or(to.URL, "https://console.aws.amazon.com/"), f.Check(role, to)
}

// fakeAudit remembers, or is down.
type fakeAudit struct {
	mu     sync.Mutex
	down   bool
	events []bridge.AuditEvent
}

func (f *fakeAudit) Record(_ context.Context, e bridge.AuditEvent) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errors.New("audit: " + canary)
	}
	f.events = append(f.events, e)
	return nil
}

func (f *fakeAudit) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// lines are the events in short: kind allowed code subject.
func (f *fakeAudit) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range f.events {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %t %s %s", e.Kind, e.Allowed, e.Code, e.Subject)))
	}
	return all
}

func (f *fakeAudit) last() bridge.AuditEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events[len(f.events)-1]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
