package awssts

import (
	"context"
	"crypto/x509"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedbridge/fedbridge/bridge"
)

// Config says how STS is asked. The zero Config asks AWS's own regional endpoints, in each partition's default region.
type Config struct {
	// Region is used where neither the role nor its partition names one, in the partition it belongs to.
	Region    string
	FIPS      bool // FIPS endpoints; not together with an endpoint
	DualStack bool // dual-stack endpoints; not together with an endpoint
	// Endpoint is asked instead of AWS's own, in every partition that has none of its own below. It beats
	// AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS, which are never read. https, except on loopback.
	Endpoint   string
	Partitions map[string]Partition // by the second field of an ARN

	// Credentials sign AssumeRole. Nil means the default chain of the SDK (environment, IRSA, profile, container,
	// instance), loaded when the first role needs it. With a value here, the machine's AWS environment is never looked at.
	Credentials *Credentials
	Limits      Limits
	RootCAs     *x509.CertPool // nil: the system's
	Log         *slog.Logger
	Now         func() time.Time
}

// Partition is what differs in one partition.
type Partition struct {
	Region   string
	Endpoint string
}

// Credentials are fedbridge's own, given in code.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey bridge.Secret
	SessionToken    bridge.Secret // set: AssumeRole is chained, and limited to one hour
}

// Limits bound what a slow or refusing STS can cost. A zero field means the default.
type Limits struct {
	InFlight int           // calls at once to one endpoint; default 128
	Waiting  int           // calls that wait for a place; the next fails at once; default 256
	Header   time.Duration // until the answer begins; default 3 s
	Attempt  time.Duration // for one attempt; default 5 s
	Total    time.Duration // for an exchange with its retry and its waiting; default 10 s
}

func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&l.Header, 3*time.Second)
	set(&l.Attempt, 5*time.Second)
	set(&l.Total, 10*time.Second)
	if l.InFlight <= 0 {
		l.InFlight = 128
	}
	if l.Waiting <= 0 {
		l.Waiting = 256
	}
	return l
}

// Check tells what is wrong with the configuration, everything at once, touching nothing. Paths are relative to aws.
func (c Config) Check() []bridge.Problem {
	var problems []bridge.Problem
	if c.Region != "" {
		if p, ok := bridge.PartitionOfRegion(c.Region); !ok || !p.HasRegion(c.Region) {
			problems = append(problems, bridge.Problemf("region", "%q is not an AWS region: write one such as eu-west-1", c.Region))
		}
	}
	problems = append(problems, c.checkEndpoint("endpoints.sts", c.Endpoint)...)
	for _, id := range slices.Sorted(maps.Keys(c.Partitions)) {
		problems = append(problems, c.checkPartition("partitions."+id, id)...)
	}
	return problems
}

func (c Config) checkPartition(path, id string) []bridge.Problem {
	partition, ok := bridge.PartitionByID(id)
	if !ok {
		return []bridge.Problem{bridge.Problemf(path, "%q is not a partition: aws, aws-us-gov, aws-cn or aws-eusc", id)}
	}
	var problems []bridge.Problem
	if region := c.Partitions[id].Region; region != "" && !partition.HasRegion(region) {
		problems = append(problems, bridge.Problemf(path+".region", "%q is not a region of %s: write one such as %s",
			region, id, partition.DefaultRegion))
	}
	return append(problems, c.checkEndpoint(path+".endpoints.sts", c.Partitions[id].Endpoint)...)
}

// checkEndpoint: a relayed proof is as good as a password, so it leaves over TLS or not at all (threat A22).
func (c Config) checkEndpoint(path, endpoint string) []bridge.Problem {
	if endpoint == "" {
		return nil
	}
	var problems []bridge.Problem
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "": // not repeated: it may hold a password
		problems = append(problems, bridge.Problemf(path, "is not the URL of an endpoint, without user and query: write one such as https://sts.eu-west-1.amazonaws.com"))
	case u.Scheme != "https" && (u.Scheme != "http" || !bridge.IsLoopback(u.Hostname())):
		problems = append(problems, bridge.Problemf(path, "%q is not https, and plain http is for loopback only: proofs and credentials pass there", endpoint))
	}
	// The SDK refuses the combination at the first call; better here, where somebody reads it.
	if c.FIPS || c.DualStack {
		problems = append(problems, bridge.Problemf(path, "an endpoint of your own can't be combined with fips or dual_stack: write the FIPS or dual-stack URL as the endpoint, or leave the endpoint out"))
	}
	return problems
}

// place is where one question to STS goes.
type place struct {
	partition string
	region    string
	override  string // an endpoint of the operator's own; "" for AWS's
}

// place finds region and endpoint for a partition: the role's own region, the partition's, the general one if it
// belongs to this partition, the partition's default. Regions never cross partitions (threat A16).
func (c Config) place(partitionID, roleRegion string) (place, error) {
	partition, ok := bridge.PartitionByID(partitionID)
	if !ok {
		return place{}, bridge.FailWith(bridge.CodeRegion, partitionID, nil)
	}
	own := c.Partitions[partitionID]
	p := place{partition: partitionID, region: partition.DefaultRegion, override: c.Endpoint}
	if own.Endpoint != "" {
		p.override = own.Endpoint
	}
	switch {
	case roleRegion != "":
		p.region = roleRegion
	case own.Region != "":
		p.region = own.Region
	case partition.HasRegion(c.Region):
		p.region = c.Region
	}
	if !partition.HasRegion(p.region) {
		return place{}, bridge.FailWith(bridge.CodeRegion, p.region, nil)
	}
	return p, nil
}

// resolve gives the URL that the SDK will call, by the SDK's own rules.
func (p place) resolve(fips, dualStack bool) (*url.URL, error) {
	params := sts.EndpointParameters{
		Region: aws.String(p.region), UseFIPS: aws.Bool(fips), UseDualStack: aws.Bool(dualStack),
		UseGlobalEndpoint: aws.Bool(false), // always regional: tokens of the global endpoint don't work everywhere
	}
	if p.override != "" {
		params.Endpoint = aws.String(p.override)
	}
	endpoint, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), params)
	if err != nil {
		return nil, err
	}
	return &endpoint.URI, nil
}
