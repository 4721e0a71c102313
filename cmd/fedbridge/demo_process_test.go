package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// runCommand is fedbridge without a process around it.
func runCommand(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestDemoJSON(t *testing.T) {
	demo, ready := startDemo(t)
	lines := strings.SplitAfter(demo.printed(), "\n")
	if len(lines) != 2 || lines[1] != "" {
		t.Fatalf("--json prints more than one line: %q", lines)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(lines[0]), &fields); err != nil {
		t.Fatal(err)
	}
	want := []string{"accounts", "audit", "config", "log", "oidc", "ops", "people", "portal", "saml", "signin", "sts", "version"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("fields, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(printedPeople(), ready.People); diff != "" || len(ready.People) != 5 {
		t.Errorf("people, -want +got:\n%s", diff)
	}
	ports := map[string]bool{}
	for _, url := range []string{ready.Portal, ready.Ops, ready.OIDC, ready.SAML, ready.STS, ready.SignIn} {
		ports[portOf(t, url)] = true
	}
	if len(ports) != 6 {
		t.Errorf("the parts share ports: %v", ports)
	}
	if demo.log() != "" {
		t.Errorf("standard error has %q", demo.log())
	}
	if code, out, errs := runCommand("test", "--config", ready.Config); code != exitOK || out != "4 tests passed\n" {
		t.Errorf("fedbridge test: %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runCommand("check", ready.Config); code != exitOK {
		t.Errorf("fedbridge check: %d\n%s%s", code, out, errs)
	}
	if log, err := os.ReadFile(ready.Log); err != nil || !strings.Contains(string(log), "msg=serving") {
		t.Errorf("the log: %v\n%s", err, log)
	}
}

func TestDemoPlaces(t *testing.T) {
	_, number := freeAddress(t)
	dir := filepath.Join(t.TempDir(), "it's kept") // a name that a shell would take apart
	demo, ready := startDemo(t, "--listen", "127.0.0.1:"+number, "--dir", dir)
	if ready.Portal != "http://localhost:"+number {
		t.Errorf("the portal is %s, and --listen said port %s", ready.Portal, number)
	}
	t.Run("busy port", func(t *testing.T) {
		code, _, errs := runCommand("demo", "--json", "--listen", "127.0.0.1:"+number)
		if code != exitFault || !strings.Contains(errs, number) || !strings.Contains(errs, "in use") {
			t.Errorf("%d: %s", code, errs)
		}
	})
	t.Run("busy folder", func(t *testing.T) {
		before, err := os.ReadFile(ready.Config)
		if err != nil {
			t.Fatal(err)
		}
		code, _, errs := runCommand("demo", "--json", "--dir", dir)
		if after, err := os.ReadFile(ready.Config); code != exitUsage || !strings.Contains(errs, ready.Portal+" runs there") || err != nil || string(after) != string(before) {
			t.Errorf("%d: %s", code, errs)
		}
	})
	demo.stop()
	for _, file := range []string{ready.Config, ready.Audit, ready.Log, filepath.Join(dir, "state.db")} {
		if _, err := os.Stat(file); err != nil || filepath.Dir(file) != dir {
			t.Errorf("%s is not kept in --dir: %v", file, err)
		}
	}
	t.Run("once more", func(t *testing.T) {
		_, again := startDemo(t, "--dir", dir)
		if again.Config != ready.Config {
			t.Errorf("the second demo writes %s", again.Config)
		}
	})
	t.Run("a foreign configuration", func(t *testing.T) {
		mine := t.TempDir()
		path := writeFile(t, mine, "fedbridge.yaml", "server: {url: https://bridge.example.com}\n")
		code, _, errs := runCommand("demo", "--json", "--dir", mine)
		if text, err := os.ReadFile(path); code != exitUsage || !strings.Contains(errs, "choose another folder") || err != nil || !strings.HasPrefix(string(text), "server:") {
			t.Errorf("%d: %s%s", code, errs, text)
		}
	})
	for _, listen := range []string{"0.0.0.0:0", "192.0.2.1:8080", ":8080", "8080", "[::]:0"} {
		if code, _, errs := runCommand("demo", "--json", "--listen", listen); code != exitUsage || !strings.Contains(errs, "127.0.0.1") {
			t.Errorf("--listen %s: %d: %s", listen, code, errs)
		}
	}
}

// TestDemoTLS: for browsers that keep secure cookies for https only.
func TestDemoTLS(t *testing.T) {
	dir := t.TempDir()
	_, ready := startDemo(t, "--tls", "--dir", dir)
	if !strings.HasPrefix(ready.Portal, "https://localhost:") {
		t.Fatalf("the portal is at %s", ready.Portal)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(readFile(t, filepath.Join(dir, "tls.crt")))) {
		t.Fatal("no certificate")
	}
	if key, err := os.Stat(filepath.Join(dir, "tls.key")); err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v %v", key, err)
	}
	for provider, role := range map[string]string{"corp": "shop-prod/admin", "web": "data-lab/analyst"} {
		v := newVisit(t, ready.Portal)
		v.RootCAs = roots
		v.signIn("/login/"+provider, personNamed(t, "ada"))
		useRole(t, v, ready, "ada", role)
	}
}

func TestDemoEndsCleanly(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			demo, ready := startDemo(t)
			newVisit(t, ready.Portal).signIn("/login/corp", personNamed(t, "ada"))
			left := func() []string {
				all, err := filepath.Glob(filepath.Join(demo.cmd.Dir, "fedbridge-demo-*"))
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			if len(left()) != 1 {
				t.Errorf("temporary folders while it runs: %q", left())
			}
			if code := demo.signal(s); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			if len(left()) != 0 {
				t.Errorf("temporary folders that are left: %q", left())
			}
			for _, url := range []string{ready.Portal, ready.Ops, ready.OIDC, ready.SAML, ready.STS, ready.SignIn} {
				if conn, err := net.Dial("tcp", "127.0.0.1:"+portOf(t, url)); err == nil {
					conn.Close()
					t.Errorf("somebody still answers at %s", url)
				}
			}
		})
	}
}

// TestDemoIgnoresAWSEnvironment: what the machine has set for AWS must neither break the demo nor be touched by it.
func TestDemoIgnoresAWSEnvironment(t *testing.T) {
	nowhere := "http://127.0.0.1:1"
	folder := t.TempDir()
	_, ready := startDemoIn(t, []string{
		"AWS_ACCESS_KEY_ID=AKIAPOISONPOISONPOIS", "AWS_SECRET_ACCESS_KEY=poison", "AWS_SESSION_TOKEN=poison",
		"AWS_PROFILE=poison", "AWS_DEFAULT_PROFILE=poison", "AWS_REGION=mars-north-1", "AWS_DEFAULT_REGION=mars-north-1",
		"AWS_CONFIG_FILE=" + writeFile(t, folder, "config", "[profile poison]\nregion = nowhere\nsource_profile = missing\n["),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(folder, "missing"),
		"AWS_ENDPOINT_URL=" + nowhere, "AWS_ENDPOINT_URL_STS=" + nowhere, "AWS_CA_BUNDLE=" + filepath.Join(folder, "missing.pem"),
		"AWS_USE_FIPS_ENDPOINT=true", "AWS_USE_DUALSTACK_ENDPOINT=true", "AWS_STS_REGIONAL_ENDPOINTS=legacy",
		"AWS_ROLE_ARN=arn:aws:iam::000000000000:role/poison", "AWS_WEB_IDENTITY_TOKEN_FILE=" + filepath.Join(folder, "missing"),
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + nowhere, "AWS_MAX_ATTEMPTS=0", "AWS_RETRY_MODE=poison",
		"HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere, "http_proxy=" + nowhere, "https_proxy=" + nowhere,
	})
	ada := personNamed(t, "ada")
	for provider, all := range map[string][]string{"corp": {"shop-prod/admin", "shop-dev/readonly"}, "web": {"data-lab/analyst"}} {
		v := newVisit(t, ready.Portal)
		v.signIn("/login/"+provider, ada)
		for _, role := range all {
			useRole(t, v, ready, "ada", role)
		}
	}
}

// TestDemoWelcome reads what people read, and pastes every line that it tells them to try.
func TestDemoWelcome(t *testing.T) {
	demo := startInstance(t, nil, "demo", "--no-browser")
	text, ok := demo.out.wait("Ctrl-C ends it.")
	if !ok {
		t.Fatalf("not ready:\n%s%s", text, demo.log())
	}
	for _, p := range printedPeople() {
		if !strings.Contains(text, p.Username) || !strings.Contains(text, p.Password) || !strings.Contains(text, p.About) {
			t.Errorf("the text lacks %s", p.Username)
		}
	}
	portal := strings.Fields(after(t, text, "fedbridge is ready.  Open  "))[0]
	lines := toTry(t, text)
	v := newVisit(t, portal)
	v.signIn("/login/corp", personNamed(t, "ada"))
	creds := v.take("shop-prod/admin")
	v.open("/")
	v.console("shop-dev/developer")
	v.open("/whoami")

	t.Run("rules", func(t *testing.T) {
		if out := paste(t, lines["rules"]); !strings.Contains(out, "shop-dev/developer") || !strings.Contains(out, "naming convention") {
			t.Errorf("%s\n%s", lines["rules"], out)
		}
	})
	t.Run("curl", func(t *testing.T) {
		need(t, "curl", "to paste the lines for curl")
		out := paste(t, lines["curl"])
		if !strings.Contains(out, `"code":"not-signed-in"`) || !strings.Contains(out, `"ready":true`) {
			t.Errorf("%s\n%s", lines["curl"], out)
		}
	})
	t.Run("audit", func(t *testing.T) {
		out := paste(t, lines["audit"])
		if !strings.Contains(out, "granted") || !strings.Contains(out, creds.AccessKeyId) || !strings.Contains(out, "ada@example.com (corp)") {
			t.Errorf("%s\n%s", lines["audit"], out)
		}
	})
	t.Run("trust", func(t *testing.T) {
		out := paste(t, lines["trust"])
		if !strings.Contains(out, "trust-extra-tag-session") || !strings.Contains(out, "8 roles: 1 warning\n") {
			t.Errorf("%s\n%s", lines["trust"], out)
		}
	})
	t.Run("keys", func(t *testing.T) {
		if out := paste(t, lines["keys"]); strings.Count(out, " active ") != 2 {
			t.Errorf("%s\n%s", lines["keys"], out)
		}
	})
	t.Run("CLI", func(t *testing.T) { awsInShell(t, lines["CLI"], creds) })
}

// toTry gives what stands under "Try next", by its heading.
func toTry(t *testing.T, text string) map[string]string {
	t.Helper()
	part, _, ok := strings.Cut(after(t, text, "Try next:"), "Configuration")
	if !ok {
		t.Fatalf("no lines to try: %s", text)
	}
	lines, heading := map[string]string{}, ""
	for line := range strings.Lines(part) {
		if len(line) < 14 {
			continue
		}
		if h := strings.TrimSpace(line[:13]); h != "" {
			heading = h
		}
		lines[heading] += line[13:]
	}
	return lines
}

func after(t *testing.T, text, mark string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, mark)
	if !ok {
		t.Fatalf("%q lacks %q", text, mark)
	}
	return rest
}

// paste runs lines in a shell that knows fedbridge and nothing of AWS.
func paste(t *testing.T, lines string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-c", lines)
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	shell.WaitDelay = hangs
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", lines, err, out)
	}
	return string(out)
}

// awsInShell does what the line for the AWS CLI does, with the AWS SDK in place of the CLI: the same variables.
func awsInShell(t *testing.T, lines string, creds processCredentials) {
	_, line, ok := strings.Cut(lines, "AWS_ENDPOINT_URL_STS=")
	if !ok || !strings.HasSuffix(strings.TrimSpace(line), " aws sts get-caller-identity") {
		t.Fatalf("the line for the AWS CLI reads %q", lines)
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", strings.Fields(line)[0])
	t.Setenv("AWS_REGION", "us-east-1") // as the pasted credentials have it: the configured region
	t.Setenv("AWS_ACCESS_KEY_ID", creds.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", creds.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", creds.SessionToken)
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "none"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	found, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sts.NewFromConfig(found).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if arn := aws.ToString(answer.Arn); arn != "arn:aws:sts::"+shopProd+":assumed-role/Admin/ada@example.com" {
		t.Errorf("STS says %s", arn)
	}
}
