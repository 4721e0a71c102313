package main

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// realGroup is who gets the role in these tests, by what each provider calls a group.
var realGroup = map[string]string{"entra": "7e6d5c4b-3a29-4180-8f7e-6d5c4b3a2918", "okta": "aws-platform", "adfs": `EXAMPLE\aws-platform`}

// TestInitRealSAML: what these providers send by themselves, or with the names that init gives them, is what the
// configuration reads. The documents are those that package saml is tested with.
func TestInitRealSAML(t *testing.T) {
	for id, group := range realGroup {
		t.Run(id, func(t *testing.T) {
			idp, _ := findInitIdP(id)
			document := realDocument(t, id)
			if id == "entra" { // it is among what Entra sends by itself, and the document has but a choice of that
				const after = `<Attribute Name="http://schemas.microsoft.com/identity/claims/displayname">`
				document = strings.Replace(document, after, `<Attribute Name="http://schemas.microsoft.com/identity/claims/objectidentifier">`+
					`<AttributeValue>c866b851-826a-46f3-b1cd-2cb2b22b5649</AttributeValue></Attribute>`+after, 1)
			}
			answer := writeFile(t, t.TempDir(), "answer", base64.StdEncoding.EncodeToString([]byte(document)))
			explains(t, initGroup(initSaid(idp, "saml"), group), "--saml-response", answer, id)
		})
	}
}

func realDocument(t *testing.T, id string) string {
	t.Helper()
	page, err := template.New(id).Option("missingkey=zero").Parse(readFile(t, repository+"/idp/saml/testdata/real/"+id+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	moment := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }
	var text strings.Builder
	err = page.Execute(&text, map[string]string{
		"ACS": "https://bridge.example.com/saml/" + id + "/acs", "SP": "https://bridge.example.com/saml/" + id + "/metadata", "Request": "_request",
		"Now": moment(0), "FiveMinutesAgo": moment(-5 * time.Minute), "AnHourAgo": moment(-time.Hour), "LastMonth": moment(-720 * time.Hour),
		"InFiveMinutes": moment(5 * time.Minute), "InAnHour": moment(time.Hour), "In65Minutes": moment(65 * time.Minute), "Cert": "", "CertLines": "",
		"NameID": `<NameID>ada@example.com</NameID>`,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestInitRealOIDC does the same with ID tokens.
func TestInitRealOIDC(t *testing.T) {
	now := time.Now().Unix()
	for id, claims := range map[string]map[string]any{
		"okta": { // short, because an access token came with it, but with the groups of the claim's filter
			"iss": "https://sso.example.com", "ver": 1, "amr": []string{"pwd"}, "idp": "00o1", "preferred_username": "ada@example.com",
			"name": "Ada", "email": "ada@example.com", "groups": []string{"aws-platform"}, "auth_time": now, "at_hash": "x", "jti": "ID.1",
		},
		"entra": {
			"iss": "https://login.microsoftonline.com/0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d/v2.0", "tid": "0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d",
			"oid": "c866b851-826a-46f3-b1cd-2cb2b22b5649", "ver": "2.0", "preferred_username": "ada@example.com", "name": "Ada",
			"email": "ada@example.com", "groups": []string{"aws-platform"}, "rh": "1", "uti": "2",
		},
		"keycloak": {
			"iss": "https://sso.example.com", "typ": "ID", "azp": "client", "sid": "1", "acr": "1", "email_verified": true, "name": "Ada",
			"preferred_username": "ada", "email": "ada@example.com", "groups": []string{"aws-platform"},
		},
		"google": {"iss": "https://accounts.google.com", "azp": "client", "hd": "example.com", "email": "ada@example.com", "email_verified": true, "at_hash": "x"},
	} {
		t.Run(id, func(t *testing.T) {
			idp, _ := findInitIdP(id)
			claims["aud"], claims["sub"], claims["iat"], claims["exp"] = "client", "00u1", now, now+3600
			payload, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			parts := []string{`{"alg":"RS256","kid":"1"}`, string(payload), "not signed"}
			for i, part := range parts {
				parts[i] = base64.RawURLEncoding.EncodeToString([]byte(part))
			}
			token := writeFile(t, t.TempDir(), "token", strings.Join(parts, "."))
			args := initGroup(initSaid(idp, "oidc"), "aws-platform")
			if id == "google" {
				args = append(initSaid(idp, "oidc"), "--email", "ada@example.com", "--role", "ReadOnly", "--role", "ReadOnly")
			}
			explains(t, args, "--id-token", token, id)
		})
	}
}

// initGroup says another group.
func initGroup(args []string, group string) []string {
	return append(args[:len(args)-1:len(args)-1], group)
}

// explains writes a configuration, and holds an answer of the provider against it.
func explains(t *testing.T, args []string, flag, answer, id string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fedbridge.yaml")
	if code, _, stderr := runCommand(append(args, "--out", path)...); code != exitOK {
		t.Fatal(stderr)
	}
	code, stdout, stderr := runCommand("explain", "--config", path, flag, answer, "--provider", id)
	if code != exitOK || !strings.Contains(stdout, "yes  shop-dev/readonly: ") || !strings.Contains(stdout, "e-mail ada@example.com") {
		t.Errorf("explain ends with %d\n%s%s", code, stdout, stderr)
	}
}
