package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// Defaults of what may be left out.
const (
	DefaultLength = 12 * time.Hour
	DefaultIdle   = time.Hour
	DefaultRegion = "us-east-1"
)

// check reports every fault of what was written. It touches nothing outside.
func (f *File) check() []bridge.Problem {
	var problems []bridge.Problem
	problems = append(problems, within("server", f.Server.check())...)
	problems = append(problems, f.checkState()...)
	problems = append(problems, within("session", f.Session.check())...)
	problems = append(problems, within("aws", f.AWS.check(f.Server.URL, len(f.Providers)))...)
	problems = append(problems, f.checkProviders()...)
	problems = append(problems, f.checkAccounts()...)
	compiled, faults := f.Policy()
	problems = append(problems, faults...)
	if compiled != nil {
		problems = append(problems, compiled.CheckTests(f.Tests)...)
	}
	return problems
}

// Policy compiles accounts, roles and rules. A Policy comes only when nothing is wrong with them.
func (f *File) Policy() (*policy.Policy, []bridge.Problem) {
	source := policy.Source{Roles: f.Roles, Rules: f.Rules, Accounts: f.BridgeAccounts()}
	for _, p := range f.Providers {
		if p.Opener == nil {
			continue
		}
		facts := policy.Provider{Name: p.Common.Name, Kind: string(p.Common.Kind)}
		if web, ok := p.Opener.(interface {
			Shared() bool
			Public() bool
			STSAlgorithms() bool
		}); ok {
			facts.Shared, facts.Public, facts.STSAlgorithms = web.Shared(), web.Public(), web.STSAlgorithms()
		}
		source.Providers = append(source.Providers, facts)
	}
	compiled, problems := policy.Compile(source)
	if len(problems) > 0 {
		return nil, problems
	}
	return compiled, nil
}

// BridgeAccounts lists the accounts as the other packages know them, defaults filled in.
func (f *File) BridgeAccounts() []bridge.Account {
	accounts := make([]bridge.Account, len(f.Accounts))
	for i, a := range f.Accounts {
		accounts[i] = bridge.Account(a)
		if accounts[i].Partition == "" {
			accounts[i].Partition = "aws"
		}
		if accounts[i].Label == "" {
			accounts[i].Label = a.Name
		}
	}
	return accounts
}

func (s Server) check() []bridge.Problem {
	var problems []bridge.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, bridge.Problemf(path, format, args...))
	}
	u, err := url.Parse(s.URL)
	loopback := err == nil && bridge.IsLoopback(u.Hostname())
	switch {
	case s.URL == "":
		add("url", "missing: the address that browsers see, such as https://bridge.example.com")
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		add("url", "%q: write scheme and host, without path, query or user: https://bridge.example.com", s.URL)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		add("url", "%q: must be https; http is for loopback only", s.URL)
	case strings.HasSuffix(s.URL, "/"):
		add("url", "%q: leave out the slash at the end", s.URL)
	}
	problems = append(problems, checkListen("listen", s.Listen, true)...)
	problems = append(problems, checkListen("ops_listen", s.OpsListen, false)...)
	for i, network := range s.TrustedProxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			problems = append(problems, bridge.Problemf(index("trusted_proxies", i), "%q is not a network: write 10.0.0.0/8, or 192.0.2.7/32 for one address", network))
		}
	}
	if s.TLS != nil {
		problems = append(problems, checkFile("tls.cert", s.TLS.Certificate)...)
		problems = append(problems, checkFile("tls.key", s.TLS.Key)...)
	} else if host, _, err := net.SplitHostPort(s.Listen); err == nil && !bridge.IsLoopback(host) && len(s.TrustedProxies) == 0 {
		// Threat W24: no plaintext but on loopback.
		add("listen", "would speak plain http to the network: configure tls, listen on 127.0.0.1, or name the proxies that speak TLS in trusted_proxies")
	}
	switch s.Log {
	case "", "json", "text":
	default:
		add("log", "%q: write json or text", s.Log)
	}
	return problems
}

func checkListen(path, address string, required bool) []bridge.Problem {
	if address == "" {
		if required {
			return []bridge.Problem{bridge.Problemf(path, "missing: address and port to listen on, such as \":8443\"")}
		}
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return []bridge.Problem{bridge.Problemf(path, "%q is not an address with a port: write \":8443\" or \"127.0.0.1:8080\"", address)}
	}
	return nil
}

func checkFile(path, ref string) []bridge.Problem {
	if name, ok := strings.CutPrefix(ref, "file:"); !ok || name == "" {
		return []bridge.Problem{bridge.Problemf(path, "%q: write file:PATH of a PEM file", ref)}
	}
	return nil
}

func (f *File) checkState() []bridge.Problem {
	var problems []bridge.Problem
	scheme, rest, _ := strings.Cut(f.Store, ":")
	switch {
	case f.Store == "":
		problems = append(problems, bridge.Problemf("store", "missing: write sqlite:PATH, such as sqlite:/var/lib/fedbridge/state.db"))
	case scheme != "sqlite" || rest == "" || strings.HasPrefix(rest, "//"):
		problems = append(problems, bridge.Problemf("store", "%q is not a store that is known: write sqlite:PATH, such as sqlite:/var/lib/fedbridge/state.db", f.Store))
	}
	if len(f.Audit) == 0 {
		problems = append(problems, bridge.Problemf("audit", "missing: without an audit log nothing is granted; write [stdout], or [file:PATH]"))
	}
	for i, spec := range f.Audit {
		if fault := audit.Check(spec); fault != "" {
			problems = append(problems, bridge.Problemf(index("audit", i), "%s", fault))
		}
		if slices.Index(f.Audit, spec) < i {
			problems = append(problems, bridge.Problemf(index("audit", i), "%q is written twice", spec))
		}
	}
	return problems
}

func (s Session) check() []bridge.Problem {
	var problems []bridge.Problem
	if s.Length != 0 && (s.Length < 5*time.Minute || s.Length > 24*time.Hour) {
		problems = append(problems, bridge.Problemf("length", "%s: must be between 5m and 24h", s.Length))
	}
	if s.Idle != 0 && (s.Idle < time.Minute || s.Idle > s.LengthOrDefault()) {
		problems = append(problems, bridge.Problemf("idle", "%s: must be between 1m and session.length (%s)", s.Idle, s.LengthOrDefault()))
	}
	return problems
}

// LengthOrDefault is the longest time that somebody stays signed in.
func (s Session) LengthOrDefault() time.Duration {
	if s.Length == 0 {
		return DefaultLength
	}
	return s.Length
}

// IdleOrDefault is the time without a request after which a session ends.
func (s Session) IdleOrDefault() time.Duration {
	if s.Idle == 0 {
		return min(DefaultIdle, s.LengthOrDefault())
	}
	return s.Idle
}

func (a AWS) check(url string, providers int) []bridge.Problem {
	problems := a.sts().Check()
	// What both find wrong is said once; the issuer is server.url, which is checked where it stands.
	for _, p := range a.console(url).Check() {
		if p.Path != "" && !slices.ContainsFunc(problems, func(q bridge.Problem) bool { return q.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	switch {
	case a.SessionName == "" || a.SessionName == "hashed":
	case a.SessionName != "exact":
		problems = append(problems, bridge.Problemf("session_name", "%q: write hashed or exact", a.SessionName))
	case providers > 1:
		problems = append(problems, bridge.Problemf("session_name", "exact is for a single provider only: with several, two people could share a name"))
	}
	return problems
}

// console is the part of the settings that console links are made with.
func (a AWS) console(url string) awsconsole.Config {
	c := awsconsole.Config{
		Issuer: url, Region: a.RegionOrDefault(), SignIn: a.Endpoints.SignIn, Console: a.Endpoints.Console,
		Partitions: map[string]awsconsole.Partition{},
	}
	for id, p := range a.Partitions {
		c.Partitions[id] = awsconsole.Partition{Region: p.Region, SignIn: p.Endpoints.SignIn, Console: p.Endpoints.Console}
	}
	return c
}

// sts is the part of the settings that STS is asked with.
func (a AWS) sts() awssts.Config {
	c := awssts.Config{
		Region: a.RegionOrDefault(), FIPS: a.FIPS, DualStack: a.DualStack, Endpoint: a.Endpoints.STS,
		Partitions: map[string]awssts.Partition{},
	}
	for id, p := range a.Partitions {
		c.Partitions[id] = awssts.Partition{Region: p.Region, Endpoint: p.Endpoints.STS}
	}
	return c
}

// RegionOrDefault is the region where none is named.
func (a AWS) RegionOrDefault() string {
	if a.Region == "" {
		return DefaultRegion
	}
	return a.Region
}

func (f *File) checkProviders() []bridge.Problem {
	var problems []bridge.Problem
	if len(f.Providers) == 0 {
		problems = append(problems, bridge.Problemf("providers", "missing: without an identity provider nobody can sign in"))
	}
	names, domains := map[string]int{}, map[string]string{}
	for i, p := range f.Providers {
		if p.Opener == nil {
			continue // reported when it was decoded
		}
		path := index("providers", i)
		problems = append(problems, within(path, p.Check())...)
		if first, twice := names[p.Common.Name]; twice {
			problems = append(problems, bridge.Problemf(path+".name", "%q is the name of %s already", p.Common.Name, index("providers", first)))
		}
		names[p.Common.Name] = i
		for j, domain := range p.Common.Domains {
			at := index(path+".domains", j)
			if !domainName.MatchString(domain) {
				problems = append(problems, bridge.Problemf(at, "%q is not an e-mail domain in lower case", domain))
			}
			if other, twice := domains[domain]; twice {
				problems = append(problems, bridge.Problemf(at, "%q belongs to provider %q already", domain, other))
			}
			domains[domain] = p.Common.Name
		}
	}
	return problems
}

var (
	// a name stands in URLs, so it is not made of dots alone
	accountName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$`)
	domainName  = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	colours     = []string{"grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"}
)

func (f *File) checkAccounts() []bridge.Problem {
	var problems []bridge.Problem
	if len(f.Accounts) == 0 {
		problems = append(problems, bridge.Problemf("accounts", "missing: list the AWS accounts"))
	}
	ids, names := map[string]int{}, map[string]int{}
	for i, a := range f.Accounts {
		path := index("accounts", i)
		if !bridge.ValidAccountID(a.ID) {
			problems = append(problems, bridge.Problemf(path+".id", "%q: an account id has exactly twelve digits, in quotes", a.ID))
		} else if first, twice := ids[a.ID]; twice {
			problems = append(problems, bridge.Problemf(path+".id", "%q is the id of %s already", a.ID, index("accounts", first)))
		}
		switch first, twice := names[a.Name]; {
		case !accountName.MatchString(a.Name):
			problems = append(problems, bridge.Problemf(path+".name", "%q: an account's name has 1 to 64 of A-Z a-z 0-9 _ . - and doesn't begin with a dot", a.Name))
		case bridge.ValidAccountID(a.Name):
			problems = append(problems, bridge.Problemf(path+".name", "%q reads like an account id: give it a name", a.Name))
		case twice:
			problems = append(problems, bridge.Problemf(path+".name", "%q is the name of %s already", a.Name, index("accounts", first)))
		}
		ids[a.ID], names[a.Name] = i, i
		if _, ok := bridge.PartitionByID(a.Partition); a.Partition != "" && !ok {
			problems = append(problems, bridge.Problemf(path+".partition", "%q: write aws, aws-us-gov, aws-cn or aws-eusc", a.Partition))
		}
		if a.Colour != "" && !slices.Contains(colours, a.Colour) {
			problems = append(problems, bridge.Problemf(path+".colour", "%q: write one of %s", a.Colour, strings.Join(colours, ", ")))
		}
	}
	return problems
}
