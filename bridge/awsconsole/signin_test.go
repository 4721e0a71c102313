package awsconsole_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
)

// TestSignInEndpoint: where a minted response is posted to, by partition, region, override and encryption (facts 2.1).
func TestSignInEndpoint(t *testing.T) {
	const provider = "ABCDEFGHIJKLMNOPQRSTUV"
	own := awsconsole.Config{SignIn: "http://127.0.0.1:9999/"}
	mixed := awsconsole.Config{Region: "eu-west-1", Partitions: map[string]awsconsole.Partition{
		"aws-cn": {Region: "cn-northwest-1"}, "aws-us-gov": {SignIn: "https://signin.example.com"},
	}}
	cases := []struct {
		name      string
		config    awsconsole.Config
		partition string
		region    string
		provider  string
		want      string
	}{
		{"home region", awsconsole.Config{}, "aws", "", "", "https://signin.aws.amazon.com/saml"},
		{"home region, named", awsconsole.Config{Region: "eu-west-1"}, "aws", "us-east-1", "", "https://signin.aws.amazon.com/saml"},
		{"configured region", awsconsole.Config{Region: "eu-west-1"}, "aws", "", "", "https://eu-west-1.signin.aws.amazon.com/saml"},
		{"the role's region", awsconsole.Config{Region: "eu-west-1"}, "aws", "ap-south-1", "", "https://ap-south-1.signin.aws.amazon.com/saml"},
		{"GovCloud", awsconsole.Config{Region: "eu-west-1"}, "aws-us-gov", "", "", "https://signin.amazonaws-us-gov.com/saml"},
		{"GovCloud, east", awsconsole.Config{}, "aws-us-gov", "us-gov-east-1", "", "https://us-gov-east-1.signin.amazonaws-us-gov.com/saml"},
		{"China", awsconsole.Config{}, "aws-cn", "", "", "https://signin.amazonaws.cn/saml"},
		{"China, by partition", mixed, "aws-cn", "", "", "https://cn-northwest-1.signin.amazonaws.cn/saml"},
		{"European Sovereign Cloud", awsconsole.Config{}, "aws-eusc", "", "", "https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml"},
		{"override", own, "aws", "eu-west-1", "", "http://127.0.0.1:9999/saml"},
		{"override of a partition", mixed, "aws-us-gov", "us-gov-east-1", "", "https://signin.example.com/saml"},
		{"encrypted", awsconsole.Config{}, "aws", "eu-west-1", provider, "https://eu-west-1.signin.aws.amazon.com/saml/acs/" + provider},
		{"encrypted, home region", awsconsole.Config{}, "aws", "", provider, "https://signin.aws.amazon.com/saml/acs/" + provider},
		{"encrypted, override", own, "aws", "", provider, "http://127.0.0.1:9999/saml/acs/" + provider},
		{"an id that isn't one", own, "aws", "", "../x?y#z", "http://127.0.0.1:9999/saml/acs/..%2Fx%3Fy%23z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, r := linker(t, c.config), role(c.partition)
			r.Region, r.Encryption.ProviderID = c.region, c.provider
			got, state, err := l.SignIn(r, bridge.Destination{})
			if err != nil || got != c.want {
				t.Fatalf("%q, %v; want %q", got, err, c.want)
			}
			p, _ := bridge.PartitionByID(c.partition)
			if !strings.HasPrefix(state, "https://") || !strings.Contains(state, p.ConsoleHost+"/console/home?region=") {
				t.Errorf("lands at %q", state)
			}
			// The browser may go there: CSP names it.
			origin := strings.Join(strings.SplitN(c.want, "/", 4)[:3], "/")
			allowed := strings.Join(l.FormHosts(c.partition), " ")
			if !strings.Contains(allowed, origin) && !strings.Contains(allowed, "https://*."+p.SignInHost) {
				t.Errorf("forms may not lead to %s: %s", origin, allowed)
			}
		})
	}
}

// TestSignInDestination: RelayState is held to what links are held to (threat W8), and is what they would lead to.
func TestSignInDestination(t *testing.T) {
	l := linker(t, awsconsole.Config{Region: "eu-west-1"})
	for url, want := range map[string]bridge.Code{
		"https://console.aws.amazon.com/s3": "", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:v=3": "",
		"https://evil.example.com/": bridge.CodeConsoleTarget, "javascript:alert(1)": bridge.CodeConsoleTarget,
		"https://console.amazonaws.cn/": bridge.CodeConsoleTarget, "https://999999999999-ab12.eu-west-1.console.aws.amazon.com/": bridge.CodeConsoleTarget,
		"https://console.aws.amazon.com/?region=cn-north-1": bridge.CodeRegion,
	} {
		to := bridge.Destination{URL: url}
		endpoint, state, err := l.SignIn(role("aws"), to)
		wantCode(t, err, want)
		wantCode(t, l.Check(role("aws"), to), want)
		if (state == url) != (want == "") || (endpoint == "") != (want != "") {
			t.Errorf("%s: posts to %q with %q", url, endpoint, state)
		}
	}
	_, _, err := l.SignIn(role("aws-iso"), bridge.Destination{})
	wantCode(t, err, bridge.CodeRegion)
	_, state, err := l.SignIn(role("aws"), bridge.Destination{Region: "ap-south-1"})
	if err != nil || state != "https://ap-south-1.console.aws.amazon.com/console/home?region=ap-south-1" {
		t.Errorf("%q, %v", state, err)
	}
}
