package mint

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"time"
)

// certificateLife is how long a SAML certificate is valid: every account must learn of a new one, so not by a calendar.
const certificateLife = 10 * 365 * 24 * time.Hour

// made is a key that the record doesn't have yet.
type made struct {
	entry
	found bool // it was there: an earlier start made it, or another record had it
}

// make makes a key where the configuration says; the record doesn't have it yet. first tells that the record has had no
// key of this use.
func (r *Ring) make(ctx context.Context, rec *record, use Use, first bool, now time.Time) (made, error) {
	algorithm, dir, arns := r.c.Algorithm, r.c.Dir, r.c.KMS
	if use == UseSAML {
		algorithm, dir, arns = RS256, r.c.SAMLDir, r.c.SAMLKMS
	}
	e := entry{Use: use, Algorithm: algorithm, State: StateNext, Made: now.UTC()}
	if len(arns) > 0 {
		err := r.makeInKMS(ctx, rec, &e, arns)
		return made{entry: e}, err
	}
	d, err := r.dir(dir)
	if err != nil {
		return made{}, err
	}
	e.Dir = d.path
	if first {
		if found, err := r.adopt(d, &e); found || err != nil {
			return made{entry: e, found: found}, err
		}
	}
	return made{entry: e}, r.makeInDir(d, &e)
}

func (r *Ring) makeInKMS(ctx context.Context, rec *record, e *entry, arns []string) error {
	arn, public, err := r.nextKMS(ctx, rec, arns, e.Algorithm)
	if err != nil {
		return err
	}
	e.KMS, e.public = arn, public
	var certificate []byte
	if e.Use == UseSAML {
		if certificate, err = r.certify(kmsSigner{ctx, public, r.signByKMS(*e)}, e.Made); err != nil {
			return err
		}
	}
	return e.complete(public, certificate)
}

func (r *Ring) makeInDir(d keyDir, e *entry) error {
	private, err := generate(e.Algorithm)
	if err != nil {
		return err
	}
	var certificate []byte
	if e.Use == UseSAML {
		if certificate, err = r.certify(private, e.Made); err != nil {
			return err
		}
	}
	if err := e.complete(private.Public(), certificate); err != nil {
		return err
	}
	return d.write(e.File, private, certificate)
}

func generate(algorithm string) (crypto.Signer, error) {
	if algorithm == ES256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// complete fills in what follows from the key, and checks it as if it came from the record.
func (e *entry) complete(public crypto.PublicKey, certificate []byte) error {
	published, err := jwkOf(public)
	if err != nil {
		return err
	}
	if e.Public, err = x509.MarshalPKIXPublicKey(public); err != nil {
		return err
	}
	e.ID, e.Certificate = published.ID, certificate
	if e.KMS == "" {
		e.File = fileName(e.Use, e.Algorithm, e.ID)
	}
	return e.check()
}

// adopt takes up a key that is in the directory already, where the record has had none: what an earlier start made before
// it was killed, or what is left after the store was lost. For SAML that is the oldest, which every account knows; for
// tokens the newest. A file there that can't be taken is an error: nobody wants a new key in its place unasked.
func (r *Ring) adopt(d keyDir, e *entry) (bool, error) {
	names, err := d.names()
	if err != nil {
		return false, err
	}
	var best *entry
	for _, name := range names {
		part := keyFile.FindStringSubmatch(name)
		if Use(part[1]) != e.Use || part[2] != e.Algorithm {
			continue
		}
		private, certificate, err := d.read(name)
		if err != nil {
			return false, err
		}
		one := *e
		var der []byte
		if certificate != nil {
			der = certificate.Raw
		}
		if err := one.complete(private.Public(), der); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		if best == nil || e.Use == UseSAML && certificate.NotBefore.Before(best.certificate.NotBefore) || e.Use == UseToken && d.newer(name, best.File) {
			best = &one
		}
	}
	if best == nil {
		return false, nil
	}
	*e = *best
	return true, nil
}

// certify makes a self-signed certificate, which is all that IAM takes from it: the key (aws-facts 2.6).
func (r *Ring) certify(private crypto.Signer, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // RFC 5280 §4.1.2.2: positive, 20 octets at most
	if err != nil {
		return nil, err
	}
	name := "fedbridge SAML signing"
	if u, err := url.Parse(r.c.Issuer); err == nil && len(u.Hostname()) <= 64-len(" SAML signing") { // ub-common-name
		name = u.Hostname() + " SAML signing"
	}
	from := now.UTC().Add(-time.Hour).Truncate(time.Second) // whose clock is a little behind takes it, too
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: name, Organization: []string{"fedbridge"}},
		NotBefore: from, NotAfter: from.Add(certificateLife), SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{"fedbridge"}}}, private.Public(), private)
}

// fits tells whether a key is of the kind and in the place that is configured now.
func (r *Ring) fits(e *entry) bool {
	if e.Use == UseToken && e.Algorithm != r.c.Algorithm {
		return false
	}
	dir, arns := r.c.Dir, r.c.KMS
	if e.Use == UseSAML {
		dir, arns = r.c.SAMLDir, r.c.SAMLKMS
	}
	if e.KMS != "" {
		return slices.Contains(arns, e.KMS)
	}
	return dir != ""
}
