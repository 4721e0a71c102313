package oidc

import (
	"net/netip"
	"testing"
)

// TestAttackAddresses: which addresses a host may be at, by who named it (threat O11).
func TestAttackAddresses(t *testing.T) {
	for _, c := range []struct {
		issuer, host, addr string
		want               bool
	}{
		{"https://sso.corp.example", "sso.corp.example", "10.1.2.3", true}, {"https://sso.corp.example", "SSO.corp.example", "fd00::1", true},
		{"https://sso.corp.example", "keys.example", "8.8.8.8", true}, {"https://sso.corp.example", "keys.example", "2606:4700::1111", true},
		{"https://sso.corp.example", "keys.example", "10.1.2.3", false}, {"https://sso.corp.example", "keys.example", "127.0.0.1", false},
		{"https://sso.corp.example", "keys.example", "::ffff:10.1.2.3", false}, {"https://sso.corp.example", "keys.example", "169.254.169.254", false},
		{"https://sso.corp.example", "keys.example", "fd00:ec2::254", false}, {"https://sso.corp.example", "sso.corp.example.", "10.1.2.3", false},
		{"https://sso.corp.example", "x.sso.corp.example", "10.1.2.3", false}, {"https://sso.corp.example", "corp.example", "10.1.2.3", false},
		{"http://localhost:1", "localhost", "127.0.0.1", true}, {"http://localhost:1", "localhost", "10.1.2.3", false}, {"http://localhost:1", "keys.example", "127.0.0.1", true},
		{"http://localhost:1", "keys.example", "10.1.2.3", false}, {"http://localhost:1", "keys.example", "8.8.8.8", true},
	} {
		issuer, err := parseIssuer(c.issuer)
		if err != nil {
			t.Fatal(err)
		}
		if got := issuer.admits(c.host, netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("issuer %s, host %s at %s: %v", c.issuer, c.host, c.addr, got)
		}
	}
}

// TestAttackOwnTransport: the transport that is made where none is given is guarded as the given ones are; nothing on this
// machine hears of a host that the configuration doesn't name.
func TestAttackOwnTransport(t *testing.T) {
	issuer, err := parseIssuer("https://idp.example")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTP_PROXY", "")
	t.Setenv("HTTPS_PROXY", "")
	port, connections := listen(t)
	client := newClient(nil, issuer)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		for _, scheme := range []string{"http://", "https://"} {
			if _, _, err := get(t.Context(), client, scheme+host+":"+port+"/", "*/*", ""); err == nil {
				t.Errorf("%s%s answered", scheme, host)
			}
		}
	}
	if connections.Load() != 0 {
		t.Errorf("%d connections", connections.Load())
	}
}
