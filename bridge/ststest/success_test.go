package ststest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// whoami asks with issued credentials, through the real SDK, who they are.
func (w *world) whoami(c *types.Credentials) *sts.GetCallerIdentityOutput {
	w.t.Helper()
	out, err := w.client(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).GetCallerIdentity(background, nil)
	if err != nil {
		w.t.Fatalf("GetCallerIdentity: %v", err)
	}
	return out
}

func TestAssumeRoleWithTheSDK(t *testing.T) {
	w := newWorld(t)
	out, err := w.bridge().AssumeRole(background, &sts.AssumeRoleInput{
		RoleArn: aws.String(crossRole), RoleSessionName: aws.String("ada@example.com"), DurationSeconds: aws.Int32(43200),
		Tags:              []types.Tag{{Key: aws.String("Team"), Value: aws.String("Shop")}, {Key: aws.String("Empty"), Value: aws.String("")}},
		TransitiveTagKeys: []string{"Team"}, SourceIdentity: aws.String("ada"),
		Policy:     aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
		PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sts::" + target + ":assumed-role/Cross/ada@example.com"
	if *out.AssumedRoleUser.Arn != arn || *out.SourceIdentity != "ada" {
		t.Errorf("got %s, source identity %s", *out.AssumedRoleUser.Arn, *out.SourceIdentity)
	}
	if left := out.Credentials.Expiration.Sub(w.now()); left < 12*time.Hour-time.Minute || left > 12*time.Hour {
		t.Errorf("lasts %s", left)
	}
	if !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") || len(*out.Credentials.SecretAccessKey) != 40 {
		t.Errorf("key %s, secret of %d", *out.Credentials.AccessKeyId, len(*out.Credentials.SecretAccessKey))
	}
	if size := aws.ToInt32(out.SessionTokenSize); int(size) != len(*out.Credentials.SessionToken) {
		t.Errorf("SessionTokenSize %d, token of %d", size, len(*out.Credentials.SessionToken))
	}
	who := w.whoami(out.Credentials)
	if *who.Arn != arn || *who.Account != target || *who.UserId != *out.AssumedRoleUser.AssumedRoleId {
		t.Errorf("whoami: %s %s %s", *who.Arn, *who.Account, *who.UserId)
	}
	if n := w.aws.Calls("AssumeRole"); n != 1 {
		t.Errorf("%d calls of AssumeRole", n)
	}
}

func TestAssumeRoleWithSAMLWithTheSDK(t *testing.T) {
	w := newWorld(t)
	out, err := w.unsigned().AssumeRoleWithSAML(background, &sts.AssumeRoleWithSAMLInput{
		RoleArn: aws.String(samlRole), PrincipalArn: aws.String(corpARN), DurationSeconds: aws.Int32(7200),
		SAMLAssertion: aws.String(w.response(samlSpec{attributes: map[string][]string{
			aws_ + "PrincipalTag:Team": {"Shop"}, aws_ + "TransitiveTagKeys": {"Team"}, aws_ + "SourceIdentity": {"ada"},
		}})),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"arn":         {*out.AssumedRoleUser.Arn, "arn:aws:sts::" + target + ":assumed-role/Dev/ada@example.com"},
		"audience":    {*out.Audience, acs},
		"subject":     {*out.Subject, "u-7f3c"},
		"type":        {*out.SubjectType, "persistent"},
		"issuer":      {*out.Issuer, entity},
		"source":      {*out.SourceIdentity, "ada"},
		"who it says": {*w.whoami(out.Credentials).Arn, "arn:aws:sts::" + target + ":assumed-role/Dev/ada@example.com"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got %s, want %s", name, c[0], c[1])
		}
	}
	if left := out.Credentials.Expiration.Sub(w.now()); left > 2*time.Hour || left < 2*time.Hour-time.Minute {
		t.Errorf("lasts %s", left)
	}
}

func TestAssumeRoleWithWebIdentityWithTheSDK(t *testing.T) {
	w := newWorld(t)
	out, err := w.unsigned().AssumeRoleWithWebIdentity(background, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(webRole), RoleSessionName: aws.String("ada@example.com"), WebIdentityToken: aws.String(w.token()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.SubjectFromWebIdentityToken != "u-7f3c" || *out.Audience != "client-1" || *out.Provider != w.issuer.url() {
		t.Errorf("got %s %s %s", *out.SubjectFromWebIdentityToken, *out.Audience, *out.Provider)
	}
	if arn := *w.whoami(out.Credentials).Arn; arn != "arn:aws:sts::"+target+":assumed-role/Web/ada@example.com" {
		t.Errorf("whoami: %s", arn)
	}
}

func TestGetCallerIdentityOfAUser(t *testing.T) {
	w := newWorld(t)
	out, err := w.bridge().GetCallerIdentity(background, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *out.Arn != "arn:aws:iam::"+home+":user/svc/bridge" || *out.Account != home || !strings.HasPrefix(*out.UserId, "AIDA") {
		t.Errorf("got %s %s %s", *out.Arn, *out.Account, *out.UserId)
	}
}
