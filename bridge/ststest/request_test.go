package ststest_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// TestConstraints: every constraint of aws-facts 1.2 that a request can break, with the text that STS answers.
func TestConstraints(t *testing.T) {
	w := newWorld(t)
	assume := func(pairs ...string) url.Values {
		return form("AssumeRole", append([]string{"RoleArn", crossRole, "RoleSessionName", "ada"}, pairs...)...)
	}
	const one = "1 validation error detected: Value "
	many := func(name string, n int, fields ...string) []string {
		var out []string
		for i := 1; i <= n; i++ {
			for _, f := range fields {
				out = append(out, name+".member."+strconv.Itoa(i)+f, "arn:aws:iam::aws:policy/P"+strconv.Itoa(i))
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		form    url.Values
		message string
	}{
		"short ARN":         {assume("RoleArn", "arn:aws:iam::1:role"), one + "'arn:aws:iam::1:role' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		"long ARN":          {assume("RoleArn", "arn:aws:iam::"+target+":role/"+strings.Repeat("x", 2020)), "at 'roleArn' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		"ARN with NUL":      {assume("RoleArn", crossRole+"\x00"), "at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009"},
		"no ARN":            {form("AssumeRole", "RoleSessionName", "ada"), one + "null at 'roleArn' failed to satisfy constraint: Member must not be null"},
		"no role's ARN":     {assume("RoleArn", "arn:aws:iam::"+target+":user/somebody"), "is invalid"},
		"short name":        {assume("RoleSessionName", "a"), one + "'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		"long name":         {assume("RoleSessionName", strings.Repeat("a", 65)), "Member must have length less than or equal to 64"},
		"blank in name":     {assume("RoleSessionName", "ada l"), one + "'ada l' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"},
		"letter in name":    {assume("RoleSessionName", "zoë"), "Member must satisfy regular expression pattern: [\\w+=,.@-]*"},
		"line end in name":  {assume("RoleSessionName", "ada\n"), "Member must satisfy regular expression pattern"},
		"two at once":       {assume("RoleSessionName", "", "DurationSeconds", "5"), "2 validation errors detected: Value "},
		"5 seconds":         {assume("DurationSeconds", "5"), one + "'5' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		"13 hours":          {assume("DurationSeconds", "43201"), one + "'43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		"token size":        {assume("MinimumSessionTokenSize", "4097"), "at 'minimumSessionTokenSize' failed to satisfy constraint: Member must have value less than or equal to 4096"},
		"short external":    {assume("ExternalId", "x"), "at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		"long external":     {assume("ExternalId", strings.Repeat("x", 1225)), "Member must have length less than or equal to 1224"},
		"external shape":    {assume("ExternalId", "a b"), `at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`},
		"short source":      {assume("SourceIdentity", "a"), "at 'sourceIdentity' failed to satisfy constraint"},
		"source shape":      {assume("SourceIdentity", "a b"), "at 'sourceIdentity' failed to satisfy constraint: Member must satisfy"},
		"source of AWS":     {assume("SourceIdentity", "aws:x"), "at 'sourceIdentity' failed"},
		"empty policy":      {assume("Policy", ""), "at 'policy' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"long policy":       {assume("Policy", strings.Repeat("x", 2049)), "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		"policy letter":     {assume("Policy", "{\u0100}"), `at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`},
		"11 policies":       {assume(many("PolicyArns", 11, ".arn")...), "at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
		"short policy ARN":  {assume("PolicyArns.member.1.arn", "arn"), "at 'policyArns.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		"51 tags":           {assume(many("Tags", 51, ".Key", ".Value")...), "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
		"empty tag key":     {assume("Tags.member.1.Key", "", "Tags.member.1.Value", "v"), "at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"long tag key":      {assume("Tags.member.1.Key", strings.Repeat("ä", 129), "Tags.member.1.Value", "v"), "Member must have length less than or equal to 128"},
		"tag key shape":     {assume("Tags.member.1.Key", "a*b", "Tags.member.1.Value", "v"), `at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}`},
		"long tag value":    {assume("Tags.member.1.Key", "k", "Tags.member.1.Value", strings.Repeat("v", 257)), "Member must have length less than or equal to 256"},
		"tag value shape":   {assume("Tags.member.1.Key", "k", "Tags.member.1.Value", "a;b"), "at 'tags.1.member.value' failed"},
		"tag without value": {assume("Tags.member.1.Key", "k"), one + "null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"},
		"tag of AWS":        {assume("Tags.member.1.Key", "AWS:x", "Tags.member.1.Value", "v"), "must not begin with"},
		"tag twice": {assume("Tags.member.1.Key", "Team", "Tags.member.1.Value", "a", "Tags.member.2.Key", "team", "Tags.member.2.Value", "b"),
			"Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"transitive, no tag": {assume("TransitiveTagKeys.member.1", "Team"), "The specified transitive tag key must be included in the requested tags."},
		"serial shape":       {assume("SerialNumber", "a b c d e f"), "at 'serialNumber' failed"},
		"code length":        {assume("SerialNumber", "arn:aws:iam::1:mfa/x", "TokenCode", "12345"), "at 'tokenCode' failed"},
		"context length":     {assume("ProvidedContexts.member.1.ContextAssertion", "x"), "at 'providedContexts.1.member.contextAssertion' failed"},
		"unknown parameter":  {assume("PrincipalArn", corpARN), "PrincipalArn"},
		"member zero":        {assume("Tags.member.0.Key", "k"), "Tags.member.0.Key"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, w.do(w.signed(c.form, signing{}, false)), refusal{400, "ValidationError", c.message})
		})
	}
	for name, c := range map[string]struct {
		form    url.Values
		message string
	}{
		"no assertion":      {form("AssumeRoleWithSAML", "RoleArn", samlRole, "PrincipalArn", corpARN), "null at 'sAMLAssertion' failed to satisfy constraint: Member must not be null"},
		"short assertion":   {w.samlForm("abc"), "Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		"long assertion":    {w.samlForm(strings.Repeat("A", 100001)), "Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length less than or equal to 100000"},
		"no principal":      {form("AssumeRoleWithSAML", "RoleArn", samlRole, "SAMLAssertion", "abcd"), "null at 'principalArn'"},
		"SAML with name":    {w.samlForm("abcd", "RoleSessionName", "ada"), "RoleSessionName"},
		"no token":          {form("AssumeRoleWithWebIdentity", "RoleArn", webRole, "RoleSessionName", "ada"), "null at 'webIdentityToken'"},
		"short token":       {w.webForm("abc"), "Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		"long token":        {w.webForm(strings.Repeat("a", 20001)), "Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000"},
		"short provider":    {w.webForm("abcd", "ProviderId", "x"), "at 'providerId' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		"other provider":    {w.webForm("abcd", "ProviderId", "www.example.com"), "Unsupported identity provider"},
		"provider of a JWT": {w.webForm(w.token(), "ProviderId", "www.amazon.com"), "OAuth 2.0 access tokens only"},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(c.form), refusal{400, "ValidationError", c.message}) })
	}
}

func TestQueryAPI(t *testing.T) {
	w := newWorld(t)
	twice := form("GetCallerIdentity")
	twice.Add("Action", "AssumeRole")
	for name, c := range map[string]struct {
		form url.Values
		want refusal
	}{
		"unknown action":   {form("GetSessionToken"), refusal{400, "InvalidAction", "Could not find operation GetSessionToken for version 2011-06-15"}},
		"action's case":    {form("assumeRole"), refusal{400, "InvalidAction", "assumeRole"}},
		"no action":        {url.Values{"Version": {"2011-06-15"}}, refusal{400, "InvalidAction", ""}},
		"no version":       {url.Values{"Action": {"GetCallerIdentity"}}, refusal{400, "InvalidAction", ""}},
		"other version":    {url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2012-01-01"}}, refusal{400, "InvalidAction", "2012-01-01"}},
		"action twice":     {twice, refusal{400, "MalformedInput", "twice"}},
		"seconds in words": {w.samlForm("abcd", "DurationSeconds", "an hour"), refusal{400, "MalformedInput", "DurationSeconds"}},
		"list with a gap":  {w.samlForm("abcd", "PolicyArns.member.2.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"), refusal{400, "MalformedInput", "gaps"}},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, w.post(c.form), c.want) })
	}
	for name, c := range map[string]struct {
		method, path, kind, body string
		want                     refusal
	}{
		"JSON":       {"POST", "/", "application/json", `{}`, refusal{400, "MalformedInput", "urlencoded"}},
		"no kind":    {"POST", "/", "", `a=b`, refusal{400, "MalformedInput", "urlencoded"}},
		"broken":     {"POST", "/", "application/x-www-form-urlencoded", `a=%zz`, refusal{400, "MalformedInput", "parsed"}},
		"PUT":        {"PUT", "/", "application/x-www-form-urlencoded", `a=b`, refusal{405, "MalformedInput", ""}},
		"other path": {"POST", "/sts", "application/x-www-form-urlencoded", `a=b`, refusal{404, "UnknownOperationException", ""}},
		"too large":  {"POST", "/", "application/x-www-form-urlencoded", "a=" + strings.Repeat("x", 1<<20), refusal{413, "RequestEntityTooLarge", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(c.method, w.sts.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", c.kind)
			w.refused(t, w.do(r), c.want)
		})
	}
}

// TestWireShape: aws-facts 7.2.
func TestWireShape(t *testing.T) {
	w := newWorld(t)
	good := w.post(w.webForm(w.token()))
	if good.status != 200 || good.header.Get("Content-Type") != "text/xml" || len(good.header.Get("x-amzn-RequestId")) != 36 {
		t.Errorf("got %d %v", good.status, good.header)
	}
	for _, part := range []string{
		`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA`,
		`<SubjectFromWebIdentityToken>u-7f3c</SubjectFromWebIdentityToken>`, `<Expiration>20`, `Z</Expiration>`,
		`<ResponseMetadata><RequestId>` + good.header.Get("x-amzn-RequestId") + `</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>`,
	} {
		contains(t, []byte(good.body), part)
	}
	if strings.Contains(good.body, "PackedPolicySize") {
		t.Error("PackedPolicySize, though neither policies nor tags were sent")
	}
	tags := w.post(w.webForm(w.token(claimTags+"/principal_tags/Team", "Shop")))
	_, percent, _ := strings.Cut(tags.body, "<SessionTokenUtilization>")
	percent, _, _ = strings.Cut(percent, "<")
	contains(t, []byte(tags.body), "<PackedPolicySize>"+percent+"</PackedPolicySize>")
	bad := w.post(form("GetCallerIdentity"))
	contains(t, []byte(bad.body), `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>`)
	contains(t, []byte(bad.body), `</Error><RequestId>`+bad.header.Get("x-amzn-RequestId")+`</RequestId></ErrorResponse>`)
}

func TestUnsignedByGET(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequest(http.MethodGet, w.sts.URL+"/?"+w.webForm(w.token()).Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.do(r); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestSessionPolicies(t *testing.T) {
	w := newWorld(t)
	const good = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	for name, c := range map[string][2]string{
		"no JSON":       {`{`, "invalid Json"},
		"two documents": {good + `{}`, "invalid Json"},
		"doubled":       {`{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`, "invalid Json"},
		"no statement":  {`{"Version":"2012-10-17"}`, "Syntax errors"},
		"version":       {strings.Replace(good, "2012", "2013", 1), "Syntax errors"},
		"principal":     {strings.Replace(good, `"Action"`, `"Principal":"*","Action"`, 1), "Syntax errors"},
		"no resource":   {strings.Replace(good, `,"Resource":"*"`, ``, 1), "Syntax errors"},
		"effect":        {strings.Replace(good, `Deny`, `Maybe`, 1), "Syntax errors"},
		"other element": {strings.Replace(good, `"Version"`, `"Note":1,"Version"`, 1), "Syntax errors"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, w.post(w.webForm(w.token(), "Policy", c[0])), refusal{400, "MalformedPolicyDocument", c[1]})
		})
	}
	for name, arn := range map[string]string{
		"other account":   "arn:aws:iam::" + home + ":policy/P1",
		"other partition": "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
		"no policy":       "arn:aws:iam::" + target + ":role/Developers",
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, w.post(w.webForm(w.token(), "PolicyArns.member.1.arn", arn)), refusal{400, "MalformedPolicyDocument", arn})
		})
	}
	for name, pairs := range map[string][]string{
		"inline":     {"Policy", good},
		"managed":    {"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess", "PolicyArns.member.2.arn", "arn:aws:iam::" + target + ":policy/x/P"},
		"empty list": {"PolicyArns", ""},
	} {
		if a := w.post(w.webForm(w.token(), pairs...)); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.message)
		}
	}
}

// TestTokenSize: 4096 bytes of session token are the limit (aws-facts 1.3).
func TestTokenSize(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{0, 1, 900, 2000, 4095, 4096} {
		a := w.post(w.webForm(w.token(), "MinimumSessionTokenSize", strconv.Itoa(size)))
		if a.status != 200 {
			t.Errorf("size %d: %s", size, a.message)
			continue
		}
		_, rest, _ := strings.Cut(a.body, "<SessionToken>")
		token, _, _ := strings.Cut(rest, "</SessionToken>")
		if len(token) < size || len(token) > 4096 {
			t.Errorf("asked for %d, got %d", size, len(token))
		}
	}
	var pairs []string
	for i := 1; i <= 50; i++ {
		at := "Tags.member." + strconv.Itoa(i)
		pairs = append(pairs, at+".Key", "key-"+strconv.Itoa(i), at+".Value", strings.Repeat("v", 60))
	}
	f := form("AssumeRole", append([]string{"RoleArn", crossRole, "RoleSessionName", "ada"}, pairs...)...)
	w.refused(t, w.do(w.signed(f, signing{}, false)), refusal{400, "PackedPolicyTooLarge", "% of allotted space, please use smaller policy."})
}
