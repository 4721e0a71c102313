package saml_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/saml"
)

func goodConfig() saml.Config {
	return saml.Config{Common: idp.Common{Name: "corp", Kind: idp.KindSAML}, Metadata: "https://sso.example.com/metadata"}
}

// TestCheckAccepts: what the docs show, and the edges of what they allow.
func TestCheckAccepts(t *testing.T) {
	pair := saml.KeyPair{Key: "file:/etc/fedbridge/sp.key", Certificate: "env:CERT"}
	for name, change := range map[string]func(*saml.Config){
		"nothing more":       func(*saml.Config) {},
		"loopback":           func(c *saml.Config) { c.Metadata = "http://127.0.0.1:8080/metadata" },
		"loopback by name":   func(c *saml.Config) { c.Metadata = "http://localhost/metadata?x=y" },
		"loopback IPv6":      func(c *saml.Config) { c.Metadata = "http://[::1]:1/metadata" },
		"a file":             func(c *saml.Config) { c.Metadata = "file:idp.xml" },
		"a long entity id":   func(c *saml.Config) { c.EntityID = "urn:" + strings.Repeat("x", 1020) },
		"formats":            func(c *saml.Config) { c.NameIDFormat = "urn:example:format" },
		"transient and more": func(c *saml.Config) { c.NameIDFormat, c.Subject.Attribute = "transient", "uid" },
		"keys": func(c *saml.Config) {
			c.Signing, c.Decryption = pair, saml.Decryption{Key: pair.Key, Certificate: pair.Certificate, AllowCBC: true, OAEPDigests: []string{"sha1", "sha512"}}
		},
		"pins": func(c *saml.Config) {
			c.Certificates = []string{"file:/x.pem", "sha256:" + strings.Repeat("Ab:", 31) + "cd"}
		},
		"a day":            func(c *saml.Config) { c.AllowSHA1Until = "2027-03-31" },
		"the shortest":     func(c *saml.Config) { c.MaxValidity = time.Minute },
		"the longest":      func(c *saml.Config) { c.MaxValidity = 70 * time.Minute },
		"a group per line": func(c *saml.Config) { c.Claims.Groups = saml.GroupsClaim{Claim: "groups", Separator: ","} },
	} {
		c := goodConfig()
		change(&c)
		if problems := c.Check(); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// TestCheckRefuses: each fault names its place, and says what to write instead.
func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		change     func(*saml.Config)
		path, says string
	}{
		{func(c *saml.Config) { c.Name = "Corp!" }, "name", "a to z|a-z"},
		{func(c *saml.Config) { c.Metadata = "" }, "metadata", "https URL"},
		{func(c *saml.Config) { c.Metadata = "file:" }, "metadata", "file:/etc"},
		{func(c *saml.Config) { c.Metadata = "/etc/idp.xml" }, "metadata", "file:PATH"},
		{func(c *saml.Config) { c.Metadata = "http://sso.example.com/metadata" }, "metadata", "https"},
		{func(c *saml.Config) { c.Metadata = "ftp://sso.example.com/metadata" }, "metadata", "https"},
		{func(c *saml.Config) { c.Metadata = "https://user:word@sso.example.com/metadata" }, "metadata", "without user"},
		{func(c *saml.Config) { c.Metadata = "https://sso.example.com/metadata#x" }, "metadata", "fragment"},
		{func(c *saml.Config) { c.Metadata = "http://127.0.0.1.example.com/" }, "metadata", "loopback"},
		{func(c *saml.Config) { c.IdPEntityID = "https://idp /x" }, "idp_entity_id", "spaces"},
		{func(c *saml.Config) { c.EntityID = strings.Repeat("x", 1025) }, "entity_id", "1024"},
		{func(c *saml.Config) { c.Audiences = []string{"urn:x", ""} }, "audiences[1]", "empty"},
		{func(c *saml.Config) { c.Claims.Groups.Separator = "," }, "claims.groups", "{claim: memberOf"},
		{func(c *saml.Config) { c.NameIDFormat = "email" }, "name_id_format", "emailAddress"},
		{func(c *saml.Config) { c.NameIDFormat = "transient" }, "name_id_format", "subject: {attribute: …}"},
		{func(c *saml.Config) { c.Binding = "POST" }, "binding", "redirect or post"},
		{func(c *saml.Config) { c.AuthnContext = []string{" urn:x"} }, "authn_context[0]", "without spaces"},
		{func(c *saml.Config) { c.Signing.Key = "file:/x" }, "signing.certificate", "belong together"},
		{func(c *saml.Config) {
			c.Signing = saml.KeyPair{Key: "-----BEGIN PRIVATE KEY-----", Certificate: "file:/x"}
		}, "signing.key", "env:"},
		{func(c *saml.Config) { c.Decryption.AllowCBC = true }, "decryption.key", "belong together"},
		{func(c *saml.Config) {
			c.Decryption = saml.Decryption{Key: "file:/x", Certificate: "file:/y", OAEPDigests: []string{"md5"}}
		}, "decryption.oaep_digests[0]", "sha256"},
		{func(c *saml.Config) {
			c.Decryption = saml.Decryption{Key: "file:/x", Certificate: "file:/y", OAEPDigests: []string{}}
		}, "decryption.oaep_digests", "leave the key out"},
		{func(c *saml.Config) { c.Certificates = []string{} }, "certificates", "leave the key out"},
		{func(c *saml.Config) { c.Certificates = []string{"sha256:abcd"} }, "certificates[0]", "64 hexadecimal"},
		{func(c *saml.Config) { c.Certificates = []string{"MIIC"} }, "certificates[0]", "file:PATH"},
		{func(c *saml.Config) { c.AllowSHA1Until = "31.03.2027" }, "allow_sha1_until", "2027-03-31"},
		{func(c *saml.Config) { c.MaxValidity = 71 * time.Minute }, "max_validity", "70m"},
		{func(c *saml.Config) { c.MaxValidity = -time.Minute }, "max_validity", "1m"},
	} {
		config := goodConfig()
		c.change(&config)
		problems := config.Check()
		at := slices.IndexFunc(problems, func(p bridge.Problem) bool { return p.Path == c.path })
		if at < 0 || !slices.ContainsFunc(strings.Split(c.says, "|"), func(words string) bool { return strings.Contains(problems[at].Message, words) }) {
			t.Errorf("no fault at %s that says %q: %v", c.path, c.says, problems)
		}
		if strings.Contains(problems[0].String(), "BEGIN PRIVATE") {
			t.Errorf("a secret in %v", problems)
		}
		if _, err := config.Open(idp.Deps{BaseURL: baseURL, Replay: &replayGuard{}}); err == nil {
			t.Errorf("%v, and yet it opens", problems)
		}
	}
	c := saml.Config{Binding: "x", AllowSHA1Until: "x", NameIDFormat: "x"}
	if n := len(c.Check()); n < 5 {
		t.Errorf("%d faults reported at once: %v", n, c.Check())
	}
}

// TestGroupsClaim is written as a name or as a mapping.
func TestGroupsClaim(t *testing.T) {
	var byName, byMapping saml.GroupsClaim
	if err := byName.UnmarshalYAML(func(into any) error { *into.(*string) = "memberOf"; return nil }); err != nil || byName.Claim != "memberOf" {
		t.Errorf("%+v, %v", byName, err)
	}
	notText := errors.New("not a text")
	asked := 0
	err := byMapping.UnmarshalYAML(func(any) error {
		if asked++; asked == 1 {
			return notText
		}
		return nil
	})
	if err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// TestInfo: where Begin may post to is known once the metadata is, and only where it posts.
func TestInfo(t *testing.T) {
	for binding, want := range map[string]string{"": "", "redirect": "", "post": "https://idp.example.com"} {
		w := newWorld(t, setup{config: func(c *saml.Config) { c.Binding, c.Label, c.Domains = binding, "Example Corp", []string{"example.com"} }})
		info := w.p.Info()
		if got := strings.Join(info.FormHosts, " "); got != want {
			t.Errorf("binding %q: forms go to %q", binding, got)
		}
		if !info.CrossSite || info.Label != "Example Corp" || info.Kind != idp.KindSAML || info.Domains[0] != "example.com" {
			t.Errorf("info %+v", info)
		}
	}
	w, _ := remoteWorld(t)
	if hosts := w.p.Info().FormHosts; hosts != nil {
		t.Errorf("forms go to %q before anybody knows", hosts)
	}
}
