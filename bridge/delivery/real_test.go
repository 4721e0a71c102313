package delivery_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/delivery"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// program finds a program that the machine may lack. Where everything must be there, its absence is a failure.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all" {
		t.Fatalf("%s is not installed, and FEDBRIDGE_TEST_REQUIRE=all", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// shells that source their own format for real.
var shells = []struct {
	name   string
	args   []string
	format delivery.ID
}{
	{"sh", []string{"-euc"}, delivery.Bash},
	{"dash", []string{"-euc"}, delivery.Bash},
	{"bash", []string{"--noprofile", "--norc", "-euc"}, delivery.Bash},
	{"zsh", []string{"-f", "-euc"}, delivery.Bash},
	{"fish", []string{"--no-config", "-c"}, delivery.Fish},
}

// run runs a script in a shell whose environment is what an earlier session left.
func run(t *testing.T, shell string, args []string, script string, arguments ...string) []byte {
	t.Helper()
	cmd := exec.Command(program(t, shell), append(append(append([]string(nil), args...), script), arguments...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8",
		"AWS_PROFILE=old", "AWS_SECURITY_TOKEN=old", "AWS_SESSION_TOKEN=old", "AWS_REGION=old",
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", shell, err, stderr.String())
	}
	return out
}

// environment reads the output of env -0.
func environment(out []byte) map[string]string {
	found := map[string]string{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, "AWS_") {
			found[name] = value
		}
	}
	return found
}

func TestShells(t *testing.T) {
	want := map[string]string{
		"AWS_ACCESS_KEY_ID": keyID, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token,
		"AWS_CREDENTIAL_EXPIRATION": "2031-02-03T03:05:06Z", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
	}
	for _, s := range shells {
		t.Run(s.name, func(t *testing.T) {
			text, err := delivery.Render(s.format, input())
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), delivery.Filename(s.format, "shop-prod", "readonly"))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			// Sourced from a file, and pasted as it is.
			for how, script := range map[string]string{"sourced": ". " + file + "\nenv -0", "pasted": string(text) + "env -0"} {
				got := environment(run(t, s.name, s.args, script))
				for name, value := range want {
					if got[name] != value {
						t.Errorf("%s: %s is %q, want %q", how, name, got[name], value)
					}
					delete(got, name)
				}
				if len(got) != 0 {
					t.Errorf("%s: left over: %q", how, got)
				}
			}
		})
	}
}

// TestQuoting: Render refuses these values, and the quoting would hold all the same.
func TestQuoting(t *testing.T) {
	for _, s := range shells {
		t.Run(s.name, func(t *testing.T) {
			quote := delivery.QuotePOSIX
			if s.format == delivery.Fish {
				quote = delivery.QuoteFish
			}
			script, want := "printf '%s\\0'", ""
			for _, value := range hostile {
				if strings.Contains(value, "\x00") || value == "\xff" { // no argument can hold the one, fish the other
					continue
				}
				script += " " + quote(value)
				want += value + "\x00"
			}
			if got := string(run(t, s.name, s.args, script)); got != want {
				t.Errorf("printed %q\nwant    %q", got, want)
			}
		})
	}
}

// TestDotEnvIsLiteral: what reads NAME=VALUE without a shell gets the values as they are.
func TestDotEnvIsLiteral(t *testing.T) {
	out, err := delivery.Render(delivery.DotEnv, input())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || strings.ContainsAny(name+value, " '\"\\$`#\t\r") {
			t.Errorf("line %q", line)
		}
	}
}

// TestSharedFile: the SDK's own loader reads the profile, beside one that was there before.
func TestSharedFile(t *testing.T) {
	text, err := delivery.Render(delivery.Profile, input())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "credentials")
	other := "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n\n"
	if err := os.WriteFile(file, append([]byte(other), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.LoadSharedConfigProfile(context.Background(), "shop-prod-readonly", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{file}, []string{filepath.Join(t.TempDir(), "none")}
	})
	if err != nil {
		t.Fatal(err)
	}
	c := got.Credentials
	if c.AccessKeyID != keyID || c.SecretAccessKey != secret || c.SessionToken != token || got.Region != "eu-west-1" {
		t.Errorf("read %+v in %q", c, got.Region)
	}
}

// TestIssuedCredentials: what an STS issues is of the alphabet that every format writes.
func TestIssuedCredentials(t *testing.T) {
	aws := ststest.New(ststest.Options{})
	const arn = "arn:aws:iam::111122223333:role/Dev"
	if err := aws.AddAccount(ststest.Account{ID: "111122223333"}); err != nil {
		t.Fatal(err)
	}
	if err := aws.AddRole(ststest.Role{ARN: arn, TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		issued, err := aws.Instance(arn, "ada", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		in := input()
		in.Credentials.AccessKeyID = issued.AccessKeyID
		in.Credentials.SecretAccessKey = bridge.NewSecret(issued.SecretAccessKey)
		in.Credentials.SessionToken = bridge.NewSecret(issued.SessionToken)
		for _, f := range delivery.Formats() {
			if _, err := delivery.Render(f.ID, in); err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
		}
	}
}

// TestProcess: the SDK takes the JSON from a credential_process.
func TestProcess(t *testing.T) {
	program(t, "sh") // the SDK runs the line through it
	text, err := delivery.Render(delivery.Process, input())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := processcreds.NewProvider("cat " + file).Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessKeyID != keyID || got.SecretAccessKey != secret || got.SessionToken != token || got.AccountID != "111122223333" {
		t.Errorf("read %+v", got)
	}
	if !got.CanExpire || !got.Expires.Equal(input().Credentials.Expires.Truncate(1e9)) {
		t.Errorf("expires %v %s", got.CanExpire, got.Expires)
	}
}
