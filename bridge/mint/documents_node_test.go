package mint_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// TestDocumentsOpenIDClient: node's openid-client finds the issuer by its address, and node's jose verifies a token with the
// keys published there.
func TestDocumentsOpenIDClient(t *testing.T) {
	node := tool(t, "node", "to run an OIDC client that is not ours")
	tool(t, filepath.Join("testdata", "node", "node_modules", "openid-client", "package.json"), "the npm package openid-client")
	for _, algorithm := range []string{mint.ES256, mint.RS256} {
		w := newRingWorld(t)
		r := w.open(func(c *mint.RingConfig) { c.Algorithm, c.SAMLDir = algorithm, "" })
		step(t, r)
		m := newMinter(t, func(c *mint.Config) { c.Issuer, c.Keys = w.issuer, r })
		in, err := json.Marshal(map[string]string{
			"issuer": w.issuer, "audience": "fedbridge:" + shop, "token": minted(t, m, forRole(bridge.ProofIDToken)).Raw.Reveal(),
		})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), node, "discover.mjs")
		cmd.Dir, cmd.Stdin, cmd.Stderr = filepath.Join("testdata", "node"), bytes.NewReader(in), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var found struct{ Issuer, Subject, Error string }
		if err := json.Unmarshal(out, &found); err != nil || found.Issuer != w.issuer || !strings.HasPrefix(found.Subject, "Dev/") {
			t.Errorf("%s: %s, %v", algorithm, out, err)
		}
	}
}
