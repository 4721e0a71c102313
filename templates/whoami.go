package templates

import "github.com/fedbridge/fedbridge/bridge"

// WhoAmI is what a person's provider said about them, and the reason for every role, given or not.
type WhoAmI struct {
	Layout
	Identity bridge.Identity
	// Freshness says in one sentence how old the claims may become (DESIGN: the page says which).
	Freshness string
	// NoRole shows, above all else, that no rule gives this person a role, with the code's notice and whom to ask.
	NoRole   *NoRole
	Query    string // what FieldQuery asked for; the handler filters
	Roles    []RoleReason
	Total    int    // roles before filtering and cutting
	All      string // link to the uncut list, when Roles was cut; "" for none
	Download string // link to the same facts as JSON; "" for none
}

// NoRole is the notice to a person without roles.
type NoRole struct {
	Message  string
	Remedy   string
	Denied   []string  // rules that take roles away which others give
	Contacts []Contact // whom to ask
}

// Contact is whom to ask for roles.
type Contact struct {
	Owner    string
	Accounts []string // names
}

// RoleReason is why a person has or lacks one role.
type RoleReason struct {
	Account     bridge.Account
	Path        string // /roles/ACCOUNT/ROLE; "" where the person may not open it
	Label       string
	Explanation bridge.Explanation
	Session     *Session // nil: not shown
}

// Allowed counts the roles on the page that the person has.
func (w WhoAmI) Allowed() int {
	n := 0
	for _, r := range w.Roles {
		if r.Explanation.Allowed {
			n++
		}
	}
	return n
}
