package main

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/net/html"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// visit is somebody at the portal with a fake browser: fast, and as strict as a real one about cookies and forms.
type visit struct {
	*idptest.Browser
	t      testing.TB
	portal string
	seen   func(*idptest.Page) // where it isn't nil, sees every page
}

func newVisit(t testing.TB, portal string) *visit {
	b := idptest.NewBrowser()
	t.Cleanup(b.Close)
	return &visit{Browser: b, t: t, portal: portal}
}

// page gives the page, or ends the test where the browser couldn't go there.
func (v *visit) page(p *idptest.Page, err error) *idptest.Page {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	if v.seen != nil {
		v.seen(p)
	}
	return p
}

// open goes to a page of the portal as if it were typed.
func (v *visit) open(path string) *idptest.Page {
	v.t.Helper()
	return v.page(v.Get(v.portal + path))
}

// signIn begins at a path of the portal, gives the password where one is asked for, and goes on until a page is there that
// waits for a person.
func (v *visit) signIn(path string, person demoPerson) *idptest.Page {
	v.t.Helper()
	page := v.open(path)
	for range 8 { // a provider that lies may ask for ever
		switch {
		case page.Find("#login") != nil:
			page = v.page(v.SignIn(person.Username, person.Password))
		case page.Find("form#answer") != nil || page.Find("form[data-autopost]") != nil:
			page = v.page(v.AutoSubmit())
		default:
			return page
		}
	}
	return page
}

func personNamed(t testing.TB, username string) demoPerson {
	t.Helper()
	for _, p := range printedPeople() {
		if p.Username == username {
			return p
		}
	}
	t.Fatalf("nobody is called %s", username)
	return demoPerson{}
}

// roles are those of the picker, by account/role: "" where the role can be used, or what stands in the way.
func roles(page *idptest.Page) map[string]string {
	all := map[string]string{}
	for _, row := range page.FindAll("li.role") {
		name, obstacle := "", ""
		for n := range row.Descendants() {
			switch {
			case n.Data == "a" && name == "":
				name = strings.TrimPrefix(attribute(n, "href"), "/roles/")
			case n.Data == "p" && attribute(n, "class") == "obstacle":
				obstacle = words(n)
			}
		}
		all[name] = obstacle
	}
	return all
}

func attribute(n *html.Node, name string) string {
	at := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if at < 0 {
		return ""
	}
	return n.Attr[at].Val
}

func words(n *html.Node) string {
	var all strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			all.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(all.String()), " ")
}

// processCredentials are what credential_process prints.
type processCredentials struct {
	Version                                    int
	AccessKeyId, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

// take presses a role's button on the page of all roles, and downloads the credentials as JSON.
func (v *visit) take(role string) processCredentials {
	v.t.Helper()
	if v.Page() == nil || v.Page().URL.Path != "/" {
		v.open("/")
	}
	page := v.page(v.Press("button[formaction=/roles/"+role+"/credentials]", map[string]string{"format": "json", "download": "1"}))
	if page.Status != 200 || !strings.HasSuffix(page.Header.Get("Content-Disposition"), `.json"`) {
		v.t.Fatalf("credentials of %s: %d %s", role, page.Status, page.Text())
	}
	return readCredentials(v.t, []byte(page.Body))
}

func readCredentials(t testing.TB, text []byte) processCredentials {
	t.Helper()
	var c processCredentials
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if c.Version != 1 || c.AccessKeyId == "" || c.SecretAccessKey == "" || c.SessionToken == "" || !c.Expiration.After(time.Now()) {
		t.Fatalf("the credentials lack something: version %d, key %q, expiration %s", c.Version, c.AccessKeyId, c.Expiration)
	}
	return c
}

// console presses a role's button and goes on to the console's page.
func (v *visit) console(role string) *idptest.Page {
	v.t.Helper()
	if v.Page() == nil || v.Page().URL.Path != "/" {
		v.open("/")
	}
	page := v.page(v.Press("button[formaction=/roles/"+role+"/console]", nil))
	if page.Status == 200 && strings.HasPrefix(page.URL.Path, "/roles/") { // a form that posts itself to AWS
		page = v.page(v.AutoSubmit())
	}
	return page
}

// callerIdentity asks an STS endpoint, through the AWS SDK, whose the credentials are.
func callerIdentity(t testing.TB, endpoint string, c processCredentials) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	client := sts.New(sts.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyId, c.SecretAccessKey, c.SessionToken),
	})
	answer, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	return aws.ToString(answer.Arn)
}

func portOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" {
		t.Fatalf("%q is not a URL with a port", address)
	}
	return u.Port()
}
