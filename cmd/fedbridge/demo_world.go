package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// demoWorld is all that a real fedbridge finds outside: two identity providers and an AWS, each on a port of 127.0.0.1. The
// providers keep no sessions, so that a newcomer can be somebody else after signing out.
type demoWorld struct {
	oidc *idptest.OIDC
	saml *idptest.SAML
	aws  *ststest.AWS

	oidcServer, samlServer, stsServer, signInServer *idptest.Server

	clientSecret string
	credentials  awssts.Credentials // of the role that fedbridge runs with
}

// openDemoWorld starts it for a fedbridge at url.
func openDemoWorld(url string) (*demoWorld, error) {
	w := &demoWorld{clientSecret: rand.Text()}
	err := errors.Join(w.openOIDC(url), w.openSAML(url))
	if err == nil {
		err = w.openAWS(url)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *demoWorld) close() {
	for _, s := range []*idptest.Server{w.oidcServer, w.samlServer, w.stsServer, w.signInServer} {
		if s != nil {
			s.Close()
		}
	}
}

func (w *demoWorld) openOIDC(url string) (err error) {
	w.oidcServer, err = idptest.Serve(func(issuer string) (http.Handler, error) {
		w.oidc, err = idptest.NewOIDC(idptest.OIDCOptions{
			Issuer: issuer, Title: "Example Web", People: demoPeople, ShowPeople: true, ResponseIss: true,
			Clients: []idptest.Client{{
				ID: demoClientID, Secret: w.clientSecret, RedirectURIs: []string{url + "/oidc/web/callback"},
			}},
		})
		return w.oidc, err
	})
	return err
}

func (w *demoWorld) openSAML(url string) (err error) {
	w.samlServer, err = idptest.Serve(func(own string) (http.Handler, error) {
		w.saml, err = idptest.NewSAML(idptest.SAMLOptions{
			URL: own, Title: "Example Corp", People: demoPeople, ShowPeople: true,
			Sign: idptest.SignAssertion, Audiences: []string{idptest.AWSAudience},
			SPs: []idptest.SP{{EntityID: url + "/saml/corp/metadata", Name: "fedbridge", ACS: []string{url + "/saml/corp/acs"}}},
		})
		return w.saml, err
	})
	return err
}

func (w *demoWorld) openAWS(url string) (err error) {
	w.aws = ststest.New(ststest.Options{InsecureLoopbackIssuers: true})
	if err := w.aws.Load(w.state(url)); err != nil {
		return err
	}
	base, err := w.aws.Instance(demoBaseRole, "fedbridge", 12*time.Hour)
	if err != nil {
		return err
	}
	w.credentials = awssts.Credentials{
		AccessKeyID: base.AccessKeyID, SecretAccessKey: bridge.NewSecret(base.SecretAccessKey), SessionToken: bridge.NewSecret(base.SessionToken),
	}
	if w.stsServer, err = idptest.Serve(func(string) (http.Handler, error) { return w.aws.STS(), nil }); err != nil {
		return err
	}
	w.signInServer, err = idptest.Serve(func(string) (http.Handler, error) { return w.aws.SignIn(), nil })
	return err
}

const demoBaseRole = "arn:aws:iam::" + hub + ":role/Fedbridge"

// state is what the owners of the accounts set up in IAM: the same that README asks of a real one.
func (w *demoWorld) state(url string) ststest.State {
	state := ststest.State{
		Accounts: []ststest.Account{
			{ID: hub, Name: "hub"}, {ID: shopProd, Name: "shop-prod"}, {ID: shopDev, Name: "shop-dev"}, {ID: dataLab, Name: "data-lab"},
		},
		OIDCProviders: []ststest.OIDCProvider{{Account: dataLab, Issuer: w.oidc.Issuer(), ClientIDs: []string{demoClientID}}},
		Roles: []ststest.Role{
			{ARN: demoBaseRole, TrustPolicy: trustPolicy(statement{"Service": "ec2.amazonaws.com"}.allow(nil, "sts:AssumeRole")), Permissions: ststest.Permissions{AllowAssume: []string{"*"}}},
			{ARN: "arn:aws:iam::" + dataLab + ":role/Analyst", MaxSessionDuration: 12 * time.Hour, TrustPolicy: w.webIdentityTrust()},
			{ARN: "arn:aws:iam::" + shopProd + ":role/team/Admin", TrustPolicy: samlTrust(shopProd, url)},
			{ARN: "arn:aws:iam::" + shopDev + ":role/Developer", MaxSessionDuration: 4 * time.Hour, TrustPolicy: samlTrust(shopDev, url)},
			{ARN: "arn:aws:iam::" + shopDev + ":role/Invoices", TrustPolicy: assumeRoleTrust()},
		},
	}
	for _, account := range []string{shopProd, shopDev} {
		state.SAMLProviders = append(state.SAMLProviders, ststest.SAMLProvider{ARN: samlProviderARN(account), Metadata: w.saml.Metadata()})
	}
	for _, account := range []string{shopProd, shopDev, dataLab} {
		state.Roles = append(state.Roles, ststest.Role{
			ARN: "arn:aws:iam::" + account + ":role/ReadOnly", MaxSessionDuration: 8 * time.Hour, TrustPolicy: assumeRoleTrust(),
		})
	}
	return state
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

// samlTrust lets responses in that the IdP made for fedbridge's own ACS.
func samlTrust(account, url string) string {
	return trustPolicy(statement{"Federated": samlProviderARN(account)}.allow(
		map[string]any{"StringEquals": map[string]string{"SAML:aud": url + "/saml/corp/acs"}}, "sts:AssumeRoleWithSAML"))
}

func (w *demoWorld) webIdentityTrust() string {
	issuer := strings.TrimPrefix(w.oidc.Issuer(), "http://")
	return trustPolicy(statement{"Federated": "arn:aws:iam::" + dataLab + ":oidc-provider/" + issuer}.allow(
		map[string]any{
			"StringEquals": map[string]string{issuer + ":aud": demoClientID},
			"StringLike":   map[string]string{issuer + ":sub": "u-*"},
		}, "sts:AssumeRoleWithWebIdentity"))
}
