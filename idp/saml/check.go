package saml

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Check reports every fault at once, and touches nothing.
func (c *Config) Check() []bridge.Problem {
	problems := c.Common.Check()
	add := func(path, format string, args ...any) {
		problems = append(problems, bridge.Problemf(path, format, args...))
	}
	if fault := checkMetadataRef(c.Metadata); fault != "" {
		add("metadata", "%s", fault)
	}
	c.checkNames(add)
	if c.Claims.Groups.Separator != "" && c.Claims.Groups.Claim == "" {
		add("claims.groups", "a separator needs the claim that it separates: {claim: memberOf, separator: \",\"}")
	}
	if format := c.nameIDFormat(); c.NameIDFormat != "" && !strings.HasPrefix(format, "urn:") {
		add("name_id_format", "%q: write persistent, emailAddress, unspecified, transient, or a URN", c.NameIDFormat)
	} else if format == formatTransient && c.Subject.Attribute == "" {
		add("name_id_format", "a transient NameID is another one each time: name the person with subject: {attribute: …}")
	}
	if c.Binding != "" && c.Binding != "redirect" && c.Binding != "post" {
		add("binding", "%q: write redirect or post", c.Binding)
	}
	for i, class := range c.AuthnContext {
		if class == "" || strings.TrimSpace(class) != class {
			add(fmt.Sprintf("authn_context[%d]", i), "an authentication context class is a URI without spaces around")
		}
	}
	c.checkKeys(add)
	c.checkPins(add)
	if c.AllowSHA1Until != "" {
		if _, err := time.Parse(time.DateOnly, c.AllowSHA1Until); err != nil {
			add("allow_sha1_until", "%q: write a day, such as 2027-03-31", c.AllowSHA1Until)
		}
	}
	if c.MaxValidity != 0 && (c.MaxValidity < time.Minute || c.MaxValidity > defaultMaxValidity) {
		add("max_validity", "write from 1m to 70m")
	}
	return problems
}

type addProblem func(path, format string, args ...any)

// checkNames holds entity ids and audiences to SAML Core §8.3.6: a URI of at most 1024 characters.
func (c *Config) checkNames(add addProblem) {
	check := func(path, value string) {
		switch {
		case len(value) > 1024:
			add(path, "longer than 1024 characters")
		case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' }):
			add(path, "%q: spaces have no place in it; write it exactly as it is in the metadata", value)
		}
	}
	check("idp_entity_id", c.IdPEntityID)
	check("entity_id", c.EntityID)
	for i, audience := range c.Audiences {
		path := fmt.Sprintf("audiences[%d]", i)
		if audience == "" {
			add(path, "an empty audience")
		}
		check(path, audience)
	}
}

func (c *Config) checkKeys(add addProblem) {
	pair := func(path string, key, certificate bridge.SecretRef) {
		for name, ref := range map[string]bridge.SecretRef{"key": key, "certificate": certificate} {
			if ref == "" {
				add(path+"."+name, "needed: the key and its certificate belong together")
			} else if fault := ref.Check(); fault != "" {
				add(path+"."+name, "%s", fault)
			}
		}
	}
	if !c.Signing.isZero() {
		pair("signing", c.Signing.Key, c.Signing.Certificate)
	}
	if c.Decryption.isZero() {
		return
	}
	pair("decryption", c.Decryption.Key, c.Decryption.Certificate)
	if c.Decryption.OAEPDigests != nil && len(c.Decryption.OAEPDigests) == 0 {
		add("decryption.oaep_digests", "an empty list accepts nothing: leave the key out for the default")
	}
	for i, name := range c.Decryption.OAEPDigests {
		if oaepHashes[name] == 0 {
			add(fmt.Sprintf("decryption.oaep_digests[%d]", i), "%q: write sha1, sha256, sha384 or sha512", name)
		}
	}
}

func (c *Config) checkPins(add addProblem) {
	if c.Certificates != nil && len(c.Certificates) == 0 {
		add("certificates", "an empty list trusts nobody: leave the key out to trust the metadata")
	}
	for i, pin := range c.Certificates {
		path := fmt.Sprintf("certificates[%d]", i)
		if digits, ok := strings.CutPrefix(pin, "sha256:"); ok {
			if raw, err := hex.DecodeString(plainHex(digits)); err != nil || len(raw) != 32 {
				add(path, "a SHA-256 fingerprint has 64 hexadecimal digits; colons between them are fine")
			}
		} else if file, ok := strings.CutPrefix(pin, "file:"); !ok || file == "" {
			add(path, "%q: write file:PATH of a PEM file, or sha256:FINGERPRINT", pin)
		}
	}
}

func plainHex(digits string) string { return strings.ToLower(strings.ReplaceAll(digits, ":", "")) }

// checkMetadataRef tells what is wrong with the place of metadata; "" if nothing is.
func checkMetadataRef(ref string) string {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		if path == "" {
			return "file: needs a path: file:/etc/fedbridge/idp.xml"
		}
		return ""
	}
	u, err := url.Parse(ref)
	switch {
	case ref == "":
		return "needed: the https URL of the provider's metadata, or file:PATH"
	case err != nil || u.Host == "":
		return fmt.Sprintf("%q is neither an https URL nor file:PATH", ref)
	case !secureURL(u):
		return "metadata says whom to trust, so it comes by https (http only on loopback), without user or fragment"
	}
	return ""
}

// secureURL tells whether an address is https, or http on this very machine.
func secureURL(u *url.URL) bool {
	if u.User != nil || u.Fragment != "" || u.Host == "" {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return bridge.IsLoopback(u.Hostname())
	}
	return false
}

// nameIDFormat is the configured format in full.
func (c *Config) nameIDFormat() string {
	known := map[string]string{
		"persistent": formatPersistent, "emailAddress": formatEmail,
		"unspecified": formatUnspecified, "transient": formatTransient,
	}
	if full, ok := known[c.NameIDFormat]; ok {
		return full
	}
	return c.NameIDFormat
}
