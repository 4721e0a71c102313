package saml_test

import (
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestAttackWindows moves one end of one window at a time, minutes from now, while everything else is in order: what is
// valid later, or was, or never is, and what is on the edge of the skew of three minutes (threat P9).
func TestAttackWindows(t *testing.T) {
	const clock = bridge.CodeClock
	const conditions, data, response, assertion, statement = "//Conditions", "//SubjectConfirmationData", "/Response", "//Assertion", "//AuthnStatement"
	type set struct {
		path, name string
		minutes    float64
	}
	for name, c := range map[string]struct {
		sets []set
		code bridge.Code
	}{
		"conditions begin in 2":         {[]set{{conditions, "NotBefore", 2}}, ""},
		"conditions begin in 4":         {[]set{{conditions, "NotBefore", 4}}, clock},
		"conditions end 2 ago":          {[]set{{conditions, "NotBefore", -5}, {conditions, "NotOnOrAfter", -2}}, ""},
		"conditions end 3 ago":          {[]set{{conditions, "NotBefore", -5}, {conditions, "NotOnOrAfter", -3.1}}, clock},
		"conditions backwards":          {[]set{{conditions, "NotBefore", 1}, {conditions, "NotOnOrAfter", -1}}, clock},
		"conditions of no length":       {[]set{{conditions, "NotBefore", 1}, {conditions, "NotOnOrAfter", 1}}, clock},
		"conditions of 70":              {[]set{{conditions, "NotBefore", -1}, {conditions, "NotOnOrAfter", 69}}, ""},
		"conditions of more":            {[]set{{conditions, "NotBefore", -2}, {conditions, "NotOnOrAfter", 69}}, clock},
		"confirmation begins in 4":      {[]set{{data, "NotBefore", 4}}, clock},
		"confirmation ends 2 ago":       {[]set{{data, "NotBefore", -5}, {data, "NotOnOrAfter", -2}}, ""},
		"confirmation ends 4 ago":       {[]set{{data, "NotBefore", -5}, {data, "NotOnOrAfter", -4}}, clock},
		"confirmation backwards":        {[]set{{data, "NotBefore", 1}, {data, "NotOnOrAfter", -1}}, clock},
		"confirmation of more than 70":  {[]set{{data, "NotOnOrAfter", 71}}, clock},
		"assertion issued in 2":         {[]set{{assertion, "IssueInstant", 2}}, ""},
		"assertion issued in 4":         {[]set{{assertion, "IssueInstant", 4}, {data, "NotBefore", 0}}, clock},
		"assertion issued 4 ago":        {[]set{{assertion, "IssueInstant", -4}}, clock}, // before the sign-in began
		"response issued in 4":          {[]set{{response, "IssueInstant", 4}}, clock},
		"response issued 4 ago":         {[]set{{response, "IssueInstant", -4}}, clock},
		"presence in 2":                 {[]set{{statement, "AuthnInstant", 2}}, ""},
		"presence in 4":                 {[]set{{statement, "AuthnInstant", 4}}, clock},
		"presence a year ago":           {[]set{{statement, "AuthnInstant", -525600}}, ""},
		"session ended 2 ago":           {[]set{{statement, "SessionNotOnOrAfter", -2}}, ""},
		"session ended 4 ago":           {[]set{{statement, "SessionNotOnOrAfter", -4}}, clock},
		"both windows, not overlapping": {[]set{{conditions, "NotOnOrAfter", -4}, {data, "NotBefore", 2}}, clock},
	} {
		t.Run(name, func(t *testing.T) {
			w := signedWorld(t, idptest.SignAssertion)
			login := w.login()
			document := w.mint(login, before(func(doc *etree.Document) {
				for _, s := range c.sets {
					at := w.clock.now().Add(time.Duration(s.minutes * float64(time.Minute)))
					find(t, doc, s.path).CreateAttr(s.name, at.UTC().Format(time.RFC3339))
				}
			}))
			if c.code == "" {
				w.accept(document, login)
				return
			}
			w.refuse(c.code, document, login)
		})
	}
}

// TestAttackRelayWindow: STS counts five minutes from the moment that the answer names, and it names two: the earlier one
// decides until when it is relayed (threat A22).
func TestAttackRelayWindow(t *testing.T) {
	for _, path := range []string{"/Response", "//Assertion"} {
		w := signedWorld(t, idptest.SignAssertion)
		login := w.login()
		_, proof := w.accept(w.mint(login, before(func(doc *etree.Document) {
			find(t, doc, path).CreateAttr("IssueInstant", w.clock.now().Add(-2*time.Minute).UTC().Format(time.RFC3339))
		})), login)
		if left := proof.RelayUntil.Sub(w.clock.now()); left > 3*time.Minute || left < 2*time.Minute {
			t.Errorf("%s issued 2 minutes ago: relayed for %s", path, left)
		}
	}
}

// TestAttackCertificateTimes: before its time and after it a certificate verifies nothing, and people aren't sent to a
// provider whose answers can't be verified (threat S20).
func TestAttackCertificateTimes(t *testing.T) {
	for name, jump := range map[string]time.Duration{"not yet": -24 * time.Hour, "no longer": 10 * 365 * 24 * time.Hour} {
		w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.MetadataLifetime = -1 }})
		w.clock.advance(jump)
		if _, err := w.p.Begin(t.Context(), w.login()); bridge.CodeOf(err) != bridge.CodeProviderConfig {
			t.Errorf("%s: begin says %v", name, err)
		}
		login := w.login()
		w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)
	}
}

// TestAttackTimeText: what isn't xs:dateTime of our days, in the place of a time that must be there, and of one that need
// not be.
func TestAttackTimeText(t *testing.T) {
	for _, text := range []string{
		"", " ", "now", "0", "1790000000", "2026-11-25", "2026-11-25T10:00Z", "2026-11-25T10:00:00", "20261125T100000Z", "2026-13-01T00:00:00Z",
		"2026-02-30T00:00:00Z", "2026-11-25T25:00:00Z", "2026-11-25T10:00:61Z", "-2026-11-25T10:00:00Z", "+2026-11-25T10:00:00Z", "12026-11-25T10:00:00Z",
		"1999-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-25T10:00:00Z ", " 2026-11-25T10:00:00Z", "2026-11-25t10:00:00z",
		"2026-11-25 10:00:00Z", "2026-11-25T10:00:00+25:00", "2026-11-25T10:00:00.12345678901234567890123456Z", "２０２６-11-25T10:00:00Z", "INF",
	} {
		for _, place := range [][2]string{
			{"//Conditions", "NotOnOrAfter"}, {"//SubjectConfirmationData", "NotOnOrAfter"}, {"//Assertion", "IssueInstant"}, {"/Response", "IssueInstant"},
			{"//AuthnStatement", "AuthnInstant"}, {"//Conditions", "NotBefore"}, {"//SubjectConfirmationData", "NotBefore"}, {"//AuthnStatement", "SessionNotOnOrAfter"},
		} {
			w := signedWorld(t, idptest.SignAssertion)
			login := w.login()
			t.Log(place, text)
			w.refuse(bridge.CodeAnswerRejected, w.mint(login, before(func(doc *etree.Document) {
				find(t, doc, place[0]).CreateAttr(place[1], text)
			})), login)
		}
	}
}
