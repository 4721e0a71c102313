package ststest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

func role(arn string, change ...func(*sts.AssumeRoleInput)) *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(arn), RoleSessionName: aws.String("ada@example.com")}
	for _, f := range change {
		f(in)
	}
	return in
}

func seconds(n int32) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(n) }
}

func external(id string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String(id) }
}

func tagged(pairs ...string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) {
		for i := 0; i < len(pairs); i += 2 {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(pairs[i]), Value: aws.String(pairs[i+1])})
		}
	}
}

func source(id string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String(id) }
}

func TestAssumeRoleDenied(t *testing.T) {
	w := newWorld(t)
	const (
		guarded = "arn:aws:iam::" + target + ":role/Guarded"
		split   = "arn:aws:iam::" + target + ":role/Split"
		other   = "arn:aws:iam::" + target + ":role/Other"
		bare    = "arn:aws:iam::" + target + ":role/Bare"
		caller  = "User: arn:aws:iam::" + home + ":user/svc/bridge is not authorized to perform: "
	)
	w.role(guarded, `{"AWS":"`+home+`"}`, `["sts:AssumeRole","sts:TagSession"]`, `{"StringEquals":{"sts:ExternalId":"tenant-1"}}`)
	w.role(other, `{"AWS":"arn:aws:iam::`+home+`:user/somebody"}`, `"sts:*"`, "")
	w.role(bare, `{"AWS":"`+home+`"}`, `"sts:AssumeRole"`, "")
	w.addRole(ststest.Role{ARN: split, TrustPolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"tenant-1"}}},
		{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:TagSession"}]}`})
	for name, c := range map[string]struct {
		in      *sts.AssumeRoleInput
		message string
	}{
		"no such role":              {role("arn:aws:iam::" + target + ":role/None"), caller + "sts:AssumeRole on resource: arn:aws:iam::" + target + ":role/None"},
		"role's case":               {role(strings.ToLower(crossRole)), "sts:AssumeRole"},
		"other caller":              {role(other), "sts:AssumeRole on resource: " + other},
		"federated only":            {role(samlRole), "sts:AssumeRole on resource: " + samlRole},
		"no external id":            {role(guarded), "sts:AssumeRole on resource: " + guarded},
		"wrong external id":         {role(guarded, external("tenant-2")), "sts:AssumeRole"},
		"external id's case":        {role(guarded, external("Tenant-1")), "sts:AssumeRole"},
		"tags in one statement":     {role(guarded, external("tenant-1"), tagged("a", "b")), "sts:TagSession on resource: " + guarded},
		"tags not allowed":          {role(bare, tagged("a", "b")), "sts:TagSession"},
		"source not allowed":        {role(bare, source("ada")), "sts:SetSourceIdentity"},
		"source not allowed either": {role(split, external("tenant-1"), source("ada")), "sts:SetSourceIdentity"},
		"other partition":           {role("arn:aws-cn:iam::" + target + ":role/Cross"), "sts:AssumeRole"},
		"context": {role(crossRole, func(in *sts.AssumeRoleInput) {
			in.ProvidedContexts = []types.ProvidedContext{{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: aws.String("abcd")}}
		}), "sts:SetContext"},
		"MFA": {role(crossRole, func(in *sts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = aws.String("arn:aws:iam::"+home+":mfa/x"), aws.String("123456")
		}), "MultiFactorAuthentication failed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.bridge().AssumeRole(background, c.in)
			sdkRefused(t, err, "AccessDenied", c.message)
		})
	}
	for name, in := range map[string]*sts.AssumeRoleInput{
		"external id":          role(guarded, external("tenant-1")),
		"external id and tags": role(split, external("tenant-1"), tagged("a", "b")),
	} {
		if _, err := w.bridge().AssumeRole(background, in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestIdentityPolicy: the caller's own side (aws-facts 1.4).
func TestIdentityPolicy(t *testing.T) {
	w := newWorld(t)
	const inside = "arn:aws:iam::" + home + ":role/Inside"
	w.role(inside, `{"AWS":"arn:aws:iam::`+home+`:user/named"}`, `"sts:*"`, "")
	w.role("arn:aws:iam::"+home+":role/Account", `{"AWS":"`+home+`"}`, `"sts:*"`, "")
	w.role("arn:aws:iam::"+target+":role/Named", `{"AWS":"arn:aws:iam::`+home+`:user/named"}`, `"sts:*"`, "")
	user := func(name string, p ststest.Permissions) *sts.Client {
		key, err := w.aws.AddUser(ststest.User{Account: home, Name: name, Permissions: p})
		if err != nil {
			t.Fatal(err)
		}
		return w.client(key.AccessKeyID, key.SecretAccessKey, "")
	}
	nothing := user("named", ststest.Permissions{})
	if _, err := nothing.AssumeRole(background, role(inside)); err != nil {
		t.Errorf("named by a role of its own account: %v", err)
	}
	for name, c := range map[string]struct {
		client *sts.Client
		in     *sts.AssumeRoleInput
		action string
	}{
		"account trusted, no policy": {nothing, role("arn:aws:iam::" + home + ":role/Account"), "sts:AssumeRole"},
		"cross-account, named only":  {nothing, role("arn:aws:iam::" + target + ":role/Named"), "sts:AssumeRole"},
		"other pattern":              {user("a", ststest.Permissions{AllowAssume: []string{"arn:aws:iam::*:role/Bridge*"}}), role(crossRole), "sts:AssumeRole"},
		"no tags":                    {user("b", ststest.Permissions{AllowAssume: []string{"*"}, WithoutTagSession: true}), role(crossRole, tagged("a", "b")), "sts:TagSession"},
		"no source":                  {user("c", ststest.Permissions{AllowAssume: []string{"*"}, WithoutSetSourceIdentity: true}), role(crossRole, source("ada")), "sts:SetSourceIdentity"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.client.AssumeRole(background, c.in)
			sdkRefused(t, err, "AccessDenied", c.action+" on resource")
		})
	}
}

func TestDurations(t *testing.T) {
	w := newWorld(t)
	const short = "arn:aws:iam::" + target + ":role/Short"
	w.addRole(ststest.Role{ARN: short, TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}}`})
	_, err := w.bridge().AssumeRole(background, role(short, seconds(3601)))
	sdkRefused(t, err, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	w.addRole(ststest.Role{ARN: samlRole, TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"Federated":"` + corpARN + `"},"Action":"sts:AssumeRoleWithSAML"}}`})
	w.refused(t, w.post(w.samlForm(w.response(samlSpec{}), "DurationSeconds", "7200")),
		refusal{400, "ValidationError", "Requested DurationSeconds exceeds MaxSessionDuration set for this role."})
	w.addRole(ststest.Role{ARN: webRole, TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"Federated":"` + w.webPlain + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`})
	w.refused(t, w.post(w.webForm(w.token(), "DurationSeconds", "7200")),
		refusal{400, "ValidationError", "Requested DurationSeconds exceeds MaxSessionDuration set for this role."})
	for name, c := range map[string]struct {
		in   *sts.AssumeRoleInput
		want time.Duration
	}{
		"default": {role(crossRole), time.Hour}, "least": {role(crossRole, seconds(900)), 15 * time.Minute},
		"most": {role(crossRole, seconds(43200)), 12 * time.Hour}, "default of a short role": {role(short), time.Hour},
	} {
		out, err := w.bridge().AssumeRole(background, c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Credentials.Expiration.Sub(w.now()).Round(time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestSAMLDurations: the lesser of what was asked for, SessionNotOnOrAfter and SessionDuration (aws-facts 1.5).
func TestSAMLDurations(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		spec  samlSpec
		asked string
		want  time.Duration
	}{
		"asked for":       {samlSpec{}, "7200", 2 * time.Hour},
		"end of session":  {samlSpec{}, "43200", 8 * time.Hour},
		"SessionDuration": {samlSpec{attributes: map[string][]string{aws_ + "SessionDuration": {"1800"}}}, "3600", 30 * time.Minute},
		"never longer":    {samlSpec{attributes: map[string][]string{aws_ + "SessionDuration": {"43200"}}}, "3600", time.Hour},
	} {
		in := &sts.AssumeRoleWithSAMLInput{RoleArn: aws.String(samlRole), PrincipalArn: aws.String(corpARN), SAMLAssertion: aws.String(w.response(c.spec))}
		if c.asked == "7200" {
			in.DurationSeconds = aws.Int32(7200)
		} else if c.asked == "43200" {
			in.DurationSeconds = aws.Int32(43200)
		}
		out, err := w.unsigned().AssumeRoleWithSAML(background, in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := out.Credentials.Expiration.Sub(w.now()).Round(time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// chain assumes a role with the credentials of a session.
func (w *world) chain(c *types.Credentials, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	return w.client(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).AssumeRole(background, in)
}

// TestChaining: aws-facts 1.15, 1.17, 1.18.
func TestChaining(t *testing.T) {
	w := newWorld(t)
	w.role("arn:aws:iam::"+target+":role/Tagged", `{"AWS":"arn:aws:iam::`+target+`:role/Cross"}`, `["sts:AssumeRole","sts:SetSourceIdentity"]`,
		`{"StringEquals":{"aws:PrincipalTag/team":"Shop","aws:SourceIdentity":"ada"}}`)
	first, err := w.bridge().AssumeRole(background, role(crossRole, seconds(43200), tagged("Team", "Shop", "Floor", "3"), source("ada"),
		func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"Team"} }))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in            *sts.AssumeRoleInput
		code, message string
	}{
		"3601 seconds":    {role(nextRole, seconds(3601)), "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		"inherited tag":   {role(nextRole, tagged("team", "Other")), "ValidationError", "conflicts with a transitive tag key from the calling session"},
		"other source":    {role(nextRole, source("bob")), "AccessDenied", "sts:SetSourceIdentity"},
		"tags come along": {role("arn:aws:iam::" + target + ":role/Tagged"), "AccessDenied", "sts:TagSession"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.chain(first.Credentials, c.in)
			sdkRefused(t, err, c.code, c.message)
		})
	}
	second, err := w.chain(first.Credentials, role(nextRole, tagged("Floor", "4")))
	if err != nil {
		t.Fatal(err)
	}
	if left := second.Credentials.Expiration.Sub(w.now()); left > time.Hour {
		t.Errorf("a chained session of %s", left)
	}
	if *second.SourceIdentity != "ada" {
		t.Errorf("source identity %q", *second.SourceIdentity)
	}
	// The transitive tag went on, with its key and value; it can be asked for at the third role.
	const third = "arn:aws:iam::" + target + ":role/Third"
	for tag, ok := range map[string]bool{"Shop": true, "Other": false} {
		w.role(third, `{"AWS":"arn:aws:iam::`+target+`:role/Next"}`, `"sts:*"`, `{"StringEquals":{"aws:PrincipalTag/Team":"`+tag+`","aws:PrincipalTag/Floor":"4"}}`)
		if _, err := w.chain(second.Credentials, role(third, seconds(3600))); (err == nil) != ok {
			t.Errorf("tag %s at the third role: %v", tag, err)
		}
	}
}

// TestSessionPolicyEndsTheChain: what a session policy takes away isn't evaluated, so the session may not go on.
func TestSessionPolicyEndsTheChain(t *testing.T) {
	w := newWorld(t)
	first, err := w.bridge().AssumeRole(background, role(crossRole, func(in *sts.AssumeRoleInput) {
		in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.chain(first.Credentials, role(nextRole))
	sdkRefused(t, err, "AccessDenied", "sts:AssumeRole")
}

// TestFederatedIsTheFirstHop: AssumeRoleWithWebIdentity may last 12 hours; a role assumed from there may not.
func TestFederatedIsTheFirstHop(t *testing.T) {
	w := newWorld(t)
	out, err := w.unsigned().AssumeRoleWithWebIdentity(background, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(webRole), RoleSessionName: aws.String("ada"), WebIdentityToken: aws.String(w.token()), DurationSeconds: aws.Int32(43200),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.chain(out.Credentials, role(nextRole, seconds(7200)))
	sdkRefused(t, err, "ValidationError", "role chaining")
	if _, err := w.chain(out.Credentials, role(nextRole)); err != nil {
		t.Error(err)
	}
}

func TestInstanceRoles(t *testing.T) {
	for _, lenient := range []bool{false, true} {
		w := newWorld(t, func(o *ststest.Options) { o.InstanceRolesNotChained = lenient })
		c, err := w.aws.Instance(crossRole, "i-0123456789", 6*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.client(c.AccessKeyID, c.SecretAccessKey, c.SessionToken).AssumeRole(background, role(nextRole, seconds(7200)))
		if (err == nil) != lenient {
			t.Errorf("lenient %t: %v", lenient, err)
		}
	}
}

func TestRegionDisabled(t *testing.T) {
	w := newWorld(t)
	if err := w.aws.AddAccount(ststest.Account{ID: target, STSDisabled: true}); err != nil {
		t.Fatal(err)
	}
	const message = "STS is not activated in this region for account:" + target
	_, err := w.bridge().AssumeRole(background, role(crossRole))
	sdkRefused(t, err, "RegionDisabledException", message)
	w.refused(t, w.post(w.webForm(w.token())), refusal{403, "RegionDisabledException", message})
	w.refused(t, w.post(w.samlForm(w.response(samlSpec{}))), refusal{403, "RegionDisabledException", message})
}

// TestUnsignedAssumeRole: an SDK client without credentials sends AssumeRole unsigned (aws-facts 0.1, 11).
func TestUnsignedAssumeRole(t *testing.T) {
	w := newWorld(t)
	w.refused(t, w.post(form("AssumeRole", "RoleArn", crossRole, "RoleSessionName", "ada")),
		refusal{403, "MissingAuthenticationToken", "Request is missing Authentication Token"})
}
