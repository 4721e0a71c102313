package templates

import (
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Picker is the home page of a person who is signed in: their roles, by account. It stays one page at thousands of roles,
// so its rows are written by writeRole and not by html/template.
//
// All roles share one form; each button says where it posts (formaction): PATH/console and PATH/credentials.
type Picker struct {
	Layout
	Query    string          // what FieldQuery asked for; the handler filters
	Accounts []PickerAccount // after filtering, sorted, none empty
	Total    int             // roles before filtering
}

// PickerAccount is an account with the roles that the person has in it.
type PickerAccount struct {
	Account bridge.Account
	Roles   []PickerRole
}

// PickerRole is one role of the person.
type PickerRole struct {
	Path        string // /roles/ACCOUNT/ROLE, the page of the role
	Label       string
	Description string
	Longest     time.Duration // the longest session that can be had now; 0: not shown
	Obstacle    *Obstacle     // nil: can be used now
}

// Shown is how many roles are on the page.
func (p Picker) Shown() int {
	n := 0
	for _, a := range p.Accounts {
		n += len(a.Roles)
	}
	return n
}

// size is about what the page takes, so that its buffer need not grow.
func (p Picker) size() int { return 8<<10 + 1<<10*len(p.Accounts) + rowSize*p.Shown() }
