package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

func (a AWS) check(url string, providers int) []bridge.Problem {
	problems := a.sts().Check()
	// What both find wrong is said once; the issuer is server.url, which is checked where it stands.
	for _, p := range a.console(url).Check() {
		if p.Path != "" && !slices.ContainsFunc(problems, func(q bridge.Problem) bool { return q.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	problems = append(problems, checkIAM("endpoints.iam", a.Endpoints.IAM)...)
	for _, id := range slices.Sorted(maps.Keys(a.Partitions)) {
		problems = append(problems, checkIAM("partitions."+id+".endpoints.iam", a.Partitions[id].Endpoints.IAM)...)
	}
	if _, err := bridge.ParseRoleARN(strings.ReplaceAll(a.ReadRole, "{account}", "000000000000")); err != nil && a.ReadRole != "" {
		problems = append(problems, bridge.Problemf("read_role", "%q is not the ARN of a role: write arn:aws:iam::{account}:role/NAME", a.ReadRole))
	}
	switch {
	case a.SessionName == "" || a.SessionName == "hashed":
	case a.SessionName != "exact":
		problems = append(problems, bridge.Problemf("session_name", "%q: write hashed or exact", a.SessionName))
	case providers > 1:
		problems = append(problems, bridge.Problemf("session_name", "exact is for a single provider only: with several, two people could share a name"))
	}
	return problems
}

// checkIAM: what is read there says whom AWS trusts, and the question is signed.
func checkIAM(path, endpoint string) []bridge.Problem {
	u, err := url.Parse(endpoint)
	switch {
	case endpoint == "":
		return nil
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "": // not repeated: it may hold a password
		return []bridge.Problem{bridge.Problemf(path, "is not the URL of an endpoint, without user and query: write one such as https://iam.amazonaws.com")}
	case u.Scheme != "https" && (u.Scheme != "http" || !bridge.IsLoopback(u.Hostname())):
		return []bridge.Problem{bridge.Problemf(path, "%q: write https; http is for loopback only", endpoint)}
	}
	return nil
}

// console is the part of the settings that console links are made with.
func (a AWS) console(url string) awsconsole.Config {
	c := awsconsole.Config{
		Issuer: url, Region: a.RegionOrDefault(), SignIn: a.Endpoints.SignIn, Console: a.Endpoints.Console,
		Partitions: map[string]awsconsole.Partition{},
	}
	for id, p := range a.Partitions {
		c.Partitions[id] = awsconsole.Partition{Region: p.Region, SignIn: p.Endpoints.SignIn, Console: p.Endpoints.Console}
	}
	return c
}

// sts is the part of the settings that STS is asked with.
func (a AWS) sts() awssts.Config {
	c := awssts.Config{
		Region: a.RegionOrDefault(), FIPS: a.FIPS, DualStack: a.DualStack, Endpoint: a.Endpoints.STS,
		Partitions: map[string]awssts.Partition{},
	}
	for id, p := range a.Partitions {
		c.Partitions[id] = awssts.Partition{Region: p.Region, Endpoint: p.Endpoints.STS}
	}
	return c
}

// RegionOrDefault is the region where none is named.
func (a AWS) RegionOrDefault() string {
	if a.Region == "" {
		return DefaultRegion
	}
	return a.Region
}
