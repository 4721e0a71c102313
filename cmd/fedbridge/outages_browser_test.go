package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// press presses a role's button on the page of all roles.
func (r *rig) press(b *browser, role, kind string) {
	b.t.Helper()
	b.open(r.url)
	b.follow(`button[formaction="/roles/` + role + "/" + kind + `"]`)
}

// grants takes credentials of a role: the outage is over.
func (r *rig) grants(b *browser, role string) {
	b.t.Helper()
	before := r.issued()
	r.press(b, role, "credentials")
	b.waitText("Credentials for")
	if n := r.issued() - before; n != 1 {
		b.t.Errorf("credentials were issued %d times", n)
	}
}

// TestAWSRefuses: everything that STS and the console may answer with, for each way of asking.
func TestAWSRefuses(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	r := newRig(t, nil)
	aws := r.world.aws
	ways := []struct{ provider, role, arn string }{
		{"corp", "shop-prod/admin", "arn:aws:iam::" + shopProd + ":role/team/Admin"},
		{"web", "data-lab/analyst", "arn:aws:iam::" + dataLab + ":role/Analyst"},
		{"corp", "shop-dev/readonly", "arn:aws:iam::" + shopDev + ":role/ReadOnly"},
		{"web", "shop-prod/billing", "arn:aws:iam::" + shopProd + ":role/Billing"},
	}
	nobody := trustPolicy(statement{"AWS": "arn:aws:iam::" + shopDev + ":root"}.allow(nil, "sts:AssumeRole"))
	for _, way := range ways {
		r.nothingIssued(t, b, "refused: "+way.role, func(t *testing.T) {
			if err := aws.AddRole(ststest.Role{ARN: way.arn, TrustPolicy: nobody}); err != nil {
				t.Fatal(err)
			}
			r.signIn(b, way.provider, "ada")
			kinds := []string{"credentials", "console"}
			if way.role == "shop-prod/billing" {
				kinds = kinds[:1] // its console is opened at AWS, without us
			}
			for _, kind := range kinds {
				r.press(b, way.role, kind)
				r.refused(b, bridge.CodeSTSRefused)
			}
		})
	}
	r.setUp() // the owners mend their trust policies
	const role = "shop-prod/readonly"
	r.nothingIssued(t, b, "throttled", func(t *testing.T) {
		t.Cleanup(aws.Behave)
		r.signIn(b, "corp", "ada")
		aws.Throttled(20)
		r.press(b, role, "credentials")
		r.refused(b, bridge.CodeSTSThrottled)
		if n := aws.Calls("AssumeRoleWithWebIdentity"); n > 10 {
			t.Errorf("STS was asked %d times: a storm of retries", n)
		}
	})
	r.nothingIssued(t, b, "our own credentials have expired", func(t *testing.T) {
		t.Cleanup(aws.Behave)
		r.signIn(b, "corp", "carl")
		aws.Refusing("ExpiredToken", "The security token included in the request is expired", http.StatusForbidden, 9)
		r.press(b, "shop-dev/invoices", "credentials")
		r.refused(b, bridge.CodeSTSCredentials)
	})
	r.nothingIssued(t, b, "down", func(t *testing.T) {
		t.Cleanup(aws.Behave)
		r.signIn(b, "corp", "ada")
		aws.Failing(http.StatusServiceUnavailable, 9)
		r.press(b, role, "console")
		r.refused(b, bridge.CodeSTSDown)
	})
	r.nothingIssued(t, b, "gone", func(t *testing.T) {
		r.signIn(b, "corp", "ada")
		address := strings.TrimPrefix(r.world.stsServer.URL, "http://")
		r.world.stsServer.Close()
		r.press(b, role, "credentials")
		r.refused(b, bridge.CodeSTSDown)
		server, err := idptest.ServeOn(address, func(string) (http.Handler, error) { return aws.STS(), nil })
		if err != nil {
			t.Fatal(err)
		}
		r.world.stsServer = server
	})
	t.Run("the console's sign-in is down", func(t *testing.T) {
		t.Cleanup(aws.SignInFaults.Behave)
		aws.SignInFaults.Failing(http.StatusServiceUnavailable, 9)
		r.press(b, role, "console")
		r.refused(b, bridge.CodeConsoleDown)
		aws.SignInFaults.Behave()
		r.grants(b, role) // the page says that credentials can be had instead
	})
}

func TestProviderDown(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	r := newRig(t, func(r *rig, yaml string) string {
		r.world.oidc.SetFault("*", idptest.FaultError)
		r.world.saml.SetFault("*", idptest.FaultError)
		return yaml
	})
	for _, provider := range []string{"corp", "web"} {
		r.nothingIssued(t, b, provider+" was never there", func(t *testing.T) {
			b.open(r.url + "/login/" + provider)
			r.refused(b, bridge.CodeProviderDown)
			b.pressOn("Sign in again") // leads to the choice, where the other provider is
			b.waitText("or choose")
		})
	}
	r.world.oidc.SetFault("*", idptest.FaultNone)
	r.world.saml.SetFault("*", idptest.FaultNone)
	for _, path := range []string{"/token", "/jwks"} {
		r.nothingIssued(t, b, "web loses "+path, func(t *testing.T) {
			t.Cleanup(func() { r.world.oidc.SetFault(path, idptest.FaultNone) })
			r.until("fedbridge asks the provider again", func() bool {
				b.open(r.url + "/login/web")
				return b.has("#login")
			})
			r.world.oidc.SetFault(path, idptest.FaultCut)
			r.password(b, "ada")
			r.refused(b, bridge.CodeProviderDown)
		})
	}
	for _, provider := range []string{"corp", "web"} {
		t.Run(provider+" is back", func(t *testing.T) {
			b.clearCookies()
			r.until("fedbridge asks the provider again", func() bool {
				b.open(r.url + "/login/" + provider)
				return b.has("#login")
			})
			r.password(b, "ada")
			r.grants(b, "shop-prod/readonly")
		})
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	b, other := newBrowser(t), newBrowser(t)
	r := newRig(t, nil)
	r.signIn(b, "corp", "ada")
	r.begin(other, "/login/web")
	tables := []string{"pending", "session", "session_identity", "session_proof", "used"}
	for _, table := range tables {
		r.database("ALTER TABLE " + table + " RENAME TO lost_" + table)
	}
	before := r.issued()
	b.follow(`button[formaction="/roles/shop-prod/admin/credentials"]`)
	r.refused(b, bridge.CodeStoreDown)
	b.open(r.url)
	r.refused(b, bridge.CodeStoreDown)
	r.password(other, "ada") // comes back with an answer
	r.refused(other, bridge.CodeStoreDown)
	other.open(r.url + "/login/corp")
	r.refused(other, bridge.CodeStoreDown)
	if n := r.issued() - before; n != 0 {
		t.Errorf("STS gave credentials %d times", n)
	}
	for _, table := range tables {
		r.database("ALTER TABLE lost_" + table + " RENAME TO " + table)
	}
	r.grants(b, "shop-prod/admin") // the session is still there
	r.signIn(other, "web", "ada")
}

// TestAuditDown: the disk of the audit log is full. /dev/full is as full as a disk can be.
func TestAuditDown(t *testing.T) {
	t.Parallel()
	need(t, "/dev/full", "a full disk")
	b, other := newBrowser(t), newBrowser(t)
	r := newRig(t, nil)
	r.signIn(b, "corp", "ada")
	kept := r.audit + ".kept"
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	hangup := func() {
		t.Helper()
		before := strings.Count(r.fedbridge.log(), "SIGHUP")
		if err := r.fedbridge.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		r.until("SIGHUP is heard", func() bool { return strings.Count(r.fedbridge.log(), "SIGHUP") > before })
	}
	rename(r.audit, kept)
	if err := os.Symlink("/dev/full", filepath.Join(r.dir, filepath.Base(r.audit))); err != nil {
		t.Fatal(err)
	}
	hangup()
	before, sessions := r.issued(), r.rows("session")
	for _, kind := range []string{"credentials", "console"} {
		r.press(b, "shop-prod/admin", kind)
		r.refused(b, bridge.CodeAuditDown)
	}
	r.begin(other, "/login/web")
	r.password(other, "ada")
	r.refused(other, bridge.CodeAuditDown)
	if n := r.issued() - before; n != 0 {
		t.Errorf("STS gave credentials %d times", n)
	}
	if r.rows("session") != sessions {
		t.Error("a sign-in that was not recorded gave a session")
	}
	rename(kept, r.audit)
	hangup()
	r.grants(b, "shop-prod/admin")
	r.signIn(other, "web", "ada")
}
