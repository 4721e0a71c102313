package templates_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// goldenTime is when everything on the golden pages happens.
var goldenTime = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

var signedOut = templates.Layout{Path: "/", RequestID: "4KQ7ZT2M"}

// fixtures are pages that were made at a time.
type fixtures struct{ at time.Time }

func (f fixtures) layout(path string) templates.Layout {
	return templates.Layout{
		Path:        path,
		Person:      &templates.Person{Name: "Alice Ndiaye", Email: "alice@example.com", Provider: "Example Corp"},
		SessionEnds: f.at.Add(8 * time.Hour),
		RequestID:   "4KQ7ZT2M",
	}
}

var shopProd = bridge.Account{ID: "111122223333", Name: "shop-prod", Label: "Shop", Environment: "production", Owner: "platform@example.com"}
var shopDev = bridge.Account{ID: "444455556666", Name: "shop-dev", Label: "Shop (development)", Environment: "development"}
var data = bridge.Account{ID: "777788889999", Name: "data", Environment: "sandbox", Owner: "data@example.com", Colour: "#7b3fbf"}

// Texts that try to become markup, to turn the page around, or to break it apart.
const (
	markup  = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&`
	rtl     = "مرحبا بكم"
	turning = "\u202enimda\u2066x"
	control = "a\x00b\x1b[31mred\r\nX-Header: 1\u0085"
)

var long = strings.Repeat("x", 300)
var hostile = markup + rtl + turning + control + long

type sample struct {
	name string
	page any
}

// samples are all pages, each empty, usual and hostile.
func samples(at time.Time) []sample {
	f := fixtures{at}
	var all []sample
	for _, of := range []func() []sample{f.gate, f.picker, f.role, f.credentials, f.whoami, f.trust, f.failure} {
		all = append(all, of()...)
	}
	return all
}

func (f fixtures) gate() []sample {
	corp := templates.Provider{Name: "corp", Label: "Example Corp", Kind: "saml", Link: "/login/corp?return_to=%2Fwhoami"}
	google := templates.Provider{Name: "google", Label: "Google", Kind: "oidc", Link: "/login/google?return_to=%2Fwhoami"}
	fields := []templates.Field{{Name: "SAMLRequest", Value: "PHNhbWw+"}, {Name: "RelayState", Value: "r-1"}}
	evil := []templates.Field{{Name: hostile, Value: hostile}}
	response := bridge.NewSecret("PHNhbWxwOlJlc3BvbnNlPg==")
	l := signedOut
	l.Flash = &templates.Flash{Kind: templates.FlashWarning, Text: hostile}
	return []sample{
		{"signin/empty", templates.SignIn{Layout: signedOut}},
		{"signin/one", templates.SignIn{Layout: signedOut, Providers: []templates.Provider{corp}, Message: "Your session has ended. Sign in again."}},
		{"signin/usual", templates.SignIn{Layout: signedOut, Providers: []templates.Provider{corp, google}, ByEmail: true, ReturnTo: "/whoami"}},
		{"signin/hostile", templates.SignIn{Layout: l, ByEmail: true, ReturnTo: "/" + hostile, Hint: hostile, Message: hostile,
			Providers: []templates.Provider{{Name: "x", Label: hostile, Kind: hostile, Link: "javascript:alert(1)"}}}},
		{"postform/empty", templates.PostForm{Layout: signedOut}},
		{"postform/usual", templates.PostForm{Layout: signedOut, Provider: "Example Corp", Action: "https://sso.example.com/idp/sso", Fields: fields}},
		{"postform/hostile", templates.PostForm{Layout: l, Provider: hostile, Action: "javascript:alert(1)", Fields: evil}},
		{"consolepost/empty", templates.ConsolePost{Layout: signedOut}},
		{"consolepost/usual", templates.ConsolePost{Layout: signedOut, Account: shopProd, Label: "Administrator", Action: "https://eu-west-1.signin.aws.amazon.com/saml",
			Response: response, RelayState: "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"}},
		{"consolepost/hostile", templates.ConsolePost{Layout: l, Account: bridge.Account{Name: hostile}, Label: hostile, Action: "javascript:alert(1)",
			Response: bridge.NewSecret(hostile), RelayState: hostile}},
		{"confirm/empty", templates.Confirm{Layout: signedOut}},
		{"confirm/usual", templates.Confirm{Layout: signedOut, Provider: "Example Corp", Name: "Alice Ndiaye", Email: "alice@example.com", Subject: "e1042",
			Current: "bob@example.com", Yes: templates.Form{Action: "/confirm", Fields: []templates.Field{{Name: "handle", Value: "h-1"}}}}},
		{"confirm/hostile", templates.Confirm{Layout: l, Provider: hostile, Name: hostile, Email: hostile, Subject: hostile, Current: hostile,
			Yes: templates.Form{Action: "/confirm", Fields: evil}, Cancel: "/" + markup}},
		{"signedout/empty", templates.SignedOut{Layout: signedOut}},
		{"signedout/usual", templates.SignedOut{Layout: signedOut, Provider: "Example Corp", SignIn: "/"}},
		{"signedout/hostile", templates.SignedOut{Layout: l, Provider: hostile, SignIn: "javascript:alert(1)"}},
	}
}

func (f fixtures) picker() []sample {
	stale := &templates.Obstacle{Message: "Your identity provider's answer is too old for AWS, which takes it only for a few minutes.",
		Remedy: "Sign in again; then use the role at once.", Link: "/login/corp?return_to=%2F"}
	usual := templates.Picker{Layout: f.layout("/"), Total: 6, Accounts: []templates.PickerAccount{
		{Account: data, Roles: []templates.PickerRole{
			{Path: "/roles/777788889999/analyst", Label: "Analyst", Description: "Queries the warehouse; no personal data.", Longest: 4 * time.Hour}}},
		{Account: shopDev, Roles: []templates.PickerRole{
			{Path: "/roles/444455556666/admin", Label: "Administrator", Longest: 12 * time.Hour},
			{Path: "/roles/444455556666/readonly", Label: "Read only", Description: "Looks, and changes nothing.", Longest: 8 * time.Hour}}},
		{Account: shopProd, Roles: []templates.PickerRole{
			{Path: "/roles/111122223333/admin", Label: "Administrator", Description: "Everything. For incidents; it is recorded and reviewed.", Longest: time.Hour},
			{Path: "/roles/111122223333/deploy", Label: "Deploy", Description: "Starts and rolls back releases.", Obstacle: stale},
			{Path: "/roles/111122223333/readonly", Label: "Read only", Description: "Looks, and changes nothing.", Longest: 8 * time.Hour}}},
	}}
	found := usual
	found.Query, found.Accounts = "analyst", usual.Accounts[:1]
	nothing := usual
	nothing.Query, nothing.Accounts = hostile, nil
	l := f.layout("/")
	l.Title, l.RequestID, l.Flash = hostile, hostile, &templates.Flash{Kind: "x", Text: hostile}
	l.Person = &templates.Person{Name: hostile, Email: hostile, Provider: hostile}
	evil := bridge.Account{ID: hostile, Name: hostile, Label: hostile, Environment: hostile, Owner: hostile, Colour: hostile}
	return []sample{
		{"picker/empty", templates.Picker{Layout: f.layout("/")}},
		{"picker/usual", usual},
		{"picker/found", found},
		{"picker/nothing", nothing},
		{"picker/hostile", templates.Picker{Layout: l, Total: 2, Accounts: []templates.PickerAccount{{Account: evil, Roles: []templates.PickerRole{
			{Path: "/roles/1/" + markup, Label: hostile, Description: hostile, Longest: 90 * time.Minute},
			{Path: "/roles/1/b", Label: rtl, Obstacle: &templates.Obstacle{Message: hostile, Link: "/" + markup, LinkText: hostile}}}}}}},
	}
}

func (f fixtures) role() []sample {
	usual := templates.Role{Layout: f.layout("/roles/111122223333/admin"), Account: shopProd, Path: "/roles/111122223333/admin",
		Label: "Administrator", Description: "Everything. For incidents; it is recorded and reviewed.",
		ARN: "arn:aws:iam::111122223333:role/team/Admin", Longest: 8 * time.Hour, CapReason: bridge.CapRole.Sentence(),
		Durations: templates.Durations(8*time.Hour, 0), Region: "eu-west-1", Regions: []string{"eu-central-1", "eu-west-1", "us-east-1"},
		Rules: []string{"naming convention", "platform team"}}
	shared := usual
	shared.Shared, shared.Destination = true, "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:"
	blocked := usual
	blocked.Obstacle = &templates.Obstacle{Message: "Your identity provider's answer doesn't name AWS as an audience, so AWS would refuse it.",
		Remedy: "Ask your administrator to add AWS's audience (below) at the provider and under `audiences`.", Detail: "urn:amazon:webservices",
		Link: "/login/corp", LinkText: "Sign in with Example Corp"}
	minted := usual
	minted.Longest, minted.CapReason, minted.Durations = 12*time.Hour, bridge.CapRole.Sentence(), templates.Durations(12*time.Hour, 0)
	minted.Session = &templates.Session{Name: "alice@example.com-7f3a", SourceIdentity: "alice@example.com", Tags: []templates.SessionTag{
		{Key: "CostCentre", Value: "4711", Optional: true}, {Key: "Empty"}, {Key: "Team", Value: "Shop & more", Transitive: true}}}
	minted.Meter = &templates.Meter{Percent: 91, Before: true}
	evil := bridge.Account{ID: hostile, Name: hostile, Environment: hostile, Owner: hostile}
	return []sample{
		{"role/minted", minted},
		{"role/empty", templates.Role{Layout: f.layout("/"), Path: "/roles/1/a"}},
		{"role/usual", usual},
		{"role/shared", shared},
		{"role/blocked", blocked},
		{"role/hostile", templates.Role{Layout: f.layout("/"), Account: evil, Path: "/roles/1/" + markup, Label: hostile, Description: hostile, ARN: hostile,
			Longest: time.Hour, CapReason: hostile, Durations: []templates.Choice{{Value: hostile, Label: hostile}}, Region: hostile, Regions: []string{hostile},
			Destination: "javascript:" + hostile, Rules: []string{hostile, rtl}, Shared: true, Meter: &templates.Meter{Percent: 100, Dropped: []string{hostile, rtl}, Before: true},
			Session: &templates.Session{Name: hostile, SourceIdentity: hostile, Tags: []templates.SessionTag{{Key: hostile, Value: hostile, Transitive: true, Optional: true}}}}},
	}
}

func (f fixtures) credentials() []sample {
	evil := bridge.Account{ID: hostile, Name: hostile, Environment: hostile, Owner: hostile}
	key, token := bridge.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), bridge.NewSecret("IQoJb3JpZ2luX2VjE"+strings.Repeat("Ab3/", 60)+"==")
	creds := templates.Credentials{Layout: f.layout("/roles/444455556666/readonly/credentials"), Account: shopDev, Path: "/roles/444455556666/readonly",
		Label: "Read only", AssumedRoleARN: "arn:aws:sts::444455556666:assumed-role/ReadOnly/alice@example.com-7f3a", SessionName: "alice@example.com-7f3a",
		Expires: f.at.Add(time.Hour), CapReason: bridge.CapChained.Sentence(), Secrets: []bridge.Secret{key, token},
		Formats: formats(key.Reveal(), token.Reveal())}
	full := creds
	full.CapReason, full.Meter = "", &templates.Meter{Percent: 97, Dropped: []string{"Team", "Cost centre"}}
	return []sample{
		{"credentials/full", full},
		{"credentials/empty", templates.Credentials{Layout: f.layout("/")}},
		{"credentials/usual", creds},
		{"credentials/hostile", templates.Credentials{Layout: f.layout("/"), Account: evil, Path: "/roles/1/" + markup, Label: hostile, AssumedRoleARN: hostile,
			SessionName: hostile, Expires: f.at, CapReason: hostile, Meter: &templates.Meter{Dropped: []string{hostile}}, Secrets: []bridge.Secret{bridge.NewSecret(markup)},
			Formats: []templates.Format{{Label: hostile, Hint: hostile, Text: bridge.NewSecret(hostile), FileName: hostile,
				Download: &templates.Form{Action: "/x" + markup, Fields: []templates.Field{{Name: hostile, Value: hostile}}}}}}},
	}
}

func formats(key, token string) []templates.Format {
	const shape = "%s AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE\n%s AWS_SECRET_ACCESS_KEY=%s\n%s AWS_SESSION_TOKEN=%s\n"
	download := func(format string) *templates.Form {
		return &templates.Form{Action: "/roles/444455556666/readonly/credentials", Fields: []templates.Field{{Name: "format", Value: format}}}
	}
	text := func(prefix string) bridge.Secret {
		return bridge.NewSecret(fmt.Sprintf(shape, prefix, prefix, key, prefix, token))
	}
	return []templates.Format{
		{Label: "bash, zsh", Hint: "Paste into a terminal.", Text: text("export"), FileName: "shop-dev-readonly.sh", Download: download("sh")},
		{Label: "fish", Text: text("set -gx"), FileName: "shop-dev-readonly.fish", Download: download("fish")},
		{Label: "PowerShell", Text: text("$Env:"), FileName: "shop-dev-readonly.ps1", Download: download("ps1")},
		{Label: "cmd", Text: text("set"), FileName: "shop-dev-readonly.cmd", Download: download("cmd")},
		{Label: ".env", Text: text(""), FileName: "shop-dev-readonly.env", Download: download("env")},
		{Label: "Profile", Hint: "Goes into `~/.aws/credentials`.", Text: text(""), FileName: "credentials", Download: download("profile")},
		{Label: "aws configure", Text: text("aws configure set"), FileName: "configure.sh", Download: download("configure")},
		{Label: "JSON", Hint: "In the form of `credential_process`.", Text: text(`{"Version": 1}`), FileName: "shop-dev-readonly.json", Download: download("json")},
	}
}

func (f fixtures) whoami() []sample {
	id := bridge.Identity{Provider: "corp", Issuer: "https://sso.example.com/idp", Subject: "e1042", Format: "attribute:employeeNumber",
		Email: "alice@example.com", Name: "Alice Ndiaye", Groups: []string{"aws-platform", "dev"},
		Claims:   bridge.Claims{"department": {"engineering"}, "memberOf": {"aws-platform", "dev"}, "employmentType": {"FTE"}, "costCentre": {}},
		AuthTime: f.at.Add(-time.Hour), ACR: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", Skipped: []string{"photo"}}
	clause := func(text string, held bool, detail string) bridge.ClauseReasoning {
		return bridge.ClauseReasoning{Clause: text, Held: held, Detail: detail}
	}
	yes := bridge.Explanation{Allowed: true, Reason: "Given by the rule platform team.", Rules: []bridge.RuleReasoning{
		{Rule: "platform team", Matched: true, Clauses: []bridge.ClauseReasoning{clause("groups: [aws-platform]", true, "in aws-platform")}},
		{Rule: "leavers", Deny: true, Clauses: []bridge.ClauseReasoning{clause(`when: "leaving" in claims.status`, false, "claims.status is empty")}}}}
	no := bridge.Explanation{Reason: "No rule gives this role.", Rules: []bridge.RuleReasoning{
		{Rule: "full-time developers", Clauses: []bridge.ClauseReasoning{clause("provider: corp", true, ""), clause("groups: [ops]", false, "the identity has no group ops")}}}}
	denied := bridge.Explanation{Reason: "The rule leavers takes this role away.", Rules: []bridge.RuleReasoning{
		{Rule: "leavers", Deny: true, Matched: true, Clauses: []bridge.ClauseReasoning{clause(`when: "leaving" in claims.status`, true, "")}}}}
	usual := templates.WhoAmI{Layout: f.layout("/whoami"), Identity: id, Freshness: "These claims are from your sign-in, and are used until your session ends.",
		Total: 4, Roles: []templates.RoleReason{
			{Account: shopProd, Path: "/roles/111122223333/admin", Label: "Administrator", Explanation: yes, Session: &templates.Session{
				Longest: 12 * time.Hour, Name: "alice@example.com-7f3a", SourceIdentity: "alice@example.com", Tags: []templates.SessionTag{{Key: "Team", Value: "Shop", Transitive: true}}}},
			{Account: shopDev, Path: "/roles/444455556666/readonly", Label: "Read only", Explanation: yes, Session: &templates.Session{
				Problem: &templates.Obstacle{Message: "A claim of yours doesn't fit the session tag that this role asks for.", Remedy: "Give your administrator the name below.", Detail: "Team"}}},
			{Account: data, Label: "Analyst", Explanation: no}, {Account: shopProd, Label: "Deploy", Explanation: denied}}}
	nobody := usual
	nobody.Identity.Groups, nobody.Roles, nobody.Total = nil, usual.Roles[2:], 2
	notice, _ := bridge.NoticeOf(bridge.CodeNoRole)
	nobody.NoRole = &templates.NoRole{Message: notice.Message, Remedy: notice.Remedy,
		Contacts: []templates.Contact{{Owner: "platform@example.com", Accounts: []string{"shop-prod", "shop-dev"}}, {Owner: "data@example.com", Accounts: []string{"data"}}}}
	leaver := nobody
	leaver.NoRole = &templates.NoRole{Message: notice.Message, Remedy: notice.Remedy, Denied: []string{"leavers"}, Contacts: nobody.NoRole.Contacts}
	many := make([]string, 200)
	for i := range many {
		many[i] = hostile
	}
	evilID := bridge.Identity{Provider: hostile, Issuer: hostile, Subject: hostile, Format: hostile, Email: hostile, Name: hostile, ACR: hostile,
		Groups: []string{hostile, rtl}, Claims: bridge.Claims{hostile: many[:13], rtl: {rtl, turning, control}}, Skipped: []string{hostile}, AuthTime: f.at}
	evil := bridge.Explanation{Reason: hostile, Rules: []bridge.RuleReasoning{{Rule: hostile, Matched: true, Clauses: []bridge.ClauseReasoning{clause(hostile, true, hostile)}}}}
	return []sample{
		{"whoami/empty", templates.WhoAmI{Layout: f.layout("/whoami")}},
		{"whoami/usual", usual},
		{"whoami/norole", nobody},
		{"whoami/denied", leaver},
		{"whoami/hostile", templates.WhoAmI{Layout: f.layout("/whoami"), Identity: evilID, Freshness: hostile, Query: hostile, Total: 9, All: "/whoami?all=1",
			Download: "/whoami?format=json", NoRole: &templates.NoRole{Message: hostile, Remedy: hostile, Denied: []string{hostile, rtl}, Contacts: []templates.Contact{{Owner: hostile, Accounts: []string{hostile, rtl}}}},
			Roles: []templates.RoleReason{{Account: bridge.Account{ID: hostile, Colour: hostile}, Path: "javascript:alert(1)", Label: hostile, Explanation: evil,
				Session: &templates.Session{Longest: time.Hour, Name: hostile, SourceIdentity: hostile, Tags: []templates.SessionTag{{Key: hostile, Value: hostile}}}}}}},
	}
}

func (f fixtures) failure() []sample {
	code, notice, detail := bridge.Explain(bridge.FailWith(bridge.CodeAudience, "got urn:other, want https://bridge.example.com/saml/corp/metadata", nil))
	l := f.layout("/")
	l.RequestID = hostile
	return []sample{
		{"error/empty", templates.Error{Layout: signedOut}},
		{"error/usual", templates.Error{Layout: signedOut, Status: 403, Code: string(code), Message: notice.Message, Remedy: notice.Remedy, Detail: detail, SignIn: "/login/corp"}},
		{"error/signedin", templates.Error{Layout: f.layout("/"), Status: 403, Code: "not-entitled", Message: "No rule gives you this role.",
			Remedy: "Look at the reasons on the page about you, and ask the people who own the account to add you to the right group.", WhoAmI: true}},
		{"error/hostile", templates.Error{Layout: l, Status: 500, Code: hostile, Message: hostile, Remedy: "`" + hostile + "`", Detail: hostile, SignIn: "javascript:alert(1)", Home: "//evil.example/" + markup}},
	}
}
