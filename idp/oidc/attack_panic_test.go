package oidc_test

import (
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// TestAttackPanics: whatever the reading of a provider's document does, the process lives, nobody is let in, and the next
// good document serves (rule R2). Fetches run on goroutines of their own, so that Finish's recover doesn't see them.
func TestAttackPanics(t *testing.T) {
	boom := func() answer { panic("as a library might") }
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			s := newScene(t, nil)
			s.config.UserInfo = true
			s.open()
			s.idp.userInfo = `{"sub":"u-7f3c"}`
			s.idp.set(func() { s.idp.fault[path] = boom })
			id, proof, err := s.finish(s.mint(s.claims()))
			if code := bridge.CodeOf(err); code != bridge.CodeProviderConfig && code != rejected {
				t.Errorf("%v", err)
			}
			wantCode(t, bridge.CodeOf(err), id, proof, err)

			s.idp.set(func() { clear(s.idp.fault) })
			s.clock.advance(time.Minute)
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Fatalf("mended: %v", err)
			}

			// And with good copies at hand, while they are refreshed in the background or by the clock.
			s.idp.set(func() { s.idp.fault[path] = boom })
			s.clock.advance(2 * time.Hour)
			if path == "/jwks" || path == "/.well-known/openid-configuration" {
				if err := s.signIn(s.idp.keys[0]); err != nil {
					t.Errorf("with good copies: %v", err)
				}
				s.clock.advance(time.Minute)
				if err := s.provider.(idp.Refresher).Refresh(t.Context()); err == nil {
					t.Error("refresh says nothing")
				}
			}
		})
	}
}
