package awssts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedbridge/fedbridge/bridge"
)

// Status is what is known without asking anybody.
type Status struct {
	// CredentialsKnown tells that credentials to sign AssumeRole with were had at the last attempt. False before the first.
	CredentialsKnown bool
	// Credentials is why there are none, nil if nobody needed them yet.
	Credentials error
	// Chained tells that AssumeRole gives one hour at most.
	Chained   bool
	Endpoints []EndpointStatus // sorted; those that were asked so far
}

// EndpointStatus is how one endpoint fared last.
type EndpointStatus struct {
	Endpoint string      // its host
	Code     bridge.Code // sts-down or sts-throttled if the last call went so, "" if STS answered
	Answered time.Time   // when it last answered, be it with a refusal
	Failed   time.Time   // when it last didn't
}

// Status tells how STS fared, for readiness. It asks nobody: an STS that is down must not make a node look ill which
// only serves people who don't need it now.
func (c *Client) Status() Status {
	s := Status{Chained: c.own.chained()}
	s.CredentialsKnown, s.Credentials = c.own.state()
	for _, e := range c.known() {
		e.mu.Lock()
		s.Endpoints = append(s.Endpoints, e.last)
		e.mu.Unlock()
	}
	slices.SortFunc(s.Endpoints, func(a, b EndpointStatus) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	return s
}

func (c *Client) known() []*endpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*endpoint, 0, len(c.endpoints))
	for _, e := range c.endpoints {
		all = append(all, e)
	}
	return all
}

// Warm loads fedbridge's own credentials, so that the first person need not wait for them and sees the right length of
// chained sessions. Call it only where a role needs them.
func (c *Client) Warm(ctx context.Context) error {
	_, err := c.own.get(ctx)
	return err
}

// Reach is what a check of one endpoint found.
type Reach struct {
	Endpoint string // its host
	Caller   string // ARN of fedbridge's own credentials as STS sees them; "" where no role needs them
	Chained  bool   // they are temporary: AssumeRole gives one hour at most
	Err      error  // with a code of the catalogue
}

// Check asks every endpoint that the roles need, for check --online: GetCallerIdentity, which needs no permission, where
// a role is assumed with fedbridge's own credentials; otherwise anything at all, to see that it can be reached. It
// takes nothing that Exchange could wait for.
func (c *Client) Check(ctx context.Context, roles []bridge.Role) []Reach {
	ctx, cancel := context.WithTimeout(ctx, c.config.Limits.Total)
	defer cancel()
	var found []Reach
	signed := map[*endpoint]bool{}
	var order []*endpoint
	for _, role := range roles {
		e, err := c.endpoint(role)
		if err != nil {
			found = append(found, Reach{Endpoint: role.ARN.Partition, Err: err})
			continue
		}
		if _, ok := signed[e]; !ok {
			order = append(order, e)
		}
		signed[e] = signed[e] || slices.Contains(role.Via, bridge.ViaAssumeRole)
	}
	reached := make([]Reach, len(order))
	var all sync.WaitGroup
	for i, e := range order {
		all.Go(func() { reached[i] = c.reach(ctx, e, signed[e]) })
	}
	all.Wait()
	return append(found, reached...)
}

func (c *Client) reach(ctx context.Context, e *endpoint, signed bool) Reach {
	r := Reach{Endpoint: e.label}
	if !signed {
		r.Err = e.touch(ctx)
		return r
	}
	q := question{ExchangeRequest: bridge.ExchangeRequest{Via: bridge.ViaAssumeRole}}
	if q.signer, r.Err = c.own.get(ctx); r.Err != nil {
		return r
	}
	attempt, cancel := context.WithTimeout(ctx, e.limits.Attempt)
	defer cancel()
	out, err := e.client.GetCallerIdentity(attempt, &sts.GetCallerIdentityInput{}, q.sign)
	if err != nil {
		r.Err = translate(ctx, e.label, q, err).err
		return r
	}
	r.Caller, r.Chained = aws.ToString(out.Arn), c.own.chained()
	return r
}

// touch sees whether anything answers there, over the connection that Exchange will use: proxy, TLS and all.
func (e *endpoint) touch(ctx context.Context) error {
	attempt, cancel := context.WithTimeout(ctx, e.limits.Attempt)
	defer cancel()
	r, err := http.NewRequestWithContext(attempt, http.MethodGet, e.url.String(), nil)
	if err != nil {
		return bridge.Fail(bridge.CodeSTSDown, err)
	}
	answer, err := e.client.Options().HTTPClient.Do(r)
	if err != nil {
		return translate(ctx, e.label, question{}, err).err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode >= 500 {
		return bridge.Fail(bridge.CodeSTSDown, fmt.Errorf("sts: %s: %s", e.label, answer.Status))
	}
	return nil
}
