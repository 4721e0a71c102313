package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/config"
)

func issuerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "issuer",
		Short: "Write what fedbridge publishes as an issuer as files",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(issuerExportCommand())
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

func issuerExportCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "export --config FILE DIR",
		Short: "Write discovery, keys and SAML metadata for a bucket or CDN",
		Long: `export writes, as files, to the byte what serve publishes below issuer.url, so that a bucket or CDN can serve it and
fedbridge itself may stay in a private network. A file that is as it should be is left alone.

Export again after every change of keys, also after those that serve makes by itself (issuer.rotate): a next key signs only
after serve has read it back at issuer.url. Every few minutes, by cron, is best.`,
		Example: "  fedbridge issuer export --config fedbridge.yaml ./public && aws s3 sync ./public s3://BUCKET",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withKeys(cmd, path, false, func(_ context.Context, world *config.World) error {
				return exportIssuer(cmd, world, args[0])
			})
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func exportIssuer(cmd *cobra.Command, world *config.World, dir string) error {
	docs := world.Keys.Documents()
	if docs.JWKS == nil {
		return errors.New("there is no key to publish yet: see `fedbridge keys list`")
	}
	issuer := world.File.Issuer.URL
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tMUST BE READ AT\tCONTENT-TYPE\t")
	for _, d := range []struct {
		path, kind string
		text       []byte
	}{
		// First the keys: whoever reads the one finds the other.
		{"/jwks", "application/json", docs.JWKS},
		{"/.well-known/openid-configuration", "application/json", docs.Discovery},
		{"/saml/metadata", "application/samlmetadata+xml", docs.Metadata},
	} {
		if d.text == nil {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(d.path))
		written, err := publishFile(file, d.text)
		if err != nil {
			return err
		}
		note := "unchanged"
		if written {
			note = "written"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", file, issuer+d.path, d.kind, note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprint(cmd.OutOrStdout(), "\nServe them to everybody, without redirects, with Cache-Control: public, max-age=300 at most.\n"+
		"`fedbridge check --online` tells whether they are there.\n")
	return nil
}

// publishFile writes a file as a whole or not at all, unless it says the same already. Everybody may read it.
func publishFile(path string, text []byte) (written bool, err error) {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, text) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".fedbridge-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name()) // after the rename there is none
	defer temp.Close()
	if _, err := temp.Write(text); err != nil {
		return false, err
	}
	if err := errors.Join(temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return false, err
	}
	return true, os.Rename(temp.Name(), path)
}
