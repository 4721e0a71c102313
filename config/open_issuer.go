package config

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/awskms"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/store"
)

// subjectKey names the key of the store that subjects are hashed with. Whoever loses it gives everybody another sub.
const subjectKey = "issuer-subject"

// openIssuer opens the keys and what mints with them. Without a store or an audit log there is nothing to keep keys by, and
// that was reported already.
func (w *World) openIssuer(ctx context.Context, f *File, out Outside) error {
	certificates, err := f.encryptionCertificates()
	all := []error{err}
	if f.Issuer == nil || w.Store == nil || w.Audit == nil {
		return errors.Join(all...)
	}
	subject, err := w.Store.Key(ctx, subjectKey)
	if err != nil {
		all = append(all, fmt.Errorf("issuer: key of subjects: %w", err))
	}
	w.signer = f.kms(out)
	ring, err := mint.OpenRing(ctx, f.ring(out, ringState{w.Store}, w.signer, w.Audit))
	if all = append(all, err); errors.Join(all...) != nil {
		return errors.Join(all...)
	}
	w.Keys = ring
	w.Minter, err = mint.New(mint.Config{
		Issuer: f.Issuer.URL, EntityID: f.Issuer.EntityID(), Keys: ring, SubjectKey: subject, Encryption: certificates, Now: out.Now,
	})
	return err
}

// ring is what the keys are opened with.
func (f *File) ring(out Outside, state mint.State, kms mint.KMS, log *audit.Log) mint.RingConfig {
	i := f.Issuer
	c := mint.RingConfig{
		Issuer: i.URL, Algorithm: i.AlgorithmOrDefault(), Dir: i.KeyDir(), KMS: i.KMSKeys(), SAMLDir: i.SAMLKeyDir(), SAMLKMS: i.SAMLKMSKeys(),
		Signer: kms, SignInURL: f.Server.URL, State: state, Rotate: i.RotateOrNever(), PublishAhead: i.PublishAheadOrDefault(),
		ReadOnly: out.ReadOnly, Log: out.Log, Now: out.Now, HTTP: out.HTTP,
	}
	if log != nil { // an interface that holds a nil pointer is not nil
		c.Audit = log
	}
	return c
}

// kms is whoever holds keys in KMS: AWS, unless the process says otherwise.
func (f *File) kms(out Outside) mint.KMS {
	if out.KMS != nil {
		return out.KMS
	}
	c := awskms.Config{FIPS: f.AWS.FIPS, DualStack: f.AWS.DualStack}
	if own := out.Credentials; own != nil {
		c.Credentials = &awskms.Credentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: own.SecretAccessKey, SessionToken: own.SessionToken}
	}
	return awskms.New(c)
}

// ringState keeps the record of keys in the store.
type ringState struct{ store.RecordStore }

// Load implements mint.State.
func (s ringState) Load(ctx context.Context, name string) ([]byte, int64, error) {
	value, version, err := s.Record(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	return value, version, err
}

// Swap implements mint.State.
func (s ringState) Swap(ctx context.Context, name string, from int64, value []byte) (bool, error) {
	err := s.SwapRecord(ctx, name, from, value)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// encryptionCertificates reads what assertions are encrypted for, by the reference that names it.
func (f *File) encryptionCertificates() (map[string]*x509.Certificate, error) {
	certificates := map[string]*x509.Certificate{}
	var all []error
	for i, a := range f.Accounts {
		if a.SAMLEncryption == nil || certificates[a.SAMLEncryption.Certificate] != nil {
			continue
		}
		ref := a.SAMLEncryption.Certificate
		certificate, err := readCertificate(strings.TrimPrefix(ref, "file:"))
		if err != nil {
			all = append(all, fmt.Errorf("%s.saml_encryption.certificate: %w", index("accounts", i), err))
			continue
		}
		certificates[ref] = certificate
	}
	return certificates, errors.Join(all...)
}

// maxCertificate bounds what is read of a file that should hold one certificate.
const maxCertificate = 64 << 10

// readCertificate reads the one certificate that a file holds, with an RSA key that an assertion can be encrypted for.
func readCertificate(path string) (*x509.Certificate, error) {
	text, err := readSmallFile(path, maxCertificate)
	if err != nil {
		return nil, err
	}
	var found []*pem.Block
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, fmt.Errorf("%s holds a private key: that is for IAM alone (AddPrivateKey); write the certificate, and take the key away from here", path)
		}
		if block.Type == "CERTIFICATE" {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s holds %d certificates in PEM: it must be one, between BEGIN CERTIFICATE and END CERTIFICATE", path, len(found))
	}
	certificate, err := x509.ParseCertificate(found[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: the certificate's key is %s: IAM decrypts with RSA only", path, certificate.PublicKeyAlgorithm)
	case public.N.BitLen() < 2048:
		return nil, fmt.Errorf("%s: the certificate's RSA key has %d bits: make one of 2048 or more", path, public.N.BitLen())
	}
	return certificate, nil
}

func readSmallFile(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > most:
		return nil, fmt.Errorf("%s has more than %d KiB: that is not one certificate", path, most>>10)
	}
	return os.ReadFile(path)
}
