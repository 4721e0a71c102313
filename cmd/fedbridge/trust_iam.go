package main

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsiam"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
)

// iamConfig is the part of the configuration that IAM is read with.
func iamConfig(file *config.File, own *awssts.Credentials) awsiam.Config {
	a := file.AWS
	c := awsiam.Config{
		Region: a.Region, FIPS: a.FIPS, DualStack: a.DualStack, Endpoint: a.Endpoints.IAM, STSEndpoint: a.Endpoints.STS,
		ReadRole: a.ReadRole, Partitions: map[string]awsiam.Partition{}, Profiles: map[string]string{},
	}
	for id, p := range a.Partitions {
		c.Partitions[id] = awsiam.Partition{Region: p.Region, Endpoint: p.Endpoints.IAM, STSEndpoint: p.Endpoints.STS}
	}
	if own != nil {
		c.Credentials = &awsiam.Credentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: own.SecretAccessKey, SessionToken: own.SessionToken}
	}
	return c
}

// iamSource is what accounts hold, from IAM. Roles share providers, so each is read once.
type iamSource struct {
	reader *awsiam.Reader

	mu   sync.Mutex
	oidc map[string]func() trust.FoundOIDC
	saml map[string]func() trust.FoundSAML
	role map[string]func() trust.FoundRole
}

func newIAMSource(reader *awsiam.Reader) *iamSource {
	return &iamSource{
		reader: reader, oidc: map[string]func() trust.FoundOIDC{}, saml: map[string]func() trust.FoundSAML{},
		role: map[string]func() trust.FoundRole{},
	}
}

// once gives the one reading of a thing. The first who asks reads it, and others wait for that.
func once[T any](s *iamSource, all map[string]func() T, key string, read func() T) T {
	s.mu.Lock()
	get, ok := all[key]
	if !ok {
		get = sync.OnceValue(read)
		all[key] = get
	}
	s.mu.Unlock()
	return get()
}

// Found implements trustSource.
func (s *iamSource) Found(ctx context.Context, n trust.Need) trust.Found {
	f := trust.Found{Role: once(s, s.role, n.Role.ARN.String(), func() trust.FoundRole { return s.readRole(ctx, n.Role.ARN) })}
	provider := n.ProviderARN()
	switch {
	case strings.Contains(provider, ":saml-provider/"):
		f.SAML = once(s, s.saml, provider, func() trust.FoundSAML { return s.readSAML(ctx, provider) })
	case provider != "":
		f.OIDC = once(s, s.oidc, provider, func() trust.FoundOIDC { return s.readOIDC(ctx, provider) })
	}
	return f
}

func (s *iamSource) readRole(ctx context.Context, arn bridge.RoleARN) trust.FoundRole {
	got, err := s.reader.Role(ctx, arn)
	reading, why := readingOf(err)
	return trust.FoundRole{Reading: reading, Why: why, TrustPolicy: got.TrustPolicy, MaxSession: got.MaxSession}
}

func (s *iamSource) readOIDC(ctx context.Context, arn string) trust.FoundOIDC {
	got, err := s.reader.OIDCProvider(ctx, arn)
	reading, why := readingOf(err)
	return trust.FoundOIDC{Reading: reading, Why: why, URL: got.URL, ClientIDs: got.ClientIDs}
}

func (s *iamSource) readSAML(ctx context.Context, text string) trust.FoundSAML {
	arn, err := bridge.ParseSAMLProviderARN(text)
	if err != nil {
		return trust.FoundSAML{Reading: trust.Unreadable, Why: err.Error()}
	}
	got, err := s.reader.SAMLProvider(ctx, arn)
	reading, why := readingOf(err)
	return trust.FoundSAML{
		Reading: reading, Why: why, Metadata: got.Metadata, ValidUntil: got.ValidUntil, EncryptionMode: got.EncryptionMode,
		UUID: got.UUID, PrivateKeys: got.PrivateKeys,
	}
}

func readingOf(err error) (trust.Reading, string) {
	switch {
	case err == nil:
		return trust.Read, ""
	case errors.Is(err, awsiam.ErrMissing):
		if other, ok := errors.AsType[*awsiam.OtherARN](err); ok {
			return trust.Missing, other.Error()
		}
		return trust.Missing, ""
	}
	return trust.Unreadable, err.Error()
}
