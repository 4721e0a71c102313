package delivery_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/delivery"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	keyID  = "ASIAEXAMPLEEXAMPLE00"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	token  = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQ+/abc=="
)

// input has a fixed expiry: what is written must not depend on when.
func input() delivery.Input {
	return delivery.Input{
		Region: "eu-west-1",
		Credentials: bridge.Credentials{
			AccessKeyID: keyID, SecretAccessKey: bridge.NewSecret(secret), SessionToken: bridge.NewSecret(token),
			Expires: time.Date(2031, 2, 3, 4, 5, 6, 7, time.FixedZone("", 3600)),
			Role: bridge.Role{
				Key:     bridge.RoleKey{Account: "111122223333", Name: "readonly"},
				Account: bridge.Account{ID: "111122223333", Name: "shop-prod"},
				ARN:     bridge.RoleARN{Partition: "aws", Account: "111122223333", Path: "/", Name: "ReadOnly"},
			},
		},
	}
}

func TestGolden(t *testing.T) {
	for _, f := range delivery.Formats() {
		t.Run(string(f.ID), func(t *testing.T) {
			got, err := delivery.Render(f.ID, input())
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", string(f.ID)+f.Ext)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	seen := map[delivery.ID]bool{}
	for _, f := range delivery.Formats() {
		if seen[f.ID] || f.Label == "" || f.Hint == "" || f.MIME == "" || !strings.HasPrefix(f.Ext, ".") {
			t.Errorf("format %+v", f)
		}
		seen[f.ID] = true
		if got, ok := delivery.Lookup(f.ID); !ok || got.Label != f.Label {
			t.Errorf("Lookup(%s) gives %+v", f.ID, got)
		}
	}
	_, err := delivery.Render("sh; rm -rf /", input())
	if bridge.CodeOf(err) != bridge.CodeBadRequest {
		t.Errorf("unknown format: %v", err)
	}
}

// hostile are values that some shell, file or tool would read otherwise than as text.
var hostile = []string{
	"", "a b", "a'b", `a"b`, "a`id`b", "$(id)", "${HOME}", "$HOME", "%PATH%", "a%b", "!history!", "a;id", "a&id", "a|id",
	"a>b", "a<b", "a\nid", "a\r\nid", "a\x00b", `a\b`, "a#b", "~root", "a*b", "a?b", "{a,b}", "[a]", "a^b", "ü", "‘a’",
	"a\u2028b", "\xff", "-rf", "=a ", "a\tb", "<script>", "a,b", "a:b", "a@b", strings.Repeat("'", 40),
}

// TestHostileValues: no format ever writes a value outside of AWS's alphabet.
func TestHostileValues(t *testing.T) {
	pad := func(s string) string { return s + strings.Repeat("A", max(0, 20-len(s))) }
	for _, value := range hostile {
		if regexp.MustCompile(`^[A-Za-z0-9+/=]+$`).MatchString(value) {
			t.Fatalf("%q isn't hostile", value)
		}
		for name, edit := range map[string]func(*delivery.Input){
			"key id":  func(in *delivery.Input) { in.Credentials.AccessKeyID = pad(value)[:len(value)] },
			"secret":  func(in *delivery.Input) { in.Credentials.SecretAccessKey = bridge.NewSecret(value) },
			"token":   func(in *delivery.Input) { in.Credentials.SessionToken = bridge.NewSecret(value) },
			"account": func(in *delivery.Input) { in.Credentials.Role.ARN.Account = value },
		} {
			in := input()
			edit(&in)
			for _, f := range delivery.Formats() {
				out, err := delivery.Render(f.ID, in)
				if bridge.CodeOf(err) != bridge.CodeSTSAnswer || out != nil {
					t.Errorf("%s with %s %q: %q, %v", f.ID, name, value, out, err)
				}
				if len(value) > 3 && err != nil && strings.Contains(err.Error(), value) {
					t.Errorf("%s: the cause shows the value: %v", name, err)
				}
			}
		}
	}
}

func TestRegion(t *testing.T) {
	for region, want := range map[string]bridge.Code{
		"": "", "eu-west-1": "", "us-east-1": "", "cn-north-1": bridge.CodeRegion, "europe": bridge.CodeRegion,
		"eu-west-1\nid": bridge.CodeRegion, "eu-west-1;id": bridge.CodeRegion, " ": bridge.CodeRegion,
	} {
		in := input()
		in.Region = region
		for _, f := range delivery.Formats() {
			out, err := delivery.Render(f.ID, in)
			if bridge.CodeOf(err) != want {
				t.Errorf("%s, region %q: %v", f.ID, region, err)
			}
			if region == "" && strings.Contains(strings.ToLower(string(out)), "region") {
				t.Errorf("%s writes a region that nobody named:\n%s", f.ID, out)
			}
		}
	}
}

func TestNoExpiry(t *testing.T) {
	in := input()
	in.Credentials.Expires = time.Time{}
	if _, err := delivery.Render(delivery.Process, in); bridge.CodeOf(err) != bridge.CodeSTSAnswer {
		t.Errorf("without expiry: %v", err)
	}
}

// TestNames: threat W16. A name from a claim or a configuration is neither path nor header nor option.
func TestNames(t *testing.T) {
	cases := []struct{ account, role, want string }{
		{"shop-prod", "readonly", "aws-shop-prod-readonly.sh"},
		{"shop_1.x", "Admin", "aws-shop_1.x-Admin.sh"},
		{"../../etc", "passwd", "aws-etc-passwd.sh"},
		{"..", "..", "aws-session.sh"},
		{"", "", "aws-session.sh"},
		{"", "admin", "aws-admin.sh"},
		{"shop", "", "aws-shop.sh"},
		{`c:\x`, "con", "aws-c-x-con.sh"},
		{"a\r\nSet-Cookie: b", `x"; filename="y`, "aws-a-Set-Cookie-b-x-filename-y.sh"},
		{"-rf", ".hidden", "aws-rf-hidden.sh"},
		{"Büro", "日本", "aws-B-ro.sh"},
		{"a\u202egpj", "b", "aws-a-gpj-b.sh"},
		{"a....b", "c", "aws-a.b-c.sh"},
		{strings.Repeat("a", 300), "b", "aws-" + strings.Repeat("a", 64) + "-b.sh"},
	}
	for _, c := range cases {
		if got := delivery.Filename(delivery.Bash, c.account, c.role); got != c.want {
			t.Errorf("Filename(%q, %q) is %q, want %q", c.account, c.role, got, c.want)
		}
	}
	if got := delivery.Filename("nonsense", "a", "b"); got != "aws-a-b.txt" {
		t.Errorf("unknown format: %q", got)
	}
	in := input()
	for name, want := range map[string]string{
		"dev": "dev", "": "shop-prod-readonly", "a]\n[b": "a-b", "default": "default", "x; id": "x-id", "--": "shop-prod-readonly",
	} {
		in.Profile = name
		out, err := delivery.Render(delivery.Profile, in)
		if err != nil || !strings.HasPrefix(string(out), "["+want+"]\n") || strings.Count(string(out), "[") != 1 {
			t.Errorf("profile %q: %v\n%s", name, err, out)
		}
	}
}

func FuzzFilename(f *testing.F) {
	f.Add("shop-prod", "readonly")
	f.Add("../..", "a\r\nb")
	f.Add("..", "CON")
	safe := regexp.MustCompile(`^aws-[A-Za-z0-9_][A-Za-z0-9_.-]{0,128}\.json$`)
	f.Fuzz(func(t *testing.T, account, role string) {
		name := delivery.Filename(delivery.Process, account, role)
		if !safe.MatchString(name) || strings.Contains(name, "..") {
			t.Errorf("Filename(%q, %q) is %q", account, role, name)
		}
	})
}

func Example() {
	in := input()
	in.Credentials.SessionToken = bridge.NewSecret("dG9rZW4=")
	out, err := delivery.Render(delivery.DotEnv, in)
	fmt.Print(string(out), err)
	// Output:
	// AWS_ACCESS_KEY_ID=ASIAEXAMPLEEXAMPLE00
	// AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
	// AWS_SESSION_TOKEN=dG9rZW4=
	// AWS_CREDENTIAL_EXPIRATION=2031-02-03T03:05:06Z
	// AWS_REGION=eu-west-1
	// AWS_DEFAULT_REGION=eu-west-1
	// <nil>
}
