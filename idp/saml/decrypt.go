package saml

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// errDecrypt is the one answer to whatever goes wrong between ciphertext and assertion (threat S24).
var errDecrypt = errors.New("the encrypted assertion could not be read")

// decrypter opens encrypted assertions. By default AES-GCM under RSA-OAEP with SHA-1, the default of that algorithm;
// the rest only where the operator said so.
type decrypter struct {
	key     *rsa.PrivateKey
	cbc     bool
	digests []string // names of hashes for OAEP
}

// Content encryption: XML Encryption 1.1 §5.2.
type blockCipher struct {
	keySize int
	cbc     bool
}

var blockCiphers = map[string]blockCipher{
	"http://www.w3.org/2009/xmlenc11#aes128-gcm":  {keySize: 16},
	"http://www.w3.org/2009/xmlenc11#aes256-gcm":  {keySize: 32},
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc": {keySize: 16, cbc: true},
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc": {keySize: 32, cbc: true},
}

// Key transport: XML Encryption 1.1 §5.5.2. The older identifier has MGF1 with SHA-1 fixed.
const (
	oaepMGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	oaep11    = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
)

// oaepHashes are the names that the configuration uses.
var oaepHashes = map[string]crypto.Hash{
	"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512,
}

var oaepDigests = map[string]string{
	"http://www.w3.org/2000/09/xmldsig#sha1":        "sha1",
	"http://www.w3.org/2001/04/xmlenc#sha256":       "sha256",
	"http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
	"http://www.w3.org/2001/04/xmlenc#sha384":       "sha384",
	"http://www.w3.org/2001/04/xmlenc#sha512":       "sha512",
}

var maskFunctions = map[string]string{
	"http://www.w3.org/2009/xmlenc11#mgf1sha1":   "sha1",
	"http://www.w3.org/2009/xmlenc11#mgf1sha256": "sha256",
	"http://www.w3.org/2009/xmlenc11#mgf1sha384": "sha384",
	"http://www.w3.org/2009/xmlenc11#mgf1sha512": "sha512",
}

// malleable tells whether the content could be changed by somebody who can't read it: CBC has no tag.
func malleable(container *etree.Element) bool {
	for _, data := range children(container, nsEncrypt, "EncryptedData") {
		if name, _, err := method(data); err != nil || blockCiphers[name].cbc {
			return true
		}
	}
	return false
}

// decrypt returns the text of the assertion inside an EncryptedAssertion (SAML Core §6).
func (d *decrypter) decrypt(container *etree.Element) (string, error) {
	if d == nil {
		return "", bridge.FailWith(bridge.CodeEncryption, "decryption is not configured", nil)
	}
	data, err := required(container, nsEncrypt, "EncryptedData")
	if err != nil {
		return "", err
	}
	name, _, err := method(data)
	if err != nil {
		return "", err
	}
	block, known := blockCiphers[name]
	switch {
	case !known:
		return "", notAccepted("content encryption", name, "")
	case block.cbc && !d.cbc:
		return "", notAccepted("content encryption", name, "decryption.allow_cbc")
	}
	wrapped, err := findKey(container, data)
	if err != nil {
		return "", err
	}
	options, err := d.transport(wrapped)
	if err != nil {
		return "", err
	}
	sealedKey, err := cipherValue(wrapped)
	if err != nil {
		return "", err
	}
	sealed, err := cipherValue(data)
	if err != nil {
		return "", err
	}
	plain, ok := block.open(d.unwrap(sealedKey, options, block.keySize), sealed)
	if !ok {
		return "", errDecrypt
	}
	return string(plain), nil
}

func notAccepted(what, algorithm, setting string) error {
	detail := fmt.Sprintf("%s %.200q", what, algorithm)
	if setting != "" {
		detail += "; the setting is " + setting
	}
	return bridge.FailWith(bridge.CodeEncryption, detail, nil)
}

// method reads an EncryptionMethod.
func method(el *etree.Element) (algorithm string, parameters *etree.Element, err error) {
	parameters, err = required(el, nsEncrypt, "EncryptionMethod")
	if err != nil {
		return "", nil, err
	}
	algorithm, _ = attribute(parameters, "Algorithm")
	return algorithm, parameters, nil
}

// findKey finds the one EncryptedKey: inside of EncryptedData's KeyInfo, or beside EncryptedData, with or without a
// RetrievalMethod that points there (SAML Core §6.1 shows the former, errata E43 the latter).
func findKey(container, data *etree.Element) (*etree.Element, error) {
	found := children(container, nsEncrypt, "EncryptedKey")
	if info, err := optional(data, nsSignature, "KeyInfo"); err != nil {
		return nil, err
	} else if info != nil {
		found = append(found, children(info, nsEncrypt, "EncryptedKey")...)
		if err := checkPointers(info, found); err != nil {
			return nil, err
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d encrypted keys", len(found))
	}
	return found[0], nil
}

// checkPointers lets a RetrievalMethod point at the key that was found, and nowhere else: nothing is fetched.
func checkPointers(info *etree.Element, found []*etree.Element) error {
	for _, pointer := range children(info, nsSignature, "RetrievalMethod") {
		uri, _ := attribute(pointer, "URI")
		if !slices.ContainsFunc(found, func(key *etree.Element) bool {
			id, ok := attribute(key, "Id")
			return ok && uri == "#"+id
		}) {
			return errors.New("a RetrievalMethod that points elsewhere")
		}
	}
	return nil
}

// transport reads how the key was wrapped.
func (d *decrypter) transport(wrapped *etree.Element) (*rsa.OAEPOptions, error) {
	name, parameters, err := method(wrapped)
	if err != nil {
		return nil, err
	}
	if name != oaepMGF1P && name != oaep11 {
		return nil, notAccepted("key transport", name, "")
	}
	digest, mask := "sha1", "sha1" // the defaults of both
	if digest, err = parameter(parameters, nsSignature, "DigestMethod", oaepDigests, digest); err != nil {
		return nil, err
	}
	if mask, err = parameter(parameters, nsEncrypt11, "MGF", maskFunctions, mask); err != nil {
		return nil, err
	}
	if name == oaepMGF1P && mask != "sha1" {
		return nil, notAccepted("key transport", name+" with another mask function", "")
	}
	if len(children(parameters, nsEncrypt, "OAEPparams")) > 0 {
		return nil, notAccepted("key transport", name+" with OAEPparams", "")
	}
	if !slices.Contains(d.digests, digest) {
		return nil, notAccepted("key transport", name+" with "+digest, "decryption.oaep_digests")
	}
	// As a mask function SHA-1 is what everybody has, and no weakness.
	if mask != "sha1" && !slices.Contains(d.digests, mask) {
		return nil, notAccepted("key transport", name+" with "+mask+" as mask", "decryption.oaep_digests")
	}
	return &rsa.OAEPOptions{Hash: oaepHashes[digest], MGFHash: oaepHashes[mask]}, nil
}

// parameter reads the Algorithm of a child, or the default where there is no child.
func parameter(el *etree.Element, ns, local string, known map[string]string, otherwise string) (string, error) {
	child, err := optional(el, ns, local)
	if child == nil || err != nil {
		return otherwise, err
	}
	algorithm, _ := attribute(child, "Algorithm")
	name, ok := known[algorithm]
	if !ok {
		return "", notAccepted("key transport", algorithm, "")
	}
	return name, nil
}

// cipherValue reads what stands in the message itself; a CipherReference would be a call out.
func cipherValue(el *etree.Element) ([]byte, error) {
	data, err := required(el, nsEncrypt, "CipherData")
	if err != nil {
		return nil, err
	}
	value, err := required(data, nsEncrypt, "CipherValue")
	if err != nil {
		return nil, err
	}
	encoded, err := compactText(value)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.Strict().DecodeString(encoded)
}
