package bridge_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// echo is a minter that mints the person's name, an STS whose answers say for whom they are, and an audit log that keeps
// them.
type echo struct {
	*fakes

	mu     sync.Mutex
	events map[string][]bridge.AuditEvent // by request id
}

func (e *echo) Mint(_ context.Context, q bridge.MintRequest) (bridge.Proof, error) {
	return bridge.Proof{
		Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(q.Identity.Subject), ID: q.Role.Key.String() + " " + q.SessionName,
	}, nil
}

func (e *echo) Exchange(_ context.Context, q bridge.ExchangeRequest) (bridge.Credentials, error) {
	who := q.Role.Key.String() + " " + q.SessionName + " " + q.Proof.Raw.Reveal()
	return bridge.Credentials{
		AccessKeyID: "ASIA" + who, SecretAccessKey: bridge.NewSecret(who), SessionToken: bridge.NewSecret(who),
		Expires: now.Add(q.Duration), AssumedRoleARN: q.Role.ARN.AssumedRole(q.SessionName),
	}, nil
}

func (e *echo) Record(_ context.Context, event bridge.AuditEvent) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events[event.RequestID] = append(e.events[event.RequestID], event)
	return nil
}

// TestAttackSwap: ten thousand grants at once, of one role name in two accounts to people whose names differ in one part
// alone: everybody gets their own, of the account they asked for, be it relayed or minted (threats A13, A14).
func TestAttackSwap(t *testing.T) {
	for _, via := range []bridge.Via{bridge.ViaWebIdentity, bridge.ViaIssuer} {
		t.Run(string(via), func(t *testing.T) { attackSwap(t, via) })
	}
}

func attackSwap(t *testing.T, via bridge.Via) {
	const grants, people = 10_000, 40
	prod, dev := grant("Admin", time.Hour, via), grant("Admin", time.Hour, via)
	dev.Role.Key.Account, dev.Entitlement.Role.Account, dev.Role.ARN.Account = "444455556666", "444455556666", "444455556666"
	e := &echo{fakes: newFakes(prod, dev), events: map[string][]bridge.AuditEvent{}}
	b, err := bridge.New(bridge.Options{
		Authorizer: e.fakes, Roles: e.fakes, Minter: e, STS: e, Console: e.fakes, Audit: e, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	work := make(chan int)
	for range 16 {
		all.Go(func() {
			for i := range work {
				if problem := askForOwn(b, i, i%people, []string{account, "444455556666"}[i/people%2]); problem != "" {
					t.Error(problem)
				}
			}
		})
	}
	for i := range grants {
		work <- i
	}
	close(work)
	all.Wait()
	ids := map[string]bool{}
	for request, events := range e.events {
		if len(events) != 2 || events[0].Kind != bridge.AuditDecide || events[1].Decision != events[0].ID || events[1].Subject != events[0].Subject {
			t.Fatalf("%s was audited as %+v", request, events)
		}
		if minted := events[1].MintedID; via == bridge.ViaIssuer && minted != events[1].Account+"/Admin "+events[1].SessionName {
			t.Fatalf("%s was audited with what was minted for %s: %+v", request, minted, events[1])
		}
		ids[events[0].ID], ids[events[1].ID] = true, true
	}
	if len(e.events) != grants || len(ids) != 2*grants {
		t.Errorf("%d requests and %d ids in the audit log", len(e.events), len(ids))
	}
}

func askForOwn(b *bridge.Bridge, i, person int, account string) (problem string) {
	id := bridge.Identity{ // the same e-mail for all: the readable part of the session name can't tell them apart
		Provider: "corp", Issuer: "https://idp.example.com", Subject: fmt.Sprint("ada", person), Email: "ada@example.com",
	}
	proof := bridge.Proof{
		Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(id.Subject), RelayUntil: now.Add(time.Hour), Algorithm: "RS256",
	}
	got, err := b.Assume(context.Background(), bridge.AssumeRequest{
		Identity: id, Proof: proof, Role: bridge.RoleKey{Account: account, Name: "Admin"}, RequestID: fmt.Sprint(i),
	})
	own := account + "/Admin " + bridge.SessionName(id, false) + " " + id.Subject
	if err != nil || got.SecretAccessKey.Reveal() != own || got.SessionToken.Reveal() != own || got.Role.Key.Account != account {
		return fmt.Sprintf("%s asked for %s and got %q of %s (%v)", id.Subject, account, got.SessionToken.Reveal(), got.Role.Key, err)
	}
	return ""
}
