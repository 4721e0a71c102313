package saml

import (
	"bytes"
	"context"

	"github.com/fedbridge/fedbridge/idp"
)

var _ idp.Voucher = (*provider)(nil)

// maxKeptDocument bounds what is kept of a document beside what was read of it.
const maxKeptDocument = 1 << 20

// keep holds on to a document that IAM would take as it is: one that describes this provider alone.
func (s *snapshot) keep(document []byte) {
	if len(document) <= maxKeptDocument && !bytes.Contains(document, []byte("EntitiesDescriptor")) {
		s.document = bytes.Clone(document)
	}
}

// Vouched tells what IAM must hold of this provider: see idp.Voucher.
func (p *provider) Vouched(ctx context.Context) (idp.Vouched, error) {
	held, err := p.source.get(ctx)
	if err != nil {
		return idp.Vouched{}, err
	}
	out := idp.Vouched{EntityID: held.entityID, Metadata: bytes.Clone(held.document)}
	for _, c := range held.certs {
		out.Certificates = append(out.Certificates, bytes.Clone(c.Raw))
	}
	return out, nil
}
