package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"

	_ "embed"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/config"
)

//go:embed demo.yaml.tmpl
var demoTemplate string

type demoFlags struct {
	listen, dir    string
	noBrowser, tls bool
	asJSON         bool
}

func demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on this machine: two identity providers, an AWS, and fedbridge",
		Long: `demo needs nothing: no AWS account, no identity provider, no configuration. It starts on loopback an OIDC provider, a
SAML identity provider, an AWS (STS and console sign-in), and fedbridge as serve runs it, with a configuration that it
writes and names. It ends on Ctrl-C and leaves nothing behind, unless --dir says where to keep things.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address and port of the portal; port 0 takes a free one")
	cmd.Flags().StringVar(&f.dir, "dir", "", "folder for configuration, state and logs; kept at the end (default: a temporary one, removed)")
	cmd.Flags().BoolVar(&f.noBrowser, "no-browser", false, "don't open the browser")
	cmd.Flags().BoolVar(&f.tls, "tls", false, "https with a self-signed certificate, for browsers that keep secure cookies for https only")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object on stdout when ready, for scripts; implies --no-browser")
	return cmd
}

// demoReady is what --json prints.
type demoReady struct {
	Portal  string       `json:"portal"`
	Ops     string       `json:"ops"`
	OIDC    string       `json:"oidc"`
	SAML    string       `json:"saml"`
	STS     string       `json:"sts"`
	SignIn  string       `json:"signin"`
	Config  string       `json:"config"`
	Audit   string       `json:"audit"`
	Log     string       `json:"log"`
	People  []demoPerson `json:"people"`
	Version string       `json:"version"`
}

type demoPerson struct {
	Username string `json:"username"`
	Password string `json:"password"`
	About    string `json:"about"`
}

func (f demoFlags) run(cmd *cobra.Command) error {
	dir, cleanUp, err := f.folder()
	if err != nil {
		return err
	}
	defer cleanUp()
	host, port, err := loopbackPort(f.listen)
	if err != nil {
		return err
	}
	url := "http://localhost:" + port
	if f.tls {
		url = "https://localhost:" + port
	}
	world, err := openDemoWorld(url)
	if err != nil {
		return err
	}
	defer world.close()
	path, err := f.writeConfig(dir, world, url, net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	file, err := load(cmd.ErrOrStderr(), path)
	if err != nil {
		return err
	}
	if failures := runTests(file); len(failures) > 0 {
		printFailures(cmd.ErrOrStderr(), failures)
		return exitError{exitFault}
	}
	logPath := filepath.Join(dir, "fedbridge.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	outside := config.Outside{Stdout: io.Discard, Log: newLog(logFile, "text"), Credentials: &world.credentials}
	return serve(cmd.Context(), file, outside, func(_, ops net.Addr) {
		f.announce(cmd, demoReady{
			Portal: url, Ops: "http://" + ops.String(), OIDC: world.oidcServer.URL, SAML: world.samlServer.URL,
			STS: world.stsServer.URL, SignIn: world.signInServer.URL,
			Config: path, Audit: filepath.Join(dir, "audit.jsonl"), Log: logPath, People: printedPeople(), Version: version(),
		})
	})
}

func (f demoFlags) folder() (dir string, cleanUp func(), err error) {
	if f.dir != "" {
		dir, err = filepath.Abs(f.dir)
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		return dir, func() {}, err
	}
	dir, err = os.MkdirTemp("", "fedbridge-demo-")
	return dir, func() { os.RemoveAll(dir) }, err
}

// loopbackPort settles on a port, so that the configuration can name it. The demo's passwords are public, so it listens
// on this machine alone.
func loopbackPort(address string) (host, port string, err error) {
	host, _, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", usagef("--listen %s: write an address and a port, such as 127.0.0.1:8080", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", "", usagef("--listen %s: the demo's passwords are public, so it listens on 127.0.0.1 only", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return host, port, err
}

func (f demoFlags) writeConfig(dir string, w *demoWorld, url, listen string) (string, error) {
	opsHost, opsPort, err := loopbackPort("127.0.0.1:0")
	if err != nil {
		return "", err
	}
	secretPath := filepath.Join(dir, "client-secret")
	if err := os.WriteFile(secretPath, []byte(w.clientSecret+"\n"), 0o600); err != nil {
		return "", err
	}
	values := map[string]any{
		"URL": url, "Listen": listen, "OpsListen": net.JoinHostPort(opsHost, opsPort), "TLS": f.tls,
		"Certificate": "file:" + filepath.Join(dir, "tls.crt"), "Key": "file:" + filepath.Join(dir, "tls.key"),
		"Store": "sqlite:" + filepath.Join(dir, "state.db"), "Audit": "file:" + filepath.Join(dir, "audit.jsonl"),
		"STS": w.stsServer.URL, "SignIn": w.signInServer.URL, "SAMLMetadata": w.saml.MetadataURL(), "Issuer": w.oidc.Issuer(),
		"ClientID": demoClientID, "ClientSecret": "file:" + secretPath, "ExternalID": demoExternalID,
	}
	if f.tls {
		if err := writeSelfSigned(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")); err != nil {
			return "", err
		}
	}
	page, err := template.New("demo").Funcs(template.FuncMap{"q": yamlQuote}).Parse(demoTemplate)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	if err := page.Execute(&text, values); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "fedbridge.yaml")
	return path, os.WriteFile(path, []byte(text.String()), 0o600)
}

// yamlQuote writes a double-quoted scalar; JSON's strings are YAML's.
func yamlQuote(s string) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
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
	var b strings.Builder
	fmt.Fprintf(&b, "\n  fedbridge is ready.  Open  %s\n\n  Sign in with either provider as:\n\n", ready.Portal)
	for _, p := range ready.People {
		fmt.Fprintf(&b, "    %-6s %-11s %s\n", p.Username, p.Password, p.About)
	}
	fmt.Fprintf(&b, `
  Try next:

    browser  sign in as ada, open a console, then "Why these roles?"; then as nora and as leo
    CLI      take credentials in the browser, paste them into a shell, then
             AWS_ENDPOINT_URL_STS=%s AWS_REGION=us-east-1 aws sts get-caller-identity
    rules    echo '{"provider":"corp","groups":["aws-shop-dev-developer"]}' |
             go run ./cmd/fedbridge explain --config %s --identity -
    curl     curl -s %s/readyz
    audit    go run ./cmd/fedbridge audit %s

  Configuration  %s
  Log            %s

  Ctrl-C ends it.
`, ready.STS, ready.Config, ready.Ops, ready.Audit, ready.Config, ready.Log)
	io.WriteString(out, b.String())
	if !f.noBrowser {
		openBrowser(cmd.Context(), ready.Portal)
	}
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
