package main

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	crewjam "github.com/crewjam/saml"
	"golang.org/x/oauth2"
)

// BenchmarkSignIn is a whole sign-in through the real handlers: begin, the provider's answer, verification, audit line,
// session row, redirect. What the provider itself does is not in it. Its peer is a program that believes the same answer
// and keeps nothing: for SAML crewjam/saml's verification, for OIDC the code exchange of x/oauth2 and the verification of
// go-oidc. They take turns; ratio compares the medians of their processor time. disk-ns is what four writes take that are
// flushed, which is as often as the store commits.
func BenchmarkSignIn(b *testing.B) {
	w := newBenchWorld(b, "http", b.TempDir(), 60)
	site := w.open(b)
	for _, c := range []struct {
		name, person string
		signIn       func(b *testing.B, w *benchWorld, v *benchVisitor, person string) (answer url.Values)
		peer         func(b *testing.B, w *benchWorld) func(answer url.Values)
	}{
		{"saml-6KB", benchSmall, signInWithSAML, crewjamPeer},
		{"saml-23KB", benchLarge, signInWithSAML, crewjamPeer},
		{"oidc", benchLarge, signInWithOIDC, goOIDCPeer},
	} {
		b.Run(c.name, func(b *testing.B) {
			var wall, ours, theirs, disk []time.Duration
			peer := c.peer(b, w)
			flush := flusher(b, w.dir)
			for b.Loop() {
				v := w.visitor(b, site)
				w.outside.Store(0)
				answer := c.signIn(b, w, v, c.person)
				outside := time.Duration(w.outside.Swap(0))
				wall, ours = append(wall, v.spent-outside), append(ours, v.cpu-outside)
				used := cpuTime()
				peer(answer)
				theirs = append(theirs, cpuTime()-used-time.Duration(w.outside.Load()))
				disk = append(disk, flush())
			}
			b.ReportMetric(float64(median(wall)), "ns/op")
			b.ReportMetric(float64(median(disk)), "disk-ns")
			b.ReportMetric(float64(median(ours)), "cpu-ns")
			b.ReportMetric(float64(median(theirs)), "peer-ns")
			b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
		})
	}
}

// flusher writes a page four times and waits each time until the disk has it.
func flusher(b *testing.B, dir string) func() time.Duration {
	file, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	page := make([]byte, 4096)
	return func() time.Duration {
		began := time.Now()
		for range 4 {
			if _, err := file.Write(page); err != nil {
				b.Fatal(err)
			}
			if err := file.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
}

func signInWithSAML(b *testing.B, w *benchWorld, v *benchVisitor, person string) url.Values {
	asked := v.must(http.StatusSeeOther, "GET", "/login/corp", "").Header().Get("Location")
	answer, err := w.saml.Answer(asked, nil, person)
	if err != nil {
		b.Fatal(err)
	}
	v.must(http.StatusSeeOther, "POST", "/saml/corp/acs", answer.Encode(), "Sec-Fetch-Site", "cross-site")
	return answer
}

func signInWithOIDC(b *testing.B, w *benchWorld, v *benchVisitor, person string) url.Values {
	asked := v.must(http.StatusSeeOther, "GET", "/login/web", "").Header().Get("Location")
	answer, err := w.oidc.Answer(asked, person)
	if err != nil {
		b.Fatal(err)
	}
	v.must(http.StatusSeeOther, "GET", "/oidc/web/callback?"+answer.Encode(), "")
	return answer
}

func crewjamPeer(b *testing.B, w *benchWorld) func(url.Values) {
	metadata := &crewjam.EntityDescriptor{}
	if err := xml.Unmarshal(w.saml.Metadata(), metadata); err != nil {
		b.Fatal(err)
	}
	acs, _ := url.Parse(w.url + "/saml/corp/acs")
	sp := &crewjam.ServiceProvider{EntityID: w.url + "/saml/corp/metadata", AcsURL: *acs, MetadataURL: *acs, IDPMetadata: metadata, AllowIDPInitiated: true}
	return func(answer url.Values) {
		document, err := base64.StdEncoding.DecodeString(answer.Get("SAMLResponse"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sp.ParseXMLResponse(document, nil, *acs); err != nil {
			b.Fatal(err.(*crewjam.InvalidResponseError).PrivateErr)
		}
	}
}

func goOIDCPeer(b *testing.B, w *benchWorld) func(url.Values) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	ctx := gooidc.ClientContext(context.Background(), client)
	provider, err := gooidc.NewProvider(ctx, w.oidc.Issuer())
	if err != nil {
		b.Fatal(err)
	}
	party := oauth2.Config{
		ClientID: "bench", ClientSecret: "secret", Endpoint: provider.Endpoint(), RedirectURL: w.url + "/oidc/web/callback",
		Scopes: []string{"openid", "email", "profile"},
	}
	party.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	verifier := provider.Verifier(&gooidc.Config{ClientID: "bench"})
	return func(url.Values) {
		pkce := oauth2.GenerateVerifier()
		answer, err := w.oidc.Answer(party.AuthCodeURL("state", gooidc.Nonce("nonce"), oauth2.S256ChallengeOption(pkce)), benchLarge)
		if err != nil {
			b.Fatal(err)
		}
		token, err := party.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(pkce))
		if err != nil {
			b.Fatal(err)
		}
		raw, _ := token.Extra("id_token").(string)
		verified, err := verifier.Verify(ctx, raw)
		if err != nil {
			b.Fatal(err)
		}
		var claims struct {
			Email  string   `json:"email"`
			Name   string   `json:"name"`
			Groups []string `json:"groups"`
		}
		if err := verified.Claims(&claims); err != nil || len(claims.Groups) != 25 {
			b.Fatal(err, claims)
		}
	}
}

// BenchmarkCredentials is the click on a role as a person's request: session check, identity unsealed, policy, audit line,
// STS, audit line, answer. STS's own work is not in it.
func BenchmarkCredentials(b *testing.B) {
	w := newBenchWorld(b, "http", b.TempDir(), 60)
	v := w.visitor(b, w.open(b))
	signInWithSAML(b, w, v, benchLarge)
	path := fmt.Sprintf("/roles/account-%d/role-1/credentials", benchAccount(0))
	ask := func() {
		v.must(http.StatusOK, "POST", path, "", "Accept", "application/json", "Origin", w.url, "Sec-Fetch-Site", "same-origin")
	}
	ask()
	v.spent = 0
	w.outside.Store(0)
	n := 0
	for b.Loop() {
		ask()
		n++
	}
	b.ReportMetric(float64(v.spent.Nanoseconds()-w.outside.Load())/float64(n), "ns/op")
}

// BenchmarkPicker is the home page of somebody with few and with many roles, session check and policy included.
func BenchmarkPicker(b *testing.B) {
	for _, roles := range []int{60, 2500} {
		b.Run(fmt.Sprint(roles), func(b *testing.B) {
			w := newBenchWorld(b, "http", b.TempDir(), roles)
			v := w.visitor(b, w.open(b))
			signInWithSAML(b, w, v, benchSmall)
			page := ""
			for b.Loop() {
				page = v.must(http.StatusOK, "GET", "/", "").Body.String()
			}
			if found := strings.Count(page, `href="/roles/`); found < roles {
				b.Fatalf("%d roles on the page", found)
			}
			b.ReportMetric(float64(len(page))/1000, "KB")
			b.ReportMetric(float64(gzipped(page))/1000, "KB-gzipped")
		})
	}
}

func gzipped(text string) int {
	var size counter
	z := gzip.NewWriter(&size)
	io.WriteString(z, text)
	z.Close()
	return int(size)
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
