package portal_test

import (
	"encoding/json"
	"errors"
	"html"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/delivery"
)

const (
	consolePath     = "/roles/shop-prod/admin/console"
	credentialsPath = "/roles/shop-prod/admin/credentials"
)

func TestConsole(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	a := b.post(consolePath, "duration", "2h", "region", "eu-west-1")
	wantRedirect(t, a, "https://signin.aws.amazon.com/federation?SigninToken=SIGNINTOKEN")
	if a.Body.Len() != 0 || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the link is in the body, cacheable or referred to: %v %s", a.Header(), a.Body)
	}
	if strings.Contains(w.log.String(), "SIGNINTOKEN") {
		t.Error("the log has the link")
	}
	if ask := w.sts.asks[0]; ask.Duration != 2*time.Hour || ask.Role.Key != (bridge.RoleKey{Account: prod.ID, Name: "admin"}) {
		t.Errorf("STS was asked %+v", ask)
	}
	if e := w.audit.last(); e.Kind != bridge.AuditOutcome || e.Door != "portal" || e.Purpose != "console" || e.RequestID != a.Header().Get("X-Request-Id") {
		t.Errorf("audit: %+v", e)
	}
	wantRedirect(t, b.post("/roles/"+prod.ID+"/admin/console", "to", "https://console.aws.amazon.com/s3"), a.Header().Get("Location"))
}

// TestGetNeverGrants: neither do HEAD, nor other methods (promise 3).
func TestGetNeverGrants(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for _, path := range []string{consolePath, credentialsPath, credentialsPath + "?format=bash&download=1"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "Post"} {
			b.header.Set("X-HTTP-Method-Override", "POST")
			if a := b.send(method, path, nil, false); a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != "POST" {
				t.Errorf("%s %s: %d", method, path, a.Code)
			}
		}
	}
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}

func TestGrantRefused(t *testing.T) {
	cases := []struct {
		name, who, path string
		form            []string
		code            bridge.Code
	}{
		{"not entitled", "bob", consolePath, nil, bridge.CodeNotEntitled},
		{"not entitled, credentials", "bob", credentialsPath, nil, bridge.CodeNotEntitled},
		{"no role at all", "nobody", credentialsPath, nil, bridge.CodeNotEntitled},
		{"denied by a rule", "eve", credentialsPath, nil, bridge.CodeDenied},
		{"no such role", "alice", "/roles/shop-prod/none/credentials", nil, bridge.CodeNotEntitled},
		{"no such account", "alice", "/roles/none/admin/credentials", nil, bridge.CodeNotEntitled},
		{"account's label", "alice", "/roles/Shop/admin/credentials", nil, bridge.CodeNotEntitled},
		{"same role, other account", "alice", "/roles/shop-dev/admin/credentials", nil, bridge.CodeNotEntitled},
		{"other case", "alice", "/roles/shop-prod/Admin/credentials", nil, bridge.CodeNotEntitled},
		{"too long", "alice", credentialsPath, []string{"duration", "9h"}, bridge.CodeDuration},
		{"too short", "alice", credentialsPath, []string{"duration", "1m"}, bridge.CodeDuration},
		{"zero", "alice", credentialsPath, []string{"duration", "0s"}, bridge.CodeDuration},
		{"plain zero", "alice", credentialsPath, []string{"duration", "0"}, bridge.CodeDuration},
		{"negative", "alice", credentialsPath, []string{"duration", "-1h"}, bridge.CodeDuration},
		{"seconds", "alice", credentialsPath, []string{"duration", "900"}, bridge.CodeDuration},
		{"huge", "alice", credentialsPath, []string{"duration", "999999h"}, bridge.CodeDuration},
		{"overflow", "alice", credentialsPath, []string{"duration", "9999999999999h"}, bridge.CodeDuration},
		{"parts of a second", "alice", credentialsPath, []string{"duration", "1h0.5s"}, bridge.CodeDuration},
		{"no duration", "alice", credentialsPath, []string{"duration", "long"}, bridge.CodeDuration},
		{"doubled duration", "alice", credentialsPath, []string{"duration", "1h", "duration", "8h"}, bridge.CodeBadRequest},
		{"doubled region", "alice", consolePath, []string{"region", "eu-west-1", "region", "us-east-1"}, bridge.CodeBadRequest},
		{"region of another partition", "alice", credentialsPath, []string{"region", "cn-north-1"}, bridge.CodeRegion},
		{"no region", "alice", credentialsPath, []string{"region", "eu-west-1.evil.example"}, bridge.CodeRegion},
		{"region for a shell", "alice", credentialsPath, []string{"region", "$(id)"}, bridge.CodeRegion},
		{"elsewhere", "alice", consolePath, []string{"to", "https://evil.example/"}, bridge.CodeConsoleTarget},
		{"endless address", "alice", consolePath, []string{"to", "https://console.aws.amazon.com/" + strings.Repeat("a", 3000)}, bridge.CodeConsoleTarget},
		{"unknown format", "alice", credentialsPath, []string{"format", "exe", "download", "1"}, bridge.CodeBadRequest},
		{"doubled format", "alice", credentialsPath, []string{"format", "bash", "format", "fish", "download", "1"}, bridge.CodeBadRequest},
		{"wrong provider for a relay", "hostile", "/roles/shop-prod/relayed/credentials", nil, bridge.CodeProofKind},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser().signIn(w.web, c.who)
			wantCode(t, b.post(c.path, c.form...), c.code)
			if w.sts.count() != 0 {
				t.Error("STS was asked")
			}
		})
	}
}

// TestRefusedRolesAreRecorded: who asked for a role that they may not have is in the audit log.
func TestRefusedRolesAreRecorded(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "bob")
	b.post("/roles/none/admin/credentials")
	if e := w.audit.last(); e.Kind != bridge.AuditDecide || e.Allowed || e.Code != bridge.CodeNotEntitled || e.Account != "none" || e.Subject != "bob" {
		t.Errorf("audit: %+v", e)
	}
}

func TestNoGrantWithoutRecord(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	w.audit.setDown(true)
	wantCode(t, b.post(consolePath), bridge.CodeAuditDown)
	wantCode(t, b.post(credentialsPath), bridge.CodeAuditDown)
	if w.sts.count() != 0 {
		t.Error("STS was asked")
	}
}

func TestSTSFails(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for _, code := range []bridge.Code{bridge.CodeSTSRefused, bridge.CodeSTSDown, bridge.CodeSTSThrottled, bridge.CodeSTSWrongRole} {
		w.sts.err = bridge.Fail(code, errors.New(canary))
		wantCode(t, b.post(credentialsPath), code)
		wantCode(t, b.post(consolePath), code)
	}
	w.sts.err = nil
	w.console.err = bridge.Fail(bridge.CodeConsoleDown, errors.New(canary))
	wantCode(t, b.post(consolePath), bridge.CodeConsoleDown)
}

func TestCredentialsPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	a := b.post(credentialsPath, "duration", "2h", "region", "us-east-1")
	page := a.Body.String()
	if a.Code != 200 || a.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", a.Code, a.Header())
	}
	for _, want := range []string{"ASIAEXAMPLEEXAMPLE", "secretKey/of", "sessionToken/of", "assumed-role/admin/", "us-east-1", "AWS_SESSION_TOKEN"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if plain := b.post("/roles/shop-dev/readonly/credentials").Body.String(); !strings.Contains(plain, "eu-central-1") {
		t.Error("the configured region isn't in what nobody chose a region for")
	}
	for _, format := range delivery.Formats() {
		if !strings.Contains(page, `name="format" value="`+string(format.ID)+`"`) {
			t.Errorf("%s can't be downloaded", format.ID)
		}
	}
	if log := w.log.String(); strings.Contains(log, "secretKey") || strings.Contains(log, "sessionToken") {
		t.Error("the log has the credentials")
	}
	if n := w.sts.count(); n != 2 { // for each page once
		t.Errorf("STS was asked %d times", n)
	}
}

var safeFile = regexp.MustCompile(`^[A-Za-z0-9._-]{1,140}$`)

func TestDownloads(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	for _, format := range delivery.Formats() {
		a := b.post(credentialsPath, "format", string(format.ID), "download", "1")
		kind, params, err := mime.ParseMediaType(a.Header().Get("Content-Disposition"))
		if a.Code != 200 || err != nil || kind != "attachment" || !safeFile.MatchString(params["filename"]) || strings.HasPrefix(params["filename"], ".") {
			t.Errorf("%s: %d %v", format.ID, a.Code, a.Header())
		}
		if a.Header().Get("Content-Type") != format.MIME || !strings.Contains(a.Body.String(), "secretKey/of+the/role") {
			t.Errorf("%s: %v %s", format.ID, a.Header(), a.Body)
		}
	}
}

func TestCredentialsJSON(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	b.header.Set("Accept", "application/json")
	a := b.post(credentialsPath)
	var got struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
		Expiration                                 time.Time
	}
	if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || a.Code != 200 {
		t.Fatalf("%d %v %s", a.Code, err, a.Body)
	}
	if got.Version != 1 || got.AccessKeyId != "ASIAEXAMPLEEXAMPLE" || got.SessionToken != "sessionToken/of+the/role==" || got.Expiration.IsZero() {
		t.Errorf("%+v", got)
	}
	if a.Header().Get("Content-Type") != "application/json" || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header())
	}
	b.header.Set("Accept", "application/json")
	refused := b.post("/roles/shop-prod/relayed/credentials")
	var failure map[string]string
	if err := json.Unmarshal(refused.Body.Bytes(), &failure); err != nil || failure["code"] != "not-entitled" || failure["message"] == "" ||
		failure["remedy"] == "" || failure["request_id"] != refused.Header().Get("X-Request-Id") {
		t.Errorf("%v %s", err, refused.Body)
	}
}

func TestRolePage(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.corp, "alice")
	a := b.get("/roles/" + prod.ID + "/admin?duration=2h&region=us-east-1&to=https://console.aws.amazon.com/s3")
	page := html.UnescapeString(a.Body.String())
	for _, want := range []string{`value="2h" checked`, `value="8h"`, `value="us-east-1"`, "https://console.aws.amazon.com/s3",
		bridge.CapRole.Sentence(), "arn:aws:iam::" + prod.ID + ":role/admin", "/roles/shop-prod/admin/console"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{`value="12h"`, "cn-north-1"} {
		if strings.Contains(page, never) {
			t.Errorf("the page offers %q", never)
		}
	}
	wantCode(t, b.get("/roles/shop-prod/admin?duration=1h&duration=2h"), bridge.CodeBadRequest)
	wantCode(t, b.get("/roles/shop-prod/admin?region=<script>"), bridge.CodeRegion)
	wantCode(t, b.get("/roles/shop-prod/relayed"), bridge.CodeNotEntitled)
	wantCode(t, w.browser().signIn(w.corp, "eve").get("/roles/shop-prod/admin"), bridge.CodeDenied)
	if w.sts.count() != 0 {
		t.Error("a GET asked STS")
	}
}
