package config

import (
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge/policy"
)

// Defaults of `issuer`.
const (
	DefaultAlgorithm    = "ES256"
	DefaultAudience     = "fedbridge:{account}"
	DefaultSAMLProvider = "fedbridge"
	DefaultRotate       = 90 * 24 * time.Hour
	DefaultPublishAhead = time.Hour
)

// Issuer is `issuer`: fedbridge as its own identity provider for AWS.
type Issuer struct {
	URL          string    `yaml:"url" doc:"The issuer, as IAM knows it: https, without port, query or a slash at the end; a path is allowed. AWS reads /.well-known/openid-configuration and /jwks below it from the public internet. With http, on loopback only and beside an STS on loopback." example:"https://bridge.example.com"`
	Keys         KeyList   `yaml:"keys" doc:"Keys that sign ID tokens: file:DIR, a directory in which fedbridge makes them, or kms:KEY-ARN, or a list of kms: through which rotation goes." example:"file:/etc/fedbridge/keys"`
	SAMLKeys     KeyList   `yaml:"saml_keys,omitempty" doc:"Keys that sign SAML assertions, RSA always; written like keys. Default: the directory of keys; where keys are in KMS there is no default, and no role may mint SAML." example:"kms:arn:aws:kms:eu-west-1:111122223333:key/6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"`
	Algorithm    string    `yaml:"algorithm,omitempty" doc:"How ID tokens are signed: ES256 or RS256. KMS keys must be of that kind. Default: ES256." example:"ES256" words:"ES256,RS256"`
	Audience     string    `yaml:"audience,omitempty" doc:"Audience of ID tokens, which every account lists as client id of its OIDC provider; {account} is the account's id. Default: fedbridge:{account}." example:"'fedbridge:{account}'"`
	SAMLProvider string    `yaml:"saml_provider,omitempty" doc:"Name of the IAM SAML provider that stands for fedbridge in every account. Default: fedbridge." example:"fedbridge"`
	Rotate       *Rotation `yaml:"rotate,omitempty" doc:"Age at which a key of ID tokens is replaced by itself, 24h to 8760h, or never. Keys of SAML are replaced by command only, since every account must learn of it. Default: 2160h." example:"2160h"`
	PublishAhead *Delay    `yaml:"publish_ahead,omitempty" doc:"How long a new key is published before it may sign, 0s to 168h. It signs only after it was read back at the issuer's URL, too. Default: 1h." example:"1h"`
}

// SAMLEncryption is `accounts[].saml_encryption`.
type SAMLEncryption struct {
	Certificate string `yaml:"certificate" doc:"Certificate whose private key IAM holds, PEM: file:PATH." example:"file:/etc/fedbridge/shop-prod-saml.pem"`
	ProviderID  string `yaml:"provider_id" doc:"SAMLProviderUUID of the account's IAM SAML provider, as GetSAMLProvider tells it." example:"SAMLPROVIDERUUID"`
}

// Operators is one entry of `operators`.
type Operators struct {
	Provider string   `yaml:"provider" doc:"Name of the provider that says who is in the groups." example:"corp"`
	Groups   []string `yaml:"groups" doc:"The person is in at least one of these groups, exactly." example:"[aws-platform]"`
}

// KeyDir is the directory with the keys of ID tokens; "" where they are in KMS.
func (i Issuer) KeyDir() string { return i.Keys.dir() }

// KMSKeys are the ARNs of the KMS keys of ID tokens, in the order of rotation.
func (i Issuer) KMSKeys() []string { return i.Keys.kms() }

// SAMLKeyDir is the directory with the keys of SAML; "" where they are in KMS, or there are none.
func (i Issuer) SAMLKeyDir() string { return i.samlKeys().dir() }

// SAMLKMSKeys are the ARNs of the KMS keys of SAML, in the order of rotation.
func (i Issuer) SAMLKMSKeys() []string { return i.samlKeys().kms() }

// MintsSAML tells whether there are keys to sign SAML with.
func (i Issuer) MintsSAML() bool { return len(i.samlKeys()) > 0 }

func (i Issuer) samlKeys() KeyList {
	if len(i.SAMLKeys) == 0 && i.Keys.dir() != "" {
		return i.Keys
	}
	return i.SAMLKeys
}

// AlgorithmOrDefault is the algorithm of ID tokens.
func (i Issuer) AlgorithmOrDefault() string { return orDefault(i.Algorithm, DefaultAlgorithm) }

// AudienceOrDefault is the audience of ID tokens, with {account} where the account's id belongs.
func (i Issuer) AudienceOrDefault() string { return orDefault(i.Audience, DefaultAudience) }

// SAMLProviderOrDefault is the name of the IAM SAML provider.
func (i Issuer) SAMLProviderOrDefault() string { return orDefault(i.SAMLProvider, DefaultSAMLProvider) }

// EntityID is fedbridge's entity id as a SAML IdP, and where its metadata is.
func (i Issuer) EntityID() string { return i.URL + "/saml/metadata" }

// RotateOrNever is the age at which a key of ID tokens is replaced; 0 for never.
func (i Issuer) RotateOrNever() time.Duration {
	if i.Rotate == nil {
		return DefaultRotate
	}
	return time.Duration(*i.Rotate)
}

// PublishAheadOrDefault is how long a new key is published before it may sign.
func (i Issuer) PublishAheadOrDefault() time.Duration {
	if i.PublishAhead == nil {
		return DefaultPublishAhead
	}
	return time.Duration(*i.PublishAhead)
}

func orDefault(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

// policyIssuer is what the policy must know of it.
func (f *File) policyIssuer() *policy.Issuer {
	if f.Issuer == nil {
		return nil
	}
	return &policy.Issuer{
		Audience: f.Issuer.AudienceOrDefault(), SAMLProvider: f.Issuer.SAMLProviderOrDefault(), SAML: f.Issuer.MintsSAML(),
	}
}

// dir and kms read a list that was checked.
func (k KeyList) dir() string {
	if len(k) != 1 {
		return ""
	}
	path, _ := strings.CutPrefix(k[0], "file:")
	if path == k[0] {
		return ""
	}
	return path
}

func (k KeyList) kms() []string {
	var arns []string
	for _, spec := range k {
		if arn, ok := strings.CutPrefix(spec, "kms:"); ok {
			arns = append(arns, arn)
		}
	}
	return arns
}
