package suite

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// patience is how long a case waits for a provider that hangs. It bounds the case; nothing is asserted about it.
const patience = 200 * time.Millisecond

// outage: Begin fails with CodeProviderDown when the identity provider can't be reached, whatever the outage looks like
// (threat O6), and Finish tells an outage from a refusal.
func outage(t *testing.T, kind Kind) {
	for _, fault := range []idptest.Fault{
		idptest.FaultHang, idptest.FaultSlow, idptest.FaultError, idptest.FaultRedirect, idptest.FaultHuge, idptest.FaultEmpty,
		idptest.FaultGarbage, idptest.FaultCut,
	} {
		t.Run(string(fault), func(t *testing.T) {
			b := open(t, kind)
			b.SetFault("*", fault)
			ctx := context.Background()
			if fault == idptest.FaultHang || fault == idptest.FaultSlow {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, patience)
				defer cancel()
			}
			login := b.login()
			_, err := b.Provider.Begin(ctx, login)
			down := []bridge.Code{bridge.CodeProviderDown}
			if fault == idptest.FaultEmpty || fault == idptest.FaultGarbage || fault == idptest.FaultRedirect || fault == idptest.FaultHuge {
				// Something answers, but not with what it should: that may also be said to be a wrong setting.
				down = append(down, bridge.CodeProviderConfig)
			}
			b.judge(t, err, login, idp.Answer{}, down...)
			for _, document := range b.Documents {
				if b.Fetches("/elsewhere"+document) != 0 {
					t.Errorf("a redirect of %s was followed", document)
				}
			}
		})
	}
	t.Run("at the end", func(t *testing.T) {
		b := open(t, kind)
		login, answer := b.answer(t)
		b.SetFault("*", idptest.FaultError)
		// A kind that asks nobody in Finish may well succeed once it has a copy.
		if _, _, err := b.Provider.Finish(context.Background(), login, answer); err != nil {
			b.judge(t, err, login, answer, bridge.CodeProviderDown)
		}
	})
}

// lastGoodCopy: an outage of the documents that a provider keeps a copy of hinders nobody (DESIGN §8.7, threat O6).
func lastGoodCopy(t *testing.T, kind Kind) {
	for _, fault := range []idptest.Fault{idptest.FaultError, idptest.FaultEmpty, idptest.FaultGarbage, idptest.FaultCut} {
		t.Run(string(fault), func(t *testing.T) {
			b := open(t, kind)
			b.accepted(t)
			for _, document := range b.Documents {
				b.SetFault(document, fault)
			}
			b.advance(2 * time.Hour) // everything is due
			if r, ok := b.Provider.(idp.Refresher); ok {
				if r.Refresh(context.Background()) == nil {
					t.Error("a failed refresh says that all is well")
				}
				if status := r.Status(); !status.Ready || status.Problem == "" {
					t.Errorf("with an old copy at hand the status is %+v", status)
				}
			}
			b.accepted(t)
		})
	}
}

// newKey: after the identity provider has changed its key and published it, a refresh takes the new one, the change is
// audited with its fingerprint (threats S20, O7), and a key that isn't published signs nobody in.
func newKey(t *testing.T, kind Kind) {
	b := open(t, kind)
	before, _ := b.accepted(t)
	if err := b.Rotate(); err != nil {
		t.Fatal(err)
	}
	b.advance(2 * time.Hour)
	if r, ok := b.Provider.(idp.Refresher); ok {
		if err := r.Refresh(context.Background()); err != nil {
			t.Fatalf("refresh: %v", err)
		}
	}
	after, _ := b.accepted(t)
	if after.KeyFingerprint == before.KeyFingerprint {
		t.Error("the key has the same fingerprint as the one before")
	}
	if !slices.Contains(b.audit.trusted(), after.KeyFingerprint) {
		t.Error("the new key is not in the audit log")
	}
	b.Lie(idptest.StrangerKey)
	login, answer := b.answer(t)
	b.refused(t, login, answer, bridge.CodeAnswerRejected)
}

// common are the lies that every kind must see through, with the codes of which one is right. Failures of signature,
// key, issuer and replay share one code, so that an attacker learns nothing (threat W20).
var common = map[idptest.Lie][]bridge.Code{
	idptest.WrongAudience:  {bridge.CodeAudience},
	idptest.WrongIssuer:    {bridge.CodeAnswerRejected},
	idptest.Expired:        {bridge.CodeClock},
	idptest.FutureDated:    {bridge.CodeClock},
	idptest.BadSignature:   {bridge.CodeAnswerRejected},
	idptest.StrangerKey:    {bridge.CodeAnswerRejected},
	idptest.FailureStatus:  {bridge.CodeProviderRefused},
	idptest.NoSubject:      {bridge.CodeSubjectMissing},
	idptest.WrongRequest:   untied,
	idptest.MissingRequest: untied,
	idptest.ReplayedAnswer: untied,
}

// lies: Finish MUST refuse everything that it isn't sure of, each with its code.
func lies(t *testing.T, kind Kind) {
	b := open(t, kind)
	b.accepted(t) // the last true answer, for ReplayedAnswer
	all := maps.Clone(common)
	maps.Copy(all, kind.Lies)
	for _, lie := range slices.Sorted(maps.Keys(all)) {
		t.Run(string(lie), func(t *testing.T) {
			b.Lie(lie)
			defer b.Lie()
			login, answer := b.answer(t)
			b.refused(t, login, answer, all[lie]...)
		})
	}
	// Nothing of it sticks.
	b.Lie()
	b.accepted(t)
}
