package policy

import (
	"fmt"

	"github.com/fedbridge/fedbridge/bridge"
)

// accountBook finds accounts by what rules and roles call them.
type accountBook struct {
	list   []bridge.Account
	names  []string
	byName map[string]int
	byID   map[string]int
}

func (c *compiler) readAccounts(accounts []bridge.Account) {
	book := accountBook{byName: map[string]int{}, byID: map[string]int{}}
	for i, a := range accounts {
		path := fmt.Sprintf("accounts[%d]", i)
		if a.Partition == "" {
			a.Partition = "aws"
		}
		if a.Label == "" {
			a.Label = a.Name
		}
		c.checkAccount(book, path, a)
		if !bridge.ValidAccountID(a.ID) {
			a.ID = fmt.Sprintf("%012d", i) // stands in, so that the fault isn't found again in every role
		}
		at := len(book.list)
		book.list, book.names = append(book.list, a), append(book.names, a.Name)
		book.byName[a.Name], book.byID[a.ID] = at, at
	}
	c.p.accounts = book
}

func (c *compiler) checkAccount(book accountBook, path string, a bridge.Account) {
	if !bridge.ValidAccountID(a.ID) {
		c.problem(path+".id", "%q: an account id has exactly twelve digits, in quotes", a.ID)
	}
	if first, twice := book.byID[a.ID]; twice {
		c.problem(path+".id", "%q is the id of accounts[%d] already", a.ID, first)
	}
	switch first, twice := book.byName[a.Name]; {
	case !validName(a.Name):
		c.problem(path+".name", "%q: an account's name has 1 to 64 of A-Z a-z 0-9 _ . - and doesn't begin with a dot", a.Name)
	case bridge.ValidAccountID(a.Name):
		c.problem(path+".name", "%q reads like an account id: give it a name", a.Name)
	case twice:
		c.problem(path+".name", "%q is the name of accounts[%d] already", a.Name, first)
	}
	if _, ok := bridge.PartitionByID(a.Partition); !ok {
		c.problem(path+".partition", "%q: write aws, aws-us-gov, aws-cn or aws-eusc", a.Partition)
	}
}

// find resolves an exact id, an exact name or a glob of names to positions in the list.
func (b accountBook) find(pattern string) []int {
	if at, ok := b.byID[pattern]; ok {
		return []int{at}
	}
	if at, ok := b.byName[pattern]; ok {
		return []int{at}
	}
	if !isGlob(pattern) {
		return nil
	}
	var found []int
	for at, a := range b.list {
		if globMatch(pattern, a.Name) {
			found = append(found, at)
		}
	}
	return found
}

// validName is the alphabet of account and role names: they stand in URLs, patterns and group names.
func validName(s string) bool {
	// "." and ".." mean something in a URL's path, and other names that begin with a dot look as if they did.
	if len(s) < 1 || len(s) > 64 || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
