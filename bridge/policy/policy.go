package policy

import (
	"slices"
	"sync"

	"github.com/fedbridge/fedbridge/bridge"
)

// Policy is a compiled set of accounts, roles and rules. It never changes, and is safe for concurrent use.
type Policy struct {
	accounts  accountBook
	providers []string
	roles     []bridge.Role // sorted by account name, then role name
	plans     []*sessionPlan
	byKey     map[bridge.RoleKey]int32
	byARN     map[bridge.RoleARN][]int32
	named     map[string][]int32 // roles by the name of their entry

	rules        []rule // in the order written
	clauses      []clause
	atomRefs     []int32
	sets         [][]int32
	identityList []int32          // 0, 1, 2, …: sets of one role are cut from it
	patterns     map[int32]string // group patterns, by rule
	whens        map[int32]string // texts of when, by rule
	conditions   []condition

	lookups      []lookup
	fieldLookups []int32          // those that are not claims
	claimLookups []int32          // those that are
	claimNamed   map[string]int32 // the same by name
	atoms        []atom
	start        []uint32 // the rules of atom a are postings[start[a]:start[a+1]]
	postings     []posting
	always       []posting // rules that no atom indexes

	scratches sync.Pool // *scratch: room to think in, no part of what the policy says
}

var (
	_ bridge.Authorizer = (*Policy)(nil)
	_ bridge.RoleBook   = (*Policy)(nil)
)

// Role implements bridge.RoleBook. Callers must not change what its slices hold.
func (p *Policy) Role(key bridge.RoleKey) (bridge.Role, bool) {
	id, ok := p.byKey[key]
	if !ok {
		return bridge.Role{}, false
	}
	return p.roles[id], true
}

// Roles implements bridge.RoleBook. Callers must not change what the slices of a role hold.
func (p *Policy) Roles() []bridge.Role { return slices.Clone(p.roles) }

// trim gives back the room that growing slices took ahead.
func (p *Policy) trim() {
	p.rules, p.clauses, p.atomRefs = slices.Clone(p.rules), slices.Clone(p.clauses), slices.Clone(p.atomRefs)
	p.atoms, p.conditions = slices.Clone(p.atoms), slices.Clone(p.conditions)
}
