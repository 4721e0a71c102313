package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/config"
)

func keysRotateCommand() *cobra.Command {
	var path, use string
	var activate bool
	cmd := &cobra.Command{
		Use:   "rotate --config FILE [--use saml [--activate [KEY]]]",
		Short: "Make the next key and publish it",
		Long: `rotate makes the next key and publishes it beside the one that signs.

A key of ID tokens takes over by itself: serve reads it back at the published address, waits for issuer.publish_ahead, and
then signs with it. Nobody is refused in between.

A key of SAML takes over by --activate, once every account has the new metadata: with the old one an account would refuse
everybody. --activate with the id of the old key goes back to it, as long as that isn't retired.`,
		Example: "  fedbridge keys rotate --config fedbridge.yaml\n  fedbridge keys rotate --use saml --config fedbridge.yaml\n  fedbridge keys rotate --use saml --activate --config fedbridge.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			use, err := useFlag(use)
			switch {
			case err != nil:
				return err
			case activate && use != mint.UseSAML:
				return usagef("--activate is for --use saml: a key of ID tokens takes over by itself, once it was read back at the published address")
			case !activate && len(args) > 0:
				return usagef("a key is named with --activate only")
			}
			return withKeys(cmd, path, false, func(ctx context.Context, world *config.World) error {
				if activate {
					return activateKey(ctx, cmd.OutOrStdout(), world, args)
				}
				return rotateKey(ctx, cmd.OutOrStdout(), world, use)
			})
		},
		ValidArgsFunction: completeKeys,
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&use, "use", string(mint.UseToken), "which keys: token or saml")
	cmd.Flags().BoolVar(&activate, "activate", false, "let the next SAML key sign, or the one that is named")
	_ = cmd.RegisterFlagCompletionFunc("use", cobra.FixedCompletions([]string{"token", "saml"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func rotateKey(ctx context.Context, w io.Writer, world *config.World, use mint.Use) error {
	key, made, err := world.Keys.Rotate(ctx, use)
	if err != nil {
		return err
	}
	issuer := world.File.Issuer
	switch {
	case key.State == mint.StateActive:
		fmt.Fprintf(w, "%s was made, and signs at once: there was none before it.\n", key.ID)
		return nil
	case made:
		fmt.Fprintf(w, "%s was made, and is next. A running serve publishes it within seconds.\n", key.ID)
	default:
		fmt.Fprintf(w, "%s is next already, since %s. No other one was made.\n", key.ID, key.Since.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if use == mint.UseToken {
		fmt.Fprintf(w, "It signs %s serve has read it back at %s/jwks; `fedbridge keys list` says how far it is.\n"+
			"Where that address serves exported files, export them again: fedbridge issuer export DIR\n",
			delayed(issuer.PublishAheadOrDefault()), issuer.URL)
		return nil
	}
	fmt.Fprintf(w, "\nIt doesn't sign yet, because every account must know it first:\n\n"+
		"1. Fetch the metadata, with both certificates:\n   curl -fo metadata.xml %s/saml/metadata\n2. Give it to every account:\n", issuer.URL)
	for _, arn := range samlProviders(world.File) {
		fmt.Fprintf(w, "   aws iam update-saml-provider --saml-metadata-document file://metadata.xml --saml-provider-arn %s\n", arn)
	}
	fmt.Fprint(w, "3. fedbridge trust check                         says which accounts lack it\n"+
		"4. fedbridge keys rotate --use saml --activate   lets it sign\n"+
		"5. fedbridge keys retire OLD-KEY                 when all is well; then give every account the metadata once more\n")
	return nil
}

// delayed says when something follows: "1h after", "as soon as".
func delayed(d time.Duration) string {
	if d == 0 {
		return "as soon as"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text + " after"
}

// samlProviders are the ARNs of the IAM providers that stand for fedbridge, one an account.
func samlProviders(file *config.File) []string {
	rules, _ := file.Policy()
	var arns []string
	for _, role := range rules.Roles() {
		if arn := role.SAMLProvider.String(); role.Mint == bridge.ProofSAML && !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	if len(arns) == 0 {
		return []string{"arn:aws:iam::ACCOUNT:saml-provider/" + file.Issuer.SAMLProviderOrDefault()}
	}
	slices.Sort(arns)
	return arns
}

func activateKey(ctx context.Context, w io.Writer, world *config.World, args []string) error {
	id := ""
	if len(args) > 0 {
		keys, err := world.Keys.List(ctx)
		if err != nil {
			return err
		}
		key, err := keyNamed(keys, args[0])
		if err != nil {
			return err
		}
		id = key.ID
	}
	key, err := world.Keys.Activate(ctx, id)
	if err != nil {
		return err
	}
	keys, err := world.Keys.List(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s signs SAML responses from now on; every running serve follows within seconds.\n", key.ID)
	var old []string
	for _, k := range keys {
		if k.Use == mint.UseSAML && k.State == mint.StateOld {
			old = append(old, k.ID)
		}
	}
	if len(old) > 0 {
		fmt.Fprintf(w, "An account that refuses it lacks the new metadata. To go back: fedbridge keys rotate --use saml --activate %s\n"+
			"When all is well: fedbridge keys retire %[1]s, and give every account the metadata once more.\n", strings.Join(old[:1], ""))
	}
	return nil
}
