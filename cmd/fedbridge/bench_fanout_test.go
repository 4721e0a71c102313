package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// BenchmarkFanOut asks an STS that takes 20 ms, over TLS, for sixty roles at once. handshakes are the connections that a
// fan-out opened once the pool is warm; ratio is how long it took, in answers of STS.
func BenchmarkFanOut(b *testing.B) {
	const roles, latency = 60, 20 * time.Millisecond
	var opened atomic.Int64
	sts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		answerAsSTS(w, r)
	}))
	sts.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	sts.StartTLS()
	defer sts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(sts.Certificate())
	client, err := awssts.New(awssts.Config{Endpoint: sts.URL, RootCAs: roots, Credentials: &awssts.Credentials{
		AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: bridge.NewSecret("secret"),
	}})
	if err != nil {
		b.Fatal(err)
	}
	fanOut := func() {
		var all sync.WaitGroup
		for i := range roles {
			all.Go(func() {
				if _, err := client.Exchange(context.Background(), benchQuestion(i)); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
	for range 3 { // until sixty calls have been under way at the same time
		fanOut()
	}
	before := opened.Load()
	for b.Loop() {
		fanOut()
	}
	b.ReportMetric(float64(opened.Load()-before)/float64(b.N), "handshakes/op")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(latency), "ratio")
}

func benchQuestion(i int) bridge.ExchangeRequest {
	account, name := fmt.Sprint(benchAccount(i/20)), fmt.Sprintf("role-%d", i%20)
	return bridge.ExchangeRequest{
		Role: bridge.Role{
			Key: bridge.RoleKey{Account: account, Name: name}, MaxSession: time.Hour,
			ARN: bridge.RoleARN{Partition: "aws", Account: account, Path: "/", Name: name},
		},
		Via: bridge.ViaAssumeRole, SessionName: "ada", Duration: time.Hour,
	}
}
