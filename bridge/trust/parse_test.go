package trust_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestParseRefuses(t *testing.T) {
	good := statement("Allow", `{"AWS":"111122223333"}`, `"sts:AssumeRole"`, "")
	if _, err := trust.Parse([]byte(good)); err != nil {
		t.Fatalf("the template itself: %v", err)
	}
	for name, c := range map[string]struct{ raw, says string }{
		"nothing":             {``, "JSON"},
		"half":                {good[:len(good)-1], "JSON"},
		"more":                {good + `{}`, "follows"},
		"a list":              {`[]`, "object"},
		"no statement":        {`{"Version":"2012-10-17"}`, "statement"},
		"empty statements":    {`{"Statement":[]}`, "statement"},
		"text as statement":   {`{"Statement":["x"]}`, "not an object"},
		"version":             {strings.Replace(good, "2012", "2013", 1), "Version"},
		"unknown top element": {strings.Replace(good, `"Version"`, `"Author":"x","Version"`, 1), "Author"},
		"lower-case element":  {strings.Replace(good, `"Effect"`, `"effect"`, 1), "effect"},
		"folded twin":         {strings.Replace(good, `"Effect"`, `"\u0045ffect":"Deny","Effect"`, 1), "twice"},
		"doubled element":     {strings.Replace(good, `"Effect"`, `"Effect":"Deny","Effect"`, 1), "twice"},
		"no effect":           {strings.Replace(good, `"Effect":"Allow",`, ``, 1), "no Effect"},
		"effect in lower":     {strings.Replace(good, `"Allow"`, `"allow"`, 1), "Allow or Deny"},
		"effect unknown":      {strings.Replace(good, `"Allow"`, `"Unknown"`, 1), "Allow or Deny"},
		"no principal":        {strings.Replace(good, `"Principal":{"AWS":"111122223333"},`, ``, 1), "Principal"},
		"both principals":     {strings.Replace(good, `"Principal"`, `"NotPrincipal":{"AWS":"*"},"Principal"`, 1), "exactly one"},
		"no action":           {strings.Replace(good, `,"Action":"sts:AssumeRole"`, ``, 1), "Action"},
		"both actions":        {strings.Replace(good, `"Action"`, `"NotAction":"*","Action"`, 1), "exactly one"},
		"resource":            {strings.Replace(good, `"Action"`, `"Resource":"*","Action"`, 1), "role itself"},
		"bad action":          {strings.Replace(good, `sts:AssumeRole`, `AssumeRole`, 1), "action"},
		"number as action":    {strings.Replace(good, `"sts:AssumeRole"`, `7`, 1), "kind"},
		"empty actions":       {strings.Replace(good, `"sts:AssumeRole"`, `[]`, 1), "empty list"},
		"principal text":      {strings.Replace(good, `{"AWS":"111122223333"}`, `"111122223333"`, 1), "write"},
		"principal kind":      {strings.Replace(good, `"AWS"`, `"Aws"`, 1), "kind of principal"},
		"principal number":    {strings.Replace(good, `"111122223333"`, `111122223333`, 1), "kind"},
		"principal empty":     {strings.Replace(good, `{"AWS":"111122223333"}`, `{}`, 1), "object"},
		"sid":                 {strings.Replace(good, `"One"`, `"One two"`, 1), "letters"},
		"sid taken":           {`{"Statement":[` + inner(good) + `,` + inner(good) + `]}`, "taken"},
		"condition list":      {strings.Replace(good, `}]}`, `,"Condition":[]}]}`, 1), "object"},
		"condition no key":    {strings.Replace(good, `}]}`, `,"Condition":{"StringEquals":{}}}]}`, 1), "keys"},
		"condition null":      {strings.Replace(good, `}]}`, `,"Condition":{"StringEquals":{"a":null}}}]}`, 1), "kind"},
		"condition no value":  {strings.Replace(good, `}]}`, `,"Condition":{"StringEquals":{"a":[]}}}]}`, 1), "empty list"},
		"condition nested":    {strings.Replace(good, `}]}`, `,"Condition":{"StringEquals":{"a":[["b"]]}}}]}`, 1), "kind"},
		"doubled key":         {strings.Replace(good, `}]}`, `,"Condition":{"StringEquals":{"a":"b","a":"c"}}}]}`, 1), "twice"},
		"not UTF-8":           {strings.Replace(good, `One`, "\xff", 1), "UTF-8"},
		"byte order mark":     {"\ufeff" + good, "JSON"},
		"too deep":            {strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000), "deeply"},
		"too long":            {strings.Replace(good, `"sts:AssumeRole"`, `"sts:`+strings.Repeat("x", 4096)+`"`, 1), "4096"},
		"far too long":        {good + strings.Repeat(" ", 1<<16), "read at most"},
	} {
		if p, err := trust.Parse([]byte(c.raw)); err == nil || p != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, c.says)
		}
	}
}

// TestParseAccepts: what IAM takes parses, also where Evaluate can't use it.
func TestParseAccepts(t *testing.T) {
	for _, raw := range []string{
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["1","2"]},"NotAction":["sts:*"]}}`,
		`{"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Allow","Principal":{"Service":["a.amazonaws.com"]},"Action":"sts:AssumeRole","Condition":{}}]}`,
		strings.Repeat(" ", 5000) + statement("Allow", `"*"`, `"*"`, `{"NumericLessThan":{"a":[1,2.5]}}`),
	} {
		if _, err := trust.Parse([]byte(raw)); err != nil {
			t.Errorf("%v\n%s", err, raw)
		}
	}
}

func inner(policy string) string {
	return strings.TrimSuffix(policy[strings.Index(policy, `[`)+1:], `]}`)
}
