package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// accountPlace is filled in with the account's id when the configuration is loaded, never from a claim (threat A1).
const accountPlace = "{account}"

// entry is one entry of roles while it is compiled.
type entry struct {
	*compiler
	path     string
	at       int
	r        Role
	base     bridge.Role // what is the same in every account
	plan     *sessionPlan
	puzzled  bool            // what is minted isn't clear: a word of via or mint is none
	reported map[string]bool // a fault that many accounts share is reported once
}

func (c *compiler) readRoles(entries []Role) {
	c.plans = map[int]*sessionPlan{}
	for i, r := range entries {
		e := &entry{compiler: c, path: fmt.Sprintf("roles[%d]", i), at: i, r: r, reported: map[string]bool{}}
		e.read()
	}
	c.checkEncryption()
	roles := c.p.roles
	slices.SortFunc(roles, func(a, b bridge.Role) int {
		return cmp.Or(strings.Compare(a.Account.Name, b.Account.Name), strings.Compare(a.Key.Name, b.Key.Name))
	})
	for i, role := range roles {
		c.p.byKey[role.Key] = int32(i)
		c.p.identityList = append(c.p.identityList, int32(i))
		c.p.named[role.Key.Name] = append(c.p.named[role.Key.Name], int32(i))
		c.p.byARN[role.ARN] = append(c.p.byARN[role.ARN], int32(i))
		c.p.plans = append(c.p.plans, c.plans[c.entryOf[role.Key]])
	}
}

func (e *entry) read() {
	r := e.r
	e.p.named[r.Name] = nil
	if !validName(r.Name) {
		e.problem(e.path+".name", "%q: a role's name has 1 to 64 of A-Z a-z 0-9 _ . - and doesn't begin with a dot", r.Name)
	}
	e.base = bridge.Role{
		Label: cmp.Or(r.Label, r.Name), Description: r.Description,
		Via: r.Via.OrDefault(), MaxSession: cmp.Or(r.MaxSession, bridge.DefaultSession),
		Region: r.Region, ExternalID: r.ExternalID, RelaySubjects: slices.Clone(r.Subjects),
	}
	e.checkMaxSession()
	e.checkVia()
	e.checkIssuer()
	e.checkExternalID()
	e.readSession()
	e.plans[e.at] = e.plan
	accounts := e.resolveAccounts()
	e.unplaced = e.unplaced || len(accounts) == 0
	for _, account := range accounts {
		e.place(account)
	}
}

// checkMaxSession: STS takes 15 minutes to 12 hours (STS API, DurationSeconds), in whole seconds.
func (e *entry) checkMaxSession() {
	if d := e.base.MaxSession; d < bridge.MinSession || d > bridge.MaxSession || d%time.Second != 0 {
		e.problem(e.path+".max_session", "write from 15m to 12h, in whole seconds")
	}
}

// resolveAccounts finds the accounts that the entry is for: those it names, or the one in its ARN.
func (e *entry) resolveAccounts() []bridge.Account {
	if len(e.r.Accounts) == 0 {
		return e.accountOfARN()
	}
	seen := map[int]bool{}
	for i, pattern := range e.r.Accounts {
		found := e.p.accounts.find(pattern)
		if len(found) == 0 && !e.unread.Accounts {
			at := fmt.Sprintf("%s.accounts[%d]", e.path, i)
			e.problem(at, "no account is called %q%s", pattern, didYouMean(pattern, e.p.accounts.names))
		}
		for _, at := range found {
			seen[at] = true
		}
	}
	var accounts []bridge.Account
	for _, at := range slices.Sorted(maps.Keys(seen)) {
		accounts = append(accounts, e.p.accounts.list[at])
	}
	return accounts
}

func (e *entry) accountOfARN() []bridge.Account {
	if e.r.Accounts != nil {
		e.problem(e.path+".accounts", "names no account: list them, or leave the key out to take the one in the ARN")
		return nil
	}
	if strings.Contains(e.r.ARN, accountPlace) {
		e.problem(e.path+".accounts", "missing: the ARN has {account} in it, so list the accounts that it is for")
		return nil
	}
	arn, err := bridge.ParseRoleARN(e.r.ARN)
	if err != nil {
		e.problem(e.path+".arn", "%v", err)
		return nil
	}
	at, ok := e.p.accounts.byID[arn.Account]
	if !ok && e.unread.Accounts {
		return nil
	}
	if !ok {
		e.problem(e.path+".arn", "account %s is not among accounts: list it there", arn.Account)
		return nil
	}
	return []bridge.Account{e.p.accounts.list[at]}
}

// place makes the role in one account.
func (e *entry) place(account bridge.Account) {
	role := e.base
	role.Key, role.Account = bridge.RoleKey{Account: account.ID, Name: e.r.Name}, account
	if first, twice := e.entryOf[role.Key]; twice {
		if first != e.at {
			e.once(e.path+".name", "role %q of account %s is roles[%d] already", e.r.Name, account.Name, first)
		}
		return
	}
	e.entryOf[role.Key] = e.at
	role.ARN = e.roleARN(account)
	role.SAMLProvider = e.samlProvider(account)
	e.placeIssuer(&role)
	role.SessionPolicyARNs = e.policyARNs(account)
	if partition, ok := bridge.PartitionByID(account.Partition); ok && role.Region != "" && !partition.HasRegion(role.Region) {
		e.once(e.path+".region", "%q is not a region of partition %s, to which account %s belongs", role.Region, partition.ID, account.Name)
	}
	e.p.roles = append(e.p.roles, role)
}

func (e *entry) roleARN(account bridge.Account) bridge.RoleARN {
	path := e.path + ".arn"
	written := strings.ReplaceAll(e.r.ARN, accountPlace, account.ID)
	if strings.ContainsAny(written, "{}*?") {
		e.once(path, "%q: {account} is the only thing that is filled in, and wildcards name no role", e.r.ARN)
		return bridge.RoleARN{}
	}
	arn, err := bridge.ParseRoleARN(written)
	switch {
	case err != nil:
		e.once(path, "%v", err)
	case arn.Account != account.ID:
		e.once(path, "names account %s, but the entry is for account %s (%s): write {account}", arn.Account, account.Name, account.ID)
	case arn.Partition != account.Partition && knownPartition(account.Partition): // Threat A16: nothing crosses from one partition to another.
		e.once(path, "is in partition %s, but account %s is in %s", arn.Partition, account.Name, account.Partition)
	case slices.Contains(e.base.Via, bridge.ViaSAML) && strings.HasPrefix(arn.Name, "AWSReservedSSO_"):
		e.once(path, "roles of IAM Identity Center can't be assumed with SAML")
	}
	return arn
}

// knownPartition: an account in a partition that isn't one is at fault itself.
func knownPartition(id string) bool {
	_, ok := bridge.PartitionByID(id)
	return ok
}

func (e *entry) once(path, format string, args ...any) {
	if !e.reported[path] {
		e.reported[path] = true
		e.problem(path, format, args...)
	}
}
