package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// How many accounts are looked at at once, and how many roles of each. IAM throttles by account.
const (
	accountsAtOnce = 16
	rolesAtOnce    = 4
)

// trustSource tells what accounts hold. It never fails: what can't be read says why.
type trustSource interface {
	Found(ctx context.Context, n trust.Need) trust.Found
}

// examiner looks at needs: at what the accounts hold, and at what STS says. Either may be left out.
type examiner struct {
	source trustSource
	probe  func(context.Context, bridge.ProbeRequest) (bridge.Probe, error)
	asks   bridge.ProbeRequest // who asks, for the audit
	now    func() time.Time
}

// examined is one way into one role, looked at.
type examined struct {
	Role     string          `json:"role"`    // account/role, as rules call it
	Account  string          `json:"account"` // its id
	ARN      string          `json:"arn"`
	Via      bridge.Via      `json:"via"`
	Read     map[string]read `json:"read,omitempty"` // what was looked at: role, oidc_provider, saml_provider
	Findings []trust.Finding `json:"findings"`
	Live     *live           `json:"live,omitempty"`

	key bridge.RoleKey
}

// read is what became of the attempt to read something.
type read struct {
	Result trust.Reading `json:"result"`
	Why    string        `json:"why,omitempty"`
}

// live is what STS said.
type live struct {
	Result  liveResult  `json:"result"`
	As      string      `json:"as,omitempty"`   // the role session that STS gave
	Code    bridge.Code `json:"code,omitempty"` // of the catalogue
	Message string      `json:"message,omitempty"`
	Remedy  string      `json:"remedy,omitempty"`
	Said    string      `json:"said,omitempty"` // by STS, or by what stands before it
	Bare    bool        `json:"without_tags,omitempty"`

	at time.Time
}

// liveResult is what an attempt came to.
type liveResult string

const (
	liveTaken   liveResult = "taken"   // STS gives the role
	liveRefused liveResult = "refused" // STS answered, and doesn't
	liveUnknown liveResult = "unknown" // nobody answered who could know
	liveRelay   liveResult = "relay"   // only a person can bring what is sent
)

// all looks at every need, account by account: one that hangs keeps its own roles waiting and no others.
func (x examiner) all(ctx context.Context, needs []trust.Need) []examined {
	out := make([]examined, len(needs))
	byAccount := map[string][]int{}
	for i, n := range needs {
		byAccount[n.Role.ARN.Account] = append(byAccount[n.Role.ARN.Account], i)
	}
	accounts := make(chan struct{}, accountsAtOnce)
	var wait sync.WaitGroup
	for _, mine := range byAccount {
		wait.Go(func() {
			accounts <- struct{}{}
			defer func() { <-accounts }()
			places := make(chan struct{}, rolesAtOnce)
			var roles sync.WaitGroup
			for _, i := range mine {
				roles.Go(func() {
					places <- struct{}{}
					defer func() { <-places }()
					out[i] = x.one(ctx, needs[i])
				})
			}
			roles.Wait()
		})
	}
	wait.Wait()
	return out
}

func (x examiner) one(ctx context.Context, n trust.Need) examined {
	e := examined{
		Role: roleName(n.Role), Account: n.Role.ARN.Account, ARN: n.Role.ARN.String(), Via: n.Via, Findings: []trust.Finding{},
		key: n.Role.Key,
	}
	if x.source != nil {
		found := x.source.Found(ctx, n)
		e.Read = readings(found)
		e.Findings = append(e.Findings, trust.Diagnose(n, found, x.now())...)
	}
	if x.probe != nil {
		e.Live = x.live(ctx, n)
	}
	return e
}

func readings(f trust.Found) map[string]read {
	all := map[string]read{}
	add := func(what string, reading trust.Reading, why string) {
		if reading != trust.NotRead {
			all[what] = read{reading, why}
		}
	}
	add("role", f.Role.Reading, f.Role.Why)
	add("oidc_provider", f.OIDC.Reading, f.OIDC.Why)
	add("saml_provider", f.SAML.Reading, f.SAML.Why)
	return all
}

// live asks STS for the role, in this way.
func (x examiner) live(ctx context.Context, n trust.Need) *live {
	if !bridge.CanProbe(n.Via) {
		return &live{Result: liveRelay, at: x.now(), Message: fmt.Sprintf(
			"Only a person who signs in with %s can bring what is sent to STS, so this can't be tried.", n.Role.RelayProvider)}
	}
	ask := x.asks
	ask.Role, ask.Via = n.Role.Key, n.Via
	got, err := x.probe(ctx, ask)
	l := &live{Result: liveTaken, As: got.AssumedRoleARN, Bare: got.Bare, at: x.now()}
	if err == nil {
		return l
	}
	code, notice, detail := bridge.Explain(err)
	l.Code, l.Message, l.Remedy, l.Result = code, notice.Message, notice.Remedy, liveRefused
	if !answered[code] {
		l.Result = liveUnknown
	}
	if cause := errors.Unwrap(err); cause != nil {
		l.Said = cause.Error()
	} else {
		l.Said = detail
	}
	return l
}

// answered are the codes with which STS itself said no.
var answered = map[bridge.Code]bool{
	bridge.CodeSTSRefused: true, bridge.CodeSTSExpired: true, bridge.CodeSTSInvalidProof: true, bridge.CodeSTSClaimRejected: true,
	bridge.CodeSTSPolicy: true, bridge.CodeSTSPacked: true, bridge.CodeSTSRegion: true, bridge.CodeSTSDuration: true,
	bridge.CodeSTSChained: true, bridge.CodeSTSInvalidRequest: true,
	bridge.CodeSTSProviderDown: true, bridge.CodeSTSWrongRole: true, bridge.CodeSTSAnswer: true, bridge.CodeSessionTooLarge: true,
}

// tally is what a report comes to.
type tally struct {
	Roles    int `json:"roles"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
	Unread   int `json:"unread"`       // ways of which something could not be read
	Taken    int `json:"live_taken"`   // by STS
	Refused  int `json:"live_refused"` // by STS
	Unasked  int `json:"live_unknown"` // STS could not be asked
	answers  int // ways into roles about which anything was learned
}

func tallyOf(all []examined) tally {
	var t tally
	roles := map[bridge.RoleKey]bool{}
	for _, e := range all {
		roles[e.key] = true
		for _, f := range e.Findings {
			switch f.Severity {
			case trust.SeverityError:
				t.Errors++
			case trust.SeverityWarning:
				t.Warnings++
			default:
				t.Notes++
			}
		}
		unread := false
		for what, r := range e.Read {
			unread = unread || r.Result == trust.Unreadable
			if what == "role" && r.Result != trust.Unreadable { // a provider alone says nothing about a role
				t.answers++
			}
		}
		if unread {
			t.Unread++
		}
		if e.Live == nil {
			continue
		}
		switch e.Live.Result {
		case liveTaken:
			t.Taken, t.answers = t.Taken+1, t.answers+1
		case liveRefused:
			t.Refused, t.answers = t.Refused+1, t.answers+1
		case liveUnknown:
			t.Unasked++
		}
	}
	t.Roles = len(roles)
	return t
}

// exit is what a script reads: 3 where nobody answered, 1 where something is wrong.
func (t tally) exit(strict bool) error {
	switch {
	case t.answers == 0:
		return exitError{exitUnavailable}
	case t.Errors > 0 || t.Refused > 0 || strict && t.Warnings > 0:
		return exitError{exitFault}
	}
	return nil
}
