package awsconsole_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// TestSignIn: the link signs a browser in at a strict federation endpoint, also with chained credentials, and for the
// pages that people want to land on.
func TestSignIn(t *testing.T) {
	aws := ststest.New(ststest.Options{})
	const arn = "arn:aws:iam::111122223333:role/Dev"
	if err := aws.AddAccount(ststest.Account{ID: "111122223333"}); err != nil {
		t.Fatal(err)
	}
	if err := aws.AddRole(ststest.Role{ARN: arn, TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}); err != nil {
		t.Fatal(err)
	}
	signIn := httptest.NewServer(aws.SignIn())
	defer signIn.Close()
	l := linker(t, awsconsole.Config{SignIn: signIn.URL, Region: "eu-west-1"})
	session, err := aws.Instance(arn, "ada@example.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	creds := bridge.Credentials{
		AccessKeyID: session.AccessKeyID, SecretAccessKey: bridge.NewSecret(session.SecretAccessKey),
		SessionToken: bridge.NewSecret(session.SessionToken), Expires: session.Expires, Role: role("aws"), Chained: true,
	}
	for _, to := range []bridge.Destination{
		{}, {Region: "ap-south-1"}, {URL: "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1#/x?y=%20z"},
	} {
		link, err := l.Link(context.Background(), creds, to)
		if err != nil {
			t.Fatal(err)
		}
		jar, _ := cookiejar.New(nil)
		page, err := (&http.Client{Jar: jar}).Get(link.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(page.Body)
		page.Body.Close()
		if page.StatusCode != http.StatusOK || !strings.Contains(string(body), "ada@example.com") {
			t.Errorf("%+v: %s\n%.400s", to, page.Status, body)
		}
	}
	wrong := creds
	wrong.SecretAccessKey = bridge.NewSecret("wrong")
	_, err = l.Link(context.Background(), wrong, bridge.Destination{})
	wantCode(t, err, bridge.CodeConsoleRefused)
	aws.SignInFaults.Failing(http.StatusServiceUnavailable, 1)
	_, err = l.Link(context.Background(), creds, bridge.Destination{})
	wantCode(t, err, bridge.CodeConsoleDown)
}
