package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge/audit"
)

func auditCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "audit FILE",
		Short: "Read an audit file: who did what, and what became of it",
		Long: `audit joins the decisions of an audit file with their outcomes. A decision that was allowed and has no outcome reads
"unknown": fedbridge was stopped in between, and credentials may have been handed over. "-" reads standard input.`,
		Example: "  fedbridge audit /var/log/fedbridge/audit.jsonl\n  zcat audit.jsonl.1.gz | fedbridge audit --json -",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			from := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				from = f
			}
			entries, err := audit.Read(from)
			if err != nil {
				err = fmt.Errorf("%s: %w", args[0], err)
			}
			print := printEntries
			if asJSON {
				print = writeEntries
			}
			// What stands before a line that can't be read is shown all the same.
			return errors.Join(print(cmd.OutOrStdout(), entries), err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func writeEntries(w io.Writer, entries []audit.Entry) error {
	enc := json.NewEncoder(w)
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func printEntries(w io.Writer, entries []audit.Entry) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tWHAT\tRESULT\tWHO\tROLE\tACCESS KEY\tWHY")
	for _, e := range entries {
		who, role, key, why := e.Email, "", "", string(e.Code)
		if who == "" {
			who = e.Subject
		}
		if e.Provider != "" {
			who += " (" + e.Provider + ")"
		}
		if e.Role != "" {
			role = e.Account + "/" + e.Role
		}
		if e.Outcome != nil {
			key = e.Outcome.AccessKeyID
			if why == "" {
				why = string(e.Outcome.Code)
			}
		}
		if why == "" {
			why = strings.Join(e.Rules, ", ")
		}
		if why == "" {
			why = e.Detail
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format(time.RFC3339), printable(string(e.Kind)), e.Result,
			printable(who), printable(role), printable(key), printable(why))
	}
	return table.Flush()
}

// printable keeps what a claim says from steering a terminal (threat C4).
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}
