package awssts

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedbridge/fedbridge/bridge"
)

// endpoint is STS in one place: its client, its places, and how it fared last.
type endpoint struct {
	label  string // its host, for logs and readiness
	region string
	url    *url.URL
	client *sts.Client // without credentials: a call is signed only where it brings a signer
	gate   *gate
	limits Limits
	now    func() time.Time

	mu   sync.Mutex
	last EndpointStatus
}

func newEndpoint(p place, c Config, client *http.Client) (*endpoint, error) {
	resolved, err := p.resolve(c.FIPS, c.DualStack)
	if err != nil {
		return nil, bridge.FailWith(bridge.CodeRegion, p.region, fmt.Errorf("sts: endpoint of %s: %w", p.region, err))
	}
	options := sts.Options{
		Region: p.region, HTTPClient: client,
		// We retry ourselves: the SDK would try three times with up to twenty seconds in between.
		Retryer: aws.NopRetryer{},
		AppID:   "fedbridge",
	}
	if p.override != "" {
		options.BaseEndpoint = aws.String(p.override)
	}
	if c.FIPS {
		options.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
	}
	if c.DualStack {
		options.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	return &endpoint{
		label: resolved.Host, region: p.region, url: resolved, client: sts.New(options), gate: newGate(c.Limits),
		limits: c.Limits, now: c.Now, last: EndpointStatus{Endpoint: resolved.Host},
	}, nil
}

// call makes one attempt, and at most one more where that may help.
func (e *endpoint) call(ctx context.Context, q question) (answer, error) {
	got, failure := e.attempt(ctx, q)
	if failure != nil && failure.again && ctx.Err() == nil && e.gate.mayRetry() {
		// A jittered pause: those who were throttled together don't come back together.
		if !pause(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond)) {
			return answer{}, contextFailure(ctx, "sts: pausing before a second attempt")
		}
		got, failure = e.attempt(ctx, q)
	}
	if failure != nil {
		return answer{}, failure.err
	}
	e.gate.succeeded()
	return got, nil
}

func (e *endpoint) attempt(ctx context.Context, q question) (answer, *failure) {
	attempt, cancel := context.WithTimeout(ctx, e.limits.Attempt)
	defer cancel()
	got, err := q.send(attempt, e.client)
	if err == nil {
		e.note(nil)
		return got, nil
	}
	f := translate(ctx, e.label, q, err)
	e.note(f.err)
	return answer{}, f
}

// note remembers how the endpoint fared, for readiness. A refusal is an answer: STS is there.
func (e *endpoint) note(err *bridge.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch code := bridge.CodeOf(asError(err)); code {
	case bridge.CodeClientGone: // says nothing about STS
	case bridge.CodeSTSDown, bridge.CodeSTSThrottled:
		e.last.Code, e.last.Failed = code, e.now()
	default:
		e.last.Code, e.last.Answered = "", e.now()
	}
}

// busy is the answer to those who find every place taken and nowhere to wait.
func (e *endpoint) busy() error {
	cause := fmt.Errorf("sts: %s: %d calls under way and %d waiting", e.label, e.limits.InFlight, e.limits.Waiting)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last.Code == bridge.CodeSTSDown {
		return bridge.Fail(bridge.CodeSTSDown, cause)
	}
	return bridge.Fail(bridge.CodeSTSThrottled, cause)
}

func asError(err *bridge.Error) error {
	if err == nil {
		return nil
	}
	return err
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
