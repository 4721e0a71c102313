package bridge_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const account = "111122223333"

// fakes are the parts that a Bridge is made of, each of which does what the test says and keeps what it was asked.
type fakes struct {
	mu      sync.Mutex
	grants  map[bridge.RoleKey]bridge.Grant
	refusal bridge.Code // of a role that isn't in grants

	asked      []bridge.ExchangeRequest
	answer     func(bridge.ExchangeRequest) (bridge.Credentials, error)
	longest    time.Duration // what STS is known to give at most
	longestBy  bridge.CapReason
	longestVia bridge.Via // "": in every way

	minted []bridge.MintRequest
	mint   func(bridge.MintRequest) (bridge.Proof, error)

	links     []bridge.Destination
	linkErr   error
	checkErr  error
	signInErr error

	events   []bridge.AuditEvent
	auditErr map[bridge.AuditKind]error
	order    []string // what happened, in order
}

func newFakes(grants ...bridge.Grant) *fakes {
	f := &fakes{grants: map[bridge.RoleKey]bridge.Grant{}, auditErr: map[bridge.AuditKind]error{}, refusal: bridge.CodeNotEntitled}
	for _, g := range grants {
		f.grants[g.Role.Key] = g
	}
	f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
		return bridge.Credentials{
			AccessKeyID: "ASIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("CANARY-secret"),
			SessionToken: bridge.NewSecret("CANARY-token"), Expires: now.Add(q.Duration),
		}, nil
	}
	f.mint = func(q bridge.MintRequest) (bridge.Proof, error) {
		id := fmt.Sprint("minted-", len(f.minted))
		return bridge.Proof{
			Kind: cmp.Or(q.Role.Mint, bridge.ProofIDToken), Raw: bridge.NewSecret("CANARY " + id), ID: id, RelayUntil: now.Add(bridge.MintedLife),
		}, nil
	}
	return f
}

func (f *fakes) Mint(_ context.Context, q bridge.MintRequest) (bridge.Proof, error) {
	f.note("mint")
	f.minted = append(f.minted, q)
	return f.mint(q)
}

func (f *fakes) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.order = append(f.order, what)
}

func (f *fakes) Entitlements(bridge.Identity) []bridge.Entitlement {
	var all []bridge.Entitlement
	for _, g := range f.grants {
		all = append(all, g.Entitlement)
	}
	slices.SortFunc(all, func(a, b bridge.Entitlement) int { return len(a.Role.Name) - len(b.Role.Name) })
	return all
}

func (f *fakes) Explain(_ bridge.Identity, role bridge.RoleKey) bridge.Explanation {
	return bridge.Explanation{Role: role}
}

func (f *fakes) Grant(_ bridge.Identity, role bridge.RoleKey) (bridge.Grant, error) {
	if g, ok := f.grants[role]; ok {
		return g, nil
	}
	return bridge.Grant{}, bridge.Fail(f.refusal, nil)
}

func (f *fakes) Role(key bridge.RoleKey) (bridge.Role, bool) {
	g, ok := f.grants[key]
	return g.Role, ok
}

func (f *fakes) Roles() []bridge.Role {
	var all []bridge.Role
	for _, g := range f.grants {
		all = append(all, g.Role)
	}
	return all
}

func (f *fakes) Exchange(_ context.Context, q bridge.ExchangeRequest) (bridge.Credentials, error) {
	f.note("sts")
	f.asked = append(f.asked, q)
	return f.answer(q)
}

func (f *fakes) Longest(_ context.Context, _ bridge.Role, via bridge.Via) (time.Duration, bridge.CapReason) {
	if f.longestVia != "" && via != f.longestVia {
		return 0, ""
	}
	return f.longest, f.longestBy
}

func (f *fakes) Check(bridge.Role, bridge.Destination) error { return f.checkErr }

func (f *fakes) Link(_ context.Context, _ bridge.Credentials, to bridge.Destination) (bridge.Secret, error) {
	f.note("link")
	if f.linkErr != nil {
		return bridge.Secret{}, f.linkErr
	}
	f.links = append(f.links, to)
	return bridge.NewSecret("https://signin.example.com/CANARY"), nil
}

func (f *fakes) SignIn(_ bridge.Role, to bridge.Destination) (string, string, error) {
	f.note("sign-in")
	return "https://signin.example.com/saml", to.URL, f.signInErr
}

func (f *fakes) Record(ctx context.Context, e bridge.AuditEvent) error {
	f.note(string(e.Kind))
	if err := f.auditErr[e.Kind]; err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	return nil
}

var now = time.Now().Truncate(time.Second)

func newBridge(t testing.TB, f *fakes) *bridge.Bridge {
	t.Helper()
	b, err := bridge.New(bridge.Options{
		Authorizer: f, Roles: f, Minter: f, STS: f, Console: f, Audit: f, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ada() bridge.Identity {
	return bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "ada", Email: "ada@example.com", KeyFingerprint: "f1"}
}

// grant is a role that ada has, for up to max, by these ways.
func grant(name string, limit time.Duration, via ...bridge.Via) bridge.Grant {
	key := bridge.RoleKey{Account: account, Name: name}
	return bridge.Grant{
		Entitlement: bridge.Entitlement{Role: key, MaxSession: limit, CapReason: bridge.CapRole, Rules: []string{"platform team"}},
		Role: bridge.Role{
			Key: key, Account: bridge.Account{ID: account, Name: "shop-prod"}, Via: via, MaxSession: limit, RelayProvider: "corp",
			ARN:          bridge.RoleARN{Partition: "aws", Account: account, Path: "/", Name: name},
			SAMLProvider: bridge.SAMLProviderARN{Partition: "aws", Account: account, Name: "Corp"},
		},
	}
}

func request(name string) bridge.AssumeRequest {
	return bridge.AssumeRequest{
		Identity: ada(), Role: bridge.RoleKey{Account: account, Name: name}, Door: "portal", Source: "192.0.2.1", RequestID: "r1",
	}
}

func wantCode(t *testing.T, err error, want bridge.Code) {
	t.Helper()
	if got := bridge.CodeOf(err); got != want {
		t.Fatalf("code is %q, want %q (%v)", got, want, err)
	}
}

func wantNothing(t *testing.T, c bridge.Credentials) {
	t.Helper()
	if c.AccessKeyID != "" || !c.SecretAccessKey.IsZero() || !c.SessionToken.IsZero() {
		t.Errorf("credentials came with the refusal")
	}
}

var errDisk = errors.New("disk full")
