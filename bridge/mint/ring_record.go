package mint

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"
)

// recordFormat is the form of the record that this fedbridge reads and writes. What it doesn't know it refuses: a newer
// fedbridge may have written what must not be lost (threat Z14).
const recordFormat = 1

// maxRetired bounds how many retired keys are remembered, so that none of them is taken up again.
const maxRetired = 100

// record is what all nodes of one issuer share. It holds no secret.
type record struct {
	Format int     `json:"format"`
	Keys   []entry `json:"keys"` // in the order in which they were made
}

// entry is one key of the record.
type entry struct {
	ID          string   `json:"id"`
	Use         Use      `json:"use"`
	Algorithm   string   `json:"algorithm"`
	Public      []byte   `json:"public"`                // PKIX, DER
	Certificate []byte   `json:"certificate,omitempty"` // DER
	Dir         string   `json:"dir,omitempty"`         // where the private key is: a file in a directory,
	File        string   `json:"file,omitempty"`
	KMS         string   `json:"kms,omitempty"` // or a KMS key
	State       KeyState `json:"state"`
	// When it came to be in each state; ReadBack is when it was first read at the published address.
	Made     time.Time `json:"made"`
	ReadBack time.Time `json:"read_back,omitzero"`
	Active   time.Time `json:"active,omitzero"`
	Old      time.Time `json:"old,omitzero"`
	Retired  time.Time `json:"retired,omitzero"`

	public      crypto.PublicKey
	certificate *x509.Certificate
	jwk         jwk
}

// recordName is the name of an issuer's record: another issuer has other keys.
func recordName(issuer string) string { return "issuer-keys:" + issuer }

// decodeRecord reads a record strictly, and checks all that is relied on. No bytes are a record without keys.
func decodeRecord(text []byte) (*record, error) {
	r := &record{Format: recordFormat}
	if text == nil {
		return r, nil
	}
	var form struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, fmt.Errorf("mint: the record of keys can't be read: %w", err)
	}
	if form.Format != recordFormat {
		return nil, fmt.Errorf("mint: the record of keys has format %d, this fedbridge knows %d: use the newer fedbridge that wrote it", form.Format, recordFormat)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("mint: the record of keys can't be read: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("mint: the record of keys can't be read: more follows it")
	}
	seen, active := map[string]bool{}, map[Use]bool{}
	for i := range r.Keys {
		e := &r.Keys[i]
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("mint: the record of keys can't be used: key %d, %.50q: %w", i, e.ID, err)
		}
		if seen[e.ID] || e.State == StateActive && active[e.Use] {
			return nil, fmt.Errorf("mint: the record of keys can't be used: %s is there twice, or not the only active key", e.ID)
		}
		seen[e.ID], active[e.Use] = true, active[e.Use] || e.State == StateActive
	}
	return r, nil
}

// check proves that an entry is what it says, and fills in what is read from it.
func (e *entry) check() (err error) {
	if e.public, err = x509.ParsePKIXPublicKey(e.Public); err != nil {
		return err
	}
	if e.jwk, err = jwkOf(e.public); err != nil {
		return err
	}
	switch {
	case e.jwk.ID != e.ID:
		return errors.New("the id is not the key's thumbprint")
	case e.jwk.Algorithm != e.Algorithm || e.Use == UseSAML && e.Algorithm != RS256:
		return fmt.Errorf("the algorithm %q is not the key's", e.Algorithm)
	case e.Use != UseToken && e.Use != UseSAML:
		return fmt.Errorf("no use %q", e.Use)
	case !slices.Contains([]KeyState{StateNext, StateActive, StateOld, StateRetired}, e.State):
		return fmt.Errorf("no state %q", e.State)
	case (e.KMS == "") == (e.File == "") || e.File != "" && (e.File != fileName(e.Use, e.Algorithm, e.ID) || !filepath.IsAbs(e.Dir)):
		return errors.New("it is neither in a file nor in KMS")
	case (e.Use == UseSAML) != (e.Certificate != nil):
		return errors.New("keys of SAML have a certificate, and no others")
	}
	if e.Use == UseSAML {
		if e.certificate, err = x509.ParseCertificate(e.Certificate); err != nil {
			return err
		}
		if !sameKey(e.public, e.certificate.PublicKey) {
			return errors.New("the certificate is another key's")
		}
	}
	return nil
}

func sameKey(a, b crypto.PublicKey) bool {
	known, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && known.Equal(b)
}

// encode writes the record; of retired keys only the newest.
func (r *record) encode() ([]byte, error) {
	out := record{Format: recordFormat}
	over := -maxRetired
	for _, e := range r.Keys {
		if e.State == StateRetired {
			over++
		}
	}
	for _, e := range r.Keys {
		if e.State == StateRetired && over > 0 {
			over--
			continue
		}
		out.Keys = append(out.Keys, e)
	}
	return json.Marshal(out)
}

// find gives the entry with an id, or nil.
func (r *record) find(id string) *entry {
	for i := range r.Keys {
		if r.Keys[i].ID == id {
			return &r.Keys[i]
		}
	}
	return nil
}

// in gives the first entry of a use in a state, or nil.
func (r *record) in(use Use, state KeyState) *entry {
	for i := range r.Keys {
		if r.Keys[i].Use == use && r.Keys[i].State == state {
			return &r.Keys[i]
		}
	}
	return nil
}

// published gives the entries of a use that are published, in the order in which they were made: it doesn't change when a
// key takes over, so neither do the documents.
func (r *record) published(use Use) []entry {
	var out []entry
	for _, e := range r.Keys {
		if e.Use == use && e.State != StateRetired {
			out = append(out, e)
		}
	}
	return out
}

// clone gives a copy to change.
func (r *record) clone() *record { return &record{Format: r.Format, Keys: slices.Clone(r.Keys)} }

// since is when the entry came to be in its state.
func (e *entry) since() time.Time {
	switch e.State {
	case StateActive:
		return e.Active
	case StateOld:
		return e.Old
	case StateRetired:
		return e.Retired
	}
	return e.Made
}

// where is where the private key is, for people.
func (e *entry) where() string {
	if e.KMS != "" {
		return "kms:" + e.KMS
	}
	return "file:" + filepath.Join(e.Dir, e.File)
}
