package main

import (
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the commands as a shell would: each file in testdata/script is one story. Beside testscript's own words
// they have these:
//
//	closed NAME        sets NAME to an address of this machine at which nothing listens
//	taken NAME         sets NAME to an address of this machine at which somebody else listens
//	base64 FROM TO     encodes a file
//	certificate NAME   writes NAME.crt and NAME.key, a pair for this machine
//	fill FILE          puts the environment into a file: $NAME
func TestScripts(t *testing.T) {
	example := readFile(t, filepath.Join(repository, "fedbridge.example.yaml"))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return os.WriteFile(filepath.Join(env.WorkDir, "example.yaml"), []byte(example), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"closed": func(ts *testscript.TestScript, _ bool, args []string) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				ts.Check(err)
				ts.Check(l.Close())
				ts.Setenv(args[0], l.Addr().String())
			},
			"taken": func(ts *testscript.TestScript, _ bool, args []string) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				ts.Check(err)
				ts.Defer(func() { l.Close() })
				ts.Setenv(args[0], l.Addr().String())
			},
			"base64": func(ts *testscript.TestScript, _ bool, args []string) {
				text := base64.StdEncoding.EncodeToString([]byte(ts.ReadFile(args[0])))
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
			},
			"certificate": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(writeSelfSigned(ts.MkAbs(args[0]+".crt"), ts.MkAbs(args[0]+".key")))
			},
			"fill": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					text := os.Expand(ts.ReadFile(name), func(key string) string {
						if value := ts.Getenv(key); value != "" {
							return value
						}
						return "$" + key
					})
					ts.Check(os.WriteFile(ts.MkAbs(name), []byte(strings.TrimLeft(text, "\n")), 0o600))
				}
			},
		},
	})
}
