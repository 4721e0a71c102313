package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestInitTrustCommands: what init says to run in AWS can be run as it stands, for one account, for several, and for two
// partitions; and nothing else is said than what there is.
func TestInitTrustCommands(t *testing.T) {
	for name, c := range map[string]struct {
		accounts []string
		commands int
	}{
		"one":        {[]string{"111122223333,shop"}, 3},
		"several":    {[]string{"111122223333,shop", "444455556666,data"}, 3},
		"two worlds": {[]string{"id,name,partition", "111122223333,shop,aws", "444455556666,data,aws-us-gov"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fedbridge.yaml")
			args := []string{"init", "--json", "--url", "bridge.example.com", "--idp", "adfs", "--metadata", "https://adfs.example.com/m", "--group", "aws", "--out", path}
			for _, line := range c.accounts {
				args = append(args, "--account", line)
			}
			code, stdout, stderr := runCommand(args...)
			var said initNext
			if err := json.Unmarshal([]byte(stdout), &said); code != exitOK || err != nil {
				t.Fatal(code, stderr, err)
			}
			ran := 0
			for _, step := range said.Next {
				for _, line := range step.Run {
					command, _, _ := strings.Cut(line, " > ")
					words := strings.Fields(command)
					if words[0] != "fedbridge" {
						continue
					}
					code, stdout, stderr := runCommand(words[1:]...)
					if code != exitOK || !strings.Contains(stdout, "bridge.example.com:aud") {
						t.Errorf("%s ends with %d\n%s%s", line, code, stdout, stderr)
					}
					ran++
				}
			}
			if ran != c.commands {
				t.Errorf("%d commands were run, want %d: %v", ran, c.commands, said.Next)
			}
		})
	}
}
