package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

var (
	issuerPath     = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)
	issuerAudience = regexp.MustCompile(`^[A-Za-z0-9_.:/=+@-]+$`)
	samlProvider   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	samlProviderID = regexp.MustCompile(`^[A-Z0-9]{1,64}$`)
)

// checkIssuer adds what the keys' own check finds, where nothing was found yet.
func (f *File) checkIssuer() []bridge.Problem {
	if f.Issuer == nil {
		return nil
	}
	problems := f.Issuer.check(f.AWS)
	for _, p := range f.ring(Outside{}, nil, struct{ mint.KMS }{}, nil).Check() {
		said := func(q bridge.Problem) bool { return q.Path == p.Path || strings.HasPrefix(q.Path, p.Path+"[") }
		if p.Path != "" && !slices.ContainsFunc(problems, said) {
			problems = append(problems, p)
		}
	}
	return within("issuer", problems)
}

// check holds the issuer against what IAM and STS take (IAM API, CreateOpenIDConnectProvider and CreateSAMLProvider).
func (i Issuer) check(aws AWS) []bridge.Problem {
	var problems []bridge.Problem
	add := func(path, fault string) {
		if fault != "" {
			problems = append(problems, bridge.Problemf(path, "%s", fault))
		}
	}
	add("url", checkIssuerURL(i.URL, aws.loopbackSTS()))
	problems = append(problems, i.Keys.check("keys")...)
	problems = append(problems, i.SAMLKeys.check("saml_keys")...)
	for at, spec := range i.SAMLKeys {
		if strings.HasPrefix(spec, "kms:") && slices.Contains(i.Keys, spec) {
			add(keyAt("saml_keys", i.SAMLKeys, at), "signs ID tokens already (keys): a key has one use")
		}
	}
	switch i.Algorithm {
	case "", "ES256", "RS256":
	default:
		add("algorithm", strconv.Quote(i.Algorithm)+": write ES256 or RS256"+meant(i.Algorithm, "ES256", "RS256"))
	}
	add("audience", checkAudience(i.AudienceOrDefault()))
	if name := i.SAMLProviderOrDefault(); !samlProvider.MatchString(name) {
		add("saml_provider", strconv.Quote(name)+": write the name alone, 1 to 128 of A-Z a-z 0-9 _ . -, not the ARN")
	}
	return append(problems, i.checkTimes()...)
}

func (i Issuer) checkTimes() []bridge.Problem {
	const shortest, longest, ahead = time.Hour, 365 * 24 * time.Hour, 7 * 24 * time.Hour
	var problems []bridge.Problem
	rotate, publish := i.RotateOrNever(), i.PublishAheadOrDefault()
	inRange := rotate >= shortest && rotate <= longest
	if rotate != 0 && !inRange {
		problems = append(problems, bridge.Problemf("rotate", "%s: write from 1h to 8760h, or never", shortly(rotate)))
	}
	switch {
	case publish > ahead:
		problems = append(problems, bridge.Problemf("publish_ahead", "%s: write from 0s to 168h", shortly(publish)))
	case inRange && publish >= rotate:
		problems = append(problems, bridge.Problemf("publish_ahead", "%s: write less than rotate, which is %s", shortly(publish), shortly(rotate)))
	}
	return problems
}

// checkIssuerURL: IAM compares the text of iss with the provider's URL, which it takes without port and query; a slash at
// the end, or another case, is another issuer. loopback lets in what only a demo or a test can reach.
func checkIssuerURL(text string, loopback bool) string {
	const form = "write it as IAM takes it, https://HOST or https://HOST/PATH: https://bridge.example.com"
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.ContainsAny(text, "#%") {
		return "is not the address of an issuer, without user, query and fragment: " + form // not repeated: it may hold a password
	}
	quoted, local := strconv.Quote(text), bridge.IsLoopback(u.Hostname())
	switch {
	case len(text) > 255:
		return "has " + strconv.Itoa(len(text)) + " characters: IAM takes 255 at most"
	case u.Scheme != "https" && (u.Scheme != "http" || !local):
		return quoted + ": " + form
	case local && !loopback:
		return quoted + ": AWS can't reach loopback: it is for an STS on loopback, named in aws.endpoints.sts; " + form
	case strings.HasSuffix(u.Path, "/"):
		return quoted + ": leave out the slash at the end: with it, it is another issuer for AWS"
	case u.Scheme+"://"+u.Host != strings.ToLower(u.Scheme+"://"+u.Host) || !strings.HasPrefix(text, u.Scheme+":"):
		return quoted + ": write scheme and host in lower case"
	case !asciiHost(u.Hostname()):
		return quoted + ": write the host as in DNS: letters, digits, hyphens and dots; other letters in their xn-- form"
	case !local && strings.Contains(u.Host, ":"):
		return quoted + ": IAM takes no port: let the issuer be reached at port 443, or publish what `fedbridge issuer export` writes at another address"
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !validPort(u.Port(), 1):
		return quoted + ": a port is a number from 1 to 65535"
	case !issuerPath.MatchString(u.Path) || slices.Contains(strings.Split(u.Path, "/"), "..") || slices.Contains(strings.Split(u.Path, "/"), "."):
		return quoted + ": a path has parts of A-Z a-z 0-9 - . _ ~, none of them . or .."
	}
	return ""
}

// loopbackSTS tells whether every STS that is named is on loopback: nothing that AWS trusts is then at stake.
func (a AWS) loopbackSTS() bool {
	endpoints := []string{a.Endpoints.STS}
	for _, p := range a.Partitions {
		if p.Endpoints.STS != "" {
			endpoints = append(endpoints, p.Endpoints.STS)
		}
	}
	for _, endpoint := range endpoints {
		if u, err := url.Parse(endpoint); err != nil || !bridge.IsLoopback(u.Hostname()) {
			return false
		}
	}
	return true
}

// checkAudience: it becomes a client id in IAM and a value in trust policies, where ${ and wildcards mean something.
func checkAudience(text string) string {
	filled := strings.ReplaceAll(text, "{account}", "123456789012")
	switch {
	case strings.ContainsAny(filled, "{}"):
		return strconv.Quote(text) + ": {account} is the only thing that is filled in"
	case !issuerAudience.MatchString(filled):
		return strconv.Quote(text) + ": write A-Z a-z 0-9 _ . : / = + @ - only"
	case len(filled) > 255:
		return "has " + strconv.Itoa(len(filled)) + " characters once {account} is filled in: IAM takes 255 at most"
	}
	return ""
}

func (e SAMLEncryption) check() []bridge.Problem {
	var problems []bridge.Problem
	if fault := checkPEM(e.Certificate); fault != "" {
		problems = append(problems, bridge.Problemf("certificate", "%s", fault))
	}
	if !samlProviderID.MatchString(e.ProviderID) {
		problems = append(problems, bridge.Problemf("provider_id", "%q: write the provider's SAMLProviderUUID as GetSAMLProvider tells it, capital letters and digits", e.ProviderID))
	}
	return problems
}

// checkOperators: who operates sees what is wrong in every account, so that nobody is meant by mistake.
func (f *File) checkOperators(unread bool) []bridge.Problem {
	var names []string
	for _, p := range f.Providers {
		if p.Opener != nil {
			names = append(names, p.Common.Name)
		}
	}
	var problems []bridge.Problem
	for i, o := range f.Operators {
		path := index("operators", i)
		if o.Provider != "" && !slices.Contains(names, o.Provider) && !unread {
			problems = append(problems, bridge.Problemf(path+".provider", "no provider is called %q%s", o.Provider, meant(o.Provider, names...)))
		}
		for j, group := range o.Groups {
			if slices.Index(o.Groups, group) < j {
				problems = append(problems, bridge.Problemf(index(path+".groups", j), "%q is written twice", group))
			}
		}
	}
	return problems
}

// meant ends a sentence about an unknown word with the nearest known one, where one is near enough.
func meant(word string, known ...string) string {
	if near, ok := nearest(word, known); ok {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}
