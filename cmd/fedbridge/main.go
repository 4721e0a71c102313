// Command fedbridge signs people in with SAML or OIDC, maps their claims to IAM roles, and hands back AWS console links
// or temporary credentials.
//
// This package wires the parts together and holds the commands; it decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, for scripts.
const (
	exitOK          = 0
	exitFault       = 1 // what was given is wrong: the configuration, a test, an identity
	exitUsage       = 2 // the command line is wrong
	exitUnavailable = 3 // something outside doesn't answer: an IdP, the store, STS
)

// exitError carries an exit code. The command has said on its output what is wrong.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process around it, so that scripts can test it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := untilSignal()
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	addCompletion(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	for _, e := range parts(err) {
		fmt.Fprintln(stderr, "fedbridge:", e)
	}
	if errors.Is(err, errUsage) {
		fmt.Fprintf(stderr, "`%s --help` says how it is used.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFault
}

// untilSignal gives a context that the first signal ends, so that the command ends in good order. From then on a signal
// does what it does by itself: a second one doesn't wait for what the first one lets finish. signal.NotifyContext would
// swallow a second one that comes close behind.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// parts takes joined errors apart, so that each has a line of its own.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, parts(e)...)
	}
	return all
}

var errUsage = errors.New("usage")

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fedbridge",
		Short: "A federation identity bridge: sign in with SAML or OIDC, get AWS roles",
		Long: `fedbridge signs people in with corporate SAML or a web OIDC provider, maps their claims to IAM roles, asks AWS STS
for temporary credentials, and hands back a console link or credentials.

Exit status: 0 all is well; 1 what was given is wrong; 2 the command line is wrong; 3 something outside doesn't answer.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(demoCommand(), initCommand(), serveCommand(), checkCommand(), explainCommand(), testCommand(), trustCommand(), keysCommand(), issuerCommand(), auditCommand(), versionCommand())
	root.SuggestionsMinimumDistance = 2
	return root
}

// addCompletion adds what cobra adds by itself, but that takes a shell which isn't known for a wish for help. It writes to
// where root writes at this moment.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = knownCommand, root.RunE
		}
	}
}

// knownCommand refuses the name of a command that there isn't.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q; did you mean %q?", args[0], near[0])
	}
	return usagef("unknown command %q", args[0])
}

// usageError is a fault in the command line.
type usageError struct{ cause error }

func (e usageError) Error() string        { return e.cause.Error() }
func (e usageError) Is(target error) bool { return target == errUsage }
func (e usageError) Unwrap() error        { return e.cause }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// usageArgs makes the faults that cobra finds in arguments usage errors.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// configFlag adds --config, which completes to YAML files.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "configuration file (YAML)")
	cmd.MarkFlagFilename("config", "yaml", "yml")
}
