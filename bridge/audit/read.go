package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fedbridge/fedbridge/bridge"
)

// Result says what became of something that was decided.
type Result string

// What can have become of a decision.
const (
	Granted Result = "granted" // credentials were handed over
	Refused Result = "refused" // by our rules
	Failed  Result = "failed"  // allowed, but STS or the console said no
	Unknown Result = "unknown" // allowed, and no outcome was written: credentials may have been handed over
	Done    Result = "done"    // an event that needs no outcome
)

// Entry is an event and what became of it.
type Entry struct {
	bridge.AuditEvent
	Result  Result             `json:"result"`
	Outcome *bridge.AuditEvent `json:"outcome,omitempty"` // of an allowed decision; nil when it is unknown
}

// Read reads an audit file and joins decisions with their outcomes, in the order of the decisions. A line that isn't an
// event is an error with its number, except for an unfinished last line, which a crash leaves behind. An outcome whose
// decision stands in another file, because the file was rotated in between, is an entry of its own.
func Read(r io.Reader) ([]Entry, error) {
	var entries []Entry
	decisions := map[string]int{}
	reader := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return entries, nil // what stands after the last newline was never acknowledged
		}
		if err != nil {
			return entries, err
		}
		var event bridge.AuditEvent
		if err := json.Unmarshal(line, &event); breaksOff(line, err) {
			continue
		} else if err != nil {
			return entries, fmt.Errorf("audit: line %d: %w", number, err)
		}
		if event.Kind != bridge.AuditOutcome {
			if event.Kind == bridge.AuditDecide || event.Kind == bridge.AuditProbe {
				decisions[event.ID] = len(entries)
			}
			entries = append(entries, Entry{AuditEvent: event, Result: resultOf(event)})
			continue
		}
		at, ok := decisions[event.Decision]
		if !ok {
			at, entries = len(entries), append(entries, Entry{AuditEvent: event})
		}
		entries[at].Outcome, entries[at].Result = &event, Failed
		switch {
		case event.Allowed && event.Door == bridge.ProbeDoor:
			entries[at].Result = Done // nobody got anything
		case event.Allowed:
			entries[at].Result = Granted
		}
	}
}

// breaksOff tells the beginning of an event from what was never one.
func breaksOff(line []byte, err error) bool {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	end := len(bytes.TrimRight(line, "\n"))
	return len(line) > 0 && (end == 0 || line[0] == '{' && ok && syntax.Offset > int64(end))
}

func resultOf(event bridge.AuditEvent) Result {
	switch {
	case !event.Allowed:
		return Refused
	case event.Kind == bridge.AuditDecide, event.Kind == bridge.AuditProbe:
		return Unknown
	}
	return Done
}
