package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// localAWS is an AWS and a SAML provider on loopback, for what README asks of the ones outside.
type localAWS struct {
	sts  *httptest.Server
	saml *idptest.Server
	env  []string // fedbridge's own credentials
}

// signingLine is what README says to add where requests must be signed, as they must here.
var signingLine = regexp.MustCompile("`(signing: \\{.*\\})`")

const ownRole = "arn:aws:iam::999988887777:role/fedbridge"

func newLocalAWS(t testing.TB) *localAWS {
	t.Helper()
	aws := ststest.New(ststest.Options{Region: "eu-west-1"})
	err := aws.Load(ststest.State{Accounts: []ststest.Account{{ID: "999988887777"}}, Roles: []ststest.Role{{
		ARN: ownRole, TrustPolicy: trustPolicy(statement{"Service": "ec2.amazonaws.com"}.allow(nil, "sts:AssumeRole")),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := aws.Instance(ownRole, "i-0123456789abcdef0", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l := &localAWS{sts: httptest.NewServer(aws.STS()), env: []string{
		"AWS_ACCESS_KEY_ID=" + own.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + own.SecretAccessKey, "AWS_SESSION_TOKEN=" + own.SessionToken,
	}}
	t.Cleanup(l.sts.Close)
	l.saml, err = idptest.Serve(func(url string) (http.Handler, error) {
		return idptest.NewSAML(idptest.SAMLOptions{URL: url, Key: idptest.KeyECDSA, WantSignedRequests: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.saml.Close)
	return l
}

// write saves README's configuration with what is on loopback in place of what is outside, and gives the address of
// /readyz.
func (l *localAWS) write(s *shell, config string) (ops string) {
	s.t.Helper()
	public, _ := freeAddress(s.t)
	ops, _ = freeAddress(s.t)
	for _, r := range [][2]string{
		{`listen: ":8443"`, `listen: "` + public + `"`},
		{`ops_listen: "127.0.0.1:9090"`, `ops_listen: "` + ops + `"`},
		{"aws: {region: eu-west-1}", `aws: {region: eu-west-1, endpoints: {sts: "` + l.sts.URL + `"}}`},
		{"https://sso.example.com/idp/metadata", l.saml.URL + "/metadata"},
		{"    claims:", "    " + signingLine.FindStringSubmatch(readFile(s.t, readmePath))[1] + "\n    claims:"},
	} {
		if !strings.Contains(config, r[0]) {
			s.t.Fatalf("README's configuration has no %s", r[0])
		}
		config = strings.Replace(config, r[0], r[1], 1)
	}
	s.write(filepath.Join(s.work, "fedbridge.yaml"), s.placed(config))
	return ops
}
