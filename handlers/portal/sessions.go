package portal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/sessions"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
)

// clockBound is how far clocks of nodes may differ. A session that is younger than that is not believed: when it ends can't
// be told (threat Z3).
const clockBound = 5 * time.Minute

// touchEvery bounds how often a session's use is written down.
const touchEvery = time.Minute

// sessionStore is a gorilla sessions.Store over bridge/store. A Session here holds at most two values: found, what the
// store said about the cookie; and proved, whom a new session is for. Nothing of a session is in its cookie but the
// random id, and checking one reads the head: no claim and no role is decoded.
type sessionStore struct {
	rows      store.SessionStore
	personKey []byte
	length    time.Duration
	idle      time.Duration
	now       func() time.Time
}

var _ sessions.Store = (*sessionStore)(nil)

type valueKey int

const (
	keyFound  valueKey = iota // found
	keyProved                 // proved
)

// found is a session that the store knows.
type found struct {
	secret secret
	id     store.Hash
	head   store.Head
}

// proved is whom a new session is for.
type proved struct {
	identity  bridge.Identity
	proof     bridge.Proof
	keepProof bool
	previous  []store.Hash // sessions of this browser that end now
}

func newSessionStore(rows store.SessionStore, personKey []byte, s Session, now func() time.Time) *sessionStore {
	idle := s.Idle
	if idle == 0 || idle > s.Length {
		idle = s.Length
	}
	return &sessionStore{rows: rows, personKey: personKey, length: s.Length, idle: idle, now: now}
}

// Get gives the session of this request, looked up once.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New looks the cookie's session up. It fails with not-signed-in, session-ended or store-down, and gives an empty session
// even then, as gorilla demands.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	session.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	f, err := s.find(r.Context(), cookie(r, name))
	if err != nil {
		return session, err
	}
	session.IsNew = false
	session.Values[keyFound] = f
	return session, nil
}

// find is the session check: SHA-256 of the id and one row.
func (s *sessionStore) find(ctx context.Context, value string) (*found, error) {
	if value == "" {
		return nil, bridge.Fail(bridge.CodeNotSignedIn, nil)
	}
	id, ok := parseSecret(value)
	if !ok {
		return nil, bridge.Fail(bridge.CodeSessionEnded, errors.New("the session cookie is not one of ours"))
	}
	f := &found{secret: id, id: id.hash()}
	var err error
	f.head, err = s.rows.SessionHead(ctx, f.id, s.now())
	switch {
	case err == nil && f.head.Created.After(s.now().Add(clockBound)):
		return nil, bridge.Fail(bridge.CodeSessionEnded, errors.New("the session began in the future: a clock is wrong"))
	case err == nil:
		return f, nil
	case errors.Is(err, store.ErrNotFound):
		return nil, bridge.Fail(bridge.CodeSessionEnded, err)
	}
	return nil, bridge.Fail(bridge.CodeStoreDown, err)
}

// Save ends a session whose MaxAge is negative, begins one where somebody was proved, and otherwise notes its use.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	f, known := session.Values[keyFound].(*found)
	p, fresh := session.Values[keyProved].(*proved)
	switch {
	case session.Options.MaxAge < 0:
		return s.end(r.Context(), w, session, f)
	case fresh:
		if known {
			p.previous = append(p.previous, f.id)
		}
		delete(session.Values, keyProved)
		return s.begin(r.Context(), w, session, p)
	case known:
		return s.touch(r.Context(), f)
	}
	return nil
}

// begin makes a session under a new id, always: an id from before the sign-in is worth nothing after it (threat W3).
func (s *sessionStore) begin(ctx context.Context, w http.ResponseWriter, session *sessions.Session, p *proved) error {
	for _, old := range p.previous {
		if err := s.rows.DeleteSession(ctx, old); err != nil {
			return bridge.Fail(bridge.CodeStoreDown, err)
		}
	}
	id := newSecret()
	row, err := s.row(id, p)
	if err != nil {
		return err
	}
	if err := s.rows.CreateSession(ctx, id.hash(), row); err != nil {
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
	session.IsNew = false
	session.Values[keyFound] = &found{secret: id, id: id.hash(), head: row.Head}
	session.Options.MaxAge = int(row.Expires.Sub(s.now()) / time.Second)
	http.SetCookie(w, sessions.NewCookie(session.Name(), id.text(), session.Options))
	return nil
}

// row seals identity and proof under a random data key, and wraps that under a key which only the cookie yields.
func (s *sessionStore) row(id secret, p *proved) (store.Session, error) {
	now, hash, data := s.now(), id.hash(), newSecret()
	row := store.Session{Head: store.Head{
		Created: now, Expires: now.Add(s.length), Person: s.person(p.identity), IdPSession: s.idpSession(p.identity),
	}}
	// SAML Core §2.7.2, SessionNotOnOrAfter: no session of ours outlives the one at the provider.
	if end := p.identity.SessionEnd; !end.IsZero() && end.Before(row.Expires) {
		row.Expires = end
	}
	row.Idle = earlier(now.Add(s.idle), row.Expires)
	wrap, err := id.key(purposeKey)
	if err != nil {
		return store.Session{}, err
	}
	if row.WrappedKey, err = seal(wrap, purposeKey, hash, data[:]); err != nil {
		return store.Session{}, err
	}
	if row.Identity, err = sealPart(data[:], purposeIdentity, hash, p.identity); err != nil {
		return store.Session{}, err
	}
	if p.keepProof {
		row.ProofUntil = earlier(p.proof.RelayUntil, row.Expires)
		row.Proof, err = sealPart(data[:], purposeProof, hash, bareProof(p.proof))
	}
	return row, err
}

// touch notes that the session is used, once a minute at most.
func (s *sessionStore) touch(ctx context.Context, f *found) error {
	idle := earlier(s.now().Add(s.idle), f.head.Expires)
	if idle.Sub(f.head.Idle) < touchEvery {
		return nil
	}
	switch err := s.rows.TouchSession(ctx, f.id, idle); {
	case err == nil:
		f.head.Idle = idle
		return nil
	case errors.Is(err, store.ErrNotFound):
		return bridge.Fail(bridge.CodeSessionEnded, err)
	default:
		return bridge.Fail(bridge.CodeStoreDown, err)
	}
}

// end deletes the row first: a copy of the cookie must be worth nothing (threat W6), and a cookie that outlives a failure
// lets the person try again.
func (s *sessionStore) end(ctx context.Context, w http.ResponseWriter, session *sessions.Session, f *found) error {
	if f != nil {
		if err := s.rows.DeleteSession(ctx, f.id); err != nil {
			return bridge.Fail(bridge.CodeStoreDown, err)
		}
	}
	delete(session.Values, keyFound)
	http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
	return nil
}

// person is the hash by which all sessions of a person are found; without the key it says nothing about whose it is.
func (s *sessionStore) person(id bridge.Identity) store.Hash {
	return s.keyed("person", id.PersonKey())
}

// idpSession is the same for a session at the provider; zero where the provider didn't name it.
func (s *sessionStore) idpSession(id bridge.Identity) store.Hash {
	if id.SessionIndex == "" {
		return store.Hash{}
	}
	return s.keyed("idp-session", id.Provider, id.Issuer, id.SessionIndex)
}

func (s *sessionStore) keyed(parts ...string) store.Hash {
	mac := hmac.New(sha256.New, s.personKey)
	for _, part := range parts {
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return store.Hash(mac.Sum(nil))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
