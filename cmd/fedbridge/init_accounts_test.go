package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

func TestAccountsRead(t *testing.T) {
	prod := config.Account{ID: "111122223333", Name: "shop-prod", Environment: "production", Owner: "platform@example.com"}
	dev := config.Account{ID: "044455556666", Name: "shop-dev"}
	both := []config.Account{prod, dev}
	for name, c := range map[string]struct {
		text  string
		want  []config.Account
		notes []string
	}{
		"without a header":    {text: "111122223333,shop-prod,production,platform@example.com\n044455556666,shop-dev\n", want: both},
		"with a header":       {text: "id,name,environment,owner\n111122223333,shop-prod,production,platform@example.com\n044455556666,shop-dev,,\n", want: both},
		"another order":       {text: "Owner,Account ID,Env,Account name\nplatform@example.com,111122223333,production,shop-prod\n,044455556666,,shop-dev\n", want: both},
		"Excel":               {text: "\ufeffID;Name;Environment;Owner\r\n111122223333;shop-prod;production;platform@example.com\r\n'044455556666;shop-dev;;\r\n;;;\r\n", want: both},
		"Excel says so":       {text: "sep=;\r\nID;Name;Environment;Owner\r\n111122223333;shop-prod;production;platform@example.com\r\n044455556666;shop-dev;;\r\n", want: both},
		"tabs":                {text: "id\tname\tenvironment\towner\n111122223333\tshop-prod\tproduction\tplatform@example.com\n044455556666\tshop-dev\t\t\n", want: both},
		"an old Mac":          {text: "111122223333,shop-prod,production,platform@example.com\r044455556666,shop-dev", want: both},
		"quotes":              {text: "\"111122223333\", \"shop-prod\",\"production\", \"platform@example.com\"\n\"044455556666\",\"shop-dev\"", want: both},
		"remarks, blank rows": {text: "# ours\n\n1111-2222-3333,shop-prod,production,platform@example.com\n,,,\n0444-5555-6666,shop-dev\n\n", want: both},
		"a comma and a line end in a name": {
			text:  "id,name\n111122223333,\"Shop, \"\"prod\"\"\nEurope\"\n",
			want:  []config.Account{{ID: "111122223333", Name: "shop-prod-europe", Label: `Shop, "prod" Europe`}},
			notes: []string{`accounts.csv:2: left out of the name what can't be printed: "Shop, \"prod\"\nEurope"`, `gave names that rules and links can use: "Shop, \"prod\" Europe" is shop-prod-europe`},
		},
		"the export of the console": {
			text:  "Account ID,ARN,Email,Name,Status,Joined method,Joined timestamp\n111122223333,arn:aws-us-gov:organizations::1:account/o-1/111122223333,root@example.com,Log Archive,ACTIVE,CREATED,2024\n044455556666,arn:aws:organizations::1:account/o-1/044455556666,r@example.com,old,SUSPENDED,CREATED,2024\n",
			want:  []config.Account{{ID: "111122223333", Name: "log-archive", Label: "Log Archive", Partition: "aws-us-gov"}},
			notes: []string{"left out 1 account that AWS doesn't call active: 044455556666 (SUSPENDED)", `gave names that rules and links can use: "Log Archive" is log-archive`},
		},
		"ids alone": {
			text:  "111122223333\n044455556666",
			want:  []config.Account{{ID: "111122223333", Name: "account-111122223333"}, {ID: "044455556666", Name: "account-044455556666"}},
			notes: []string{"gave names that rules and links can use: 111122223333 is account-111122223333, 044455556666 is account-044455556666"},
		},
		"a column that means nothing": {
			text:  "id,name,budget (2026)\n111122223333,shop,7\n",
			want:  []config.Account{{ID: "111122223333", Name: "shop"}},
			notes: []string{`accounts.csv:1: didn't read the columns "budget (2026)"; known are id, name, label, environment, owner and partition`},
		},
		"list-accounts": {
			text: `{"Accounts": [
				{"Id": "111122223333", "Arn": "arn:aws:organizations::999988887777:account/o-1/111122223333", "Email": "root@example.com", "Name": "Müller & Søn", "Status": "ACTIVE"},
				{"Id": "044455556666", "Name": "gone", "Status": "SUSPENDED"},
				{"Id": "777788889999", "Name": "going", "State": "PENDING_CLOSURE", "Status": "ACTIVE"}]}`,
			want:  []config.Account{{ID: "111122223333", Name: "mueller-son", Label: "Müller & Søn"}},
			notes: []string{"left out 2 accounts that AWS doesn't call active: 044455556666 (SUSPENDED), 777788889999 (PENDING_CLOSURE)", `gave names that rules and links can use: "Müller & Søn" is mueller-son`},
		},
		"list-accounts --query Accounts": {text: `[{"Id":"111122223333","Name":"shop"}]`, want: []config.Account{{ID: "111122223333", Name: "shop"}}},
		"one name for several": {
			text: "111122223333,sandbox\n444455553333,sandbox\n777788889999,sandbox\n999988887777,sandbox-9999\n",
			want: []config.Account{
				{ID: "111122223333", Name: "sandbox-3333", Label: "sandbox"}, {ID: "444455553333", Name: "sandbox-444455553333", Label: "sandbox"},
				{ID: "777788889999", Name: "sandbox-777788889999", Label: "sandbox"}, {ID: "999988887777", Name: "sandbox-9999"},
			},
			notes: []string{`gave names that rules and links can use: "sandbox" is sandbox-3333, "sandbox" is sandbox-444455553333, "sandbox" is sandbox-777788889999`},
		},
		"names that can't be": {
			text: "111122223333,.hidden\n444455556666,123456789012\n777788889999,日本\n999988887777," + strings.Repeat("x", 80) + "\n",
			want: []config.Account{
				{ID: "111122223333", Name: "hidden", Label: ".hidden"}, {ID: "444455556666", Name: "account-444455556666", Label: "123456789012"},
				{ID: "777788889999", Name: "account-777788889999", Label: "日本"}, {ID: "999988887777", Name: strings.Repeat("x", 64), Label: strings.Repeat("x", 80)},
			},
			notes: []string{`gave names that rules and links can use: ".hidden" is hidden, "123456789012" is account-444455556666, "日本" is account-777788889999, "` +
				strings.Repeat("x", 40) + `"… is ` + strings.Repeat("x", 64)},
		},
		"what steers a terminal": {
			text:  "111122223333,\x1b[31mred\x07,pro\u202educ\u200btion,\x1b]0;x\x07me\n",
			want:  []config.Account{{ID: "111122223333", Name: "31mred", Label: "[31mred", Environment: "production", Owner: "]0;xme"}},
			notes: []string{`accounts.csv:1: left out of the name what can't be printed: "\x1b[31mred\a"`, `accounts.csv:1: left out of the environment what can't be printed: "pro\u202educ\u200btion"`, `accounts.csv:1: left out of the owner what can't be printed: "\x1b]0;x\ame"`, `gave names that rules and links can use: "[31mred" is 31mred`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, notes, err := readAccounts("accounts.csv", []byte(c.text), "aws")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.notes, notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAccountsPartition(t *testing.T) {
	got, _, err := readAccounts("-", []byte("id,name,partition\n111122223333,a,\n444455556666,b,aws\n"), "aws-cn")
	want := []config.Account{{ID: "111122223333", Name: "a", Partition: "aws-cn"}, {ID: "444455556666", Name: "b"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAccountsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "a.csv: is empty; one account a line: id,name,environment,owner"},
		"blank":           {"\ufeff \r\n", "a.csv: is empty; one account a line: id,name,environment,owner"},
		"a header alone":  {"id,name\n", "a.csv: lists no account that is active"},
		"nothing active":  {`{"Accounts":[{"Id":"111122223333","Status":"SUSPENDED"}]}`, "a.csv: lists no account that is active"},
		"no accounts":     {`{"Accounts":[]}`, "a.csv: lists no account that is active"},
		"all at once":     {"id,name\n11112222333,a\n111122223333,b\nx,c\n111122223333,d\n,e\n", "a.csv:2: account id \"11112222333\" has 11 digits and needs twelve; a spreadsheet drops zeros at the beginning: is it 011112222333?\na.csv:4: account id \"x\": write exactly twelve digits\na.csv:5: 111122223333 is listed in line 3 already\na.csv:6: the account id is missing"},
		"a number":        {"1.11122E+11,a", `a.csv:1: account id "1.11122E+11": a spreadsheet made a number of it; format the column as text and write the twelve digits again`},
		"other digits":    {"١١١١٢٢٢٢٣٣٣٣,a", `a.csv:1: account id "١١١١٢٢٢٢٣٣٣٣": write exactly twelve digits`},
		"steers":          {"\x1b[2J,a", `a.csv:1: account id "\x1b[2J": write exactly twelve digits`},
		"no id":           {"name,owner\nshop,me\n", "a.csv:1: no column is called id; call the one with the account ids so\na.csv:2: the account id is missing"},
		"two ids":         {"id,account id\n111122223333,111122223333\n", "a.csv:1: two columns are the id of an account; keep one"},
		"too many values": {"111122223333,Shop, prod,production,me\n", "a.csv:1: has more values than the 4 of id, name, environment, owner; write a value that holds the separator in quotation marks"},
		"a quote":         {"111122223333,a\n444455556666,\"b\"c\n77778888,d\n", "a.csv:2: a quotation mark stands in the wrong place; double it where it is meant, or take it away\na.csv:3: account id \"77778888\": write exactly twelve digits"},
		"a partition":     {"id,partition\n111122223333,aws-iso\n", `a.csv:2: partition "aws-iso": write aws, aws-us-gov, aws-cn or aws-eusc`},
		"a long owner":    {"111122223333,a,b," + strings.Repeat("x", 201), `a.csv:1: the owner has more than 200 characters: "` + strings.Repeat("x", 40) + `"…`},
		"UTF-16":          {"\xff\xfe1\x001\x00", `a.csv: isn't UTF-8 text; save it as "CSV UTF-8"`},
		"Latin-1":         {"111122223333,a\n444455556666,M\xfcller\n", `a.csv:2: isn't UTF-8 text; save it as "CSV UTF-8"`},
		"a spreadsheet":   {"PK\x03\x04rest", "a.csv:1: is neither CSV nor JSON; one account a line: id,name,environment,owner"},
		"--output text":   {"ACCOUNTS\tarn:aws:organizations::1:account/o-1/111122223333\tx", "a.csv:1: is neither CSV nor JSON; run aws organizations list-accounts with --output json"},
		"other JSON":      {`{"Users": []}`, "a.csv: is JSON, but not what aws organizations list-accounts prints: it has no list called Accounts"},
		"null":            {`{"Accounts": null}`, "a.csv: is JSON, but not what aws organizations list-accounts prints: it has no list called Accounts"},
		"a page":          {`{"Accounts": [{"Id": "111122223333"}], "NextToken": "x"}`, "a.csv: isn't the whole list, since it ends in NextToken; run aws organizations list-accounts without --max-items"},
		"cut":             {"{\"Accounts\": [\n{\"Id\": \"111122223333\"},\n", "a.csv:2: isn't whole JSON: unexpected end of JSON input"},
		"entries":         {"{\"Accounts\": [\n{\"Id\": 111122223333},\n\"x\",\n{\"Id\": \"1\"}]}", "a.csv:2: isn't an account as aws organizations list-accounts prints it: {\"Id\": \"111122223333\", \"Name\": …}\na.csv:3: isn't an account as aws organizations list-accounts prints it: {\"Id\": \"111122223333\", \"Name\": …}\na.csv:4: account id \"1\": write exactly twelve digits"},
		"more":            {`[{"Id": "111122223333"}] []`, "a.csv: has more after the list of accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			accounts, _, err := readAccounts("a.csv", []byte(c.text), "aws")
			if err == nil {
				t.Fatalf("read as %v", accounts)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAccountsMany(t *testing.T) {
	var good, bad strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&good, "%012d,team %d\n", i, i%5000)
		fmt.Fprintf(&bad, "%d,x\n", i)
	}
	accounts, notes, err := readAccounts("a.csv", []byte(good.String()), "aws")
	if err != nil || len(accounts) != 10_000 || len(notes) != 1 || len(notes[0]) > 300 {
		t.Errorf("%d accounts, %d notes, %v", len(accounts), len(notes), err)
	}
	checkAccounts(t, accounts)
	_, _, err = readAccounts("a.csv", []byte(bad.String()), "aws")
	if all := parts(err); len(all) != maxFaults+1 || all[maxFaults].Error() != "a.csv: … and 9800 more" {
		t.Errorf("%d faults, the last is %v", len(all), all[len(all)-1])
	}
}

// checkAccounts holds what was read to what the configuration demands, and to threat C4.
func checkAccounts(t *testing.T, accounts []config.Account) {
	t.Helper()
	ids, names := map[string]bool{}, map[string]bool{}
	for _, a := range accounts {
		if !bridge.ValidAccountID(a.ID) || ids[a.ID] || !usableName(a.Name) || names[a.Name] {
			t.Errorf("%q of %q is no account, or there twice", a.Name, a.ID)
		}
		ids[a.ID], names[a.Name] = true, true
		for _, text := range []string{a.Label, a.Environment, a.Owner, a.Partition} {
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q can't be printed", text)
			}
		}
	}
}

// FuzzAccounts: whatever a list holds, what comes out can be configured and printed, and so can what is said about it.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte("id,name,environment,owner\n111122223333,shop-prod,production,\"a, b\"\n"))
	f.Add([]byte("\xef\xbb\xbfID;Name\r\n111122223333;Müller\r\n444455556666;Müller\r\n"))
	f.Add([]byte("sep=;\nname;account\nx;1111-2222-3333\n"))
	f.Add([]byte(`{"Accounts":[{"Id":"111122223333","Arn":"arn:aws-cn:organizations::1:account/o-1/1","Name":"\u001b[31m","Status":"ACTIVE"}]}`))
	f.Add([]byte("[{\"Id\":\"111122223333\"},\n{\"Id\":\"1\"}]"))
	f.Add([]byte("111122223333,\x1b[2J,\u202e\n444455556666,\"a\nb\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		accounts, notes, err := readAccounts("accounts", text, "aws")
		if (err == nil) != (len(accounts) > 0) {
			t.Fatalf("%d accounts, and %v", len(accounts), err)
		}
		checkAccounts(t, accounts)
		said := slices.Clone(notes)
		for _, fault := range parts(err) {
			said = append(said, fault.Error())
		}
		for _, line := range said {
			if printable(line) != line {
				t.Errorf("said %q", line)
			}
		}
	})
}
