package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/fedbridge/fedbridge/idp/oidc"
)

// BenchmarkVerifyIDToken compares our whole verification (signature, every check, claims decoded, identity mapped) with
// go-oidc alone (warm RemoteKeySet, claims decoded into a struct). "paired" alternates them and prints the ratio of the
// medians, which survives a noisy machine.
func BenchmarkVerifyIDToken(b *testing.B) {
	for _, groups := range []int{25, 200} {
		s, token := benchScene(b, groups)
		ours := func() error {
			_, err := oidc.VerifyIDToken(b.Context(), s.provider, s.login, token)
			return err
		}
		theirs := goOIDC(b, s, token)
		if err := ours(); err != nil {
			b.Fatal(err)
		}
		if err := theirs(); err != nil {
			b.Fatal(err)
		}
		for name, verify := range map[string]func() error{"fedbridge": ours, "go-oidc": theirs} {
			b.Run(fmt.Sprintf("groups=%d/%s", groups, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := verify(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("groups=%d/paired", groups), func(b *testing.B) {
			var mine, other []time.Duration
			for b.Loop() {
				mine, other = append(mine, elapsed(b, ours)), append(other, elapsed(b, theirs))
			}
			b.ReportMetric(float64(median(mine))/float64(median(other)), "ratio")
		})
	}
}

func elapsed(b *testing.B, verify func() error) time.Duration {
	start := time.Now()
	if err := verify(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func benchScene(b *testing.B, groups int) (*scene, string) {
	s := newScene(b, nil)
	claims := s.claims()
	var list []string
	for i := range groups {
		list = append(list, fmt.Sprintf("aws-group-number-%04d", i))
	}
	claims["groups"] = list
	return s, s.mint(claims)
}

func goOIDC(b *testing.B, s *scene, token string) func() error {
	ctx := gooidc.ClientContext(context.Background(), &http.Client{Transport: s.idp})
	verifier := gooidc.NewVerifier(issuer, gooidc.NewRemoteKeySet(ctx, issuer+"/jwks"), &gooidc.Config{
		ClientID: clientID, SupportedSigningAlgs: []string{"RS256"}, Now: s.clock.now,
	})
	return func() error {
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return err
		}
		var claims struct {
			Email    string          `json:"email"`
			Verified bool            `json:"email_verified"`
			Name     string          `json:"name"`
			Groups   []string        `json:"groups"`
			AuthTime json.RawMessage `json:"auth_time"`
		}
		return verified.Claims(&claims)
	}
}
