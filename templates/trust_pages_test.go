package templates_test

import (
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

func (f fixtures) trust() []sample {
	l := f.layout("/trust")
	l.Operator = true
	notice, _ := bridge.NoticeOf(bridge.CodeSTSRefused)
	checked := f.at.Add(-5 * time.Minute)
	diff := []templates.DiffLine{{Text: " {"}, {Text: `-  "Action": "sts:AssumeRoleWithWebIdentity",`},
		{Text: `+  "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],`}, {Text: " }"}}
	usual := templates.Trust{Layout: l, Reads: true, Total: 3, Roles: []templates.TrustRole{
		{Account: shopProd, Label: "Administrator", Key: "111122223333/admin", ARN: "arn:aws:iam::111122223333:role/team/Admin",
			Verdict: templates.TrustError, Why: "2 errors", Ways: []templates.TrustWay{{
				Via: bridge.ViaIssuer, Checked: checked, Ago: "5 minutes ago", Read: true,
				Findings: []templates.TrustFinding{
					{Verdict: templates.TrustError, Code: "tag-session-missing", Summary: "fedbridge sends session tags, and the trust policy doesn't allow sts:TagSession.",
						Detail: "Statement 0 allows sts:AssumeRoleWithWebIdentity only.", Fix: diff},
					{Verdict: templates.TrustWarning, Code: "max-session", Summary: "Sessions of 8 h are configured, and the role gives 1 h.",
						Commands: []string{"aws iam update-role --role-name Admin --max-session-duration 28800"}},
					{Verdict: templates.TrustError, Code: "no-source-identity", Summary: "fedbridge sends a source identity.", Same: true},
					{Code: "policy-size", Summary: "The policy has 1,900 of 2,048 characters."},
				},
				Live: &templates.TrustLive{Verdict: templates.TrustError, Code: "sts-refused", Message: notice.Message, Bare: true},
			}}},
		{Account: data, Label: "Analyst", Key: "777788889999/analyst", ARN: "arn:aws:iam::777788889999:role/Analyst",
			Verdict: templates.TrustWarning, Why: "could not be read", Ways: []templates.TrustWay{{
				Via: bridge.ViaSAML, Checked: checked, Ago: "5 minutes ago", Unread: true,
				Findings: []templates.TrustFinding{{Verdict: templates.TrustWarning, Code: "trust-role-unread", Summary: "The IAM role could not be read.",
					Detail: "IAM refused: AccessDenied: User: arn:aws:iam::999988887777:user/fedbridge is not authorized to perform: iam:GetRole"}},
			}, {Via: bridge.ViaWebIdentity}}},
		{Account: shopDev, Label: "Read only", Key: "444455556666/readonly", ARN: "arn:aws:iam::444455556666:role/ReadOnly",
			Verdict: templates.TrustOK, Why: "nothing to mend", Ways: []templates.TrustWay{{
				Via: bridge.ViaAssumeRole, Checked: checked, Ago: "5 minutes ago", Read: true,
				Live: &templates.TrustLive{Verdict: templates.TrustOK, As: "arn:aws:sts::444455556666:assumed-role/ReadOnly/fedbridge-trust-check"},
			}}},
	}}
	running := templates.Trust{Layout: l, Running: f.at, Query: "shop", Total: 3, All: "/trust?all=1", Roles: usual.Roles[2:]}
	evil := bridge.Account{ID: hostile, Name: hostile, Colour: hostile}
	return []sample{
		{"trust/empty", templates.Trust{Layout: l}},
		{"trust/usual", usual},
		{"trust/running", running},
		{"trust/hostile", templates.Trust{Layout: l, Query: hostile, Total: 1, Roles: []templates.TrustRole{{
			Account: evil, Label: hostile, Key: hostile, ARN: hostile, Verdict: templates.TrustVerdict(hostile), Why: hostile,
			Ways: []templates.TrustWay{{
				Via: bridge.Via(hostile), Ago: hostile, Checked: f.at, Unread: true,
				Findings: []templates.TrustFinding{{Verdict: templates.TrustError, Code: hostile, Summary: hostile, Detail: rtl,
					Fix: []templates.DiffLine{{Text: "+" + hostile}, {Text: ""}}, Commands: []string{hostile}}},
				Live: &templates.TrustLive{Verdict: templates.TrustError, Code: hostile, Message: hostile, Remedy: hostile},
			}}}}}},
	}
}

// TestTrustWords: every verdict has a word and a style, and what isn't one is unknown.
func TestTrustWords(t *testing.T) {
	for verdict, want := range map[templates.TrustVerdict]string{
		templates.TrustError: "Error no", templates.TrustWarning: "Warning care", templates.TrustOK: "Good yes", templates.TrustUnknown: "Unknown off", "": "Unknown off",
	} {
		if got := verdict.Word() + " " + verdict.Class(); got != want {
			t.Errorf("%q: %s", verdict, got)
		}
	}
}
