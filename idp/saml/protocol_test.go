package saml_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestForm: one SAMLResponse, by POST, and no message elsewhere (threats P15, P16).
func TestForm(t *testing.T) {
	for name, change := range map[string]func(*idp.Answer){
		"GET":               func(a *idp.Answer) { a.Method = http.MethodGet },
		"GET with query":    func(a *idp.Answer) { *a = idp.Answer{Method: http.MethodGet, Query: a.Form} },
		"PUT":               func(a *idp.Answer) { a.Method = http.MethodPut },
		"no method":         func(a *idp.Answer) { a.Method = "" },
		"no form":           func(a *idp.Answer) { a.Form = nil },
		"two responses":     func(a *idp.Answer) { a.Form.Add("SAMLResponse", a.Form.Get("SAMLResponse")) },
		"two states":        func(a *idp.Answer) { a.Form.Add("RelayState", "x") },
		"response in query": func(a *idp.Answer) { a.Query = url.Values{"SAMLResponse": {"x"}} },
		"state in query":    func(a *idp.Answer) { a.Query = url.Values{"RelayState": {"x"}} },
		"request beside":    func(a *idp.Answer) { a.Form.Set("SAMLRequest", "x") },
		"artifact instead":  func(a *idp.Answer) { a.Form = url.Values{"SAMLart": {"AAQA"}, "RelayState": a.Form["RelayState"]} },
		"artifact in query": func(a *idp.Answer) { a.Query = url.Values{"SAMLart": {"AAQA"}} },
		"another spelling":  func(a *idp.Answer) { a.Form["samlresponse"] = a.Form["SAMLResponse"]; delete(a.Form, "SAMLResponse") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{transport: noNetwork{t}})
			login := w.login()
			answer := posted(w.mint(login, idptest.Hooks{}), login)
			change(&answer)
			id, proof, err := w.p.Finish(t.Context(), login, answer)
			w.checkRefused(bridge.CodeAnswerMalformed, id, proof, err)
		})
	}
	t.Run("artifact beside", func(t *testing.T) { // ignored
		w := newWorld(t, setup{transport: noNetwork{t}})
		login := w.login()
		answer := posted(w.mint(login, idptest.Hooks{}), login)
		answer.Form.Set("SAMLart", "AAQA")
		if _, _, err := w.p.Finish(t.Context(), login, answer); err != nil {
			t.Error(err)
		}
	})
}

// noNetwork fails the test when somebody is called.
type noNetwork struct{ t testing.TB }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("a call to %s", r.URL)
	return nil, errors.New("no network")
}

// TestState: RelayState ties the answer to this login, and is nothing but that (threats P3, P17).
func TestState(t *testing.T) {
	w := newWorld(t, setup{})
	for _, state := range []string{"", "x", "https://evil.example/", strings.Repeat("a", 43), strings.Repeat("a", 1000)} {
		login := w.login()
		answer := posted(w.mint(login, idptest.Hooks{}), login)
		answer.Form.Set("RelayState", state)
		id, proof, err := w.p.Finish(t.Context(), login, answer)
		w.checkRefused(bridge.CodeLoginStale, id, proof, err)
	}
	login := w.login()
	answer := posted(w.mint(login, idptest.Hooks{}), login)
	answer.Form.Del("RelayState")
	id, proof, err := w.p.Finish(t.Context(), login, answer)
	w.checkRefused(bridge.CodeLoginStale, id, proof, err)
}

// TestReplay: an assertion signs in once, at whatever provider and in whatever wrapping (threat P10).
func TestReplay(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	document := w.mint(login, idptest.Hooks{})
	w.accept(document, login)
	w.refuse(bridge.CodeAnswerRejected, document, login)
	// Another Response around the same assertion: the envelope isn't signed.
	w.refuse(bridge.CodeAnswerRejected, replaced(t, document, `<samlp:Response `, `<samlp:Response x="y" `), login)

	// The id is kept past the last moment at which the answer would be valid: five minutes, and skew.
	for _, until := range w.replay.used {
		if left := until.Sub(w.clock.now()); left < 8*time.Minute || left > 15*time.Minute {
			t.Errorf("remembered for %s", left)
		}
	}
	// A refused answer uses nothing up.
	n := len(w.replay.used)
	login = w.login()
	w.refuse(bridge.CodeAnswerRejected, replaced(t, w.mint(login, idptest.Hooks{}), "alice-0001", "alice-0002"), login)
	if len(w.replay.used) != n {
		t.Error("a refused answer was remembered")
	}
}

func TestReplayInParallel(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	document := w.mint(login, idptest.Hooks{})
	var accepted sync.Map
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			if _, _, err := w.finish(document, login); err == nil {
				accepted.Store(i, true)
			}
		})
	}
	wait.Wait()
	n := 0
	accepted.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d of 100 were accepted", n)
	}
}

// TestReplayDown: who can't tell whether it was used before says no (threat P11).
func TestReplayDown(t *testing.T) {
	w := newWorld(t, setup{})
	w.replay.fail = bridge.Fail(bridge.CodeStoreDown, errors.New("disk full"))
	login := w.login()
	w.refuse(bridge.CodeStoreDown, w.mint(login, idptest.Hooks{}), login)
}

// TestPanic: a panic is a refused sign-in and an error in the log (rule R2, threat S25).
func TestPanic(t *testing.T) {
	w := newWorld(t, setup{})
	w.replay.panics = true
	before := runtime.NumGoroutine()
	for range 20 { // more than there are slots: each is given back
		login := w.login()
		_, _, err := w.finish(w.mint(login, idptest.Hooks{}), login)
		if bridge.CodeOf(err) != bridge.CodeAnswerRejected {
			t.Fatalf("got %v", err)
		}
	}
	if !strings.Contains(w.log.String(), "level=ERROR") || !strings.Contains(w.log.String(), "panic") {
		t.Errorf("log: %s", w.log)
	}
	if after := runtime.NumGoroutine(); after > before+2 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	w.replay.panics = false
	login := w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
}

// TestUnsolicited: off by default; where it is on, every check but the request's holds (threat P4).
func TestUnsolicited(t *testing.T) {
	unasked := func(w *world, hooks idptest.Hooks) idp.Answer {
		document, err := w.idp.Respond(alice, idptest.AuthnRequest{Issuer: entityID, ACS: acs}, hooks)
		if err != nil {
			t.Fatal(err)
		}
		answer := posted(document, idp.Login{})
		answer.Form.Set("RelayState", "https://evil.example/") // isn't looked at
		return answer
	}
	w := newWorld(t, setup{})
	finisher := w.p.(idp.UnsolicitedFinisher)
	if finisher.AllowsUnsolicited() {
		t.Error("on by default")
	}
	id, proof, err := finisher.FinishUnsolicited(t.Context(), unasked(w, idptest.Hooks{}))
	w.checkRefused(bridge.CodeLoginStale, id, proof, err)

	w.config.IdPInitiated = true
	w.open()
	finisher = w.p.(idp.UnsolicitedFinisher)
	if !finisher.AllowsUnsolicited() {
		t.Error("configured, and off")
	}
	answer := unasked(w, idptest.Hooks{})
	if id, _, err = finisher.FinishUnsolicited(t.Context(), answer); err != nil || id.Subject != "alice-0001" {
		t.Fatalf("%v %+v", err, id)
	}
	id, proof, err = finisher.FinishUnsolicited(t.Context(), answer)
	w.checkRefused(bridge.CodeAnswerRejected, id, proof, err)

	// An answer that names a request belongs to a login, wherever it names it.
	login := w.login()
	id, proof, err = finisher.FinishUnsolicited(t.Context(), posted(w.mint(login, idptest.Hooks{}), login))
	w.checkRefused(bridge.CodeLoginStale, id, proof, err)
	for _, path := range []string{"/Response", "//SubjectConfirmationData"} {
		answer := unasked(w, before(func(doc *etree.Document) { find(t, doc, path).CreateAttr("InResponseTo", "") }))
		id, proof, err = finisher.FinishUnsolicited(t.Context(), answer)
		w.checkRefused(bridge.CodeLoginStale, id, proof, err)
	}
	// And an answer to nobody belongs to no login.
	answer = unasked(w, idptest.Hooks{})
	answer.Form.Set("RelayState", login.State)
	id, proof, err = w.p.Finish(t.Context(), login, answer)
	w.checkRefused(bridge.CodeLoginStale, id, proof, err)

	for lie, code := range map[idptest.Lie]bridge.Code{
		idptest.WrongAudience: bridge.CodeAudience, idptest.WrongRecipient: bridge.CodeDestination,
		idptest.Expired: bridge.CodeClock, idptest.BadSignature: bridge.CodeAnswerRejected,
		idptest.UnsignedAssertion: bridge.CodeAnswerRejected, idptest.WrappedSignature3: bridge.CodeAnswerRejected,
		idptest.TransientNameID: bridge.CodeSubjectTransient, idptest.NestedStatus: bridge.CodeProviderRefused,
	} {
		w.idp.Lie(lie)
		id, proof, err = finisher.FinishUnsolicited(t.Context(), unasked(w, idptest.Hooks{}))
		w.checkRefused(code, id, proof, err)
	}
	w.idp.Lie()

	// Short life: nine minutes later it is too old, although the provider gave it longer.
	long := unasked(w, before(func(doc *etree.Document) {
		end := w.clock.now().Add(time.Hour).UTC().Format(time.RFC3339)
		find(t, doc, "//Conditions").CreateAttr("NotOnOrAfter", end)
		find(t, doc, "//SubjectConfirmationData").CreateAttr("NotOnOrAfter", end)
	}))
	w.clock.advance(9 * time.Minute)
	id, proof, err = finisher.FinishUnsolicited(t.Context(), long)
	w.checkRefused(bridge.CodeClock, id, proof, err)
}

// TestOtherProvider: a genuine answer of one trusted provider is nothing at another, and the same NameID from two is two
// people (threats P5, P6).
func TestOtherProvider(t *testing.T) {
	w := newWorld(t, setup{})
	other := newIDP(t, idptest.SAMLOptions{
		URL: "https://other.example.com", People: []idptest.Person{alice}, SPs: []idptest.SP{{EntityID: entityID, ACS: []string{acs}}},
	})
	login := w.login()
	document, err := other.Respond(alice, request(login), idptest.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	w.refuse(bridge.CodeAnswerRejected, document, login)
	// Nor with the issuer of the one and the key of the other.
	w.refuse(bridge.CodeAnswerRejected, replaced(t, document, "https://other.example.com", "https://idp.example.com"), login)

	login.Provider = "other"
	w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)

	login = w.login()
	mine, _ := w.accept(w.mint(login, idptest.Hooks{}), login)
	theirs := mine
	theirs.Provider = "other"
	if mine.PersonKey() == theirs.PersonKey() {
		t.Errorf("one principal %q for the same NameID at two providers", mine.PersonKey())
	}
}

// TestClocks: three minutes are forgiven, four are not (threat P9).
func TestClocks(t *testing.T) {
	for _, c := range []struct {
		late time.Duration
		code bridge.Code
	}{
		{7 * time.Minute, ""}, // the answer ends after five
		{9 * time.Minute, bridge.CodeClock},
		{-2 * time.Minute, ""},
		{-5 * time.Minute, bridge.CodeClock},
	} {
		w := newWorld(t, setup{})
		login := w.login()
		document := w.mint(login, idptest.Hooks{})
		w.clock.advance(c.late)
		if c.code == "" {
			w.accept(document, login)
			continue
		}
		err := w.refuse(c.code, document, login)
		if _, _, detail := bridge.Explain(err); !strings.Contains(detail, "here it is") {
			t.Errorf("detail %q doesn't say what time it is", detail)
		}
	}
}

// TestOlderThanLogin: an answer that was made before its login began answers something else.
func TestOlderThanLogin(t *testing.T) {
	w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.Lifetime = time.Hour }})
	login := w.login()
	document := w.mint(login, idptest.Hooks{})
	w.clock.advance(8 * time.Minute)
	login.Began = w.clock.now()
	w.refuse(bridge.CodeClock, document, login)
}

// TestMaxValidity: 70 minutes at most, and less where the operator says so.
func TestMaxValidity(t *testing.T) {
	for _, c := range []struct {
		max, life time.Duration
		code      bridge.Code
	}{
		{0, 69 * time.Minute, ""}, {0, 71 * time.Minute, bridge.CodeClock},
		{10 * time.Minute, 8 * time.Minute, ""}, {10 * time.Minute, 11 * time.Minute, bridge.CodeClock},
	} {
		w := newWorld(t, setup{
			idp:    func(o *idptest.SAMLOptions) { o.Lifetime = c.life },
			config: func(cfg *saml.Config) { cfg.MaxValidity = c.max },
		})
		login := w.login()
		document := w.mint(login, idptest.Hooks{})
		if c.code == "" {
			w.accept(document, login)
			continue
		}
		w.refuse(c.code, document, login)
	}
}

// TestAudiences: ours or a configured one, and of every restriction (threat P7).
func TestAudiences(t *testing.T) {
	aws := func(c *saml.Config) { c.Audiences = []string{idptest.AWSAudience} }
	only := before(func(doc *etree.Document) { find(t, doc, "//Audience").SetText(idptest.AWSAudience) })
	both := before(func(doc *etree.Document) {
		restriction := find(t, doc, "//AudienceRestriction").Copy()
		restriction.SelectElement("Audience").SetText(idptest.AWSAudience)
		find(t, doc, "//Conditions").AddChild(restriction)
	})
	for name, hooks := range map[string]idptest.Hooks{"instead": only, "another restriction": both} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			login := w.login()
			err := w.refuse(bridge.CodeAudience, w.mint(login, hooks), login)
			if _, _, detail := bridge.Explain(err); !strings.Contains(detail, entityID) || !strings.Contains(detail, idptest.AWSAudience) {
				t.Errorf("detail %q names not both", detail)
			}
			w = newWorld(t, setup{config: aws})
			login = w.login()
			w.accept(w.mint(login, hooks), login)
		})
	}
}

// TestFreshAndContext: what the request demanded, the answer must show.
func TestFreshAndContext(t *testing.T) {
	old := before(func(doc *etree.Document) {
		find(t, doc, "//AuthnStatement").CreateAttr("AuthnInstant", time.Now().Add(-2*time.Hour).UTC().Format(time.RFC3339))
	})
	w := newWorld(t, setup{})
	login := w.login()
	w.accept(w.mint(login, old), login) // Entra sends old ones
	login = w.login()
	login.Fresh = true
	w.refuse(bridge.CodeProviderRefused, w.mint(login, old), login)
	w.accept(w.mint(login, idptest.Hooks{}), login)

	w.config.ForceAuthn = true
	w.open()
	login = w.login()
	w.refuse(bridge.CodeProviderRefused, w.mint(login, old), login)
	login.Silent = true // can't ask for both
	w.accept(w.mint(login, old), login)

	w.config.ForceAuthn = false
	w.config.AuthnContext = []string{"urn:example:mfa", "urn:example:smartcard"}
	w.open()
	login = w.login()
	w.refuse(bridge.CodeProviderRefused, w.mint(login, idptest.Hooks{}), login)
	w.refuse(bridge.CodeProviderRefused, w.mint(login, before(func(doc *etree.Document) {
		context := find(t, doc, "//AuthnContext")
		context.RemoveChild(context.SelectElement("AuthnContextClassRef"))
	})), login)
	id, _ := w.accept(w.mint(login, before(func(doc *etree.Document) {
		find(t, doc, "//AuthnContextClassRef").SetText("urn:example:smartcard")
	})), login)
	if id.ACR != "urn:example:smartcard" {
		t.Errorf("acr %q", id.ACR)
	}
}

// TestLogins: what isn't a whole login of this provider is refused before anything is read.
func TestLogins(t *testing.T) {
	w := newWorld(t, setup{})
	for name, c := range map[string]struct {
		change func(*idp.Login)
		code   bridge.Code
	}{
		"short state":      {func(l *idp.Login) { l.State = "x" }, bridge.CodeAnswerRejected},
		"long state":       {func(l *idp.Login) { l.State = strings.Repeat("x", 81) }, bridge.CodeAnswerRejected},
		"no request id":    {func(l *idp.Login) { l.RequestID = "" }, bridge.CodeAnswerRejected},
		"short request id": {func(l *idp.Login) { l.RequestID = "_x" }, bridge.CodeAnswerRejected},
		"ended":            {func(l *idp.Login) { l.Expires = time.Now().Add(-time.Second) }, bridge.CodeLoginStale},
	} {
		login := w.login()
		document := w.mint(login, idptest.Hooks{})
		c.change(&login)
		id, proof, err := w.finish(document, login)
		w.checkRefused(c.code, id, proof, err)
		if _, err := w.p.Begin(context.Background(), login); bridge.CodeOf(err) != c.code {
			t.Errorf("%s: begin says %v", name, err)
		}
	}
}
