package awsiam

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedbridge/fedbridge/bridge"
)

// account is one account on the way to being read: its places, its credentials, and what went wrong last.
type account struct {
	partition bridge.Partition
	id        string
	places    chan struct{}
	now       func() time.Time

	mu       sync.Mutex
	provider aws.CredentialsProvider
	failed   error     // what keeps the whole account from being read
	until    time.Time // and how long that is believed
}

// believeFailure is how long an account that can't be entered, or doesn't answer, is left alone: its other roles would
// only wait for the same.
const believeFailure = 10 * time.Second

// enter takes a place.
func (a *account) enter(ctx context.Context) (leave func(), err error) {
	select {
	case a.places <- struct{}{}:
		return func() { <-a.places }, nil
	case <-ctx.Done():
		return nil, explain(ctx, "IAM", ctx.Err())
	}
}

// signer gives what signs for this account. The first reader finds it out; the others wait.
func (a *account) signer(ctx context.Context, r *Reader) (aws.CredentialsProvider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil && a.now().Before(a.until) {
		return nil, a.failed
	}
	if a.provider != nil {
		return a.provider, nil
	}
	provider, err := r.enterAccount(ctx, a)
	if err != nil {
		a.fail(ctx, err)
		return nil, err
	}
	a.provider, a.failed = provider, nil
	return provider, nil
}

// judge remembers a failure that the account's other roles would meet as well.
func (a *account) judge(err error) error {
	if e, ok := err.(*Error); ok && e.Down {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.failed, a.until = err, a.now().Add(believeFailure)
	}
	return err
}

// fail keeps a failure, unless it is only that this reader left.
func (a *account) fail(ctx context.Context, err error) {
	if context.Cause(ctx) != context.Canceled {
		a.failed, a.until = err, a.now().Add(believeFailure)
	}
}

// enterAccount finds the credentials for an account: those of its profile, the caller's own, those of the role to read
// with.
func (r *Reader) enterAccount(ctx context.Context, a *account) (aws.CredentialsProvider, error) {
	if name := r.config.Profiles[a.id]; name != "" {
		provider, err := profile(ctx, name, a.partition)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %s", name, clean(err.Error()))
		}
		return provider, r.mustBe(ctx, a, provider, "profile "+name)
	}
	provider, who, err := r.caller(ctx, a.partition)
	if err != nil {
		return nil, err
	}
	owner := accountOf(who)
	switch {
	case owner == a.id:
		return provider, nil
	case r.config.ReadRole == "":
		return nil, fmt.Errorf("the credentials belong to account %s, and there is no way named into account %s", owner, a.id)
	}
	role, err := r.config.readRole(a.partition.ID, a.id)
	if err != nil {
		return nil, err
	}
	assumed := aws.NewCredentialsCache(&readRole{client: r.sts(a.partition, provider), role: role}, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = time.Minute
	})
	if _, err := assumed.Retrieve(ctx); err != nil { // now, so that whoever asks first reads why
		return nil, explain(ctx, "STS, asked for "+role.String()+" to read with,", err)
	}
	return assumed, nil
}

// mustBe holds credentials against the account that they were named for.
func (r *Reader) mustBe(ctx context.Context, a *account, provider aws.CredentialsProvider, what string) error {
	out, err := r.sts(a.partition, provider).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return explain(ctx, "STS, asked who "+what+" is,", err)
	}
	if owner := aws.ToString(out.Account); owner != a.id {
		return fmt.Errorf("%s is of account %s, not of %s", what, clean(owner), a.id)
	}
	return nil
}

// accountOf is the fifth field of an ARN.
func accountOf(arn string) string {
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		return part[4]
	}
	return ""
}
