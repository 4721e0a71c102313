package main

import (
	"crypto/rand"
	"errors"
	"net/http"
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

	oidcServer, samlServer, stsServer, signInServer, iamServer *idptest.Server

	printed map[string][]byte // what the accounts hold, by file

	clientSecret string
	credentials  awssts.Credentials // of the role that fedbridge runs with
}

// openDemoWorld starts it for a fedbridge at url.
func openDemoWorld(url string) (*demoWorld, error) {
	w := &demoWorld{clientSecret: rand.Text(), printed: map[string][]byte{}}
	err := errors.Join(w.openOIDC(url), w.openSAML(url))
	if err == nil {
		err = w.openAWS()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *demoWorld) close() {
	for _, s := range []*idptest.Server{w.oidcServer, w.samlServer, w.stsServer, w.signInServer, w.iamServer} {
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
			Sign: idptest.SignAssertion, Audiences: []string{idptest.AWSAudience}, MetadataLifetime: 365 * 24 * time.Hour,
			SessionLifetime: 16 * time.Hour,
			SPs:             []idptest.SP{{EntityID: url + "/saml/corp/metadata", Name: "fedbridge", ACS: []string{url + "/saml/corp/acs"}}},
		})
		return w.saml, err
	})
	return err
}

func (w *demoWorld) openAWS() (err error) {
	w.aws = ststest.New(ststest.Options{InsecureLoopbackIssuers: true})
	if err := w.aws.Load(w.state()); err != nil {
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
	if w.signInServer, err = idptest.Serve(func(string) (http.Handler, error) { return w.aws.SignIn(), nil }); err != nil {
		return err
	}
	w.iamServer, err = idptest.Serve(func(string) (http.Handler, error) { return w.aws.IAM(), nil })
	return err
}

const demoBaseRole = "arn:aws:iam::" + hub + ":role/Fedbridge"

// state is what the owners of the accounts have before they hear of fedbridge.
func (w *demoWorld) state() ststest.State {
	state := ststest.State{
		Accounts: []ststest.Account{
			{ID: hub, Name: "hub"}, {ID: shopProd, Name: "shop-prod"}, {ID: shopDev, Name: "shop-dev"}, {ID: dataLab, Name: "data-lab"},
		},
		Roles: []ststest.Role{{
			ARN: demoBaseRole, TrustPolicy: trustPolicy(statement{"Service": "ec2.amazonaws.com"}.allow(nil, "sts:AssumeRole")),
			Permissions: ststest.Permissions{AllowAssume: []string{"*"}},
		}},
	}
	for _, account := range []string{shopProd, shopDev, dataLab} {
		state.Roles = append(state.Roles, ststest.Role{
			ARN: "arn:aws:iam::" + account + ":role/TrustReader", Permissions: ststest.Permissions{AllowIAM: []string{"iam:Get*"}},
			TrustPolicy: trustPolicy(statement{"AWS": demoBaseRole}.allow(nil, "sts:AssumeRole")),
		})
	}
	for _, account := range []string{shopProd, shopDev} {
		state.SAMLProviders = append(state.SAMLProviders, ststest.SAMLProvider{ARN: samlProviderARN(account), Metadata: w.saml.Metadata()})
	}
	return state
}
