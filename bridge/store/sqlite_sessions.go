package store

import (
	"context"
	"time"
)

// CreateSession stores the head, the identity and the proof in one transaction.
func (s *SQLite) CreateSession(ctx context.Context, id Hash, n Session) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return wrap("create session", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, `INSERT INTO session (id, expires, idle, person, idp_session, wrapped_key, created)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, id[:], n.Expires.UnixMilli(), n.Idle.UnixMilli(), n.Person[:], n.IdPSession[:],
		n.WrappedKey, n.Created.UnixMilli()); err != nil {
		return wrap("create session", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO session_identity (id, sealed) VALUES (?, ?)`, id[:], n.Identity); err != nil {
		return wrap("create session", err)
	}
	if n.Proof != nil {
		if _, err := tx.ExecContext(ctx, `INSERT INTO session_proof (id, sealed, until) VALUES (?, ?, ?)`,
			id[:], n.Proof, n.ProofUntil.UnixMilli()); err != nil {
			return wrap("create session", err)
		}
	}
	return wrap("create session", tx.Commit())
}

// SessionHead reads one row by its key.
func (s *SQLite) SessionHead(ctx context.Context, id Hash, now time.Time) (Head, error) {
	var h Head
	var expires, idle, created int64
	var person, idpSession []byte
	err := s.read.QueryRowContext(ctx, `SELECT expires, idle, person, idp_session, wrapped_key, created
		FROM session WHERE id = ? AND expires > ? AND idle > ?`, id[:], now.UnixMilli(), now.UnixMilli()).
		Scan(&expires, &idle, &person, &idpSession, &h.WrappedKey, &created)
	if err != nil {
		return Head{}, wrap("session head", err)
	}
	h.Expires, h.Idle, h.Created = time.UnixMilli(expires), time.UnixMilli(idle), time.UnixMilli(created)
	copy(h.Person[:], person)
	copy(h.IdPSession[:], idpSession)
	return h, nil
}

// TouchSession moves the idle end.
func (s *SQLite) TouchSession(ctx context.Context, id Hash, idle time.Time) error {
	result, err := s.write.ExecContext(ctx, `UPDATE session SET idle = ? WHERE id = ?`, idle.UnixMilli(), id[:])
	if err != nil {
		return wrap("touch session", err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return wrap("touch session", err)
}

// SessionIdentity returns the sealed identity.
func (s *SQLite) SessionIdentity(ctx context.Context, id Hash) ([]byte, error) {
	var sealed []byte
	err := s.read.QueryRowContext(ctx, `SELECT sealed FROM session_identity WHERE id = ?`, id[:]).Scan(&sealed)
	return sealed, wrap("session identity", err)
}

// SessionProof returns the sealed proof while STS may still take it.
func (s *SQLite) SessionProof(ctx context.Context, id Hash, now time.Time) ([]byte, error) {
	var sealed []byte
	err := s.read.QueryRowContext(ctx, `SELECT sealed FROM session_proof WHERE id = ? AND until > ?`, id[:], now.UnixMilli()).
		Scan(&sealed)
	return sealed, wrap("session proof", err)
}

// DeleteSession ends one session; its parts go with it.
func (s *SQLite) DeleteSession(ctx context.Context, id Hash) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM session WHERE id = ?`, id[:])
	return wrap("delete session", err)
}

// DeleteSessionsOf ends the sessions of a person or of a session at the IdP.
func (s *SQLite) DeleteSessionsOf(ctx context.Context, person, idpSession *Hash) (int, error) {
	total := 0
	for _, by := range []struct {
		statement string
		hash      *Hash
	}{
		{`DELETE FROM session WHERE person = ?`, person},
		{`DELETE FROM session WHERE idp_session = ?`, idpSession},
	} {
		// The zero hash means "no session at the IdP is known": it must not end everybody's.
		if by.hash == nil || *by.hash == (Hash{}) {
			continue
		}
		result, err := s.write.ExecContext(ctx, by.statement, by.hash[:])
		if err != nil {
			return total, wrap("delete sessions", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return total, wrap("delete sessions", err)
		}
		total += int(n)
	}
	return total, nil
}
