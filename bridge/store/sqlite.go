package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // database/sql driver "sqlite", without cgo
)

// sweepStep bounds how many rows of a table one sweep deletes in one transaction, so that a sweep never holds the
// writer for long.
const sweepStep = 1000

// SQLite is the embedded store: one file, one writer at a time, readers beside it (WAL).
//
// Every commit is flushed to the disk (synchronous=FULL): an answer that was used stays used after the power failed.
type SQLite struct {
	write *sql.DB // one connection; transactions begin with the write lock
	read  *sql.DB
}

var _ Store = (*SQLite)(nil)

// OpenSQLite opens, or makes, the database at path, and brings its schema up to date. The file is readable by its owner
// only. It fails when the file belongs to a newer fedbridge.
func OpenSQLite(ctx context.Context, path string) (*SQLite, error) {
	if path == "" {
		return nil, errors.New("store: sqlite: no path")
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("store: sqlite: %w", err)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: sqlite: %w", err)
	}
	s := &SQLite{}
	if s.write, err = sql.Open("sqlite", dsn(absolute, "immediate")); err != nil {
		return nil, fmt.Errorf("store: sqlite: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn(absolute, "deferred")); err != nil {
		s.write.Close()
		return nil, fmt.Errorf("store: sqlite: %w", err)
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if err := migrate(ctx, s.write); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// makePrivate makes the file, or takes it away from others where it was made by somebody else. SQLite gives its -wal and
// -shm files the mode of the database.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return f.Chmod(info.Mode().Perm() &^ 0o077)
}

func dsn(path, lock string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(ON)", "trusted_schema(OFF)",
		"cache_size(-2000)", "secure_delete(ON)",
	}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Close closes the database.
func (s *SQLite) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Ping reads and writes one row.
func (s *SQLite) Ping(ctx context.Context) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO keys (name, value) VALUES ('ping', x'00')
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
	return wrap("ping", err)
}

// Key returns the random bytes kept under a name.
func (s *SQLite) Key(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails
	var key []byte
	// The no-op update makes RETURNING give the row that was there first.
	err := s.write.QueryRowContext(ctx, `INSERT INTO keys (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value`, "key:"+name, fresh).Scan(&key)
	return key, wrap("key", err)
}

// PutPending stores a sign-in that somebody began.
func (s *SQLite) PutPending(ctx context.Context, handle Hash, p Pending) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO pending (handle, sealed, expires) VALUES (?, ?, ?)`,
		handle[:], p.Sealed, p.Expires.UnixMilli())
	return wrap("put pending", err)
}

// TakePending removes and returns it in one statement, so that one caller alone gets it.
func (s *SQLite) TakePending(ctx context.Context, handle Hash, now time.Time) (Pending, error) {
	var p Pending
	var expires int64
	err := s.write.QueryRowContext(ctx, `DELETE FROM pending WHERE handle = ? RETURNING sealed, expires`, handle[:]).
		Scan(&p.Sealed, &expires)
	if err != nil {
		return Pending{}, wrap("take pending", err)
	}
	p.Expires = time.UnixMilli(expires)
	if !now.Before(p.Expires) {
		return Pending{}, ErrNotFound
	}
	return p, nil
}

// UseOnce inserts the id, or fails with ErrUsed.
func (s *SQLite) UseOnce(ctx context.Context, issuer, id string, until time.Time) error {
	result, err := s.write.ExecContext(ctx, `INSERT INTO used (issuer, id, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		issuer, id, until.UnixMilli())
	if err != nil {
		return wrap("use once", err)
	}
	if n, err := result.RowsAffected(); err != nil {
		return wrap("use once", err)
	} else if n == 0 {
		return ErrUsed
	}
	return nil
}

// Sweep deletes what is past its time, a thousand rows of a table at once at most.
func (s *SQLite) Sweep(ctx context.Context, now time.Time) (int, error) {
	total := 0
	for _, table := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM pending WHERE rowid IN (SELECT rowid FROM pending WHERE expires <= ?1 LIMIT ?2)`, now},
		{`DELETE FROM used WHERE rowid IN (SELECT rowid FROM used WHERE until <= ?1 LIMIT ?2)`, now.Add(-UsedGrace)},
		{`DELETE FROM session_proof WHERE rowid IN (SELECT rowid FROM session_proof WHERE until <= ?1 LIMIT ?2)`, now},
		{`DELETE FROM session WHERE rowid IN
			(SELECT rowid FROM session WHERE expires <= ?1 UNION SELECT rowid FROM session WHERE idle <= ?1 LIMIT ?2)`, now},
	} {
		for {
			result, err := s.write.ExecContext(ctx, table.statement, table.before.UnixMilli(), sweepStep)
			if err != nil {
				return total, wrap("sweep", err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				return total, wrap("sweep", err)
			}
			total += int(n)
			if n < sweepStep {
				break
			}
		}
	}
	return total, nil
}

// wrap names the step, and turns "no rows" into ErrNotFound.
func wrap(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	}
	return fmt.Errorf("store: sqlite: %s: %w", step, err)
}
