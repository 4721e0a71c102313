package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsiam"
	"github.com/fedbridge/fedbridge/config"
)

// trustCheckFlags are what the command line says.
type trustCheckFlags struct {
	trustRoles
	policies string
	iam      bool
	readRole string
	profiles []string
	callers  []string
	live     bool
	asJSON   bool
	strict   bool
	timeout  time.Duration
}

func trustCheckCommand() *cobra.Command {
	var f trustCheckFlags
	cmd := &cobra.Command{
		Use:   "check [ROLE...] --config FILE",
		Short: "Tell for every role whether AWS will let fedbridge in, whom else it would let in, and how to mend it",
		Long: `check holds what the accounts have against what the configuration needs: trust policies, longest sessions, and the IAM
identity providers with their certificates, client ids and dates. Each finding has a code, a severity, and the fix, as a
diff of the trust policy where that is what must change. A role that can't be read stops none of the others.

What the accounts have comes from IAM (--iam, the default), with the AWS credentials that fedbridge finds: their own
account directly, others through --read-role, whose session may do nothing but read, or --profile. Or it comes from
files (--policies DIR): DIR/ACCOUNT/ROLENAME.json, each a trust policy or what "aws iam get-role" printed, and beside them
what "aws iam get-saml-provider" (into PROVIDERNAME.json) and "aws iam get-open-id-connect-provider" printed.

--live asks STS for each role, for 15 minutes, under a session policy that denies everything, and throws the credentials
away. It is recorded in the audit log, or not done. Run it as the user whom serve runs as: key files and the audit log are
opened. What relays an identity provider's answer can't be tried without a person.

Exit status: 0 no errors; 1 errors (with --strict also warnings), or STS refused; 3 nobody could be asked.`,
		Example: `  fedbridge trust check -c fedbridge.yaml --read-role arn:aws:iam::{account}:role/TrustReader
  fedbridge trust check -c fedbridge.yaml --policies ./accounts shop-prod/readonly
  fedbridge trust check -c fedbridge.yaml --live --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.policies, "policies", "", "folder with trust policies, by account")
	flags.BoolVar(&f.iam, "iam", false, "read IAM; the default, unless --policies or --live is given")
	flags.StringVar(&f.readRole, "read-role", "", "role to read other accounts with: arn:aws:iam::{account}:role/NAME; default: aws.read_role")
	flags.StringSliceVar(&f.profiles, "profile", nil, "ACCOUNT=NAME: read this account with this AWS profile; may be repeated")
	callerFlag(cmd, &f.callers, "ARN of the role or user that fedbridge runs as, one a partition; default: asked of STS, where AWS is asked at all")
	flags.BoolVar(&f.live, "live", false, "also ask STS for each role")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	flags.BoolVar(&f.strict, "strict", false, "let warnings fail, too")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "for all of it")
	_ = cmd.MarkFlagDirname("policies")
	return cmd
}

func (f *trustCheckFlags) run(cmd *cobra.Command, args []string) error {
	if f.policies != "" && (f.iam || f.readRole != "" || len(f.profiles) > 0) {
		return usagef("trust policies come from --policies or from IAM (--iam, --read-role, --profile), not from both")
	}
	f.iam = f.iam || f.readRole != "" || len(f.profiles) > 0 || f.policies == "" && !f.live
	callers, err := readCallers(f.callers)
	if err != nil {
		return err
	}
	file, roles, err := f.choose(cmd, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	look := examiner{now: time.Now, asks: bridge.ProbeRequest{Source: "command line"}}
	var out report
	reader, err := f.reader(file)
	if err != nil {
		return err
	}
	switch {
	case f.policies != "":
		files, err := readPolicies(f.policies, file.BridgeAccounts())
		if err != nil {
			return fmt.Errorf("--policies: %w", err)
		}
		rules, _ := file.Policy()
		look.source, out.Ignored = files, files.strangers(rules.Roles())
	case f.iam:
		look.source = newIAMSource(reader)
	}
	opened, err := openTrust(ctx, cmd.ErrOrStderr(), file, roles, f.live)
	if err != nil {
		return err
	}
	defer opened.close()
	if f.live {
		look.probe = opened.bridge.Probe
	}
	known := opened.known
	known.Callers = f.findCallers(ctx, callers, reader, roles)
	needs, err := file.Needs(roles, known)
	if err != nil {
		return err
	}
	out.Roles = look.all(ctx, needs)
	out.Summary = tallyOf(out.Roles)
	write := out.writeText
	if f.asJSON {
		write = out.writeJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	return out.Summary.exit(f.strict)
}

// reader makes what IAM is read with, and reads the flags that say how.
func (f *trustCheckFlags) reader(file *config.File) (*awsiam.Reader, error) {
	c := iamConfig(file, nil)
	c.ReadRole = cmp.Or(f.readRole, c.ReadRole)
	for _, pair := range f.profiles {
		account, name, ok := strings.Cut(pair, "=")
		at := slices.IndexFunc(file.Accounts, func(a config.Account) bool { return a.ID == account || a.Name == account })
		if !ok || name == "" || at < 0 {
			return nil, usagef("--profile %q: write ACCOUNT=NAME; accounts are %s", pair, accountNames(file))
		}
		c.Profiles[file.Accounts[at].ID] = name
	}
	reader, err := awsiam.New(c)
	if err != nil {
		return nil, usageError{fmt.Errorf("--read-role: %w", err)}
	}
	return reader, nil
}

// findCallers completes the callers by asking STS. Where nobody is asked, or nobody answers, it isn't known, and the doctor
// says so.
func (f *trustCheckFlags) findCallers(ctx context.Context, named map[string]string, reader *awsiam.Reader, roles []bridge.Role) map[string]string {
	all := maps.Clone(named)
	for _, role := range roles {
		partition := role.ARN.Partition
		if _, known := all[partition]; known || !slices.Contains(role.Via, bridge.ViaAssumeRole) || !f.iam && !f.live {
			continue
		}
		all[partition], _ = reader.Caller(ctx, partition)
	}
	return all
}
