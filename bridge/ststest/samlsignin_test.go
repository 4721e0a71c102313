package ststest_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const consoleRole = "arn:aws:iam::" + target + ":role/Console"

// consoleWorld has a role whose console is opened by posting a response.
func consoleWorld(t *testing.T, change ...func(*ststest.Options)) *world {
	t.Helper()
	w := newWorld(t, change...)
	w.role(consoleRole, `{"Federated":"`+corpARN+`"}`, `["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]`,
		`{"StringEquals":{"SAML:aud":["`+w.signin.URL+`/saml","`+w.signin.URL+`/saml/acs/`+corpUUID+`"]}}`)
	return w
}

// posted is a response for the sign-in page at a path; more adds and replaces attributes.
func (w *world) posted(path string, s samlSpec, more map[string][]string) string {
	s.attributes = map[string][]string{aws_ + "Role": {consoleRole + "," + corpARN}}
	for name, values := range more {
		s.attributes[aws_+name] = values
	}
	edit := s.edit
	s.edit = func(response, assertion *etree.Element) {
		assertion.FindElement(".//SubjectConfirmationData").CreateAttr("Recipient", w.signin.URL+path)
		if edit != nil {
			edit(response, assertion)
		}
	}
	return w.response(s)
}

func (w *world) postSignIn(path string, form url.Values) (page, *http.Response) {
	w.t.Helper()
	response, err := w.browser().PostForm(w.signin.URL+path, form)
	return read(w.t, response, err), response
}

func TestSAMLSignIn(t *testing.T) {
	w := consoleWorld(t)
	p, _ := w.postSignIn("/saml", url.Values{"RelayState": {consoleURL}, "SAMLResponse": {w.posted("/saml", samlSpec{}, map[string][]string{
		"PrincipalTag:Team": {"Shop"}, "PrincipalTag:Cost": {"4711"}, "TransitiveTagKeys": {"Team"}, "SourceIdentity": {"ada"}, "SessionDuration": {"7200"},
	})}})
	if p.status != 200 || p.url.Path != "/console" {
		t.Fatalf("%d at %s\n%s", p.status, p.url, p.body)
	}
	for id, want := range map[string]string{
		"account": target, "role": "Console", "session-name": "ada@example.com", "source-identity": "ada", "via": "a SAML response at the sign-in page",
		"arn": "arn:aws:sts::" + target + ":assumed-role/Console/ada@example.com", "destination": html.EscapeString(consoleURL), "provider": corpARN,
	} {
		if want = `id="` + id + `">` + want + `<`; !strings.Contains(p.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, part := range []string{
		`<th scope="row">Team</th><td>Shop</td><td><span class="pill">transitive</span>`, `<th scope="row">Cost</th><td>4711</td><td></td>`, `id="seconds-left">7`,
	} {
		contains(t, []byte(p.body), part)
	}
	if strings.Contains(p.body, "access-key") {
		t.Error("nobody was given credentials, and the page names some")
	}
	if n := w.aws.SignInFaults.Calls("saml"); n != 1 {
		t.Errorf("%d calls", n)
	}
	// Without RelayState: the console's home.
	p, _ = w.postSignIn("/saml", url.Values{"SAMLResponse": {w.posted("/saml", samlSpec{}, nil)}})
	contains(t, []byte(p.body), `id="destination">https://console.aws.amazon.com/<`)
}

// TestSAMLSignInLength: SessionDuration, an hour without it, never beyond SessionNotOnOrAfter or the role's maximum.
func TestSAMLSignInLength(t *testing.T) {
	w := consoleWorld(t)
	length := func(w *world, s samlSpec, seconds ...string) (page, string) {
		more := map[string][]string{}
		if len(seconds) > 0 {
			more["SessionDuration"] = seconds
		}
		p, _ := w.postSignIn("/saml", url.Values{"SAMLResponse": {w.posted("/saml", s, more)}})
		_, rest, _ := strings.Cut(p.body, `id="seconds-left">`)
		left, _, _ := strings.Cut(rest, "<")
		return p, left
	}
	ends := func(d time.Duration) samlSpec {
		return samlSpec{edit: func(_, a *etree.Element) {
			a.SelectElement("AuthnStatement").CreateAttr("SessionNotOnOrAfter", w.now().Add(d).UTC().Format(time.RFC3339))
		}}
	}
	for _, c := range []struct {
		spec    samlSpec
		seconds []string
		want    string // how the seconds that are left begin
	}{
		{samlSpec{}, nil, "3"}, {ends(13 * time.Hour), []string{"43200"}, "43"}, {ends(2 * time.Hour), []string{"43200"}, "7"}, {ends(20 * time.Minute), nil, "1"},
	} {
		if p, left := length(w, c.spec, c.seconds...); p.status != 200 || !strings.HasPrefix(left, c.want) {
			t.Errorf("%v: %d, %s seconds left, want %s…", c.seconds, p.status, left, c.want)
		}
	}
	long := func(w *world) {
		w.addRole(ststest.Role{ARN: consoleRole, MaxSessionDuration: time.Hour, TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Federated":"` + corpARN + `"},"Action":"sts:AssumeRoleWithSAML"}]}`})
	}
	long(w)
	if p, _ := length(w, ends(13*time.Hour), "7200"); p.status != 400 || !strings.Contains(p.body, "exceeds MaxSessionDuration") {
		t.Errorf("more than the role's maximum: %d %s", p.status, p.body)
	}
	lenient := consoleWorld(t, func(o *ststest.Options) { o.LongSAMLConsole = true })
	long(lenient)
	if p, left := length(lenient, ends(13*time.Hour), "7200"); p.status != 200 || !strings.HasPrefix(left, "7") {
		t.Errorf("more than the role's maximum, where that is let through: %d, %s left", p.status, left)
	}
}

// TestSAMLSignInRefused: the page says what AWS says (aws-facts 2.4), and nobody is signed in.
func TestSAMLSignInRefused(t *testing.T) {
	w := consoleWorld(t)
	const invalid = "Your request included an invalid SAML response. To logout, click here."
	const denied = "Not authorized to perform sts:AssumeRoleWithSAML"
	form := func(response string, more ...string) url.Values {
		f := url.Values{"SAMLResponse": {response}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Add(more[i], more[i+1])
		}
		return f
	}
	spec := func(edit func(r, a *etree.Element)) url.Values {
		return form(w.posted("/saml", samlSpec{edit: edit}, nil))
	}
	with := func(name string, values ...string) url.Values {
		return form(w.posted("/saml", samlSpec{}, map[string][]string{name: values}))
	}
	good := w.posted("/saml", samlSpec{}, nil)
	cases := map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"nothing":           {url.Values{}, 400, invalid},
		"two":               {form(good, "SAMLResponse", good), 400, invalid},
		"not base64":        {form("%%%"), 400, invalid},
		"not XML":           {form("aGVsbG8="), 400, invalid},
		"too long":          {form(strings.Repeat("a", 100_001)), 400, invalid},
		"no Role":           {with("Role"), 400, invalid},
		"malformed Role":    {with("Role", consoleRole), 400, invalid},
		"two roles":         {with("Role", consoleRole+","+corpARN, samlRole+","+corpARN), 400, invalid},
		"another recipient": {form(w.posted("/saml/acs/x", samlSpec{}, nil)), 400, invalid},
		"AWS's own recipient": {spec(func(_, a *etree.Element) {
			a.FindElement(".//SubjectConfirmationData").CreateAttr("Recipient", "https://signin.aws.amazon.com/saml")
		}), 400, invalid},
		"no session name":      {with("RoleSessionName"), 400, "RoleSessionName is required in AuthnResponse"},
		"bad session name":     {with("RoleSessionName", "a b"), 400, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"},
		"bad source identity":  {with("SourceIdentity", "aws:x"), 400, `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`},
		"not signed":           {form(w.posted("/saml", samlSpec{unsigned: true}, nil)), 400, "Response signature invalid"},
		"by another":           {form(w.posted("/saml", samlSpec{idp: otherIdP()}, nil)), 400, "Response signature invalid"},
		"another issuer":       {spec(func(_, a *etree.Element) { a.SelectElement("Issuer").SetText("https://other.example.com") }), 400, "Issuer not present in specified provider"},
		"unknown provider":     {with("Role", consoleRole+",arn:aws:iam::"+target+":saml-provider/None"), 400, "Specified provider doesn't exist."},
		"wrong audience":       {spec(func(_, a *etree.Element) { a.FindElement(".//AudienceRestriction").Child = nil }), 400, "Response does not contain the required audience."},
		"role that isn't":      {with("Role", consoleRole+"x,"+corpARN), 403, denied},
		"role in another case": {with("Role", strings.ToLower(consoleRole)+","+corpARN), 403, denied},
		"not trusted for it":   {with("Role", samlRole+","+corpARN), 403, denied},
		"no NameID":            {spec(func(_, a *etree.Element) { a.SelectElement("Subject").RemoveChildAt(0) }), 403, denied},
		"old":                  {form(w.posted("/saml", samlSpec{issued: w.now().Add(-6 * time.Minute)}, nil)), 400, "Token must be redeemed within 5 minutes of issuance"},
		"odd SessionDuration":  {with("SessionDuration", "899"), 400, "SessionDuration in AuthnResponse must be"},
		"elsewhere":            {form(good, "RelayState", "https://evil.example.com/"), 400, "The destination is not a page of the console."},
		"two RelayStates":      {form(good, "RelayState", "https://console.aws.amazon.com/", "RelayState", "x"), 400, invalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, response := w.postSignIn("/saml", c.form)
			if p.status != c.status || !strings.Contains(html.UnescapeString(p.body), c.says) || len(response.Cookies()) > 0 {
				t.Errorf("%d, want %d %q, cookies %v\n%.800s", p.status, c.status, c.says, response.Cookies(), p.body)
			}
			if strings.Contains(p.body, "PD94") || !strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("the page repeats what was posted, or has no policy")
			}
		})
	}
	response, err := http.Get(w.signin.URL + "/saml?" + form(good).Encode())
	if p := read(t, response, err); p.status != http.StatusMethodNotAllowed {
		t.Errorf("by GET: %d", p.status)
	}
	w.aws.SignInFaults.Failing(http.StatusServiceUnavailable, 1)
	if p, _ := w.postSignIn("/saml", form(good)); p.status != http.StatusServiceUnavailable {
		t.Errorf("an outage: %d", p.status)
	}
	// All the while, the good one is good.
	if p, _ := w.postSignIn("/saml", form(good)); p.status != 200 {
		t.Errorf("%d %s", p.status, p.body)
	}
}

// TestSAMLSignInEncrypted: a provider that demands encryption has an address of its own, and takes nothing else there.
func TestSAMLSignInEncrypted(t *testing.T) {
	w := consoleWorld(t)
	const own = "/saml/acs/" + corpUUID
	sealed := func(path string) url.Values {
		return url.Values{"SAMLResponse": {w.posted(path, samlSpec{after: w.sealed(gcm, decryptionKey())}, nil)}}
	}
	plain := func(path string) url.Values {
		return url.Values{"SAMLResponse": {w.posted(path, samlSpec{}, nil)}}
	}
	for _, c := range []struct {
		mode, path string
		form       url.Values
		status     int
	}{
		{"Required", own, sealed(own), 200}, {"Required", own, plain(own), 400}, {"Required", "/saml", sealed("/saml"), 400}, {"Required", "/saml", plain("/saml"), 400},
		{"Required", own, sealed("/saml"), 400}, {"Required", "/saml/acs/AAAAAAAAAAAAAAAAAAAAAA", sealed("/saml/acs/AAAAAAAAAAAAAAAAAAAAAA"), 400},
		{"Allowed", own, sealed(own), 200}, {"Allowed", own, plain(own), 200}, {"Allowed", "/saml", plain("/saml"), 200}, {"Allowed", "/saml", sealed("/saml"), 400},
	} {
		w.encrypting(c.mode, decryptionKey())
		if p, _ := w.postSignIn(c.path, c.form); p.status != c.status {
			t.Errorf("%s at %s: %d, want %d\n%.600s", c.mode, c.path, p.status, c.status, p.body)
		}
	}
}
