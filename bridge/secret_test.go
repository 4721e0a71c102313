package bridge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
)

// TestSecretNeverPrints: by any verb, at any depth, in any encoding.
func TestSecretNeverPrints(t *testing.T) {
	secret := bridge.NewSecret("CANARY")
	type hidden struct{ inner bridge.Secret }
	type nested struct {
		Secret  bridge.Secret
		Pointer *bridge.Secret
		hidden  hidden
		Map     map[string]bridge.Secret
		List    []bridge.Secret
		Any     any
		deep    *hidden
	}
	things := []any{
		secret, &secret, []bridge.Secret{secret}, map[string]any{"a": secret}, [1]bridge.Secret{secret},
		nested{secret, &secret, hidden{secret}, map[string]bridge.Secret{"a": secret}, []bridge.Secret{secret}, secret, &hidden{secret}},
		bridge.Proof{Kind: bridge.ProofSAML, Raw: secret}, &bridge.Credentials{SecretAccessKey: secret, SessionToken: secret},
		bridge.ExchangeRequest{Proof: bridge.Proof{Raw: secret}}, bridge.AssumeRequest{Proof: bridge.Proof{Raw: secret}},
		fmt.Errorf("x: %v", secret),
	}
	hex := fmt.Sprintf("%x", "CANARY")
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U", "%!", "%10s", "%-20v"} {
			text := fmt.Sprintf(verb, thing)
			if strings.Contains(text, "CANARY") || strings.Contains(strings.ToLower(text), hex) || strings.Contains(text, "67 65 78 65 82 89") {
				t.Errorf("%s of %T prints %s", verb, thing, text)
			}
		}
		raw, err := json.Marshal(thing)
		if err == nil && bytes.Contains(raw, []byte("CANARY")) {
			t.Errorf("JSON of %T is %s", thing, raw)
		}
		var log bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
			slog.New(handler).Info("x", "thing", thing, slog.Group("g", "thing", thing))
		}
		if strings.Contains(log.String(), "CANARY") {
			t.Errorf("log of %T is %s", thing, log.String())
		}
	}
}

func TestSecret(t *testing.T) {
	secret := bridge.NewSecret("CANARY")
	if secret.Reveal() != "CANARY" || secret.IsZero() || secret.String() != "[redacted]" {
		t.Errorf("secret %s", secret)
	}
	var none bridge.Secret
	if none.Reveal() != "" || !none.IsZero() || none.String() != "" || !bridge.NewSecret("").IsZero() {
		t.Error("the zero secret isn't empty")
	}
	raw, err := json.Marshal(map[string]bridge.Secret{"a": secret, "b": none})
	if err != nil || string(raw) != `{"a":"[redacted]","b":""}` {
		t.Errorf("JSON is %s, %v", raw, err)
	}
	var back struct{ Raw bridge.Secret }
	if err := json.Unmarshal([]byte(`{"Raw":"[redacted]"}`), &back); err == nil && !back.Raw.IsZero() {
		t.Error("a secret came back from JSON")
	}
}
