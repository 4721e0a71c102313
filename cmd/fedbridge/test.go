package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge/policy"
	"github.com/fedbridge/fedbridge/config"
)

func testCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "test [FILE]",
		Short: "Run the policy tests that the configuration holds",
		Long: `test runs the cases under "tests" in the configuration: each says who signs in, and which roles that person must and
must not get. It touches nothing outside. check and serve run them, too.`,
		Example: "  fedbridge test fedbridge.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := configPath(path, args)
			if err != nil {
				return err
			}
			file, err := load(cmd.ErrOrStderr(), path)
			if err != nil {
				return err
			}
			if len(file.Tests) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: no tests. Write some under `tests:`; the example configuration shows how.\n", path)
				return exitError{exitFault}
			}
			failures := runTests(file)
			if len(failures) > 0 {
				printFailures(cmd.ErrOrStderr(), failures)
				return exitError{exitFault}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s passed\n", count(len(file.Tests), "test"))
			return nil
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func runTests(file *config.File) []policy.Failure {
	compiled, problems := file.Policy()
	if len(problems) > 0 {
		panic("a checked configuration has a policy") // load returned it without problems
	}
	return compiled.RunTests(file.Tests)
}

func printFailures(w io.Writer, failures []policy.Failure) {
	for _, f := range failures {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "%s failed\n", count(len(failures), "expectation"))
}
