package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

// minting is a role reached by what fedbridge mints, with tags and a source identity.
func minting(kind bridge.ProofKind, tags ...string) bridge.Grant {
	g := grant("Admin", 12*time.Hour, bridge.ViaIssuer)
	g.Role.Mint, g.SourceIdentity = kind, "ada"
	for _, key := range tags {
		g.Tags = append(g.Tags, bridge.Tag{Key: key, Value: "of " + key})
	}
	g.Role.TagKeys = slices.Clone(tags)
	return g
}

// TestMint: what STS gets was made for this call, names this role alone, and is in the audit log by its id and not as it
// stands.
func TestMint(t *testing.T) {
	for _, kind := range []bridge.ProofKind{"", bridge.ProofIDToken, bridge.ProofSAML} {
		g := minting(kind, "Team")
		g.Role.SessionPolicy, g.Role.TransitiveTags = "{}", []string{"Team"}
		f := newFakes(g)
		req := request("Admin")
		req.Duration = 12 * time.Hour
		req.Proof = oidcSignIn().Proof // is at hand, and isn't used
		got, err := newBridge(t, f).Assume(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"decide", "mint", "sts", "outcome"}, f.order); diff != "" {
			t.Errorf("%s: order (-want +got):\n%s", kind, diff)
		}
		name := bridge.SessionName(ada(), false)
		want := bridge.MintRequest{
			Role: g.Role, Identity: ada(), SessionName: name, Duration: 12 * time.Hour, Tags: g.Tags, SourceIdentity: "ada",
		}
		if diff := cmp.Diff(want, f.minted[0]); diff != "" {
			t.Errorf("%s: minted (-want +got):\n%s", kind, diff)
		}
		q := f.asked[0]
		if q.Via != bridge.ViaIssuer || q.Proof.Raw.Reveal() != "CANARY minted-1" || q.Role.SessionPolicy != "{}" || q.SessionName != name {
			t.Errorf("%s: STS was asked %+v", kind, q)
		}
		decision, outcome := f.events[0], f.events[1]
		if decision.MintedID != "" || outcome.MintedID != "minted-1" || outcome.SourceIdentity != "ada" || !slices.Equal(outcome.Tags, g.Tags) ||
			outcome.Via != bridge.ViaIssuer || outcome.DurationSecs != 43200 || outcome.AccessKeyID != got.AccessKeyID {
			t.Errorf("%s: audited %+v", kind, f.events)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", f.events, f.events), "CANARY") {
			t.Errorf("%s: the audit log holds what was minted", kind)
		}
	}
}

// TestMintedOnce: nothing that was minted is used for a second call, not even of the same person for the same role.
func TestMintedOnce(t *testing.T) {
	f := newFakes(minting(""))
	b := newBridge(t, f)
	for range 3 {
		if _, err := b.Assume(context.Background(), request("Admin")); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, q := range f.asked {
		seen[q.Proof.Raw.Reveal()] = true
	}
	if len(f.minted) != 3 || len(seen) != 3 {
		t.Errorf("minted %d, of which STS saw %d", len(f.minted), len(seen))
	}
}

// TestMintFails: STS isn't asked, and the outcome beside the decision says why. What isn't what was asked for counts as a
// failure, whatever the minter thinks of it.
func TestMintFails(t *testing.T) {
	lie := func(change func(*bridge.Proof)) func(bridge.MintRequest) (bridge.Proof, error) {
		return func(bridge.MintRequest) (bridge.Proof, error) {
			p := bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret("CANARY"), ID: "x"}
			change(&p)
			return p, nil
		}
	}
	fail := func(code bridge.Code) func(bridge.MintRequest) (bridge.Proof, error) {
		return func(bridge.MintRequest) (bridge.Proof, error) {
			return bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret("CANARY"), ID: "x"}, bridge.Fail(code, errors.New("CANARY"))
		}
	}
	cases := map[string]struct {
		mint func(bridge.MintRequest) (bridge.Proof, error)
		want bridge.Code
	}{
		"no key":          {fail(bridge.CodeIssuerKey), bridge.CodeIssuerKey},
		"KMS":             {fail(bridge.CodeIssuerKMS), bridge.CodeIssuerKMS},
		"clock":           {fail(bridge.CodeIssuerClock), bridge.CodeIssuerClock},
		"a tag":           {fail(bridge.CodeTagValue), bridge.CodeTagValue},
		"left":            {fail(bridge.CodeClientGone), bridge.CodeClientGone},
		"the wrong kind":  {lie(func(p *bridge.Proof) { p.Kind = bridge.ProofSAML }), bridge.CodeIssuerMint},
		"no kind":         {lie(func(p *bridge.Proof) { p.Kind = "" }), bridge.CodeIssuerMint},
		"nothing":         {lie(func(p *bridge.Proof) { p.Raw = bridge.Secret{} }), bridge.CodeIssuerMint},
		"nothing with id": {lie(func(p *bridge.Proof) { p.ID = "" }), bridge.CodeIssuerMint},
	}
	for name, c := range cases {
		for purpose, ask := range doors {
			t.Run(name+"/"+purpose, func(t *testing.T) {
				f := newFakes(minting("", "Team"))
				f.mint = c.mint
				got, err := ask(newBridge(t, f), context.Background(), request("Admin"))
				wantCode(t, err, c.want)
				wantNothing(t, got)
				if diff := cmp.Diff([]string{"decide", "mint", "outcome"}, f.order); diff != "" {
					t.Errorf("order (-want +got):\n%s", diff)
				}
				if e := f.events[1]; e.Allowed || e.Code != c.want || e.MintedID != "" || e.Decision != f.events[0].ID {
					t.Errorf("audited %+v", e)
				}
			})
		}
	}
}

// TestNoMinter: rules that came later than the bridge can't bring a role past it.
func TestNoMinter(t *testing.T) {
	f := newFakes(minting(""))
	b, err := bridge.New(bridge.Options{Authorizer: f, Roles: newFakes(), STS: f, Console: f, Audit: f})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Assume(context.Background(), request("Admin"))
	wantCode(t, err, bridge.CodeInternal)
	wantNothing(t, got)
	if len(f.asked) != 0 || len(f.events) != 2 {
		t.Errorf("STS asked %d times, audited %+v", len(f.asked), f.events)
	}
}

// TestPreview shows what Assume sends, and does nothing.
func TestPreview(t *testing.T) {
	cases := map[string]struct {
		g   bridge.Grant
		req bridge.AssumeRequest
	}{
		"issuer": {minting("", "Cost", "Team"), request("Admin")}, "saml": {grant("Admin", time.Hour, bridge.ViaSAML), samlSignIn()},
		"web_identity": {grant("Admin", time.Hour, bridge.ViaWebIdentity), oidcSignIn()},
		"assume_role":  {grant("Admin", time.Hour, bridge.ViaAssumeRole), request("Admin")},
	}
	for name, c := range cases {
		f := newFakes(c.g)
		b := newBridge(t, f)
		got, err := b.Preview(context.Background(), c.req.Identity, c.req.Proof, c.req.Role)
		if err != nil || len(f.order) != 0 {
			t.Fatalf("%s: %v, did %v", name, err, f.order)
		}
		if _, err := b.Assume(context.Background(), c.req); err != nil {
			t.Fatal(err)
		}
		q := f.asked[0]
		if diff := cmp.Diff(bridge.Session{Name: q.SessionName, Tags: q.Tags, SourceIdentity: q.SourceIdentity}, got); diff != "" {
			t.Errorf("%s (-asked +previewed):\n%s", name, diff)
		}
	}
	f := newFakes(grant("Admin", time.Hour, bridge.ViaSAML))
	_, err := newBridge(t, f).Preview(context.Background(), ada(), bridge.Proof{}, request("Admin").Role)
	wantCode(t, err, bridge.CodeProofMissing)
	_, err = newBridge(t, f).Preview(context.Background(), ada(), bridge.Proof{}, request("Root").Role)
	wantCode(t, err, bridge.CodeNotEntitled)
}
