package trust_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

func needVia(t *testing.T, name string) trust.Need {
	t.Helper()
	n, _ := sound(t, "aws-"+name)
	return n
}

// TestGenerateRefuses: what can't be written as a policy that is narrow enough is a fault, and all faults are told.
func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct {
		name, from string
		change     func(*trust.Need)
		want       string
	}{
		{"no issuer", "issuer", func(n *trust.Need) { n.Issuer = "" }, "issuer isn't known"},
		{"no audience", "issuer", func(n *trust.Need) { n.Role.Audience = "" }, "no audience"},
		{"no client ids", "web_identity", func(n *trust.Need) { n.ClientIDs = nil }, "no audience"},
		{"no SAML provider", "issuer-saml", func(n *trust.Need) { n.Role.SAMLProvider = bridge.SAMLProviderARN{} }, "isn't named"},
		{"no recipient", "saml", func(n *trust.Need) { n.Recipient = nil }, "no recipient"},
		{"nobody calls", "assume_role", func(n *trust.Need) { n.Caller = "" }, "which principal fedbridge runs as"},
		{"an account calls", "assume_role", func(n *trust.Need) { n.Caller = "arn:aws:iam::" + loopHome + ":root" }, "not the ARN"},
		{"everybody calls", "assume_role", func(n *trust.Need) { n.Caller = "*" }, "not the ARN"},
		{"a pattern calls", "assume_role", func(n *trust.Need) { n.Caller = "arn:aws:iam::" + loopHome + ":role/*" }, "not the ARN"},
		{"eleven digits", "assume_role", func(n *trust.Need) { n.Caller = "arn:aws:iam::99998888777:role/x" }, "not the ARN"},
		{"another partition", "assume_role", func(n *trust.Need) { n.Caller = "arn:aws-cn:iam::" + loopHome + ":role/x" }, "doesn't cross"},
		{"a policy variable", "issuer-tags", func(n *trust.Need) { n.Role.TagKeys = []string{"${aws:username}"} }, "policy variable"},
		{"a way that there isn't", "issuer", func(n *trust.Need) { n.Via = "pigeon" }, "no such way"},
	} {
		n := needVia(t, c.from)
		c.change(&n)
		_, err := trust.Generate([]trust.Need{n, needVia(t, "web_identity")}, trust.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), loopShop+"/readonly via ") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	one, two := needVia(t, "issuer"), needVia(t, "assume_role")
	one.Issuer, two.Caller = "", ""
	if _, err := trust.Generate([]trust.Need{one, two}, trust.Options{}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all faults: %v", err)
	}
}

// TestGenerateTogether: entries that share a role or a provider must agree.
func TestGenerateTogether(t *testing.T) {
	with, without := needVia(t, "assume_role-external-id"), needVia(t, "assume_role")
	if _, err := trust.Generate([]trust.Need{with, without}, trust.Options{}); err == nil || !strings.Contains(err.Error(), "external_id") {
		t.Errorf("a role with an external ID and without one: %v", err)
	}
	ours, theirs := needVia(t, "issuer-saml"), needVia(t, "saml")
	theirs.Role.SAMLProvider = ours.Role.SAMLProvider
	if _, err := trust.Generate([]trust.Need{ours, theirs}, trust.Options{}); err == nil || !strings.Contains(err.Error(), "can't be both") {
		t.Errorf("one SAML provider for two: %v", err)
	}
}

// TestGenerateIsDeterministic: the order in which roles are asked for changes nothing, and what was given isn't changed.
func TestGenerateIsDeterministic(t *testing.T) {
	var needs []trust.Need
	for _, c := range loopCases() {
		if len(needs) < 60 && c.need.Role.ARN.Partition == "aws" && !strings.Contains(c.name, "external-id") {
			c.need.Role.ARN.Name = fmt.Sprintf("Role%d", len(needs)/3) // three to a role
			c.need.Role.Key.Name = fmt.Sprintf("role-%d", len(needs))
			c.need.Role.Audience = fmt.Sprintf("audience-%d", len(needs))
			needs = append(needs, c.need)
		}
	}
	print := func() string {
		plan, err := trust.Generate(needs, trust.Options{})
		if err != nil {
			t.Fatal(err)
		}
		template, err := plan.StackSet()
		if err != nil {
			t.Fatal(err)
		}
		return plan.Policies() + plan.Terraform() + template
	}
	before, _ := json.Marshal(needs)
	first := print()
	if after, _ := json.Marshal(needs); string(after) != string(before) {
		t.Error("what was given is changed")
	}
	for range 5 {
		rand.Shuffle(len(needs), func(i, j int) { needs[i], needs[j] = needs[j], needs[i] })
		if print() != first {
			t.Fatal("another order of needs gives another text")
		}
	}
}

// TestGenerateTooLong: what doesn't fit IAM's quota says so, and how to divide it.
func TestGenerateTooLong(t *testing.T) {
	n := needVia(t, "web_identity-google")
	for count, want := range map[int]struct {
		parts int
		note  string
		omit  bool
	}{
		2:   {},
		60:  {0, "", false},
		90:  {2, "must be raised", false},
		150: {3, "must be raised", false},
		300: {5, "even where the quota was raised", true},
	} {
		n.Role.RelaySubjects = nil
		for i := range count {
			n.Role.RelaySubjects = append(n.Role.RelaySubjects, fmt.Sprintf("1040000000000000%05d", i))
		}
		plan, err := trust.Generate([]trust.Need{n}, trust.Options{})
		if err != nil {
			t.Fatal(err)
		}
		role := plan.Accounts[0].Roles[0]
		if len(role.Parts) != want.parts || !strings.Contains(strings.Join(role.Notes, " "), want.note) {
			t.Errorf("%d subjects, %d characters: %d parts, %q", count, role.Characters, len(role.Parts), role.Notes)
		}
		var subjects []string
		for _, part := range role.Parts {
			if part.Characters > trust.DefaultCharacters {
				t.Errorf("a part of %d characters", part.Characters)
			}
			var p spoiled
			if err := json.Unmarshal([]byte(part.Policy), &p); err != nil {
				t.Fatal(err)
			}
			subjects = append(subjects, list(p.statements()[0]["Condition"].(object)["StringEquals"].(object)["accounts.google.com:sub"])...)
			if !strings.Contains(plan.Policies(), part.Policy) {
				t.Error("a part isn't printed")
			}
		}
		if want.parts > 0 && !slices.Equal(subjects, n.Role.RelaySubjects) {
			t.Errorf("%d subjects: the parts name %d", count, len(subjects))
		}
		if strings.Contains(plan.Terraform(), `resource "aws_iam_role"`) == want.omit {
			t.Errorf("%d subjects: the role is in the Terraform file, or not, wrongly", count)
		}
		if _, err := plan.CloudFormation(loopShop); (err != nil) != want.omit {
			t.Errorf("%d subjects: template: %v", count, err)
		}
	}
}

// TestGenerateTwoWaysTooLong: ways that don't fit together are printed one by one.
func TestGenerateTwoWaysTooLong(t *testing.T) {
	one, two := needVia(t, "issuer-some-tags"), needVia(t, "issuer-saml-some-tags")
	one.Issuer += "/" + strings.Repeat("a-very-long-path/", 12) + "x"
	plan, err := trust.Generate([]trust.Need{one, two}, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	role := plan.Accounts[0].Roles[0]
	if role.Characters > trust.DefaultCharacters && len(role.Parts) != 2 {
		t.Errorf("%d characters, %d parts: %q", role.Characters, len(role.Parts), role.Notes)
	}
	for _, part := range role.Parts {
		if _, err := trust.Parse([]byte(part.Policy)); err != nil || part.Characters > trust.DefaultCharacters {
			t.Errorf("%s: %d characters, %v", part.Title, part.Characters, err)
		}
	}
}

// TestTemplateLimits: CloudFormation takes no more than so many roles in one template.
func TestTemplateLimits(t *testing.T) {
	base := needVia(t, "issuer")
	var needs []trust.Need
	for i := range 210 {
		base.Role.ARN.Name = fmt.Sprintf("Role%d", i)
		needs = append(needs, base)
	}
	for count, fits := range map[int]bool{190: true, 210: false} {
		plan, err := trust.Generate(needs[:count], trust.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.CloudFormation(loopShop); (err == nil) != fits {
			t.Errorf("%d roles: %v", count, err)
		}
		if _, err := plan.CloudFormation("444455556666"); err == nil {
			t.Error("a template for an account that nobody asked for")
		}
	}
	empty, err := trust.Generate(nil, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.StackSet(); err == nil || empty.Policies() != "" {
		t.Errorf("nothing is asked for: %v", err)
	}
}

// TestGenerateComments: nothing that was configured escapes from a comment.
func TestGenerateComments(t *testing.T) {
	n := needVia(t, "issuer")
	n.Role.Account.Name = "shop\nresource \"aws_iam_user\" \"x\" {}\n"
	plan, err := trust.Generate([]trust.Need{n}, trust.Options{Command: "fedbridge\nevil: true"})
	if err != nil {
		t.Fatal(err)
	}
	template, err := plan.CloudFormation(loopShop)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{plan.Terraform(), template} {
		if strings.Contains(text, "\nresource \"aws_iam_user\"") || strings.Contains(text, "\nevil") {
			t.Errorf("it escapes:\n%s", text)
		}
	}
}

// TestSessionLengths: MaxSessionDuration is what the configuration asks for, within IAM's limits.
func TestSessionLengths(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		15 * time.Minute: time.Hour, time.Hour: time.Hour, 90 * time.Minute: 90 * time.Minute, 12 * time.Hour: 12 * time.Hour,
	} {
		n := needVia(t, "issuer")
		n.Role.MaxSession = asked
		plan, err := trust.Generate([]trust.Need{n}, trust.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Accounts[0].Roles[0].MaxSession; got != want {
			t.Errorf("%s: got %s", asked, got)
		}
	}
}
