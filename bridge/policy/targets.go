package policy

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// A set is a list of configured roles that rules name together. Sets are shared; a set of one role is written ^role and
// takes no room.

// noSet marks rules whose roles a group pattern or the IdP selects.
const noSet = int32(-1 << 31)

// members lists the roles of a set.
func (p *Policy) members(set int32) []int32 {
	switch {
	case set == noSet:
		return nil
	case set < 0:
		at := int(^set)
		return p.identityList[at : at+1]
	}
	return p.sets[set]
}

// resolution is what a role pattern means.
type resolution struct {
	roles []int32
	fault string
}

// roleSet resolves the patterns of one rule. path is the list's.
func (c *compiler) roleSet(path string, patterns []string, deny bool) int32 {
	var roles []int32
	for i, pattern := range patterns {
		at := func() string { return fmt.Sprintf("%s[%d]", path, i) }
		if fault := checkRolePattern(pattern, deny); fault != "" {
			c.problem(at(), "%s", fault)
			continue
		}
		r, ok := c.resolved[pattern]
		if !ok {
			r.roles, r.fault = c.p.resolve(pattern)
			c.resolved[pattern] = r
		}
		if r.fault != "" && !c.unplaced {
			c.problem(at(), "%s", r.fault)
		}
		roles = append(roles, r.roles...)
	}
	if len(patterns) > 1 {
		slices.Sort(roles)
		roles = slices.Compact(roles)
	}
	return c.internSet(roles)
}

func checkRolePattern(pattern string, deny bool) string {
	account, role, both := strings.Cut(pattern, "/")
	if !both {
		role = pattern
	}
	switch {
	case pattern == "" || both && (account == "" || role == ""):
		return fmt.Sprintf("%q names no role: write account/role, or role for every account", pattern)
	case deny:
		return ""
	case onlyWildcards(account) && onlyWildcards(role): // threat A2
		return fmt.Sprintf("%q matches every role: that is for deny only. Name the roles, or the account", pattern)
	}
	return ""
}

func (c *compiler) internSet(roles []int32) int32 {
	switch len(roles) {
	case 0:
		return noSet
	case 1:
		return ^roles[0]
	}
	key := make([]byte, 0, 4*len(roles))
	for _, r := range roles {
		key = binary.LittleEndian.AppendUint32(key, uint32(r))
	}
	if id, ok := c.setIDs[string(key)]; ok {
		return id
	}
	id := int32(len(c.p.sets))
	c.p.sets = append(c.p.sets, roles)
	c.setIDs[string(key)] = id
	return id
}
