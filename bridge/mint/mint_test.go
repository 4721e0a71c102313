package mint_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// TestNew: a Minter that couldn't mint rightly isn't made.
func TestNew(t *testing.T) {
	good := mint.Config{Issuer: issuerURL, Keys: usualKeys(), SubjectKey: make([]byte, 32)}
	if _, err := mint.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*mint.Config){
		"no issuer":         func(c *mint.Config) { c.Issuer = "" },
		"long issuer":       func(c *mint.Config) { c.Issuer = "https://" + strings.Repeat("a", 248) },
		"odd issuer":        func(c *mint.Config) { c.Issuer = "https://a\x01" },
		"long entity id":    func(c *mint.Config) { c.EntityID = strings.Repeat("a", 1025) },
		"no keys":           func(c *mint.Config) { c.Keys = nil },
		"short subject key": func(c *mint.Config) { c.SubjectKey = make([]byte, 31) },
		"negative":          func(c *mint.Config) { c.Steady = -1 },
		"EC certificate": func(c *mint.Config) {
			c.Encryption = map[string]*x509.Certificate{"file:x": {PublicKey: esKey().Public}}
		},
		"no certificate": func(c *mint.Config) { c.Encryption = map[string]*x509.Certificate{"file:x": nil} },
	} {
		c := good
		change(&c)
		if m, err := mint.New(c); err == nil || m != nil {
			t.Errorf("%s: made", name)
		}
	}
}

// TestUnfit: what AWS would refuse is refused before anything is signed, in both kinds.
func TestUnfit(t *testing.T) {
	never := heldKeys{}
	for use, key := range usualKeys() {
		key.Sign = func(context.Context, []byte) ([]byte, error) { t.Error("signed"); return nil, errors.New("no") }
		never[use] = key
	}
	m := newMinter(t, func(c *mint.Config) { c.Keys = never })
	type change = func(*bridge.MintRequest)
	tags := func(pairs ...string) change {
		return func(r *bridge.MintRequest) {
			r.Tags, r.Role.TransitiveTags = nil, nil
			for i := 0; i < len(pairs); i += 2 {
				r.Tags = append(r.Tags, bridge.Tag{Key: pairs[i], Value: pairs[i+1]})
			}
		}
	}
	source := func(s string) change { return func(r *bridge.MintRequest) { r.SourceIdentity = s } }
	name := func(s string) change { return func(r *bridge.MintRequest) { r.SessionName = s } }
	arn := func(f func(*bridge.RoleARN)) change { return func(r *bridge.MintRequest) { f(&r.Role.ARN) } }
	for title, c := range map[string]struct {
		change change
		want   bridge.Code
	}{
		"no subject":        {func(r *bridge.MintRequest) { r.Identity.Subject = "" }, bridge.CodeIssuerMint},
		"no provider":       {func(r *bridge.MintRequest) { r.Identity.Provider = "" }, bridge.CodeIssuerMint},
		"no role":           {func(r *bridge.MintRequest) { r.Role.ARN = bridge.RoleARN{} }, bridge.CodeIssuerMint},
		"no role name":      {arn(func(a *bridge.RoleARN) { a.Name = "" }), bridge.CodeIssuerMint},
		"long role name":    {arn(func(a *bridge.RoleARN) { a.Name = strings.Repeat("r", 65) }), bridge.CodeIssuerMint},
		"role name a:b":     {arn(func(a *bridge.RoleARN) { a.Name = "a:b" }), bridge.CodeIssuerMint},
		"role name *":       {arn(func(a *bridge.RoleARN) { a.Name = "*" }), bridge.CodeIssuerMint},
		"role name a/b":     {arn(func(a *bridge.RoleARN) { a.Name = "a/b" }), bridge.CodeIssuerMint},
		"role path":         {arn(func(a *bridge.RoleARN) { a.Path = "/a b/" }), bridge.CodeIssuerMint},
		"no path":           {arn(func(a *bridge.RoleARN) { a.Path = "" }), bridge.CodeIssuerMint},
		"account":           {arn(func(a *bridge.RoleARN) { a.Account = "11112222333" }), bridge.CodeIssuerMint},
		"partition":         {arn(func(a *bridge.RoleARN) { a.Partition = "" }), bridge.CodeIssuerMint},
		"no session name":   {name(""), bridge.CodeIssuerMint},
		"one character":     {name("a"), bridge.CodeIssuerMint},
		"name too long":     {name(strings.Repeat("a", 65)), bridge.CodeIssuerMint},
		"name with a blank": {name("ada l"), bridge.CodeIssuerMint},
		"name with markup":  {name(`"]]><`), bridge.CodeIssuerMint},
		"no time":           {func(r *bridge.MintRequest) { r.Duration = 0 }, bridge.CodeIssuerMint},
		"too short":         {func(r *bridge.MintRequest) { r.Duration = 899 * time.Second }, bridge.CodeIssuerMint},
		"too long":          {func(r *bridge.MintRequest) { r.Duration = 12*time.Hour + time.Second }, bridge.CodeIssuerMint},
		"part of a second":  {func(r *bridge.MintRequest) { r.Duration = time.Hour + time.Millisecond }, bridge.CodeIssuerMint},
		"kind":              {func(r *bridge.MintRequest) { r.Role.Mint = "kerberos" }, bridge.CodeIssuerMint},

		"source identity empty":    {source(""), bridge.CodeSourceIdentity},
		"source identity short":    {source("a"), bridge.CodeSourceIdentity},
		"source identity long":     {source(strings.Repeat("a", 65)), bridge.CodeSourceIdentity},
		"source identity of AWS":   {source("aws:ada"), bridge.CodeSourceIdentity},
		"source identity of Aws":   {source("AWS:ada"), bridge.CodeSourceIdentity},
		"source identity's shape":  {source("Größe"), bridge.CodeSourceIdentity},
		"source identity and line": {source("ada\n"), bridge.CodeSourceIdentity},

		"tag without key":        {tags("", "x"), bridge.CodeTagValue},
		"tag of AWS":             {tags("aws:x", "x"), bridge.CodeTagValue},
		"tag of AwS":             {tags("AwS:x", "x"), bridge.CodeTagValue},
		"tag twice":              {tags("Team", "a", "team", "b"), bridge.CodeTagValue},
		"tag twice, Kelvin":      {tags("K", "a", "\u212a", "b"), bridge.CodeTagValue},
		"key too long":           {tags(strings.Repeat("k", 129), "x"), bridge.CodeTagValue},
		"key with a quote":       {tags(`a"b`, "x"), bridge.CodeTagValue},
		"key with a comma":       {tags("a,b", "x"), bridge.CodeTagValue},
		"value too long":         {tags("Team", strings.Repeat("ß", 257)), bridge.CodeTagValue},
		"value with a comma":     {tags("Team", "a,b"), bridge.CodeTagValue},
		"value with markup":      {tags("Team", "]]>"), bridge.CodeTagValue},
		"value with a quote":     {tags("Team", `a"`), bridge.CodeTagValue},
		"value with NUL":         {tags("Team", "a\x00"), bridge.CodeTagValue},
		"value with a tab":       {tags("Team", "a\tb"), bridge.CodeTagValue},
		"value with DEL":         {tags("Team", "a\x7f"), bridge.CodeTagValue},
		"value not UTF-8":        {tags("Team", "a\xff"), bridge.CodeTagValue},
		"value with a joiner":    {tags("Team", "a\u200d"), bridge.CodeTagValue},
		"value with an override": {tags("Team", "a\u202e"), bridge.CodeTagValue},
		"value with an emoji":    {tags("Team", "\U0001f600"), bridge.CodeTagValue},
		"transitive, no tag":     {func(r *bridge.MintRequest) { r.Role.TransitiveTags = []string{"Other"} }, bridge.CodeTagValue},
		"transitive twice":       {func(r *bridge.MintRequest) { r.Role.TransitiveTags = []string{"Team", "Team"} }, bridge.CodeTagValue},
		"51 tags": {func(r *bridge.MintRequest) {
			for i := range 49 {
				r.Tags = append(r.Tags, bridge.Tag{Key: fmt.Sprint("k", i)})
			}
		}, bridge.CodeSessionTooLarge},
	} {
		t.Run(title, func(t *testing.T) {
			for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
				req := forRole(kind)
				c.change(&req)
				refusedMint(t, m, req, c.want)
			}
		})
	}
	for _, audience := range []string{"", strings.Repeat("a", 256), "a\xff"} {
		refusedMint(t, m, forRole("", func(r *bridge.MintRequest) { r.Role.Audience = audience }), bridge.CodeIssuerMint)
	}
	for _, value := range []string{" a", "a ", "\u00a0a", "a\u3000", " "} { // only SAML can't carry it
		refusedMint(t, m, forRole(bridge.ProofSAML, tags("Team", value)), bridge.CodeTagValue)
		minted(t, newMinter(t), forRole(bridge.ProofIDToken, tags("Team", value)))
	}
}

// TestSigners: a key that is missing, refuses, or signs nonsense ends in its code, and nothing is minted.
func TestSigners(t *testing.T) {
	signing := func(f func(context.Context, []byte) ([]byte, error), base heldKey, change ...func(*heldKey)) heldKey {
		base.Sign = f
		for _, c := range change {
			c(&base)
		}
		return base
	}
	gives := func(n int) func(context.Context, []byte) ([]byte, error) {
		return func(context.Context, []byte) ([]byte, error) { return make([]byte, n), nil }
	}
	fails := func(err error) func(context.Context, []byte) ([]byte, error) {
		return func(context.Context, []byte) ([]byte, error) { return nil, err }
	}
	for name, c := range map[string]struct {
		key  heldKey
		want bridge.Code
	}{
		"KMS refuses":     {signing(fails(bridge.Fail(bridge.CodeIssuerKMS, errors.New("AccessDenied"))), esKey()), bridge.CodeIssuerKMS},
		"client left":     {signing(fails(context.Canceled), esKey()), bridge.CodeClientGone},
		"unknown":         {signing(fails(errors.New("CANARY")), esKey()), bridge.CodeIssuerKey},
		"time ran out":    {signing(fails(context.DeadlineExceeded), esKey()), bridge.CodeIssuerKey},
		"nothing":         {signing(gives(0), esKey()), bridge.CodeIssuerKey},
		"raw signature":   {signing(gives(64), esKey()), bridge.CodeIssuerKey},
		"RSA, short":      {signing(gives(255), rsKey()), bridge.CodeIssuerKey},
		"RSA, long":       {signing(gives(257), rsKey()), bridge.CodeIssuerKey},
		"other algorithm": {signing(gives(256), rsKey(), func(k *heldKey) { k.Algorithm = "RS512" }), bridge.CodeIssuerKey},
		"confused":        {signing(gives(256), rsKey(), func(k *heldKey) { k.Algorithm = "ES256" }), bridge.CodeIssuerKey},
		"EC as RS256":     {signing(gives(256), esKey(), func(k *heldKey) { k.Algorithm = "RS256" }), bridge.CodeIssuerKey},
		"no id":           {signing(gives(64), esKey(), func(k *heldKey) { k.ID = "" }), bridge.CodeIssuerKey},
		"no public":       {signing(gives(64), esKey(), func(k *heldKey) { k.Public = nil }), bridge.CodeIssuerKey},
	} {
		t.Run(name, func(t *testing.T) {
			refusedMint(t, newMinter(t, signWith(c.key)), forRole(""), c.want)
		})
	}
	none := newMinter(t, func(c *mint.Config) { c.Keys = heldKeys{} })
	refusedMint(t, none, forRole(""), bridge.CodeIssuerKey)
	short := signing(gives(255), samlKey())
	refusedMint(t, newMinter(t, func(c *mint.Config) { c.Keys = heldKeys{mint.UseSAML: short} }), forRole(bridge.ProofSAML), bridge.CodeIssuerKey)
}

// TestSilence: neither what was minted nor a claim's value shows, in a log of the proof or in any error.
func TestSilence(t *testing.T) {
	m := newMinter(t)
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
		proof := minted(t, m, forRole(kind))
		log.Info("proof", "proof", proof)
		fmt.Fprintf(&out, "%v %+v %#v", proof, proof, proof)
		if strings.Contains(out.String(), proof.Raw.Reveal()[10:60]) {
			t.Errorf("%s: the proof shows", kind)
		}
		for _, change := range []func(*bridge.MintRequest){
			func(r *bridge.MintRequest) { r.Tags[0].Value = "CANARY," },
			func(r *bridge.MintRequest) { r.SourceIdentity = "CANARY " },
			func(r *bridge.MintRequest) { r.SessionName = "CANARY " },
			func(r *bridge.MintRequest) { r.Identity.Subject, r.Identity.Name = "", "CANARY" },
		} {
			_, err := m.Mint(t.Context(), forRole(kind, change))
			_, _, detail := bridge.Explain(err)
			if err == nil || strings.Contains(err.Error()+detail, "CANARY") {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// changingKeys are other keys each time.
type changingKeys struct{ calls atomic.Int64 }

func (k *changingKeys) Current(use mint.Use) (mint.Key, error) {
	keys := map[mint.Use][]heldKey{mint.UseToken: {esKey(), rsKey()}, mint.UseSAML: {samlKey(), rsKey()}}[use]
	return keys[k.calls.Add(1)%2].Key, nil
}

// TestInParallel: many at once, of many people, while keys change: each proof is whole, and its own person's.
func TestInParallel(t *testing.T) {
	m := newMinter(t, func(c *mint.Config) { c.Keys = &changingKeys{} })
	sets := map[string]*oidc.StaticKeySet{"ES256": {PublicKeys: []crypto.PublicKey{esKey().Public}}, "RS256": {PublicKeys: []crypto.PublicKey{rsKey().Public}}}
	subs := make([]sync.Map, 2)
	var all sync.WaitGroup
	for person := range 8 {
		all.Go(func() {
			for round := range 6 {
				req := forRole(bridge.ProofIDToken, func(r *bridge.MintRequest) { r.Identity.Subject = fmt.Sprint("u", person) })
				proof, err := m.Mint(t.Context(), req)
				if err != nil {
					t.Error(err)
					return
				}
				verifier := oidc.NewVerifier(issuerURL, sets[proof.Algorithm], &oidc.Config{ClientID: "fedbridge:" + shop, SupportedSigningAlgs: []string{proof.Algorithm}})
				token, err := verifier.Verify(t.Context(), proof.Raw.Reveal())
				if err != nil {
					t.Error(err)
					return
				}
				if first, _ := subs[0].LoadOrStore(person, token.Subject); first != token.Subject {
					t.Errorf("person %d is %s and %s", person, first, token.Subject)
				}
				if other, taken := subs[1].LoadOrStore(token.Subject, person); taken && other != person {
					t.Errorf("persons %d and %d share %s", person, other, token.Subject)
				}
				if round == 0 {
					req.Role.Mint = bridge.ProofSAML
					if _, err := m.Mint(t.Context(), req); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}
