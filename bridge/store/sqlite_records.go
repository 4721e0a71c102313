package store

import (
	"context"
	"fmt"
)

// Record returns a record and its version.
func (s *SQLite) Record(ctx context.Context, name string) (value []byte, version int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT value, version FROM record WHERE name = ?`, name).Scan(&value, &version)
	if err != nil {
		return nil, 0, wrap("record", err)
	}
	return value, version, nil
}

// SwapRecord replaces a record in one statement, which holds the write lock: one of several swaps finds its version.
func (s *SQLite) SwapRecord(ctx context.Context, name string, from int64, value []byte) error {
	if len(value) > MaxRecord {
		return fmt.Errorf("store: sqlite: swap record %q: %d bytes, %d at most", name, len(value), MaxRecord)
	}
	if value == nil {
		value = []byte{} // NULL is no value
	}
	statement := `UPDATE record SET value = ?2, version = version + 1 WHERE name = ?1 AND version = ?3`
	if from == 0 {
		statement = `INSERT INTO record (name, value, version) VALUES (?1, ?2, ?3 + 1) ON CONFLICT DO NOTHING`
	}
	result, err := s.write.ExecContext(ctx, statement, name, value, from)
	if err != nil {
		return wrap("swap record", err)
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return wrap("swap record", err)
	case n == 0:
		return ErrConflict
	}
	return nil
}
