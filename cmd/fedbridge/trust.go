package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

func trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "See whether AWS will let fedbridge in, and print what accounts must hold",
		Long: `trust is about the other half of the configuration, which is in the AWS accounts: IAM roles with their trust policies, and
IAM identity providers. check tells what is wrong there and how to mend it; policy, terraform and cloudformation print
what must be there.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(trustCheckCommand(), trustPolicyCommand(), trustTerraformCommand(), trustCloudFormationCommand())
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

// trustRoles says which roles a command is about.
type trustRoles struct {
	config   string
	accounts []string
}

func (f *trustRoles) register(cmd *cobra.Command) {
	configFlag(cmd, &f.config)
	cmd.Flags().StringSliceVar(&f.accounts, "account", nil, "only roles in this account, by name or id; may be repeated")
	cmd.ValidArgsFunction = completeRoles
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts)
}

// choose loads the configuration and finds the roles: all, or those that args name (readonly, shop-prod/readonly).
func (f *trustRoles) choose(cmd *cobra.Command, args []string) (*config.File, []bridge.Role, error) {
	path, err := configPath(f.config, nil)
	if err != nil {
		return nil, nil, err
	}
	file, err := load(cmd.ErrOrStderr(), path)
	if err != nil {
		return nil, nil, err
	}
	rules, _ := file.Policy()
	all := rules.Roles()
	for _, name := range f.accounts {
		if !slices.ContainsFunc(file.Accounts, func(a config.Account) bool { return a.ID == name || a.Name == name }) {
			return nil, nil, usagef("no account %q is configured; configured are %s", name, accountNames(file))
		}
	}
	var chosen []bridge.Role
	for _, role := range all {
		if len(f.accounts) > 0 && !slices.Contains(f.accounts, role.Account.Name) && !slices.Contains(f.accounts, role.Account.ID) {
			continue
		}
		named := slices.ContainsFunc(args, func(want string) bool { return len(matching([]bridge.Role{role}, want)) > 0 })
		if len(args) == 0 || named {
			chosen = append(chosen, role)
		}
	}
	for _, want := range args {
		if len(matching(chosen, want)) == 0 {
			return nil, nil, usagef("no role %q is configured%s; configured are %s", want, inAccounts(f.accounts), roleNames(all))
		}
	}
	if len(chosen) == 0 {
		return nil, nil, usagef("no role is configured%s", inAccounts(f.accounts))
	}
	return file, chosen, nil
}

func inAccounts(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " in " + strings.Join(names, ", ")
}

func accountNames(file *config.File) string {
	var names []string
	for _, a := range file.Accounts {
		names = append(names, a.Name)
	}
	return strings.Join(names, ", ")
}

// roleName is what rules call a role.
func roleName(role bridge.Role) string { return role.Account.Name + "/" + role.Key.Name }

// completeRoles completes the names of roles, as far as --config stands on the line already.
func completeRoles(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	file := completing(cmd)
	if file == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	rules, _ := file.Policy()
	var names []string
	for _, role := range rules.Roles() {
		if name := roleName(role); !slices.Contains(args, name) {
			names = append(names, name+"\t"+role.ARN.String())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeAccounts(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	file := completing(cmd)
	if file == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, a := range file.Accounts {
		names = append(names, fmt.Sprintf("%s\t%s", a.Name, a.ID))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completing is the configuration on the line that is being completed; nil where it can't be used.
func completing(cmd *cobra.Command) *config.File {
	path, err := cmd.Flags().GetString("config")
	if err != nil || path == "" {
		return nil
	}
	file, problems := config.Load(path)
	if len(problems) > 0 {
		return nil
	}
	return file
}
