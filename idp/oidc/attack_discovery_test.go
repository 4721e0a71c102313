package oidc_test

import (
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestAttackLoopbackDiscovery: what is allowed to an issuer on this very machine, as demos have it, is allowed to this
// machine alone: plain http to no other host, and no other scheme (threat O11).
func TestAttackLoopbackDiscovery(t *testing.T) {
	const here = "http://127.0.0.1:8080"
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		for address, want := range map[string]bridge.Code{
			here + "/x": "", "http://localhost:9/x": "", "http://[::1]:9/x": "", "https://keys.example/x": "",
			"http://keys.example/x": bridge.CodeProviderConfig, "http://192.168.1.1/x": bridge.CodeProviderConfig, "https://192.168.1.1/x": bridge.CodeProviderConfig,
			"http://127.0.0.1.evil.example/x": bridge.CodeProviderConfig, "http://localhost.evil.example/x": bridge.CodeProviderConfig, "http://evil.example#127.0.0.1/x": bridge.CodeProviderConfig,
			"http://127.0.0.1@evil.example/x": bridge.CodeProviderConfig, "ftp://127.0.0.1/x": bridge.CodeProviderConfig, "file://127.0.0.1/etc/passwd": bridge.CodeProviderConfig,
			"unix://127.0.0.1/x": bridge.CodeProviderConfig, "//127.0.0.1/x": bridge.CodeProviderConfig, "/x": bridge.CodeProviderConfig, "http:127.0.0.1/x": bridge.CodeProviderConfig,
			"http://2130706433/x": bridge.CodeProviderConfig, "http://0x7f.1/x": bridge.CodeProviderConfig, "http://0.0.0.0/x": bridge.CodeProviderConfig, "http://[::]/x": bridge.CodeProviderConfig,
			"http://169.254.169.254/x": bridge.CodeProviderConfig, "http://[::ffff:169.254.169.254]/x": bridge.CodeProviderConfig, "http://%31%32%37.0.0.1/x\n": bridge.CodeProviderConfig,
		} {
			s := newScene(t, func(c *oidc.Config) { c.Issuer, c.UserInfo = here, true })
			s.idp.discovery = func(d map[string]any) {
				for _, n := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
					d[n] = here + "/" + n
				}
				d["issuer"], d[name] = here, address
			}
			if _, err := s.provider.Begin(t.Context(), s.login); bridge.CodeOf(err) != want {
				t.Errorf("%s %q: %v, want %q", name, address, err, want)
			}
		}
	}
}

// TestAttackDiscoveryChanges: a provider that was in order begins to lie. Its last good document goes on to serve, and none
// of its new addresses is asked (threats O6, O11).
func TestAttackDiscoveryChanges(t *testing.T) {
	for name, lie := range map[string]func(map[string]any){
		"another issuer": func(d map[string]any) { d["issuer"] = "https://evil.example" }, "an internal token endpoint": func(d map[string]any) { d["token_endpoint"] = "https://10.0.0.1/evil" },
		"plain http": func(d map[string]any) { d["jwks_uri"] = "http://idp.example/evil" }, "no keys": func(d map[string]any) { delete(d, "jwks_uri") },
		"other algorithms": func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"none"} },
		"another type":     func(d map[string]any) { d["jwks_uri"] = []string{"https://idp.example/evil"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Fatal(err)
			}
			s.idp.set(func() { s.idp.discovery = lie })
			s.clock.advance(2 * time.Hour)
			r := s.provider.(idp.Refresher)
			if err := r.Refresh(t.Context()); err == nil {
				t.Error("the lie was taken")
			}
			if err := s.signIn(s.idp.keys[0]); err != nil {
				t.Errorf("with the last good document: %v", err)
			}
			if s.idp.count("/evil") != 0 {
				t.Error("an address of the lie was asked")
			}
		})
	}
}
