package policy

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Places of a group pattern. Both are names of the configuration; a pattern is filled in with configured roles when it is
// loaded, and what comes out is compared with groups byte for byte. A group's name is never taken apart.
const (
	placeAccount   = "{account}"    // the account's name
	placeAccountID = "{account_id}" // its twelve digits
	placeRole      = "{role}"       // the role's name, as roles calls it
)

// patternUse is what a group pattern reads a group as.
type patternUse struct {
	role int32
	rule int32
}

// fillPattern is the name of the group that stands for a role.
func fillPattern(pattern string, role bridge.Role) string {
	return strings.NewReplacer(
		placeAccount, role.Account.Name, placeAccountID, role.Account.ID, placeRole, role.Key.Name,
	).Replace(pattern)
}

func checkGroupPattern(pattern string) string {
	literal := strings.NewReplacer(placeAccount, "", placeAccountID, "", placeRole, "").Replace(pattern)
	switch {
	case !strings.Contains(pattern, placeRole):
		return "lacks {role}: nothing in the group's name would say which role it gives"
	case strings.ContainsAny(literal, "{}"):
		return "knows {account}, {account_id} and {role} only"
	case isGlob(literal):
		return "has no wildcards: {account} and {role} are filled in with what is configured"
	case strings.TrimSpace(literal) == "":
		return "needs text beside {account} and {role}, or any group could be meant for it"
	}
	return ""
}

// readGroupPattern makes one entry of the index for each configured role. Two that read alike would make it a matter of
// luck which role a group gives, so they are refused.
func (w *ruleReader) readGroupPattern() {
	path, pattern := w.path+".group_pattern", w.r.GroupPattern
	if fault := checkGroupPattern(pattern); fault != "" {
		w.problem(path, "%q %s", pattern, fault)
		return
	}
	w.p.patterns[w.at] = pattern
	if len(w.p.roles) == 0 && !w.unplaced {
		w.problem(path, "%q: no role is configured that it could give", pattern)
	}
	reported := false
	for id, role := range w.p.roles {
		group := fillPattern(pattern, role)
		first, taken := w.reads[group]
		if taken && first.role != int32(id) && !reported {
			reported = true
			other := w.p.roles[first.role]
			w.problem(path, "group %q would give %s/%s here and %s/%s in rules[%d]: %s", group, role.Account.Name,
				role.Key.Name, other.Account.Name, other.Key.Name, first.rule, alikeRemedy(pattern))
		}
		if !taken {
			w.reads[group] = patternUse{int32(id), w.at}
		}
		atom := w.atoms.intern(source{kind: fromGroups}, group)
		w.postings = append(w.postings, rawPosting{atom, posting{w.at, ^int32(id)}})
	}
}

func alikeRemedy(pattern string) string {
	if !strings.Contains(pattern, placeAccount) && !strings.Contains(pattern, placeAccountID) {
		return "put {account} into the pattern"
	}
	return "put something between the parts that no account's or role's name has"
}

// inPattern tells whether a role's group is among the person's.
func inPattern(pattern string, role bridge.Role, groups []string) (group string, held bool) {
	group = fillPattern(pattern, role)
	return group, slices.Contains(groups, group)
}
