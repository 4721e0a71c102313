package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
)

// maxAnswer is the largest file that explain reads.
const maxAnswer = 1 << 20

type explainFlags struct {
	config, identity, saml, token string
	provider, role                string
	asJSON                        bool
}

func explainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain --config FILE (--identity FILE | --saml-response FILE | --id-token FILE)",
		Short: "Tell which rules give or refuse roles to an identity, and why",
		Long: `explain holds an identity against the rules: which rule gave or refused what, and which clause failed.

The identity is JSON as the tests in the configuration have it ({"provider": "corp", "groups": ["dev"], "claims": {…}}),
or comes out of a SAML response (XML, or base64 as it was posted) or an ID token (as issued, or its decoded payload).
Nothing is verified: the file is believed. "-" reads standard input.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	configFlag(cmd, &f.config)
	cmd.Flags().StringVar(&f.identity, "identity", "", "file with an identity as JSON")
	cmd.Flags().StringVar(&f.saml, "saml-response", "", "file with a SAML response")
	cmd.Flags().StringVar(&f.token, "id-token", "", "file with an ID token")
	cmd.Flags().StringVar(&f.provider, "provider", "", "the provider whose answer the file is; needed when several are of its kind")
	cmd.Flags().StringVar(&f.role, "role", "", "only this role (account/role)")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

func (f explainFlags) run(cmd *cobra.Command) error {
	path, err := configPath(f.config, nil)
	if err != nil {
		return err
	}
	file, err := load(cmd.ErrOrStderr(), path)
	if err != nil {
		return err
	}
	id, err := f.readIdentity(cmd.InOrStdin(), file)
	if err != nil {
		return err
	}
	if answer := f.saml + f.token; answer != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "UNVERIFIED: signature, audience and times of %s were not checked. At a sign-in they are.\n", answer)
	}
	rules, _ := file.Policy()
	roles := rules.Roles()
	if f.role != "" {
		if roles = matching(roles, f.role); len(roles) == 0 {
			return usagef("no role %q is configured; write account/role", f.role)
		}
	}
	if f.asJSON {
		return explainJSON(cmd.OutOrStdout(), id, rules, roles)
	}
	return explainText(cmd.OutOrStdout(), id, rules, roles)
}

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
	var id bridge.Identity
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&id); err != nil {
		return bridge.Identity{}, fmt.Errorf("%s: not an identity: %w", f.identity, err)
	}
	if f.provider != "" {
		id.Provider = f.provider
	}
	if providerNamed(file, id.Provider) == nil {
		return bridge.Identity{}, fmt.Errorf("%s: provider %q is not configured; configured are %s", f.identity, id.Provider, providerNames(file))
	}
	return id, nil
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
		return bridge.Identity{}, usagef("no provider of kind %s and this name is configured; configured are %s", kind, providerNames(file))
	case len(found) > 1:
		return bridge.Identity{}, usagef("several providers are of kind %s: name one with --provider", kind)
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

// matching finds roles by account/role; the account by name or id.
func matching(roles []bridge.Role, want string) []bridge.Role {
	account, name, ok := strings.Cut(want, "/")
	var found []bridge.Role
	for _, r := range roles {
		if ok && r.Key.Name == name && (r.Account.Name == account || r.Account.ID == account) || !ok && r.Key.Name == want {
			found = append(found, r)
		}
	}
	return found
}

func explainJSON(w io.Writer, id bridge.Identity, rules *policy.Policy, roles []bridge.Role) error {
	out := struct {
		Identity bridge.Identity      `json:"identity"`
		Roles    []bridge.Explanation `json:"roles"`
	}{Identity: id, Roles: []bridge.Explanation{}}
	for _, r := range roles {
		out.Roles = append(out.Roles, rules.Explain(id, r.Key))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func explainText(w io.Writer, id bridge.Identity, rules *policy.Policy, roles []bridge.Role) error {
	var b strings.Builder
	fmt.Fprintf(&b, "identity: provider %s, subject %q", id.Provider, id.Subject)
	if id.Email != "" {
		fmt.Fprintf(&b, ", e-mail %s", printable(id.Email))
	}
	fmt.Fprintf(&b, ", groups [%s]\n", printable(strings.Join(id.Groups, ", ")))
	if len(id.Skipped) > 0 {
		fmt.Fprintf(&b, "left out, because they could not be read as text: %s\n", printable(strings.Join(id.Skipped, ", ")))
	}
	for _, r := range roles {
		e := rules.Explain(id, r.Key)
		verdict := "no  "
		if e.Allowed {
			verdict = "yes "
		}
		fmt.Fprintf(&b, "\n%s %s/%s: %s\n", verdict, r.Account.Name, r.Key.Name, printable(e.Reason))
		for _, rule := range e.Rules {
			kind, held := "gives", "doesn't match"
			if rule.Deny {
				kind = "denies"
			}
			if rule.Matched {
				held = "matches"
			}
			fmt.Fprintf(&b, "       rule %q (%s it): %s\n", rule.Rule, kind, held)
			for _, c := range rule.Clauses {
				mark := "-"
				if c.Held {
					mark = "+"
				}
				fmt.Fprintf(&b, "         %s %s", mark, printable(c.Clause))
				if c.Detail != "" {
					fmt.Fprintf(&b, "  (%s)", printable(c.Detail))
				}
				b.WriteString("\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
