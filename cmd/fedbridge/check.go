package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/config"
)

// onlineTimeout bounds how long `check --online` waits for all that it asks.
const onlineTimeout = 30 * time.Second

func checkCommand() *cobra.Command {
	var path string
	var online, schema bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration; every fault at once, with its place",
		Long: `check reads the configuration and reports every fault at once, as file:line:column. It touches nothing outside, so it
runs anywhere. With --online it also reads secrets and files, and asks the identity providers, the store and STS.
With --schema it prints the JSON Schema of the configuration, for editors.`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
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
			file, err := load(cmd.ErrOrStderr(), path)
			if err != nil {
				return err
			}
			if failures := runTests(file); len(failures) > 0 {
				printFailures(cmd.ErrOrStderr(), failures)
				return exitError{exitFault}
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

// load parses and checks, and prints every fault.
func load(stderr io.Writer, path string) (*config.File, error) {
	file, problems := config.Load(path)
	if len(problems) == 0 {
		return file, nil
	}
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	fmt.Fprintf(stderr, "%s: %s. Nothing was started.\n", path, count(len(problems), "fault"))
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

// checkOnline opens everything and asks each part whether it could serve. It reports all, not the first.
func checkOnline(ctx context.Context, out io.Writer, file *config.File) error {
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	world, err := file.Open(ctx, config.Outside{Stdout: io.Discard})
	if err != nil {
		fmt.Fprintf(out, "FAIL  opening: %v\n", err)
		return exitError{exitUnavailable}
	}
	defer world.Close()
	failed := 0
	for _, part := range append(world.Parts(), ownParts(file)...) {
		err := part.Ask(ctx)
		if err != nil {
			failed++
			fmt.Fprintf(out, "FAIL  %s: %v\n", part.Name, err)
			continue
		}
		fmt.Fprintf(out, "ok    %s\n", part.Name)
	}
	if failed > 0 {
		fmt.Fprintf(out, "%s not reachable.\n", count(failed, "part"))
		return exitError{exitUnavailable}
	}
	return nil
}

// ownParts are what serve opens itself.
func ownParts(file *config.File) []config.Part {
	if file.Server.TLS == nil {
		return nil
	}
	return []config.Part{{Name: "certificate", Ask: func(context.Context) error {
		_, err := openCertificate(*file.Server.TLS)
		return err
	}}}
}
