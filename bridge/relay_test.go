package bridge_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const adminPair = "arn:aws:iam::111122223333:role/Admin,arn:aws:iam::111122223333:saml-provider/Corp"

// samlSignIn is a sign-in whose response STS would take.
func samlSignIn() bridge.AssumeRequest {
	req := request("Admin")
	req.Identity.Claims = bridge.Claims{
		bridge.AttributeRole:        {"arn:aws:iam::111122223333:role/Other,arn:aws:iam::111122223333:saml-provider/Corp", adminPair},
		bridge.AttributeSessionName: {"ada"},
	}
	req.Proof = bridge.Proof{
		Kind: bridge.ProofSAML, Raw: bridge.NewSecret("PHNhbWw+CANARY"), RelayUntil: now.Add(bridge.RelayWindow),
		Audiences: []string{"https://bridge.example.com/saml/corp/metadata", "urn:amazon:webservices"},
	}
	return req
}

// oidcSignIn is one whose ID token STS would take.
func oidcSignIn() bridge.AssumeRequest {
	req := request("Admin")
	req.Proof = bridge.Proof{
		Kind: bridge.ProofIDToken, Raw: bridge.NewSecret("eyJh.CANARY.c2ln"), RelayUntil: now.Add(time.Hour), Algorithm: "RS256",
	}
	return req
}

// TestRelay: what STS would refuse of a proof is refused here, with the reason that leads out of it.
func TestRelay(t *testing.T) {
	type edit = func(*bridge.AssumeRequest, *bridge.Role)
	saml, web := bridge.ViaSAML, bridge.ViaWebIdentity
	proof := func(change func(*bridge.Proof)) edit {
		return func(r *bridge.AssumeRequest, _ *bridge.Role) { change(&r.Proof) }
	}
	claim := func(name string, values ...string) edit {
		return func(r *bridge.AssumeRequest, _ *bridge.Role) { r.Identity.Claims[name] = values }
	}
	algorithm := func(alg string) edit { return proof(func(p *bridge.Proof) { p.Algorithm = alg }) }
	until := func(left time.Duration) edit {
		return proof(func(p *bridge.Proof) { p.RelayUntil = now.Add(left) })
	}
	size := func(n int) edit {
		return proof(func(p *bridge.Proof) { p.Raw = bridge.NewSecret(strings.Repeat("a", n)) })
	}
	none := func(*bridge.AssumeRequest, *bridge.Role) {}
	cases := []struct {
		name string
		via  bridge.Via
		edit edit
		want bridge.Code
	}{
		{"fine", saml, none, ""},
		{"no proof", saml, proof(func(p *bridge.Proof) { *p = bridge.Proof{} }), bridge.CodeProofMissing},
		{"empty proof", saml, proof(func(p *bridge.Proof) { p.Raw = bridge.Secret{} }), bridge.CodeProofMissing},
		{"other kind", saml, proof(func(p *bridge.Proof) { p.Kind = bridge.ProofIDToken }), bridge.CodeProofMissing},
		{"other provider", saml, func(r *bridge.AssumeRequest, _ *bridge.Role) { r.Identity.Provider = "partner" }, bridge.CodeProofKind},
		{"encrypted", saml, proof(func(p *bridge.Proof) { p.Encrypted = true }), bridge.CodeProofEncrypted},
		{"expired", saml, until(-time.Second), bridge.CodeProofStale},
		{"about to expire", saml, until(5 * time.Second), bridge.CodeProofStale},
		{"just in time", saml, until(6 * time.Second), ""},
		{"no expiry", saml, proof(func(p *bridge.Proof) { p.RelayUntil = time.Time{} }), bridge.CodeProofStale},
		{"100000 characters", saml, size(100_000), ""},
		{"100001 characters", saml, size(100_001), bridge.CodeProofTooLarge},
		{"no AWS audience", saml, proof(func(p *bridge.Proof) { p.Audiences = p.Audiences[:1] }), bridge.CodeProofAudience},
		{"audience of another partition", saml, proof(func(p *bridge.Proof) { p.Audiences = []string{"urn:amazon:webservices:cn-north-1"} }), bridge.CodeProofAudience},
		{"no pair", saml, claim(bridge.AttributeRole), bridge.CodeProofRolePair},
		{"pair the other way round", saml, claim(bridge.AttributeRole, "arn:aws:iam::111122223333:saml-provider/Corp, arn:aws:iam::111122223333:role/Admin"), ""},
		{"pair with another provider", saml, claim(bridge.AttributeRole, strings.Replace(adminPair, "Corp", "Other", 1)), bridge.CodeProofRolePair},
		{"pair of another account", saml, claim(bridge.AttributeRole, strings.ReplaceAll(adminPair, account, "999999999999")), bridge.CodeProofRolePair},
		{"pair in another case", saml, claim(bridge.AttributeRole, strings.Replace(adminPair, "Admin", "admin", 1)), bridge.CodeProofRolePair},
		{"no session name", saml, claim(bridge.AttributeSessionName), bridge.CodeProofSessionName},
		{"two session names", saml, claim(bridge.AttributeSessionName, "ada", "eve"), bridge.CodeProofSessionName},
		{"session name with a blank", saml, claim(bridge.AttributeSessionName, "Ada Lovelace"), bridge.CodeProofSessionName},
		{"short session name", saml, claim(bridge.AttributeSessionName, "a"), bridge.CodeProofSessionName},

		{"fine", web, none, ""},
		{"ES512", web, algorithm("ES512"), ""},
		{"PS256", web, algorithm("PS256"), bridge.CodeProofAlgorithm},
		{"EdDSA", web, algorithm("EdDSA"), bridge.CodeProofAlgorithm},
		{"HS256", web, algorithm("HS256"), bridge.CodeProofAlgorithm},
		{"no algorithm", web, algorithm(""), bridge.CodeProofAlgorithm},
		{"in lower case", web, algorithm("rs256"), bridge.CodeProofAlgorithm},
		{"expired", web, until(0), bridge.CodeProofStale},
		{"20001 characters", web, size(20_001), bridge.CodeProofTooLarge},
		{"other kind", web, proof(func(p *bridge.Proof) { p.Kind = bridge.ProofSAML }), bridge.CodeProofMissing},
		{"other provider", web, func(r *bridge.AssumeRequest, _ *bridge.Role) { r.Identity.Provider = "partner" }, bridge.CodeProofKind},
		{"one of the subjects", web, func(_ *bridge.AssumeRequest, r *bridge.Role) { r.RelaySubjects = []string{"eve", "ada"} }, ""},
		{"none of the subjects", web, func(_ *bridge.AssumeRequest, r *bridge.Role) { r.RelaySubjects = []string{"eve", "Ada"} }, bridge.CodeProofSubject},
	}
	for _, c := range cases {
		t.Run(string(c.via)+"/"+c.name, func(t *testing.T) {
			req := samlSignIn()
			if c.via == web {
				req = oidcSignIn()
			}
			g := grant("Admin", time.Hour, c.via)
			c.edit(&req, &g.Role)
			f := newFakes(g)
			b := newBridge(t, f)
			offer := b.Offers(context.Background(), req.Identity, req.Proof)[0]
			if got := bridge.CodeOf(offer.Obstacle); got != c.want || (offer.Via == "") != (c.want != "") {
				t.Errorf("offered by %q with obstacle %q, want %q", offer.Via, got, c.want)
			}
			_, err := b.Assume(context.Background(), req)
			wantCode(t, err, c.want)
			if c.want != "" {
				if len(f.asked) != 0 || len(f.events) != 1 || f.events[0].Code != c.want {
					t.Errorf("STS asked %d times, audited %+v", len(f.asked), f.events)
				}
				return
			}
			// Exactly the bytes that were verified leave, and nothing that a relay can't carry.
			q := f.asked[0]
			if q.Proof.Raw.Reveal() != req.Proof.Raw.Reveal() || q.Via != c.via || q.Tags != nil || q.SourceIdentity != "" {
				t.Errorf("asked %+v", q)
			}
		})
	}
}

// TestRelayedSessionName: STS reads it from a response, and takes ours with a token.
func TestRelayedSessionName(t *testing.T) {
	for via, c := range map[bridge.Via]struct {
		req  bridge.AssumeRequest
		want string
	}{
		bridge.ViaSAML: {samlSignIn(), "ada"}, bridge.ViaWebIdentity: {oidcSignIn(), bridge.SessionName(ada(), false)},
	} {
		f := newFakes(grant("Admin", time.Hour, via))
		got, err := newBridge(t, f).Assume(context.Background(), c.req)
		if err != nil || got.SessionName != c.want || f.events[0].SessionName != c.want || f.asked[0].SessionName != c.want {
			t.Errorf("%s: %q, audited %q, %v", via, got.SessionName, f.events[0].SessionName, err)
		}
	}
}

// TestFirstViaThatServes: a list means the first that the proof serves; with none, the last one's reason.
func TestFirstViaThatServes(t *testing.T) {
	const saml, web, own = bridge.ViaSAML, bridge.ViaWebIdentity, bridge.ViaAssumeRole
	stale := samlSignIn()
	stale.Proof.RelayUntil = now
	cases := []struct {
		name string
		via  []bridge.Via
		req  bridge.AssumeRequest
		want bridge.Via
		code bridge.Code
	}{
		{"the first", []bridge.Via{saml, own}, samlSignIn(), saml, ""},
		{"the order counts", []bridge.Via{own, saml}, samlSignIn(), own, ""},
		{"the second", []bridge.Via{saml, own}, stale, own, ""},
		{"by what was proved", []bridge.Via{saml, web}, oidcSignIn(), web, ""},
		{"none", []bridge.Via{web, saml}, stale, "", bridge.CodeProofStale},
		{"no via at all", nil, samlSignIn(), "", bridge.CodeInternal},
		{"an unknown via", []bridge.Via{"pigeon"}, samlSignIn(), "", bridge.CodeInternal},
	}
	for _, c := range cases {
		f := newFakes(grant("Admin", time.Hour, c.via...))
		b := newBridge(t, f)
		offer := b.Offers(context.Background(), c.req.Identity, c.req.Proof)[0]
		if offer.Via != c.want || bridge.CodeOf(offer.Obstacle) != c.code {
			t.Errorf("%s: offered by %q, %v", c.name, offer.Via, offer.Obstacle)
		}
		_, err := b.Assume(context.Background(), c.req)
		if bridge.CodeOf(err) != c.code || c.want != "" && f.asked[0].Via != c.want {
			t.Errorf("%s: %v, asked %+v", c.name, err, f.asked)
		}
	}
}

// TestOffers: every entitled role is shown, those that can't be used now with the reason, and how long each may last.
func TestOffers(t *testing.T) {
	f := newFakes(
		grant("A", 8*time.Hour, bridge.ViaAssumeRole), grant("Bb", 8*time.Hour, bridge.ViaSAML), grant("Ccc", 30*time.Minute, bridge.ViaAssumeRole),
	)
	f.longest, f.longestBy = time.Hour, bridge.CapChained
	offers := newBridge(t, f).Offers(context.Background(), ada(), bridge.Proof{})
	if len(offers) != 3 {
		t.Fatalf("%d offers, want 3", len(offers))
	}
	if o := offers[0]; o.Obstacle != nil || o.Longest != time.Hour || o.CapReason != bridge.CapChained || o.Role.ARN.Name != "A" {
		t.Errorf("chained: %+v", o)
	}
	if o := offers[1]; bridge.CodeOf(o.Obstacle) != bridge.CodeProofMissing || o.Via != "" || o.Longest != 8*time.Hour {
		t.Errorf("without proof: %+v", o)
	}
	if o := offers[2]; o.Longest != 30*time.Minute || o.CapReason != bridge.CapRole {
		t.Errorf("short role: %+v", o)
	}
	if len(f.order) != 0 {
		t.Errorf("looking at roles did %v", f.order)
	}
}
