package ststest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigTime      = "20060102T150405Z"
)

// credential is the parsed Authorization header (aws-facts 7.1).
type credential struct {
	keyID, day, region, service, terminal string
	signedHeaders                         []string
	signature                             string
}

// authenticate verifies the SigV4 signature of a call and tells who signed it.
func (c *call) authenticate() (*caller, error) {
	header := c.http.Header.Get("Authorization")
	if header == "" {
		return nil, errMissingToken()
	}
	cred, err := parseCredential(header)
	if err != nil {
		return nil, err
	}
	stamp := c.http.Header.Get("X-Amz-Date")
	signedAt, timeErr := time.Parse(sigTime, stamp)
	if timeErr != nil {
		return nil, errIncomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
			"(Hashed with SHA-256 and encoded with Base64) Authorization="+cred.keyID)
	}
	if err := c.checkScope(cred, signedAt); err != nil {
		return nil, err
	}
	who, secret, err := c.aws.lookup(cred.keyID, c.http.Header.Get("X-Amz-Security-Token"))
	if err != nil {
		return nil, err
	}
	if partition, _ := bridge.PartitionByID(who.partition()); c.api.global && cred.region != partition.DefaultRegion {
		return nil, errSignature("Credential should be scoped to a valid region.")
	}
	want := cred.sign(secret, stamp, c.canonical(cred.signedHeaders))
	if !hmac.Equal([]byte(want), []byte(cred.signature)) {
		return nil, errSignature(signatureAdvice)
	}
	if who.session != nil && !who.session.expires.After(c.aws.options.Now()) {
		return nil, errExpiredToken()
	}
	return who, nil
}

func parseCredential(header string) (credential, error) {
	algorithm, rest, _ := strings.Cut(header, " ")
	if algorithm != sigAlgorithm {
		return credential{}, errIncomplete("Unsupported AWS 'algorithm': '"+algorithm+"'.", "Authorization header is not of the form "+sigAlgorithm+".")
	}
	part := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		part[name] = value
	}
	var missing []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if part[name] == "" {
			missing = append(missing, "Authorization header requires '"+name+"' parameter.")
		}
	}
	if missing != nil {
		return credential{}, errIncomplete(missing...)
	}
	scope := strings.Split(part["Credential"], "/")
	if len(scope) != 5 {
		return credential{}, errIncomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + part["Credential"] + "'")
	}
	return credential{
		keyID: scope[0], day: scope[1], region: scope[2], service: scope[3], terminal: scope[4],
		signedHeaders: strings.Split(part["SignedHeaders"], ";"), signature: part["Signature"],
	}, nil
}

// checkScope compares what was signed for, and when, with this endpoint and its clock.
func (c *call) checkScope(cred credential, signedAt time.Time) error {
	switch {
	case cred.region != c.aws.options.Region && !c.api.global:
		return errSignature("Credential should be scoped to a valid region.")
	case cred.service != c.api.service:
		return errSignature("Credential should be scoped to correct service: '" + c.api.service + "'.")
	case cred.terminal != "aws4_request":
		return errSignature("Credential should be scoped with a valid terminator: 'aws4_request', not '" + cred.terminal + "'.")
	case cred.day != signedAt.Format("20060102"):
		return errSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			cred.day + "' != '" + signedAt.Format("20060102") + "'.")
	}
	// What protects the call must be signed: the host, and every x-amz- header that is there.
	if !slices.Contains(cred.signedHeaders, "host") || !slices.IsSorted(cred.signedHeaders) {
		return errSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range c.http.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(cred.signedHeaders, name) {
			return errSignature("There were headers present in the request which were not signed: " + name)
		}
	}
	now := c.aws.options.Now().UTC()
	switch age := now.Sub(signedAt); {
	case age > 15*time.Minute || age < -15*time.Minute:
		return errRequestExpired()
	case age > 5*time.Minute:
		return errSignature("Signature expired: " + signedAt.Format(sigTime) + " is now earlier than " +
			now.Add(-5*time.Minute).Format(sigTime) + " (" + now.Format(sigTime) + " - 5 min.)")
	case age < -5*time.Minute:
		return errSignature("Signature not yet current: " + signedAt.Format(sigTime) + " is still later than " +
			now.Add(5*time.Minute).Format(sigTime) + " (" + now.Format(sigTime) + " + 5 min.)")
	}
	return nil
}

// canonical is the canonical request of Signature Version 4.
func (c *call) canonical(signedHeaders []string) string {
	var b strings.Builder
	b.WriteString(c.http.Method + "\n/\n" + canonicalQuery(c.http.URL.Query()) + "\n")
	for _, name := range signedHeaders {
		b.WriteString(name + ":" + headerValue(c.http, name) + "\n")
	}
	sum := sha256.Sum256(c.body)
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + hex.EncodeToString(sum[:]))
	return b.String()
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return itoa(int(r.ContentLength))
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// sign computes the signature that the holder of the secret would have made.
func (cred credential) sign(secret, stamp, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{cred.day, cred.region, cred.service, cred.terminal}, "/")
	key := []byte("AWS4" + secret)
	for _, part := range []string{cred.day, cred.region, cred.service, cred.terminal} {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, sigAlgorithm+"\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
