package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/config"
)

// inFolder runs the test in a folder of its own, which holds a list of accounts.
func inFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("accounts.csv", []byte("111122223333,shop-dev\n444455556666,data lab\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestInitAsks: what is wrong is said, and asked again; Enter takes what is offered.
func TestInitAsks(t *testing.T) {
	inFolder(t)
	answers := []struct{ says, hears string }{
		{"http://bridge.example.com", "write https; http is for loopback only"},
		{"https://bridge.example.com:8443", "IAM takes no port"},
		{"https://bridge.example.com/login", "without path"},
		{" Bridge.Example.com/ ", "Who signs your people in? One of okta,"},
		{"ping", `"ping": write one of okta, entra,`},
		{"Azure AD", "Protocol [saml]"},
		{"ldap", "write saml or oidc"},
		{"", "Your AWS accounts"},
		{"", "This one is needed."},
		{"gone.csv", "open gone.csv: no such file or directory"},
		{"1111222233,shop", `is it 001111222233?`},
		{"accounts.csv", "Write the Object Id of an Entra group"},
		{"7e6d5c4b-3a29-4180-8f7e-6d5c4b3a2918", "IAM role [ReadOnly]"},
		{"Read Only", "a role name has 1 to 64 of"},
		{"arn:aws:iam::aws:policy/ReadOnlyAccess", "is not the ARN of a role"},
		{"arn:aws:iam::111122223333:role/team/Auditor", "Region [us-east-1]"},
		{"moon-1", "is not an AWS region"},
		{"", "Reply URL (Assertion Consumer Service URL)"},
		{"", "The App Federation Metadata Url"},
		{"\x1b[Ahttps://login.example", "has characters that can't be printed"},
		{"login.example", "is neither an https URL nor file:PATH"},
		{"https://login.example/metadata?appid=1", ""},
	}
	var typed strings.Builder
	for _, answer := range answers {
		typed.WriteString(answer.says + "\n")
	}
	code, stdout, asked := runWith(typed.String(), "init", "--ask")
	if code != exitOK {
		t.Fatalf("init ends with %d\n%s", code, asked)
	}
	rest := asked
	for _, answer := range answers {
		_, after, said := strings.Cut(rest, answer.hears)
		if !said {
			t.Fatalf("%q is not answered with %q, but\n%s", answer.says, answer.hears, rest)
		}
		rest = after
	}
	if strings.Contains(asked, "\x1b") {
		t.Error("an escape sequence reaches the terminal")
	}
	if strings.Contains(stdout, "Reply URL") || !strings.Contains(stdout, `Note: gave names that rules and links can use: "data lab" is data-lab`) {
		t.Errorf("at the end:\n%s", stdout)
	}
	file, problems := config.Load("fedbridge.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if file.Server.URL != "https://bridge.example.com" || file.Roles[0].ARN != "arn:aws:iam::{account}:role/team/Auditor" || len(file.Accounts) != 2 {
		t.Errorf("%+v", file)
	}
}

// TestInitAsksEachProvider: the questions lead to a configuration, whoever signs people in, and flags answer some.
func TestInitAsksEachProvider(t *testing.T) {
	for name, c := range map[string]struct {
		answers string
		flags   []string
	}{
		"okta":     {"bridge.example.com,okta,,accounts.csv,aws,,,,example-admin.okta.com,example.okta.com/,client", nil},
		"keycloak": {"bridge.example.com,keycloak,oidc,111122223333;shop,aws,,,,https://sso.example.com/realms/staff,fedbridge", nil},
		"google":   {"bridge.example.com,google,,accounts.csv,ann@example.com,,,,example.com,1.apps.googleusercontent.com", nil},
		"adfs":     {"bridge.example.com,AD FS,accounts.csv,aws,,,,https://adfs.example.com/m", nil},
		"entra":    {"accounts.csv,aws,,,,example.onmicrosoft.com,0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d,client", []string{"--url", "bridge.example.com", "--idp", "entra", "--kind", "oidc"}},
		"oidc":     {",https://sso.example.com,client", append(initSaid(initIdPs[6], "oidc")[1:7], "--group", "aws", "--role", "A", "--region", "eu-west-1")},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			typed := strings.ReplaceAll(strings.ReplaceAll(c.answers, ",", "\n"), ";", ",") + "\n"
			code, _, asked := runWith(typed, append([]string{"init", "--ask"}, c.flags...)...)
			if code != exitOK {
				t.Fatalf("init ends with %d\n%s", code, asked)
			}
			if _, problems := config.Load("fedbridge.yaml"); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

// TestInitEndOfInput: the question that had no answer is named as a flag, and nothing is left.
func TestInitEndOfInput(t *testing.T) {
	inFolder(t)
	for typed, flag := range map[string]string{
		"": "--url", "bridge.example.com\nokta\noidc\n": "--accounts", "bridge.example.com\nadfs\naccounts.csv\naws\n\n\n\nhttps://a": "",
	} {
		code, _, stderr := runWith(typed, "init", "--ask")
		if flag == "" && code == exitOK { // a last line without an end is an answer
			os.Remove("fedbridge.yaml")
			continue
		}
		if code != exitUsage || !strings.Contains(stderr, "the input ended before "+flag+" was answered; nothing was written") {
			t.Errorf("after %q init ends with %d: %s", typed, code, stderr)
		}
		onlyAccounts(t)
	}
}

func onlyAccounts(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(".*")
	more, _ := filepath.Glob("*")
	if left = append(left, more...); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestInitSignal: as a process, too.
func TestInitSignal(t *testing.T) {
	binary, err := exec.LookPath("fedbridge")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t)
	asked := newTranscript()
	cmd := exec.Command(binary, "init", "--ask")
	cmd.Stderr = asked
	typing, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer typing.Close()
	if _, ok := asked.wait("Address: "); !ok {
		t.Errorf("asks %q", asked)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFault || !strings.Contains(asked.String(), "fedbridge: stopped; nothing was written\n") {
		t.Errorf("ends with %d, %v: %s", code, err, asked)
	}
	onlyAccounts(t)
}

// TestInitCtrlC: while a question waits, Ctrl-C ends it at once, and nothing is left.
func TestInitCtrlC(t *testing.T) {
	inFolder(t)
	stdin, typing := io.Pipe()
	t.Cleanup(func() { typing.Close() })
	questions, out := io.Pipe()
	ctx, ctrlC := context.WithCancel(t.Context())
	cmd := initCommand()
	cmd.SetArgs([]string{"--ask"})
	cmd.SetIn(stdin)
	cmd.SetOut(io.Discard)
	cmd.SetErr(out)
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.ExecuteContext(ctx)
		out.Close()
	}()
	asked := make(chan struct{}, 100)
	go func() {
		piece := make([]byte, 4096)
		for {
			n, err := questions.Read(piece)
			if strings.HasSuffix(string(piece[:n]), ": ") {
				asked <- struct{}{}
			}
			if err != nil {
				return
			}
		}
	}()
	for _, answer := range []string{"bridge.example.com\n", "adfs\n"} {
		<-asked
		if _, err := io.WriteString(typing, answer); err != nil {
			t.Fatal(err)
		}
	}
	<-asked
	ctrlC()
	select {
	case err := <-ended:
		if !errors.Is(err, errStopped) {
			t.Errorf("ends with %v", err)
		}
	case <-time.After(hangs):
		t.Fatal("init still waits for an answer")
	}
	onlyAccounts(t)
}
