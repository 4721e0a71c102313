package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

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
		Long: `explain holds an identity against the rules: which rule gave or refused what, and which clause failed. For a role that is
given it tells how AWS would be asked, and what of the identity would go into the session.

The identity is JSON as the tests in the configuration have it ({"provider": "corp", "groups": ["dev"], "claims": {…}}),
or comes out of a SAML response (XML, or base64 as it was posted) or an ID token (as issued, or its decoded payload).
Nothing is verified: the file is believed. "-" reads standard input.`,
		Example: `  echo '{"provider": "corp", "groups": ["dev"]}' | fedbridge explain --config fedbridge.yaml --identity -
  fedbridge explain --config fedbridge.yaml --saml-response response.xml --role shop-prod/admin`,
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
			return usagef("no role %q is configured; configured are %s", f.role, roleNames(rules.Roles()))
		}
	}
	if f.asJSON {
		return explainJSON(cmd.OutOrStdout(), id, rules, roles)
	}
	return explainText(cmd.OutOrStdout(), id, rules, roles)
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

// explainedRole is one role as --json prints it.
type explainedRole struct {
	Role    string                 `json:"role"`    // account/role, as rules call it
	Account string                 `json:"account"` // its id
	ARN     string                 `json:"arn"`
	Allowed bool                   `json:"allowed"`
	Reason  string                 `json:"reason"`
	Session *explainedSession      `json:"session,omitempty"` // of a role that is given
	Rules   []bridge.RuleReasoning `json:"rules"`
}

func explainJSON(w io.Writer, id bridge.Identity, rules *policy.Policy, roles []bridge.Role) error {
	out := struct {
		Identity bridge.Identity `json:"identity"`
		Roles    []explainedRole `json:"roles"`
	}{Identity: id}
	for _, r := range roles {
		e := rules.Explain(id, r.Key)
		role := explainedRole{
			Role: r.Account.Name + "/" + r.Key.Name, Account: r.Account.ID, ARN: r.ARN.String(),
			Allowed: e.Allowed, Reason: e.Reason, Rules: e.Rules,
		}
		if e.Allowed {
			role.Session = explainSession(id, rules, r)
		}
		out.Roles = append(out.Roles, role)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func roleNames(roles []bridge.Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, r.Account.Name+"/"+r.Key.Name)
	}
	return strings.Join(names, ", ")
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
		if e.Allowed {
			for _, line := range explainSession(id, rules, r).lines() {
				fmt.Fprintf(&b, "       %s\n", printable(line))
			}
		}
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
