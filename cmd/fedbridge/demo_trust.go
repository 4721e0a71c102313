package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
)

// demoFlaw is the role whose trust policy was written by hand, and lets through more than fedbridge sends: so that
// `trust check` has something to find.
const demoFlaw = "arn:aws:iam::" + shopDev + ":role/Invoices"

// setUp does what the owners of the accounts do: they apply what `fedbridge trust` prints for the configuration.
func (w *demoWorld) setUp(file *config.File) error {
	compiled, problems := file.Policy()
	if len(problems) > 0 {
		return errors.New(problems[0].String())
	}
	needs, err := file.Needs(compiled.Roles(), config.Known{
		Callers: map[string]string{"aws": demoBaseRole},
		Vouched: map[string]idp.Vouched{"corp": {EntityID: w.saml.EntityID(), Metadata: w.saml.Metadata()}},
	})
	if err != nil {
		return err
	}
	plan, err := trust.Generate(needs, trust.Options{})
	if err != nil {
		return err
	}
	for _, account := range plan.Accounts {
		if err := w.setUpAccount(account); err != nil {
			return err
		}
	}
	return w.addRole(demoFlaw, time.Hour, assumeRoleTrust())
}

// addRole creates a role, and remembers it as `aws iam get-role` would print it.
func (w *demoWorld) addRole(arn string, longest time.Duration, policy string) error {
	if err := w.aws.AddRole(ststest.Role{ARN: arn, MaxSessionDuration: longest, TrustPolicy: policy}); err != nil {
		return err
	}
	parsed, err := bridge.ParseRoleARN(arn)
	if err != nil {
		return err
	}
	return w.print(parsed.Account, parsed.Name, map[string]any{"Role": map[string]any{
		"RoleName": parsed.Name, "Arn": arn, "MaxSessionDuration": int(longest / time.Second),
		"AssumeRolePolicyDocument": json.RawMessage(policy),
	}})
}

// addSAML registers a SAML provider, and remembers it as `aws iam get-saml-provider` would print it.
func (w *demoWorld) addSAML(account, name string, metadata []byte) error {
	arn := bridge.SAMLProviderARN{Partition: "aws", Account: account, Name: name}
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: arn.String(), Metadata: metadata}); err != nil {
		return err
	}
	return w.print(account, name, map[string]any{"SAMLMetadataDocument": string(metadata)})
}

func (w *demoWorld) print(account, name string, answer any) error {
	text, err := json.MarshalIndent(answer, "", "    ")
	w.printed[filepath.Join(account, name+".json")] = append(text, '\n')
	return err
}

// writeAccounts writes what is in the accounts, as the aws CLI prints it: for `trust check --policies`.
func (w *demoWorld) writeAccounts(dir string) error {
	for name, text := range w.printed {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// trustSAML registers fedbridge as a SAML provider, with the metadata that it publishes.
func (w *demoWorld) trustSAML(metadata []byte) error {
	return w.addSAML(shopProd, config.DefaultSAMLProvider, metadata)
}

func (w *demoWorld) setUpAccount(account trust.AccountPlan) error {
	for _, p := range account.OIDC {
		_, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account.Account.ID, Issuer: p.URL, ClientIDs: p.ClientIDs})
		_, bare, _ := strings.Cut(p.URL, "://") // as IAM answers
		host := strings.ReplaceAll(bare, ":", "-")
		if err = errors.Join(err, w.print(account.Account.ID, host, map[string]any{"Url": bare, "ClientIDList": p.ClientIDs})); err != nil {
			return err
		}
	}
	for _, p := range account.SAML {
		if p.Metadata == nil {
			continue // fedbridge's own: it is published once there is a key
		}
		if err := w.addSAML(account.Account.ID, p.Name, p.Metadata); err != nil {
			return err
		}
	}
	for _, r := range account.Roles {
		if err := w.addRole(r.ARN.String(), max(r.MaxSession, time.Hour), r.Policy); err != nil {
			return err
		}
	}
	return nil
}

// statement is a Principal; allow makes an Allow statement of it.
type statement map[string]string

func (principal statement) allow(condition map[string]any, actions ...string) map[string]any {
	s := map[string]any{"Effect": "Allow", "Principal": principal, "Action": actions}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

func trustPolicy(statements ...map[string]any) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(fmt.Sprint("a trust policy of strings can't be marshalled: ", err))
	}
	return string(text)
}

// assumeRoleTrust lets fedbridge's own role in, with the external ID. sts:ExternalId exists only in AssumeRole's own
// authorisation, so tags and source identity have a statement of their own.
func assumeRoleTrust() string {
	own := statement{"AWS": demoBaseRole}
	return trustPolicy(
		own.allow(map[string]any{"StringEquals": map[string]string{"sts:ExternalId": demoExternalID}}, "sts:AssumeRole"),
		own.allow(nil, "sts:TagSession", "sts:SetSourceIdentity"),
	)
}
