package ststest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signing says how a request is signed; the zero value signs rightly with the bridge's key.
type signing struct {
	key, secret, token string
	region, service    string
	at                 time.Time
	before             func(*http.Request) // before it is signed
	after              func(*http.Request) // after
}

// signed makes a signed request of a form, by POST or, when get is set, by GET.
func (w *world) signed(f url.Values, s signing, get bool) *http.Request {
	w.t.Helper()
	method, target, body := http.MethodPost, w.sts.URL+"/", f.Encode()
	if get {
		method, target, body = http.MethodGet, target+"?"+strings.ReplaceAll(body, "+", "%20"), ""
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if !get {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	or := func(v, def string) string {
		if v == "" {
			return def
		}
		return v
	}
	if s.at.IsZero() {
		s.at = w.now()
	}
	if s.before != nil {
		s.before(r)
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(background, aws.Credentials{
		AccessKeyID: or(s.key, w.key.AccessKeyID), SecretAccessKey: or(s.secret, w.key.SecretAccessKey), SessionToken: s.token,
	}, r, hex.EncodeToString(sum[:]), or(s.service, "sts"), or(s.region, "us-east-1"), s.at)
	if err != nil {
		w.t.Fatal(err)
	}
	if s.after != nil {
		s.after(r)
	}
	return r
}

func TestSignature(t *testing.T) {
	w := newWorld(t)
	whoami := form("GetCallerIdentity")
	for name, get := range map[string]bool{"POST": false, "GET": true} {
		if a := w.do(w.signed(whoami, signing{}, get)); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, a.status, a.body)
		}
	}
	for name, s := range map[string]signing{
		"four minutes slow":      {at: w.now().Add(-4 * time.Minute)},
		"four minutes fast":      {at: w.now().Add(4 * time.Minute)},
		"header with two blanks": {before: func(r *http.Request) { r.Header.Set("X-Amz-Meta-Note", "a  b ") }},
	} {
		if a := w.do(w.signed(whoami, s, false)); a.status != http.StatusOK {
			t.Errorf("%s: %d %s: %s", name, a.status, a.code, a.message)
		}
	}
	creds, err := w.aws.Instance(crossRole, "i-0123456789", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	authorization := func(change func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", change(r.Header.Get("Authorization"))) }
	}
	without := func(part string) func(*http.Request) {
		return authorization(func(s string) string {
			out := []string{}
			for field := range strings.SplitSeq(strings.TrimPrefix(s, "AWS4-HMAC-SHA256 "), ", ") {
				if !strings.HasPrefix(field, part+"=") {
					out = append(out, field)
				}
			}
			return "AWS4-HMAC-SHA256 " + strings.Join(out, ", ")
		})
	}
	const invalid = "The security token included in the request is invalid"
	for name, c := range map[string]struct {
		s    signing
		want refusal
	}{
		"unsigned": {signing{after: func(r *http.Request) { r.Header.Del("Authorization") }},
			refusal{403, "MissingAuthenticationToken", "missing Authentication Token"}},
		"unknown key":     {signing{key: "AKIANOBODYSKEY234567"}, refusal{403, "InvalidClientTokenId", invalid}},
		"wrong secret":    {signing{secret: "guess"}, refusal{403, "SignatureDoesNotMatch", "Check your AWS Secret Access Key and signing method"}},
		"other region":    {signing{region: "eu-west-1"}, refusal{403, "SignatureDoesNotMatch", "valid region"}},
		"other service":   {signing{service: "iam"}, refusal{403, "SignatureDoesNotMatch", "correct service: 'sts'"}},
		"six minutes old": {signing{at: w.now().Add(-6 * time.Minute)}, refusal{403, "SignatureDoesNotMatch", "Signature expired: "}},
		"six minutes early": {signing{at: w.now().Add(6 * time.Minute)},
			refusal{403, "SignatureDoesNotMatch", "Signature not yet current: "}},
		"an hour old":                  {signing{at: w.now().Add(-time.Hour)}, refusal{400, "RequestExpired", "expired"}},
		"a token with a long-term key": {signing{token: creds.SessionToken}, refusal{403, "InvalidClientTokenId", invalid}},
		"temporary key without token": {signing{key: creds.AccessKeyID, secret: creds.SecretAccessKey},
			refusal{403, "InvalidClientTokenId", invalid}},
		"token of another key": {signing{key: "ASIANOBODYSKEY234567", secret: creds.SecretAccessKey, token: creds.SessionToken},
			refusal{403, "InvalidClientTokenId", invalid}},
		"damaged token": {signing{key: creds.AccessKeyID, secret: creds.SecretAccessKey, token: "A" + creds.SessionToken[1:len(creds.SessionToken)-2] + "=="},
			refusal{403, "InvalidClientTokenId", invalid}},
		"temporary key, wrong secret": {signing{key: creds.AccessKeyID, secret: "guess", token: creds.SessionToken},
			refusal{403, "SignatureDoesNotMatch", ""}},
		"body changed": {signing{after: func(r *http.Request) {
			r.Body = http.NoBody
			r.ContentLength = 0
			*r = *mustRequest(r, form("GetCallerIdentity", "x", "y").Encode())
		}}, refusal{403, "SignatureDoesNotMatch", ""}},
		"a header slipped in": {signing{after: func(r *http.Request) { r.Header.Set("X-Amz-Target", "other") }},
			refusal{403, "SignatureDoesNotMatch", "not signed: x-amz-target"}},
		"date changed": {signing{after: func(r *http.Request) {
			r.Header.Set("X-Amz-Date", w.now().UTC().Add(time.Second).Format("20060102T150405Z"))
		}},
			refusal{403, "SignatureDoesNotMatch", ""}},
		"date of another day": {signing{after: func(r *http.Request) {
			r.Header.Set("X-Amz-Date", w.now().UTC().Add(48*time.Hour).Format("20060102T150405Z"))
		}}, refusal{403, "SignatureDoesNotMatch", "does not match YYYYMMDD"}},
		"no date":         {signing{after: func(r *http.Request) { r.Header.Del("X-Amz-Date") }}, refusal{400, "IncompleteSignature", "X-Amz-Date"}},
		"no credential":   {signing{after: without("Credential")}, refusal{400, "IncompleteSignature", "requires 'Credential' parameter"}},
		"no signature":    {signing{after: without("Signature")}, refusal{400, "IncompleteSignature", "requires 'Signature' parameter"}},
		"no header names": {signing{after: without("SignedHeaders")}, refusal{400, "IncompleteSignature", "requires 'SignedHeaders' parameter"}},
		"short credential": {signing{after: authorization(func(s string) string { return strings.Replace(s, "/sts/", "/", 1) })},
			refusal{400, "IncompleteSignature", "slash-delimited"}},
		"other terminal": {signing{after: authorization(func(s string) string { return strings.Replace(s, "aws4_request", "aws5_request", 1) })},
			refusal{403, "SignatureDoesNotMatch", "valid terminator"}},
		"host not signed": {signing{after: authorization(func(s string) string { return strings.Replace(s, "host;", "", 1) })},
			refusal{403, "SignatureDoesNotMatch", "SignedHeader"}},
		"other algorithm": {signing{after: authorization(func(s string) string { return "Bearer x" })}, refusal{400, "IncompleteSignature", "AWS4-HMAC-SHA256"}},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.do(w.signed(whoami, c.s, false)), c.want) })
	}
}

// mustRequest sends the same headers with another body.
func mustRequest(r *http.Request, body string) *http.Request {
	other, err := http.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	other.Header = r.Header
	return other
}

func TestExpiredCredentials(t *testing.T) {
	w := newWorld(t)
	creds, err := w.aws.Instance(crossRole, "i-0123456789", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := signing{key: creds.AccessKeyID, secret: creds.SecretAccessKey, token: creds.SessionToken}
	if a := w.do(w.signed(form("GetCallerIdentity"), s, false)); a.status != 200 {
		t.Fatalf("fresh: %s", a.message)
	}
	w.pass(61 * time.Minute)
	w.refused(t, w.do(w.signed(form("GetCallerIdentity"), s, false)),
		refusal{403, "ExpiredToken", "The security token included in the request is expired"})
}

// TestForeignCredentials: the credentials of one AWS are nothing to another.
func TestForeignCredentials(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	creds, err := other.aws.Instance(crossRole, "i-0123456789", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.refused(t, w.do(w.signed(form("GetCallerIdentity"),
		signing{key: creds.AccessKeyID, secret: creds.SecretAccessKey, token: creds.SessionToken}, false)),
		refusal{403, "InvalidClientTokenId", "invalid"})
}

func TestInstance(t *testing.T) {
	w := newWorld(t)
	if _, err := w.aws.Instance("arn:aws:iam::"+target+":role/None", "i-1", time.Hour); err == nil {
		t.Error("credentials of a role that isn't there")
	}
	if _, err := w.aws.Instance(crossRole, "no blank", time.Hour); err == nil {
		t.Error("credentials of a session name that STS doesn't take")
	}
}
