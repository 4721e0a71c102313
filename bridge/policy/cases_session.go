package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// checkSessions reports expectations that could never come true: of roles that there aren't, and of what a role doesn't
// ask for.
func (c *compiler) checkSessions(path string, expected map[string]CaseSession) {
	for _, pattern := range slices.Sorted(maps.Keys(expected)) {
		at, want := keyPath(path, pattern), expected[pattern]
		roles, fault := c.p.rolesNamed(pattern)
		if fault != "" && !c.unplaced {
			c.problem(at, "%s", fault)
		}
		if len(want.Tags) == 0 && want.SourceIdentity == "" {
			c.problem(at, "expects nothing: write tags or source_identity; that a role is given is said by allow")
		}
		reported := map[string]bool{} // a fault that many accounts share is reported once
		for _, i := range roles {
			if c.unread.Sessions {
				break
			}
			c.checkSession(at, c.p.roles[i], want, reported)
		}
	}
}

func (c *compiler) checkSession(path string, role bridge.Role, want CaseSession, reported map[string]bool) {
	name := role.Account.Name + "/" + role.Key.Name
	once := func(path, format string, args ...any) {
		if !reported[path] {
			reported[path] = true
			c.problem(path, format, args...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want.Tags)) {
		if !slices.Contains(role.TagKeys, key) {
			once(keyPath(path+".tags", key), "%s has no such tag%s", name, didYouMean(key, role.TagKeys))
		}
	}
	if want.SourceIdentity != "" && !role.HasSourceIdentity {
		once(path+".source_identity", "%s has none", name)
	}
}

// expectSessions holds what sessions of roles would carry against what is expected.
func (p *Policy) expectSessions(c Case, id bridge.Identity, path string) []Failure {
	var failures []Failure
	for _, pattern := range slices.Sorted(maps.Keys(c.Expect)) {
		at, want := keyPath(path, pattern), c.Expect[pattern]
		roles, _ := p.rolesNamed(pattern)
		for _, i := range roles {
			role := &p.roles[i]
			fail := func(format string, args ...any) {
				text := role.Account.Name + "/" + role.Key.Name + ": " + fmt.Sprintf(format, args...)
				failures = append(failures, Failure{Path: at, Case: c.Name, Message: text})
			}
			grant, err := p.Grant(id, role.Key)
			switch code := bridge.CodeOf(err); {
			case err == nil:
				want.compare(grant, fail)
			case code == bridge.CodeNotEntitled || code == bridge.CodeDenied:
				fail("must have it. %s", p.Explain(id, role.Key).Reason)
			default:
				fail("is refused: %s", strings.TrimPrefix(fmt.Sprint(errors.Unwrap(err)), "policy: "))
			}
		}
	}
	return failures
}

// compare reports every difference. The values of a test are no secret.
func (want CaseSession) compare(grant bridge.Grant, fail func(format string, args ...any)) {
	if len(want.Tags) > 0 {
		have := map[string]string{}
		for _, tag := range grant.Tags {
			have[tag.Key] = tag.Value
		}
		for _, key := range slices.Sorted(maps.Keys(have)) {
			if value, named := want.Tags[key]; !named {
				fail("has the tag %s = %q, too", key, have[key])
			} else if value != have[key] {
				fail("tag %s must be %q, and is %q", key, value, have[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(want.Tags)) {
			if _, there := have[key]; !there {
				fail("lacks the tag %s", key)
			}
		}
	}
	if want.SourceIdentity != "" && want.SourceIdentity != grant.SourceIdentity {
		fail("source identity must be %q, and is %q", want.SourceIdentity, grant.SourceIdentity)
	}
}
