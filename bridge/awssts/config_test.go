package awssts_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

func TestCheck(t *testing.T) {
	cn := func(p awssts.Partition) map[string]awssts.Partition { return map[string]awssts.Partition{"aws-cn": p} }
	const own = "https://sts.internal.example.com"
	cases := map[string]struct {
		config awssts.Config
		want   []string // paths
	}{
		"nothing":                  {awssts.Config{}, nil},
		"a region":                 {awssts.Config{Region: "eu-west-1", FIPS: true, DualStack: true}, nil},
		"GovCloud with FIPS":       {awssts.Config{Region: "us-gov-east-1", FIPS: true}, nil},
		"an endpoint":              {awssts.Config{Endpoint: own}, nil},
		"loopback, http":           {awssts.Config{Endpoint: "http://127.0.0.1:8080"}, nil},
		"European cloud":           {awssts.Config{Region: "eusc-de-east-1"}, nil},
		"no region":                {awssts.Config{Region: "europe"}, []string{"region"}},
		"region of an isolated":    {awssts.Config{Region: "us-iso-east-1x"}, []string{"region"}},
		"http elsewhere":           {awssts.Config{Endpoint: "http://sts.internal.example.com"}, []string{"endpoints.sts"}},
		"no URL":                   {awssts.Config{Endpoint: "sts.internal.example.com"}, []string{"endpoints.sts"}},
		"user in the URL":          {awssts.Config{Endpoint: "https://a:b@sts.example.com"}, []string{"endpoints.sts"}},
		"query in the URL":         {awssts.Config{Endpoint: own + "?a=b"}, []string{"endpoints.sts"}},
		"FIPS and endpoint":        {awssts.Config{Endpoint: own, FIPS: true}, []string{"endpoints.sts"}},
		"dual-stack and endpoint":  {awssts.Config{Endpoint: own, DualStack: true}, []string{"endpoints.sts"}},
		"partition's own endpoint": {awssts.Config{DualStack: true, Partitions: cn(awssts.Partition{Endpoint: own})}, []string{"partitions.aws-cn.endpoints.sts"}},
		"foreign region":           {awssts.Config{Partitions: cn(awssts.Partition{Region: "eu-west-1"})}, []string{"partitions.aws-cn.region"}},
		"unknown partition":        {awssts.Config{Partitions: map[string]awssts.Partition{"aws-mars": {}}}, []string{"partitions.aws-mars"}},
		"everything at once": {awssts.Config{Region: "x", Endpoint: "y", Partitions: cn(awssts.Partition{Region: "z", Endpoint: "http://q"})},
			[]string{"region", "endpoints.sts", "partitions.aws-cn.region", "partitions.aws-cn.endpoints.sts"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range c.config.Check() {
				got = append(got, p.Path)
				if strings.HasSuffix(p.Message, ".") || strings.Contains(p.Message, "a:b@") {
					t.Errorf("%q ends in a full stop, or repeats a password", p.Message)
				}
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("problems at %q, want %q", got, c.want)
			}
			if _, err := awssts.New(c.config); (err == nil) != (len(c.want) == 0) {
				t.Errorf("New: %v", err)
			}
		})
	}
}

// TestHosts: each role's call goes to its own partition's host and no other.
func TestHosts(t *testing.T) {
	china := awssts.Config{Partitions: map[string]awssts.Partition{"aws-cn": {Region: "cn-northwest-1"}}}
	cases := []struct {
		config            awssts.Config
		partition, region string // of the role
		want              string
	}{
		{awssts.Config{}, "aws", "", "sts.us-east-1.amazonaws.com"},
		{awssts.Config{Region: "eu-west-1"}, "aws", "", "sts.eu-west-1.amazonaws.com"},
		{awssts.Config{Region: "eu-west-1"}, "aws", "eu-north-1", "sts.eu-north-1.amazonaws.com"},
		{awssts.Config{Region: "eu-west-1"}, "aws-us-gov", "", "sts.us-gov-west-1.amazonaws.com"},
		{awssts.Config{Region: "eu-west-1"}, "aws-cn", "", "sts.cn-north-1.amazonaws.com.cn"},
		{china, "aws-cn", "", "sts.cn-northwest-1.amazonaws.com.cn"},
		{china, "aws", "", "sts.us-east-1.amazonaws.com"},
		{awssts.Config{}, "aws-eusc", "", "sts.eusc-de-east-1.amazonaws.eu"},
		{awssts.Config{FIPS: true}, "aws", "us-east-2", "sts-fips.us-east-2.amazonaws.com"},
		{awssts.Config{DualStack: true}, "aws", "", "sts.us-east-1.api.aws"},
		{awssts.Config{DualStack: true}, "aws-cn", "", "sts.cn-north-1.api.amazonwebservices.com.cn"},
		{awssts.Config{DualStack: true}, "aws-eusc", "", "sts.eusc-de-east-1.api.amazonwebservices.eu"},
		{awssts.Config{FIPS: true}, "aws-us-gov", "", "sts.us-gov-west-1.amazonaws.com"},
		{awssts.Config{FIPS: true}, "aws-cn", "", "sts-fips.cn-north-1.amazonaws.com.cn"},
	}
	for _, c := range cases {
		made := client(t, c.config)
		dialled := awssts.RecordDials(made)
		_, err := made.Exchange(context.Background(), question(bridge.ViaSAML, func(q *bridge.ExchangeRequest) {
			q.Role.ARN.Partition, q.Role.Region = c.partition, c.region
		}))
		if got := made.Status().Endpoints; len(got) != 1 || got[0].Endpoint != c.want {
			t.Errorf("%s %s: endpoints %+v, want %s (%v)", c.partition, c.region, got, c.want, err)
		}
		if host := <-dialled; host != c.want+":443" {
			t.Errorf("%s %s: dialled %s, want %s", c.partition, c.region, host, c.want)
		}
	}
}

func TestCheckOnline(t *testing.T) {
	who := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
		switch form.Get("Action") {
		case "": // somebody looks whether anything is there
			http.Redirect(w, &http.Request{Method: "GET", URL: &url.URL{Path: "/"}}, "/iam", http.StatusFound)
		case "GetCallerIdentity":
			_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::1:assumed-role/fedbridge/i-1</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		default:
			t.Errorf("a check asked for %s", form.Get("Action"))
		}
	})
	with := func(via ...bridge.Via) bridge.Role { r := role("Dev"); r.Via = via; return r }
	check := func(c awssts.Config, roles ...bridge.Role) awssts.Reach {
		t.Helper()
		found := client(t, c).Check(context.Background(), roles)
		if len(found) != 1 {
			t.Fatalf("found %+v, want one endpoint", found)
		}
		return found[0]
	}
	bareMachine(t)
	unsigned := check(awssts.Config{Endpoint: who.URL}, with(bridge.ViaSAML), with(bridge.ViaWebIdentity))
	if unsigned.Err != nil || unsigned.Caller != "" {
		t.Errorf("unsigned: %+v", unsigned)
	}
	signed := check(awssts.Config{Endpoint: who.URL, Credentials: temporaryKeys()}, with(bridge.ViaSAML), with(bridge.ViaSAML, bridge.ViaAssumeRole))
	if signed.Err != nil || !signed.Chained || !strings.HasSuffix(signed.Caller, "assumed-role/fedbridge/i-1") {
		t.Errorf("signed: %+v", signed)
	}
	if none := check(awssts.Config{Endpoint: who.URL}, with(bridge.ViaAssumeRole)); bridge.CodeOf(none.Err) != bridge.CodeSTSNoCredentials {
		t.Errorf("without credentials: %+v", none)
	}
	refusing := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, 403, "InvalidClientTokenId", "no") })
	if wrong := check(awssts.Config{Endpoint: refusing.URL, Credentials: keys()}, with(bridge.ViaAssumeRole)); bridge.CodeOf(wrong.Err) != bridge.CodeSTSCredentials {
		t.Errorf("wrong credentials: %+v", wrong)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if down := check(awssts.Config{Endpoint: "http://" + listener.Addr().String()}, with(bridge.ViaSAML)); bridge.CodeOf(down.Err) != bridge.CodeSTSDown {
		t.Errorf("nobody there: %+v", down)
	}
	ill := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { w.WriteHeader(502) })
	if down := check(awssts.Config{Endpoint: ill.URL}, with(bridge.ViaSAML)); bridge.CodeOf(down.Err) != bridge.CodeSTSDown {
		t.Errorf("502: %+v", down)
	}
	odd := with(bridge.ViaSAML)
	odd.Region = "cn-north-1"
	if lost := check(awssts.Config{Endpoint: who.URL}, odd); bridge.CodeOf(lost.Err) != bridge.CodeRegion {
		t.Errorf("region of another partition: %+v", lost)
	}
}

func TestWarm(t *testing.T) {
	bareMachine(t)
	wantCode(t, client(t, awssts.Config{}).Warm(context.Background()), bridge.CodeSTSNoCredentials)
	c := client(t, awssts.Config{Credentials: temporaryKeys()})
	wantCode(t, c.Warm(context.Background()), "")
	if s := c.Status(); !s.CredentialsKnown || !s.Chained || len(s.Endpoints) != 0 {
		t.Errorf("status is %+v", s)
	}
}
