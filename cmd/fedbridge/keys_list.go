package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/config"
)

func keysListCommand() *cobra.Command {
	var path string
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use:   "list --config FILE",
		Short: "List the signing keys, and what each waits for",
		Long: `list shows the keys that sign, those that will, those that did, and those that were retired. Where a key waits to be read
back at the published address, list looks there itself and says what it found. It changes nothing.`,
		Example: "  fedbridge keys list --config /etc/fedbridge/fedbridge.yaml\n  fedbridge keys list --json --config fedbridge.yaml | jq '.[] | select(.state == \"active\")'",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd, path, true, func(ctx context.Context, world *config.World) error {
				keys, err := listKeys(ctx, world.Keys, offline)
				if err != nil {
					return err
				}
				if len(keys) == 0 {
					return errNoStore
				}
				if asJSON {
					enc := json.NewEncoder(cmd.OutOrStdout())
					enc.SetIndent("", "  ")
					return enc.Encode(keys)
				}
				return printKeys(cmd.OutOrStdout(), keys)
			})
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "don't look at the published address")
	return cmd
}

// listKeys lists, and says of a key that waits to be read back why it isn't there.
func listKeys(ctx context.Context, ring *mint.Ring, offline bool) ([]mint.KeyInfo, error) {
	keys, err := ring.List(ctx)
	if err != nil || offline {
		return keys, err
	}
	for i, k := range keys {
		if k.Use != mint.UseToken || k.State != mint.StateNext || k.Problem != "" {
			continue
		}
		if err := ring.ReadBack(ctx); err != nil {
			keys[i].Problem = mint.Reason(err)
		}
	}
	return keys, nil
}

func printKeys(w io.Writer, keys []mint.KeyInfo) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tUSE\tSIGNS\tSTATE\tSINCE (UTC)\tNEXT")
	for _, k := range keys {
		since, next := "", k.Waits
		if !k.Since.IsZero() {
			since = k.Since.UTC().Format(time.DateTime)
		}
		if !k.Expires.IsZero() && k.State != mint.StateRetired {
			next += fmt.Sprintf(" (certificate until %s)", k.Expires.UTC().Format(time.DateOnly))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Use, k.Algorithm, k.State, since, next)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, k := range keys {
		if k.Problem != "" {
			fmt.Fprintf(w, "\n%s: %s\n", k.ID, printable(k.Problem))
		}
	}
	return nil
}
