package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// need finds a command, or a file by its path, without which a test can't run. Where it is missing the test is skipped and
// says what would be needed; with FEDBRIDGE_TEST_REQUIRE=all it fails, so that a CI which lacks something is red.
func need(t testing.TB, commandOrPath, what string) string {
	t.Helper()
	if strings.Contains(commandOrPath, "/") {
		if _, err := os.Stat(commandOrPath); err == nil {
			return commandOrPath
		}
	} else if path, err := exec.LookPath(commandOrPath); err == nil {
		return path
	}
	if os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all" {
		t.Fatalf("%s is not here: %s (FEDBRIDGE_TEST_REQUIRE=all); `make deps` installs it", commandOrPath, what)
	}
	t.Skipf("SKIPPED: needs %s, %s; `make deps` installs it", commandOrPath, what)
	return ""
}
