package policy

import (
	"github.com/fedbridge/fedbridge/bridge"
)

// Compile turns what was written into a Policy. It reports every fault at once, each under the path that the
// configuration file has for it; with any fault there is no Policy. It keeps nothing of src that a caller could change
// afterwards.
func Compile(src Source) (*Policy, []bridge.Problem) {
	c := compile(src)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	c.finish()
	return c.p, nil
}

// Check reports every fault of the policy and of the cases that test it, also where one keeps the other from being used.
func Check(src Source, cases []Case) []bridge.Problem {
	c := compile(src)
	faults := c.problems
	return append(faults, c.checkTests(cases)...)
}

func compile(src Source) *compiler {
	c := &compiler{
		providers: src.Providers, unread: src.Unread, unplaced: src.Unread.Roles || src.Unread.Accounts,
		issuer: src.Issuer, encryption: src.Encryption, minted: map[string]bool{},
		entryOf: map[bridge.RoleKey]int{},

		atoms:      newAtomTable(),
		whens:      map[string]*when{},
		conditions: map[string]int32{},
		resolved:   map[string]resolution{},
		setIDs:     map[string]int32{},
		reads:      map[string]patternUse{},

		p: &Policy{
			named:      map[string][]int32{},
			byKey:      map[bridge.RoleKey]int32{},
			byARN:      map[bridge.RoleARN][]int32{},
			patterns:   map[int32]string{},
			whens:      map[int32]string{},
			claimNamed: map[string]int32{},
		},
	}
	c.p.providers = c.providerNames()
	c.readAccounts(src.Accounts)
	c.readRoles(src.Roles)
	c.readRules(src.Rules)
	return c
}

// compiler is what Compile knows on its way.
type compiler struct {
	p         *Policy
	problems  []bridge.Problem
	providers []Provider
	unread    Unread

	issuer     *Issuer
	encryption map[string]bridge.SAMLEncryption // by account id
	minted     map[string]bool                  // account ids with roles that SAML is minted for, or may be

	entryOf  map[bridge.RoleKey]int // which entry of roles made a role
	unplaced bool                   // some role entry found no account: what rules say about roles may follow from it
	plans    map[int]*sessionPlan

	atoms      atomTable
	whens      map[string]*when      // by text
	conditions map[string]int32      // by syntax tree
	resolved   map[string]resolution // by role pattern
	setIDs     map[string]int32      // by the roles in the set
	wanting    []int32               // rules that want an index entry
	postings   []rawPosting
	reads      map[string]patternUse // group name -> what a group pattern reads it as
}

func (c *compiler) problem(path, format string, args ...any) {
	c.problems = append(c.problems, bridge.Problemf(path, format, args...))
}

// celProblems reports what is wrong with the expression at path.
func (c *compiler) celProblems(path string, faults []celFault) {
	for _, f := range faults {
		c.problems = append(c.problems, bridge.Problem{Path: path, Message: f.text, Line: f.line, Column: f.column})
	}
}

// provider finds a configured provider.
func (c *compiler) provider(name string) (Provider, bool) {
	for _, p := range c.providers {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

func (c *compiler) providerNames() []string {
	names := make([]string, len(c.providers))
	for i, p := range c.providers {
		names[i] = p.Name
	}
	return names
}

// onlyProvider names the provider of a kind where exactly one is configured.
func (c *compiler) onlyProvider(kind string) (name string, count int) {
	for _, p := range c.providers {
		if p.Kind == kind {
			name = p.Name
			count++
		}
	}
	return name, count
}
