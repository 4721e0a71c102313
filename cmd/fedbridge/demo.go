package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

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

func (f demoFlags) run(cmd *cobra.Command) error {
	dir, cleanUp, err := f.folder()
	if err != nil {
		return err
	}
	defer cleanUp()
	portal, err := takePort(f.listen)
	if err != nil {
		return err
	}
	defer portal.free()
	ops, err := takePort("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ops.free()
	url := "http://localhost:" + portal.number
	if f.tls {
		url = "https://localhost:" + portal.number
	}
	world, err := openDemoWorld(url)
	if err != nil {
		return err
	}
	defer world.close()
	path, err := f.writeConfig(dir, world, url, portal.address, ops.address)
	if err != nil {
		return err
	}
	file, err := loadTested(cmd.ErrOrStderr(), path)
	if err != nil {
		return err
	}
	logPath := filepath.Join(dir, "fedbridge.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	accounts := filepath.Join(dir, "accounts")
	if err := world.setUp(file); err != nil {
		return err
	}
	outside := config.Outside{Stdout: io.Discard, Log: newLog(logFile, "text"), Credentials: &world.credentials}
	portal.free()
	ops.free()
	return serve(cmd.Context(), file, outside, func(opened *config.World, _, ops net.Addr) error {
		if err := errors.Join(world.trustSAML(opened.Keys.Documents().Metadata), world.writeAccounts(accounts)); err != nil {
			return err
		}
		f.announce(cmd, demoReady{
			Portal: url, Ops: "http://" + ops.String(), OIDC: world.oidcServer.URL, SAML: world.samlServer.URL,
			STS: world.stsServer.URL, SignIn: world.signInServer.URL,
			Config: path, Accounts: accounts, Audit: filepath.Join(dir, "audit.jsonl"), Log: logPath, People: printedPeople(), Version: version(),
		})
		return nil
	})
}

func (f demoFlags) folder() (dir string, cleanUp func(), err error) {
	if f.dir != "" {
		dir, err = filepath.Abs(f.dir)
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err == nil {
			err = f.free(dir)
		}
		return dir, func() {}, err
	}
	dir, err = os.MkdirTemp("", "fedbridge-demo-")
	return dir, func() { os.RemoveAll(dir) }, err
}

// port is one that the configuration can name: nobody else gets it until it is free again.
type port struct {
	address, number string
	held            net.Listener
}

func (p port) free() { p.held.Close() }

// takePort settles on a port. The demo's passwords are public, so it listens on this machine alone.
func takePort(address string) (port, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return port{}, usagef("--listen %s: write an address and a port, such as 127.0.0.1:8080", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return port{}, usagef("--listen %s: the demo's passwords are public, so it listens on 127.0.0.1 only", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return port{}, err
	}
	_, number, err := net.SplitHostPort(l.Addr().String())
	return port{net.JoinHostPort(host, number), number, l}, err
}

func (f demoFlags) writeConfig(dir string, w *demoWorld, url, listen, opsListen string) (string, error) {
	secretPath := filepath.Join(dir, "client-secret")
	if err := os.WriteFile(secretPath, []byte(w.clientSecret+"\n"), 0o600); err != nil {
		return "", err
	}
	values := map[string]any{
		"URL": url, "Listen": listen, "OpsListen": opsListen, "TLS": f.tls,
		"Certificate": "file:" + filepath.Join(dir, "tls.crt"), "Key": "file:" + filepath.Join(dir, "tls.key"),
		"Store": "sqlite:" + filepath.Join(dir, "state.db"), "Audit": "file:" + filepath.Join(dir, "audit.jsonl"),
		"Keys": "file:" + filepath.Join(dir, "keys"),
		"STS":  w.stsServer.URL, "SignIn": w.signInServer.URL, "IAM": w.iamServer.URL, "SAMLMetadata": w.saml.MetadataURL(), "Issuer": w.oidc.Issuer(),
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

// demoMark begins a configuration that is the demo's own to write over.
const demoMark = "# Written by `fedbridge demo`."

// free refuses a folder whose configuration somebody else wrote, or a demo that still runs: its configuration, and what
// explain and check say of it, would become another's.
func (f demoFlags) free(dir string) error {
	path := filepath.Join(dir, "fedbridge.yaml")
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !strings.HasPrefix(string(text), demoMark):
		return usagef("--dir %s: %s is there and not of a demo; choose another folder", f.dir, path)
	}
	// Every start has other ports, so the old ones answer only if that demo still does.
	old, faults := config.Parse(path, text)
	if len(faults) > 0 {
		return nil
	}
	if conn, err := net.DialTimeout("tcp", old.Server.OpsListen, time.Second); err == nil {
		conn.Close()
		return usagef("--dir %s: the demo at %s runs there; end it, or choose another folder", f.dir, old.Server.URL)
	}
	return nil
}

// yamlQuote writes a double-quoted scalar; JSON's strings are YAML's.
func yamlQuote(s string) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}
