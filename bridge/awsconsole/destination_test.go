package awsconsole_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
)

// TestDestinations: threat W8.
func TestDestinations(t *testing.T) {
	const target, region, fine = bridge.CodeConsoleTarget, bridge.CodeRegion, bridge.Code("")
	cases := []struct {
		partition, url string
		want           bridge.Code
	}{
		{"aws", "https://console.aws.amazon.com", fine},
		{"aws", "https://console.aws.amazon.com/", fine},
		{"aws", "https://console.aws.amazon.com/s3", fine},
		{"aws", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:v=3", fine},
		{"aws", "https://us-east-1.console.aws.amazon.com/iam/home?region=eu-west-1", fine},
		{"aws", "https://s3.console.aws.amazon.com/s3/buckets/b?region=eu-west-1", fine},
		{"aws", "HTTPS://EU-WEST-1.Console.AWS.amazon.com/x", fine},
		{"aws", "https://111122223333-ab12cd34.eu-west-1.console.aws.amazon.com/console/home", fine},
		{"aws-us-gov", "https://us-gov-west-1.console.amazonaws-us-gov.com/console/home", fine},
		{"aws-cn", "https://cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1", fine},
		{"aws-eusc", "https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home", fine},

		{"aws", "http://console.aws.amazon.com/", target},
		{"aws", "//console.aws.amazon.com/", target},
		{"aws", "/console/home", target},
		{"aws", "console.aws.amazon.com", target},
		{"aws", "javascript:alert(1)", target},
		{"aws", "https:console.aws.amazon.com", target},
		{"aws", "https:///console.aws.amazon.com", target},
		{"aws", "https://evil.example.com/", target},
		{"aws", "https://evil.example.com/console.aws.amazon.com", target},
		{"aws", "https://console.aws.amazon.com.evil.example.com/", target},
		{"aws", "https://evilconsole.aws.amazon.com/", target},
		{"aws", "https://evil-console.aws.amazon.com/", target},
		{"aws", "https://aws.amazon.com/", target},
		{"aws", "https://signin.aws.amazon.com/oauth?Action=logout", target},
		{"aws", "https://x.console.aws.amazon.com/", target},
		{"aws", "https://eu-west-1.x.console.aws.amazon.com/", target},
		{"aws", "https://a.b.eu-west-1.console.aws.amazon.com/", target},
		{"aws", "https://.console.aws.amazon.com/", target},
		{"aws", "https://console.aws.amazon.com./", target},
		{"aws", "https://eu-west-1..console.aws.amazon.com/", target},
		{"aws", "https://user@console.aws.amazon.com/", target},
		{"aws", "https://console.aws.amazon.com@evil.example.com/", target},
		{"aws", "https://console.aws.amazon.com:443/", target},
		{"aws", "https://console.aws.amazon.com:/", target},
		{"aws", "https://console.aws.amazon.com\\@evil.example.com/", target},
		{"aws", "https://evil.example.com\\.console.aws.amazon.com/", target},
		{"aws", "https://console.aws.amazon.com/a b", target},
		{"aws", "https://console.aws.amazon.com/\r\nSet-Cookie: a=b", target},
		{"aws", "https://console.aws.amazon.com/\x00", target},
		{"aws", " https://console.aws.amazon.com/", target},
		{"aws", "https://console.aws.amazon.com/ü", target},
		{"aws", "https://consoleー.aws.amazon.com/", target},
		{"aws", "https://console%2eaws.amazon.com/", target},
		{"aws", "https://console.aws.amazon.com/%zz", target},
		{"aws", "https://console.aws.amazon.com/?a=%zz", target},
		{"aws", "https://console.aws.amazon.com/" + strings.Repeat("a", 2048), target},
		// Another account's host, and things that only look like a multi-session host.
		{"aws", "https://999988887777-ab12cd34.eu-west-1.console.aws.amazon.com/", target},
		{"aws", "https://111122223333.eu-west-1.console.aws.amazon.com/", target},
		{"aws", "https://111122223333-.eu-west-1.console.aws.amazon.com/", target},
		{"aws", "https://111122223333-ab12cd34.console.aws.amazon.com/", target},
		{"aws", "https://111122223333-ab12cd34.cn-north-1.console.aws.amazon.com/", target},
		{"aws", "https://1111222233334-ab.eu-west-1.console.aws.amazon.com/", target},
		// Another partition's.
		{"aws", "https://cn-north-1.console.aws.amazon.com/", target},
		{"aws", "https://us-gov-west-1.console.aws.amazon.com/", target},
		{"aws", "https://console.amazonaws.cn/", target},
		{"aws-cn", "https://console.aws.amazon.com/", target},
		{"aws-us-gov", "https://eu-west-1.console.amazonaws-us-gov.com/", target},
		{"aws", "https://console.aws.amazon.com/x?region=cn-north-1", region},
		{"aws", "https://console.aws.amazon.com/x?region=eu-west-1&region=cn-north-1", region},
		{"aws", "https://eu-west-1.console.aws.amazon.com/x?region=evil", region},
		{"aws-mars", "https://console.aws.amazon.com/", region},
	}
	l := linker(t, awsconsole.Config{})
	for _, c := range cases {
		err := l.Check(role(c.partition), bridge.Destination{URL: c.url})
		if got := bridge.CodeOf(err); got != c.want {
			t.Errorf("%s %.80q: code is %q, want %q (%v)", c.partition, c.url, got, c.want, err)
		}
	}
}

// TestHome: without a URL people land on the console's home page in the role's region.
func TestHome(t *testing.T) {
	config := awsconsole.Config{
		Region: "eu-west-1", Partitions: map[string]awsconsole.Partition{"aws-cn": {Region: "cn-northwest-1"}},
	}
	cases := []struct {
		partition, roleRegion, asked string
		destination, signIn          string // "" where the region is refused
	}{
		{"aws", "", "", "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1", "https://eu-west-1.signin.aws.amazon.com/federation"},
		{"aws", "us-east-1", "", "https://us-east-1.console.aws.amazon.com/console/home?region=us-east-1", "https://signin.aws.amazon.com/federation"},
		{"aws", "us-east-1", "ap-south-1", "https://ap-south-1.console.aws.amazon.com/console/home?region=ap-south-1", "https://signin.aws.amazon.com/federation"},
		{"aws-us-gov", "", "", "https://us-gov-west-1.console.amazonaws-us-gov.com/console/home?region=us-gov-west-1", "https://signin.amazonaws-us-gov.com/federation"},
		{"aws-us-gov", "us-gov-east-1", "", "https://us-gov-east-1.console.amazonaws-us-gov.com/console/home?region=us-gov-east-1", "https://us-gov-east-1.signin.amazonaws-us-gov.com/federation"},
		{"aws-cn", "", "", "https://cn-northwest-1.console.amazonaws.cn/console/home?region=cn-northwest-1", "https://cn-northwest-1.signin.amazonaws.cn/federation"},
		{"aws-cn", "cn-north-1", "", "https://cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1", "https://signin.amazonaws.cn/federation"},
		{"aws-eusc", "", "", "https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1", "https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation"},
		{"aws", "", "cn-north-1", "", ""},
		{"aws", "", "x", "", ""},
		{"aws", "", "eu-west-1.evil.example.com/", "", ""},
		{"aws-cn", "", "eu-west-1", "", ""},
	}
	for _, c := range cases {
		l := linker(t, config)
		wire := awsconsole.Answer(l, `{"SigninToken":"token"}`)
		creds := credentials()
		creds.Role = role(c.partition)
		creds.Role.Region = c.roleRegion
		to := bridge.Destination{Region: c.asked}
		link, err := l.Link(context.Background(), creds, to)
		if c.destination == "" {
			if bridge.CodeOf(err) != bridge.CodeRegion || bridge.CodeOf(l.Check(creds.Role, to)) != bridge.CodeRegion {
				t.Errorf("%s %q: %v", c.partition, c.asked, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.partition, err)
			continue
		}
		asked := <-wire
		if got := asked.URL.String(); got != c.signIn || asked.Method != http.MethodPost {
			t.Errorf("%s: asked %s %s, want POST %s", c.partition, asked.Method, got, c.signIn)
		}
		u, _ := url.Parse(link.Reveal())
		if got := u.Query().Get("Destination"); got != c.destination {
			t.Errorf("%s: destination %s, want %s", c.partition, got, c.destination)
		}
		if !strings.HasPrefix(link.Reveal(), c.signIn+"?") {
			t.Errorf("%s: the browser goes to another host than was asked", c.partition)
		}
		if err := l.Check(creds.Role, bridge.Destination{URL: c.destination}); err != nil {
			t.Errorf("%s: our own default is refused: %v", c.partition, err)
		}
	}
}

// FuzzDestination: what is let through is read by a strict reader as a page of the console, whatever was typed.
func FuzzDestination(f *testing.F) {
	for _, seed := range []string{
		"https://console.aws.amazon.com/", "https://eu-west-1.console.aws.amazon.com/x?region=eu-west-1#y",
		"https://111122223333-ab12cd34.eu-west-1.console.aws.amazon.com/", "https://a@console.aws.amazon.com/",
		"https://console.aws.amazon.com\\@evil.example.com/", "https://console.aws.amazon.com/..//evil.example.com",
	} {
		f.Add(seed)
	}
	l, err := awsconsole.New(awsconsole.Config{Issuer: issuer})
	if err != nil {
		f.Fatal(err)
	}
	awsconsole.Answer(l, `{"SigninToken":"token"}`)
	f.Fuzz(func(t *testing.T, to string) {
		if to == "" {
			return
		}
		link, err := l.Link(context.Background(), credentials(), bridge.Destination{URL: to})
		if err != nil {
			return
		}
		u, err := url.Parse(link.Reveal())
		if err != nil || u.Fragment != "" {
			t.Fatalf("link is %q (%v)", link.Reveal(), err)
		}
		destination := u.Query().Get("Destination")
		rest, ok := strings.CutPrefix(destination, "https://")
		host, _, _ := strings.Cut(strings.NewReplacer("?", "/", "#", "/", "\\", "/").Replace(rest), "/")
		if !ok || host != "console.aws.amazon.com" && !strings.HasSuffix(host, ".console.aws.amazon.com") {
			t.Fatalf("%q leads to %q", to, destination)
		}
		if strings.ContainsAny(host, "@:%") {
			t.Fatalf("%q has host %q", to, host)
		}
	})
}
