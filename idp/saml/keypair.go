package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/fedbridge/fedbridge/bridge"
)

// keyPair is a private key of ours with its certificate.
type keyPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// openPair reads and compares both.
func openPair(keyRef, certRef bridge.SecretRef) (*keyPair, error) {
	keyText, err := keyRef.Resolve()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	key, err := parseKey([]byte(keyText.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	certText, err := certRef.Resolve()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	block, _ := pem.Decode([]byte(certText.Reveal()))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("certificate: no certificate in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("certificate: it belongs to another key")
	}
	return &keyPair{key, cert}, nil
}

func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no private key in PEM")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("%s is not a private key", block.Type)
	}
	if err != nil {
		return nil, errors.New("the private key can't be read") // the cause might quote it
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("an RSA key is needed")
	}
	if _, err := kindOfKey(&key.PublicKey); err != nil {
		return nil, err
	}
	return key, nil
}
