package bridge_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
)

func TestParseRoleARN(t *testing.T) {
	good := map[string]bridge.RoleARN{
		"arn:aws:iam::111122223333:role/Dev":               {Partition: "aws", Account: "111122223333", Path: "/", Name: "Dev"},
		"arn:aws:iam::111122223333:role/team/a.b/Dev":      {Partition: "aws", Account: "111122223333", Path: "/team/a.b/", Name: "Dev"},
		"arn:aws-cn:iam::000000000000:role/a+b=c,d.e@f-_":  {Partition: "aws-cn", Account: "000000000000", Path: "/", Name: "a+b=c,d.e@f-_"},
		"arn:aws-us-gov:iam::111122223333:role/x:y/role/R": {Partition: "aws-us-gov", Account: "111122223333", Path: "/x:y/role/", Name: "R"},
		"arn:aws:iam::111122223333:role/" + strings.Repeat("n", 64): {
			Partition: "aws", Account: "111122223333", Path: "/", Name: strings.Repeat("n", 64),
		},
	}
	for text, want := range good {
		got, err := bridge.ParseRoleARN(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{
		"", "Dev", "arn", "arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:role", "arn:aws:iam::111122223333:Role/Dev",
		"arn:aws:iam::111122223333:user/Dev", "arn:aws:sts::111122223333:role/Dev", "arn:aws:iam:eu-west-1:111122223333:role/Dev",
		"arn:aws:iam::11112222333:role/Dev", "arn:aws:iam::1111222233334:role/Dev", "arn:aws:iam::11112222333a:role/Dev",
		"arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:role/Dev", "arn:aws:iam::{account}:role/Dev", "arn:aws:iam::*:role/Dev", "arn:aws:iam:::role/Dev",
		"arn:aws:iam::111122223333:role/De*", "arn:aws:iam::111122223333:role/De v", "arn:aws:iam::111122223333:role/Dev\n",
		"arn:aws:iam::111122223333:role/ü", "arn:aws:iam::111122223333:role/team/", "arn:aws:iam::111122223333:role//Dev",
		"arn:aws:iam::111122223333:role/a b/Dev", "ARN:aws:iam::111122223333:role/Dev", " arn:aws:iam::111122223333:role/Dev",
		"arn:AWS:iam::111122223333:role/Dev", "arn:evil:iam::111122223333:role/Dev", "arn::iam::111122223333:role/Dev",
		"arn:aws:iam::111122223333:role/" + strings.Repeat("n", 65),
		"arn:aws:iam::111122223333:role/" + strings.Repeat("p/", 300) + "Dev",
		"arn:aws:sts::111122223333:assumed-role/Dev/ada",
	} {
		if got, err := bridge.ParseRoleARN(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
}

func TestAssumedRole(t *testing.T) {
	arn, err := bridge.ParseRoleARN("arn:aws:iam::111122223333:role/team/Dev")
	if err != nil {
		t.Fatal(err)
	}
	if got := arn.AssumedRole("ada"); got != "arn:aws:sts::111122223333:assumed-role/Dev/ada" {
		t.Errorf("assumed role is %s: the path is no part of it", got)
	}
}

func TestParseRolePair(t *testing.T) {
	const provider = "arn:aws:iam::111122223333:saml-provider/Corp"
	role := func(name string) string { return "arn:aws:iam::111122223333:role/" + name }
	for _, name := range []string{"Dev", "team/Dev", "a,b", "a,b,c", ",", "a,", ",a", "x,y/Dev"} {
		for _, text := range []string{
			role(name) + "," + provider, provider + "," + role(name), " " + role(name) + " ,\n " + provider + "\t",
		} {
			got, err := bridge.ParseRolePair(text)
			if err != nil || got.Role.String() != role(name) || got.Provider.String() != provider {
				t.Errorf("%q: %s and %s, %v", text, got.Role, got.Provider, err)
			}
		}
	}
	for _, bad := range []string{
		"", ",", role("Dev"), provider, role("Dev") + "," + role("Dev"), provider + "," + provider, role("Dev") + ";" + provider,
		role("Dev") + " " + provider, role("Dev") + "," + provider + ",",
		role("Dev") + ",arn:aws:iam::999999999999:saml-provider/Corp", role("Dev") + ",arn:aws-cn:iam::111122223333:saml-provider/Corp",
		role("Dev") + ",arn:aws:iam::111122223333:oidc-provider/Corp", role("Dev") + ",arn:aws:iam::111122223333:saml-provider/a/b",
		role("Dev") + ",arn:aws:iam::111122223333:saml-provider/", role("Dev") + ",arn:aws:iam::111122223333:SAML-provider/Corp",
		role("Dev") + "\u00a0,\u00a0" + provider, strings.Repeat(",", 10_000),
	} {
		if got, err := bridge.ParseRolePair(bad); err == nil {
			t.Errorf("%.100q is read as %+v", bad, got)
		}
	}
}

// FuzzParseRoleARN: what is read is written back as it was, and has the shape that IAM gives.
func FuzzParseRoleARN(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:iam::111122223333:role/Dev", "arn:aws-cn:iam::000000000000:role/a/b/c+d=e,f.g@h-i_j",
		"arn:aws:iam::111122223333:role//x", "arn:aws:iam::111122223333:role/x:y/z", "arn:aws:iam::111122223333:user/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		arn, err := bridge.ParseRoleARN(text)
		if err != nil {
			return
		}
		if got := arn.String(); got != text {
			t.Fatalf("%q is written back as %q", text, got)
		}
		again, err := bridge.ParseRoleARN(arn.String())
		if err != nil || again != arn {
			t.Fatalf("%q is read as %+v and then as %+v, %v", text, arn, again, err)
		}
		if !bridge.ValidAccountID(arn.Account) || len(arn.Name) < 1 || len(arn.Name) > 64 || len(arn.Path) > 512 ||
			strings.ContainsAny(arn.Name, "/:* \n") || !strings.HasPrefix(arn.Path, "/") || !strings.HasSuffix(arn.Path, "/") {
			t.Fatalf("%q is read as %+v", text, arn)
		}
		// The session of it names the same account and role.
		if session := arn.AssumedRole("ada"); !strings.HasSuffix(session, ":assumed-role/"+arn.Name+"/ada") {
			t.Fatalf("session %q", session)
		}
		// It is one half of a pair, on either side, whatever commas it holds.
		provider := bridge.SAMLProviderARN{Partition: arn.Partition, Account: arn.Account, Name: "Corp"}
		want := bridge.RolePair{Role: arn, Provider: provider}
		if strings.Contains(text, ",arn:") {
			return // a path may look like the border of a pair: such a pair is read one way or another, not for sure this one
		}
		for _, pair := range []string{text + "," + provider.String(), provider.String() + "," + text} {
			if got, err := bridge.ParseRolePair(pair); err != nil || got != want {
				t.Fatalf("pair %q is read as %+v, %v", pair, got, err)
			}
		}
	})
}
