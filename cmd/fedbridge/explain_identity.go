package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
)

// maxAnswer is the largest file that explain reads.
const maxAnswer = 1 << 20

func (f explainFlags) readIdentity(stdin io.Reader, file *config.File) (bridge.Identity, error) {
	given := 0
	for _, s := range []string{f.identity, f.saml, f.token} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return bridge.Identity{}, usagef("name one of --identity, --saml-response and --id-token")
	}
	switch {
	case f.saml != "":
		return f.fromAnswer(stdin, file, f.saml, idp.KindSAML)
	case f.token != "":
		return f.fromAnswer(stdin, file, f.token, idp.KindOIDC)
	}
	text, err := readInput(stdin, f.identity)
	if err != nil {
		return bridge.Identity{}, err
	}
	id, err := decodeIdentity(text)
	if err != nil {
		return bridge.Identity{}, fmt.Errorf("%s: %w", f.identity, err)
	}
	if f.provider != "" {
		id.Provider = f.provider
	}
	switch {
	case id.Provider == "":
		return bridge.Identity{}, fmt.Errorf("%s: whose identity? Write \"provider\" into it, or --provider; configured are %s", f.identity, providerNames(file))
	case providerNamed(file, id.Provider) == nil:
		return bridge.Identity{}, fmt.Errorf("%s: provider %q is not configured; configured are %s", f.identity, id.Provider, providerNames(file))
	}
	return id, nil
}

// decodeIdentity reads JSON as the tests of a configuration have it.
func decodeIdentity(text []byte) (bridge.Identity, error) {
	var id bridge.Identity
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&id)
	if err == nil {
		if _, err := decoder.Token(); err != io.EOF {
			return bridge.Identity{}, errors.New("there is more after the identity")
		}
		return id, nil
	}
	const form = `write JSON such as {"provider": "corp", "groups": ["dev"], "claims": {"status": ["active"]}}`
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := cmp.Or(wrong.Field, "an identity")
		return bridge.Identity{}, fmt.Errorf("%s can't be a JSON %s; %s", field, wrong.Value, form)
	}
	return bridge.Identity{}, fmt.Errorf("not an identity (%s); %s", strings.TrimPrefix(err.Error(), "json: "), form)
}

func (f explainFlags) fromAnswer(stdin io.Reader, file *config.File, path string, kind idp.Kind) (bridge.Identity, error) {
	var found []config.Provider
	for _, p := range file.Providers {
		if p.Common.Kind == kind && (f.provider == "" || f.provider == p.Common.Name) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0:
		return bridge.Identity{}, usagef("no provider of kind %s%s is configured; configured are %s", kind, called(f.provider), providerNames(file))
	case len(found) > 1:
		return bridge.Identity{}, usagef("several providers are of kind %s: name one with --provider; configured are %s", kind, providerNames(file))
	}
	text, err := readInput(stdin, path)
	if err != nil {
		return bridge.Identity{}, err
	}
	reader, ok := found[0].Opener.(idp.UnverifiedReader)
	if !ok {
		return bridge.Identity{}, fmt.Errorf("answers of kind %s can't be read from a file", kind)
	}
	id, err := reader.InsecureReadUnverified(bytes.TrimSpace(text))
	if err != nil {
		code, notice, _ := bridge.Explain(err)
		if code == bridge.CodeAnswerMalformed { // whose remedy is for people in a browser
			return bridge.Identity{}, fmt.Errorf("%s: %w", path, err)
		}
		return bridge.Identity{}, fmt.Errorf("%s: %w\n%s", path, err, notice.Remedy)
	}
	return id, nil
}

func called(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" called %q", name)
}

func readInput(stdin io.Reader, path string) ([]byte, error) {
	from := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = fmt.Errorf("%s: larger than %d KiB", path, maxAnswer>>10)
	}
	return text, err
}

func providerNamed(file *config.File, name string) *config.Provider {
	for i, p := range file.Providers {
		if p.Common.Name == name {
			return &file.Providers[i]
		}
	}
	return nil
}

func providerNames(file *config.File) string {
	var names []string
	for _, p := range file.Providers {
		names = append(names, p.Common.Name)
	}
	return strings.Join(names, ", ")
}
