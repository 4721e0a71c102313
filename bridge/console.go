package bridge

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// ConsoleURL is Assume, then a link that signs a browser in to the console. The destination is checked first. When there
// is no link, a second outcome says so beside the first, which names the credentials that were issued for it.
func (b *Bridge) ConsoleURL(ctx context.Context, req AssumeRequest, to Destination) (Secret, Credentials, error) {
	if err := b.checkDestination(req, to); err != nil {
		return Secret{}, Credentials{}, err
	}
	creds, granted, err := b.assume(ctx, req, "console")
	if err != nil {
		return Secret{}, Credentials{}, err
	}
	link, err := b.console.Link(ctx, creds, to)
	if err != nil {
		granted.ID, granted.Time = eventID(), b.now()
		return Secret{}, Credentials{}, b.refused(ctx, granted, err)
	}
	return link, creds, nil
}

// ConsoleForm is a console sign-in that the browser makes itself: a POST of a SAML response to AWS. The response is as
// good as a password until it expires.
type ConsoleForm struct {
	URL        string // of the partition's sign-in endpoint
	Response   Secret // field SAMLResponse
	RelayState string // field RelayState: the console page to land on; "" for none
	Role       Role
}

// ConsolePost is ConsoleURL for a role whose console is opened by a POST: the assertion is minted for this person and
// role, nothing is asked of STS, and the decision is recorded as for any other. What AWS makes of the assertion, nobody
// tells us: the outcome names its ID, by which CloudTrail does, and no optional tag is left out.
func (b *Bridge) ConsolePost(ctx context.Context, req AssumeRequest, to Destination) (ConsoleForm, error) {
	if err := b.checkDestination(req, to); err != nil {
		return ConsoleForm{}, err
	}
	ask, entitlement, event, err := b.allow(ctx, req, "console", postable(req.Narrowing))
	if err != nil {
		return ConsoleForm{}, err
	}
	outcome := outcomeOf(event, b.now())
	form := ConsoleForm{Role: ask.Role}
	if form.URL, form.RelayState, err = b.console.SignIn(ask.Role, to); err != nil {
		return ConsoleForm{}, b.refused(ctx, outcome, err)
	}
	mint := mintRequest(ask.ExchangeRequest, req.Identity)
	mint.Recipient = form.URL
	proof, err := b.mint(ctx, mint)
	if err != nil {
		return ConsoleForm{}, b.refused(ctx, outcome, err)
	}
	outcome.MintedID, outcome.Expires = proof.ID, b.now().Add(ask.Duration)
	if err := b.record(ctx, outcome); err != nil {
		return ConsoleForm{}, err // No audit, no form (threat A24).
	}
	b.log.LogAttrs(ctx, slog.LevelInfo, "console opened by a POST",
		slog.String("request_id", req.RequestID), slog.String("role", entitlement.Role.String()), slog.String("minted_id", proof.ID))
	form.Response = proof.Raw
	return form, nil
}

// checkDestination fails where the destination is wrong. Only somebody who may have the role learns that; for the rest,
// the decision will refuse.
func (b *Bridge) checkDestination(req AssumeRequest, to Destination) error {
	grant, err := b.authorizer.Grant(req.Identity, req.Role)
	if err != nil {
		return nil
	}
	return b.console.Check(grant.Role, to)
}

// postable is a role as a POST opens it: by what fedbridge mints, whatever other ways there are. Whoever holds the
// response can take it to the API without us, where no session policy would be sent along: a role that has one is
// refused, whatever the configuration let through, and so is a request that brings one.
func postable(narrowing Narrowing) func(Role) (Role, error) {
	return func(role Role) (Role, error) {
		if !narrowing.IsZero() {
			return Role{}, FailWith(CodeNarrowing, "its console is opened by an answer that the browser holds, and could be used without the policy", nil)
		}
		if !slices.Contains(role.Via, ViaIssuer) || role.Mint != ProofSAML || !role.ConsolePost ||
			role.SessionPolicy != "" || len(role.SessionPolicyARNs) > 0 {
			return Role{}, Fail(CodeInternal, errors.New("bridge: this role's console is not opened by a POST"))
		}
		role.Via = []Via{ViaIssuer}
		return role, nil
	}
}
