package trust_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// The doctor's good word is attacked here: where it says that STS accepts us, everybody must be accepted, and where it
// finds nothing wrong, nobody else may be.

const (
	ourIssuer = "https://bridge.example.com"
	ourKeys   = "bridge.example.com"
	ourARN    = "arn:aws:iam::123456789012:oidc-provider/" + ourKeys
	ourName   = "Shop"
)

// minted is a role whose ID tokens we mint, with a tag and a source identity.
func minted() trust.Need {
	arn := bridge.RoleARN{Partition: "aws", Account: "123456789012", Path: "/", Name: ourName}
	return trust.Need{
		Role: bridge.Role{
			Key: bridge.RoleKey{Account: arn.Account, Name: "shop"}, ARN: arn, Via: []bridge.Via{bridge.ViaIssuer}, MaxSession: time.Hour,
			Audience: "fedbridge:123456789012", TagKeys: []string{"Team"}, HasTags: true, HasSourceIdentity: true,
		},
		Via: bridge.ViaIssuer, Issuer: ourIssuer,
	}
}

func foundPolicy(policy string) trust.Found {
	return trust.Found{Role: trust.FoundRole{Reading: trust.Read, TrustPolicy: []byte(policy), MaxSession: time.Hour}}
}

// somebody makes up a person's call, as a minted token brings it.
func somebody(r *rand.Rand, now time.Time) trust.Request {
	word := func(alphabet string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	const base32 = "abcdefghijklmnopqrstuvwxyz234567"
	name := word("abcdefghijklmnopqrstuvwxyzABC0123456789_+=,.@-", 2+r.IntN(20))
	return trust.Request{
		Principal: trust.Principal{Kind: trust.Federated, ID: ourARN}, Resource: "arn:aws:iam::123456789012:role/" + ourName,
		Context: map[string][]string{
			ourKeys + ":aud": {"fedbridge:123456789012"}, ourKeys + ":oaud": {"fedbridge:123456789012"}, ourKeys + ":azp": nil, ourKeys + ":amr": nil,
			ourKeys + ":sub": {ourName + "/" + word(base32, 52)}, "sts:RoleSessionName": {name + "-" + word(base32, 10)}, "sts:RoleAuthorizedByIdp": {"true"},
			"sts:SourceIdentity": {word("abcdefghijklmnopqrstuvwxyz0123456789.@", 3+r.IntN(20))}, "aws:RequestTag/Team": {word("abcXYZ 0-", 1+r.IntN(9))},
			"aws:TagKeys": {"Team"}, "aws:CurrentTime": {now.UTC().Format(time.RFC3339)}, "aws:EpochTime": {fmt.Sprint(now.Unix())}, "aws:SecureTransport": {"true"},
		},
	}
}

// TestVerdictHoldsForEverybody: conditions that only some people meet don't end in "allowed".
func TestVerdictHoldsForEverybody(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	allowed := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		tests := map[string]map[string][]string{"StringEquals": {ourKeys + ":aud": {"fedbridge:123456789012"}}}
		for range 1 + r.IntN(2) {
			operator := pick(r, []string{"StringLike", "StringLike", "StringNotLike", "ForAnyValue:StringLike", "StringLikeIfExists"})
			if tests[operator] == nil {
				tests[operator] = map[string][]string{}
			}
			key := pick(r, []string{ourKeys + ":sub", "sts:RoleSessionName", "sts:SourceIdentity", "aws:RequestTag/Team", "aws:TagKeys"})
			tests[operator][key] = some(r, []string{
				ourName + "/*", ourName + "/m*", ourName + "/a*", "*7*", "*o*", "*-*", "*@*", "*@example.*", "ada*", "bob*", "?*", "*", "Team", "Platform*", "x", "*e*",
				ourName + "/?????????*", "??*", "zz*",
			})
		}
		policy := document([]sample{{
			Effect: "Allow", Principal: map[string][]string{"Federated": {ourARN}},
			Action: []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"}, Condition: tests,
		}})
		if trust.Judge(minted(), foundPolicy(policy), now).Answer != trust.Allow {
			continue
		}
		allowed++
		p, err := trust.Parse([]byte(policy))
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			call := somebody(r, now)
			call.Action = "sts:AssumeRoleWithWebIdentity"
			if d := p.EvaluateAll(call, "sts:TagSession", "sts:SetSourceIdentity"); d.Effect != trust.Allow {
				t.Fatalf("seed %d: the doctor says allowed; not so for %v: %s\n%s", seed, call.Context, d.Reason, policy)
			}
		}
	}
	if allowed < 20 {
		t.Errorf("only %d policies of 300 are allowed: the made-up ones try too little", allowed)
	}
}

// TestNothingFoundLetsNobodyIn: where the doctor finds no more than notes, tokens for other roles, accounts and clients stay
// outside.
func TestNothingFoundLetsNobodyIn(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	clean := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		policy := document(overlooked(r))
		worst := ""
		for _, f := range trust.Diagnose(minted(), foundPolicy(policy), now) {
			if f.Severity == trust.SeverityError {
				worst = string(f.Code)
			}
		}
		if worst != "" {
			continue
		}
		clean++
		p, err := trust.Parse([]byte(policy))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []map[string]string{
			{":sub": "Admin/m4zt2kq7w3n5y6p2r4s6t7u2v3w4x5y6z7a2b3c4d5e6f7g2h3i4"}, {":sub": "Shop2/m4zt2kq7w3n5y6p2r4s6"}, {":sub": "repo:example/x:ref"},
			{":aud": "fedbridge:444455556666"}, {":aud": "sts.amazonaws.com"}, {":aud": "fedbridge:444455556666", ":sub": "Admin/m4zt2kq7w3n5y6p2r4s6"},
		} {
			stranger := somebody(r, now)
			stranger.Action = "sts:AssumeRoleWithWebIdentity"
			for key, value := range change {
				stranger.Context[ourKeys+key] = []string{value}
			}
			if d := p.Evaluate(stranger); d.Effect == trust.Allow {
				t.Fatalf("seed %d: nothing found, and %v gets in: %s\n%s", seed, change, d.Reason, policy)
			}
		}
	}
	if clean < 20 {
		t.Errorf("only %d policies of 300 come out clean: the made-up ones are too bad", clean)
	}
}

// overlooked makes up what account owners write: ours, with something more or something less.
func overlooked(r *rand.Rand) []sample {
	aud := pick(r, [][]string{{"fedbridge:123456789012"}, {"fedbridge:123456789012"}, {"fedbridge:123456789012", "sts.amazonaws.com"}, {"fedbridge:123456789012", "fedbridge:444455556666"}})
	sub := pick(r, [][]string{{ourName + "/*"}, {ourName + "/*"}, {ourName + "/*", "Admin/*"}, {ourName + "*"}, {"*/*"}, {ourName + "/*", "repo:*"}, {"Sho?/*"}, {"S*"}})
	ours := func(actions ...string) sample {
		return sample{Effect: "Allow", Principal: map[string][]string{"Federated": {ourARN}}, Action: actions, Condition: map[string]map[string][]string{
			pick(r, []string{"StringEquals", "StringEquals", "StringLike", "ForAnyValue:StringEquals", "StringEqualsIgnoreCase"}): {ourKeys + ":aud": aud},
		}}
	}
	all := []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"}
	first := ours(all...)
	operator := pick(r, []string{"StringLike", "StringLike", "ForAllValues:StringLike", "StringLikeIfExists"})
	if first.Condition[operator] == nil {
		first.Condition[operator] = map[string][]string{}
	}
	first.Condition[operator][ourKeys+":sub"] = sub
	list := []sample{first}
	switch r.IntN(5) {
	case 0: // a second way in
		more := ours(all[0])
		more.Condition["StringNotLike"] = map[string][]string{ourKeys + ":sub": {pick(r, []string{"repo:*", "Admin/*", "*"})}}
		list = append(list, more)
	case 1:
		more := ours(all[0])
		more.Condition["StringEquals"] = map[string][]string{ourKeys + ":aud": aud, ourKeys + ":sub": {"Admin/m4zt2kq7w3n5y6p2r4s6t7u2v3w4x5y6z7a2b3c4d5e6f7g2h3i4"}}
		list = append(list, more)
	case 2:
		list = append(list, sample{Effect: "Deny", Principal: map[string][]string{"Federated": {ourARN}}, Action: []string{"sts:*"},
			Condition: map[string]map[string][]string{"StringNotLike": {ourKeys + ":sub": {ourName + "/*"}}}})
	}
	return list
}

// TestVerdictIsNotAllowed: each of these policies looks right and isn't, or not for every call.
func TestVerdictIsNotAllowed(t *testing.T) {
	const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`
	signed := func(change ...func(*trust.Need)) trust.Need {
		n := minted()
		n.Role.TagKeys, n.Role.HasTags, n.Role.HasSourceIdentity = nil, false, false
		n.Role.Via, n.Via, n.Caller = []bridge.Via{bridge.ViaAssumeRole}, bridge.ViaAssumeRole, session.Role
		for _, f := range change {
			f(&n)
		}
		return n
	}
	relayed := signed(func(n *trust.Need) {
		n.Via, n.Issuer, n.ClientIDs, n.Caller = bridge.ViaWebIdentity, "https://accounts.google.com", []string{"web.example", "android.example"}, ""
	})
	posted := signed(func(n *trust.Need) {
		n.Via, n.Role.Mint, n.Caller = bridge.ViaIssuer, bridge.ProofSAML, ""
		n.Role.SAMLProvider = bridge.SAMLProviderARN{Partition: "aws", Account: "123456789012", Name: "fedbridge"}
		n.Recipient = []string{"https://signin.aws.amazon.com/saml", "https://eu-west-1.signin.aws.amazon.com/saml"}
	})
	google, sp := `"Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":`, `"Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/fedbridge"},"Action":"sts:AssumeRoleWithSAML","Condition":`
	mine := `"Principal":{"Federated":"` + ourARN + `"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":`
	for name, c := range map[string]struct {
		need   trust.Need
		policy string
	}{
		"a session of the role":          {signed(), allow + `"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/Bridge/fedbridge"},"Action":"sts:AssumeRole"}]}`},
		"an external ID that isn't sent": {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}]}`},
		"MFA":                            {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`},
		"an organisation":                {signed(), allow + `"Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`},
		"an address":                     {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}]}`},
		"the caller's tag":               {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:PrincipalTag/Stage":"test"}}}]}`},
		"the caller's id":                {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringLike":{"aws:userid":"AROAJQABLZS4A3QDU576Q:*"}}}]}`},
		"a deleted caller":               {signed(), allow + `"Principal":{"AWS":"AROAJQABLZS4A3QDU576Q"},"Action":"sts:AssumeRole"}]}`},
		"a caller with a wildcard":       {signed(), allow + `"Principal":{"AWS":"arn:aws:iam::111122223333:role/team/*"},"Action":"sts:AssumeRole"}]}`},
		"nobody in particular":           {signed(), allow + `"Principal":"*","Action":"sts:AssumeRole"}]}`},
		"everybody else":                 {signed(), allow + `"NotPrincipal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}]}`},
		"another partition":              {signed(func(n *trust.Need) { n.Caller = "arn:aws-cn:iam::111122223333:role/Bridge" }), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`},
		"root":                           {signed(func(n *trust.Need) { n.Caller = "arn:aws:iam::111122223333:root" }), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:username":"root"}}}]}`},
		"a name that roles lack":         {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringLike":{"sts:RoleSessionName":"${aws:username}*"}}}]}`},
		"an action with a wildcard":      {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"*:AssumeRole"}]}`},
		"a Deny that may apply":          {signed(), allow + `"Principal":{"AWS":"111122223333"},"Action":"sts:*"},{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`},

		"one client alone":   {relayed, allow + google + `{"StringEquals":{"accounts.google.com:aud":"web.example"}}}]}`},
		"the other audience": {relayed, allow + google + `{"StringEquals":{"accounts.google.com:oaud":["web.example","android.example"]}}}]}`},
		"one person alone":   {relayed, allow + google + `{"StringEquals":{"accounts.google.com:sub":"112233"}}}]}`},
		"a hosted domain":    {relayed, allow + google + `{"StringEquals":{"accounts.google.com:hd":"example.com"}}}]}`},
		"the named role":     {relayed, allow + google + `{"Bool":{"sts:RoleAuthorizedByIdp":"true"}}}]}`},

		"one recipient alone": {posted, allow + sp + `{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`},
		"some people":         {posted, allow + sp + `{"StringLike":{"saml:sub":"m*"}}}]}`},
		"an attribute":        {posted, allow + sp + `{"StringEquals":{"saml:cn":"Ada"}}}]}`},
		"transient subjects":  {posted, allow + sp + `{"StringEquals":{"saml:sub_type":"transient"}}}]}`},
		"a SAML provider elsewhere": {signed(func(n *trust.Need) { *n = posted; n.Role.SAMLProvider.Account = "444455556666" }),
			allow + strings.Replace(sp, "123456789012", "444455556666", 1) + `{}}]}`},

		"some subjects":            {minted(), allow + mine + `{"StringLike":{"` + ourKeys + `:sub":"Shop/m*"}}}]}`},
		"one subject":              {minted(), allow + mine + `{"StringEquals":{"` + ourKeys + `:sub":"Shop/m4zt2kq7w3n5y6p2r4s6t7u2v3w4x5y6z7a2b3c4d5e6f7g2h3i4"}}}]}`},
		"some tags":                {minted(), allow + mine + `{"StringLike":{"aws:RequestTag/Team":"Platform*"}}}]}`},
		"some source":              {minted(), allow + mine + `{"StringLike":{"sts:SourceIdentity":"*@example.com"}}}]}`},
		"another tag's key":        {minted(), allow + mine + `{"ForAllValues:StringEquals":{"aws:TagKeys":"Stage"}}}]}`},
		"a transitive tag":         {minted(), allow + mine + `{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"Team"}}}]}`},
		"the named role, for tags": {minted(), allow + mine + `{"Bool":{"sts:RoleAuthorizedByIdp":"true"}}}]}`},
		"an unknown operator":      {minted(), allow + mine + `{"StringLikeIgnoreCase":{"` + ourKeys + `:aud":"*"}}}]}`},
		"an unknown claim":         {minted(), allow + mine + `{"StringNotEquals":{"` + ourKeys + `:groups":"x"}}}]}`},
		"a date that has come":     {minted(), allow + mine + `{"DateLessThan":{"aws:CurrentTime":"2026-11-25T00:00:00Z"}}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			found := foundPolicy(c.policy)
			v := trust.Judge(c.need, found, time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
			if v.Answer == trust.Allow {
				t.Errorf("allowed: %+v", v)
			}
			if _, err := trust.Parse([]byte(c.policy)); err != nil {
				t.Error(err)
			}
			for _, f := range trust.Diagnose(c.need, found, time.Now()) {
				if f.Severity == trust.SeverityError || f.Code == trust.CodeUnknown || f.Code == trust.CodeDepends {
					return
				}
			}
			t.Error("and nothing is found about it")
		})
	}
}
