// Package suite is what every kind of identity provider must pass, whatever protocol it speaks: the MUSTs of
// idp.IdentityProvider, one case each. A kind's test opens a provider together with an identity provider of package
// idptest behind it; the suite signs a person in, lets the identity provider lie, and judges what Finish says.
package suite

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// BaseURL is where fedbridge is, as far as the suite is concerned.
const BaseURL = "https://bridge.example.com"

// Person is who signs in. The identity provider behind a Kit must know her.
var Person = idptest.Person{
	Username: "ada", Password: "engine", Subject: "u-0001", Email: "ada@example.com", Name: "Ada Lovelace",
	Groups: []string{"dev", "aws-platform"}, Claims: map[string][]string{"department": {"engineering"}},
}

// Kind is a kind of provider under test.
type Kind struct {
	// Open makes a provider of this name, with an identity provider of its own behind it that nothing was asked of yet.
	// Both go by deps.Now.
	Open func(t *testing.T, name string, deps idp.Deps) Kit
	// Proof is the kind of proof that a sign-in gives.
	Proof bridge.ProofKind
	// Lies are the lies of this kind beyond the common ones, with the codes of which one is right for each.
	Lies map[idptest.Lie][]bridge.Code
}

// Kit is a provider under test, and the identity provider behind it. ForOIDC and ForSAML make one.
type Kit struct {
	Provider idp.IdentityProvider
	Issuer   string // what Identity.Issuer must be
	// SignIn lets Person sign in where the challenge says, and gives what comes back through the browser.
	SignIn func(t testing.TB, c idp.Challenge) idp.Answer
	// StateField is where the state comes back.
	StateField string
	Lie        func(lies ...idptest.Lie)
	SetFault   func(path string, fault idptest.Fault)
	Fetches    func(path string) int
	// Rotate makes the identity provider sign by a new key, which it publishes.
	Rotate func() error
	// Documents are the paths of what the provider keeps a copy of.
	Documents []string
}

// Run runs the suite.
func Run(t *testing.T, kind Kind) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Kind)
	}{
		{"signs in", signsIn},
		{"says who it is", saysWhoItIs},
		{"keeps secrets out of the challenge", challengeKeepsSecrets},
		{"refuses another login's answer", otherLogin},
		{"refuses another provider's answer", otherProvider},
		{"refuses a replayed answer", replayed},
		{"takes one of many", concurrent},
		{"refuses when the replay store is down", replayStoreDown},
		{"refuses an expired login", expiredLogin},
		{"refuses a login that isn't its own", foreignLogin},
		{"refuses a misshapen answer", misshapen},
		{"tells an outage from a refusal", outage},
		{"keeps the last good copy", lastGoodCopy},
		{"follows a new key", newKey},
		{"sees through lies", lies},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, kind) })
	}
}

// bench is one case at work.
type bench struct {
	Kit
	*world
	name string
}

func open(t *testing.T, kind Kind) *bench {
	t.Helper()
	w := newWorld()
	return w.open(t, kind, "corp")
}

func (w *world) open(t *testing.T, kind Kind, name string) *bench {
	t.Helper()
	kit := kind.Open(t, name, w.deps())
	if kit.Provider == nil || kit.SignIn == nil || kit.Lie == nil || kit.SetFault == nil || kit.Rotate == nil || kit.StateField == "" {
		t.Fatal("suite: the kit lacks a part")
	}
	return &bench{kit, w, name}
}

func (b *bench) login() idp.Login { return idp.NewLogin(b.name, "/", b.now()) }

func (b *bench) begin(t testing.TB, login idp.Login) idp.Challenge {
	t.Helper()
	c, err := b.Provider.Begin(context.Background(), login)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	return c
}

// answer begins a login and lets the person sign in.
func (b *bench) answer(t testing.TB) (idp.Login, idp.Answer) {
	t.Helper()
	login := b.login()
	return login, b.SignIn(t, b.begin(t, login))
}

// accepted is a sign-in that must succeed.
func (b *bench) accepted(t testing.TB) (bridge.Identity, bridge.Proof) {
	t.Helper()
	login, answer := b.answer(t)
	id, proof, err := b.Provider.Finish(context.Background(), login, answer)
	if err != nil {
		t.Fatalf("a true answer is refused: %v", err)
	}
	return id, proof
}

// refused checks that Finish refuses with one of the codes, gives nothing away, and leaks nothing.
func (b *bench) refused(t testing.TB, login idp.Login, answer idp.Answer, codes ...bridge.Code) {
	t.Helper()
	id, proof, err := b.Provider.Finish(context.Background(), login, answer)
	if id.Subject != "" || id.Provider != "" || !proof.Raw.IsZero() {
		t.Errorf("a refused answer gave an identity or a proof: %q", id.Subject)
	}
	b.judge(t, err, login, answer, codes...)
}

// judge checks an error: its code, and what is in its texts.
func (b *bench) judge(t testing.TB, err error, login idp.Login, answer idp.Answer, codes ...bridge.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("accepted; want %v", codes)
		return
	}
	code, notice, detail := bridge.Explain(err)
	if !slices.Contains(codes, code) {
		t.Errorf("code is %s, want one of %v: %v", code, codes, err)
	}
	// DESIGN §8.2: what people read holds no secret and nothing that a stranger wrote.
	shown := notice.Message + notice.Remedy + detail
	for _, word := range append(secrets(login, answer), idptest.Canary, idptest.Intruder) {
		if strings.Contains(shown, word) {
			t.Errorf("what people read holds %.20q", word)
		}
	}
	// The cause goes into the log, where no token, code or verifier may be.
	logged := err.Error() + b.log.String()
	for _, word := range secrets(login, answer) {
		if strings.Contains(logged, word) {
			t.Errorf("what is logged holds the secret %.12q…: %v", word, errors.Unwrap(err))
		}
	}
}

// secrets are what must be neither shown nor logged.
func secrets(login idp.Login, answer idp.Answer) []string {
	var out []string
	if login.Verifier != "" {
		out = append(out, login.Verifier, login.Nonce)
	}
	for _, values := range []url.Values{answer.Query, answer.Form} {
		for _, name := range []string{"code", "SAMLResponse"} {
			for _, value := range values[name] {
				if len(value) >= 20 {
					out = append(out, value)
				}
			}
		}
	}
	return out
}

// values are where the answer's fields are.
func values(a idp.Answer) url.Values {
	if a.Form != nil {
		return a.Form
	}
	return a.Query
}

// with copies an answer with one field changed.
func with(a idp.Answer, change func(url.Values)) idp.Answer {
	out := idp.Answer{Method: a.Method, Query: clone(a.Query), Form: clone(a.Form)}
	change(values(out))
	return out
}

func clone(v url.Values) url.Values {
	if v == nil {
		return nil
	}
	out := url.Values{}
	for name, all := range v {
		out[name] = slices.Clone(all)
	}
	return out
}
