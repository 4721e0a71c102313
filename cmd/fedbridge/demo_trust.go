package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

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
	return w.aws.AddRole(ststest.Role{ARN: demoFlaw, TrustPolicy: assumeRoleTrust()})
}

// trustSAML registers fedbridge as a SAML provider, with the metadata that it publishes.
func (w *demoWorld) trustSAML(metadata []byte) error {
	return w.aws.AddSAMLProvider(ststest.SAMLProvider{
		ARN: "arn:aws:iam::" + shopProd + ":saml-provider/" + config.DefaultSAMLProvider, Metadata: metadata,
	})
}

func (w *demoWorld) setUpAccount(account trust.AccountPlan) error {
	for _, p := range account.OIDC {
		_, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account.Account.ID, Issuer: p.URL, ClientIDs: p.ClientIDs})
		if err != nil {
			return err
		}
	}
	for _, p := range account.SAML {
		if p.Metadata == nil {
			continue // fedbridge's own: it is published once there is a key
		}
		if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: p.ARN, Metadata: p.Metadata}); err != nil {
			return err
		}
	}
	for _, r := range account.Roles {
		err := w.aws.AddRole(ststest.Role{ARN: r.ARN.String(), MaxSessionDuration: max(r.MaxSession, time.Hour), TrustPolicy: r.Policy})
		if err != nil {
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
