package ststest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// KMS is AWS KMS in the region of an AWS, as far as signing goes: Sign and GetPublicKey in the JSON 1.1 protocol (KMS API
// Reference, version 2014-11-01). It is an http.Handler and safe for concurrent use.
type KMS struct {
	*Faults

	aws *AWS

	mu      sync.Mutex
	keys    map[string]*kmsKey // by ARN
	rubbish int
	forged  int
	renamed int
}

type kmsKey struct {
	arn, spec, usage string
	disabled         bool
	private          crypto.Signer
}

// NewKMS makes a KMS without keys. Its callers are the users and sessions of the AWS.
func NewKMS(a *AWS) *KMS { return &KMS{Faults: &Faults{}, aws: a, keys: map[string]*kmsKey{}} }

// AddKey makes a key in an account, by its KeySpec (RSA_2048, RSA_3072, ECC_NIST_P256, ECC_NIST_P384), and gives its ARN.
func (k *KMS) AddKey(account, spec string) (string, error) {
	private, err := newKMSKey(spec)
	if err != nil {
		return "", err
	}
	k.aws.mu.RLock()
	owner, ok := k.aws.accounts[account]
	k.aws.mu.RUnlock()
	if !ok {
		return "", fmt.Errorf("ststest: key: no account %q", account)
	}
	arn := "arn:" + owner.Partition + ":kms:" + k.aws.options.Region + ":" + account + ":key/" + newRequestID()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[arn] = &kmsKey{arn: arn, spec: spec, usage: "SIGN_VERIFY", private: private}
	return arn, nil
}

func newKMSKey(spec string) (crypto.Signer, error) {
	switch spec {
	case "RSA_2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "RSA_3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	case "ECC_NIST_P256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ECC_NIST_P384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, fmt.Errorf("ststest: key spec %q: RSA_2048, RSA_3072, ECC_NIST_P256 or ECC_NIST_P384", spec)
}

// Disable disables a key, or enables it again.
func (k *KMS) Disable(arn string, disabled bool) {
	k.change(arn, func(key *kmsKey) { key.disabled = disabled })
}

// ForEncryption makes a key's usage ENCRYPT_DECRYPT: it gives its public key, and signs nothing.
func (k *KMS) ForEncryption(arn string) {
	k.change(arn, func(key *kmsKey) { key.usage = "ENCRYPT_DECRYPT" })
}

// Rubbish answers the next n calls with 200 and something that is no answer.
func (k *KMS) Rubbish(n int) { k.set(func() { k.rubbish = n }) }

// Forged answers the next n calls of Sign with a signature by another key.
func (k *KMS) Forged(n int) { k.set(func() { k.forged = n }) }

// Renamed answers the next n calls with the ARN of another key.
func (k *KMS) Renamed(n int) { k.set(func() { k.renamed = n }) }

// Behave takes all faults back; the counters stay.
func (k *KMS) Behave() {
	k.Faults.Behave()
	k.set(func() { k.rubbish, k.forged, k.renamed = 0, 0, 0 })
}

func (k *KMS) set(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

func (k *KMS) change(arn string, change func(*kmsKey)) {
	k.set(func() {
		if key := k.keys[arn]; key != nil {
			change(key)
		}
	})
}

var kmsAPI = &api{service: "kms"}

// kmsInput is what both operations take; Sign alone has the last three.
type kmsInput struct {
	KeyID            string `json:"KeyId"`
	Message          []byte `json:",omitempty"`
	MessageType      string `json:",omitempty"`
	SigningAlgorithm string `json:",omitempty"`
}

type kmsOutput struct {
	KeyID             string   `json:"KeyId"`
	PublicKey         []byte   `json:",omitempty"`
	KeySpec           string   `json:",omitempty"`
	KeyUsage          string   `json:",omitempty"`
	Signature         []byte   `json:",omitempty"`
	SigningAlgorithm  string   `json:",omitempty"`
	SigningAlgorithms []string `json:",omitempty"`
}

// ServeHTTP answers one call.
func (k *KMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", newRequestID())
	action, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 64<<10))
	if err != nil {
		k.fail(w, &apiError{http.StatusBadRequest, "SerializationException", ""})
		return
	}
	if fault := k.begin(r.Context(), action); fault != nil {
		k.fail(w, fault)
		return
	}
	if r.Context().Err() != nil { // nobody waits any more: the next fault is not for this call
		return
	}
	out, err := k.answer(action, &call{api: kmsAPI, action: action, http: r, body: body, aws: k.aws})
	if err != nil {
		k.fail(w, asAPIError(err))
		return
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic("ststest: a response that can't be encoded: " + err.Error()) // our own types: a bug
	}
	k.mu.Lock()
	if take(&k.rubbish) {
		text = []byte("<html>It works!</html>")
	}
	k.mu.Unlock()
	k.write(w, http.StatusOK, text)
}

// answer authenticates, finds the key, and signs or shows its public half.
func (k *KMS) answer(action string, c *call) (*kmsOutput, error) {
	switch {
	case c.http.Method != http.MethodPost || c.http.URL.Path != "/" || action != "Sign" && action != "GetPublicKey":
		return nil, &apiError{http.StatusBadRequest, "UnknownOperationException", ""}
	case c.http.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		return nil, &apiError{http.StatusBadRequest, "SerializationException", "The protocol is JSON 1.1."}
	}
	who, err := c.authenticate()
	if err != nil {
		return nil, err
	}
	var in kmsInput
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := k.keys[in.KeyID]
	switch {
	case key == nil:
		return nil, &apiError{http.StatusBadRequest, "NotFoundException", "Key '" + in.KeyID + "' does not exist"}
	case strings.Split(in.KeyID, ":")[4] != who.account():
		return nil, &apiError{http.StatusBadRequest, "AccessDeniedException", "User: " + who.account() + " is not authorized to perform: kms:" + action +
			" on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"}
	case key.disabled:
		return nil, &apiError{http.StatusBadRequest, "DisabledException", key.arn + " is disabled."}
	}
	if action == "GetPublicKey" {
		return k.publicKey(key)
	}
	return k.sign(key, in)
}

func (k *KMS) publicKey(key *kmsKey) (*kmsOutput, error) {
	der, err := x509.MarshalPKIXPublicKey(key.private.Public())
	if err != nil {
		return nil, err
	}
	return &kmsOutput{KeyID: k.named(key), PublicKey: der, KeySpec: key.spec, KeyUsage: key.usage, SigningAlgorithms: key.algorithms()}, nil
}

func (k *KMS) sign(key *kmsKey, in kmsInput) (*kmsOutput, error) {
	const hash = crypto.SHA256 // the only one that is taken here
	switch {
	case key.usage != "SIGN_VERIFY" || !slices.Contains(key.algorithms(), in.SigningAlgorithm) || !strings.HasSuffix(in.SigningAlgorithm, "SHA_256"):
		return nil, &apiError{http.StatusBadRequest, "InvalidKeyUsageException", "Algorithm " + in.SigningAlgorithm + " and key spec " + key.spec + " are incompatible."}
	case in.MessageType != "DIGEST" || len(in.Message) != hash.Size():
		return nil, &apiError{http.StatusBadRequest, "ValidationException", "Digest is invalid length for algorithm " + in.SigningAlgorithm + "."}
	}
	private := key.private
	if take(&k.forged) {
		var err error
		if private, err = newKMSKey(key.spec); err != nil {
			return nil, err
		}
	}
	signature, err := private.Sign(rand.Reader, in.Message, hash)
	if err != nil {
		return nil, err
	}
	return &kmsOutput{KeyID: k.named(key), Signature: signature, SigningAlgorithm: in.SigningAlgorithm}, nil
}

func (k *KMS) named(key *kmsKey) string {
	if take(&k.renamed) {
		return key.arn[:strings.LastIndexByte(key.arn, '/')+1] + newRequestID()
	}
	return key.arn
}

func (k *kmsKey) algorithms() []string {
	switch k.spec {
	case "ECC_NIST_P256":
		return []string{"ECDSA_SHA_256"}
	case "ECC_NIST_P384":
		return []string{"ECDSA_SHA_384"}
	}
	return []string{
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
	}
}

// jsonCodes are the names that services with a JSON protocol have for errors of the Query API.
var jsonCodes = map[string]string{
	"InvalidClientTokenId": "UnrecognizedClientException", "SignatureDoesNotMatch": "InvalidSignatureException",
	"MissingAuthenticationToken": "MissingAuthenticationTokenException", "ExpiredToken": "ExpiredTokenException",
	"IncompleteSignature": "IncompleteSignatureException", "Throttling": "ThrottlingException",
}

func (k *KMS) fail(w http.ResponseWriter, e *apiError) {
	code := e.code
	if other, ok := jsonCodes[code]; ok {
		code = other
	}
	text, err := json.Marshal(map[string]string{"__type": code, "message": e.message})
	if err != nil {
		text = []byte(`{"__type":"KMSInternalException"}`)
	}
	k.write(w, e.status, text)
}
