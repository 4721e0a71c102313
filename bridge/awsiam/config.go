package awsiam

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Config says how IAM is asked. The zero Config asks AWS's own endpoints with the credentials that the SDK finds, and so
// reads one account.
type Config struct {
	// Region is that of STS where a partition names none, in the partition it belongs to. IAM has no regions.
	Region    string
	FIPS      bool // FIPS endpoints, where there is no endpoint of one's own
	DualStack bool // dual-stack endpoints, likewise
	// Endpoint and STSEndpoint are asked instead of AWS's own. They beat AWS_ENDPOINT_URL*, which are never read.
	Endpoint, STSEndpoint string
	Partitions            map[string]Partition // by the second field of an ARN

	// ReadRole is the ARN of the role that is assumed in accounts other than the caller's own; {account} stands for the
	// account's id. "" means that none is.
	ReadRole string
	// Profiles name a profile of the shared AWS configuration for an account, by its id. It comes before ReadRole.
	Profiles map[string]string
	// Credentials are the caller's own. Nil means the default chain of the SDK, loaded at the first read.
	Credentials *Credentials

	Limits  Limits
	RootCAs *x509.CertPool // nil: the system's
	Now     func() time.Time
}

// Partition is what differs in one partition.
type Partition struct{ Region, Endpoint, STSEndpoint string }

// Credentials are the caller's own, given in code.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey bridge.Secret
	SessionToken    bridge.Secret
}

// Limits bound what a slow or refusing IAM can cost. A zero field means the default.
type Limits struct {
	InFlight int           // calls at once for one account; default 4
	Attempt  time.Duration // for one attempt; default 5 s
	Total    time.Duration // for one read with its attempts, its waiting and its credentials; default 20 s
	Attempts int           // where IAM throttles or fails; default 4
	Backoff  time.Duration // between them, at most; default 3 s
}

func (l Limits) withDefaults() Limits {
	if l.InFlight <= 0 {
		l.InFlight = 4
	}
	if l.Attempt <= 0 {
		l.Attempt = 5 * time.Second
	}
	if l.Total <= 0 {
		l.Total = 20 * time.Second
	}
	if l.Attempts <= 0 {
		l.Attempts = 4
	}
	if l.Backoff <= 0 {
		l.Backoff = 3 * time.Second
	}
	return l
}

// placeholder stands for the account's id in ReadRole.
const placeholder = "{account}"

// readRole gives the role to assume in an account.
func (c Config) readRole(partition, account string) (bridge.RoleARN, error) {
	arn, err := bridge.ParseRoleARN(strings.ReplaceAll(c.ReadRole, placeholder, account))
	switch {
	case err != nil:
		return bridge.RoleARN{}, err
	case arn.Account != account || arn.Partition != partition:
		return bridge.RoleARN{}, fmt.Errorf("the role to read with, %s, is not in account %s of partition %s", arn, account, partition)
	}
	return arn, nil
}

// Check tells what is wrong with the configuration. It touches nothing.
func (c Config) Check() error {
	for what, endpoint := range c.endpoints() {
		u, err := url.Parse(endpoint)
		loopback := err == nil && u.Scheme == "http" && bridge.IsLoopback(u.Hostname())
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !loopback {
			return fmt.Errorf("awsiam: the %s is not the https URL of a host (plain http is for loopback only)", what)
		}
	}
	if c.ReadRole == "" {
		return nil
	}
	if _, err := bridge.ParseRoleARN(strings.ReplaceAll(c.ReadRole, placeholder, "000000000000")); err != nil {
		return fmt.Errorf("the role to read with: %w; write arn:aws:iam::{account}:role/NAME", err)
	}
	return nil
}

func (c Config) endpoints() map[string]string {
	all := map[string]string{"endpoint of IAM": c.Endpoint, "endpoint of STS": c.STSEndpoint}
	for id, p := range c.Partitions {
		all["endpoint of IAM in "+id], all["endpoint of STS in "+id] = p.Endpoint, p.STSEndpoint
	}
	for what, endpoint := range all {
		if endpoint == "" {
			delete(all, what)
		}
	}
	return all
}
