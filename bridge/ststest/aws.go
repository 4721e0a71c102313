package ststest

import (
	"net/http"
	"sync"
)

// AWS is one made-up AWS: its accounts and what they hold, an STS, an IAM to read them, and a sign-in host. It is safe for concurrent use.
type AWS struct {
	// Faults are those of STS: a.Throttled(2).
	*Faults
	// SignInFaults are those of the sign-in host.
	SignInFaults *Faults
	// IAMFaults are those of IAM.
	IAMFaults *Faults

	options Options
	sealer  *sealer
	record  *recorder
	console *console

	mu       sync.RWMutex
	accounts map[string]Account
	users    map[string]*user         // by access key id
	roles    map[string]*role         // by ARN; case counts
	saml     map[string]*samlProvider // by ARN
	oidc     map[string]*oidcProvider // by account and issuer
}

// New makes an AWS without accounts.
func New(o Options) *AWS {
	a := &AWS{
		Faults: &Faults{}, SignInFaults: &Faults{}, IAMFaults: &Faults{},
		options: o.withDefaults(), sealer: newSealer(), record: &recorder{},
		accounts: map[string]Account{}, users: map[string]*user{}, roles: map[string]*role{},
		saml: map[string]*samlProvider{}, oidc: map[string]*oidcProvider{},
	}
	a.console = newConsole(a)
	return a
}

// STS is the STS endpoint: the Query API on "/", by POST and GET.
func (a *AWS) STS() http.Handler { return a.api(stsAPI) }

// IAM is the IAM endpoint, as far as reading roles and identity providers goes: the Query API on "/".
func (a *AWS) IAM() http.Handler { return a.api(iamAPI) }

func (a *AWS) api(p *api) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(a, w, r) })
}

// SignIn is the sign-in host: /federation, and the console page that a login leads to.
func (a *AWS) SignIn() http.Handler { return a.console.handler }
