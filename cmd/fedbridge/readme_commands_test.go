package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers/operator"
	"github.com/fedbridge/fedbridge/idp"
)

// walked are the blocks that TestReadmeCommands runs, in the order of README.
var walked = []string{
	"two-commands", "demo", "demo-files", "install", "certificate", "signing", "secret", "check", "check-online", "systemd", "docker", "bench",
}

// stand-ins for what must not, or can't, be done for real. Each writes down how it was called: NUL after every argument,
// one NUL more after the last. What goes to files below file:// is written down itself.
const (
	noteCall = `#!/bin/sh
{
  printf '%s\0' "${0##*/}" "$IAM_ACCOUNT"
  for a in "$@"; do
    case $a in file://*) printf '%s\0' "$(cat "${a#file://}")" ;; *) printf '%s\0' "$a" ;; esac
  done
  printf '\0'
} >>"$CALLS"
`
	// sudo does it without, install leaves the owners out, go run is the program that is tested.
	sudoStandIn    = "while [ \"${1#-}\" != \"$1\" ]; do shift 2; done\nexec \"$@\"\n"
	installStandIn = "PATH=${PATH#*:}\nmode=; folder=\nwhile :; do case $1 in -d) folder=-d; shift ;; -m) mode=$2; shift 2 ;; -o|-g) shift 2 ;; *) break ;; esac; done\n" +
		"exec install $folder -m \"$mode\" \"$@\"\n"
	goStandIn   = "[ \"$1 $2\" = 'run ./cmd/fedbridge' ] || exit 97\nshift 2\n[ \"$1\" = demo ] && exit 0\nexec fedbridge \"$@\"\n"
	makeStandIn = "PATH=${PATH#*:}\nexec make -C \"$REPOSITORY\" -n \"$@\" >/dev/null\n"
	curlStandIn = "for a in \"$@\"; do case $last in *o) cp \"$METADATA\" \"$a\" ;; esac; last=$a; done\n"
)

// shell is a machine as README's reader has it: a folder to work in, and a root with etc, usr and var.
type shell struct {
	t          testing.TB
	root, work string
	calls      string
	env        []string
}

func newShell(t testing.TB) *shell {
	t.Helper()
	s := &shell{t: t, root: t.TempDir(), work: t.TempDir()}
	s.calls = filepath.Join(s.root, "calls")
	bin := filepath.Join(s.root, "stand-ins")
	for _, dir := range []string{bin, s.root + "/etc/systemd/system", s.root + "/etc/logrotate.d", s.root + "/usr/local/bin", s.root + "/var/lib"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, does := range map[string]string{
		"sudo": sudoStandIn, "install": installStandIn, "go": goStandIn, "make": makeStandIn, "curl": curlStandIn,
		"aws": "", "useradd": "", "systemctl": "", "docker": "",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(noteCall+does), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	absolute, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+s.calls, "REPOSITORY="+absolute)
	return s
}

// placed puts what README says of the root of a machine below the root of this one.
func (s *shell) placed(text string) string {
	return regexp.MustCompile(`(/etc|/usr/local|/var)/`).ReplaceAllString(text, s.root+"$1/")
}

// run runs a block and gives what it printed. Every command must succeed.
func (s *shell) run(shell string, b block) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*hangs)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, "-c", "set -eu\n"+s.placed(b.text))
	cmd.Dir, cmd.Env = s.work, append(slices.Clone(s.env), "IAM_ACCOUNT="+b.account)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s\n%s", b.name, err, b.text, out)
	}
	return strings.ReplaceAll(string(out), s.root, "")
}

// called gives, and forgets, how stand-ins were called: name, account, arguments.
func (s *shell) called() (calls [][]string) {
	s.t.Helper()
	text := readFile(s.t, s.calls)
	if err := os.Truncate(s.calls, 0); err != nil {
		s.t.Fatal(err)
	}
	for call := range strings.SplitSeq(strings.TrimSuffix(text, "\x00\x00"), "\x00\x00") {
		calls = append(calls, strings.Split(call, "\x00"))
	}
	return calls
}

func (s *shell) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// TestReadmeCommands does what a newcomer does, block by block, and ends with the service running.
func TestReadmeCommands(t *testing.T) {
	bash := need(t, "bash", "a shell to run README's commands")
	need(t, "make", "make")
	s := newShell(t)
	do := func(name string) string { return s.run(bash, readmeBlock(t, "sh", name)) }

	do("two-commands")
	startDemo(t, "--dir", filepath.Join(s.work, "demo")) // the next block does so on a port that may be taken here
	do("demo")
	if out := do("demo-files"); !strings.Contains(out, "no faults: 2 providers") || !strings.Contains(out, "4 tests passed") || !strings.Contains(out, "WHAT") {
		t.Errorf("demo-files prints\n%s", out)
	}

	s.write(s.mkdir("dist")+"/fedbridge", "")
	s.link("deploy")
	do("install")
	if err := writeSelfSigned(filepath.Join(s.work, "tls.crt"), filepath.Join(s.work, "tls.key"), "bridge.example.com"); err != nil {
		t.Fatal(err)
	}
	s.write(filepath.Join(s.work, "staff.secret"), "a secret\n")
	do("certificate")
	need(t, "openssl", "openssl, to make a key")
	do("signing")
	do("secret")

	saml := readmeBlock(t, "file", "saml").text
	s.write(filepath.Join(s.work, "fedbridge.yaml"), saml)
	printed := do("check")
	out := readmeBlock(t, "out", "check")
	keep(t, out.from, out.to, printed)

	local := newLocalAWS(t)
	ops := local.write(s, saml)
	s.env = append(s.env, local.env...)
	printed = do("check-online")
	out = readmeBlock(t, "out", "check-online")
	keep(t, out.from, out.to, printed)

	do("systemd")
	startServe(t, s.root+"/etc/fedbridge/fedbridge.yaml", local.env...)
	checkReady(t, "http://"+ops)
	do("docker")
	do("bench")
}

func (s *shell) mkdir(name string) string {
	s.t.Helper()
	path := filepath.Join(s.work, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *shell) link(name string) {
	s.t.Helper()
	absolute, err := filepath.Abs(filepath.Join(repository, name))
	if err == nil {
		err = os.Symlink(absolute, filepath.Join(s.work, name))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func checkReady(t testing.TB, ops string) {
	t.Helper()
	answer, err := http.Get(ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("/readyz: %d %s %v", answer.StatusCode, body, err)
	}
}

var commandRow = regexp.MustCompile("(?m)^\\| `fedbridge (\\w+)` \\| (.*) \\|$")

// TestReadmeCommandTable: each command has a row, and each flag that the row names is one.
func TestReadmeCommandTable(t *testing.T) {
	root := rootCommand()
	root.InitDefaultCompletionCmd()
	missing := map[string]*cobra.Command{}
	for _, c := range root.Commands() {
		missing[c.Name()] = c
	}
	for _, row := range commandRow.FindAllStringSubmatch(readFile(t, readmePath), -1) {
		c := missing[row[1]]
		if c == nil {
			t.Errorf("README has a row for %q, which is no command, or has it twice", row[1])
			continue
		}
		delete(missing, row[1])
		for _, name := range regexp.MustCompile("`--([\\w-]+)`").FindAllStringSubmatch(row[2], -1) {
			if c.Flags().Lookup(name[1]) == nil {
				t.Errorf("fedbridge %s has no flag --%s", row[1], name[1])
			}
		}
	}
	for name := range missing {
		t.Errorf("README has no row for fedbridge %s", name)
	}
}

// TestReadmeMetrics: the table names every metric, with its labels.
func TestReadmeMetrics(t *testing.T) {
	named := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(fedbridge_\\w+)` \\| (.*?) ?\\| ").FindAllStringSubmatch(readFile(t, readmePath), -1) {
		labels := strings.Split(strings.NewReplacer("`", "", " ", "").Replace(row[2]), ",")
		slices.Sort(labels)
		named[row[1]] = strings.Join(labels, ",")
	}
	for name, labels := range scrape(t) {
		if named[name] != labels {
			t.Errorf("%s: labels %q, README has %q", name, labels, named[name])
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("README names %s, which isn't there", name)
	}
}

type silentAudit struct{}

func (silentAudit) Record(context.Context, bridge.AuditEvent) error { return nil }

type refreshed struct{ idp.IdentityProvider }

func (refreshed) Info() idp.Info                { return idp.Info{Name: "corp"} }
func (refreshed) Refresh(context.Context) error { return nil }
func (refreshed) Status() idp.Status            { return idp.Status{Ready: true, Fetched: time.Now()} }

// scrape uses every metric once, and gives their names with their labels.
func scrape(t *testing.T) map[string]string {
	t.Helper()
	m := operator.NewMetrics("test")
	m.Providers([]idp.IdentityProvider{refreshed{}})
	m.Request("GET /{$}", 200, "", time.Second)
	log := m.Audit(silentAudit{})
	for _, kind := range []bridge.AuditKind{bridge.AuditSignIn, bridge.AuditOutcome} {
		if err := log.Record(t.Context(), bridge.AuditEvent{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = m.STS(noSTS{}).Exchange(t.Context(), bridge.ExchangeRequest{})
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	found := map[string]string{}
	sample := regexp.MustCompile(`(?m)^(fedbridge_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? `)
	for _, line := range sample.FindAllStringSubmatch(answer.Body.String(), -1) {
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(line[2], -1) {
			if label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		slices.Sort(labels)
		found[line[1]] = strings.Join(labels, ",")
	}
	return found
}

type noSTS struct{ bridge.STSExchanger }

func (noSTS) Exchange(context.Context, bridge.ExchangeRequest) (bridge.Credentials, error) {
	return bridge.Credentials{}, nil
}
