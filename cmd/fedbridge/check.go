package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/config"
)

func checkCommand() *cobra.Command {
	var path string
	var online, schema bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration; every fault at once, with its place",
		Long: `check reads the configuration and reports every fault at once, as file:line:column. It touches nothing outside, so it
runs anywhere. With --online it also reads secrets and files, and asks the identity providers, the store and STS; what
doesn't answer is named, and the exit status is 3.
With --schema it prints the JSON Schema of the configuration, for editors.`,
		Example: "  fedbridge check fedbridge.yaml\n  fedbridge check --online fedbridge.yaml\n  fedbridge check --schema > fedbridge.schema.json",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := cmd.OutOrStdout().Write(config.Schema())
				return err
			}
			path, err := configPath(path, args)
			if err != nil {
				return err
			}
			file, err := loadTested(cmd.ErrOrStderr(), path)
			if err != nil {
				return err
			}
			if online {
				if err := checkOnline(cmd.Context(), cmd.OutOrStdout(), file); err != nil {
					return err
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: no faults: %s\n", path, summary(file))
			return nil
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&online, "online", false, "also read secrets, and ask IdPs, store and STS")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema and do nothing else")
	return cmd
}

// configPath takes the file from --config or from the one argument.
func configPath(flag string, args []string) (string, error) {
	switch {
	case len(args) == 1 && flag != "":
		return "", usagef("the configuration is named twice: %s and %s", flag, args[0])
	case len(args) == 1:
		return args[0], nil
	case flag == "":
		return "", usagef("which configuration? Name it: --config fedbridge.yaml")
	}
	return flag, nil
}

// maxFaults is how many faults are printed: nobody reads more at once.
const maxFaults = 200

// load parses and checks, and prints every fault.
func load(stderr io.Writer, path string) (*config.File, error) {
	file, problems := config.Load(path)
	if len(problems) == 0 {
		return file, nil
	}
	for _, p := range problems[:min(len(problems), maxFaults)] {
		fmt.Fprintln(stderr, p)
	}
	if more := len(problems) - maxFaults; more > 0 {
		fmt.Fprintf(stderr, "… and %d more\n", more)
	}
	fmt.Fprintf(stderr, "%s: %s\n", path, count(len(problems), "fault"))
	return nil, exitError{exitFault}
}

func summary(f *config.File) string {
	return fmt.Sprintf("%s, %s, %s, %s, %s", count(len(f.Providers), "provider"), count(len(f.Accounts), "account"),
		count(len(f.Roles), "role"), count(len(f.Rules), "rule"), count(len(f.Tests), "test"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
