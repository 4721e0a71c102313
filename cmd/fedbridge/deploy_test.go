package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const unitPath = repository + "/deploy/fedbridge.service"

var unitLine = regexp.MustCompile(`^(?:#.*|\[(?:Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*|)$`)

// TestUnit: systemd takes the unit, its command line is one of ours, and it agrees with README and the log rotation.
func TestUnit(t *testing.T) {
	unit := readFile(t, unitPath)
	settings := map[string]string{}
	for line := range strings.SplitSeq(unit, "\n") {
		if !unitLine.MatchString(line) {
			t.Errorf("not a line of a unit: %q", line)
		}
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			settings[key] = value
		}
	}
	command := strings.Fields(settings["ExecStart"])
	if len(command) < 2 || !strings.Contains(readmeBlock(t, "sh", "install").text, " "+command[0]+"\n") {
		t.Fatalf("README installs another binary than %q", settings["ExecStart"])
	}
	serve, args, err := rootCommand().Find(command[1:])
	if err != nil || serve.ParseFlags(args) != nil || len(serve.Flags().Args()) > 0 || serve.Name() != "serve" {
		t.Errorf("ExecStart=%s: %v", settings["ExecStart"], err)
	}
	if file := serve.Flags().Lookup("config").Value.String(); !strings.Contains(readmeBlock(t, "sh", "check-online").text, " "+file+"\n") {
		t.Errorf("README installs another configuration than %s", file)
	}
	example := readmeBlock(t, "file", "saml").text
	for key, folder := range map[string]string{"StateDirectory": "/var/lib/", "LogsDirectory": "/var/log/"} {
		if path := folder + settings[key] + "/"; !strings.Contains(example, path) {
			t.Errorf("README's configuration writes nothing into %s", path)
		}
	}
	rotated := regexp.MustCompile(`(?m)^(/\S+) \{$`).FindStringSubmatch(readFile(t, repository+"/deploy/fedbridge.logrotate"))
	if rotated == nil || !strings.Contains(example, "file:"+rotated[1]) {
		t.Errorf("log rotation is for %q", rotated)
	}
	verifyUnit(t, unit, command[0])
}

// verifyUnit asks systemd itself, where it is. It wants a binary that is there.
func verifyUnit(t *testing.T, unit, binary string) {
	t.Helper()
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // the form was checked above
	}
	ours, err := exec.LookPath("fedbridge")
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, t.TempDir(), "fedbridge.service", strings.ReplaceAll(unit, binary, ours))
	if out, err := exec.CommandContext(t.Context(), verify, "verify", "--man=no", path).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
