package ststest_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestFaults(t *testing.T) {
	w := newWorld(t)
	ask := func() answer { return w.post(w.webForm(w.token())) }
	w.aws.Throttled(1)
	w.refused(t, ask(), refusal{400, "Throttling", "Rate exceeded"})
	w.aws.Failing(500, 1)
	w.refused(t, ask(), refusal{500, "InternalFailure", ""})
	w.aws.Failing(503, 1)
	down := ask()
	w.refused(t, down, refusal{503, "ServiceUnavailable", ""})
	contains(t, []byte(down.body), "<Type>Receiver</Type>")
	w.aws.Refusing("IDPRejectedClaim", "The claim was revoked.", 403, 1)
	w.refused(t, ask(), refusal{403, "IDPRejectedClaim", "The claim was revoked."})
	if a := ask(); a.status != 200 {
		t.Errorf("used up: %d %s", a.status, a.message)
	}
	w.aws.Throttled(5)
	w.aws.Behave()
	if a := ask(); a.status != 200 {
		t.Errorf("behave: %d %s", a.status, a.message)
	}
	if n := w.aws.Calls("AssumeRoleWithWebIdentity"); n != 6 || w.aws.Calls("") != 6 || w.aws.Calls("AssumeRole") != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestWrongAccount(t *testing.T) {
	w := newWorld(t)
	w.aws.WrongAccount(1)
	for _, want := range []string{"arn:aws:sts::999999999999:assumed-role/Cross/ada@example.com", "arn:aws:sts::" + target + ":assumed-role/Cross/ada@example.com"} {
		out, err := w.bridge().AssumeRole(background, role(crossRole))
		if err != nil {
			t.Fatal(err)
		}
		if *out.AssumedRoleUser.Arn != want {
			t.Errorf("got %s, want %s", *out.AssumedRoleUser.Arn, want)
		}
	}
}

// TestCut: the connection ends in the middle of the answer. The SDK does not retry that by itself.
func TestCut(t *testing.T) {
	w := newWorld(t)
	w.aws.Cut(1)
	response, err := w.sts.Client().Post(w.sts.URL, "application/x-www-form-urlencoded", strings.NewReader(w.webForm(w.token()).Encode()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err == nil || len(body) == 0 || strings.Contains(string(body), "</AssumeRoleWithWebIdentityResponse>") {
		t.Errorf("got %d bytes and %v", len(body), err)
	}
	w.aws.Cut(1)
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(webRole), RoleSessionName: aws.String("ada"), WebIdentityToken: aws.String(w.token())}
	if _, err := w.unsigned().AssumeRoleWithWebIdentity(background, in); err == nil {
		t.Error("the SDK read half an answer")
	}
	if _, err := w.unsigned().AssumeRoleWithWebIdentity(background, in); err != nil {
		t.Error(err)
	}
}

// TestSlow: a call waits, and a client that gives up is let go.
func TestSlow(t *testing.T) {
	w := newWorld(t)
	w.aws.Slow(time.Hour)
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	if _, err := w.bridge().GetCallerIdentity(ctx, nil); err == nil {
		t.Error("an answer within an hour")
	}
	w.aws.Slow(0)
	if _, err := w.bridge().GetCallerIdentity(background, nil); err != nil {
		t.Error(err)
	}
}

func TestSignInFaults(t *testing.T) {
	w := newWorld(t)
	session := sessionJSON(w.unchained())
	w.aws.SignInFaults.Failing(503, 1)
	if p := w.signinToken(session); p.status != 503 {
		t.Errorf("%d", p.status)
	}
	w.aws.SignInFaults.Cut(1)
	response, err := http.PostForm(w.signin.URL+"/federation", url.Values{"Action": {"getSigninToken"}, "Session": {session}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("the answer is whole")
	}
	response.Body.Close()
	tokenOf(t, w.signinToken(session))
	if n := w.aws.SignInFaults.Calls("getSigninToken"); n != 3 {
		t.Errorf("%d calls", n)
	}
	if n := w.aws.Calls("getSigninToken"); n != 0 {
		t.Errorf("%d calls of the sign-in host counted at STS", n)
	}
}

func TestCaptured(t *testing.T) {
	w := newWorld(t)
	if _, err := w.bridge().AssumeRole(background, role(crossRole, external("tenant-1"))); err != nil {
		t.Fatal(err)
	}
	w.post(w.webForm("no token"))
	w.signinToken("x")
	got := w.aws.Captured()
	if len(got) != 3 {
		t.Fatalf("%d requests", len(got))
	}
	if r := got[0]; r.Action != "AssumeRole" || r.Form.Get("ExternalId") != "tenant-1" || !r.Signed || r.Code != "" || r.Method != "POST" {
		t.Errorf("first: %+v", r)
	}
	if r := got[1]; r.Signed || r.Code != "InvalidIdentityToken" || r.Form.Get("WebIdentityToken") != "no token" {
		t.Errorf("second: %+v", r)
	}
	if r := got[2]; r.Action != "getSigninToken" || r.Code == "" {
		t.Errorf("third: %+v", r)
	}
	for range 70 {
		w.post(form("GetCallerIdentity"))
	}
	if n := len(w.aws.Captured()); n != 64 {
		t.Errorf("%d requests are kept", n)
	}
}
