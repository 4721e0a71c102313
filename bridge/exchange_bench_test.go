package bridge_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// localSTS answers as STS does, as quickly as net/http can, so that what is measured is the way there. It counts the
// connections that it was opened.
func localSTS(b *testing.B) (url string, opened *atomic.Int64) {
	b.Helper()
	opened = &atomic.Int64{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		action, arn, name := r.PostForm.Get("Action"), r.PostForm.Get("RoleArn"), r.PostForm.Get("RoleSessionName")
		if action == "AssumeRoleWithSAML" {
			name = "ada"
		}
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><AssumedRoleUser>`+
			`<AssumedRoleId>AROAEXAMPLE:x</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/%[2]s/%[3]s</Arn></AssumedRoleUser>`+
			`<Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>c2VjcmV0</SecretAccessKey>`+
			`<SessionToken>%[4]s</SessionToken><Expiration>%[5]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
			action, arn[strings.LastIndexByte(arn, '/')+1:], name, strings.Repeat("dG9r", 250),
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	b.Cleanup(server.Close)
	return server.URL, opened
}

// BenchmarkExchange is Assume as a whole: entitlement, audit line, call to a local STS, answer compared, audit line.
// The audit goes to memory; what a disk adds is the disk's.
func BenchmarkExchange(b *testing.B) {
	for _, c := range []struct {
		name string
		req  bridge.AssumeRequest
		via  bridge.Via
	}{
		{"web_identity", oidcSignIn(), bridge.ViaWebIdentity},
		{"saml_6KB", large(samlSignIn(), 8_000), bridge.ViaSAML},
		{"saml_24KB", large(samlSignIn(), 32_000), bridge.ViaSAML},
		{"assume_role", request("Admin"), bridge.ViaAssumeRole},
	} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, c.req, c.via, 1) })
	}
	b.Run("web_identity_parallel", func(b *testing.B) { benchmark(b, oidcSignIn(), bridge.ViaWebIdentity, 32) })
}

func large(req bridge.AssumeRequest, size int) bridge.AssumeRequest {
	req.Proof.Raw = bridge.NewSecret(strings.Repeat("PHNhbWw+", size/8))
	return req
}

func benchmark(b *testing.B, req bridge.AssumeRequest, via bridge.Via, parallel int) {
	url, opened := localSTS(b)
	sts, err := awssts.New(awssts.Config{Endpoint: url, Credentials: &awssts.Credentials{
		AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("secret"),
	}})
	if err != nil {
		b.Fatal(err)
	}
	log, err := audit.Open([]string{"stdout"}, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	f := newFakes(grant("Admin", time.Hour, via))
	whole, err := bridge.New(bridge.Options{Authorizer: f, Roles: f, STS: sts, Console: f, Audit: log})
	if err != nil {
		b.Fatal(err)
	}
	req.Proof.RelayUntil = time.Now().Add(24 * time.Hour)
	b.ReportAllocs()
	b.SetParallelism(parallel)
	b.ResetTimer()
	if parallel > 1 {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				assumeOnce(b, whole, req)
			}
		})
	} else {
		for range b.N {
			assumeOnce(b, whole, req)
		}
	}
	b.ReportMetric(float64(opened.Load()), "conns")
}

func assumeOnce(b *testing.B, whole *bridge.Bridge, req bridge.AssumeRequest) {
	if _, err := whole.Assume(context.Background(), req); err != nil {
		b.Error(err)
	}
}

// BenchmarkFloor is the least that a call can cost: a kept connection, a prepared request, the answer read and dropped.
func BenchmarkFloor(b *testing.B) {
	url, _ := localSTS(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	body := []byte("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/Admin&RoleSessionName=ada")
	b.ReportAllocs()
	for b.Loop() {
		answer, err := client.Post(url, "application/x-www-form-urlencoded", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}
