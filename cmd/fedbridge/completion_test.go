package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestCompletionInShells: the shells themselves take the scripts, and fish completes with its own.
func TestCompletionInShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			path := need(t, shell, "to read its completion script")
			var script, errs bytes.Buffer
			if code := run([]string{"completion", shell}, nil, &script, &errs); code != exitOK {
				t.Fatal(code, errs.String())
			}
			file := writeFile(t, t.TempDir(), "completion", script.String())
			if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if shell != "fish" {
				return
			}
			ask := exec.Command(path, "--no-config", "-c", "source $argv[1]; complete -C 'fedbridge che'", file)
			out, err := ask.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), "check\tCheck a configuration") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
