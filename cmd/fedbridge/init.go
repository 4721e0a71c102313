package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
)

// initFlags are what the command line says.
type initFlags struct {
	initPlan
	idp        string
	accounts   string   // a file
	account    []string // lines of such a file
	out        string
	force      bool
	ask, steps bool
	asJSON     bool
	notes      []string // what was changed or left out of the accounts
	told       bool     // what to do at the identity provider stands on the terminal already
}

func initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration, and say what to set up at the identity provider and in AWS",
		Long: `init writes a first configuration, and prints what to type into the identity provider, field by field, and what to run
here and in AWS. On a terminal it asks for what flags leave out. It talks to nobody, and writes one file.

Accounts come from a file: CSV with id,name,environment,owner (or with a header that names other columns), or the JSON of
"aws organizations list-accounts". The first --group gets the first --role, the second the second, and so on.`,
		Example: `  fedbridge init
  fedbridge init --url https://bridge.example.com --idp okta --steps
  aws organizations list-accounts | fedbridge init --url https://bridge.example.com --idp entra --accounts - \
    --metadata 'https://login.microsoftonline.com/TENANT/federationmetadata/2007-06/federationmetadata.xml?appid=APP' \
    --group 0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d --role ReadOnly`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	return cmd
}

func (f *initFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.URL, "url", "", "address of fedbridge, as people, the identity provider and AWS see it")
	flags.StringVar(&f.PublicURL, "public-url", "", "where AWS reads our public keys, if it can't reach --url (see fedbridge issuer export)")
	flags.StringVar(&f.idp, "idp", "", "identity provider: "+strings.Join(initIdPIDs(), ", "))
	flags.StringVar(&f.Kind, "kind", "", "saml or oidc, where the identity provider speaks both")
	flags.StringVar(&f.Metadata, "metadata", "", "SAML: address of the provider's metadata, or file:PATH")
	flags.StringVar(&f.Issuer, "issuer", "", "OIDC: the provider's issuer")
	flags.StringVar(&f.Tenant, "tenant", "", "Entra ID, OIDC: Directory (tenant) ID")
	flags.StringVar(&f.ClientID, "client-id", "", "OIDC: client id of fedbridge")
	flags.StringVar(&f.ClientSecret, "client-secret", "", "OIDC: where the client secret will be, env:NAME or file:PATH; never the secret itself")
	flags.StringSliceVar(&f.HostedDomains, "hosted-domain", nil, "Google: domain of Google Workspace whose people may come in")
	flags.StringSliceVar(&f.Domains, "domain", nil, "e-mail domain whose people are sent to this provider")
	flags.StringVar(&f.Name, "name", "", "short name of the provider, in addresses")
	flags.StringVar(&f.Label, "label", "", "what people read on the sign-in page")
	flags.StringVar(&f.accounts, "accounts", "", "file with the AWS accounts, or - for standard input")
	flags.StringArrayVar(&f.account, "account", nil, "one account, ID,NAME[,ENVIRONMENT[,OWNER]], instead of a file")
	flags.StringVar(&f.Partition, "partition", "", "partition of accounts that don't say it: aws, aws-us-gov, aws-cn, aws-eusc (default aws)")
	flags.StringVar(&f.Region, "region", "", "AWS region of STS and of the console (default: the partition's own)")
	flags.StringArrayVar(&f.Groups, "group", nil, "group whose people get a role")
	flags.StringArrayVar(&f.Emails, "email", nil, "Google, OIDC: e-mail address of somebody who gets a role")
	flags.StringArrayVar(&f.Roles, "role", nil, "IAM role for them, with its path if it has one (default ReadOnly)")
	flags.StringVar(&f.Listen, "listen", "", "address and port to listen on (default :8443)")
	flags.StringSliceVar(&f.Proxies, "proxy", nil, "network of the proxies that speak TLS for fedbridge, which then has no certificate of its own")
	flags.StringVar(&f.Dir, "dir", "", "folder for all that fedbridge keeps (default: /etc, /var/lib and /var/log/fedbridge)")
	flags.StringVarP(&f.out, "out", "o", "fedbridge.yaml", "file to write, or - for standard output")
	flags.BoolVar(&f.force, "force", false, "write over the file that is there")
	flags.BoolVar(&f.ask, "ask", false, "ask, even if standard input is no terminal")
	flags.BoolVar(&f.steps, "steps", false, "say what to do at the identity provider, and write nothing")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON, for scripts")
	complete := func(words ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
	}
	for flag, words := range map[string][]string{
		"idp": initIdPIDs(), "kind": {"saml", "oidc"}, "partition": {"aws", "aws-us-gov", "aws-cn", "aws-eusc"},
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, complete(words...)); err != nil {
			panic(err) // the flag is registered above
		}
	}
	for flag, endings := range map[string][]string{"accounts": {"csv", "json"}, "out": {"yaml", "yml"}} {
		if err := cmd.MarkFlagFilename(flag, endings...); err != nil {
			panic(err)
		}
	}
	if err := cmd.MarkFlagDirname("dir"); err != nil {
		panic(err)
	}
}

func (f *initFlags) run(cmd *cobra.Command) error {
	if err := f.readFlags(cmd.InOrStdin()); err != nil {
		return err
	}
	if f.steps {
		return f.printSteps(cmd.OutOrStdout())
	}
	if err := f.free(); err != nil {
		return err
	}
	missing := f.missing()
	if len(missing) > 0 && (f.ask || f.accounts != "-" && isTerminal(cmd.InOrStdin())) {
		if err := newAsker(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr()).fill(f); err != nil {
			return err
		}
		missing = f.missing()
	}
	if len(missing) > 0 {
		return f.missingError(missing)
	}
	p := f.complete()
	if err := errors.Join(f.idle(p), f.checkGrants(p)); err != nil {
		return err
	}
	text, file, _, err := p.render()
	if err == nil {
		err = f.faultsOf(p)
	}
	if err != nil {
		return err
	}
	if failures := runTests(file); len(failures) > 0 {
		return fmt.Errorf("init would write tests that fail, which is a fault of init: %s", failures[0])
	}
	if f.out == "-" {
		if _, err := io.WriteString(cmd.OutOrStdout(), text); err != nil {
			return err
		}
		return f.printNext(cmd.ErrOrStderr(), p, summary(file))
	}
	if err := writeNew(f.out, text, f.force); err != nil {
		return err
	}
	return f.printNext(cmd.OutOrStdout(), p, summary(file))
}

// readFlags holds each flag to what can be said of it alone, and reads the accounts.
func (f *initFlags) readFlags(stdin io.Reader) error {
	var faults []error
	add := func(format string, args ...any) { faults = append(faults, usagef(format, args...)) }
	for _, said := range f.words() {
		if fault := wordFault(said.text); fault != "" {
			add("--%s %s: %s", said.flag, short(said.text), fault)
		}
	}
	if f.idp != "" {
		found, ok := findInitIdP(f.idp)
		if !ok {
			add("--idp %s: write one of %s", short(f.idp), strings.Join(initIdPIDs(), ", "))
		}
		f.IdP = found
		if ok && f.Kind != "" && !found.hasKind(f.Kind) {
			add("--kind %s: with %s write %s", short(f.Kind), found.ID, strings.Join(found.Kinds, " or "))
		}
	}
	if fault := tenantFault(f.Tenant); fault != "" {
		add("--tenant %s: %s", short(f.Tenant), fault)
	}
	if fault := f.IdP.issuerFault(f.Issuer); fault != "" {
		add("--issuer %s: %s", short(f.Issuer), fault)
	}
	if _, known := bridge.PartitionByID(f.Partition); f.Partition != "" && !known {
		add("--partition %s: write aws, aws-us-gov, aws-cn or aws-eusc", short(f.Partition))
	}
	if f.accounts != "" && len(f.account) > 0 {
		add("--accounts and --account: write one of them")
	}
	if f.Dir != "" {
		absolute, err := filepath.Abs(f.Dir)
		if err != nil {
			add("--dir %s: %v", short(f.Dir), err)
		}
		f.Dir = absolute
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for i, role := range f.Roles {
		name, fault := roleOfARN(role)
		if fault != "" {
			return usagef("--role %s: %s", short(role), fault)
		}
		f.Roles[i] = name
	}
	switch {
	case f.steps:
		return nil
	case len(f.account) > 0:
		return f.readAccounts("--account", []byte(strings.Join(f.account, "\n")))
	case f.accounts == "":
		return nil
	}
	text, err := openAccounts(f.accounts, stdin)
	if err != nil {
		return err
	}
	return f.readAccounts(f.accounts, text)
}

func (f *initFlags) readAccounts(name string, text []byte) (err error) {
	partition := f.Partition
	if partition == "" {
		partition = "aws"
	}
	f.Accounts, f.notes, err = readAccounts(name, text, partition)
	return err
}

// free refuses to write over what is there, before anybody has answered anything.
func (f *initFlags) free() error {
	if f.out == "-" {
		return nil
	}
	info, err := os.Lstat(f.out)
	switch {
	case err != nil && !os.IsNotExist(err):
		return err
	case err == nil && info.IsDir():
		return usagef("--out %s is a folder; name a file in it", strconv.Quote(f.out))
	case err == nil && !f.force:
		return usagef("%s is there already; name another file with --out, or write over it with --force", printable(f.out))
	}
	return nil
}
