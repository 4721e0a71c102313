package ststest_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzSTS: whatever is sent, the answer is XML, nobody gets credentials, and nothing panics. The one thing that would
// open, a valid proof, isn't among the seeds.
func FuzzSTS(f *testing.F) {
	f.Add("Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=" + url.QueryEscape(samlRole) + "&PrincipalArn=" + url.QueryEscape(corpARN) + "&SAMLAssertion=PHg%2BPC94Pg%3D%3D")
	f.Add("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + url.QueryEscape(webRole) + "&RoleSessionName=ada&WebIdentityToken=e30.e30.e30")
	f.Add("Action=AssumeRole&Version=2011-06-15&Tags.member.1.Key=a&Tags.member.9.Value=b&PolicyArns=")
	f.Add("Action=GetCallerIdentity&Version=2011-06-15")
	w := newWorld(f)
	handler := w.aws.STS()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, r)
		if out.Code == 200 || !strings.HasPrefix(out.Body.String(), "<ErrorResponse") {
			t.Fatalf("%d %s", out.Code, out.Body)
		}
	})
}

// BenchmarkSTS measures the handlers, without a network between.
func BenchmarkSTS(b *testing.B) {
	w := newWorld(b)
	handler := w.aws.STS()
	run := func(name string, f url.Values) {
		body := f.Encode()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				out := httptest.NewRecorder()
				handler.ServeHTTP(out, r)
				if out.Code != 200 {
					b.Fatal(out.Body)
				}
			}
		})
	}
	run("AssumeRoleWithSAML", w.samlForm(w.response(samlSpec{})))
	run("AssumeRoleWithWebIdentity", w.webForm(w.token()))
}
