package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/config"
)

// keysTimeout bounds a command about keys, KMS and reading back included.
const keysTimeout = time.Minute

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, replace and take out the keys that fedbridge signs with",
		Long: `keys is about the keys with which fedbridge signs ID tokens and SAML responses for AWS (the section issuer of the
configuration). It works beside a running serve, which sees within seconds what was changed; nothing is restarted.

A key of ID tokens is next (published, not yet used), active (signs), old (published until the last token that it signed
has ended) and retired (gone). serve replaces it by itself, at the age that issuer.rotate says. A key of SAML is replaced
by command only, because every account must get the new metadata first.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keysListCommand(), keysRotateCommand(), keysRetireCommand())
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

// withKeys opens the keys of a configuration for a command, and ends in the exit code that scripts want.
func withKeys(cmd *cobra.Command, path string, readOnly bool, do func(ctx context.Context, world *config.World) error) error {
	path, err := configPath(path, nil)
	if err != nil {
		return err
	}
	file, err := load(cmd.ErrOrStderr(), path)
	if err != nil {
		return err
	}
	if readOnly && file.Issuer != nil && !hasStore(file) {
		return errNoStore
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), keysTimeout)
	defer cancel()
	// Standard output is for the answer: an audit sink of that name writes beside it.
	world, err := file.OpenKeys(ctx, config.Outside{ReadOnly: readOnly, Stdout: cmd.ErrOrStderr()})
	if err == nil {
		defer world.Close()
		err = do(ctx, world)
	}
	switch bridge.CodeOf(err) {
	case bridge.CodeIssuerKMS, bridge.CodeStoreDown, bridge.CodeAuditDown:
		fmt.Fprintln(cmd.ErrOrStderr(), "fedbridge:", err)
		return exitError{exitUnavailable}
	}
	return err
}

// errNoStore: there is nothing to look at, and looking must not make it.
var errNoStore = errors.New("there are no keys yet: serve makes the first ones when it starts, and so does `fedbridge issuer export`")

func hasStore(file *config.File) bool {
	_, err := os.Stat(strings.TrimPrefix(file.Store, "sqlite:"))
	return !errors.Is(err, fs.ErrNotExist)
}

// useFlag reads --use.
func useFlag(use string) (mint.Use, error) {
	switch u := mint.Use(use); u {
	case mint.UseToken, mint.UseSAML:
		return u, nil
	}
	return "", usagef("no use %q: write --use token or --use saml", use)
}

// keyNamed finds a key by its id, or by the beginning of one.
func keyNamed(keys []mint.KeyInfo, id string) (mint.KeyInfo, error) {
	var found []mint.KeyInfo
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
		if len(id) >= 6 && strings.HasPrefix(k.ID, id) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return mint.KeyInfo{}, fmt.Errorf("there is no key %q: `fedbridge keys list` shows those that there are", id)
	}
	return mint.KeyInfo{}, fmt.Errorf("%q begins the ids of %d keys: write more of it", id, len(found))
}

// completeKeys completes the ids of keys, without making anything.
func completeKeys(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	path, _ := cmd.Flags().GetString("config")
	file, problems := config.Load(path)
	if len(problems) > 0 || file.Issuer == nil || !hasStore(file) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	world, err := file.OpenKeys(cmd.Context(), config.Outside{ReadOnly: true})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer world.Close()
	keys, err := world.Keys.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, k := range keys {
		if k.State != mint.StateRetired {
			ids = append(ids, fmt.Sprintf("%s\t%s, %s", k.ID, k.Use, k.State))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
