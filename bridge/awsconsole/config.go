package awsconsole

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Config says how console links are made. Only Issuer is required.
type Config struct {
	// Issuer is fedbridge's own address, where AWS sends people whose console session has ended.
	Issuer string
	// Region is that of sign-in and console where neither the role nor its partition names one.
	Region string
	// SignIn is the URL of a sign-in host to use instead of AWS's own: the federation endpoint is SignIn + "/federation".
	SignIn string
	// Console is the origin that such a sign-in host leads to. It is only named to browsers as one that forms may lead to;
	// links still ask for AWS's own console pages.
	Console    string
	Partitions map[string]Partition // by the second field of an ARN
	RootCAs    *x509.CertPool       // nil: the system's
	Timeout    time.Duration        // for one link; default 5 s
}

// Partition is what differs in one partition.
type Partition struct{ Region, SignIn, Console string }

// Check tells what is wrong with the configuration, everything at once. Paths are relative to aws.
func (c Config) Check() []bridge.Problem {
	var problems []bridge.Problem
	if !ownURL(c.Issuer) {
		problems = append(problems, bridge.Problemf("", "%q is not fedbridge's own https URL, which console links name as their issuer", c.Issuer))
	}
	check := func(path, endpoint string) {
		if endpoint != "" && !ownURL(endpoint) {
			problems = append(problems, bridge.Problemf(path, "is not the https URL of a host, without user and query (plain http is for loopback only)"))
		}
	}
	check("endpoints.signin", c.SignIn)
	check("endpoints.console", c.Console)
	for _, id := range slices.Sorted(maps.Keys(c.Partitions)) {
		own := c.Partitions[id]
		if p, ok := bridge.PartitionByID(id); !ok {
			problems = append(problems, bridge.Problemf("partitions."+id, "%q is not a partition: aws, aws-us-gov, aws-cn or aws-eusc", id))
		} else if own.Region != "" && !p.HasRegion(own.Region) {
			problems = append(problems, bridge.Problemf("partitions."+id+".region", "%q is not a region of %s", own.Region, id))
		}
		check("partitions."+id+".endpoints.signin", own.SignIn)
		check("partitions."+id+".endpoints.console", own.Console)
	}
	return problems
}

func ownURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && bridge.IsLoopback(u.Hostname())
}

// Linker is the bridge's ConsoleLinker. It is safe for concurrent use.
type Linker struct {
	config Config
	http   *http.Client
}

var _ bridge.ConsoleLinker = (*Linker)(nil)

// New makes a Linker. It touches no network; what is wrong with the configuration is an error.
func New(c Config) (*Linker, error) {
	if problems := c.Check(); len(problems) > 0 {
		errs := make([]error, 0, len(problems))
		for _, p := range problems {
			errs = append(errs, errors.New(p.String()))
		}
		return nil, fmt.Errorf("awsconsole: %w", errors.Join(errs...))
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	return &Linker{config: c, http: newHTTPClient(c)}, nil
}

func newHTTPClient(c Config) *http.Client {
	dialer := &net.Dialer{Timeout: c.Timeout, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout: c.Timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
			TLSHandshakeTimeout: c.Timeout, ResponseHeaderTimeout: c.Timeout,
			MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
		},
		// Whoever redirects this POST must not get the credentials in it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// region is where a role's sign-in and console are: its own, its partition's, the general one where it fits, the
// partition's default.
func (c Config) region(role bridge.Role, p bridge.Partition) string {
	switch own := c.Partitions[p.ID].Region; {
	case role.Region != "":
		return role.Region
	case own != "":
		return own
	case p.HasRegion(c.Region):
		return c.Region
	}
	return p.DefaultRegion
}

// signIn is the sign-in host of a role: https://REGION.SIGNIN, without prefix in the partition's home region (facts 2.1,
// 5.1). The federation endpoint and the SAML endpoint are below it.
func (c Config) signIn(role bridge.Role, p bridge.Partition) string {
	if own := c.override(p.ID, func(o Partition) string { return o.SignIn }, c.SignIn); own != "" {
		return strings.TrimRight(own, "/")
	}
	region := c.region(role, p)
	if region == p.HomeRegion {
		return "https://" + p.SignInHost
	}
	return "https://" + region + "." + p.SignInHost
}

func (c Config) override(partition string, of func(Partition) string, general string) string {
	if own := of(c.Partitions[partition]); own != "" {
		return own
	}
	return general
}

// FormHosts lists the origins that a form may lead to on its way to the console of these partitions, in the form that
// CSP's form-action takes: Chromium applies it to every hop of a redirect (threat W13).
func (l *Linker) FormHosts(partitions ...string) []string {
	var hosts []string
	for _, id := range partitions {
		p, ok := bridge.PartitionByID(id)
		if !ok {
			continue
		}
		// AWS's own hosts are named even where others were configured: those may lead back to them.
		hosts = append(hosts, "https://"+p.SignInHost, "https://*."+p.SignInHost,
			"https://"+p.ConsoleHost, "https://*."+p.ConsoleHost)
		for _, own := range []string{
			l.config.override(id, func(o Partition) string { return o.SignIn }, l.config.SignIn),
			l.config.override(id, func(o Partition) string { return o.Console }, l.config.Console),
		} {
			if own != "" {
				hosts = append(hosts, origin(own))
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
