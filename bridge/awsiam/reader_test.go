package awsiam_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsiam"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const (
	home   = "999988887777"
	shop   = "111122223333"
	data   = "444455556666"
	china  = "222233334444"
	auditR = "arn:aws:iam::{account}:role/audit/TrustReader"
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole",` +
	`"Condition":{"StringEquals":{"sts:ExternalId":"a+b c%2F"}}}]}`

// world is an AWS with the caller's own account, two that are entered through a role, and one in another partition.
type world struct {
	aws      *ststest.AWS
	iam, sts *httptest.Server
	key      ststest.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{aws: ststest.New(ststest.Options{})}
	w.iam, w.sts = httptest.NewServer(w.aws.IAM()), httptest.NewServer(w.aws.STS())
	t.Cleanup(w.iam.Close)
	t.Cleanup(w.sts.Close)
	reads := ststest.Permissions{AllowIAM: []string{"*"}, AllowAssume: []string{"*"}}
	trustHome := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}]}`
	err := w.aws.Load(ststest.State{
		Accounts: []ststest.Account{{ID: home}, {ID: shop}, {ID: data}, {ID: china, Partition: "aws-cn"}},
		OIDCProviders: []ststest.OIDCProvider{
			{Account: shop, Issuer: "https://bridge.example.com/tenant", ClientIDs: []string{"fedbridge:" + shop, "other"}},
		},
		Roles: []ststest.Role{
			{ARN: "arn:aws:iam::" + home + ":role/Own", TrustPolicy: policy},
			{ARN: "arn:aws:iam::" + shop + ":role/team/Dev", TrustPolicy: policy, MaxSessionDuration: 8 * time.Hour},
			{ARN: "arn:aws:iam::" + shop + ":role/audit/TrustReader", TrustPolicy: trustHome, Permissions: reads},
			{ARN: "arn:aws:iam::" + data + ":role/Dev", TrustPolicy: policy},
			{ARN: "arn:aws-cn:iam::" + china + ":role/Dev", TrustPolicy: policy},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.key = w.user(t, home, reads)
	return w
}

func (w *world) user(t *testing.T, account string, p ststest.Permissions) ststest.Key {
	t.Helper()
	key, err := w.aws.AddUser(ststest.User{Account: account, Name: "operator", Permissions: p})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) reader(t *testing.T, change ...func(*awsiam.Config)) *awsiam.Reader {
	t.Helper()
	c := awsiam.Config{
		Endpoint: w.iam.URL, STSEndpoint: w.sts.URL, ReadRole: auditR,
		Credentials: &awsiam.Credentials{AccessKeyID: w.key.AccessKeyID, SecretAccessKey: bridge.NewSecret(w.key.SecretAccessKey)},
		Limits:      awsiam.Limits{Attempt: 5 * time.Second, Backoff: 10 * time.Millisecond},
	}
	for _, f := range change {
		f(&c)
	}
	r, err := awsiam.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func role(t *testing.T, text string) bridge.RoleARN {
	t.Helper()
	arn, err := bridge.ParseRoleARN(text)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

// refused expects an error whose text has all the parts.
func refused(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

var background = context.Background()

// TestReads: a role of one's own account, and one beyond, with what its policy says to the byte.
func TestReads(t *testing.T) {
	w := newWorld(t)
	r := w.reader(t)
	own, err := r.Role(background, role(t, "arn:aws:iam::"+home+":role/Own"))
	if err != nil || string(own.TrustPolicy) != policy || own.MaxSession != time.Hour {
		t.Errorf("%s, %v, %v", own.TrustPolicy, own.MaxSession, err)
	}
	if n := w.aws.Calls("AssumeRole"); n != 0 {
		t.Errorf("a role was assumed to read one's own account")
	}
	dev, err := r.Role(background, role(t, "arn:aws:iam::"+shop+":role/team/Dev"))
	if err != nil || string(dev.TrustPolicy) != policy || dev.MaxSession != 8*time.Hour || dev.ARN != "arn:aws:iam::"+shop+":role/team/Dev" {
		t.Errorf("%+v, %v", dev, err)
	}
	oidc, err := r.OIDCProvider(background, "arn:aws:iam::"+shop+":oidc-provider/bridge.example.com/tenant")
	if err != nil || oidc.URL != "bridge.example.com/tenant" || len(oidc.ClientIDs) != 2 || oidc.ClientIDs[0] != "fedbridge:"+shop {
		t.Errorf("%+v, %v", oidc, err)
	}
	if n := w.aws.Calls("AssumeRole"); n != 1 {
		t.Errorf("%d sessions for one account", n)
	}
	for _, call := range w.aws.Captured() {
		if call.Action == "AssumeRole" && (call.Form.Get("DurationSeconds") != "900" || !strings.Contains(call.Form.Get("Policy"), "iam:GetRole") ||
			call.Form.Get("RoleSessionName") != "fedbridge-trust-check") {
			t.Errorf("the session to read with is %v", call.Form)
		}
	}
	who, err := r.Caller(background, "aws")
	if err != nil || who != "arn:aws:iam::"+home+":user/operator" {
		t.Errorf("caller %q, %v", who, err)
	}
}

// TestMissing: what isn't there is told from what can't be read.
func TestMissing(t *testing.T) {
	w := newWorld(t)
	r := w.reader(t)
	_, err := r.Role(background, role(t, "arn:aws:iam::"+shop+":role/None"))
	if !errors.Is(err, awsiam.ErrMissing) {
		t.Error(err)
	}
	_, err = r.OIDCProvider(background, "arn:aws:iam::"+shop+":oidc-provider/bridge.example.com")
	if !errors.Is(err, awsiam.ErrMissing) {
		t.Error(err)
	}
	_, err = r.SAMLProvider(background, bridge.SAMLProviderARN{Partition: "aws", Account: shop, Name: "None"})
	if !errors.Is(err, awsiam.ErrMissing) {
		t.Error(err)
	}
	// The name is there, but not at this ARN: STS wouldn't know it either.
	_, err = r.Role(background, role(t, "arn:aws:iam::"+shop+":role/Dev"))
	other, ok := errors.AsType[*awsiam.OtherARN](err)
	if !ok || !errors.Is(err, awsiam.ErrMissing) || other.ARN.String() != "arn:aws:iam::"+shop+":role/team/Dev" {
		t.Error(err)
	}
	if _, err = r.OIDCProvider(background, "arn:aws:iam::1:oidc-provider/x"); err == nil {
		t.Error("no ARN, no error")
	}
}

// TestWaysIn: each account that can't be entered says why; the others are read.
func TestWaysIn(t *testing.T) {
	w := newWorld(t)
	dev := func(r *awsiam.Reader, account string) error {
		name := "Dev"
		if account == shop {
			name = "team/Dev"
		}
		_, err := r.Role(background, role(t, "arn:aws:iam::"+account+":role/"+name))
		return err
	}
	r := w.reader(t)
	refused(t, dev(r, data), "STS, asked for arn:aws:iam::"+data+":role/audit/TrustReader to read with, refused: AccessDenied")
	if err := dev(r, shop); err != nil {
		t.Error(err)
	}
	before := w.aws.Calls("AssumeRole")
	refused(t, dev(r, data), "AccessDenied")
	if w.aws.Calls("AssumeRole") != before {
		t.Error("a way in that was refused is tried again for the next role")
	}
	_, err := r.Role(background, role(t, "arn:aws-cn:iam::"+china+":role/Dev"))
	refused(t, err, "STS, asked whose the AWS credentials are, refused") // credentials never cross partitions

	r = w.reader(t, func(c *awsiam.Config) { c.ReadRole = "" })
	refused(t, dev(r, shop), "belong to account "+home, "no way named into account "+shop)
	r = w.reader(t, func(c *awsiam.Config) { c.ReadRole = "arn:aws:iam::" + data + ":role/Reader" })
	refused(t, dev(r, shop), "is not in account "+shop)
	r = w.reader(t, func(c *awsiam.Config) { c.Credentials.SecretAccessKey = bridge.NewSecret("wrong") })
	refused(t, dev(r, shop), "STS, asked whose the AWS credentials are, refused: SignatureDoesNotMatch")
	r = w.reader(t, func(c *awsiam.Config) { c.Credentials.AccessKeyID = "" })
	refused(t, dev(r, shop), "no AWS credentials")
	_, err = r.Caller(background, "mars")
	refused(t, err, "not a partition")

	w.key = w.user(t, home, ststest.Permissions{AllowAssume: []string{"*"}})
	_, err = w.reader(t).Role(background, role(t, "arn:aws:iam::"+home+":role/Own"))
	refused(t, err, "IAM refused: AccessDenied", "iam:GetRole")
}

// TestProfiles: a profile reads the account that it was named for, and no other.
func TestProfiles(t *testing.T) {
	w := newWorld(t)
	key := w.user(t, data, ststest.Permissions{AllowIAM: []string{"iam:Get*"}})
	dir := t.TempDir()
	text := "[audit]\naws_access_key_id = " + key.AccessKeyID + "\naws_secret_access_key = " + key.SecretAccessKey + "\n"
	if err := os.WriteFile(filepath.Join(dir, "credentials"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	// An endpoint in the environment is not ours to follow.
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")
	r := w.reader(t, func(c *awsiam.Config) { c.Profiles = map[string]string{data: "audit", shop: "audit", home: "none"} })
	if _, err := r.Role(background, role(t, "arn:aws:iam::"+data+":role/Dev")); err != nil {
		t.Error(err)
	}
	_, err := r.Role(background, role(t, "arn:aws:iam::"+shop+":role/team/Dev"))
	refused(t, err, "profile audit is of account "+data+", not of "+shop)
	_, err = r.Role(background, role(t, "arn:aws:iam::"+home+":role/Own"))
	refused(t, err, "profile none:")
}

// TestThrottled: IAM throttles early, so patience is tried; without end, it is not.
func TestThrottled(t *testing.T) {
	w := newWorld(t)
	r := w.reader(t)
	w.aws.IAMFaults.Throttled(3)
	if _, err := r.Role(background, role(t, "arn:aws:iam::"+home+":role/Own")); err != nil {
		t.Error(err)
	}
	w.aws.IAMFaults.Behave()
	w.aws.IAMFaults.Throttled(1000)
	_, err := r.Role(background, role(t, "arn:aws:iam::"+home+":role/Own"))
	refused(t, err, "IAM refused: Throttling")
	if n := w.aws.IAMFaults.Calls("GetRole"); n != 8 {
		t.Errorf("%d calls", n)
	}
}

// TestHanging: an account that hangs costs its own readers one wait, and the others nothing.
func TestHanging(t *testing.T) {
	w := newWorld(t)
	stuck := make(chan struct{})
	var asked atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.Header.Get("X-Amz-Security-Token") != "" { // a session's: the other account
			asked.Add(1)
			<-stuck
			return
		}
		w.aws.IAM().ServeHTTP(rw, req)
	}))
	t.Cleanup(front.Close)
	t.Cleanup(func() { close(stuck) })
	r := w.reader(t, func(c *awsiam.Config) {
		c.Endpoint, c.Limits = front.URL, awsiam.Limits{Attempt: 300 * time.Millisecond, InFlight: 1}
	})
	dev := role(t, "arn:aws:iam::"+shop+":role/team/Dev")
	_, err := r.Role(background, dev)
	refused(t, err, "IAM didn't answer in time")
	_, err = r.Role(background, dev)
	refused(t, err, "IAM didn't answer in time")
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if _, err := r.Role(background, role(t, "arn:aws:iam::"+home+":role/Own")); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(background)
	cancel()
	_, err = w.reader(t).Role(gone, dev)
	refused(t, err, "given up")
}

func TestConfigCheck(t *testing.T) {
	for name, c := range map[string]awsiam.Config{
		"http abroad":       {Endpoint: "http://iam.example.com"},
		"a password":        {STSEndpoint: "https://a:b@sts.example.com"},
		"a partition's":     {Partitions: map[string]awsiam.Partition{"aws-cn": {Endpoint: "iam"}}},
		"a role's name":     {ReadRole: "TrustReader"},
		"a user":            {ReadRole: "arn:aws:iam::{account}:user/x"},
		"another brace":     {ReadRole: "arn:aws:iam::{id}:role/x"},
		"a partition's STS": {Partitions: map[string]awsiam.Partition{"aws-cn": {STSEndpoint: "https://x?y"}}},
	} {
		if _, err := awsiam.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := awsiam.New(awsiam.Config{Endpoint: "http://127.0.0.1:1", ReadRole: auditR}); err != nil {
		t.Error(err)
	}
}
