package main

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fedbridge/fedbridge/config"
)

// certificate is the server's certificate, which can be read anew while the server runs.
type certificate struct {
	from    config.TLS
	current atomic.Pointer[tls.Certificate]
}

func openCertificate(from config.TLS) (*certificate, error) {
	c := &certificate{from: from}
	return c, c.reload()
}

// reload reads the files. The old certificate stays in use when that fails.
func (c *certificate) reload() error {
	cert, err := tls.LoadX509KeyPair(strings.TrimPrefix(c.from.Certificate, "file:"), strings.TrimPrefix(c.from.Key, "file:"))
	if err != nil {
		return fmt.Errorf("server.tls: %w", err)
	}
	c.current.Store(&cert)
	return nil
}

// unfit tells whether browsers would refuse the certificate for its dates or its names. host is that of server.url.
func (c *certificate) unfit(host string, now time.Time) error {
	leaf := c.current.Load().Leaf
	switch {
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("server.tls: the certificate is not valid before %s", leaf.NotBefore.Format(time.RFC3339))
	case now.After(leaf.NotAfter):
		return fmt.Errorf("server.tls: the certificate expired at %s", leaf.NotAfter.Format(time.RFC3339))
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return fmt.Errorf("server.tls: the certificate isn't for server.url: %w", err)
	}
	return nil
}

// config is TLS 1.2 and newer (threat W24).
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
		NextProtos:     []string{"h2", "http/1.1"},
	}
}
