package trust

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const minMaxSession = time.Hour // IAM API, CreateRole, MaxSessionDuration: 3600 to 43200

// planRole writes the policy of one IAM role from all needs of it.
func planRole(group []Need, o Options) (RolePlan, []error) {
	r := RolePlan{ARN: group[0].Role.ARN, MaxSession: minMaxSession}
	var faults []error
	for _, n := range group {
		if name := n.Role.Key.Name; !slices.Contains(r.Names, name) {
			r.Names = append(r.Names, name)
		}
		r.MaxSession = max(r.MaxSession, n.Role.MaxSession.Round(time.Second))
		if n.Via == bridge.ViaAssumeRole && strings.Contains(n.Caller, ":assumed-role/") {
			r.note("The session " + n.Caller + " is named by its role. A session's ARN doesn't tell the role's path: where it has one, write it in.")
		}
	}
	slices.Sort(r.Names)
	r.asks = asks(group...)
	for i := range r.asks {
		a := &r.asks[i]
		a.tagKeys, a.transitive = slices.Sorted(slices.Values(a.tagKeys)), slices.Sorted(slices.Values(a.transitive))
		a.required = o.RoleAuthorizedByIDP && a.via == bridge.ViaIssuer && a.role != ""
		faults = append(faults, mixedIDs(group, *a)...)
	}
	var s shape
	r.policy, s = fitting(r.asks)
	r.Policy = r.policy.pretty()
	r.Characters = characters([]byte(r.Policy))
	if reason := s.reason(r.Characters); reason != "" {
		r.note(reason)
	}
	if r.Characters > DefaultCharacters {
		r.split()
	}
	return r, faults
}

func (r *RolePlan) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// fits tells whether IAM can take the policy at all.
func (r *RolePlan) fits() bool { return r.Characters <= MaxCharacters }

// split finds trust policies for several roles that each fit: one a way, and where one way names too many subjects, a
// part of them each.
func (r *RolePlan) split() {
	var parts []Part
	for _, a := range r.asks {
		parts = append(parts, divide(a)...)
	}
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p Part) bool { return p.Characters > DefaultCharacters }) {
		r.note("It can't be divided among several roles either: shorten the issuer URL, the role's name or the list of tags.")
		return
	}
	r.Parts = parts
	r.note(fmt.Sprintf("Or make %d roles, each with its own entry in the configuration and one of the trust policies that follow.", len(parts)))
}

// divide gives each part as many of an ask's subjects as the other parts have, in as few parts as fit. The other lists
// can't be divided: each call needs them all.
func divide(a ask) []Part {
	for n := 1; ; n++ {
		var parts []Part
		for i := range n {
			some := a
			some.subjects = a.subjects[i*len(a.subjects)/n : (i+1)*len(a.subjects)/n]
			policy, _ := fitting([]ask{some})
			part := Part{Title: some.title(), Policy: policy.pretty()}
			part.Characters = characters([]byte(part.Policy))
			parts = append(parts, part)
		}
		if n >= len(a.subjects) || !slices.ContainsFunc(parts, func(p Part) bool { return p.Characters > DefaultCharacters }) {
			return parts
		}
	}
}

func (a ask) title() string {
	title := "via " + string(a.via)
	if n := len(a.subjects); n > 0 {
		title += fmt.Sprintf(", %d subjects from %q on", n, a.subjects[0])
	}
	return title
}

// mixedIDs: one statement can't both demand an external ID and let a call without one through.
func mixedIDs(group []Need, a ask) []error {
	if a.via != bridge.ViaAssumeRole || len(a.externalIDs) == 0 {
		return nil
	}
	for _, n := range group {
		if n.Via == bridge.ViaAssumeRole && n.Role.ExternalID == "" {
			return []error{n.fault("another entry for the same IAM role has an external_id: without one here, nothing would demand it")}
		}
	}
	return nil
}

func (n Need) fault(format string, args ...any) error {
	return fmt.Errorf("%s via %s: %s", n.Role.Key, n.Via, fmt.Sprintf(format, args...))
}

// encrypts tells whether what we send is encrypted.
func (n Need) encrypts() bool {
	return n.Via == bridge.ViaIssuer && n.saml() && n.Role.Encryption.Certificate != ""
}

// faults are what makes a need impossible to write down as a policy that is not too wide.
func (n Need) faults() []error {
	var out []error
	add := func(format string, args ...any) { out = append(out, n.fault(format, args...)) }
	a := n.ask()
	switch {
	case !slices.Contains([]bridge.Via{bridge.ViaIssuer, bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaWebIdentity}, n.Via):
		add("no such way")
	case n.Via == bridge.ViaAssumeRole:
		out = append(out, n.callerFaults()...)
	case n.saml() && n.Role.SAMLProvider.Name == "":
		add("the IAM SAML provider isn't named")
	case n.saml() && len(a.recipients) == 0:
		add("no recipient is known that a SAML response is for")
	case n.oidc() && bareIssuer(n.Issuer) == "":
		add("the issuer isn't known")
	case n.oidc() && (len(a.audiences) == 0 || slices.Contains(a.audiences, "")):
		add("no audience is known: without one, tokens for others would be let in")
	}
	for _, list := range [][]string{a.audiences, a.recipients, a.subjects, a.externalIDs, a.tagKeys, a.transitive} {
		for _, v := range list {
			if strings.Contains(v, "${") {
				add("%q holds ${, which IAM takes for a policy variable", v)
			}
		}
	}
	return out
}

func (n Need) callerFaults() []error {
	part := splitARN(n.Caller)
	switch {
	case n.Caller == "":
		return []error{n.fault("it isn't known which principal fedbridge runs as: name its IAM role or user by ARN")}
	case part == nil || !bridge.ValidAccountID(part[4]) || strings.ContainsAny(n.Caller, "*?") || !isPerson(part[2], part[5]):
		return []error{n.fault("%q is not the ARN of an IAM role, user or role session", n.Caller)}
	case part[1] != n.Role.ARN.Partition:
		return []error{n.fault("fedbridge runs in partition %s and the role is in %s: AssumeRole doesn't cross over", part[1], n.Role.ARN.Partition)}
	}
	return nil
}

// isPerson tells whether the resource part of an ARN is somebody who can call, and not a whole account.
func isPerson(service, resource string) bool {
	kind, name, ok := strings.Cut(resource, "/")
	if !ok || name == "" {
		return false
	}
	return service == "iam" && (kind == "role" || kind == "user") || service == "sts" && kind == "assumed-role"
}

// comment writes lines of comment, wrapped. A paragraph that begins with "$ " is a command, and stays on its line.
func comment(prefix string, paragraphs ...string) string {
	var b strings.Builder
	for _, p := range paragraphs {
		if command, ok := strings.CutPrefix(p, "$ "); ok {
			b.WriteString(prefix + "  " + strings.Join(strings.Fields(command), " ") + "\n")
			continue
		}
		for _, l := range wrap(p, 100-len(prefix)) {
			b.WriteString(strings.TrimRight(prefix+l, " ") + "\n")
		}
	}
	return b.String()
}

// wrap breaks a text at blanks. Line ends in it are blanks, so that nothing escapes from a comment.
func wrap(s string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(s) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
