package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// trustPrintFlags are what the commands share that print what accounts must hold.
type trustPrintFlags struct {
	trustRoles
	callers []string
	byIDP   bool
}

func (f *trustPrintFlags) register(cmd *cobra.Command) {
	f.trustRoles.register(cmd)
	callerFlag(cmd, &f.callers, "ARN of the role or user that fedbridge runs as, one a partition; needed for roles via assume_role")
	cmd.Flags().BoolVar(&f.byIDP, "role-authorized", false, "demand also that the ID token names the role (sts:RoleAuthorizedByIdp)")
}

// plan works out what the chosen roles need.
func (f *trustPrintFlags) plan(cmd *cobra.Command, args []string) (*trust.Plan, error) {
	callers, err := readCallers(f.callers)
	if err != nil {
		return nil, err
	}
	file, roles, err := f.choose(cmd, args)
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		if partition := role.ARN.Partition; slices.Contains(role.Via, bridge.ViaAssumeRole) && callers[partition] == "" {
			return nil, usagef("%s is reached via assume_role: say whom fedbridge runs as in partition %s, --caller arn:%s:iam::ACCOUNT:role/NAME",
				roleName(role), partition, partition)
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	opened, err := openTrust(ctx, cmd.ErrOrStderr(), file, roles, false)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	known := opened.known
	known.Callers = callers
	needs, err := file.Needs(roles, known)
	if err != nil {
		return nil, err
	}
	return trust.Generate(needs, trust.Options{RoleAuthorizedByIDP: f.byIDP, Command: cmd.CommandPath()})
}

// print runs a command that prints one form of the plan.
func (f *trustPrintFlags) print(form func(*trust.Plan) (string, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		plan, err := f.plan(cmd, args)
		if err != nil {
			return err
		}
		text, err := form(plan)
		if err == nil {
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
		}
		return err
	}
}

func trustPolicyCommand() *cobra.Command {
	var f trustPrintFlags
	cmd := &cobra.Command{
		Use:   "policy [ROLE...] --config FILE",
		Short: "Print the trust policies that roles must have",
		Long: `policy prints, for each role, the IAM trust policy that lets fedbridge in and nobody else, and what goes with it: the
longest session, and the identity provider to register. It talks to nobody but identity providers with metadata at a URL.`,
		Example: "  fedbridge trust policy -c fedbridge.yaml shop-prod/readonly",
		RunE:    f.print(func(p *trust.Plan) (string, error) { return p.Policies(), nil }),
	}
	f.register(cmd)
	return cmd
}

func trustTerraformCommand() *cobra.Command {
	var f trustPrintFlags
	cmd := &cobra.Command{
		Use:   "terraform [ROLE...] --config FILE",
		Short: "Print Terraform for what accounts must hold",
		Long: `terraform prints HCL for the aws provider, one provider alias an account: identity providers, roles, trust policies and
longest sessions. What the roles may do is yours to attach.`,
		Example: "  fedbridge trust terraform -c fedbridge.yaml --account shop-prod > shop-prod.tf",
		RunE:    f.print(func(p *trust.Plan) (string, error) { return p.Terraform(), nil }),
	}
	f.register(cmd)
	return cmd
}

func trustCloudFormationCommand() *cobra.Command {
	var f trustPrintFlags
	var stackset bool
	cmd := &cobra.Command{
		Use:   "cloudformation [ROLE...] --config FILE (--account NAME | --stackset)",
		Short: "Print a CloudFormation template for what accounts must hold",
		Long: `cloudformation prints a template for one account; or, with --stackset, one template for all accounts of an organisation,
to be rolled out as a stack set. What the roles may do is yours to attach.`,
		Example: `  fedbridge trust cloudformation -c fedbridge.yaml --account shop-prod
  fedbridge trust cloudformation -c fedbridge.yaml --stackset readonly`,
	}
	cmd.RunE = f.print(func(p *trust.Plan) (string, error) {
		switch {
		case stackset:
			return p.StackSet()
		case len(p.Accounts) == 1:
			return p.CloudFormation(p.Accounts[0].Account.ID)
		}
		return "", usageError{errors.New("a template is for one account: name it with --account, or print one for all with --stackset")}
	})
	f.register(cmd)
	cmd.Flags().BoolVar(&stackset, "stackset", false, "one template for all accounts, to be rolled out as a stack set")
	return cmd
}
