package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Case is one entry of `tests`: an identity, and what it must and must not get.
type Case struct {
	Name     string       `yaml:"name" doc:"What must hold, in words." example:"a developer reads, and no more"`
	Identity CaseIdentity `yaml:"identity" doc:"Who signs in."`
	Allow    []string     `yaml:"allow,omitempty" doc:"Roles that the identity must get, all of them: account/role, or role for every account that has it; each part a glob." example:"[readonly]"`
	Deny     []string     `yaml:"deny,omitempty" doc:"Roles that the identity must not get, none of them; like allow, and \"*\" for all." example:"[shop-prod/admin]"`
	// Expect says more of roles than that they are given.
	Expect map[string]CaseSession `yaml:"expect,omitempty" doc:"What the sessions of roles must carry; a role named here must be given, too. Named like allow." example:"{readonly: {tags: {Team: web}, source_identity: ann@example.com}}"`
}

// CaseSession is what a case expects of a session.
type CaseSession struct {
	Tags           map[string]string `yaml:"tags,omitempty" doc:"Session tags, all of them: key and value." example:"{Team: web}"`
	SourceIdentity string            `yaml:"source_identity,omitempty" doc:"Source identity." example:"ann@example.com"`
}

// CaseIdentity is what of an identity a case may say. What it leaves out is missing, as if the provider hadn't sent it.
type CaseIdentity struct {
	Provider string              `yaml:"provider,omitempty" doc:"Name of the provider." example:"corp"`
	Issuer   string              `yaml:"issuer,omitempty" doc:"Issuer, as identity.issuer has it."`
	Subject  string              `yaml:"subject,omitempty" doc:"Subject, as identity.subject has it."`
	Format   string              `yaml:"format,omitempty" doc:"NameID format, as identity.format has it."`
	Email    string              `yaml:"email,omitempty" doc:"Verified e-mail address." example:"ann@example.com"`
	Name     string              `yaml:"name,omitempty" doc:"Name, as identity.name has it."`
	Groups   []string            `yaml:"groups,omitempty" doc:"Groups." example:"[dev]"`
	Claims   map[string][]string `yaml:"claims,omitempty" doc:"Claims, each a list." example:"{employmentType: [FTE]}"`
	ACR      string              `yaml:"acr,omitempty" doc:"Authentication context class, as identity.acr has it."`
	AMR      []string            `yaml:"amr,omitempty" doc:"Authentication methods, as identity.amr has them."`
	AuthTime string              `yaml:"auth_time,omitempty" doc:"When presence was last proved: 2006-01-02T15:04:05Z."`
}

// Failure is a case that doesn't hold.
type Failure struct {
	Path    string // tests[2].allow[0]
	Case    string // its name
	Message string
}

// String writes the failure on one line.
func (f Failure) String() string { return fmt.Sprintf("%s %q: %s", f.Path, f.Case, f.Message) }

// CheckTests reports what is wrong with the cases themselves: unknown names, and cases that test nothing.
func (p *Policy) CheckTests(cases []Case) []bridge.Problem {
	return (&compiler{p: p}).checkTests(cases)
}

func (c *compiler) checkTests(cases []Case) []bridge.Problem {
	c.problems = nil
	named := map[string]int{}
	for i, test := range cases {
		path := fmt.Sprintf("tests[%d]", i)
		first, twice := named[test.Name]
		switch {
		case strings.TrimSpace(test.Name) == "":
			c.problem(path+".name", "missing: say in words what must hold")
		case twice:
			c.problem(path+".name", "%q is the name of tests[%d] already", test.Name, first)
		default:
			named[test.Name] = i
		}
		if len(test.Allow)+len(test.Deny)+len(test.Expect) == 0 {
			c.problem(path, "tests nothing: write allow, deny or expect")
		}
		if name := test.Identity.Provider; name != "" && !slices.Contains(c.p.providers, name) && !c.unread.Providers {
			c.problem(path+".identity.provider", "no provider is called %q%s", name, didYouMean(name, c.p.providers))
		}
		if _, err := test.Identity.identity(); err != nil {
			c.problem(path+".identity.auth_time", "%v", err)
		}
		c.checkExpected(path+".allow", test.Allow)
		c.checkExpected(path+".deny", test.Deny)
		c.checkSessions(path+".expect", test.Expect)
	}
	return c.problems
}

func (c *compiler) checkExpected(path string, patterns []string) {
	for i, pattern := range patterns {
		if _, fault := c.p.rolesNamed(pattern); fault != "" && !c.unplaced {
			c.problem(fmt.Sprintf("%s[%d]", path, i), "%s", fault)
		}
	}
}

// RunTests asks the policy each case. Faults of the cases themselves (CheckTests) are failures too: a test that can't be
// run doesn't pass.
func (p *Policy) RunTests(cases []Case) []Failure {
	var failures []Failure
	for _, problem := range p.CheckTests(cases) {
		failures = append(failures, Failure{Path: problem.Path, Case: caseName(cases, problem.Path), Message: problem.Message})
	}
	for i, c := range cases {
		id, err := c.Identity.identity()
		if err != nil {
			continue // reported by CheckTests
		}
		path := fmt.Sprintf("tests[%d]", i)
		failures = append(failures, p.expect(c, id, path+".allow", c.Allow, true)...)
		failures = append(failures, p.expect(c, id, path+".deny", c.Deny, false)...)
		failures = append(failures, p.expectSessions(c, id, path+".expect")...)
	}
	return failures
}

func caseName(cases []Case, path string) string {
	var i int
	if _, err := fmt.Sscanf(path, "tests[%d]", &i); err != nil {
		return ""
	}
	return cases[i].Name
}

// expect asks about every role that the patterns name.
func (p *Policy) expect(c Case, id bridge.Identity, path string, patterns []string, want bool) []Failure {
	var failures []Failure
	entitled := map[bridge.RoleKey]bool{}
	for _, e := range p.Entitlements(id) {
		entitled[e.Role] = true
	}
	for i, pattern := range patterns {
		roles, _ := p.rolesNamed(pattern)
		for _, at := range roles {
			role := p.roles[at]
			if entitled[role.Key] == want {
				continue
			}
			verb := "must have"
			if !want {
				verb = "must not have"
			}
			failures = append(failures, Failure{
				Path: fmt.Sprintf("%s[%d]", path, i), Case: c.Name,
				Message: fmt.Sprintf("%s %s/%s. %s", verb, role.Account.Name, role.Key.Name, p.Explain(id, role.Key).Reason),
			})
		}
	}
	return failures
}

// identity makes an Identity of a case.
func (c CaseIdentity) identity() (bridge.Identity, error) {
	id := bridge.Identity{
		Provider: c.Provider, Issuer: c.Issuer, Subject: c.Subject, Format: c.Format, Email: c.Email, Name: c.Name,
		Groups: c.Groups, Claims: c.Claims, ACR: c.ACR, AMR: c.AMR,
	}
	if c.AuthTime == "" {
		return id, nil
	}
	at, err := time.Parse(time.RFC3339, c.AuthTime)
	if err != nil {
		return bridge.Identity{}, fmt.Errorf("%q is not a time such as 2006-01-02T15:04:05Z", c.AuthTime)
	}
	id.AuthTime = at
	return id, nil
}
