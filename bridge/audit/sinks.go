package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// writerSink writes to a stream that somebody else keeps.
type writerSink struct {
	mu   sync.Mutex
	w    io.Writer
	torn bool // the stream ends in half a line
}

func (s *writerSink) write(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.torn { // half a line would swallow the next one
		line = append([]byte{'\n'}, line...)
	}
	n, err := s.w.Write(line)
	if n > 0 {
		s.torn = line[n-1] != '\n'
	}
	return err
}

func (s *writerSink) reopen() error { return nil }
func (s *writerSink) Close() error  { return nil }

// fileSink appends to a file and flushes it. Writers that come while a flush is under way share the next one.
type fileSink struct {
	path string

	mu       sync.Mutex
	flushed  *sync.Cond
	file     *os.File
	regular  bool
	written  uint64 // lines
	durable  uint64 // lines, of written
	flushing bool
	broken   error // a flush failed: what the disk has is not known until the file is opened anew
}

func openFile(path string) (*fileSink, error) {
	s := &fileSink{path: path}
	s.flushed = sync.NewCond(&s.mu)
	var err error
	if s.file, err = appendTo(path); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	s.regular = isRegular(s.file)
	return s, nil
}

// appendTo opens a file to append to. Half a line, which a crash left at its end, is ended first: it would swallow the next
// one.
func appendTo(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil || !isRegular(file) || !isTorn(path) {
		return file, err
	}
	if _, err := file.Write([]byte{'\n'}); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// isTorn tells whether the file ends in the middle of a line. One that can't be read is left as it is.
func isTorn(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	var last [1]byte
	if _, err := file.Seek(-1, io.SeekEnd); err != nil { // empty
		return false
	}
	_, err = file.Read(last[:])
	return err == nil && last[0] != '\n'
}

func (s *fileSink) write(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if s.file == nil {
		return os.ErrClosed
	}
	if err := s.append(line); err != nil {
		return err
	}
	s.written++
	return s.flush(s.written)
}

// append writes the whole line or, as far as the file lets it, nothing: half a line would swallow the next one.
func (s *fileSink) append(line []byte) error {
	n, err := s.file.Write(line)
	if err == nil {
		return nil
	}
	if n > 0 {
		if !s.regular || s.cutTail(int64(n)) != nil {
			s.broken = fmt.Errorf("half a line was written: %w", err)
		}
	}
	return err
}

func (s *fileSink) cutTail(n int64) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	return s.file.Truncate(info.Size() - n)
}

// flush returns when line number want is on the disk. One caller flushes for all that wrote before it began.
func (s *fileSink) flush(want uint64) error {
	if !s.regular {
		return nil
	}
	for s.durable < want {
		if s.broken != nil {
			return s.broken
		}
		if s.flushing {
			s.flushed.Wait()
			continue
		}
		s.flushing = true
		target, file := s.written, s.file
		s.mu.Unlock()
		err := file.Sync()
		s.mu.Lock()
		s.flushing = false
		if err != nil {
			s.broken = fmt.Errorf("flush: %w", err)
		} else {
			s.durable = max(s.durable, target)
		}
		s.flushed.Broadcast()
	}
	return nil
}

func (s *fileSink) reopen() error {
	file, err := appendTo(s.path)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.flushing {
		s.flushed.Wait()
	}
	old := s.file
	s.file, s.regular, s.broken = file, isRegular(file), nil
	if old == nil {
		return nil
	}
	// Lines that wait for a flush stand in the old file: flush it before anybody is told.
	err = old.Sync()
	if err == nil || !s.regular {
		s.durable = s.written
	}
	s.flushed.Broadcast()
	return errors.Join(err, old.Close())
}

// ping tells whether the file is there and can be written.
func (s *fileSink) ping() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if s.file == nil {
		return os.ErrClosed
	}
	if !s.regular {
		return nil
	}
	here, err := s.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if !os.SameFile(here, there) {
		return errors.New("the audit file was moved away: send SIGHUP so that it is opened anew")
	}
	return nil
}

func (s *fileSink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.flushing {
		s.flushed.Wait()
	}
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	var err error
	if s.regular {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
