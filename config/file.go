package config

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
	"github.com/fedbridge/fedbridge/idp"
)

// File is the configuration as it was written.
type File struct {
	Server    Server        `yaml:"server" doc:"Where fedbridge listens, and what browsers, IdPs and AWS see." example:"{url: https://bridge.example.com, listen: '127.0.0.1:8080'}"`
	Store     string        `yaml:"store" doc:"Where sign-ins, sessions and used ids are kept: sqlite:PATH." example:"sqlite:/var/lib/fedbridge/state.db"`
	Audit     []string      `yaml:"audit" doc:"Where decisions are written, before they take effect: stdout, file:PATH. All must take a record, or nothing is granted." example:"[stdout, file:/var/log/fedbridge/audit.jsonl]"`
	Session   Session       `yaml:"session,omitempty" doc:"How long people stay signed in."`
	AWS       AWS           `yaml:"aws,omitempty" doc:"How AWS is asked."`
	Issuer    *Issuer       `yaml:"issuer,omitempty" doc:"fedbridge as its own identity provider for AWS, for roles via issuer. Default: it is none."`
	Providers []Provider    `yaml:"providers" doc:"Identity providers that sign people in." example:"[{name: corp, kind: saml, metadata: https://sso.example.com/idp/metadata}]"`
	Accounts  []Account     `yaml:"accounts" doc:"AWS accounts." example:"[{id: '111122223333', name: shop-prod}]"`
	Roles     []policy.Role `yaml:"roles" doc:"IAM roles that may be granted; one entry, many accounts." example:"[{name: readonly, accounts: [shop-*], arn: 'arn:aws:iam::{account}:role/ReadOnly'}]"`
	Rules     []policy.Rule `yaml:"rules" doc:"Who gets which roles. Deny wins, order doesn't matter, no match means no access." example:"[{name: platform team, groups: [aws-platform], roles: [readonly]}]"`
	Operators []Operators   `yaml:"operators,omitempty" doc:"Who sees the operator pages of the portal. Default: nobody." example:"[{provider: corp, groups: [aws-platform]}]"`
	Tests     []policy.Case `yaml:"tests,omitempty" doc:"What must hold of the rules; run by fedbridge test, and by serve before it starts."`
}

// Server is `server`.
type Server struct {
	URL            string   `yaml:"url" doc:"The address that people, IdPs and AWS know, without a path. https, except on loopback." example:"https://bridge.example.com"`
	Listen         string   `yaml:"listen" doc:"Address and port to listen on." example:"':8443'"`
	TLS            *TLS     `yaml:"tls,omitempty" doc:"Certificate and key. Without them, listen on loopback or behind a trusted proxy that speaks TLS."`
	TrustedProxies []string `yaml:"trusted_proxies,omitempty" doc:"Networks of proxies whose X-Forwarded-For is believed. Without tls, nobody else is served but this machine. Default: none." example:"[10.0.0.0/8]"`
	OpsListen      string   `yaml:"ops_listen,omitempty" doc:"Address and port for /healthz, /readyz and /metrics. Default: none." example:"127.0.0.1:9090"`
	Log            string   `yaml:"log,omitempty" doc:"Form of the log on stderr: json or text. Default: json." example:"json"`
}

// TLS is `server.tls`.
type TLS struct {
	Certificate string `yaml:"cert" doc:"Certificate chain, PEM: file:PATH. Read again on SIGHUP." example:"file:/etc/fedbridge/tls.crt"`
	Key         string `yaml:"key" doc:"Private key, PEM: file:PATH." example:"file:/etc/fedbridge/tls.key"`
}

// Session is `session`.
type Session struct {
	Length time.Duration `yaml:"length,omitempty" doc:"Longest time signed in, 5m to 24h; the session at the IdP may end it sooner. Default: 12h." example:"12h"`
	Idle   time.Duration `yaml:"idle,omitempty" doc:"Time without a request after which the session ends, 1m to length. Default: 1h." example:"1h"`
}

// AWS is `aws`.
type AWS struct {
	Region      string               `yaml:"region,omitempty" doc:"Region of STS and of the console where a role names none. Default: us-east-1." example:"eu-west-1"`
	FIPS        bool                 `yaml:"fips,omitempty" doc:"Use FIPS endpoints of STS. Default: false."`
	DualStack   bool                 `yaml:"dual_stack,omitempty" doc:"Use dual-stack endpoints of STS. Default: false."`
	Endpoints   Endpoints            `yaml:"endpoints,omitempty" doc:"Other endpoints than AWS's own, for tests and private links. They beat AWS_ENDPOINT_URL."`
	Partitions  map[string]Partition `yaml:"partitions,omitempty" doc:"Other settings for a partition: aws, aws-us-gov, aws-cn, aws-eusc." example:"{aws-cn: {region: cn-northwest-1}}"`
	ReadRole    string               `yaml:"read_role,omitempty" doc:"IAM role that is assumed in each account to read its trust policies, with {account} for the account's id; its session may do nothing but read. trust check uses it, and the operators' page, which reads nothing without it. Default: none." example:"arn:aws:iam::{account}:role/TrustReader"`
	SessionName string               `yaml:"session_name,omitempty" doc:"hashed: e-mail or name and a hash, so that two people never share one. exact: without the hash; only with a single provider. Default: hashed." example:"hashed"`
}

// DefaultRegions gives the regions that were configured, by partition.
func (a AWS) DefaultRegions() map[string]string {
	regions := map[string]string{}
	if p, ok := bridge.PartitionOfRegion(a.Region); ok {
		regions[p.ID] = a.Region
	}
	for id, p := range a.Partitions {
		if p.Region != "" {
			regions[id] = p.Region
		}
	}
	return regions
}

// Partition is one entry of `aws.partitions`.
type Partition struct {
	Region    string    `yaml:"region,omitempty" doc:"Region of STS and of the console in this partition. Default: the partition's own." example:"cn-northwest-1"`
	Endpoints Endpoints `yaml:"endpoints,omitempty" doc:"Other endpoints than AWS's own, in this partition."`
}

// Endpoints is `endpoints`.
type Endpoints struct {
	STS     string `yaml:"sts,omitempty" doc:"URL of STS." example:"https://vpce-1234.sts.eu-west-1.vpce.amazonaws.com"`
	SignIn  string `yaml:"signin,omitempty" doc:"URL of the sign-in host with the federation endpoint." example:"https://eu-west-1.signin.aws.amazon.com"`
	Console string `yaml:"console,omitempty" doc:"URL of the console." example:"https://console.aws.amazon.com"`
	IAM     string `yaml:"iam,omitempty" doc:"URL of IAM, which only trust check reads." example:"https://iam.amazonaws.com"`
}

// Account is one entry of `accounts`.
type Account struct {
	ID             string          `yaml:"id" doc:"Twelve digits, in quotes." example:"'111122223333'"`
	Name           string          `yaml:"name" doc:"Short, unique name for rules and links: 1 to 64 of a-z A-Z 0-9 _ . -." example:"shop-prod"`
	Partition      string          `yaml:"partition,omitempty" doc:"aws, aws-us-gov, aws-cn or aws-eusc. Default: aws." example:"aws"`
	Label          string          `yaml:"label,omitempty" doc:"What people read. Default: the name." example:"Web shop"`
	Environment    string          `yaml:"environment,omitempty" doc:"production, staging, development, …; shown with the account." example:"production"`
	Owner          string          `yaml:"owner,omitempty" doc:"Whom to ask; shown to people who have no role." example:"platform@example.com"`
	Colour         string          `yaml:"colour,omitempty" doc:"Colour of the account in the picker: grey, red, orange, yellow, green, teal, blue, purple or pink." example:"red"`
	SAMLEncryption *SAMLEncryption `yaml:"saml_encryption,omitempty" doc:"Where the account's IAM SAML provider demands encrypted assertions (AssertionEncryptionMode Required), for roles with mint: saml." example:"{certificate: 'file:/etc/fedbridge/shop-prod-saml.pem', provider_id: SAMLPROVIDERUUID}"`
}

// Provider is one entry of `providers`: the Config of its kind.
type Provider struct {
	idp.Opener
	Common *idp.Common // part of it
}
