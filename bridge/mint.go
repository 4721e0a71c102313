package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MintedLife is the longest that anything minted is valid: it is used at once, by this process.
const MintedLife = 5 * time.Minute

// Minter makes what AWS takes as proof of a person because fedbridge is registered in IAM as an identity provider.
type Minter interface {
	// Mint makes a proof for one person and one role, valid for MintedLife at most and never used twice. The kind is the
	// role's. It MUST fail, with CodeIssuerKey, CodeIssuerKMS, CodeIssuerClock, CodeIssuerMint, CodeTagValue,
	// CodeSourceIdentity or CodeSessionTooLarge, rather than leave anything out that was asked for, and MUST NOT log or keep
	// what it made.
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

// exchange asks STS. Where the session gets too large, optional tags are left out in their declared order: one, then two
// more, then four more, then all. Nothing else is ever left out.
func (b *Bridge) exchange(ctx context.Context, q ExchangeRequest, id Identity) (Credentials, sent, error) {
	optional := slices.DeleteFunc(slices.Clone(q.Role.OptionalTags), func(key string) bool {
		return !slices.ContainsFunc(q.Tags, func(t Tag) bool { return t.Key == key })
	})
	var out sent
	for try := 0; ; try++ {
		out.tags = q.Tags
		creds, err := b.ask(ctx, q, id, &out)
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

// ask makes one call. What fedbridge mints is minted for this very call.
func (b *Bridge) ask(ctx context.Context, q ExchangeRequest, id Identity, out *sent) (Credentials, error) {
	if q.Via == ViaIssuer {
		proof, err := b.mint(ctx, mintRequest(q, id))
		if err != nil {
			return Credentials{}, err
		}
		q.Proof, out.mintedID = proof, proof.ID
	}
	return b.sts.Exchange(ctx, q)
}

// mint asks the minter. What isn't what was asked for goes no further: STS would refuse it with less to go by.
func (b *Bridge) mint(ctx context.Context, req MintRequest) (Proof, error) {
	if b.minter == nil {
		return Proof{}, Fail(CodeInternal, errors.New("bridge: there is no minter"))
	}
	proof, err := b.minter.Mint(ctx, req)
	if err != nil {
		return Proof{}, err
	}
	if want := cmp.Or(req.Role.Mint, ProofIDToken); proof.Kind != want || proof.Raw.IsZero() || proof.ID == "" {
		return Proof{}, Fail(CodeIssuerMint, fmt.Errorf("bridge: asked for a proof of kind %s, with an id, and got none", want))
	}
	return proof, nil
}

func mintRequest(q ExchangeRequest, id Identity) MintRequest {
	return MintRequest{
		Role: q.Role, Identity: id, SessionName: q.SessionName, Duration: q.Duration, Tags: q.Tags, SourceIdentity: q.SourceIdentity,
	}
}

// without leaves tags out, and what made them go on into chained sessions: a transitive key without its tag is refused.
func without(tags []Tag, transitive, keys []string) ([]Tag, []string) {
	return slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return slices.Contains(keys, t.Key) }),
		slices.DeleteFunc(slices.Clone(transitive), func(key string) bool { return slices.Contains(keys, key) })
}
