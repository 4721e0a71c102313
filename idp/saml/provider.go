package saml

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// provider is one SAML identity provider in use. It is safe for concurrent use.
type provider struct {
	config    Config
	terms     terms
	entityID  string // ours
	source    *source
	signing   *keyPair // nil: requests aren't signed
	decrypter *decrypter
	encrypt   *keyPair // what the decrypter's metadata shows
	sha1Until time.Time
	replay    idp.ReplayGuard
	audit     bridge.AuditLog
	log       *slog.Logger
	now       func() time.Time
	warned    struct { // when the log last told of a certificate's end
		sync.Mutex
		last time.Time
	}
	// slots bound how many answers are read at once, and with that the memory that strangers can make us use.
	slots chan struct{}
}

var (
	_ idp.Opener              = (*Config)(nil)
	_ idp.IdentityProvider    = (*provider)(nil)
	_ idp.Refresher           = (*provider)(nil)
	_ idp.MetadataPublisher   = (*provider)(nil)
	_ idp.UnsolicitedFinisher = (*provider)(nil)
	_ idp.UnverifiedReader    = (*Config)(nil)
)

// Open reads keys and files and makes the provider. Metadata by URL is fetched when it is first needed.
func (c *Config) Open(deps idp.Deps) (idp.IdentityProvider, error) {
	if problems := c.Check(); len(problems) > 0 {
		return nil, fmt.Errorf("saml: %s: %s", c.Name, problems[0])
	}
	if deps.BaseURL == "" || deps.Replay == nil {
		return nil, fmt.Errorf("saml: %s: base URL and replay guard are needed", c.Name)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	p, err := c.open(deps)
	if err != nil {
		return nil, fmt.Errorf("saml: %s: %w", c.Name, err)
	}
	return p, nil
}

func (c *Config) open(deps idp.Deps) (*provider, error) {
	base := strings.TrimSuffix(deps.BaseURL, "/") + "/saml/" + c.Name
	p := &provider{
		config: *c, entityID: c.EntityID, replay: deps.Replay, audit: deps.Audit, now: deps.Now,
		log:   deps.Log.With(slog.String("provider", c.Name)),
		slots: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0))),
	}
	if p.entityID == "" {
		p.entityID = base + "/metadata"
	}
	p.terms = terms{
		acs: base + "/acs", audiences: append([]string{p.entityID}, c.Audiences...), contexts: c.AuthnContext,
		maxValidity: c.MaxValidity, subject: c.Subject.Attribute,
	}
	if p.terms.maxValidity == 0 {
		p.terms.maxValidity = defaultMaxValidity
	}
	if err := p.openKeys(); err != nil {
		return nil, err
	}
	if err := p.openException(); err != nil {
		return nil, err
	}
	return p, p.openSource(deps)
}

func (p *provider) openKeys() (err error) {
	c := p.config
	if !c.Signing.isZero() {
		if p.signing, err = openPair(c.Signing.Key, c.Signing.Certificate); err != nil {
			return fmt.Errorf("signing.%w", err)
		}
	}
	p.decrypter, p.encrypt, err = c.openDecrypter()
	return err
}

// openDecrypter reads the key for encrypted assertions; both results are nil where decryption isn't configured.
func (c *Config) openDecrypter() (*decrypter, *keyPair, error) {
	if c.Decryption.isZero() {
		return nil, nil, nil
	}
	pair, err := openPair(c.Decryption.Key, c.Decryption.Certificate)
	if err != nil {
		return nil, nil, fmt.Errorf("decryption.%w", err)
	}
	d := &decrypter{key: pair.key, cbc: c.Decryption.AllowCBC, digests: c.Decryption.OAEPDigests}
	if d.digests == nil {
		d.digests = []string{"sha1"}
	}
	return d, pair, nil
}

// openException reads the end of the SHA-1 exception. An end that nobody will live to see is none (threat S18).
func (p *provider) openException() error {
	if p.config.AllowSHA1Until == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, p.config.AllowSHA1Until)
	if err != nil {
		return fmt.Errorf("allow_sha1_until: %w", err)
	}
	if day.After(p.now().AddDate(2, 0, 0)) {
		return fmt.Errorf("allow_sha1_until: %s is more than two years ahead", p.config.AllowSHA1Until)
	}
	p.sha1Until = day.AddDate(0, 0, 1)
	return nil
}

func (p *provider) openSource(deps idp.Deps) error {
	pinned, err := readPins(p.config.Certificates)
	if err != nil {
		return err
	}
	p.source = &source{
		wanted: p.config.IdPEntityID, pins: pinned, client: newClient(deps.Transport), now: p.now, log: p.log,
		adopt: p.adopt,
	}
	path, isFile := strings.CutPrefix(p.config.Metadata, "file:")
	if !isFile {
		p.source.url = p.config.Metadata
		return nil
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	return p.source.take(context.Background(), document)
}

// Info implements idp.IdentityProvider.
func (p *provider) Info() idp.Info {
	info := idp.Info{
		Name: p.config.Name, Kind: idp.KindSAML, Label: p.config.DisplayLabel(), Domains: p.config.Domains, CrossSite: true,
	}
	if held, _ := p.source.latest(); held != nil {
		if binding, location, err := p.endpoint(held); err == nil && binding == bindingPOST {
			if u, err := url.Parse(location); err == nil {
				info.FormHosts = []string{u.Scheme + "://" + u.Host}
			}
		}
	}
	return info
}

// endpoint chooses binding and address for requests.
func (p *provider) endpoint(s *snapshot) (binding, location string, err error) {
	choice := []string{bindingRedirect, bindingPOST}
	switch p.config.Binding {
	case "redirect":
		choice = choice[:1]
	case "post":
		choice = choice[1:]
	}
	for _, binding := range choice {
		if location := s.sso[binding]; location != "" {
			return binding, location, nil
		}
	}
	return "", "", configFault("the metadata names no sign-in address for binding %s", p.config.Binding)
}

// rules are what this moment admits in signatures.
func (p *provider) rules(now time.Time) signatureRules {
	return signatureRules{sha1: now.Before(p.sha1Until), inclusive: p.config.AllowInclusiveC14N}
}
