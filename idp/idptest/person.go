package idptest

import (
	"crypto/subtle"
	"strings"
)

// Person can sign in at a test provider.
type Person struct {
	Username string
	Password string
	Subject  string // OIDC sub, and the persistent NameID of SAML; default: the user name
	Email    string
	Name     string
	Groups   []string
	// Claims are further claims or attributes, byte-exact names. In OIDC one value is written as a string and several as
	// an array.
	Claims map[string][]string

	// RolePairs are values of AWS's SAML attribute Role ("role ARN,provider ARN"), sent as they stand.
	RolePairs []string
	// RoleSessionName is AWS's SAML attribute of that name; default: the e-mail, when there are RolePairs.
	RoleSessionName string

	// About is one line for newcomers, shown on the login page when people are listed there.
	About string
}

func (p Person) subject() string {
	if p.Subject != "" {
		return p.Subject
	}
	return p.Username
}

// find looks a person up by user name or, as login hints do, by e-mail.
func find(people []Person, name string) (Person, bool) {
	for _, p := range people {
		if p.Username == name || (name != "" && strings.EqualFold(p.Email, name)) {
			return p, true
		}
	}
	return Person{}, false
}

// authenticate checks a password.
func authenticate(people []Person, name, password string) (Person, bool) {
	p, ok := find(people, strings.TrimSpace(name))
	if !ok || p.Password == "" || subtle.ConstantTimeCompare([]byte(p.Password), []byte(password)) != 1 {
		return Person{}, false
	}
	return p, true
}
