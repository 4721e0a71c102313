// Package audit writes what was decided, one JSON object a line, before the act, and reads it back.
//
// A Log hands every event to all of its sinks and answers when each has it as durably as it can: a file is flushed to
// the disk. When one sink fails, Record fails, and bridge grants nothing: no audit, no credentials.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Log is a bridge.AuditLog over one or more sinks.
type Log struct{ sinks []sink }

var _ bridge.AuditLog = (*Log)(nil)

type sink interface {
	// write MUST return only when the line, which ends in a newline, is kept as a whole; or an error.
	write(line []byte) error
	reopen() error
	io.Closer
}

// Check tells what is wrong with the description of a sink; "" if nothing is. It touches no file.
func Check(spec string) string {
	switch {
	case spec == "stdout":
		return ""
	case strings.HasPrefix(spec, "file:") && len(spec) > len("file:"):
		return ""
	}
	return fmt.Sprintf("%q is not an audit sink: write stdout, or file:PATH", spec)
}

// Open opens the sinks that the specs describe: "stdout", "file:PATH". There must be at least one.
func Open(specs []string, stdout io.Writer) (*Log, error) {
	if len(specs) == 0 {
		return nil, errors.New("audit: no sink: without an audit log nothing can be granted")
	}
	log := &Log{}
	for _, spec := range specs {
		if problem := Check(spec); problem != "" {
			log.Close()
			return nil, errors.New("audit: " + problem)
		}
		if spec == "stdout" {
			log.sinks = append(log.sinks, &writerSink{w: stdout})
			continue
		}
		f, err := openFile(strings.TrimPrefix(spec, "file:"))
		if err != nil {
			log.Close()
			return nil, err
		}
		log.sinks = append(log.sinks, f)
	}
	return log, nil
}

// Record writes the event to every sink. An error means that at least one doesn't have it.
func (l *Log) Record(ctx context.Context, event bridge.AuditEvent) error {
	line, err := encode(event)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for _, s := range l.sinks {
		if err := s.write(line); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return nil
}

// Reopen opens files anew, for programs that rotate them away. The old file stays in use when that fails.
func (l *Log) Reopen() error {
	var all []error
	for _, s := range l.sinks {
		all = append(all, s.reopen())
	}
	return errors.Join(all...)
}

// Ping tells whether the sinks could take an event now, as far as can be told without writing one.
func (l *Log) Ping(context.Context) error {
	for _, s := range l.sinks {
		if f, ok := s.(*fileSink); ok {
			if err := f.ping(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes the files.
func (l *Log) Close() error {
	var all []error
	for _, s := range l.sinks {
		all = append(all, s.Close())
	}
	return errors.Join(all...)
}

// encode writes one line. JSON escapes every control character, so that no value can begin a line of its own (threat
// W16).
func encode(event bridge.AuditEvent) ([]byte, error) {
	event.Time = event.Time.UTC()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(event); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// isRegular tells a real file from a pipe or a device, which can't be truncated or flushed.
func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}
