package bridge

import "strings"

// Partition is one of AWS's separate worlds: credentials, providers and roles never cross from one to another.
type Partition struct {
	ID            string   // the second field of an ARN
	DefaultRegion string   // used where none is configured
	HomeRegion    string   // the region whose sign-in host has no prefix; "" if every host has one
	prefixes      []string // of region names
	DNSSuffix     string   // of service endpoints: sts.REGION.SUFFIX
	DualStack     string   // the same for IPv4 and IPv6; "" if there is none
	SignInHost    string   // federation endpoint and SAML
	ConsoleHost   string   // https://CONSOLE/…, https://REGION.CONSOLE/…
	SAMLAudience  string   // what AWS calls itself in a SAML response; "" where it is not public
}

var partitions = []Partition{
	{
		ID: "aws", DefaultRegion: "us-east-1", HomeRegion: "us-east-1",
		prefixes:  []string{"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"},
		DNSSuffix: "amazonaws.com", DualStack: "api.aws",
		SignInHost: "signin.aws.amazon.com", ConsoleHost: "console.aws.amazon.com",
		SAMLAudience: "urn:amazon:webservices",
	},
	{
		ID: "aws-us-gov", DefaultRegion: "us-gov-west-1", HomeRegion: "us-gov-west-1",
		prefixes:  []string{"us-gov-"},
		DNSSuffix: "amazonaws.com", DualStack: "api.aws",
		SignInHost: "signin.amazonaws-us-gov.com", ConsoleHost: "console.amazonaws-us-gov.com",
		SAMLAudience: "urn:amazon:webservices:govcloud",
	},
	{
		ID: "aws-cn", DefaultRegion: "cn-north-1", HomeRegion: "cn-north-1",
		prefixes:  []string{"cn-"},
		DNSSuffix: "amazonaws.com.cn", DualStack: "api.amazonwebservices.com.cn",
		SignInHost: "signin.amazonaws.cn", ConsoleHost: "console.amazonaws.cn",
		SAMLAudience: "urn:amazon:webservices:cn-north-1",
	},
	{
		ID: "aws-eusc", DefaultRegion: "eusc-de-east-1",
		prefixes:  []string{"eusc-de-"},
		DNSSuffix: "amazonaws.eu", DualStack: "api.amazonwebservices.eu",
		SignInHost: "signin.amazonaws-eusc.eu", ConsoleHost: "console.amazonaws-eusc.eu",
	},
}

// PartitionByID finds a partition by the second field of an ARN. Partitions whose console is not public (aws-iso and
// its kin) are not known.
func PartitionByID(id string) (Partition, bool) {
	for _, p := range partitions {
		if p.ID == id {
			return p, true
		}
	}
	return Partition{}, false
}

// PartitionOfRegion finds the partition that a region belongs to, by its prefix; the longest prefix wins.
func PartitionOfRegion(region string) (Partition, bool) {
	var found Partition
	longest := 0
	for _, p := range partitions {
		for _, prefix := range p.prefixes {
			if len(prefix) > longest && strings.HasPrefix(region, prefix) {
				found, longest = p, len(prefix)
			}
		}
	}
	return found, longest > 0
}

// HasRegion tells whether the region's name belongs to this partition.
func (p Partition) HasRegion(region string) bool {
	of, ok := PartitionOfRegion(region)
	return ok && of.ID == p.ID && regionName.MatchString(region)
}
