package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
)

// checkAudit: every role that was used has its line, with the key that AWS gave, and every refusal has one.
func checkAudit(t *testing.T, w *realWorld) {
	f, err := os.Open(filepath.Join(w.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := audit.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	granted, refused := map[bridge.Via]int{}, map[bridge.Code]int{}
	for _, e := range entries {
		switch {
		case e.Via == bridge.ViaIssuer && (e.Outcome.MintedID == "" || len(e.Outcome.Tags) == 0 || e.Outcome.SourceIdentity != "ann@example.com"):
			t.Errorf("the record of what was minted lacks something: %+v, outcome %+v", e, e.Outcome)
		case e.Kind == bridge.AuditDecide && e.Result == audit.Granted && e.Subject != "" && e.SessionName != "" && (posted(e) || strings.HasPrefix(e.Outcome.AccessKeyID, "ASIA")):
			granted[e.Via]++
		case e.Kind == bridge.AuditDecide:
			t.Errorf("%+v, outcome %+v", e, e.Outcome)
		case e.Kind == bridge.AuditSignIn && e.Allowed && e.KeyFingerprint == "":
			t.Errorf("which key verified this? %+v", e)
		case !e.Allowed:
			refused[e.Code]++
		}
	}
	for _, via := range []bridge.Via{bridge.ViaIssuer, bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaWebIdentity} {
		if granted[via] == 0 {
			t.Errorf("nothing was granted by %s: %v", via, granted)
		}
	}
	for _, code := range []bridge.Code{bridge.CodeAnswerRejected, bridge.CodeDestination, bridge.CodeLoginStale, bridge.CodeEncryption} {
		if refused[code] == 0 {
			t.Errorf("no refusal with %s: %v", code, refused)
		}
	}
}

// posted tells of a console that the browser opened by a POST: STS gave no key for it.
func posted(e audit.Entry) bool {
	return e.Via == bridge.ViaIssuer && e.Role == "billing" && e.Purpose == "console" && e.Outcome.AccessKeyID == ""
}

// secret notes what must not be found where fedbridge writes.
func (w *realWorld) secret(values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, values...)
}

// checkSecrets: credentials, tokens and answers stand in no log, audit file or database; nobody's name in the database.
func checkSecrets(t *testing.T, w *realWorld) {
	for _, r := range w.aws.Captured() {
		for _, name := range []string{"SAMLAssertion", "SAMLResponse", "WebIdentityToken", "SigninToken"} {
			w.secret(r.Form.Get(name))
		}
		var session struct{ SessionKey, SessionToken string }
		if text := r.Form.Get("Session"); text != "" {
			if err := json.Unmarshal([]byte(text), &session); err != nil {
				t.Error(err)
			}
			w.secret(session.SessionKey, session.SessionToken)
		}
	}
	places := map[string]string{
		"the log": w.log(), "standard output": w.printed(),
		"the audit file": w.read(t, "audit.jsonl"), "the database": w.read(t, "state.db"),
	}
	found := 0
	for _, secret := range w.secrets {
		if len(secret) < 16 {
			continue
		}
		found++
		for place, text := range places {
			if at := strings.Index(text, middle(secret)); at >= 0 {
				t.Errorf("%s holds a secret of %d characters: …%q…", place, len(secret), text[max(0, at-100):at+8])
			}
		}
	}
	if found < 50 && !t.Failed() && w.whole {
		t.Errorf("looked for %d secrets only", found)
	}
	if strings.Contains(places["the database"], "ada@example.com") || strings.Contains(places["the log"], "ada@example.com") {
		t.Error("the database or the log names somebody")
	}
}

// middle is a part of a secret that is long enough to be nothing else, so that a shortened one is found, too.
func middle(secret string) string {
	if len(secret) <= 32 {
		return secret
	}
	return secret[len(secret)/2-12:][:24]
}
