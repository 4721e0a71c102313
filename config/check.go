package config

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// Defaults of what may be left out.
const (
	DefaultLength = 12 * time.Hour
	DefaultIdle   = time.Hour
	DefaultRegion = "us-east-1"
)

// check reports every fault of what was written. It touches nothing outside.
func (f *File) check(d *decoder) []bridge.Problem {
	var problems []bridge.Problem
	problems = append(problems, within("server", f.Server.check())...)
	problems = append(problems, f.checkState()...)
	problems = append(problems, within("session", f.Session.check())...)
	problems = append(problems, within("aws", f.AWS.check(f.Server.URL, len(f.Providers)))...)
	problems = append(problems, f.checkIssuer()...)
	problems = append(problems, f.checkProviders()...)
	problems = append(problems, f.checkAccounts()...)
	source := f.policySource()
	source.Unread = d.unread(f)
	problems = append(problems, f.checkOperators(source.Unread.Providers)...)
	return append(problems, policy.Check(source, f.Tests)...)
}

// unread tells of which lists an entry could not be decoded, as far as others refer to it.
func (d *decoder) unread(f *File) policy.Unread {
	lost := func(list string, count int, keys ...string) bool {
		for i := range count {
			for _, key := range keys {
				if path := joinPath(index(list, i), key); d.touched(path) || d.lacking.covers(path) {
					return true
				}
			}
		}
		return d.faulty.covers(list) || d.lacking.covers(list)
	}
	return policy.Unread{
		Accounts:  lost("accounts", len(f.Accounts), "id", "name"),
		Roles:     lost("roles", len(f.Roles), "name", "accounts", "arn"),
		Sessions:  lost("roles", len(f.Roles), "tags", "source_identity"),
		Providers: lost("providers", len(f.Providers), "name", "kind"),
		Issuer:    d.touched("issuer") || d.lacking.covers("issuer.keys"),
	}
}

// Policy compiles accounts, roles and rules. A Policy comes only when nothing is wrong with them.
func (f *File) Policy() (*policy.Policy, []bridge.Problem) { return policy.Compile(f.policySource()) }

func (f *File) policySource() policy.Source {
	source := policy.Source{
		Roles: f.Roles, Rules: f.Rules, Accounts: f.BridgeAccounts(), Issuer: f.policyIssuer(), Encryption: map[string]bridge.SAMLEncryption{},
	}
	for _, a := range f.Accounts {
		if a.SAMLEncryption != nil {
			source.Encryption[a.ID] = bridge.SAMLEncryption(*a.SAMLEncryption)
		}
	}
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
	return source
}

// BridgeAccounts lists the accounts as the other packages know them, defaults filled in.
func (f *File) BridgeAccounts() []bridge.Account {
	accounts := make([]bridge.Account, len(f.Accounts))
	for i, a := range f.Accounts {
		accounts[i] = bridge.Account{
			ID: a.ID, Name: a.Name, Partition: a.Partition, Label: a.Label, Environment: a.Environment, Owner: a.Owner, Colour: a.Colour,
		}
		if accounts[i].Partition == "" {
			accounts[i].Partition = "aws"
		}
		if accounts[i].Label == "" {
			accounts[i].Label = a.Name
		}
	}
	return accounts
}

// checkState checks where things are kept. A store that isn't known is not repeated: a URL of it may hold a password.
func (f *File) checkState() []bridge.Problem {
	var problems []bridge.Problem
	scheme, path, _ := strings.Cut(f.Store, ":")
	switch {
	case scheme != "sqlite" || strings.HasPrefix(path, "//"):
		problems = append(problems, bridge.Problemf("store", "is not a store that is known: write sqlite:PATH, such as sqlite:/var/lib/fedbridge/state.db"))
	case path == "" || path == ":memory:":
		problems = append(problems, bridge.Problemf("store", "needs the path of a file, which is kept: write sqlite:PATH, such as sqlite:/var/lib/fedbridge/state.db"))
	}
	for i, spec := range f.Audit {
		if fault := audit.Check(spec); fault != "" {
			problems = append(problems, bridge.Problemf(index("audit", i), "%s", fault))
		}
		if slices.Index(f.Audit, spec) < i {
			problems = append(problems, bridge.Problemf(index("audit", i), "%q is written twice", spec))
		}
		if file, ok := strings.CutPrefix(spec, "file:"); ok && filepath.Clean(file) == filepath.Clean(path) {
			problems = append(problems, bridge.Problemf(index("audit", i), "%q is the file of the store: write another", spec))
		}
	}
	return problems
}

func (s Session) check() []bridge.Problem {
	const longest = 24 * time.Hour
	var problems []bridge.Problem
	limit := s.LengthOrDefault()
	if limit < 5*time.Minute || limit > longest {
		problems = append(problems, bridge.Problemf("length", "%s: write from 5m to 24h", shortly(limit)))
		limit = longest
	}
	if s.Idle != 0 && (s.Idle < time.Minute || s.Idle > limit) {
		problems = append(problems, bridge.Problemf("idle", "%s: write from 1m to session.length, which is %s", shortly(s.Idle), shortly(limit)))
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

// shortly writes a length of time as an operator does: 12h, not 12h0m0s.
func shortly(length time.Duration) string {
	text := length.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
