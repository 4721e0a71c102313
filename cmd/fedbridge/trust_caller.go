package main

import (
	"regexp"

	"github.com/spf13/cobra"
)

// callerARN is what roles via assume_role may name: a user, a role, a session of a role, or an account.
var callerARN = regexp.MustCompile(`^arn:(aws[a-z-]*):(iam::[0-9]{12}:((user|role)/.+|root)|sts::[0-9]{12}:assumed-role/.+/.+)$`)

func callerFlag(cmd *cobra.Command, callers *[]string, usage string) {
	cmd.Flags().StringArrayVar(callers, "caller", nil, usage)
	_ = cmd.RegisterFlagCompletionFunc("caller", cobra.NoFileCompletions)
}

// readCallers gives whom fedbridge runs as, by partition.
func readCallers(arns []string) (map[string]string, error) {
	all := map[string]string{}
	for _, arn := range arns {
		match := callerARN.FindStringSubmatch(arn)
		switch {
		case match == nil:
			return nil, usagef("--caller: %q is not the ARN of a user or a role", arn)
		case all[match[1]] != "":
			return nil, usagef("--caller names two for partition %s: %s and %s", match[1], all[match[1]], arn)
		}
		all[match[1]] = arn
	}
	return all, nil
}
