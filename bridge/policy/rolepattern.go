package policy

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// resolve finds the configured roles that a pattern means: account/role, or role in every account, each part a glob.
// The account is its name, a glob of names, or its exact id.
func (p *Policy) resolve(pattern string) (roles []int32, fault string) {
	account, name, both := strings.Cut(pattern, "/")
	if !both {
		account, name = "*", pattern
	}
	found := p.findRoles(account, name)
	if len(found) > 0 {
		return found, ""
	}
	known := slices.Sorted(maps.Keys(p.named))
	switch {
	case both && len(p.accounts.find(account)) == 0:
		return nil, fmt.Sprintf("%q: no account is called %q%s", pattern, account, didYouMean(account, p.accounts.names))
	case !isGlob(name) && !p.isNamed(name):
		return nil, fmt.Sprintf("%q: no role is called %q%s", pattern, name, didYouMean(name, known))
	case !isGlob(name):
		return nil, fmt.Sprintf("%q: role %q is not configured for account %q", pattern, name, account)
	}
	return nil, fmt.Sprintf("%q matches no configured role; known are %s", pattern, someOf(known))
}

func someOf(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// findRoles is sorted. What is written exactly is looked up, so that many rules don't each walk many roles.
func (p *Policy) findRoles(account, name string) []int32 {
	if !isGlob(account) {
		return p.rolesOf(account, name)
	}
	candidates := p.identityList
	if !isGlob(name) {
		candidates = p.named[name]
	}
	var found []int32
	for _, id := range candidates {
		if role := &p.roles[id]; globMatch(account, role.Account.Name) && globMatch(name, role.Key.Name) {
			found = append(found, id)
		}
	}
	return found
}

// rolesOf finds roles of one account. They stand together, since roles are sorted by account.
func (p *Policy) rolesOf(account, name string) []int32 {
	var found []int32
	for _, at := range p.accounts.find(account) {
		of := p.accounts.list[at]
		if !isGlob(name) {
			if id, ok := p.byKey[bridge.RoleKey{Account: of.ID, Name: name}]; ok {
				found = append(found, id)
			}
			continue
		}
		first := sort.Search(len(p.roles), func(i int) bool { return p.roles[i].Account.Name >= of.Name })
		for id := first; id < len(p.roles) && p.roles[id].Account.Name == of.Name; id++ {
			if globMatch(name, p.roles[id].Key.Name) {
				found = append(found, int32(id))
			}
		}
	}
	return found
}

// rolesNamed is what a pattern of a test means.
func (p *Policy) rolesNamed(pattern string) (roles []int32, fault string) {
	if fault := checkRolePattern(pattern, true); fault != "" {
		return nil, fault
	}
	return p.resolve(pattern)
}

func (p *Policy) isNamed(role string) bool {
	_, ok := p.named[role]
	return ok
}
