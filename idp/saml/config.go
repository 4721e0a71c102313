package saml

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// Config is one SAML identity provider as the operator describes it.
type Config struct {
	idp.Common `yaml:",inline"`

	Metadata     string   `yaml:"metadata" doc:"The provider's metadata: an https URL, which is fetched and refreshed and whose certificates are thereby trusted; or file:PATH, which is read at start and never changes itself. http only on loopback. At most 10 MiB and 10 signing certificates. A URL is asked every hour, or as often as cacheDuration says (5 minutes to 24 hours)." example:"https://sso.example.com/idp/metadata"`
	IdPEntityID  string   `yaml:"idp_entity_id,omitempty" doc:"Entity id of the provider in its metadata. Needed where the metadata describes several. At most 1024 characters. Default: the only one; it must stay the same." example:"https://sso.example.com/idp"`
	EntityID     string   `yaml:"entity_id,omitempty" doc:"Our own entity id, which the provider writes as audience. At most 1024 characters. Default: server.url + /saml/NAME/metadata." example:"https://bridge.example.com/saml/corp/metadata"`
	Audiences    []string `yaml:"audiences,omitempty" doc:"Further audiences that are accepted. AWS wants its own for relayed answers (via: saml)." example:"[urn:amazon:webservices]"`
	Claims       Claims   `yaml:"claims,omitempty" doc:"Which attributes hold e-mail, name and groups; by exact Name, never FriendlyName." example:"{email: mail, name: displayName, groups: memberOf}"`
	Subject      Subject  `yaml:"subject,omitempty" doc:"What names the person. Default: the NameID, which must not be transient." example:"{attribute: employeeNumber}"`
	NameIDFormat string   `yaml:"name_id_format,omitempty" doc:"NameID format to ask for: persistent, emailAddress, unspecified, transient (with subject), or a URN. Default: none, the provider chooses." example:"persistent"`

	ForceAuthn   bool     `yaml:"force_authn,omitempty" doc:"Ask the provider to make people sign in anew each time, and refuse answers to older sign-ins. Default: false."`
	AuthnContext []string `yaml:"authn_context,omitempty" doc:"Authentication context classes to ask for, exactly; an answer with another is refused. Default: any." example:"[urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport]"`
	Binding      string   `yaml:"binding,omitempty" doc:"How the request travels: redirect or post. Default: redirect where the provider has it." example:"post"`
	Signing      KeyPair  `yaml:"signing,omitempty" doc:"RSA key and certificate that sign our requests. Needed where the metadata says WantAuthnRequestsSigned. Default: requests aren't signed." example:"{key: file:/etc/fedbridge/sp.key, certificate: file:/etc/fedbridge/sp.crt}"`

	Decryption         Decryption    `yaml:"decryption,omitempty" doc:"RSA key and certificate to decrypt assertions with. A signature is demanded all the same. Default: encrypted assertions are refused." example:"{key: file:/etc/fedbridge/sp.key, certificate: file:/etc/fedbridge/sp.crt}"`
	Certificates       []string      `yaml:"certificates,omitempty" doc:"Pins: the provider's certificates as file:PATH (PEM) or sha256:FINGERPRINT. Set, they switch off the trust in new certificates from metadata. Default: those of the metadata." example:"['file:/etc/fedbridge/idp.pem']"`
	AllowSHA1Until     string        `yaml:"allow_sha1_until,omitempty" doc:"Accept SHA-1 in signatures until the end of this day (UTC), at most two years ahead; every use is audited. Default: never." example:"2027-03-31"`
	AllowInclusiveC14N bool          `yaml:"allow_inclusive_c14n,omitempty" doc:"Accept inclusive canonicalisation (C14N 1.0 and 1.1) in signatures, besides the exclusive one. Default: false."`
	IdPInitiated       bool          `yaml:"idp_initiated,omitempty" doc:"Accept answers that nobody asked for (dashboard tiles, without a request of ours). Default: false: such an answer is put away unread, and a sign-in of our own begins."`
	MaxValidity        time.Duration `yaml:"max_validity,omitempty" doc:"Longest validity that an assertion may have, 1m to 70m. Default: 70m, which Entra needs." example:"10m"`
}

// Claims maps attributes to what people and rules read.
type Claims struct {
	Email  string      `yaml:"email,omitempty" doc:"Attribute that holds the e-mail address; the provider is trusted to have verified it. Default: none." example:"mail"`
	Name   string      `yaml:"name,omitempty" doc:"Attribute that holds the display name. Default: none." example:"displayName"`
	Groups GroupsClaim `yaml:"groups,omitempty" doc:"Attribute that holds the groups, one value each; or {claim, separator} where one value holds several. Default: none." example:"memberOf"`
}

// GroupsClaim is an attribute's name, or the name with a separator.
type GroupsClaim struct {
	Claim     string `yaml:"claim" doc:"Attribute that holds the groups." example:"memberOf"`
	Separator string `yaml:"separator,omitempty" doc:"What separates groups within one value. Default: nothing does." example:","`
}

// UnmarshalYAML takes a name or a mapping.
func (g *GroupsClaim) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if unmarshal(&name) == nil {
		*g = GroupsClaim{Claim: name}
		return nil
	}
	type plain GroupsClaim
	return unmarshal((*plain)(g))
}

// JSONSchema describes both forms.
func (GroupsClaim) JSONSchema() map[string]any {
	text := map[string]any{"type": "string", "minLength": 1}
	return map[string]any{"oneOf": []any{text, map[string]any{
		"type": "object", "additionalProperties": false, "minProperties": 1,
		"properties": map[string]any{"claim": text, "separator": text}, "required": []string{"claim"},
	}}}
}

// Subject says what names the person.
type Subject struct {
	Attribute string `yaml:"attribute,omitempty" doc:"Attribute with exactly one value that names the person and never names another." example:"employeeNumber"`
}

// KeyPair is a private key with its certificate.
type KeyPair struct {
	Key         bridge.SecretRef `yaml:"key" doc:"RSA private key of 2048 to 8192 bits, PEM (PKCS #8 or PKCS #1), as env:NAME or file:PATH." example:"file:/etc/fedbridge/sp.key"`
	Certificate bridge.SecretRef `yaml:"certificate" doc:"Its certificate, PEM, as env:NAME or file:PATH; it goes into our metadata." example:"file:/etc/fedbridge/sp.crt"`
}

// Decryption says how encrypted assertions are opened.
type Decryption struct {
	Key         bridge.SecretRef `yaml:"key" doc:"RSA private key of 2048 to 8192 bits, PEM (PKCS #8 or PKCS #1), as env:NAME or file:PATH." example:"file:/etc/fedbridge/sp.key"`
	Certificate bridge.SecretRef `yaml:"certificate" doc:"Its certificate, PEM, as env:NAME or file:PATH; it goes into our metadata." example:"file:/etc/fedbridge/sp.crt"`
	AllowCBC    bool             `yaml:"allow_cbc,omitempty" doc:"Accept AES-CBC besides AES-GCM (SimpleSAMLphp and AD FS may send nothing else). CBC alone protects nothing from change; the signature must. Default: false."`
	OAEPDigests []string         `yaml:"oaep_digests,omitempty" doc:"Hashes accepted in RSA-OAEP, as digest and as mask function: sha1, sha256, sha384, sha512. Our metadata names them. Default: [sha1], the algorithm's own default, which is safe there." example:"[sha1, sha256]"`
}

func (k KeyPair) isZero() bool { return k == KeyPair{} }
func (d Decryption) isZero() bool {
	return d.Key == "" && d.Certificate == "" && !d.AllowCBC && d.OAEPDigests == nil
}
