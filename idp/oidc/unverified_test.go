package oidc_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestUnverifiedReader: reads what Finish would have read, from a token or from its claims.
func TestUnverifiedReader(t *testing.T) {
	s := newScene(t, nil)
	token := s.mint(s.claims())
	want, _, err := s.finish(token)
	if err != nil {
		t.Fatal(err)
	}
	want.KeyFingerprint = "" // nothing was verified
	claims := string(must(json.Marshal(s.claims())))
	for _, text := range []string{token, claims, " " + token + "\n"} {
		got, err := s.config.InsecureReadUnverified([]byte(text))
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
	}
	for text, want := range map[string]bridge.Code{
		"":                         bridge.CodeAnswerMalformed,
		"a.b":                      bridge.CodeAnswerMalformed,
		"a.b.c":                    bridge.CodeAnswerMalformed,
		`{"sub":"a"}{}`:            bridge.CodeAnswerMalformed,
		`{"iss":"x"}`:              bridge.CodeSubjectMissing,
		`{"sub":"a","sub":"b"}`:    bridge.CodeClaim,
		`{"sub":"a","groups":[1]}`: bridge.CodeClaim,
		`{"sub":"a","_claim_names":{"groups":"s"}}`: bridge.CodeGroupOverage,
	} {
		if _, err := (oidc.Config{}).InsecureReadUnverified([]byte(text)); bridge.CodeOf(err) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
