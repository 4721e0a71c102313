package mint_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awskms"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// TestRingOnKMS: with all keys in a KMS that speaks AWS's protocol, both kinds of proof open a role; when it refuses, hangs or
// lies, nothing is minted, and the code says who is to blame.
func TestRingOnKMS(t *testing.T) {
	rings := newRingWorld(t)
	aws := ststest.New(ststest.Options{})
	if err := aws.AddAccount(ststest.Account{ID: shop}); err != nil {
		t.Fatal(err)
	}
	user, err := aws.AddUser(ststest.User{Account: shop, Name: "fedbridge"})
	if err != nil {
		t.Fatal(err)
	}
	kms := ststest.NewKMS(aws)
	server := httptest.NewServer(kms)
	t.Cleanup(server.Close)
	var arns []string
	for _, spec := range []string{"ECC_NIST_P256", "ECC_NIST_P256", "RSA_2048"} {
		arn, err := kms.AddKey(shop, spec)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, arn)
	}
	r := rings.open(func(c *mint.RingConfig) {
		c.Dir, c.SAMLDir, c.KMS, c.SAMLKMS = "", "", arns[:2], arns[2:]
		c.Signer = awskms.New(awskms.Config{
			Endpoint: server.URL, Limits: awskms.Limits{Attempt: time.Second, Total: time.Second},
			Credentials: &awskms.Credentials{AccessKeyID: user.AccessKeyID, SecretAccessKey: bridge.NewSecret(user.SecretAccessKey)},
		})
	})
	step(t, r)
	w := newStrictAWS(t, rings.issuer, ststest.SAMLProvider{Metadata: r.Documents().Metadata})
	m := newMinter(t, func(c *mint.Config) { c.Issuer, c.Keys = rings.issuer, r })
	try := func() {
		t.Helper()
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			req := forRole(kind)
			if _, err := w.assume(minted(t, m, req), req); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	try()
	harmed := func(name string, harm func()) {
		t.Helper()
		harm()
		for _, kind := range []bridge.ProofKind{bridge.ProofIDToken, bridge.ProofSAML} {
			if err := refusedMint(t, m, forRole(kind), bridge.CodeIssuerKMS); err == nil || !strings.Contains(err.Error(), "kms") {
				t.Errorf("%s: %v", name, err)
			}
		}
		kms.Behave()
		kms.Disable(arns[0], false)
		kms.Disable(arns[2], false)
	}
	const many = 1000 // until it behaves
	for name, harm := range map[string]func(){
		"refuses":   func() { kms.Refusing("AccessDeniedException", "no", 400, many) },
		"fails":     func() { kms.Failing(500, many) },
		"lies":      func() { kms.Forged(many) },
		"babbles":   func() { kms.Rubbish(many) },
		"misheard":  func() { kms.Renamed(many) },
		"throttles": func() { kms.Throttled(many) },
		"disabled":  func() { kms.Disable(arns[0], true); kms.Disable(arns[2], true) },
	} {
		harmed(name, harm)
	}
	harmed("hangs", func() { kms.Slow(time.Hour) }) // the last: what it holds up would use up other faults
	try()
	if _, err := os.Stat(rings.dir); !os.IsNotExist(err) {
		t.Error("a directory for keys was made")
	}
}
