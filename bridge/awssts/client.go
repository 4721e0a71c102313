package awssts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// chainedMax is the longest session that STS gives where a role session assumes a role (IAM User Guide, role chaining).
const chainedMax = time.Hour

// Client is the bridge's STSExchanger. It is safe for concurrent use.
type Client struct {
	config    Config
	http      *http.Client
	own       *own
	log       *slog.Logger
	now       func() time.Time
	mu        sync.Mutex
	endpoints map[place]*endpoint
}

var _ bridge.STSExchanger = (*Client)(nil)

// New makes a Client. It touches neither network nor environment; what is wrong with the configuration is an error.
func New(c Config) (*Client, error) {
	if problems := c.Check(); len(problems) > 0 {
		errs := make([]error, 0, len(problems))
		for _, p := range problems {
			errs = append(errs, errors.New(p.String()))
		}
		return nil, fmt.Errorf("awssts: %w", errors.Join(errs...))
	}
	c.Limits = c.Limits.withDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{
		config: c, http: newHTTPClient(c.Limits, c.RootCAs), own: newOwn(c), log: c.Log, now: c.Now,
		endpoints: map[place]*endpoint{},
	}, nil
}

// Longest tells that AssumeRole is chained, and so gives one hour, once that is known: from the configured credentials,
// from the first that were loaded, or from STS's own word. It asks nobody.
func (c *Client) Longest(_ context.Context, _ bridge.Role, via bridge.Via) (time.Duration, bridge.CapReason) {
	if via == bridge.ViaAssumeRole && c.own.chained() {
		return chainedMax, bridge.CapChained
	}
	return 0, bridge.CapNone
}

// Exchange asks STS for credentials of one role: see bridge.STSExchanger.
func (c *Client) Exchange(ctx context.Context, req bridge.ExchangeRequest) (bridge.Credentials, error) {
	if err := checkLimits(req); err != nil {
		return bridge.Credentials{}, err
	}
	e, err := c.endpoint(req.Role)
	if err != nil {
		return bridge.Credentials{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Limits.Total)
	defer cancel()
	q := question{ExchangeRequest: req}
	if req.Via == bridge.ViaAssumeRole {
		// Asked for before a place is taken: a slow credential source must not fill up STS's places.
		if q.signer, err = c.own.get(ctx); err != nil {
			return bridge.Credentials{}, err
		}
		q.limit(c.own)
	}
	began := c.now()
	answer, err := c.ask(ctx, e, &q)
	if err != nil {
		return bridge.Credentials{}, err
	}
	return c.accept(q, answer, began)
}

// ask waits for a place at the endpoint and makes the call; where STS says that the caller is chained, which it alone
// knows for sure (facts 1.15), it asks once more for one hour and remembers.
func (c *Client) ask(ctx context.Context, e *endpoint, q *question) (answer, error) {
	leave, full, err := e.gate.enter(ctx)
	switch {
	case full:
		return answer{}, e.busy()
	case err != nil:
		return answer{}, contextFailure(ctx, "sts: waiting for a place at "+e.label)
	}
	defer leave()
	got, err := e.call(ctx, *q)
	if bridge.CodeOf(err) != bridge.CodeSTSChained || q.Via != bridge.ViaAssumeRole || q.Duration <= chainedMax {
		return got, err
	}
	c.own.learned.Store(true)
	c.log.InfoContext(ctx, "sts says that fedbridge's credentials are chained; sessions are limited to one hour",
		slog.String("role", q.Role.Key.String()))
	q.limit(c.own)
	return e.call(ctx, *q)
}

// endpoint gives the one client of a place, made at the first use and kept: making one costs more than a call.
func (c *Client) endpoint(role bridge.Role) (*endpoint, error) {
	p, err := c.config.place(role.ARN.Partition, role.Region)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.endpoints[p]; ok {
		return e, nil
	}
	e, err := newEndpoint(p, c.config, c.http)
	if err != nil {
		return nil, err
	}
	c.endpoints[p] = e
	return e, nil
}
