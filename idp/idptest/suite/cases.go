package suite

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// untied are the codes for an answer that belongs to no login of this browser, or to another one.
var untied = []bridge.Code{bridge.CodeLoginStale, bridge.CodeAnswerRejected}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

// signsIn: Finish MUST give the identity that was proved, byte for byte, and the proof as it was verified.
func signsIn(t *testing.T, kind Kind) {
	b := open(t, kind)
	id, proof := b.accepted(t)
	for _, f := range []struct{ name, got, want string }{
		{"provider", id.Provider, b.name},
		{"issuer", id.Issuer, b.Issuer},
		{"subject", id.Subject, Person.Subject},
		{"e-mail", id.Email, Person.Email},
		{"name", id.Name, Person.Name},
		{"groups", strings.Join(id.Groups, "|"), strings.Join(Person.Groups, "|")},
		{"claim department", strings.Join(id.Claims["department"], "|"), "engineering"},
		{"kind of proof", string(proof.Kind), string(kind.Proof)},
	} {
		if f.got != f.want {
			t.Errorf("%s is %q, want %q", f.name, f.got, f.want)
		}
	}
	if !fingerprint.MatchString(id.KeyFingerprint) {
		t.Errorf("fingerprint of the key is %q", id.KeyFingerprint)
	}
	if age := b.now().Sub(id.AuthTime); age < -time.Minute || age > time.Minute {
		t.Errorf("signed in %v ago", age)
	}
	if proof.Raw.IsZero() || !proof.RelayUntil.After(b.now()) || len(proof.Audiences) == 0 {
		t.Errorf("the proof lacks a part: relay until %v, audiences %v", proof.RelayUntil, proof.Audiences)
	}
	// DESIGN §8.2: the log of a sign-in holds no proof.
	if strings.Contains(b.log.String(), proof.Raw.Reveal()) {
		t.Error("the proof is in the log")
	}
	again, _ := b.accepted(t)
	if again.PersonKey() != id.PersonKey() {
		t.Error("the same person is another one the next time")
	}
}

// saysWhoItIs: Info never blocks, and doesn't depend on the identity provider.
func saysWhoItIs(t *testing.T, kind Kind) {
	b := open(t, kind)
	b.SetFault("*", "hang")
	info := b.Provider.Info()
	if info.Name != b.name || (info.Kind != idp.KindSAML && info.Kind != idp.KindOIDC) || info.Label == "" {
		t.Errorf("info is %+v", info)
	}
	if b.Fetches != nil && b.Fetches("*") != 0 {
		t.Error("opening a provider asked the network")
	}
}

// challengeKeepsSecrets: what the browser carries to the provider MUST NOT hold what only we may know (RFC 7636 §4.3),
// and MUST be new for each login.
func challengeKeepsSecrets(t *testing.T, kind Kind) {
	b := open(t, kind)
	first, second := b.login(), b.login()
	seen := b.begin(t, first).URL + b.begin(t, first).Form.Encode()
	if strings.Contains(seen, first.Verifier) {
		t.Error("the PKCE verifier travels with the request")
	}
	if strings.Contains(seen, second.State) || !strings.Contains(seen, first.State) {
		t.Error("the state is not this login's")
	}
}

// otherLogin: Finish MUST refuse an answer to another login, even when it carries this login's state (threats P3, O12,
// O13, O14).
func otherLogin(t *testing.T, kind Kind) {
	b := open(t, kind)
	mine := b.login()
	b.begin(t, mine)
	other, answer := b.answer(t)
	b.refused(t, mine, answer, untied...)
	_, answer = b.answer(t)
	b.refused(t, mine, with(answer, func(v url.Values) { v.Set(b.StateField, mine.State) }), untied...)
	_, answer = b.answer(t)
	b.refused(t, mine, with(answer, func(v url.Values) { v.Del(b.StateField) }), untied...)
	if other.State == mine.State {
		t.Error("two logins share a state")
	}
}

// otherProvider: Finish MUST refuse an answer of another provider that is trusted too (threats P5, P6, O10).
func otherProvider(t *testing.T, kind Kind) {
	w := newWorld()
	corp, other := w.open(t, kind, "corp"), w.open(t, kind, "other")
	login := corp.login()
	corp.begin(t, login)
	// The other provider's answer to a login of its own that has the very same state, nonce and request id.
	twin := login
	twin.Provider = other.name
	answer := other.SignIn(t, other.begin(t, twin))
	corp.refused(t, login, answer, bridge.CodeAnswerRejected, bridge.CodeDestination, bridge.CodeAudience)
	// The same at the provider that it belongs to is right.
	if _, _, err := other.Provider.Finish(context.Background(), twin, other.SignIn(t, other.begin(t, twin))); err != nil {
		t.Errorf("the other provider's own answer: %v", err)
	}
}

// replayed: Finish MUST refuse an answer that was used before (threats P10, O12).
func replayed(t *testing.T, kind Kind) {
	b := open(t, kind)
	login, answer := b.answer(t)
	if _, _, err := b.Provider.Finish(context.Background(), login, answer); err != nil {
		t.Fatalf("the first time: %v", err)
	}
	b.refused(t, login, answer, bridge.CodeAnswerRejected)
	// R7: what was used is remembered until it would no longer be valid, at least.
	for _, until := range b.replay.Used() {
		if until.Before(b.now().Add(time.Minute)) {
			t.Errorf("a used answer is forgotten %v from now", until.Sub(b.now()))
		}
	}
	b.refused(t, login, answer, bridge.CodeAnswerRejected)
}

// concurrent: of any number of calls with one answer exactly one MUST succeed (threat P10).
func concurrent(t *testing.T, kind Kind) {
	b := open(t, kind)
	b.accepted(t) // whatever is fetched lazily is there
	login, answer := b.answer(t)
	var won atomic.Int32
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			_, _, err := b.Provider.Finish(context.Background(), login, answer)
			if err == nil {
				won.Add(1)
			} else if code := bridge.CodeOf(err); code != bridge.CodeAnswerRejected {
				t.Errorf("a loser reads %s: %v", code, err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 50 signed in", won.Load())
	}
}

// replayStoreDown: Finish MUST refuse when nobody can tell whether the answer was used before (R7, threat P11).
func replayStoreDown(t *testing.T, kind Kind) {
	b := open(t, kind)
	login, answer := b.answer(t)
	b.replay.SetDown(true)
	b.refused(t, login, answer, bridge.CodeStoreDown)
	b.replay.SetDown(false)
	b.accepted(t)
}

// expiredLogin: Finish MUST refuse a login that took too long, however right its answer.
func expiredLogin(t *testing.T, kind Kind) {
	b := open(t, kind)
	login, answer := b.answer(t)
	login.Expires = b.now()
	b.refused(t, login, answer, bridge.CodeLoginStale)
}

// foreignLogin: Finish MUST refuse a login of another provider, and one that lacks what ties the answer to it.
func foreignLogin(t *testing.T, kind Kind) {
	b := open(t, kind)
	for name, change := range map[string]func(*idp.Login){
		"other provider": func(l *idp.Login) { l.Provider = "other" },
		"no provider":    func(l *idp.Login) { l.Provider = "" },
		"no state":       func(l *idp.Login) { l.State = "" },
		"nothing":        func(l *idp.Login) { *l = idp.Login{} },
	} {
		t.Run(name, func(t *testing.T) {
			login, answer := b.answer(t)
			change(&login)
			b.refused(t, login, answer, untied...)
		})
	}
}

// misshapen: Finish MUST refuse an answer whose fields are doubled, missing or in the wrong place (threats P16, O15).
func misshapen(t *testing.T, kind Kind) {
	b := open(t, kind)
	refuse := []bridge.Code{bridge.CodeAnswerMalformed, bridge.CodeLoginStale, bridge.CodeAnswerRejected}
	_, sample := b.answer(t)
	for _, name := range slices.Sorted(keys(values(sample))) {
		t.Run("doubled "+name, func(t *testing.T) {
			login, answer := b.answer(t)
			b.refused(t, login, with(answer, func(v url.Values) { v.Add(name, v.Get(name)) }), bridge.CodeAnswerMalformed)
		})
		t.Run("empty "+name, func(t *testing.T) {
			login, answer := b.answer(t)
			b.refused(t, login, with(answer, func(v url.Values) { v.Set(name, "") }), refuse...)
		})
	}
	for name, change := range map[string]func(idp.Answer) idp.Answer{
		"nothing":      func(idp.Answer) idp.Answer { return idp.Answer{Method: http.MethodGet, Query: url.Values{}} },
		"empty POST":   func(idp.Answer) idp.Answer { return idp.Answer{Method: http.MethodPost, Form: url.Values{}} },
		"zero":         func(idp.Answer) idp.Answer { return idp.Answer{} },
		"other method": swapped,
		"other place":  func(a idp.Answer) idp.Answer { return idp.Answer{Method: a.Method, Query: a.Form, Form: a.Query} },
	} {
		t.Run(name, func(t *testing.T) {
			login, answer := b.answer(t)
			b.refused(t, login, change(answer), refuse...)
		})
	}
	b.accepted(t)
}

func keys(v url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range v {
			if !yield(name) {
				return
			}
		}
	}
}

// swapped is a GET's answer by POST, and the other way round.
func swapped(a idp.Answer) idp.Answer {
	if a.Method == http.MethodPost {
		return idp.Answer{Method: http.MethodGet, Query: a.Form}
	}
	return idp.Answer{Method: http.MethodPost, Form: a.Query, Query: url.Values{}}
}
