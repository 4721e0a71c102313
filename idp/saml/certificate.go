package saml

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	crewjam "github.com/crewjam/saml"
)

// certificate is a key of the provider that we trust. Of the certificate only key and dates count: no chain is built, no
// name compared (SAML Metadata Interoperability Profile §2.5).
type certificate struct {
	*x509.Certificate
	fingerprint string
}

// fingerprint is the lower-case hex SHA-256 of the certificate.
func fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// signingCertificates are those for signatures: `use` absent serves both (SAML Metadata §2.4.1.1). Of a KeyInfo the first
// certificate is the key; what may follow is its chain, whose keys sign no responses.
func signingCertificates(role *crewjam.IDPSSODescriptor, log *slog.Logger) ([]certificate, error) {
	var out []certificate
	for _, key := range role.KeyDescriptors {
		if key.Use != "" && key.Use != "signing" || len(key.KeyInfo.X509Data.X509Certificates) == 0 {
			continue
		}
		cert, err := parseEncoded(key.KeyInfo.X509Data.X509Certificates[0].Data)
		if err != nil {
			log.Warn("a certificate in the provider's metadata is of no use", "cause", err.Error())
			continue
		}
		if !has(out, cert.fingerprint) {
			out = append(out, cert)
		}
		if len(out) > maxCertificates {
			return nil, fmt.Errorf("the metadata holds more than %d signing certificates", maxCertificates)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the metadata holds no usable certificate for signatures (a KeyDescriptor with use=\"signing\", or without use)") // threat S21
	}
	return out, nil
}

// parseEncoded reads base64 DER, wrapped in whatever way.
func parseEncoded(data string) (certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	if err != nil {
		return certificate{}, err
	}
	return parseDER(der)
}

func parseDER(der []byte) (certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return certificate{}, err
	}
	if _, err := kindOfKey(cert.PublicKey); err != nil {
		return certificate{}, fmt.Errorf("%s: %w", fingerprint(cert), err)
	}
	return certificate{cert, fingerprint(cert)}, nil
}

func has(certs []certificate, fingerprint string) bool {
	return slices.ContainsFunc(certs, func(c certificate) bool { return c.fingerprint == fingerprint })
}

// current are the certificates that can verify something now. Expired ones can't: whoever finds an old key must find it
// worthless (threat S20).
func current(certs []certificate, now time.Time) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		if !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
			out = append(out, c.Certificate)
		}
	}
	return out
}

// pins are the certificates that the operator trusts, whatever metadata says.
type pins struct {
	certs        []certificate // given in full
	fingerprints []string      // to be found in the metadata
}

func (p pins) isZero() bool { return len(p.certs) == 0 && len(p.fingerprints) == 0 }

// readPins reads the configured pins; Check has seen their form.
func readPins(refs []string) (pins, error) {
	var out pins
	for _, ref := range refs {
		if digits, ok := strings.CutPrefix(ref, "sha256:"); ok {
			out.fingerprints = append(out.fingerprints, plainHex(digits))
			continue
		}
		certs, err := readPEM(strings.TrimPrefix(ref, "file:"))
		if err != nil {
			return pins{}, fmt.Errorf("certificates: %w", err)
		}
		out.certs = append(out.certs, certs...)
	}
	return out, nil
}

func readPEM(path string) ([]certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s holds a %s, not only certificates", path, block.Type)
		}
		cert, err := parseDER(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, cert)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return out, nil
}

// trusted are the certificates that count: the pinned ones, or those of the metadata where nothing is pinned.
func (p pins) trusted(published []certificate) ([]certificate, error) {
	if p.isZero() {
		return published, nil
	}
	out := slices.Clone(p.certs)
	for _, c := range published {
		if slices.Contains(p.fingerprints, c.fingerprint) && !has(out, c.fingerprint) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no certificate of the metadata is one of the pinned ones: compare certificates with the provider's")
	}
	return out, nil
}
