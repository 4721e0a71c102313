package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// demoReady is what --json prints.
type demoReady struct {
	Portal string `json:"portal"`
	Ops    string `json:"ops"`
	OIDC   string `json:"oidc"`
	SAML   string `json:"saml"`
	STS    string `json:"sts"`
	SignIn string `json:"signin"`
	Config string `json:"config"`
	// Accounts is a folder with what the AWS accounts hold, as the aws CLI prints it.
	Accounts string       `json:"accounts"`
	Audit    string       `json:"audit"`
	Log      string       `json:"log"`
	People   []demoPerson `json:"people"`
	Version  string       `json:"version"`
}

type demoPerson struct {
	Username string `json:"username"`
	Password string `json:"password"`
	About    string `json:"about"`
}

func printedPeople() []demoPerson {
	var people []demoPerson
	for _, p := range demoPeople {
		people = append(people, demoPerson{p.Username, p.Password, p.About})
	}
	return people
}

func (f demoFlags) announce(cmd *cobra.Command, ready demoReady) {
	out := cmd.OutOrStdout()
	if f.asJSON {
		json.NewEncoder(out).Encode(ready)
		return
	}
	io.WriteString(out, ready.welcome(ownCommand()))
	if !f.noBrowser {
		openBrowser(cmd.Context(), ready.Portal)
	}
}

// welcome is what people read; command is how they call fedbridge. Each line to try works when it is pasted into a shell.
func (ready demoReady) welcome(command string) string {
	var b strings.Builder
	curl := "curl -s"
	if strings.HasPrefix(ready.Portal, "https:") {
		curl += "k" // the certificate is nobody's
	}
	fmt.Fprintf(&b, "\n  fedbridge is ready.  Open  %s\n\n  Sign in with either provider as:\n\n", ready.Portal)
	for _, p := range ready.People {
		fmt.Fprintf(&b, "    %-6s %-11s %s\n", p.Username, p.Password, p.About)
	}
	fmt.Fprintf(&b, `
  Try next:

    browser  sign in as ada, open a console, look at "About me"; then as nora, and as leo
    CLI      take credentials in the browser, paste them into a shell, then
             AWS_ENDPOINT_URL_STS=%s aws sts get-caller-identity
    rules    echo '{"provider":"corp","groups":["aws-shop-dev-developer"]}' |
             %s explain --config %s --identity -
    trust    %s trust check --config %s --policies %s \
               --caller %s    # finds one thing, and how to mend it
    keys     %s keys list --config %s
    curl     %s -H 'Accept: application/json' %s/whoami
             curl -s %s/readyz
    audit    %s audit %s

  Configuration  %s
  Log            %s

  Ctrl-C ends it.
`, ready.STS, command, shellWord(ready.Config),
		command, shellWord(ready.Config), shellWord(ready.Accounts), demoBaseRole, command, shellWord(ready.Config), curl, ready.Portal, ready.Ops, command, shellWord(ready.Audit), ready.Config, ready.Log)
	return b.String()
}

// ownCommand is how this program was called: go run leaves no path that could be called again.
func ownCommand() string {
	if exe, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(exe), "/go-build") {
		return "go run ./cmd/fedbridge"
	}
	return shellWord(os.Args[0])
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// shellWord quotes what a POSIX shell would take apart.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// openBrowser opens the person's browser where there is one. Failing is no fault: the address was printed.
func openBrowser(ctx context.Context, url string) {
	var argv []string
	switch runtime.GOOS {
	case "darwin":
		argv = []string{"open", url}
	case "windows":
		argv = []string{"rundll32", "url.dll,FileProtocolHandler", url}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		argv = []string{"xdg-open", url}
	}
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if command.Start() == nil {
		go command.Wait()
	}
}
