package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/config"
)

func keysRetireCommand() *cobra.Command {
	var path string
	var force bool
	cmd := &cobra.Command{
		Use:   "retire --config FILE KEY",
		Short: "Take a key out at once, because it may be in wrong hands",
		Long: `retire takes a key out at once: it is no longer published, never signs again, and its file is deleted. serve does this by
itself with a key of ID tokens that was replaced; do it by hand when a key may be in wrong hands, or for an old key of SAML
that no account needs any more.

Where it is the key that signs, the next one takes its place; if there is none that may, retire refuses. With --force it
goes all the same: a new key is made, and nobody gets a role by it until that was read back at the published address (for
SAML: until every account has the new metadata).

What retire can't do: AWS may keep the old key set for some minutes; sessions that were given go on until they end; a SAML
certificate is trusted by every account until it has the new metadata; a key in KMS goes on existing there. retire says
what is left to do.`,
		Example: "  fedbridge keys retire --config fedbridge.yaml 7xq2v5kz",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withKeys(cmd, path, false, func(ctx context.Context, world *config.World) error {
				return retireKey(ctx, cmd.OutOrStdout(), world, args[0], force)
			})
		},
		ValidArgsFunction: completeKeys,
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&force, "force", false, "also when nothing is left that can sign")
	return cmd
}

func retireKey(ctx context.Context, w io.Writer, world *config.World, id string, force bool) error {
	keys, err := world.Keys.List(ctx)
	if err != nil {
		return err
	}
	before, err := keyNamed(keys, id)
	if err != nil {
		return err
	}
	key, err := world.Keys.Retire(ctx, before.ID, force)
	switch {
	case errors.Is(err, mint.ErrNeeded) && before.Use == mint.UseToken:
		return fmt.Errorf("%s signs all ID tokens, and no other key may yet. Make one (fedbridge keys rotate), wait until `fedbridge keys list` says since when it signs, and retire this one then. "+
			"Or, if it is in wrong hands: --force, and roles by ID token can't be used until serve has read back a new key", before.ID)
	case errors.Is(err, mint.ErrNeeded):
		return fmt.Errorf("%s signs all SAML responses. Let another key do so first (fedbridge keys rotate --use saml, then --activate). "+
			"Or, if it is in wrong hands: --force, and roles by SAML can't be used until every account has the new metadata", before.ID)
	case err != nil && key.State != mint.StateRetired:
		return err
	}
	if before.State == mint.StateRetired {
		fmt.Fprintf(w, "%s was retired already.\n", key.ID)
		return err
	}
	if keys, listErr := world.Keys.List(ctx); listErr != nil {
		err = errors.Join(err, listErr)
	} else {
		printRetired(w, world.File, before, keys)
	}
	return err // about what takes its place
}

// printRetired says what was done, and what is left to do.
func printRetired(w io.Writer, file *config.File, k mint.KeyInfo, keys []mint.KeyInfo) {
	where, isFile := strings.CutPrefix(k.Where, "file:")
	fmt.Fprintf(w, "%s is retired: it signs no more, and a running serve stops publishing it within seconds.\n", k.ID)
	if isFile {
		fmt.Fprintf(w, "%s was deleted.\n", where)
	} else {
		fmt.Fprintf(w, "It goes on existing in KMS: aws kms disable-key --key-id %s\n", strings.TrimPrefix(where, "kms:"))
	}
	if k.State != mint.StateActive && k.State != mint.StateNext && k.State != mint.StateOld {
		return // it was never published
	}
	for _, other := range keys {
		if other.Use == k.Use && k.State == mint.StateActive && (other.State == mint.StateActive || other.State == mint.StateNext) {
			fmt.Fprintf(w, "In its place: %s, %s; %s.\n", other.ID, other.State, other.Waits)
		}
	}
	fmt.Fprint(w, "\nWhat is left to do:\n")
	if k.Use == mint.UseToken {
		fmt.Fprintf(w, "- Where %s serves exported files, export them again now: fedbridge issuer export DIR\n"+
			"- AWS may keep the old key set for some minutes. Until then, whoever has the key can still make tokens with it.\n", file.Issuer.URL)
	} else {
		fmt.Fprintf(w, "- EVERY ACCOUNT GOES ON TRUSTING ITS CERTIFICATE until it has the new metadata. Until then, whoever has the key can sign in\n"+
			"  as anybody there, and no other key opens a role where the account doesn't know it:\n  curl -fo metadata.xml %s/saml/metadata\n", file.Issuer.URL)
		for _, arn := range samlProviders(file) {
			fmt.Fprintf(w, "  aws iam update-saml-provider --saml-metadata-document file://metadata.xml --saml-provider-arn %s\n", arn)
		}
	}
	fmt.Fprint(w, "- Sessions that were given go on until they end. If the key was in wrong hands, revoke those of every role (IAM: Revoke\n"+
		"  active sessions), and look for its use in CloudTrail.\n")
}
