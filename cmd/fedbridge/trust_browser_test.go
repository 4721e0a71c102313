package main

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// TestTrustPageInChromium: an operator finds the page, has every role looked at, and reads what is wrong and how to mend it,
// with script and without; anybody else finds nothing there.
func TestTrustPageInChromium(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	r := newRig(t, func(r *rig, yaml string) string {
		for _, account := range []string{shopProd, shopDev, dataLab} {
			err := r.world.aws.AddRole(ststest.Role{
				ARN: "arn:aws:iam::" + account + ":role/TrustReader", Permissions: ststest.Permissions{AllowIAM: []string{"iam:Get*"}},
				TrustPolicy: trustPolicy(statement{"AWS": demoBaseRole}.allow(nil, "sts:AssumeRole")),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// One trust policy that somebody wrote by hand, and forgot something in.
		err := r.world.aws.AddRole(ststest.Role{ARN: "arn:aws:iam::" + shopProd + ":role/ReadOnly", TrustPolicy: trustPolicy(
			statement{"Federated": "arn:aws:iam::" + shopProd + ":oidc-provider/" + strings.TrimPrefix(r.url, "http://")}.allow(nil, "sts:AssumeRoleWithWebIdentity"))})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(yaml, "read_role:") {
			return yaml
		}
		return strings.Replace(yaml, "aws:\n", "aws:\n  read_role: arn:aws:iam::{account}:role/TrustReader\n", 1)
	})
	complaints := b.complaints()
	r.signIn(b, "corp", "ada")
	b.follow(`nav a[href="/trust"]`)
	b.waitText("never checked")
	if n := r.issued(); n != 0 {
		t.Errorf("%d credentials before anybody asked", n)
	}
	b.pressOn("Check all now")
	b.waitFor("the check to be over", `document.querySelector(".verdict.yes") !== null || (document.querySelector(".flash") !== null && location.reload())`)
	look(t, b, "trust")
	for _, text := range []string{"trust-no-subject", "sts:TagSession", "AWS refuses it", "less than a minute ago", "nothing to mend"} {
		if !strings.Contains(b.text("main"), text) {
			t.Errorf("no %q on the page", text)
		}
	}
	if added := b.text("pre.diff .added"); !strings.HasPrefix(added, "+") {
		t.Errorf("the change is %q", added)
	}
	for _, c := range complaints() {
		t.Errorf("the browser complains: %s", c)
	}
	probes := 0
	for _, e := range r.entries() {
		if e.Kind == bridge.AuditProbe {
			probes++
			if e.Email != "ada@example.com" || e.RequestID == "" {
				t.Errorf("recorded %+v", e.AuditEvent)
			}
		}
	}
	if probes == 0 {
		t.Error("nothing was recorded")
	}

	b.clearCookies()
	r.signIn(b, "corp", "grace")
	if b.has(`nav a[href="/trust"]`) {
		t.Error("the page is named to everybody")
	}
	b.open(r.url + "/trust")
	b.waitText("There is no page at this address.")
}
