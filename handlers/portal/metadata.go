package portal

import (
	"net/http"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// metadata describes our side to a provider's administrator (SAML Metadata §4.1.1).
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r, idp.KindSAML)
	if err != nil {
		return err
	}
	publisher, ok := p.IdentityProvider.(idp.MetadataPublisher)
	if !ok {
		return bridge.Fail(bridge.CodeProviderUnknown, nil)
	}
	document, kind, err := publisher.Metadata()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Write(document) // an error here means that nobody is listening
	return nil
}
