package portal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
)

// visitor is who is signed in, with the session opened.
type visitor struct {
	*found
	identity bridge.Identity
	proof    bridge.Proof // zero when none is kept, or it is past its time
}

// visitor checks the session and opens it. It fails with not-signed-in, session-ended or store-down.
func (s *Server) visitor(r *http.Request) (*visitor, error) {
	session, err := s.sessions.Get(r, sessionCookie)
	if err != nil {
		return nil, err
	}
	f := session.Values[keyFound].(*found)
	return s.sessions.unlock(r.Context(), f)
}

// signedIn guards a page. People without a session are sent to sign in and come back; who sent a form, or prefers JSON,
// is told.
func (s *Server) signedIn(page func(http.ResponseWriter, *http.Request, *visitor) error) handlers.Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.visitor(r)
		if err == nil {
			err = s.sessions.touch(r.Context(), v.found)
		}
		switch code := bridge.CodeOf(err); {
		case err == nil:
			return page(w, r, v)
		case code != bridge.CodeNotSignedIn && code != bridge.CodeSessionEnded:
			return err
		case r.Method == http.MethodPost || handlers.PrefersJSON(r):
			return handlers.SignInAt(err, chooseLink(rolePage(r)))
		default:
			return handlers.Redirect(w, chooseLink(r.URL.RequestURI()))
		}
	}
}

// rolePage is where a form about a role was: what to come back to after signing in.
func rolePage(r *http.Request) string {
	account, role := r.PathValue("account"), r.PathValue("role")
	if account == "" || role == "" {
		return r.URL.Path
	}
	return "/roles/" + account + "/" + role
}

// unlock opens the sealed parts of a session with the key that only its cookie yields.
func (s *sessionStore) unlock(ctx context.Context, f *found) (*visitor, error) {
	wrap, err := f.secret.key(purposeKey)
	if err != nil {
		return nil, err
	}
	data, err := open(wrap, purposeKey, f.id, f.head.WrappedKey)
	if err != nil {
		return nil, bridge.Fail(bridge.CodeSessionEnded, err)
	}
	v := &visitor{found: f}
	sealed, err := s.rows.SessionIdentity(ctx, f.id)
	if err := openPart(data, purposeIdentity, f.id, sealed, err, &v.identity); err != nil {
		return nil, err
	}
	sealed, err = s.rows.SessionProof(ctx, f.id, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return v, nil
	}
	var bare sealedProof
	if err := openPart(data, purposeProof, f.id, sealed, err, &bare); err != nil {
		return nil, err
	}
	v.proof = bare.proof()
	return v, nil
}

// openPart opens one row, or says why it couldn't be had.
func openPart(data []byte, p purpose, row store.Hash, sealed []byte, err error, value any) error {
	switch {
	case errors.Is(err, store.ErrNotFound): // the session ended since its head was read
		return bridge.Fail(bridge.CodeSessionEnded, err)
	case err != nil:
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
	plain, err := open(data, p, row, sealed)
	if err != nil {
		return bridge.Fail(bridge.CodeSessionEnded, err)
	}
	return json.Unmarshal(plain, value)
}

func sealPart(data []byte, p purpose, row store.Hash, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return seal(data, p, row, plain)
}

// sealedProof is a Proof as it is sealed: a bridge.Secret never survives JSON, and that is as it should be elsewhere.
type sealedProof struct {
	Kind       bridge.ProofKind `json:"kind"`
	Raw        string           `json:"raw"`
	RelayUntil time.Time        `json:"relay_until"`
	Encrypted  bool             `json:"encrypted,omitempty"`
	Algorithm  string           `json:"algorithm,omitempty"`
	Audiences  []string         `json:"audiences,omitempty"`
	Recipient  string           `json:"recipient,omitempty"`
}

func bareProof(p bridge.Proof) sealedProof {
	return sealedProof{p.Kind, p.Raw.Reveal(), p.RelayUntil, p.Encrypted, p.Algorithm, p.Audiences, p.Recipient}
}

func (p sealedProof) proof() bridge.Proof {
	return bridge.Proof{
		Kind: p.Kind, Raw: bridge.NewSecret(p.Raw), RelayUntil: p.RelayUntil, Encrypted: p.Encrypted,
		Algorithm: p.Algorithm, Audiences: p.Audiences, Recipient: p.Recipient,
	}
}
