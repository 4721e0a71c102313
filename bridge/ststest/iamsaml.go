package ststest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"regexp"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

var privateKeyID = regexp.MustCompile(`^[A-Z0-9]{22,64}$`)

// describe fills in what IAM keeps of a SAML provider beside its metadata.
func (p *samlProvider) describe(v SAMLProvider, arn bridge.SAMLProviderARN, now time.Time) error {
	if v.UUID == "" {
		v.UUID = rand.Text()
	}
	p.SAMLProvider, p.arn, p.created = v, arn, now
	switch {
	case !privateKeyID.MatchString(v.UUID):
		return errors.New("a SAMLProviderUUID is 22 to 64 of A-Z 0-9")
	case v.Encryption != "" && v.Encryption != "Allowed" && v.Encryption != "Required":
		return errors.New("AssertionEncryptionMode is Allowed or Required")
	case len(v.PrivateKeys) > 2:
		return errors.New("two private keys at most")
	case (v.Encryption == "") != (len(v.PrivateKeys) == 0):
		return errors.New("AssertionEncryptionMode and private keys go together")
	}
	for _, text := range v.PrivateKeys {
		key, err := parsePrivateKey(text)
		if err != nil {
			return err
		}
		p.keys = append(p.keys, key)
	}
	return nil
}

func parsePrivateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || len(text) > 16384 {
		return nil, errors.New("a private key is PEM of 1 to 16384 characters")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("a private key that decrypts assertions is an RSA key")
	}
	return key, nil
}

type getSAMLProviderResult struct {
	XMLName                 xml.Name
	SAMLProviderUUID        string
	SAMLMetadataDocument    string
	CreateDate              string
	ValidUntil              string
	AssertionEncryptionMode string          `xml:",omitempty"`
	PrivateKeyList          []iamPrivateKey `xml:"PrivateKeyList>member,omitempty"`
}

type iamPrivateKey struct {
	KeyID     string `xml:"KeyId"`
	Timestamp string
}

// getSAMLProvider is GetSAMLProvider. Metadata without an end is given one, a hundred years on (aws-facts 2.6).
func getSAMLProvider(c *call, who *caller) (any, error) {
	arn, err := providerARN(c, who, "SAMLProviderArn")
	if err != nil {
		return nil, err
	}
	c.aws.mu.RLock()
	p := c.aws.saml[arn]
	c.aws.mu.RUnlock()
	if p == nil {
		return nil, errNoSuchEntity("Manifest not found for arn " + arn)
	}
	end := p.validUntil
	if end.IsZero() {
		end = p.created.AddDate(100, 0, 0)
	}
	out := getSAMLProviderResult{
		XMLName: named(c.action), SAMLProviderUUID: p.UUID, SAMLMetadataDocument: string(p.Metadata),
		CreateDate: iamTime(p.created), ValidUntil: iamTime(end), AssertionEncryptionMode: p.Encryption,
	}
	for _, key := range p.keys {
		sum := sha256.Sum256(x509.MarshalPKCS1PrivateKey(key))
		out.PrivateKeyList = append(out.PrivateKeyList, iamPrivateKey{base32.StdEncoding.EncodeToString(sum[:15]), iamTime(p.created)})
	}
	return out, nil
}
