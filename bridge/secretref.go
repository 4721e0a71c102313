package bridge

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// SecretRef says where a secret is, so that the configuration that holds it can go into a bug report: env:NAME or
// file:PATH.
type SecretRef string

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check tells what is wrong with the reference, without following it; "" if nothing is.
func (r SecretRef) Check() string {
	switch {
	case r == "":
		return ""
	case strings.HasPrefix(string(r), "env:"):
		if !envName.MatchString(string(r)[4:]) {
			return "env: needs the name of an environment variable: env:NAME"
		}
		return ""
	case strings.HasPrefix(string(r), "file:"):
		if len(r) == len("file:") {
			return "file: needs a path: file:/etc/fedbridge/secret"
		}
		return ""
	}
	return "a secret is not written into the configuration: put it into an environment variable or a file, and write env:NAME or file:PATH"
}

// Resolve follows the reference. One trailing line end of a file is dropped. An empty secret is an error.
func (r SecretRef) Resolve() (Secret, error) {
	if r == "" {
		return Secret{}, nil
	}
	if problem := r.Check(); problem != "" {
		return Secret{}, fmt.Errorf("%s", problem)
	}
	if name, ok := strings.CutPrefix(string(r), "env:"); ok {
		value := os.Getenv(name)
		if value == "" {
			return Secret{}, fmt.Errorf("environment variable %s is not set", name)
		}
		return NewSecret(value), nil
	}
	raw, err := os.ReadFile(strings.TrimPrefix(string(r), "file:"))
	if err != nil {
		return Secret{}, err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if value == "" {
		return Secret{}, fmt.Errorf("%s is empty", strings.TrimPrefix(string(r), "file:"))
	}
	return NewSecret(value), nil
}
