package suite_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest/suite"
)

// gullible believes everything, and says what it thinks.
type gullible struct{ idp.IdentityProvider }

func (g gullible) Begin(ctx context.Context, login idp.Login) (idp.Challenge, error) {
	c, err := g.IdentityProvider.Begin(ctx, login)
	if err != nil {
		return idp.Challenge{URL: "https://nowhere.example"}, nil
	}
	c.URL += "&code_verifier=" + login.Verifier
	return c, nil
}

func (g gullible) Finish(context.Context, idp.Login, idp.Answer) (bridge.Identity, bridge.Proof, error) {
	return bridge.Identity{Subject: "anybody"}, bridge.Proof{Raw: bridge.NewSecret("anything")}, nil
}

func (g gullible) Info() idp.Info { return idp.Info{} }

func (g gullible) Refresh(context.Context) error { return nil }

func (g gullible) Status() idp.Status { return idp.Status{Ready: true} }

const gullibleEnv = "IDPTEST_GULLIBLE"

// runGullible runs the suite on a provider that must not pass.
func runGullible(t *testing.T) {
	suite.Run(t, suite.Kind{Proof: bridge.ProofIDToken, Open: func(t *testing.T, name string, deps idp.Deps) suite.Kit {
		provider, o := openOIDC(t, name, deps, nil, nil)
		kit := suite.ForOIDC(provider, o)
		kit.Provider = gullible{provider}
		return kit
	}})
}

// TestSuiteFails: every case of the suite can fail. It runs itself in a process of its own, whose failures don't count.
func TestSuiteFails(t *testing.T) {
	if os.Getenv(gullibleEnv) != "" {
		runGullible(t)
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestSuiteFails$", "-test.v")
	command.Env = append(os.Environ(), gullibleEnv+"=1")
	out, err := command.CombinedOutput()
	if err == nil {
		t.Fatal("a provider that believes everything passes")
	}
	for _, name := range []string{
		"signs in", "says who it is", "keeps secrets out of the challenge", "refuses another login's answer",
		"refuses another provider's answer", "refuses a replayed answer", "takes one of many",
		"refuses when the replay store is down", "refuses an expired login", "refuses a login that isn't its own",
		"refuses a misshapen answer", "tells an outage from a refusal", "keeps the last good copy", "follows a new key",
		"sees through lies",
	} {
		if !strings.Contains(string(out), "--- FAIL: TestSuiteFails/"+strings.ReplaceAll(name, " ", "_")) {
			t.Errorf("%q passes with a provider that believes everything", name)
		}
	}
}
