package awskms_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awskms"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const account = "111122223333"

// world is a KMS on loopback and a client of it.
type world struct {
	*ststest.KMS
	aws    *ststest.AWS
	config awskms.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// Whatever the machine's AWS settings say, they are not looked at.
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
	aws := ststest.New(ststest.Options{Region: "eu-west-1"})
	err := aws.AddAccount(ststest.Account{ID: account})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{KMS: ststest.NewKMS(aws), aws: aws}
	user, err := aws.AddUser(ststest.User{Account: account, Name: "fedbridge"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.KMS)
	t.Cleanup(server.Close)
	w.config = awskms.Config{
		Endpoint:    server.URL,
		Credentials: &awskms.Credentials{AccessKeyID: user.AccessKeyID, SecretAccessKey: bridge.NewSecret(user.SecretAccessKey)},
	}
	return w
}

func (w *world) key(t *testing.T, spec string) string {
	t.Helper()
	arn, err := w.AddKey(account, spec)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func digest(text string) []byte { d := sha256.Sum256([]byte(text)); return d[:] }

func TestSign(t *testing.T) {
	w := newWorld(t)
	client := awskms.New(w.config)
	for spec, algorithm := range map[string]string{"RSA_2048": "RS256", "RSA_3072": "RS256", "ECC_NIST_P256": "ES256"} {
		arn := w.key(t, spec)
		public, err := client.PublicKey(t.Context(), arn)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := client.Sign(t.Context(), arn, algorithm, digest("text"))
		if err != nil {
			t.Fatal(err)
		}
		switch public := public.(type) {
		case *rsa.PublicKey:
			err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest("text"), signature)
		case *ecdsa.PublicKey:
			if !ecdsa.VerifyASN1(public, digest("text"), signature) {
				err = errors.New("the signature is not the key's")
			}
		}
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// refusal is what a call must end in: CodeIssuerKMS, and the cause says what happened and what to do.
func refusal(t *testing.T, err error, says ...string) {
	t.Helper()
	if bridge.CodeOf(err) != bridge.CodeIssuerKMS {
		t.Fatalf("%v, want %s", err, bridge.CodeIssuerKMS)
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q doesn't say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%q shows what must not be shown", err)
	}
}

func TestRefused(t *testing.T) {
	w := newWorld(t)
	if err := w.aws.AddAccount(ststest.Account{ID: "444455556666"}); err != nil {
		t.Fatal(err)
	}
	foreign, err := w.AddKey("444455556666", "RSA_2048")
	if err != nil {
		t.Fatal(err)
	}
	arn, other := w.key(t, "ECC_NIST_P256"), w.key(t, "ECC_NIST_P384")
	client := awskms.New(w.config)
	sign := func(arn, algorithm string) error {
		_, err := client.Sign(t.Context(), arn, algorithm, digest("text"))
		return err
	}
	refusal(t, sign(arn, "RS256"), "InvalidKeyUsageException", "ECC_NIST_P256 for ES256")
	refusal(t, sign(other, "ES256"), "InvalidKeyUsageException")
	refusal(t, sign(arn, "none"), "no algorithm")
	refusal(t, sign(foreign, "RS256"), "AccessDeniedException", "kms:Sign")
	refusal(t, sign(arn[:len(arn)-4]+"0000", "ES256"), "NotFoundException", "ARN")
	for _, bad := range []string{"", "alias/fedbridge", "arn:aws:iam::111122223333:role/x", "arn:aws:kms:eu-west-1:111122223333:alias/x"} {
		refusal(t, sign(bad, "ES256"), "is not the ARN of a key")
	}
	w.Disable(arn, true)
	refusal(t, sign(arn, "ES256"), "DisabledException", "enable the key")
	_, err = client.PublicKey(t.Context(), arn)
	refusal(t, err, "DisabledException")
	w.Disable(arn, false)
	w.ForEncryption(arn)
	_, err = client.PublicKey(t.Context(), arn)
	refusal(t, err, "SIGN_VERIFY")

	w.config.Credentials.SecretAccessKey = bridge.NewSecret("CANARY")
	wrong := awskms.New(w.config)
	_, err = wrong.PublicKey(t.Context(), arn)
	refusal(t, err, "InvalidSignatureException", "the clock")
}

// Answers that are none, or of another key, are refused; a failure that may pass is tried once more.
func TestStrangeAnswers(t *testing.T) {
	w := newWorld(t)
	arn := w.key(t, "ECC_NIST_P256")
	client := awskms.New(w.config)
	ask := func() error { _, err := client.PublicKey(t.Context(), arn); return err }
	w.Rubbish(1)
	refusal(t, ask())
	w.Cut(1)
	refusal(t, ask())
	w.Renamed(1)
	refusal(t, ask(), "another key")
	for _, fault := range []func(int){w.Throttled, func(n int) { w.Failing(503, n) }} {
		fault(1)
		if err := ask(); err != nil {
			t.Errorf("one failure is tried again: %v", err)
		}
	}
	w.Throttled(2)
	refusal(t, ask(), "ThrottlingException", "quota")
	w.Refusing("AccessDeniedException", strings.Repeat("long ", 500), 400, 1)
	if err := ask(); len(err.Error()) > 800 {
		t.Errorf("the cause has %d bytes", len(err.Error()))
	}
}

// A KMS that hangs costs what the limits say and no more: calls under way end, and those that find no room fail at once.
func TestHangs(t *testing.T) {
	w := newWorld(t)
	arn := w.key(t, "ECC_NIST_P256")
	w.config.Limits = awskms.Limits{InFlight: 2, Waiting: 2, Total: 300 * time.Millisecond, Attempt: 250 * time.Millisecond}
	client := awskms.New(w.config)
	w.Slow(time.Hour)
	var wait sync.WaitGroup
	var mu sync.Mutex
	causes := map[string]int{}
	for range 10 {
		wait.Go(func() {
			_, err := client.Sign(t.Context(), arn, "ES256", digest("text"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case bridge.CodeOf(err) != bridge.CodeIssuerKMS:
				t.Errorf("%v, want %s", err, bridge.CodeIssuerKMS)
			case strings.Contains(err.Error(), "are under way"):
				causes["full"]++
			default:
				causes["slow"]++
			}
		})
	}
	wait.Wait()
	if causes["full"] < 4 {
		t.Errorf("%v: of ten calls, two are made and two wait", causes)
	}
	w.Slow(0)
	if _, err := client.Sign(t.Context(), arn, "ES256", digest("text")); err != nil {
		t.Errorf("after it answers again: %v", err)
	}

	w.Slow(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := client.Sign(ctx, arn, "ES256", digest("text")); bridge.CodeOf(err) != bridge.CodeClientGone {
		t.Errorf("somebody who left: %v", err)
	}
}

// An answer of any length, or a redirect, is no answer.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	arn := w.key(t, "ECC_NIST_P256")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	answers := map[string]http.HandlerFunc{
		"long": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"KeyId":"`))
			for range 1000 {
				if _, err := w.Write([]byte(strings.Repeat("x", 1024))); err != nil {
					return
				}
			}
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
	}
	for name, answer := range answers {
		server := httptest.NewServer(answer)
		w.config.Endpoint = server.URL
		_, err := awskms.New(w.config).PublicKey(t.Context(), arn)
		refusal(t, err)
		server.Close()
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// Without credentials in code the default chain is asked, and what it finds, if anything, signs.
func TestDefaultChain(t *testing.T) {
	w := newWorld(t)
	arn := w.key(t, "ECC_NIST_P256")
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "AWS_CONFIG_FILE": home + "/none", "AWS_SHARED_CREDENTIALS_FILE": home + "/none", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	own := w.config.Credentials
	w.config.Credentials = nil
	_, err := awskms.New(w.config).PublicKey(t.Context(), arn)
	refusal(t, err)
	t.Setenv("AWS_ACCESS_KEY_ID", own.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", own.SecretAccessKey.Reveal())
	if _, err := awskms.New(w.config).PublicKey(t.Context(), arn); err != nil {
		t.Error(err)
	}
}
