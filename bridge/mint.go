package bridge

import (
	"context"
	"errors"
	"slices"
	"time"
)

// MintedLife is the longest that anything minted is valid: it is used at once, by this process.
const MintedLife = 5 * time.Minute

// Minter makes what AWS takes as proof of a person because fedbridge is registered in IAM as an identity provider.
type Minter interface {
	// Mint makes a proof for one person and one role, valid for MintedLife at most and never used twice. The kind is the
	// role's. It MUST fail, with CodeIssuerKey, CodeIssuerKMS, CodeIssuerClock, CodeIssuerMint, CodeTagValue or
	// CodeSourceIdentity, rather than leave anything out that was asked for, and MUST NOT log or keep what it made.
	Mint(ctx context.Context, req MintRequest) (Proof, error)
}

// MintRequest is what goes into a minted proof. Bridge makes it; nobody else does.
type MintRequest struct {
	Role           Role // Mint, Audience, SAMLProvider, Encryption and TransitiveTags say how
	Identity       Identity
	SessionName    string
	Duration       time.Duration
	Tags           []Tag
	SourceIdentity string
	// Recipient is the sign-in URL that a SAML response is for; "" for the partition's default, which the API takes.
	Recipient string
}

// maxDrops is how many times a call is made again with fewer optional tags.
const maxDrops = 4

// sent is what an exchange came to ask in the end.
type sent struct {
	tags     []Tag
	dropped  []string
	mintedID string
}

// exchange asks STS. What fedbridge mints is minted for this very call. Where STS says that the session is too large,
// optional tags are left out in their declared order: one, then two more, then four more, then all.
func (b *Bridge) exchange(ctx context.Context, q ExchangeRequest, id Identity) (Credentials, sent, error) {
	optional := slices.Clone(q.Role.OptionalTags)
	var out sent
	for try := 0; ; try++ {
		out.tags = q.Tags
		if q.Via == ViaIssuer {
			proof, err := b.minter.Mint(ctx, mintRequest(q, id))
			if err != nil {
				return Credentials{}, out, err
			}
			q.Proof, out.mintedID = proof, proof.ID
		}
		creds, err := b.sts.Exchange(ctx, q)
		if code := CodeOf(err); err == nil || try == maxDrops || len(optional) == 0 ||
			code != CodeSTSPacked && code != CodeSessionTooLarge {
			creds.DroppedTags = out.dropped
			return creds, out, err
		}
		count := min(1<<try, len(optional))
		if try == maxDrops-1 {
			count = len(optional)
		}
		out.dropped = append(out.dropped, optional[:count]...)
		q.Tags, q.Role.TransitiveTags = without(q.Tags, q.Role.TransitiveTags, optional[:count])
		optional = optional[count:]
	}
}

func mintRequest(q ExchangeRequest, id Identity) MintRequest {
	return MintRequest{
		Role: q.Role, Identity: id, SessionName: q.SessionName, Duration: q.Duration, Tags: q.Tags, SourceIdentity: q.SourceIdentity,
	}
}

func without(tags []Tag, transitive, keys []string) ([]Tag, []string) {
	var kept []Tag
	var on []string
	for _, t := range tags {
		if !slices.Contains(keys, t.Key) {
			kept = append(kept, t)
		}
	}
	for _, k := range transitive {
		if !slices.Contains(keys, k) {
			on = append(on, k)
		}
	}
	return kept, on
}

// ConsoleForm is a console sign-in that the browser makes itself: a POST of a SAML response to AWS. The response is as
// good as a password until it expires.
type ConsoleForm struct {
	URL        string // of the partition's sign-in endpoint
	Response   Secret // field SAMLResponse
	RelayState string // field RelayState: the console page to land on; "" for none
}

// ConsolePost is ConsoleURL for a role whose console is opened by a POST: the assertion is minted for this person and
// role, nothing is asked of STS, and the decision is recorded as for any other.
func (b *Bridge) ConsolePost(ctx context.Context, req AssumeRequest, to Destination) (ConsoleForm, error) {
	var form ConsoleForm
	// Only somebody who may have the role learns what is wrong with the destination.
	if grant, err := b.authorizer.Grant(req.Identity, req.Role); err == nil {
		if form.URL, form.RelayState, err = b.console.SignIn(grant.Role, to); err != nil {
			return ConsoleForm{}, err
		}
	}
	ask, _, event, err := b.allow(ctx, req, "console")
	if err != nil {
		return ConsoleForm{}, err
	}
	outcome := outcomeOf(event, b.now())
	proof, err := b.mintForBrowser(ctx, ask, req.Identity, form.URL)
	if err != nil {
		return ConsoleForm{}, b.refused(ctx, outcome, err)
	}
	outcome.MintedID, outcome.Expires = proof.ID, b.now().Add(ask.Duration)
	if err := b.record(ctx, outcome); err != nil {
		return ConsoleForm{}, err
	}
	form.Response = proof.Raw
	return form, nil
}

// mintForBrowser mints what leaves the process. Whoever holds it can take it to the API without us, where a session policy
// would not be sent along: such a role is refused, whatever the configuration let through.
func (b *Bridge) mintForBrowser(ctx context.Context, ask question, id Identity, recipient string) (Proof, error) {
	role := ask.Role
	if ask.Via != ViaIssuer || role.Mint != ProofSAML || !role.ConsolePost || role.SessionPolicy != "" || len(role.SessionPolicyARNs) > 0 {
		return Proof{}, Fail(CodeInternal, errors.New("bridge: this role's console is not opened by a POST"))
	}
	req := mintRequest(ask.ExchangeRequest, id)
	req.Recipient = recipient
	return b.minter.Mint(ctx, req)
}
